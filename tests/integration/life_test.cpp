// The life of a set of manifests through the real binary, real sockets and a real state.

#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

TEST_SUITE("integration: life")
{
    TEST_CASE("plan, apply, nothing to do, drift, repair, prune")
    {
        LiveApi api;
        Site site;
        const std::size_t before = api.sandbox()->count("roles");
        site.write("roles.yaml", role("reader") + role("writer", "cluster.update"));

        const Finished first = site.run(api, {"plan", "--detailed-exitcode"});
        CHECK_MESSAGE(first.exit_code == 2, first.out, first.err);
        CHECK(first.out.find("+ Role/tenant/reader") != std::string::npos);
        CHECK(api.sandbox()->count("roles") == before);

        const Finished applied = site.run(api, {"apply", "--yes"});
        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(applied.out.find("2 created") != std::string::npos);
        CHECK(api.sandbox()->count("roles") == before + 2);

        const Finished again = site.run(api, {"plan", "--detailed-exitcode"});
        CHECK_MESSAGE(again.exit_code == 0, again.out, again.err);
        CHECK(again.out.find("No changes") != std::string::npos);

        site.write("roles.yaml", role("reader", "project.get") + role("writer", "cluster.update"));
        const Finished changed = site.run(api, {"apply", "--yes"});
        CHECK_MESSAGE(changed.exit_code == 0, changed.out, changed.err);
        CHECK(changed.out.find("1 updated") != std::string::npos);

        site.write("roles.yaml", role("reader", "project.get"));
        const Finished kept = site.run(api, {"apply", "--yes"});
        CHECK(kept.exit_code == 0);
        CHECK(kept.out.find("--prune would delete") != std::string::npos);
        CHECK(api.sandbox()->count("roles") == before + 2);

        const Finished pruned = site.run(api, {"apply", "--yes", "--prune"});
        CHECK_MESSAGE(pruned.exit_code == 0, pruned.out, pruned.err);
        CHECK(api.sandbox()->count("roles") == before + 1);
        CHECK(site.run(api, {"plan", "--detailed-exitcode", "--prune"}).exit_code == 0);
    }

    TEST_CASE("apply: away from a terminal it wants --yes, and then asks nobody")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));

        const Finished refused = site.run(api, {"apply"});

        CHECK(refused.exit_code == 1);
        CHECK(refused.err.find("--yes") != std::string::npos);
        CHECK(api.requests() == 0);
    }

    TEST_CASE("C: what standard input declares is applied, and not pruned")
    {
        LiveApi api;
        Site site;
        const std::size_t before = api.sandbox()->count("roles");
        site.write("roles.yaml", role("reader"));
        const auto apply = [&](std::vector<std::string> more) {
            const std::string state = (site.directory() / ".trueup" / "state.db").string();
            std::vector<std::string> arguments{
                "apply", "--yes", "-f", "-", "--owner", "test-owner", "--state", state};
            arguments.insert(arguments.end(), more.begin(), more.end());
            return run_process(
                site.command(api, std::move(arguments)), Site::environment(), role("writer"));
        };

        const Finished first = apply({});
        CHECK_MESSAGE(first.exit_code == 0, first.out, first.err);
        CHECK(api.sandbox()->count("roles") == before + 2);

        const Finished again = apply({"--prune"});
        CHECK_MESSAGE(again.exit_code == 0, again.out, again.err);
        CHECK(again.out.find("0 deleted") != std::string::npos);
        CHECK(api.sandbox()->count("roles") == before + 2);

        const Finished daemon = site.run(api, {"run", "--once", "-f", "-"});
        CHECK(daemon.exit_code == 1);
        CHECK(daemon.err.find("standard input") != std::string::npos);
    }

    TEST_CASE("C: what state rm let go of is not pruned, although it carries our mark")
    {
        LiveApi api;
        Site site;
        const std::size_t before = api.sandbox()->count("roles");
        site.write("roles.yaml", role("reader") + role("writer"));
        CHECK(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.write("roles.yaml", role("reader"));
        const std::string state = (site.directory() / ".trueup" / "state.db").string();
        const Finished removed =
            run_process({trueup_binary(), "state", "rm", "--state", state, "Role/tenant/writer"},
                        Site::environment());
        CHECK_MESSAGE(removed.exit_code == 0, removed.out, removed.err);

        const Finished pruned = site.run(api, {"apply", "--yes", "--prune"});

        CHECK_MESSAGE(pruned.exit_code == 0, pruned.out, pruned.err);
        CHECK(api.sandbox()->count("roles") == before + 2);
    }

    TEST_CASE("the loss of the state costs nothing: our marks are found again")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader") + role("writer"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.remove(".trueup");

        const Finished plan = site.run(api, {"plan", "--detailed-exitcode"});

        CHECK_MESSAGE(plan.exit_code == 0, plan.out, plan.err);
        CHECK(plan.out.find("2 to adopt") != std::string::npos);
        CHECK(plan.out.find("No changes") != std::string::npos);
        CHECK(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.write("roles.yaml", role("reader"));
        CHECK(site.run(api, {"apply", "--yes", "--prune"}).out.find("1 deleted") !=
              std::string::npos);
    }

    TEST_CASE("a state is refused to another tenant, endpoint or owner, and nothing is written")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.write("roles.yaml", role("reader") + role("writer"));
        SandboxOptions other_tenant;
        other_tenant.tenant_uid = "5f0000000000000000000000";
        LiveApi elsewhere(other_tenant);
        const std::size_t before = elsewhere.sandbox()->count("roles");

        const Finished other_api = site.run(elsewhere, {"apply", "--yes"});
        const Finished other_plan = site.run(elsewhere, {"plan"});
        const Finished other_owner = site.run(api, {"apply", "--yes", "--owner", "somebody-else"});

        CHECK_MESSAGE(other_api.exit_code == 3, other_api.out, other_api.err);
        CHECK(other_api.err.find("endpoint") != std::string::npos);
        CHECK(other_plan.exit_code == 3);
        CHECK(other_owner.exit_code == 3);
        CHECK(other_owner.err.find("owner") != std::string::npos);
        CHECK(elsewhere.sandbox()->count("roles") == before);
    }

    TEST_CASE("a state is refused to a key of another tenant of the same host")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.write("roles.yaml", role("reader") + role("writer"));
        std::size_t writes = 0;
        api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply& reply) {
            writes += request.target.starts_with("/v1/roles") && request.method != "GET" ? 1U : 0U;
            std::string& body = reply.response.body;
            const std::string name = "\"tenantUid\":\"";
            if (request.target.starts_with("/v1/users/info"))
                body[body.find(name) + name.size()] ^= 1; // another digit
        });

        for (const std::vector<std::string>& command :
             {std::vector<std::string>{"plan"}, {"apply", "--yes"}}) {
            const Finished refused = site.run(api, command);
            CHECK_MESSAGE(refused.exit_code == 3, refused.out, refused.err);
            CHECK_MESSAGE(refused.err.find("this state belongs to tenant") != std::string::npos,
                          refused.err);
        }
        CHECK(writes == 0);
    }

    TEST_CASE("a saved plan is applied exactly, or refused object by object")
    {
        LiveApi api;
        Site site;
        std::string ten;
        for (int i = 0; i < 10; ++i)
            ten += role("role-" + std::to_string(i));
        site.write("roles.yaml", ten);
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        std::string changed;
        for (int i = 0; i < 10; ++i)
            changed += role("role-" + std::to_string(i), "project.get");
        site.write("roles.yaml", changed);
        const std::string file = (site.directory() / "saved.plan").string();
        REQUIRE(site.run(api, {"plan", "--out", file}).exit_code == 0);
        const std::string list = site.run(api, {"state", "list", "--json"}).out;
        const std::size_t at = list.find("Role/tenant/role-3");
        const std::size_t uid = list.find("\"uid\": \"", at);
        REQUIRE(api.sandbox()->patch_object(
            "roles", list.substr(uid + 8, 24), R"({"spec":{"permissions":["cluster.delete"]}})"));

        const Finished applied = site.run(api, {"apply", file});

        CHECK_MESSAGE(applied.exit_code == 1, applied.out, applied.err);
        CHECK(applied.out.find("9 updated") != std::string::npos);
        CHECK(applied.out.find("blocked: blocked Role/tenant/role-3") != std::string::npos);
        CHECK(site.run(api, {"apply", file, "--prune"}).exit_code == 1);
    }

    TEST_CASE("C: a protection is remembered by saved plans that have nothing else to do")
    {
        LiveApi api;
        Site site;
        const auto plan_and_apply = [&](std::vector<std::string> more) {
            const std::string file = (site.directory() / "saved.plan").string();
            more.insert(more.begin(), {"plan", "--out", file});
            REQUIRE(site.run(api, std::move(more)).exit_code == 0);
            return site.run(api, {"apply", file});
        };
        site.write("roles.yaml", role("reader") + role("writer"));
        REQUIRE(plan_and_apply({}).exit_code == 0);
        const std::string guarded = role("writer") + "lifecycle: {preventDestroy: true}\n";
        site.write("roles.yaml", role("reader") + guarded);
        REQUIRE(plan_and_apply({}).exit_code == 0);

        site.write("roles.yaml", role("reader"));
        const Finished pruned = plan_and_apply({"--prune"});

        CHECK_MESSAGE(pruned.out.find("0 deleted") != std::string::npos, pruned.out, pruned.err);
        CHECK_FALSE(api.sandbox()->uid_of("roles", "writer").empty());
    }

    TEST_CASE("E: a saved plan adopts as it was made to, whatever is configured when it is applied")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        const std::string theirs =
            R"({"metadata":{"name":"reader"},"spec":{"scope":"project","permissions":["a.b"]}})";
        REQUIRE_FALSE(api.sandbox()->put_object("roles", "", theirs).empty());
        const std::string file = (site.directory() / "saved.plan").string();
        REQUIRE(site.run(api, {"plan", "--adopt", "takeOver", "--out", file}).exit_code == 0);

        std::vector<std::string> apply{"apply", file};

        SUBCASE("nothing is configured") {}
        SUBCASE("the same is said once more")
        {
            apply.insert(apply.end(), {"--adopt", "takeOver"});
        }
        SUBCASE("something else is configured")
        {
            site.write("trueup.yaml", "owner: test-owner\nadopt: never\n");
        }
        SUBCASE("a flag that contradicts it is an error, and nothing is sent")
        {
            api.set_hook({}); // counts anew
            const Finished refused = site.run(api, {"apply", file, "--adopt", "ifEqual"});
            CHECK_MESSAGE(refused.exit_code == 1, refused.out, refused.err);
            CHECK_MESSAGE(refused.err.find("--adopt cannot change a saved plan, which was made "
                                           "with takeOver") != std::string::npos,
                          refused.err);
            CHECK(api.requests() == 0);
        }
        const Finished applied = site.run(api, apply);

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(applied.out.find("1 updated") != std::string::npos);
        CHECK(site.run(api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }

    TEST_CASE("C: nothing is changed, and nothing saved, on the word of --refresh none")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        const std::string file = (site.directory() / "saved.plan").string();

        const Finished applied = site.run(api, {"apply", "--yes", "--refresh", "none"});
        const Finished saved = site.run(api, {"plan", "--refresh", "none", "--out", file});

        CHECK(applied.exit_code == 1);
        CHECK(applied.err.find("--refresh none is for plan alone") != std::string::npos);
        CHECK(saved.exit_code == 1);
        CHECK(saved.err.find("--refresh none and --out do not go together") != std::string::npos);
        CHECK_FALSE(std::filesystem::exists(file));
        CHECK(api.requests() == 0);

        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const Finished planned = site.run(api, {"plan", "--refresh", "none"});
        CHECK_MESSAGE(planned.exit_code == 0, planned.out, planned.err);
        CHECK(planned.out.find("No changes") != std::string::npos);
    }

    TEST_CASE("many of ours missing at once is a refusal, not a mass re-create")
    {
        LiveApi api;
        Site site;
        site.settle = "0s"; // what was just made is missing at once
        site.write("roles.yaml", role("a") + role("b") + role("c"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const Finished list = site.run(api, {"state", "list"});
        std::istringstream lines(list.out);
        for (std::string line; std::getline(lines, line);)
            REQUIRE(api.sandbox()->remove_object("roles", line.substr(line.rfind(' ') + 1)));

        const Finished refused = site.run(api, {"apply", "--yes"});
        const Finished meant = site.run(api, {"apply", "--yes", "--max-missing", "3"});

        CHECK_MESSAGE(refused.exit_code == 3, refused.out, refused.err);
        CHECK(refused.err.find("missing at once") != std::string::npos);
        CHECK_MESSAGE(meant.exit_code == 0, meant.out, meant.err);
        CHECK(meant.out.find("3 created") != std::string::npos);
    }
}
