// The daemon as a process that lacks something: room on its disk, descriptors, the patience of
// whoever stops it. It goes on, says what is missing, and comes right when that is there again.

#include "tests/integration/live_api.hpp"
#include "tests/process/child.hpp"
#include "tests/process/small_disk.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <csignal>

using namespace trueup;
using namespace trueup::test;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Scene {
    Scene() : before(api.sandbox()->count("roles")) {}

    Process start(const std::vector<std::string>& more = {}, const ChildSetup& setup = {}) const
    {
        std::vector<std::string> arguments{"run", "--interval", "1s", "--log-level", "warning"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return {site.command(api, arguments), Site::environment(), "", setup};
    }
    std::size_t made()
    {
        const std::lock_guard lock(api.mutex());
        return api.sandbox()->count("roles") - before;
    }
    void declare(std::size_t first, std::size_t count, std::size_t size) const
    {
        std::string text;
        for (std::size_t i = first; i < first + count; ++i)
            text += "---\napiVersion: palette/v1\nkind: Role\nmetadata:\n  name: role-" +
                    std::to_string(i) + "\n  annotations: {description: \"" +
                    std::string(size, 'd') +
                    "\"}\nspec: {scope: project, type: user, permissions: [cluster.get]}\n";
        site.write("roles-" + std::to_string(first) + ".yaml", text);
    }
    std::filesystem::path directory() const { return site.directory() / ".trueup"; }

    LiveApi api;
    Site site;
    std::size_t before;
};

} // namespace

TEST_SUITE("process: daemon")
{
    TEST_CASE("thirty-two descriptors are enough, for those who ask it too")
    {
        Scene scene;
        scene.declare(0, 30, 10);
        Process daemon = scene.start({}, limited(RLIMIT_NOFILE, 32));

        REQUIRE_MESSAGE(wait_until(daemon, [&] { return scene.made() == 30; }), daemon.err());
        const std::string socket = scene.directory() / "control.sock";
        std::vector<std::unique_ptr<Process>> askers;
        for (int i = 0; i < 24; ++i)
            askers.push_back(std::make_unique<Process>(
                std::vector<std::string>{trueup_binary(), "status", "--socket", socket},
                Site::environment()));
        std::size_t answered = 0;
        for (const auto& asker : askers)
            answered += asker->wait().exit_code == 0 ? 1U : 0U;
        CHECK(answered > 0);
        // And it goes on.
        scene.declare(30, 5, 10);
        CHECK_MESSAGE(wait_until(daemon, [&] { return scene.made() == 35; }), daemon.err());
        ::kill(daemon.pid(), SIGTERM);
        const auto finished = daemon.wait_for(seconds(30));
        REQUIRE(finished);
        CHECK(finished->exit_code == 0);
    }

    TEST_CASE("a disk that fills up: it says so, makes nothing unrecorded, and goes on with room")
    {
        Scene scene;
        const SmallDisk disk(scene.directory(), 300);
        if (!disk.usable()) {
            MESSAGE("skipped: no small disk without root and mount namespaces");
            return;
        }
        std::atomic<std::size_t> creates = 0;
        scene.api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply&) {
            creates += request.method == "POST" && request.target == "/v1/roles" ? 1U : 0U;
        });
        scene.declare(0, 120, 3000);
        Process daemon = scene.start();

        const auto says_so = [&] {
            return daemon.err().find("the disk is full") != std::string::npos;
        };
        REQUIRE_MESSAGE(wait_until(daemon, says_so), daemon.err());
        disk.grow(30'000);

        REQUIRE_MESSAGE(wait_until(daemon, [&] { return scene.made() == 120; }), daemon.err());
        ::kill(daemon.pid(), SIGTERM);
        REQUIRE(daemon.wait_for(seconds(30)));

        CHECK(creates == 120);
        CHECK(scene.site.run(scene.api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }

    TEST_CASE("a second signal ends it at once, and the next start finds out what became of it")
    {
        Scene scene;
        std::atomic<bool> slow = true;
        std::atomic<std::size_t> creates = 0;
        scene.api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (request.method != "POST" || request.target != "/v1/roles")
                return;
            ++creates;
            if (slow)
                reply.delay = seconds(60);
        });
        scene.declare(0, 12, 10);
        Process daemon = scene.start({"--parallelism", "4"});
        REQUIRE(wait_until(daemon, [&] { return creates == 4; }));
        ::kill(daemon.pid(), SIGTERM);
        CHECK_FALSE(daemon.wait_for(milliseconds(500)));

        ::kill(daemon.pid(), SIGTERM);
        const auto finished = daemon.wait_for(seconds(10));

        REQUIRE(finished);
        CHECK(finished->exit_code != 0);
        CHECK(creates == 4);
        slow = false;
        Process next = scene.start();
        CHECK_MESSAGE(wait_until(next, [&] { return scene.made() == 12; }), next.err());
        ::kill(next.pid(), SIGTERM);
        REQUIRE(next.wait_for(seconds(60)));
        CHECK(creates == 12);
        CHECK(scene.site.run(scene.api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }
}
