#include "api/rest/change_path.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using rest::parse_change;
using samples::from_json;

TEST_SUITE("api: change path")
{
    TEST_CASE("names, quoted names, keys and places are told apart")
    {
        const auto path = parse_change(R"(spec.packs[name=k8s].labels["a.b/c"].x[2])");

        REQUIRE(path);
        REQUIRE(path->steps.size() == 7);
        CHECK(path->steps[1].name == "packs");
        CHECK(path->steps[2].element->key == "name");
        CHECK(path->steps[2].element->value == "k8s");
        CHECK(path->steps[4].name == "a.b/c");
        CHECK(path->steps[6].element->index == 2);
        CHECK(path->plain() == samples::path("spec.packs"));
        CHECK_FALSE(path->is_plain());
    }

    TEST_CASE("a key may hold dots, equal signs and brackets")
    {
        const auto path = parse_change("spec.hosts[name=a.b[0]=c].port");

        REQUIRE(path);
        CHECK(path->steps[2].element->value == "a.b[0]=c");
        CHECK(path->steps[3].name == "port");
    }

    TEST_CASE("what is no path is refused")
    {
        for (const char* text : {"spec..x", "spec[", "spec[\"a", "spec[x]", "spec[name=x", "a."}) {
            CAPTURE(text);
            CHECK_FALSE(parse_change(text));
        }
    }

    TEST_CASE("find and erase follow keys of every scalar type")
    {
        Value root = from_json(
            R"({"l": [{"id": 1, "x": "a"}, {"id": true, "x": "b"}, {"id": "c", "x": "c"}]})");

        const Value* found = rest::find(root, *parse_change("l[id=1].x"));
        REQUIRE(found != nullptr);
        CHECK(found->string_or_empty() == "a");
        CHECK(rest::find(root, *parse_change("l[id=9].x")) == nullptr);
        CHECK(rest::erase(root, *parse_change("l[id=true]")));
        CHECK(rest::erase(root, *parse_change("l[id=c].x")));
        CHECK_FALSE(rest::erase(root, *parse_change("l[id=9]")));
        CHECK(root == from_json(R"({"l": [{"id": 1, "x": "a"}, {"id": "c"}]})"));
    }
}

} // namespace trueup
