#include "tests/unit/api/rest/update_samples.hpp"

namespace trueup {

using namespace samples;

namespace {

const Value marked = from_json(
    R"({"trueup.io/owner": "owner-1", "trueup.io/address": "0123456789abcdef0123456789abcdef"})");

Kind shaped(BodyShape shape)
{
    Kind kind = role();
    kind.facets.front().shape = shape;
    return kind;
}

const std::string admin = R"({
    "metadata": {"name": "admin", "uid": "u1", "labels": {"env": "dev", "theirs": "x"},
                 "annotations": {"note": "n"}, "creationTimestamp": "t"},
    "spec": {"permissions": ["a"], "level": 1, "serverThing": {"x": 1}},
    "status": {"state": "Running"}})";

} // namespace

TEST_SUITE("api: update")
{
    TEST_CASE(
        "whole: what others wrote goes back, what the server set does not, the mark is written")
    {
        Kind kind = role();
        kind.server_set.push_back(path("metadata.creationTimestamp"));

        const WriteCall call = only(kind,
                                    admin,
                                    R"({"metadata": {"name": "admin", "labels": {"env": "prod"}},
                                        "spec": {"permissions": ["b"]}})",
                                    {"metadata.labels.env", "spec.permissions"});

        CHECK(call.operation->route() == "PUT /v1/roles/{uid}");
        CHECK(call.uid == "u1");
        CHECK(call.has_body);
        Value expected = from_json(R"({
            "metadata": {"name": "admin", "labels": {"env": "prod", "theirs": "x"},
                         "annotations": {"note": "n"}},
            "spec": {"permissions": ["b"], "level": 1, "serverThing": {"x": 1}}})");
        for (const auto& [name, value] : *marked.if_map())
            find(expected, path("metadata.annotations"))->if_map()->set(name, value);
        CHECK(text_of(call.body) == text_of(expected));
    }

    TEST_CASE("a changed path that is no longer declared is removed; others' entries stay")
    {
        const WriteCall call = only(role(),
                                    admin,
                                    R"({"metadata": {"name": "admin"}, "spec": {}})",
                                    {"metadata.labels.env", "spec.level"});

        CHECK(*find(call.body, path("metadata.labels")) == from_json(R"({"theirs": "x"})"));
        CHECK(find(call.body, path("spec.level")) == nullptr);
        CHECK(find(call.body, path("spec.permissions")) != nullptr);
    }

    TEST_CASE("null resets, empty empties, absent leaves alone")
    {
        const WriteCall call = only(
            role(),
            admin,
            R"({"metadata": {"name": "admin", "labels": {}}, "spec": {"permissions": [], "level": null}})",
            {"metadata.labels.env", "metadata.labels.theirs", "spec.permissions", "spec.level"});

        CHECK(*find(call.body, path("metadata.labels")) == Value(Map{}));
        CHECK(*find(call.body, path("spec.permissions")) == Value(List{}));
        CHECK(find(call.body, path("spec.level")) == nullptr);
        CHECK(*find(call.body, path("metadata.annotations.note")) == Value("n"));
    }

    TEST_CASE("what is reset, or declared no longer, is sent with its default where that is known")
    {
        Kind kind = role();
        for (Field& field : kind.schema.fields)
            for (Field& member : field.fields)
                if (member.name == "level")
                    member.default_value = Value(1);

        const WriteCall reset = only(kind,
                                     admin,
                                     R"({"metadata": {"name": "admin"}, "spec": {"level": null}})",
                                     {"spec.level"});
        const WriteCall gone =
            only(kind, admin, R"({"metadata": {"name": "admin"}, "spec": {}})", {"spec.level"});

        CHECK(*find(reset.body, path("spec.level")) == Value(1));
        CHECK(reset.body == gone.body);

        kind.reset_to = from_json(R"({"spec": {"level": 6}})");
        const WriteCall stated =
            only(kind, admin, R"({"metadata": {"name": "admin"}, "spec": {}})", {"spec.level"});
        CHECK(*find(stated.body, path("spec.level")) == Value(6));
    }

    TEST_CASE("null in a map that others share leaves theirs")
    {
        const WriteCall call = only(role(),
                                    admin,
                                    R"({"metadata": {"name": "admin", "labels": null}})",
                                    {"metadata.labels.env"});

        CHECK(*find(call.body, path("metadata.labels")) == from_json(R"({"theirs": "x"})"));
    }

    TEST_CASE("without read-modify-write only what is declared is sent, and the mark")
    {
        Kind kind = role();
        kind.facets.front().read_modify_write = false;

        const WriteCall call = only(kind,
                                    admin,
                                    R"({"metadata": {"name": "admin"}, "spec": {"level": 2}})",
                                    {"spec.level"});

        Value expected = from_json(R"({"metadata": {"name": "admin"}, "spec": {"level": 2}})");
        put(expected, path("metadata.annotations"), marked);
        CHECK(call.body == expected);
    }

    TEST_CASE("bare: the content of the one field")
    {
        Kind kind = role();
        kind.facets = {
            facet("metadata", {path("metadata")}, "PUT", "/v1/roles/{uid}/meta"),
            facet("permissions", {path("spec.permissions")}, "PUT", "/v1/roles/{uid}/p")};
        kind.facets[0].shape = BodyShape::bare;
        kind.facets[1].shape = BodyShape::bare;

        const auto calls =
            updated(kind,
                    admin,
                    from_json(R"({"metadata": {"name": "admin", "labels": {"env": "p"}}})"),
                    {"metadata.labels.env", "spec.permissions"});

        REQUIRE(calls.size() == 2);
        CHECK(*find(calls[0].body, path("name")) == Value("admin"));
        CHECK(*find(calls[0].body, path("labels.env")) == Value("p"));
        CHECK(find(calls[0].body, path("uid")) == nullptr);
        CHECK(calls[1].body == Value(List{}));
    }

    TEST_CASE("only facets with a change are called; the closest facet takes it")
    {
        Kind kind = role();
        kind.facets.push_back(
            facet("permissions", {path("spec.permissions")}, "PUT", "/v1/roles/{uid}/permissions"));
        const Value desired = from_json(
            R"({"metadata": {"name": "admin"}, "spec": {"permissions": ["z"], "level": 1}})");

        auto calls = updated(kind, admin, desired, {"spec.permissions"});
        REQUIRE(calls.size() == 1);
        CHECK(calls[0].operation->path == "/v1/roles/{uid}/permissions");
        CHECK(calls[0].body == from_json(R"({"spec": {"permissions": ["z"]}})"));

        calls = updated(kind, admin, desired, {"spec"});
        CHECK(calls.size() == 2);
        CHECK(updated(kind, admin, desired, {}).empty());
    }

    TEST_CASE("partial: only what changed, maps as a whole")
    {
        const WriteCall call =
            only(shaped(BodyShape::partial),
                 admin,
                 R"({"metadata": {"name": "admin", "labels": {"env": "prod"}}, "spec": {}})",
                 {"metadata.labels.env", "spec.level"});

        Value expected = from_json(
            R"({"metadata": {"labels": {"env": "prod", "theirs": "x"}, "annotations": {"note": "n"}},
                "spec": {"level": null}})");
        for (const auto& [name, value] : *marked.if_map())
            find(expected, path("metadata.annotations"))->if_map()->set(name, value);
        CHECK(call.body == expected);
    }

    TEST_CASE("partial: a mark that is there already is not sent again")
    {
        Value answer = from_json(admin);
        put(answer, path("metadata.annotations"), marked);

        const WriteCall call = only(shaped(BodyShape::partial),
                                    json::write(answer),
                                    R"({"spec": {"level": 5}})",
                                    {"spec.level"});

        CHECK(call.body == from_json(R"({"spec": {"level": 5}})"));
    }

    TEST_CASE("merge patch: entries one by one, null for what goes")
    {
        const WriteCall call = only(
            shaped(BodyShape::merge_patch),
            admin,
            R"({"metadata": {"name": "admin", "labels": {"new.label": "1"}}, "spec": {"permissions": ["b"]}})",
            {"metadata.labels.env", R"(metadata.labels["new.label"])", "spec.permissions"});

        Value expected = from_json(R"({"metadata": {"labels": {"env": null, "new.label": "1"}},
                                       "spec": {"permissions": ["b"]}})");
        put(expected, path("metadata.annotations"), marked);
        CHECK(call.body == expected);
    }

    TEST_CASE("JSON patch: add, replace and remove with escaped pointers")
    {
        const WriteCall call = only(
            shaped(BodyShape::json_patch),
            R"({"metadata": {"name": "admin", "uid": "u1", "labels": {"env": "dev", "old": "1"}},
                "spec": {"level": 1}})",
            R"({"metadata": {"name": "admin", "labels": {"env": "prod", "a/b~c": "v"}},
                "spec": {"level": 1, "permissions": ["x"]}})",
            {"metadata.labels.env",
             "metadata.labels.old",
             "metadata.labels.a/b~c",
             "spec.permissions"});

        Value annotations = from_json(R"({"op": "add", "path": "/metadata/annotations"})");
        annotations.if_map()->set("value", marked);
        Value expected = from_json(R"([
            {"op": "add", "path": "/metadata/labels/a~1b~0c", "value": "v"},
            {"op": "replace", "path": "/metadata/labels/env", "value": "prod"},
            {"op": "remove", "path": "/metadata/labels/old"},
            {"op": "add", "path": "/spec/permissions", "value": ["x"]}])");
        expected.if_list()->push_back(annotations);
        CHECK(call.body == expected);
    }

    TEST_CASE("template: fields as they are to be, those without a value left out")
    {
        Kind kind = role();
        Facet& whole = kind.facets.front();
        whole.shape = BodyShape::body_template;
        whole.call.body = from_json(
            R"({"n": {"$field": "metadata.name"}, "l": {"$field": "metadata.labels"},
                "gone": {"$field": "spec.level"}, "key": "{key:metadata.name}/{uid}"})");

        const WriteCall call =
            only(kind,
                 admin,
                 R"({"metadata": {"name": "admin", "labels": {"env": "p"}}, "spec": {}})",
                 {"metadata.labels.env", "spec.level"});

        CHECK(call.body ==
              from_json(R"({"n": "admin", "l": {"env": "p", "theirs": "x"}, "key": "admin/u1"})"));
    }

    TEST_CASE("a rename is written to the object as it is called now")
    {
        Kind kind = role();
        kind.facets.front().call.path = "/v1/roles/by-name/{key:metadata.name}";

        const WriteCall call =
            only(kind, admin, R"({"metadata": {"name": "boss"}})", {"metadata.labels.env"});

        CHECK(call.parameters.at("key:metadata.name") == Value("admin"));
        CHECK(*find(call.body, path("metadata.name")) == Value("boss"));
    }

    TEST_CASE("keyed list: elements are matched by key and keep what is not declared")
    {
        const Field element = object("", {text("name"), text("tag"), text("values")});
        const Kind kind = plain_kind(
            "Profile", "/v1/profiles", {list_of("packs", element, ListOrder::keyed, "name")});
        const std::string answer = R"({"metadata": {"name": "p", "uid": "u"}, "spec": {"packs": [
            {"name": "os", "tag": "1", "digest": "d1"}, {"name": "k8s", "tag": "1", "digest": "d2"},
            {"name": "old", "tag": "1"}]}})";

        const WriteCall call =
            only(kind,
                 answer,
                 R"({"metadata": {"name": "p"}, "spec": {"packs": [
                {"name": "k8s", "tag": "2"}, {"name": "os"}, {"name": "cni", "tag": "9"}]}})",
                 {"spec.packs[name=k8s].tag", "spec.packs[name=cni]", "spec.packs[name=old]"});

        CHECK(*find(call.body, path("spec.packs")) == from_json(R"([
            {"name": "k8s", "tag": "2", "digest": "d2"}, {"name": "os", "tag": "1", "digest": "d1"},
            {"name": "cni", "tag": "9"}])"));
    }

    TEST_CASE("partial keyed list: elements of others stay, only named ones of ours go")
    {
        Field list =
            list_of("packs", object("", {text("name"), text("tag")}), ListOrder::keyed, "name");
        list.partial = true;
        const Kind kind = plain_kind("Profile", "/v1/profiles", {list});
        const std::string answer = R"({"metadata": {"name": "p", "uid": "u"}, "spec": {"packs": [
            {"name": "theirs", "tag": "1"}, {"name": "ours", "tag": "1"}, {"name": "dropped"}]}})";

        const WriteCall call = only(
            kind,
            answer,
            R"({"metadata": {"name": "p"}, "spec": {"packs": [{"name": "ours", "tag": "2"}]}})",
            {"spec.packs[name=ours].tag", "spec.packs[name=dropped]"});

        CHECK(*find(call.body, path("spec.packs")) ==
              from_json(R"([{"name": "theirs", "tag": "1"}, {"name": "ours", "tag": "2"}])"));
    }

    TEST_CASE("list without keys: elements that nothing changes go back as they were read")
    {
        const Field element = object("", {text("host"), field("port", FieldType::integer)});
        const Kind kind =
            plain_kind("Pool", "/v1/pools", {list_of("hosts", element, ListOrder::unordered)});
        const std::string answer = R"({"metadata": {"name": "p", "uid": "u"}, "spec": {"hosts": [
            {"host": "a", "port": 1, "seen": "x"}, {"host": "b", "port": 2, "seen": "y"}]}})";

        const WriteCall call = only(
            kind,
            answer,
            R"({"metadata": {"name": "p"}, "spec": {"hosts": [{"host": "b"}, {"host": "a", "port": 9}]}})",
            {"spec.hosts"});

        CHECK(*find(call.body, path("spec.hosts")) ==
              from_json(R"([{"host": "b", "port": 2, "seen": "y"}, {"host": "a", "port": 9}])"));
    }

    TEST_CASE("aliases: what is read elsewhere goes back where it is written")
    {
        Field project = reads_from(text("defaultProjectUid"), {"spec.defaultProject.uid"});
        Kind kind = plain_kind("Token", "/v1/tokens", {project, text("expiry")});
        kind.server_set.push_back(path("spec.defaultProject"));

        const WriteCall call = only(
            kind,
            R"({"metadata": {"name": "t", "uid": "u"}, "spec": {"defaultProject": {"uid": "p1", "name": "x"}}})",
            R"({"metadata": {"name": "t"}, "spec": {"expiry": "2030"}})",
            {"spec.expiry"});

        CHECK(*find(call.body, path("spec")) ==
              from_json(R"({"defaultProjectUid": "p1", "expiry": "2030"})"));
    }

    TEST_CASE("create-only fields are not sent again, server-set ones are removed in every element")
    {
        Field once = text("once");
        once.create_only = true;
        Kind kind = plain_kind("Pool",
                               "/v1/pools",
                               {once,
                                list_of("hosts",
                                        object("", {text("host"), server_set(text("ip"))}),
                                        ListOrder::keyed,
                                        "host")});
        kind.server_set.push_back(path("spec.hosts.state"));

        const WriteCall call =
            only(kind,
                 R"({"metadata": {"name": "p", "uid": "u"}, "spec": {"once": "x", "hosts": [
                {"host": "a", "ip": "1.1.1.1", "state": "up", "zone": "z"}]}})",
                 R"({"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {"once": "y"}})",
                 {"metadata.labels.a"});

        CHECK(*find(call.body, path("spec")) ==
              from_json(R"({"hosts": [{"host": "a", "zone": "z"}]})"));
    }

    TEST_CASE("the path of the mark's map has the mark written")
    {
        const WriteCall call =
            only(role(),
                 admin,
                 R"({"metadata": {"name": "admin", "annotations": {"note": "n"}}})",
                 {"metadata.annotations"});

        CHECK(*find(call.body, path(R"(metadata.annotations["trueup.io/owner"])")) ==
              Value("owner-1"));
        CHECK(*find(call.body, path("metadata.annotations.note")) == Value("n"));
    }

    TEST_CASE("another owner's mark is replaced by ours")
    {
        const WriteCall call = only(role(),
                                    R"({"metadata": {"name": "admin", "uid": "u", "annotations": {
                "trueup.io/owner": "other", "trueup.io/address": "x"}}, "spec": {}})",
                                    R"({"metadata": {"name": "admin"}, "spec": {"level": 1}})",
                                    {"spec.level"});

        CHECK(*find(call.body, path("metadata.annotations")) == marked);
    }

    TEST_CASE("steps follow their facet, and one that several share comes once, at the end")
    {
        Kind kind = role();
        const Operation publish =
            operation("publish", OperationClass::idempotent, "PATCH", "/v1/roles/{uid}/publish");
        kind.facets = {facet("metadata", {path("metadata")}, "PUT", "/v1/roles/{uid}/meta"),
                       facet("spec", {path("spec")}, "PUT", "/v1/roles/{uid}/spec")};
        kind.facets[0].then = {publish};
        kind.facets[1].then = {publish};

        const auto calls =
            updated(kind,
                    admin,
                    from_json(R"({"metadata": {"name": "a"}, "spec": {"level": 3}})"),
                    {"metadata.labels.env", "spec.level"});

        REQUIRE(calls.size() == 3);
        CHECK(calls[0].operation->path == "/v1/roles/{uid}/meta");
        CHECK(calls[1].operation->path == "/v1/roles/{uid}/spec");
        CHECK(calls[2].operation->path == "/v1/roles/{uid}/publish");
        CHECK_FALSE(calls[2].has_body);
    }

    TEST_CASE("a change that no call writes is refused; one of an immutable field is passed over")
    {
        Kind kind = role();
        kind.facets = {facet("metadata", {path("metadata")}, "PUT", "/v1/roles/{uid}/meta")};
        const Observed object = observed(kind, admin);
        const Value desired = from_json(R"({"spec": {"level": 3}})");

        const auto refused = encode_update(kind, {}, object, desired, {"spec.level"}, mark());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::refused);
        CHECK(refused.error().message.find("spec.level") != std::string::npos);

        kind.schema.fields[1].fields[1].immutable = true;
        const auto passed = encode_update(kind, {}, object, desired, {"spec.level"}, mark());
        REQUIRE(passed);
        CHECK(passed->empty());
    }

    TEST_CASE("an object that was not read in full is not written")
    {
        Observed object = observed(role(), admin);
        object.raw = Value();

        const auto calls = encode_update(kept(role()), {}, object, Map{}, {"spec.level"}, mark());

        CHECK_FALSE(calls);
    }
}

} // namespace trueup
