#include "state/model/address.hpp"
#include "state/model/path.hpp"
#include "state/model/resource.hpp"

#include <doctest/doctest.h>

using namespace trueup;

TEST_SUITE("model: path")
{
    TEST_CASE("parse and text: what is written comes back")
    {
        for (const std::string text : {"metadata.name",
                                       "a",
                                       R"(metadata.annotations["a.b/c"].x)",
                                       R"(["x.y"])",
                                       R"(a["b c"])",
                                       R"(["$"])"}) {
            CAPTURE(text);
            auto path = Path::parse(text);
            REQUIRE(path);
            CHECK(*Path::parse(path->text()) == *path);
        }
        CHECK(Path::parse(R"(m["a.b"].c)")->names() == std::vector<std::string>{"m", "a.b", "c"});
        CHECK(Path::parse("a.b")->text() == "a.b");
        CHECK(Path::parse("")->is_root());
        CHECK(Path::parse("$")->is_root());
    }

    TEST_CASE("parse: empty names and open brackets are refused")
    {
        for (const std::string text : {".a", "a..b", "a.", "a[", "a[b]", "a[\"b", "a]"}) {
            CAPTURE(text);
            auto path = Path::parse(text);
            REQUIRE_FALSE(path);
            CHECK(path.error().code == Errc::invalid_input);
        }
    }

    TEST_CASE("within: a path lies within itself and what is above it, by whole names")
    {
        const Path deep = *Path::parse("spec.a.b");

        CHECK(deep.within(deep));
        CHECK(deep.within(*Path::parse("spec")));
        CHECK(deep.within(Path{}));
        CHECK_FALSE(Path::parse("spec.ab")->within(*Path::parse("spec.a")));
        CHECK_FALSE(Path::parse("spec")->within(deep));
    }

    TEST_CASE("find, put and erase work on what a path names")
    {
        Value root(Map{{"a", Map{{"b", 1}}}, {"s", "text"}});

        put(root, *Path::parse("a.c.d"), 2);
        put(root, *Path::parse("s.t"), 3);

        CHECK(root == Value(Map{{"a", Map{{"b", 1}, {"c", Map{{"d", 2}}}}}, {"s", Map{{"t", 3}}}}));
        CHECK(*find(root, *Path::parse("a.c.d")) == Value(2));
        CHECK(find(root, *Path::parse("a.b.x")) == nullptr);
        CHECK(find(root, Path{}) == &root);
        CHECK(erase(root, *Path::parse("a.c")));
        CHECK_FALSE(erase(root, *Path::parse("a.c")));
        CHECK_FALSE(erase(root, Path{}));
    }
}

