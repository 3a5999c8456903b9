#include "api/rest/template.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using rest::Encoding;
using rest::expand_body;
using rest::expand_text;
using samples::from_json;

TEST_SUITE("api: template")
{
    TEST_CASE("paths: values are percent-encoded, so that none of them adds a part or a query")
    {
        const Parameters parameters{{"uid", Value("a/b?c#d e%")}, {"n", Value(7)}};

        const auto path = expand_text("/v1/x/{uid}/y/{n}", parameters, Encoding::path_segment);

        REQUIRE(path);
        CHECK(*path == "/v1/x/a%2Fb%3Fc%23d%20e%25/y/7");
    }

    TEST_CASE("paths: a value that would lead elsewhere is refused")
    {
        for (const char* value : {"", ".", ".."}) {
            CAPTURE(value);
            const Parameters parameters{{"uid", Value(value)}};
            const auto path = expand_text("/v1/x/{uid}", parameters, Encoding::path_segment);
            REQUIRE_FALSE(path);
            CHECK(path.error().code == Errc::invalid_input);
        }
    }

    TEST_CASE("an unknown parameter is an error that names it")
    {
        const auto path = expand_text("/v1/x/{uid}", {}, Encoding::path_segment);

        REQUIRE_FALSE(path);
        CHECK(path.error().message.find("{uid}") != std::string::npos);
    }

    TEST_CASE("braces that are no parameter mean themselves, and values are not expanded again")
    {
        const Parameters parameters{{"a", Value("{b}")}, {"b", Value("no")}};

        const auto text = expand_text("{} {\"x\": 1} { a } {a", parameters, Encoding::plain);
        const auto nested = expand_text("<{a}>", parameters, Encoding::plain);

        REQUIRE(text);
        CHECK(*text == "{} {\"x\": 1} { a } {a");
        REQUIRE(nested);
        CHECK(*nested == "<{b}>");
    }

    TEST_CASE("bodies: fields are replaced, those without a value are left out with their key")
    {
        const Value spec = from_json(R"({"x": {"y": [1, 2]}})");
        const Value body = from_json(
            R"({"a": {"$field": "x"}, "b": {"$field": "gone"}, "c": ["{p}", {"$field": "gone"}], "d": "n-{p}"})");

        const auto expanded = expand_body(body, {{"p", Value("v")}}, [&](const std::string& path) {
            return spec.if_map()->find(path);
        });

        REQUIRE(expanded);
        CHECK(*expanded == from_json(R"({"a": {"y": [1, 2]}, "c": ["v"], "d": "n-v"})"));
    }

    TEST_CASE("bodies: what a user wrote is never taken for a template")
    {
        const Value written = from_json(R"({"text": "{uid} {\"$field\": 1}"})");

        const auto expanded = expand_body(from_json(R"({"a": {"$field": "x"}})"),
                                          {{"uid", Value("7")}},
                                          [&](const std::string&) { return &written; });

        REQUIRE(expanded);
        CHECK(*expanded->if_map()->find("a") == written);
    }

    TEST_CASE("bodies: a secret stays a secret")
    {
        const Parameters parameters{{"password", Value(Secret("hunter2", "", "test"))}};

        const auto body = expand_body(from_json(R"({"password": "{password}"})"), parameters, {});

        REQUIRE(body);
        CHECK(contains_secret(*body));
        CHECK(json::write(*body).find("hunter2") == std::string::npos);
    }
}

} // namespace trueup
