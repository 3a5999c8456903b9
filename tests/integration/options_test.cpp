// What single options and settings do, through the real binary.

#include "tests/integration/live_api.hpp"
#include "tests/support/texts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>

using namespace trueup;
using namespace trueup::test;

namespace {

std::string profile(const std::string& name, const std::string& project)
{
    return "---\napiVersion: palette/v1\nkind: ClusterProfile\nmetadata: {name: " + name +
           ", project: " + project + "}\nspec:\n  version: 1.0.0\n  template: {type: add-on}\n";
}

std::string roles(int count)
{
    std::string all;
    for (int i = 0; i < count; ++i)
        all += role("r" + std::to_string(i));
    return all;
}

// Applies roles at the rate that `rate` says, and tells how many calls of theirs were made, and how
// long all of it took. They are one group of the catalogue, which has the same limits as most.
std::pair<std::size_t, double>
apply_timed(LiveApi& api, const Site& site, const std::vector<std::string>& rate)
{
    std::size_t calls = 0;
    api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply&) {
        if (request.target.starts_with("/v1/roles"))
            ++calls;
    });
    std::vector<std::string> words = site.command(api, {"apply", "--yes"});
    std::erase(words, "--rate");
    std::erase(words, "unlimited");
    words.insert(words.end(), rate.begin(), rate.end());
    const auto begin = std::chrono::steady_clock::now();
    const Finished applied = run_process(words, Site::environment());
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    api.set_hook({});
    CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
    return {calls, taken.count()};
}

} // namespace