TEST_SUITE("model: address")
{
    TEST_CASE("text: kind, scope and name, percent-encoded")
    {
        CHECK(Address("Role", std::nullopt, {"dev ops"}).text() == "Role/tenant/dev%20ops");
        CHECK(Address("Role", "team-a", {"a/b"}).text() == "Role/team-a/a%2Fb");
        CHECK(Address("Role", "tenant", {"x"}).text() == "Role/project:tenant/x");
        CHECK(Address("Role", "project:tenant", {"x"}).text() == "Role/project%3Atenant/x");
        CHECK(Address("Role", "a/b", {"x"}).text() == "Role/a%2Fb/x");
        CHECK(Address("Profile", "p", {"infra", "1.0@rc"}).text() == "Profile/p/infra@1.0%40rc");
        CHECK(Address("User", std::nullopt, {"a@b.example"}).text() == "User/tenant/a@b.example");
        CHECK(Address("Settings", std::nullopt, {}).text() == "Settings/tenant");
        CHECK(Address("Settings", std::nullopt, {}).is_singleton());
        CHECK(Address("Role", std::nullopt, {"\xC3\xA4%"}).text() == "Role/tenant/%C3%A4%25");
    }

    TEST_CASE("parse: an address reads back as the one it was written from")
    {
        const Address addresses[] = {{"Role", std::nullopt, {"dev ops"}},
                                     {"Role", "tenant", {"x"}},
                                     {"Role", "project:tenant", {"x"}},
                                     {"Role", "a/b c", {"\xC3\xA4"}},
                                     {"Profile", "p", {"infra", "1.0@rc"}},
                                     {"User", std::nullopt, {"a@b.example"}},
                                     {"Settings", "p", {}}};
        for (const Address& address : addresses) {
            CAPTURE(address.text());
            auto read = Address::parse(address.text());
            REQUIRE(read);
            CHECK(*read == address);
            CHECK(read->kind() == address.kind());
            CHECK(read->project() == address.project());
            CHECK(read->name() == address.name());
        }
    }

    TEST_CASE("parse: what people leave bare or encode needlessly names the same resource")
    {
        CHECK(Address::parse("Role/tenant/dev ops")->text() == "Role/tenant/dev%20ops");
        CHECK(Address::parse("Role/tenant/%64ev")->text() == "Role/tenant/dev");
        CHECK(Address::parse("Role/team a/x")->text() == "Role/team%20a/x");
        CHECK(Address::parse("P/p/a%40b@1")->text() == "P/p/a%40b@1");
        CHECK(Address::parse("Role/project:tenant/x")->project() == "tenant");
        CHECK(Address::parse("Role/tenant/x")->project() == std::nullopt);
    }

    TEST_CASE("parse: anything else is refused with the form to use")
    {
        for (const std::string text : {"",
                                       "Role",
                                       "Role/",
                                       "/tenant/x",
                                       "Role//x",
                                       "Role/tenant/",
                                       "Role/tenant/a/b",
                                       "Role/tenant/%",
                                       "Role/tenant/%4",
                                       "Role/tenant/%zz",
                                       "Role/%2/x"}) {
            CAPTURE(text);
            auto address = Address::parse(text);
            REQUIRE_FALSE(address);
            CHECK(address.error().code == Errc::invalid_input);
        }
        CHECK(Address::parse("Role").error().advice ==
              "write Kind/tenant/name, Kind/PROJECT/name or Kind/tenant");
    }

    TEST_CASE("mark: one address, one mark of 32 hex digits")
    {
        const std::string mark = address_mark(Address("Role", std::nullopt, {"a"}));

        CHECK(mark.size() == 32);
        CHECK(mark == address_mark(*Address::parse("Role/tenant/a")));
        CHECK(mark != address_mark(Address("Role", "p", {"a"})));
    }
}

TEST_SUITE("model: resource")
{
    TEST_CASE("key_of: the key fields in order, integers as text, defaults for what is missing")
    {
        Kind kind;
        kind.name = "Profile";
        kind.key = {*Path::parse("metadata.name"), *Path::parse("spec.version")};
        Field version;
        version.name = "version";
        version.default_value = Value("1.0.0");
        Field spec;
        spec.name = "spec";
        spec.type = FieldType::object;
        spec.fields = {version};
        kind.schema.type = FieldType::object;
        kind.schema.fields = {spec};

        const Value full(Map{{"metadata", Map{{"name", "infra"}}}, {"spec", Map{{"version", 2}}}});
        const Value bare(Map{{"metadata", Map{{"name", "infra"}}}});

        CHECK(key_of(kind, full) == std::vector<std::string>{"infra", "2"});
        CHECK(key_of(kind, bare) == std::vector<std::string>{"infra", "1.0.0"});
        CHECK(key_of(kind, Value(Map{})).size() == 1);
        CHECK(address_of(kind, "team-a", bare).text() == "Profile/team-a/infra@1.0.0");
    }

    TEST_CASE("key_of: a kind without key fields is a singleton")
    {
        Kind kind;
        kind.name = "Settings";

        CHECK(kind.is_singleton());
        CHECK(address_of(kind, std::nullopt, Value(Map{})).text() == "Settings/tenant");
    }
}
