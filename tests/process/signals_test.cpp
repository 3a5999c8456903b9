// Signals in the middle of an apply: what runs is finished and recorded, nothing new is started,
// and it ends within a bound, whatever the server does.

#include "tests/integration/live_api.hpp"
#include "tests/process/child.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

using namespace trueup;
using namespace trueup::test;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t roles_count = 24;
constexpr std::size_t at_a_time = 4;

bool is_create(const HttpRequest& request)
{
    return request.method == "POST" && request.target == "/v1/roles";
}

// An API whose creates are answered late, and a site with many of them to make.
struct Scene {
    explicit Scene(milliseconds late) : before(api.sandbox()->count("roles"))
    {
        std::string text;
        for (std::size_t i = 0; i < roles_count; ++i)
            text += role("role-" + std::to_string(i));
        site.write("roles.yaml", text);
        api.set_hook([this, late](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (!is_create(request))
                return;
            ++creates;
            reply.delay = late;
        });
    }

    Process start(std::vector<std::string> more = {}) const
    {
        std::vector<std::string> arguments{
            "apply", "--yes", "--parallelism", std::to_string(at_a_time)};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return {site.command(api, arguments), Site::environment()};
    }

    // The next apply, undisturbed, completes it: everything is there once.
    void check_next_apply()
    {
        api.set_hook([this](std::size_t, const HttpRequest& request, ServerReply&) {
            creates += is_create(request) ? 1U : 0U;
        });
        const Finished next = site.run(api, {"apply", "--yes"});
        CHECK_MESSAGE(next.exit_code == 0, next.out, next.err);
        CHECK(creates == roles_count);
        CHECK(api.sandbox()->count("roles") == before + roles_count);
        CHECK(site.run(api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }

    LiveApi api;
    Site site;
    std::size_t before;
    std::atomic<std::size_t> creates = 0;
};

} // namespace

TEST_SUITE("process: signals")
{
    TEST_CASE("SIGTERM and SIGINT let what runs end and be recorded, and start nothing new")
    {
        for (const int signal : {SIGTERM, SIGINT}) {
            CAPTURE(signal);
            Scene scene(milliseconds(700));
            Process process = scene.start();
            REQUIRE(wait_until(process, [&] { return scene.creates == at_a_time; }));

            kill(process.pid(), signal);
            const auto finished = process.wait_for(seconds(10));

            REQUIRE(finished);
            CHECK(finished->exit_code == 1);
            CHECK(scene.creates == at_a_time);
            CHECK(finished->err.find("trueup: stopping: what runs is finished") !=
                  std::string::npos);
            CHECK_MESSAGE(finished->out.find("4 created") != std::string::npos, finished->out);
            CHECK(finished->out.find("stopped before it started") != std::string::npos);
            const std::string list = scene.site.run(scene.api, {"state", "list"}).out;
            CHECK(std::ranges::count(list, '\n') == at_a_time);
            scene.check_next_apply();
        }
    }

    TEST_CASE("a second signal ends it at once, and the next apply finds out what became of it")
    {
        Scene scene(seconds(60));
        Process process = scene.start();
        REQUIRE(wait_until(process, [&] { return scene.creates == at_a_time; }));
        kill(process.pid(), SIGTERM);
        REQUIRE(wait_until(process,
                           [&] { return process.err().find("stopping") != std::string::npos; }));
        CHECK_FALSE(process.wait_for(milliseconds(300)));

        kill(process.pid(), SIGINT);
        const auto finished = process.wait_for(seconds(20));

        REQUIRE(finished);
        CHECK(finished->exit_code == 1);
        scene.check_next_apply();
    }

    TEST_CASE("one signal is enough: what does not end by itself is left after --timeout")
    {
        Scene scene(seconds(60));
        // Once the creates are under way nothing at all is answered any more, so that the tries of
        // reads would go on and on.
        scene.api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply& reply) {
            const bool creates = is_create(request);
            scene.creates += creates ? 1U : 0U;
            if (creates || scene.creates >= at_a_time)
                reply.delay = seconds(60);
        });
        Process process = scene.start({"--timeout", "2s"});
        REQUIRE(wait_until(process, [&] { return scene.creates == at_a_time; }));

