// Two processes and one state: the second writer is told at once, readers go on.

#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

using namespace trueup;
using namespace trueup::test;

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_SUITE("process: two at once")
{
    TEST_CASE("a second writer is refused at once, by the first one's process id, sending nothing")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader") + role("writer"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.write("roles.yaml", role("reader", "a.b") + role("writer", "a.b"));
        std::atomic<bool> held = false;
        api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (request.method == "PUT") {
                held = true;
                reply.delay = seconds(10);
            }
        });
        Process first(site.command(api, {"apply", "--yes"}), Site::environment());
        for (int i = 0; i < 1000 && !held; ++i)
            REQUIRE_FALSE(first.wait_for(milliseconds(10)));
        const std::size_t before = api.requests();

        for (const std::vector<std::string>& writer : std::vector<std::vector<std::string>>{
                 {"apply", "--yes"},
                 {"apply", "--yes", "--destroy"},
                 {"state", "rm", "Role/tenant/reader"},
                 {"import", "Role/tenant/reader", "0123456789abcdef01234567"}}) {
            CAPTURE(writer.front());
            const auto begun = std::chrono::steady_clock::now();
            const Finished second = site.run(api, writer);
            CHECK(std::chrono::steady_clock::now() - begun < seconds(5));
            CHECK(second.exit_code == 1);
            CHECK_MESSAGE(second.err.find("the state is in use: process " +
                                          std::to_string(first.pid()) + " is writing to it") !=
                              std::string::npos,
                          second.err);
        }
        CHECK(api.requests() == before);
        REQUIRE_FALSE(first.wait_for(milliseconds(1)));

        // Beside it, everything that only reads works.
        const Finished list = site.run(api, {"state", "list"});
        CHECK(std::ranges::count(list.out, '\n') == 2);
        CHECK(site.run(api, {"state", "show", "Role/tenant/reader"}).exit_code == 0);
        const Finished plan = site.run(api, {"plan"});
        CHECK_MESSAGE(plan.exit_code == 0, plan.err);
        CHECK(first.wait().exit_code == 0);
        CHECK(site.run(api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }

    TEST_CASE(
        "many starts at once: one works, the others are refused, and everything is there once")
    {
        LiveApi api;
        Site site;
        std::string text;
        for (int i = 0; i < 10; ++i)
            text += role("role-" + std::to_string(i));
        site.write("roles.yaml", text);
        const std::size_t before = api.sandbox()->count("roles");
        std::vector<std::unique_ptr<Process>> processes;
        for (int i = 0; i < 8; ++i)
            processes.push_back(std::make_unique<Process>(site.command(api, {"apply", "--yes"}),
                                                          Site::environment()));
        std::size_t good = 0;
        for (const auto& process : processes) {
            const Finished finished = process->wait();
            good += finished.exit_code == 0 ? 1U : 0U;
            if (finished.exit_code != 0)
                CHECK_MESSAGE(finished.err.find("the state is in use") != std::string::npos,
                              finished.err);
        }
        CHECK(good >= 1);
        CHECK(api.sandbox()->count("roles") == before + 10);
    }

    TEST_CASE("two states and one owner: the marks tell them apart, and nothing is made twice")
    {
        LiveApi api;
        Site site;
        std::string text;
        for (int i = 0; i < 10; ++i)
            text += role("role-" + std::to_string(i));
        site.write("roles.yaml", text);
        const std::size_t before = api.sandbox()->count("roles");
        const std::string other = (site.directory() / ".other" / "state.db").string();
        std::vector<std::unique_ptr<Process>> processes;
        for (const auto& more : std::vector<std::vector<std::string>>{{}, {"--state", other}}) {
            std::vector<std::string> arguments{"apply", "--yes"};
            arguments.insert(arguments.end(), more.begin(), more.end());
            processes.push_back(
                std::make_unique<Process>(site.command(api, arguments), Site::environment()));
        }
        for (const auto& process : processes)
            CHECK(process->wait().exit_code <= 1);
        CHECK(api.sandbox()->count("roles") == before + 10);
        for (int round = 0; round < 2; ++round) {
            CHECK(site.run(api, {"apply", "--yes"}).exit_code == 0);
            CHECK(site.run(api, {"apply", "--yes", "--state", other}).exit_code == 0);
        }
        CHECK(api.sandbox()->count("roles") == before + 10);
        CHECK(site.run(api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }
}
