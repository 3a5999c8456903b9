#include "api/rest/codec.hpp"
#include "api/rest/shape.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;

namespace {

const Scope project("team-a", "p-1");

Field packs()
{
    Field uid = reads_from(text("uid"), {"packUid"});
    Field content = reads_from(text("content"), {"spec.published.content", "spec.draft.content"});
    Field manifest = object("", {reads_from(text("name"), {"metadata.name"}), content});
    return list_of(
        "packs",
        object("", {text("name"), uid, list_of("manifests", manifest, ListOrder::keyed, "name")}),
        ListOrder::keyed,
        "name");
}

// A kind that is written as spec.template and read as spec.published or spec.draft.
Kind profile()
{
    Field shape =
        reads_from(object("template", {text("type"), packs()}), {"spec.published", "spec.draft"});
    return plain_kind(
        "Profile",
        "/v1/profiles",
        {reads_from(text("version"), {"spec.version", "specSummary.version"}), shape});
}

Observed decoded(const Kind& kind, const std::string& item, Scope scope = {}, std::string uid = {})
{
    auto object = decode(kind, scope, from_json(item), std::move(uid));
    REQUIRE_MESSAGE(object, object.error().text());
    return *object;
}

} // namespace

TEST_SUITE("api: decode")
{
    TEST_CASE("known fields are kept, unknown ones and nulls dropped")
    {
        const Observed object = decoded(role(), R"({
            "metadata": {"name": "admin", "uid": "u1", "labels": {"a": "b"}, "annotations": null,
                         "creationTimestamp": "2026"},
            "spec": {"permissions": ["x"], "other": 1},
            "status": {"state": "Running"}})");

        CHECK(object.uid == "u1");
        CHECK(object.value == from_json(R"({
            "metadata": {"name": "admin", "uid": "u1", "labels": {"a": "b"}},
            "spec": {"permissions": ["x"]}})"));
        CHECK(object.raw.is_null());
        CHECK(object.complete);
        CHECK_FALSE(object.mark);
    }

    TEST_CASE("a field of a type that its schema forbids is an error that names it")
    {
        const auto object = decode(
            role(), {}, from_json(R"({"metadata": {"uid": "u"}, "spec": {"permissions": [1]}})"));

        REQUIRE_FALSE(object);
        CHECK(object.error().code == Errc::rejected);
        CHECK(object.error().message.find("spec.permissions[0] should be a string") !=
              std::string::npos);
    }

    TEST_CASE("an integer may be written as a number without a fraction, and as nothing else")
    {
        const auto level = [](const std::string& text) {
            return decode(
                role(),
                {},
                from_json(R"({"metadata": {"uid": "u"}, "spec": {"level": )" + text + "}}"));
        };

        CHECK(*find(level("3.0")->value, path("spec.level")) == Value(3));
        CHECK(*find(level("4e0")->value, path("spec.level")) == Value(4));
        CHECK_FALSE(level("3.5"));
        CHECK_FALSE(level("1e300"));
        CHECK_FALSE(level("\"3\""));
    }

    TEST_CASE("a container with aliases is read from the first that is present")
    {
        const std::string published = R"({"metadata": {"uid": "u"}, "spec": {
            "version": "1.0.0",
            "published": {"type": "infra", "packs": [{"name": "k8s", "packUid": "p"}]},
            "draft": {"type": "draft"}}})";
        CHECK(decoded(profile(), published).value ==
              from_json(R"({"metadata": {"uid": "u"}, "spec": {
            "version": "1.0.0",
            "template": {"type": "infra", "packs": [{"name": "k8s", "uid": "p"}]}}})"));

        const std::string draft =
            R"({"metadata": {"uid": "u"}, "spec": {"published": null, "draft": {"type": "draft"}},
                "specSummary": {"version": "2.0.0"}})";
        CHECK(decoded(profile(), draft).value == from_json(R"({"metadata": {"uid": "u"}, "spec": {
            "version": "2.0.0", "template": {"type": "draft"}}})"));
    }

    TEST_CASE("below a list element aliases start at the element, however deep")
    {
        const Observed object = decoded(profile(), R"({"metadata": {"uid": "u"}, "spec": {"draft": {
            "packs": [{"name": "k8s", "manifests": [
                {"metadata": {"name": "m1"}, "spec": {"published": {"content": "a"}}},
                {"metadata": {"name": "m2"}, "spec": {"draft": {"content": "b"}}}]}]}}})");

        const Value* found = find(object.value, path("spec.template.packs"));
        REQUIRE(found != nullptr);
        CHECK(*found == from_json(R"([{"name": "k8s", "manifests": [
            {"name": "m1", "content": "a"}, {"name": "m2", "content": "b"}]}])"));
    }

    TEST_CASE("an element itself may be read from inside")
    {
        Field uid = reads_from(text(""), {"uid"});
        const Kind kind =
            plain_kind("Team", "/v1/teams", {list_of("roles", uid, ListOrder::unordered)});

        const Observed object = decoded(
            kind,
            R"({"metadata": {"uid": "u"}, "spec": {"roles": [{"uid": "r1", "name": "x"}, {"uid": "r2"}]}})");

        CHECK(*find(object.value, path("spec.roles")) == from_json(R"(["r1", "r2"])"));
    }

    TEST_CASE("two fields may be read from one place")
    {
        const Kind kind = plain_kind("Twin",
                                     "/v1/twins",
                                     {reads_from(text("a"), {"spec.shared.x"}),
                                      reads_from(object("b", {text("x")}), {"spec.shared"}),
                                      text("c")});

        const Observed object = decoded(
            kind,
            R"({"metadata": {"uid": "u"}, "spec": {"c": "3", "shared": {"x": "long enough to be moved"}}})");

        CHECK(*find(object.value, path("spec.a")) == Value("long enough to be moved"));
        CHECK(*find(object.value, path("spec.b.x")) == Value("long enough to be moved"));
    }

    TEST_CASE("open objects and `any` keep everything, write-only fields nothing")
    {
        Field open = object("open", {text("known")});
        open.open = true;
        Field secret = text("once");
        secret.write_only = true;
        const Kind kind =
            plain_kind("Loose", "/v1/loose", {open, field("any", FieldType::any), secret});

        const Observed object = decoded(kind, R"({"metadata": {"uid": "u"}, "spec": {
            "open": {"known": "a", "other": [1]}, "any": {"x": [null, 1.5]}, "once": "****"}})");

        CHECK(*find(object.value, path("spec")) ==
              from_json(R"({"open": {"known": "a", "other": [1]}, "any": {"x": [null, 1.5]}})"));
    }

    TEST_CASE("mark: found and taken out of the annotations; alone in them, they go too")
    {
        const Observed with_others = decoded(role(), R"({"metadata": {"uid": "u", "annotations": {
            "trueup.io/owner": "o", "trueup.io/address": "a", "description": "d"}}})");
        REQUIRE(with_others.mark);
        CHECK(*with_others.mark == Mark("o", "a"));
        CHECK(*find(with_others.value, path("metadata.annotations")) ==
              from_json(R"({"description": "d"})"));

        const Observed alone = decoded(role(), R"({"metadata": {"uid": "u", "annotations": {
            "trueup.io/owner": "o", "trueup.io/address": "a"}}})");
        CHECK(alone.mark);
        CHECK(find(alone.value, path("metadata.annotations")) == nullptr);
    }

    TEST_CASE("mark: half a mark is a mark, and nobody's")
    {
        const Observed object = decoded(
            role(), R"({"metadata": {"uid": "u", "annotations": {"trueup.io/owner": "o"}}})");

        REQUIRE(object.mark);
        CHECK(*object.mark == Mark("o", ""));
    }

    TEST_CASE("scope: an item that says another scope than the one asked is foreign")
    {
        Kind kind = role();
        kind.item_scope = path("metadata.annotations.scope");
        const auto foreign = [&](const std::string& said, const Scope& asked) {
            return decoded(kind,
                           R"({"metadata": {"uid": "u", "annotations": {"scope": ")" + said +
                               "\"}}}",
                           asked)
                .foreign_scope;
        };

        CHECK_FALSE(foreign("tenant", {}));
        CHECK(foreign("project", {}));
        CHECK(foreign("system", {}));
        CHECK(foreign("p-1", {}));
        CHECK_FALSE(foreign("project", project));
        CHECK_FALSE(foreign("p-1", project));
        CHECK(foreign("p-2", project));
        CHECK(foreign("tenant", project));
        CHECK_FALSE(decoded(kind, R"({"metadata": {"uid": "u"}})", project).foreign_scope);
    }

    TEST_CASE("builtin and version come from the item as the API sent it")
    {
        Kind kind = role();
        kind.builtin = Condition{path("spec.type"), {Value("system")}};
        kind.list->unchanged = path("metadata.lastModifiedTimestamp");

        const Observed object = decoded(
            kind,
            R"({"metadata": {"uid": "u", "lastModifiedTimestamp": "t1"}, "spec": {"type": "system"}})");

        CHECK(object.builtin);
        CHECK(object.version == Value("t1"));
    }

    TEST_CASE("uid: that of the caller counts; without one the item must have it")
    {
        CHECK(decoded(role(), R"({"metadata": {"name": "n"}})", {}, "asked").uid == "asked");
        Kind numbered = role();
        numbered.list->uid = path("id");
        CHECK(decoded(numbered, R"({"id": 17})").uid == "17");

        const auto none = decode(role(), {}, from_json(R"({"metadata": {"name": "n"}})"));
        REQUIRE_FALSE(none);
        CHECK(none.error().code == Errc::rejected);

        Kind singleton = role();
        singleton.key.clear();
        singleton.list.reset();
        CHECK(decoded(singleton, "{}").uid.empty());
    }

    TEST_CASE("write shape: what the schema does not know stays, alias places go")
    {
        const Value shape = rest::write_shape(profile().schema, from_json(R"({
            "metadata": {"name": "n", "uid": "u", "extra": 1},
            "spec": {"version": "1", "keep": true,
                     "published": {"type": "infra", "hash": "h",
                                   "packs": [{"name": "k8s", "packUid": "p", "digest": "d"}]},
                     "draft": {"type": "draft"}},
            "status": {"x": null}})"));

        CHECK(shape == from_json(R"({
            "metadata": {"name": "n", "uid": "u", "extra": 1},
            "spec": {"version": "1", "keep": true,
                     "template": {"type": "infra", "hash": "h",
                                  "packs": [{"name": "k8s", "uid": "p", "digest": "d"}]}},
            "status": {"x": null}})"));
    }
}

} // namespace trueup
