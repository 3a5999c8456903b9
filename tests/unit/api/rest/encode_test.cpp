#include "api/rest/codec.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;

namespace {

const Scope project("team-a", "p-1");

Field keyed_macros()
{
    Field macros = list_of("macros",
                           object("", {text("name"), text("value"), sensitive(text("token"))}),
                           ListOrder::keyed,
                           "name");
    macros.partial = true;
    macros.read_from.push_back(path("macros"));
    return macros;
}

// A singleton whose entries are written by calls of their own.
Kind macros()
{
    Kind kind;
    kind.name = "Macros";
    kind.schema = object("", {object("spec", {keyed_macros()})});
    kind.read.call =
        operation("read", OperationClass::read, "GET", "/v1/projects/{scopeUid}/macros");
    ChildSet set;
    set.field = path("spec.macros");
    set.body = path("macros");
    set.add = operation("add", OperationClass::create, "POST", "/v1/projects/{scopeUid}/macros");
    set.change =
        operation("change", OperationClass::idempotent, "PATCH", "/v1/projects/{scopeUid}/macros");
    set.remove =
        operation("remove", OperationClass::idempotent, "DELETE", "/v1/projects/{scopeUid}/macros");
    kind.children.push_back(std::move(set));
    kind.when_deleted = WhenDeleted::entries;
    return kind;
}

std::vector<WriteCall> macro_calls(const std::string& answer,
                                   const std::string& desired,
                                   const std::vector<std::string>& changed,
                                   const Kind& kind = kept(macros()))
{
    auto object = decode(kind, project, from_json(answer));
    REQUIRE_MESSAGE(object, object.error().text());
    object->raw = from_json(answer);
    auto calls = encode_update(kind, project, *object, from_json(desired), changed, mark());
    REQUIRE_MESSAGE(calls, calls.error().text());
    return *calls;
}

} // namespace

TEST_SUITE("api: create body")
{
    TEST_CASE("the declared fields and the mark, without nulls, defaults and what the server sets")
    {
        Kind kind = role();
        kind.schema.fields[1].fields[1].default_value = Value(5);

        const auto call = encode_create(
            kind,
            project,
            from_json(R"({"metadata": {"name": "admin", "uid": "x", "annotations": {"a": "b"}},
                          "spec": {"permissions": ["p"], "level": null}})"),
            mark());

        REQUIRE(call);
        CHECK(call->operation == &kind.create->call);
        CHECK(call->scope == project);
        CHECK(call->uid.empty());
        CHECK(call->body == from_json(R"({
            "metadata": {"name": "admin", "annotations": {"a": "b", "trueup.io/owner": "owner-1",
                         "trueup.io/address": "0123456789abcdef0123456789abcdef"}},
            "spec": {"permissions": ["p"]}})"));
    }

    TEST_CASE("children that have calls of their own are left out")
    {
        Kind kind = role();
        ChildSet set;
        set.field = path("spec.permissions");
        kind.children.push_back(set);

        const auto call = encode_create(
            kind, {}, from_json(R"({"spec": {"permissions": ["p"], "level": 1}})"), mark());

        REQUIRE(call);
        CHECK(*find(call->body, path("spec")) == from_json(R"({"level": 1})"));
    }

    TEST_CASE("a template says what is sent, mark included")
    {
        Kind kind = role();
        kind.create->call.body =
            from_json(R"({"m": {"$field": "metadata"}, "level": {"$field": "spec.level"}})");

        const auto call = encode_create(
            kind,
            {},
            from_json(R"({"metadata": {"name": "n"}, "spec": {"permissions": ["p"]}})"),
            mark());

        REQUIRE(call);
        CHECK(*find(call->body, path("m.name")) == Value("n"));
        CHECK(find(call->body, path(R"(m.annotations["trueup.io/owner"])")) != nullptr);
        CHECK(find(call->body, path("level")) == nullptr);
        CHECK(call->body.if_map()->size() == 1);
    }

    TEST_CASE("a uid that we choose is part of the call")
    {
        Kind kind = role();
        kind.create->client_uid = path("metadata.name");
        kind.create->call = operation("create", OperationClass::create, "PUT", "/v1/roles/{uid}");

        const auto call =
            encode_create(kind, {}, from_json(R"({"metadata": {"name": "n"}})"), mark());

        REQUIRE(call);
        CHECK(call->uid == "n");
    }

    TEST_CASE("secrets without their text and values that are not known yet are refused")
    {
        const Kind kind = plain_kind("A", "/v1/a", {sensitive(text("s"))});
        Value remembered;
        put(remembered, path("spec.s"), Value(Secret::remembered("h")));
        Value unknown;
        put(unknown, path("spec.s"), Value(Unknown{"Role/tenant/x", "", nullptr}));

        for (const Value& desired : {remembered, unknown}) {
            const auto call = encode_create(kind, {}, desired, mark());
            REQUIRE_FALSE(call);
            CHECK(call.error().code == Errc::refused);
        }
    }

    TEST_CASE("a kind without a create call says so")
    {
        Kind kind = role();
        kind.create.reset();

        const auto call = encode_create(kind, {}, Map{}, mark());

        REQUIRE_FALSE(call);
        CHECK(call.error().code == Errc::refused);
    }
}

