#include "api/sandbox/rules.hpp"
#include "api/sandbox/sandbox.hpp"
#include "tests/support/places.hpp"
#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

using namespace trueup;
using namespace trueup::sandbox;

namespace {

std::string fault_of(const std::string& text)
{
    const EmbeddedRule files[] = {{"test.yaml", text}};
    const auto rules = read_rules(files);
    return rules ? "" : rules.error().message;
}

// One route after a minimal heading.
std::string route(const std::string& text)
{
    return "collection: things\nscope: tenant\nroutes:\n  - {on: GET /v1/things, " + text + "}\n";
}

bool says(const std::string& fault, const std::string& part)
{
    return fault.find(part) != std::string::npos;
}

} // namespace

TEST_SUITE("sandbox: rules")
{
    TEST_CASE("the rules that are compiled in can be read")
    {
        const auto rules = read_sandbox_rules();
        if (!rules)
            FAIL(rules.error().text());
        for (const char* name : {"projects",
                                 "roles",
                                 "filters",
                                 "sshkeys",
                                 "teams",
                                 "users",
                                 "policies",
                                 "cloudaccounts_aws",
                                 "cloudaccounts_azure",
                                 "cloudaccounts_gcp",
                                 "locations",
                                 "registries_helm",
                                 "edge_tokens",
                                 "password_policy",
                                 "clusterprofiles"})
            CHECK((*rules)->find(name) != nullptr);
    }

    TEST_CASE("what a rule refers to exists")
    {
        const auto rules = read_sandbox_rules();
        REQUIRE(rules);
        for (const auto& collection : (*rules)->collections) {
            CAPTURE(collection->name);
            for (const auto& drop : collection->drops)
                CHECK((*rules)->find(drop.from) != nullptr);
            for (const Route& each : collection->routes)
                for (const Reference& reference : each.references)
                    CHECK((*rules)->find(reference.to) != nullptr);
        }
    }

    TEST_CASE("a sandbox can be made of rules that were read once")
    {
        SandboxOptions options;
        options.rules = *read_sandbox_rules();
        SandboxCaller first(options);
        SandboxCaller second(options);
        first.create("/v1/roles", R"({"metadata":{"name":"r"}})");

        CHECK(first.sandbox->count("roles") == second.sandbox->count("roles") + 1);
    }

    TEST_CASE("a rule file that cannot be read names the file and what is wrong")
    {
        CHECK(says(fault_of("a: [1"), "test.yaml:"));
        CHECK(says(fault_of("collection: things\nscope: galaxy\n"), "scope"));
        CHECK(says(fault_of("collection: things\nscope: tenant\ncolour: red\n"), "colour"));
        CHECK(says(fault_of(route("do: dance")), "dance"));
        CHECK(says(fault_of(route("do: list, colour: red")), "colour"));
        CHECK(says(fault_of(route("do: list, body: unheard")), "unheard"));
        CHECK(says(fault_of(route("do: list, show: nothing")), "nothing"));
        CHECK(says(fault_of(route("do: list, show: {a: body.x, b: {$what: 1}}")), "$what"));
        CHECK(says(fault_of(route("do: update, set: [missing]")), "missing"));
        CHECK(says(fault_of(route("do: list, show: {$each: object.a}")), "$as"));
        CHECK(
            says(fault_of(route("do: list, show: {$text: '{} {}', $of: [object.a]}")), "operands"));
        CHECK(says(fault_of("collection: t\nscope: tenant\nshows: {a: {$show: a}}\n"
                            "routes: [{on: GET /v1/t, do: list, show: a}]\n"),
                   "itself"));
        CHECK(fault_of(route("do: list, show: {a: object.a}")).empty());
    }

    TEST_CASE("each rule file names its sources in its head")
    {
        for (const EmbeddedRule& file : embedded_rules()) {
            CAPTURE(file.name);
            CHECK(file.text.starts_with("#"));
            CHECK(file.text.find("# Sources: ") != std::string_view::npos);
            CHECK(file.text.find("Swagger") != std::string_view::npos);
        }
    }

    TEST_CASE("the sandbox shares no code or data with the client's side")
    {
        const std::filesystem::path room =
            std::filesystem::path(trueup::test::source_dir()) / "api/sandbox";
        const std::regex forbidden(
            "(#include \"(api/kinds|api/rest|manifests|reconciler)|embedded_catalogue)");
        std::size_t files = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(room)) {
            if (!entry.is_regular_file() || entry.path().extension() == ".yaml")
                continue;
            std::ifstream stream(entry.path());
            std::ostringstream text;
            text << stream.rdbuf();
            CAPTURE(entry.path().string());
            CHECK_FALSE(std::regex_search(text.str(), forbidden));
            ++files;
        }
        CHECK(files > 20);
    }
}
