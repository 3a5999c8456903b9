// What single commands promise, through the real binary.

#include "state/model/json.hpp"
#include "tests/integration/live_api.hpp"
#include "tests/support/texts.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <sstream>

using namespace trueup;
using namespace trueup::test;

namespace {

std::string profile(const std::string& variable)
{
    return "---\napiVersion: palette/v1\nkind: ClusterProfile\nmetadata:\n  name: edge\n"
           "  labels: {tier: one}\n"
           "spec:\n  version: 1.0.0\n  template:\n    type: add-on\n"
           "  variables:\n    - name: token\n      isSensitive: true\n" +
           variable;
}

} // namespace

TEST_SUITE("integration: commands")
{
    TEST_CASE("kinds: they are listed, shown, and compared with the API's own description")
    {
        const LiveApi api;
        const Site site;
        const Finished list = run_process({trueup_binary(), "kinds", "list"}, {});
        CHECK(list.exit_code == 0);
        CHECK(contains(list.out, "ClusterProfile"));
        const Finished show = run_process({trueup_binary(), "kinds", "show", "Role"}, {});
        CHECK(show.exit_code == 0);
        CHECK(contains(show.out, "permissions"));
        CHECK(run_process({trueup_binary(), "kinds", "show", "Rule"}, {}).exit_code == 1);
        const std::string description = palette_spec();
        if (!std::filesystem::exists(description)) {
            MESSAGE("skipped: no Swagger file (TRUEUP_PALETTE_SPEC)");
            return;
        }
        const Finished checked =
            run_process({trueup_binary(), "kinds", "check", "--spec", description}, {});
        CHECK_MESSAGE(checked.exit_code == 0, checked.out, checked.err);
    }

    TEST_CASE("a plan lists each page once, and asks for no object by itself")
    {
        LiveApi api;
        Site site;
        const std::size_t before = api.sandbox()->count("roles");
        std::string roles;
        for (int i = 0; i < 1000; ++i)
            roles += role("role-" + std::to_string(i));
        site.write("roles.yaml", roles);
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const std::size_t pages = (before + 1000 + 49) / 50;
        std::size_t lists = 0;
        api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply&) {
            if (request.target.starts_with("/v1/roles?") || request.target == "/v1/roles")
                ++lists;
        });

        const Finished plan = site.run(api, {"plan"});

        CHECK(contains(plan.out, "No changes"));
        CHECK(lists == pages);
        CHECK(api.requests() <= pages + 3);
    }

    TEST_CASE("a state is not taken to another host: nothing is sent there, not even a key")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const LiveApi elsewhere;
        const std::vector<std::vector<std::string>> commands{
            {"plan"}, {"apply", "--yes"}, {"import", "Role/tenant/writer", "u"}};
        for (const std::vector<std::string>& command : commands) {
            CAPTURE(command.front());

            const Finished refused = site.run(elsewhere, command);

            CHECK(refused.exit_code == 3);
            CHECK(contains(refused.err, "endpoint"));
        }
        CHECK(elsewhere.requests() == 0);
    }

    TEST_CASE("doctor sends no key to a host that the state does not belong to")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        LiveApi elsewhere;
        std::vector<std::string> asked;
        elsewhere.set_hook([&](std::size_t, const HttpRequest& request, ServerReply&) {
            asked.push_back(request.target);
            for (const Header& header : request.headers)
                CHECK(header.value != "sandbox");
        });

        const Finished told = site.run(elsewhere, {"doctor"});

        CHECK(told.exit_code == 1);
        CHECK(contains(told.out, "failed   binding: "));
        CHECK(contains(told.out, "endpoint"));
        CHECK(asked == std::vector<std::string>{"/"});
    }

    TEST_CASE("H: each record of an apply says which manifests it was for")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));

        const Finished applied =
            site.run(api, {"apply", "--yes", "--log-format", "json", "--log-level", "info"});

        CHECK(applied.exit_code == 0);
        CHECK(contains(applied.err, "\"revision\":\"sha256:"));
        std::size_t creates = 0;
        std::istringstream lines(applied.err);
        for (std::string line; std::getline(lines, line);)
            if (contains(line, "POST /v1/roles")) {
                CHECK_MESSAGE(contains(line, "\"revision\""), line);
                ++creates;
            }
        CHECK(creates >= 1);
    }

    TEST_CASE("H: each request has one log record, each action one, and they name each other")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader") + role("writer"));
        std::set<std::string> audited; // by the API, of what changed something
        api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply& reply) {
            for (const auto& [name, value] : reply.response.headers)
                if (name == "AuditUid" && request.method != "GET")
                    audited.insert(value);
        });

        const Finished applied =
            site.run(api, {"apply", "--yes", "--log-format", "json", "--log-level", "debug"});

        CHECK(applied.exit_code == 0);
        std::size_t calls = 0;
        std::multiset<std::string> done;
        std::set<std::string> said;
        std::istringstream lines(applied.err);
        for (std::string line; std::getline(lines, line);) {
            const auto record = json::parse(line);
            REQUIRE_MESSAGE(record, line);
            const auto text = [&](std::string_view name) {
                const Value* value = record->if_map()->find(name);
                return value != nullptr ? value->string_or_empty() : std::string();
            };
            if (text("event") == "api_call") {
                ++calls;
                CHECK_MESSAGE(record->if_map()->contains("attempt"), line);
                CHECK_MESSAGE(record->if_map()->contains("ms"), line);
                CHECK_MESSAGE(record->if_map()->contains("status"), line);
                if (!text("audit_uid").empty())
                    said.insert(text("audit_uid"));
            }
            if (text("event") == "action_done")
                done.insert(text("address"));
        }
        CHECK(calls == api.requests());
        CHECK(done == std::multiset<std::string>{"Role/tenant/reader", "Role/tenant/writer"});
        CHECK_MESSAGE(said == audited, applied.err);
        CHECK(audited.size() >= 2);
    }

    TEST_CASE("twenty broken manifests: an error that helps each, exit 1, and no request")
    {
        const std::string head = "apiVersion: palette/v1\nkind: Role\nmetadata: {name: x}\n";
        const std::string spec = "spec: {scope: project, permissions: [a]}\n";
        const std::vector<std::pair<std::string, std::string>> all{
            {"- a\n", "1:1: error: a manifest is a map"},
            {"kind: Role\nmetadata: {name: x}\n" + spec, "apiVersion: is required"},
            {"apiVersion: palette/v2\nkind: Role\nmetadata: {name: x}\n" + spec,
             "write apiVersion: palette/v1"},
            {"apiVersion: palette/v1\nkind: Roll\n", "did you mean \"Role\"?"},
            {head + "spce: {}\n", "did you mean \"spec\"?"},
            {head + "spec: {scope: galaxy}\n", "4:8: error: spec.scope"},
            {head + "spec: {permissions: a: b}\n", "4:"},
            {head + "spec: {scope: project, scope: tenant}\n", "4:"},
            {head + spec + "lifecycle: {prevent: true}\n", "lifecycle.prevent"},
            {head + spec + "lifecycle: {dependsOn: [Team/tenant/none]}\n" + "---\n" + head + spec,
             "Role/tenant/x"},
            {"apiVersion: palette/v1\nkind: Role\nmetadata: {}\n" + spec, "metadata.name"},
            {"apiVersion: palette/v1\nkind: Role\nmetadata: {name: x, project: p}\n" + spec,
             "lives in the tenant, not in a project"},
            {head + "spec: {permissions: {a: b}}\n", "spec.permissions"},
            {head + "spec: &a {scope: project, permissions: [*a]}\n", "4:"},
            {head + "spec:\n\tscope: project\n", "5:"},
            {head + "spec: {scope: \"${NO_SUCH_VARIABLE}\"}\n", "NO_SUCH_VARIABLE"},
            {head + "spec: {scope: {$ref: Roll/tenant/x}}\n", "did you mean \"Role\"?"},
            {head + "spec: {permissions: [{$file: no-such-file}]}\n", "no-such-file"},
            {"apiVersion: palette/v1\nkind: Project\nmetadata: {name: [x]}\n", "metadata.name"},
            {"apiVersion: palette/v1\nkind: SshKey\nmetadata: {name: k}\nspec: {publicKey: 5\n",
             "5:"},
        };
        REQUIRE(all.size() == 20);
        LiveApi api;
        for (const std::pair<std::string, std::string>& broken : all) {
            const std::string& text = broken.first;
            const std::string& said = broken.second;
            CAPTURE(text);
            const Site site;
            site.write("m.yaml", text);

            const Finished finished = site.run(api, {"apply", "--yes"});

            CHECK(finished.exit_code == 1);
            CHECK_MESSAGE(finished.err.find("m.yaml:") != std::string::npos, finished.err);
            CHECK_MESSAGE(finished.err.find(said) != std::string::npos, finished.err);
        }
        CHECK(api.requests() == 0);
    }

    TEST_CASE("a grace period holds for apply too, and is off when the manifest comes back")
    {
        LiveApi api;
        Site site;
        site.write("trueup.yaml", "owner: test-owner\nprune: true\ngrace: 1h\n");
        site.write("roles.yaml", role("reader") + role("writer"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const std::size_t before = api.sandbox()->count("roles");
        site.write("roles.yaml", role("reader"));

        const Finished held = site.run(api, {"apply", "--yes"});

        CHECK_MESSAGE(held.exit_code == 0, held.out, held.err);
        CHECK(contains(held.out, "held back: Role/tenant/writer"));
        CHECK(api.sandbox()->count("roles") == before);
        // With a period that is over by now, counted from when it was first to go.
        site.write("trueup.yaml", "owner: test-owner\nprune: true\ngrace: 1ms\n");
        CHECK(site.run(api, {"apply", "--yes"}).exit_code == 0);
        CHECK(api.sandbox()->count("roles") == before - 1);
    }

    TEST_CASE("a saved plan to destroy everything does not wait for a grace period")
    {
        LiveApi api;
        Site site;
        site.write("trueup.yaml", "owner: test-owner\nprune: true\ngrace: 1h\n");
        site.write("roles.yaml", role("reader"));
        const std::size_t before = api.sandbox()->count("roles");
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const std::string file = (site.directory() / "destroy.plan").string();
        REQUIRE(site.run(api, {"plan", "--destroy", "--out", file}).exit_code == 0);

        const Finished applied = site.run(api, {"apply", file});

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(api.sandbox()->count("roles") == before);
    }

    TEST_CASE("F: a profile variable that is called sensitive is a secret")
    {
        LiveApi api;
        Site site;
        site.write("p.yaml", profile("      defaultValue: hunter2\n"));

        const Finished plan = site.run(api, {"plan"});
        CHECK_FALSE(contains(plan.out, "hunter2"));
        CHECK(contains(plan.err, "a secret is written in the manifest itself"));
        const Finished applied = site.run(api, {"apply", "--yes"});
        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(contains(api.sandbox()->dump(), "hunter2"));
        const Finished again = site.run(api, {"plan", "--detailed-exitcode"});
        CHECK_MESSAGE(again.exit_code == 0, again.out);

        SUBCASE("its mask is not sent back by an update of what is beside it")
        {
            site.remove(".trueup"); // nobody remembers that it was declared
            site.write("p.yaml", profile("      description: for the edge\n"));
            const Finished refused = site.run(api, {"apply", "--yes"});
            CHECK(refused.exit_code == 1);
            CHECK(contains(refused.out + refused.err, "a mask is never sent back"));
        }
        SUBCASE("one with the secret is made")
        {
            site.write("p.yaml",
                       profile("      defaultValue: hunter2\n      description: for the edge\n"));
            CHECK(site.run(api, {"apply", "--yes"}).exit_code == 0);
        }
        CHECK(contains(api.sandbox()->dump(), "hunter2"));
        CHECK_FALSE(contains(api.sandbox()->dump(), "***"));
    }
}