TEST_SUITE("api: steps")
{
    TEST_CASE("bodies are made from what is declared; a step with nothing to say is left out")
    {
        Operation publish =
            operation("publish", OperationClass::action, "PATCH", "/v1/roles/{uid}/publish");
        Operation state =
            operation("state", OperationClass::idempotent, "PUT", "/v1/roles/{uid}/state");
        state.body = from_json(R"({"isActive": {"$field": "spec.level"}})");
        const std::vector<Operation> steps{publish, state};

        const auto both =
            encode_steps(kept(role()), {}, "u1", steps, from_json(R"({"spec": {"level": 1}})"));
        const auto one = encode_steps(kept(role()), {}, "u1", steps, from_json(R"({"spec": {}})"));

        REQUIRE(both);
        REQUIRE(both->size() == 2);
        CHECK_FALSE((*both)[0].has_body);
        CHECK((*both)[0].uid == "u1");
        CHECK((*both)[1].body == from_json(R"({"isActive": 1})"));
        REQUIRE(one);
        CHECK(one->size() == 1);
    }
}

TEST_SUITE("api: children")
{
    const std::string three = R"({"macros": [
        {"name": "theirs", "value": "x"}, {"name": "a", "value": "1", "extra": true},
        {"name": "b", "value": "2", "token": "****"}]})";

    TEST_CASE("entries to add, to change and to remove are a call each")
    {
        const auto calls = macro_calls(
            three,
            R"({"spec": {"macros": [{"name": "a", "value": "9"}, {"name": "new.one", "value": "n"}]}})",
            {"spec.macros[name=a].value", "spec.macros[name=new.one]", "spec.macros[name=b]"});

        REQUIRE(calls.size() == 3);
        CHECK(calls[0].operation->method == "POST");
        CHECK(calls[0].body == from_json(R"({"macros": [{"name": "new.one", "value": "n"}]})"));
        CHECK(calls[1].operation->method == "PATCH");
        CHECK(calls[1].body ==
              from_json(R"({"macros": [{"name": "a", "value": "9", "extra": true}]})"));
        CHECK(calls[2].operation->method == "DELETE");
        CHECK(calls[2].body == from_json(R"({"macros": [{"name": "b", "value": "2"}]})"));
        CHECK(calls[2].scope == project);
        CHECK(calls[2].parameters.at("scopeUid") == Value("p-1"));
    }

    TEST_CASE("what no change names is left alone, also when it is not declared")
    {
        const auto calls = macro_calls(three,
                                       R"({"spec": {"macros": [{"name": "a", "value": "9"}]}})",
                                       {"spec.macros[name=a].value"});

        REQUIRE(calls.size() == 1);
        CHECK(calls[0].operation->method == "PATCH");
    }

    TEST_CASE("a change of the whole collection writes what differs and removes nothing of others")
    {
        const auto calls = macro_calls(
            three,
            R"({"spec": {"macros": [{"name": "theirs", "value": "x"}, {"name": "c", "value": "3"}]}})",
            {"spec.macros"});

        REQUIRE(calls.size() == 1);
        CHECK(calls[0].body == from_json(R"({"macros": [{"name": "c", "value": "3"}]})"));
    }

    TEST_CASE("a collection that is all ours goes as a whole when it is no longer declared")
    {
        Kind kind = macros();
        kind.schema.fields[0].fields[0].partial = false;

        const auto calls = macro_calls(three, R"({"spec": {}})", {"spec.macros"}, kind);

        REQUIRE(calls.size() == 1);
        CHECK(calls[0].operation->method == "DELETE");
        CHECK(find(calls[0].body, path("macros"))->if_list()->size() == 3);
    }

    TEST_CASE("entries of a map are objects with name and value, the body may be the array")
    {
        Kind kind = macros();
        Field map = text_map("macros");
        map.read_from.push_back(path("macros"));
        kind.schema.fields[0].fields[0] = map;
        kind.children.front().body = Path();

        const auto calls = macro_calls(R"({"macros": {"a": "1", "b.c": "2"}})",
                                       R"({"spec": {"macros": {"a": "7", "d": "4"}}})",
                                       {"spec.macros.a", "spec.macros.d", R"(spec.macros["b.c"])"},
                                       kind);

        REQUIRE(calls.size() == 3);
        CHECK(calls[0].body == from_json(R"([{"name": "d", "value": "4"}])"));
        CHECK(calls[1].body == from_json(R"([{"name": "a", "value": "7"}])"));
        CHECK(calls[2].body == from_json(R"([{"name": "b.c", "value": "2"}])"));
    }

    TEST_CASE("an entry whose masked secret would go back is refused")
    {
        const Kind kind = macros();
        auto object = decode(kind, project, from_json(three));
        REQUIRE(object);
        object->raw = from_json(three);

        const auto calls =
            encode_update(kind,
                          project,
                          *object,
                          from_json(R"({"spec": {"macros": [{"name": "b", "value": "9"}]}})"),
                          {"spec.macros[name=b].value"},
                          mark());

        REQUIRE_FALSE(calls);
        CHECK(calls.error().code == Errc::refused);
    }
}