        kill(process.pid(), SIGTERM);
        const auto finished = process.wait_for(seconds(20));

        REQUIRE(finished);
        CHECK(finished->exit_code == 1);
        CHECK_MESSAGE(finished->err.find("stopped before everything had ended") !=
                          std::string::npos,
                      finished->err);
        scene.check_next_apply();
    }

    TEST_CASE("a wait for readiness ends with the signal, and is remembered as a wait")
    {
        LiveApi api;
        Site site;
        // Roles that become ready when a field says so, which it never does.
        std::ifstream in(source_dir() + "/api/kinds/palette/role.yaml");
        std::stringstream kind;
        kind << in.rdbuf()
             << "readiness: {state: metadata.annotations.state, ready: [ready], interval: 300s, "
                "deadline: 1h}\n";
        site.write(".kinds/role.yaml", kind.str());
        site.write("roles.yaml", role("reader"));
        const std::string kinds = (site.directory() / ".kinds").string();
        std::atomic<bool> made = false;
        api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply&) {
            made = made || is_create(request);
        });
        Process process(site.command(api, {"apply", "--yes", "--kinds", kinds}),
                        Site::environment());
        REQUIRE(wait_until(process, [&] { return made.load(); }));
        CHECK_FALSE(process.wait_for(milliseconds(500)));

        kill(process.pid(), SIGTERM);
        const auto finished = process.wait_for(seconds(20));

        REQUIRE(finished);
        CHECK_MESSAGE(finished->out.find("1 not ready yet") != std::string::npos,
                      finished->out,
                      finished->err);
        const Finished show =
            site.run(api, {"state", "show", "Role/tenant/reader", "--kinds", kinds});
        CHECK_MESSAGE(show.out.find("\"waiting\"") != std::string::npos, show.out, show.err);
    }

    TEST_CASE("a process that stands still for longer than a deadline ends well when it goes on")
    {
        // As when its machine is overloaded, or is carried elsewhere. When it wakes its deadlines
        // have passed, and the answers are there, or come later still.
        constexpr milliseconds deadline(400);
        for (const milliseconds late : {deadline / 8, deadline * 6}) {
            CAPTURE(late.count());
            Scene scene(late);
            Process process = scene.start({"--timeout", "400ms"});
            REQUIRE(wait_until(process, [&] { return scene.creates == at_a_time; }));

            kill(process.pid(), SIGSTOP);
            CHECK_FALSE(process.wait_for(deadline * 4));
            CHECK(scene.creates <= 2 * at_a_time); // it does stand still
            kill(process.pid(), SIGCONT);
            const auto finished = process.wait_for(seconds(60));

            REQUIRE(finished);
            CHECK_MESSAGE(finished->exit_code == 0, finished->out, finished->err);
            CHECK(scene.creates == roles_count);
            scene.check_next_apply();
        }
    }

    TEST_CASE("SIGHUP, SIGQUIT and SIGABRT are crashes like any other")
    {
        for (const int signal : {SIGHUP, SIGQUIT, SIGABRT}) {
            CAPTURE(signal);
            Scene scene(milliseconds(500));
            Process process = scene.start();
            REQUIRE(wait_until(process, [&] { return scene.creates == at_a_time; }));

            kill(process.pid(), signal);

            CHECK(process.wait().exit_code == 128 + signal);
            scene.check_next_apply();
        }
    }

    TEST_CASE("a signal before the apply has begun to change anything changes nothing")
    {
        Scene scene(milliseconds(0));
        std::atomic<bool> asked = false;
        scene.api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply& reply) {
            scene.creates += is_create(request) ? 1U : 0U;
            asked = true;
            reply.delay = seconds(60);
        });
        Process process = scene.start();
        REQUIRE(wait_until(process, [&] { return asked.load(); }));

        kill(process.pid(), SIGTERM);
        const auto finished = process.wait_for(seconds(20));

        REQUIRE(finished);
        CHECK(finished->exit_code != 0);
        CHECK(scene.creates == 0);
        scene.check_next_apply();
    }
}