TEST_SUITE("integration: options")
{
    TEST_CASE("a setting that says nothing is an error with its line, and nothing is sent")
    {
        const std::vector<std::pair<std::string, std::string>> all{
            {"owner: test-owner\nmax-deletes: {a: 1}\n", "trueup.yaml:2: "},
            {"owner: test-owner\nmax-deletes:\n", "trueup.yaml:2: "},
            {"- owner: test-owner\n", "trueup.yaml:1: "},
            {"owner: test-owner\n---\nprune: true\n", "trueup.yaml:3: "},
        };
        LiveApi api;
        const Site site;
        site.write("roles.yaml", role("reader"));
        for (const auto& broken : all) {
            CAPTURE(broken.first);
            site.write("trueup.yaml", broken.first);
            for (const std::vector<std::string>& command : {std::vector<std::string>{"validate"},
                                                            {"plan"},
                                                            {"apply", "--yes"},
                                                            {"run", "--once"}}) {
                CAPTURE(command.front());

                const Finished finished = site.run(api, command);

                CHECK(finished.exit_code == 1);
                CHECK_MESSAGE(contains(finished.err, broken.second), finished.err);
            }
        }
        CHECK(api.requests() == 0);
    }

    TEST_CASE("a decimal is read: where none can be meant it is an error with its line")
    {
        const std::vector<std::pair<std::string, std::string>> all{
            {"max-deletes: 1.5\n", "trueup.yaml:2: --max-deletes: \"1.5\" is not a limit"},
            {"max-missing: 1.5\n", "trueup.yaml:2: --max-missing: \"1.5\" is not a limit"},
            {"limits: {deletes: 1.5}\n", "trueup.yaml:2: \"1.5\" is not a limit"},
            {"timeout: 0.5\n", "trueup.yaml:2: --timeout is a duration above 0, not 0.5"},
            {"settle: 0.5\n", "trueup.yaml:2: --settle: \"0.5\" is not a duration"},
            {"grace: 1.5\n", "trueup.yaml:2: --grace: \"1.5\" is not a duration"},
            {"adopt: 1.5\n", "trueup.yaml:2: --adopt: 1.5 not in {ifEqual,never,takeOver}"},
            {"freeze: [{from: 1.5, to: \"18:00\"}]\n", "trueup.yaml:2: from is a text"},
        };
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        for (const auto& broken : all) {
            CAPTURE(broken.first);
            site.write("trueup.yaml", "owner: test-owner\n" + broken.first);
            for (const std::vector<std::string>& command :
                 {std::vector<std::string>{"apply", "--yes"}, {"run", "--once"}}) {
                CAPTURE(command.front());
                std::vector<std::string> words = site.command(api, command);
                std::erase(words, "--settle");
                std::erase(words, site.settle);

                const Finished finished = run_process(words, Site::environment());

                CHECK(finished.exit_code == 1);
                CHECK_MESSAGE(contains(finished.err, broken.second), finished.err);
            }
        }
        CHECK(api.requests() == 0);
    }

    TEST_CASE("flags beat the environment, and the environment beats trueup.yaml")
    {
        LiveApi api;
        Site site;
        site.write("trueup.yaml", "owner: test-owner\nvar: STAGE=file\n");
        site.write("roles.yaml", role("of-${STAGE}"));
        std::map<std::string, std::string> environment = Site::environment();
        const auto planned = [&](std::vector<std::string> more) {
            more.insert(more.begin(), "plan");
            return run_process(site.command(api, more), environment).out;
        };

        CHECK(contains(planned({}), "Role/tenant/of-file"));
        environment["TRUEUP_VAR"] = "STAGE=environment";
        CHECK(contains(planned({}), "Role/tenant/of-environment"));
        CHECK(contains(planned({"--var", "STAGE=flag"}), "Role/tenant/of-flag"));
    }

    TEST_CASE("--target acts on nothing else, --exclude on everything else")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("one") + role("two") + role("three"));

        const Finished some = site.run(api, {"apply", "--yes", "--target", "Role/tenant/one"});
        CHECK_MESSAGE(contains(some.out, "Applied: 1 created"), some.out, some.err);
        CHECK(contains(api.sandbox()->dump(), "\"one\""));
        const Finished rest = site.run(api, {"apply", "--yes", "--exclude", "Role/tenant/two"});
        CHECK_MESSAGE(contains(rest.out, "Applied: 1 created"), rest.out, rest.err);
        CHECK(contains(api.sandbox()->dump(), "\"three\""));
        CHECK_FALSE(contains(api.sandbox()->dump(), "\"two\""));
    }

    TEST_CASE("--project acts on what is in that project alone")
    {
        LiveApi api;
        Site site;
        const auto project = [](const std::string& name) {
            return "---\napiVersion: palette/v1\nkind: Project\nmetadata: {name: " + name + "}\n";
        };
        site.write("projects.yaml", project("team-a") + project("team-b"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.write("profiles.yaml", profile("pa", "team-a") + profile("pb", "team-b"));

        const Finished applied = site.run(api, {"apply", "--yes", "--project", "team-a"});

        CHECK_MESSAGE(contains(applied.out, "Applied: 1 created"), applied.out, applied.err);
        CHECK(contains(api.sandbox()->dump(), "\"pa\""));
        CHECK_FALSE(contains(api.sandbox()->dump(), "\"pb\""));
    }

    TEST_CASE("--wait says how long what is made may take to become ready")
    {
        using namespace std::chrono_literals;
        SandboxOptions slow;
        slow.async_duration = 1h;
        LiveApi api(slow);
        const Site site;
        site.write("registry.yaml",
                   "apiVersion: palette/v1\nkind: RegistryHelm\nmetadata: {name: charts}\n"
                   "spec: {endpoint: \"https://charts.example.com\", isPrivate: false, "
                   "auth: {type: noAuth}}\n");

        const Finished none = site.run(api, {"apply", "--yes", "--wait", "none"});
        CHECK(none.exit_code == 0);
        CHECK_MESSAGE(contains(none.out, "1 created"), none.out, none.err);
        CHECK_MESSAGE(contains(none.out, "1 not ready yet"), none.out, none.err);
        const auto begin = std::chrono::steady_clock::now();
        const Finished some = site.run(api, {"apply", "--yes", "--wait", "1200ms"});
        CHECK(std::chrono::steady_clock::now() - begin >= 1200ms);
        CHECK_MESSAGE(contains(some.out, "1 not ready yet"), some.out, some.err);
        const Finished wrong = site.run(api, {"apply", "--yes", "--wait", "soon"});
        CHECK(wrong.exit_code == 1);
        CHECK_MESSAGE(contains(wrong.err, "--wait: \"soon\" is not a duration"), wrong.err);
    }

    TEST_CASE("--var gives a variable its value, and --env-var lets one come from the environment")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("of-${STAGE}"));
        std::map<std::string, std::string> environment = Site::environment();
        environment["STAGE"] = "environment";
        const auto planned = [&](std::vector<std::string> more) {
            more.insert(more.begin(), "plan");
            return run_process(site.command(api, more), environment);
        };

        const Finished unknown = planned({});
        CHECK(unknown.exit_code == 1);
        CHECK_MESSAGE(contains(unknown.err, "STAGE"), unknown.err);
        CHECK(contains(planned({"--var", "STAGE=flag"}).out, "Role/tenant/of-flag"));
        CHECK(contains(planned({"--env-var", "STAGE"}).out, "Role/tenant/of-environment"));
        CHECK(planned({"--env-var", "OTHER"}).exit_code == 1);
        CHECK(contains(planned({"--var", "STAGE"}).err, "--var is NAME=VALUE, not STAGE"));
    }

    TEST_CASE("--adopt decides about what exists and nobody has marked")
    {
        LiveApi api;
        const Site first;
        first.write("roles.yaml", role("reader"));
        REQUIRE(first.run(api, {"apply", "--yes"}).exit_code == 0);
        const std::string listed = first.run(api, {"state", "list", "--json"}).out;
        const std::string uid = listed.substr(listed.find("\"uid\": \"") + 8, 24);
        REQUIRE(api.sandbox()->patch_object(
            "roles", uid, R"({"metadata":{"annotations":null},"spec":{"permissions":["a.b"]}})"));
        const Site site;
        site.write("roles.yaml", role("reader"));
        const auto text = [&] { return api.sandbox()->dump(); };

        const Finished never = site.run(api, {"apply", "--yes", "--adopt", "never"});
        CHECK_MESSAGE(contains(never.out, "1 blocked"), never.out, never.err);
        const Finished equal = site.run(api, {"apply", "--yes", "--adopt", "ifEqual"});
        CHECK_MESSAGE(contains(equal.out, "1 blocked"), equal.out, equal.err);
        CHECK(contains(text(), "\"a.b\""));
        const Finished taken = site.run(api, {"apply", "--yes", "--adopt", "takeOver"});
        CHECK_MESSAGE(taken.exit_code == 0, taken.out, taken.err);
        CHECK_FALSE(contains(text(), "\"a.b\""));
        const Finished wrong = site.run(api, {"apply", "--yes", "--adopt", "always"});
        CHECK(wrong.exit_code == 1);
        CHECK(contains(wrong.err, "--adopt"));
    }

    TEST_CASE("--api-key-file holds the key that is sent, whatever the environment has")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", role("reader"));
        const auto planned = [&](const std::string& in_file, const std::string& in_environment) {
            const std::string file = (site.directory() / "key").string();
            site.write("key", in_file);
            std::map<std::string, std::string> environment = Site::environment();
            environment["SPECTROCLOUD_APIKEY"] = in_environment;
            return run_process(site.command(api, {"plan", "--api-key-file", file}), environment);
        };

        const Finished right = planned("sandbox\n", "of-somebody-else");
        CHECK_MESSAGE(right.exit_code == 0, right.err);
        const Finished wrong = planned("of-somebody-else\n", "sandbox");
        CHECK(wrong.exit_code == 1);
        CHECK_FALSE(contains(wrong.err, "of-somebody-else"));
        CHECK(planned("\n", "sandbox").exit_code == 1);
    }

    TEST_CASE("--rate: what is no rate is an error that says what is right, and nothing is sent")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", role("reader"));
        for (const std::string bad : {"inf",
                                      "-inf",
                                      "infinity",
                                      "nan",
                                      "NaN",
                                      "0",
                                      "0.0",
                                      "-1",
                                      "1e999",
                                      "fast",
                                      "10/s",
                                      "5 ",
                                      "Unlimited",
                                      "0x10"}) {
            CAPTURE(bad);
            std::vector<std::string> words = site.command(api, {"plan"});
            std::ranges::replace(words, "unlimited", bad);
            for (const std::vector<std::string>& command :
                 {words, {trueup_binary(), "sandbox", "--rate", bad}}) {
                Process process(command, Site::environment());
                const auto finished = process.wait_for(std::chrono::seconds(30));

                REQUIRE(finished); // a sandbox that takes it serves for ever
                CHECK(finished->exit_code == 1);
                CHECK_MESSAGE(contains(finished->err,
                                       "--rate is a number of requests a second above 0, or "
                                       "unlimited, not " +
                                           bad + " (write it as 10 or 0.5)"),
                              finished->err);
            }
        }
        CHECK(api.requests() == 0);
    }

    TEST_CASE("--rate 10: calls of one group leave a tenth of a second apart")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", roles(6));

        const auto [calls, seconds] = apply_timed(api, site, {"--rate", "10"});

        CHECK(calls >= 12); // a create and a look at each, and a list
        CHECK(seconds >= static_cast<double>(calls - 1) / 10);
    }

    TEST_CASE("without --rate the catalogue's limits hold: 10 calls a second after a burst of 50")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", roles(21));

        const auto [calls, seconds] = apply_timed(api, site, {});

        CHECK(calls > 55); // more than a burst
        CHECK(seconds >= static_cast<double>(calls - 50) / 10);
    }

    TEST_CASE("a rate in trueup.yaml holds as one on the command line does")
    {
        LiveApi api;
        const Site site;
        site.write("trueup.yaml", "owner: test-owner\nrate: 12.5\n");
        site.write("roles.yaml", roles(6));

        const auto [calls, seconds] = apply_timed(api, site, {});

        CHECK(calls >= 12);
        CHECK(seconds >= static_cast<double>(calls - 1) / 12.5);
    }
}