TEST_SUITE("api: delete")
{
    TEST_CASE("remove: the delete call, with the key for its path")
    {
        const auto calls = encode_delete(
            kept(role()), project, "u1", from_json(R"({"metadata": {"name": "admin"}})"));

        REQUIRE(calls);
        REQUIRE(calls->size() == 1);
        CHECK((*calls)[0].operation->method == "DELETE");
        CHECK((*calls)[0].uid == "u1");
        CHECK((*calls)[0].scope == project);
        CHECK_FALSE((*calls)[0].has_body);
        CHECK((*calls)[0].parameters.at("key:metadata.name") == Value("admin"));
    }

    TEST_CASE("remove: a kind without the call says so; leave: nothing is sent")
    {
        Kind kind = role();
        kind.remove.reset();
        const auto refused = encode_delete(kind, {}, "u1", Map{});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::refused);

        kind.when_deleted = WhenDeleted::leave;
        const auto left = encode_delete(kind, {}, "u1", Map{});
        REQUIRE(left);
        CHECK(left->empty());
    }

    TEST_CASE("reset: the facets that write the stated values, with those alone")
    {
        Kind kind = role();
        kind.when_deleted = WhenDeleted::reset;
        kind.reset_to = from_json(R"({"spec": {"level": 6}})");
        kind.facets = {facet("metadata", {path("metadata")}, "PUT", "/v1/policy/meta"),
                       facet("spec", {path("spec")}, "POST", "/v1/policy")};
        kind.facets[1].shape = BodyShape::bare;

        const auto calls = encode_delete(kind, {}, "", Map{});

        REQUIRE(calls);
        REQUIRE(calls->size() == 1);
        CHECK((*calls)[0].operation->path == "/v1/policy");
        CHECK((*calls)[0].body == from_json(R"({"level": 6})"));
    }

    TEST_CASE("entries: those that were last applied, and no secrets")
    {
        Value last =
            from_json(R"({"spec": {"macros": [{"name": "a", "value": "1"}, {"name": "b"}]}})");
        find(last, path("spec.macros"))
            ->if_list()
            ->back()
            .if_map()
            ->set("token", Value(Secret::remembered("h")));

        const auto calls = encode_delete(kept(macros()), project, "", last);

        REQUIRE(calls);
        REQUIRE(calls->size() == 1);
        CHECK((*calls)[0].operation->method == "DELETE");
        CHECK((*calls)[0].body ==
              from_json(R"({"macros": [{"name": "a", "value": "1"}, {"name": "b"}]})"));
    }
}

} // namespace trueup
