// The real daemon as a process: real files, inotify, signals, sockets and time.

#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "tests/integration/live_api.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <iterator>
#include <set>

namespace trueup::test {

namespace {

using Steady = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto patience = 60s; // far more than anything here takes, for machines that are busy

// A sandbox that can be waited for.
class WatchedApi {
public:
    WatchedApi()
    {
        api.set_hook([this](std::size_t, const HttpRequest& request, ServerReply&) {
            const std::lock_guard lock(seen_mutex_);
            ++requests_;
            last_ = Steady::now();
            if (first_ == Steady::time_point())
                first_ = last_;
            if (api.sandbox()->is_write(request))
                ++writes_;
            seen_.notify_all();
        });
    }

    // Until `holds`, which is asked after each request and now and then.
    template <class Predicate>
    bool wait(Predicate holds)
    {
        const auto deadline = Steady::now() + patience;
        while (Steady::now() < deadline) {
            {
                const std::lock_guard lock(api.mutex());
                if (holds())
                    return true;
            }
            std::unique_lock lock(seen_mutex_);
            seen_.wait_for(lock, 20ms);
        }
        return false;
    }
    // Until nothing was asked for so long.
    void wait_for_quiet(std::chrono::milliseconds quiet)
    {
        wait([&] {
            const std::lock_guard lock(seen_mutex_);
            return last_ != Steady::time_point() && Steady::now() - last_ > quiet;
        });
    }
    // From now on: what was asked before, by somebody else, says nothing about quiet.
    void forget_last()
    {
        const std::lock_guard lock(seen_mutex_);
        last_ = Steady::time_point();
    }
    bool exists(const std::string& role) { return !api.sandbox()->uid_of("roles", role).empty(); }
    std::size_t writes()
    {
        const std::lock_guard lock(seen_mutex_);
        return writes_;
    }
    void restart_counting()
    {
        const std::lock_guard lock(seen_mutex_);
        first_ = Steady::time_point();
        writes_ = 0;
    }
    Steady::time_point first_request()
    {
        const std::lock_guard lock(seen_mutex_);
        return first_;
    }

private:
    std::mutex seen_mutex_;
    std::condition_variable seen_;
    std::size_t requests_ = 0;
    std::size_t writes_ = 0;
    Steady::time_point first_;
    Steady::time_point last_;

public:
    LiveApi api; // ends first: its hook uses the rest
};

// What was logged, a message each.
std::vector<std::string> messages(const Finished& finished)
{
    std::vector<std::string> all;
    std::istringstream lines(finished.err);
    for (std::string line; std::getline(lines, line);)
        if (auto record = json::parse(line); record && record->if_map() != nullptr)
            if (const Value* message = record->if_map()->find("message"))
                all.push_back(message->string_or_empty());
    return all;
}

std::size_t count(const std::vector<std::string>& all, const std::string& beginning)
{
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](const std::string& text) { return text.starts_with(beginning); }));
}

bool any(const std::vector<std::string>& all, const std::string& words)
{
    return std::ranges::any_of(
        all, [&](const std::string& text) { return text.find(words) != std::string::npos; });
}

// A running daemon of a site.
class Daemon {
public:
    Daemon(const Site& site, WatchedApi& world, std::vector<std::string> options = {})
    {
        world.forget_last();
        std::vector<std::string> arguments{"run", "--log-format", "json"};
        if (std::ranges::find(options, "--interval") == options.end())
            arguments.insert(arguments.end(), {"--interval", "1h"});
        arguments.insert(arguments.end(), options.begin(), options.end());
        process_ =
            std::make_unique<Process>(site.command(world.api, arguments), Site::environment());
    }

    void signal(int number) const { ::kill(process_->pid(), number); }
    void kill_now() const { process_->kill_now(); }
    Finished stop() const
    {
        signal(SIGTERM);
        return process_->wait();
    }
    Finished wait() const { return process_->wait(); }

private:
    std::unique_ptr<Process> process_;
};

std::string word(const std::string& dump, const std::string& wanted)
{
    return dump.find(wanted) != std::string::npos ? wanted : std::string();
}

TEST_SUITE("integration: daemon")
{
    TEST_CASE("an edit is answered by a request within a second")
    {
        WatchedApi world;
        const Site site;
        site.write("a.yaml", role("edited", "first.permission"));
        const Daemon daemon(site, world);
        REQUIRE(world.wait([&] { return world.exists("edited"); }));
        world.wait_for_quiet(500ms);

        std::vector<std::chrono::milliseconds> delays;
        constexpr int edits = 50;
        for (int i = 0; i < edits; ++i) {
            world.restart_counting();
            const std::string permission = "permission.n" + std::to_string(i);
            const auto begun = Steady::now();
            site.write("a.yaml", role("edited", permission));
            REQUIRE(world.wait([&] {
                return !word(world.api.sandbox()->dump(), "\"" + permission + "\"").empty();
            }));
            delays.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(
                world.first_request() - begun));
            world.wait_for_quiet(200ms);
        }
        const Finished finished = daemon.stop();

        std::ranges::sort(delays);
        MESSAGE("edit to first request: median ",
                delays[delays.size() / 2].count(),
                " ms, worst ",
                delays.back().count(),
                " ms");
        CHECK(finished.exit_code == 0);
        // A second, and what a busy machine adds: ten times as long as it takes to start a program.
        const auto begun = Steady::now();
        CHECK(run_process({trueup_binary(), "--version"}).exit_code == 0);
        CHECK(delays[delays.size() / 2] < 1s + 10 * (Steady::now() - begun));
    }

    TEST_CASE("a thousand files that are copied slowly are one round, of all of them")
    {
        WatchedApi world;
        const Site site;
        site.write("first.yaml", role("first"));
        const Daemon daemon(site, world, {"--parallelism", "32"});
        REQUIRE(world.wait([&] { return world.exists("first"); }));
        world.wait_for_quiet(500ms);
        const std::size_t before = world.api.sandbox()->count("roles");

        constexpr int files = 1000;
        std::mutex pace_mutex;
        std::condition_variable pace;
        for (int i = 0; i < files; ++i) {
            site.write("copy/" + std::to_string(i % 20) + "/r" + std::to_string(i) + ".yaml",
                       role("copied-" + std::to_string(i)));
            std::unique_lock lock(pace_mutex);
            pace.wait_for(lock, 3ms);
        }
        REQUIRE(world.wait([&] { return world.api.sandbox()->count("roles") == before + files; }));
        world.wait_for_quiet(3s);
        const auto said = messages(daemon.stop());

        CHECK(count(said, "round (edit)") == 1);
        CHECK(any(said, "round (edit): applied, 1000 create"));
    }

    TEST_CASE("a broken file keeps its last good text in force, and the others go on")
    {
        WatchedApi world;
        const Site site;
        site.write("a.yaml", role("kept", "kept.permission"));
        site.write("b.yaml", role("other"));
        const Daemon daemon(site, world, {"--prune", "--interval", "1s"});
        REQUIRE(world.wait([&] { return world.exists("kept") && world.exists("other"); }));

        site.write("a.yaml", "apiVersion: palette/v1\nkind: Role\n  metadata: [");
        site.write("c.yaml", role("newcomer"));
        REQUIRE(world.wait([&] { return world.exists("newcomer"); }));
        {
            const std::lock_guard lock(world.api.mutex());
            world.api.sandbox()->patch_object("roles",
                                              world.api.sandbox()->uid_of("roles", "kept"),
                                              R"({"spec":{"permissions":["meddled.with"]}})");
        }
        CHECK(world.wait(
            [&] { return word(world.api.sandbox()->dump(), "\"meddled.with\"").empty(); }));
        const auto said = messages(daemon.stop());

        CHECK(world.exists("kept"));
        CHECK(any(said, "its last good text stays in force"));
    }

    TEST_CASE("a new directory, a renamed one and a link that is turned are all noticed")
    {
        WatchedApi world;
        const Site site;
        site.write("versions/1/a.yaml", role("linked", "version.one"));
        site.write("versions/2/a.yaml", role("linked", "version.two"));
        site.write("versions/.keep", "");
        const Site link;
        std::filesystem::create_directory_symlink(site.directory() / "versions/1",
                                                  link.directory() / "current");
        const auto command = link.command(world.api,
                                          {"run",
                                           "-f",
                                           (link.directory() / "current").string(),
                                           "--config",
                                           (link.directory() / "trueup.yaml").string(),
                                           "--state",
                                           (link.directory() / "state.db").string(),
                                           "--log-format",
                                           "json"});
        // Without the site's own -f, which would be a second set of the same manifests.
        std::vector<std::string> cleaned;
        for (std::size_t i = 0; i < command.size(); ++i) {
            if (command[i] == "-f" && command[i + 1] == link.directory().string()) {
                ++i;
                continue;
            }
            cleaned.push_back(command[i]);
        }
        Process daemon(cleaned, Site::environment());
        REQUIRE(world.wait(
            [&] { return !word(world.api.sandbox()->dump(), "\"version.one\"").empty(); }));

        std::filesystem::create_directory_symlink(site.directory() / "versions/2",
                                                  link.directory() / "next");
        std::filesystem::rename(link.directory() / "next", link.directory() / "current");
        CHECK(world.wait(
            [&] { return !word(world.api.sandbox()->dump(), "\"version.two\"").empty(); }));

        std::filesystem::create_directories(site.directory() / "versions/2/deep/er");
        site.write("versions/2/deep/er/b.yaml", role("deeper"));
        CHECK(world.wait([&] { return world.exists("deeper"); }));
        ::kill(daemon.pid(), SIGTERM);
        CHECK(daemon.wait().exit_code == 0);
    }

    TEST_CASE("SIGTERM in the middle of an apply: what runs is recorded, the rest is done later")
    {
        WatchedApi world;
        const Site site;
        for (int i = 0; i < 200; ++i)
            site.write("r" + std::to_string(i) + ".yaml", role("r" + std::to_string(i)));
        std::size_t made = 0;
        {
            const Daemon daemon(site, world, {"--parallelism", "2"});
            REQUIRE(world.wait([&] { return world.exists("r0") || world.writes() > 20; }));
            const auto said = messages(daemon.stop());
            made = world.api.sandbox()->count("roles");
            CHECK(any(said, "stopping"));
        }
        const Finished state = site.run(world.api, {"state", "list"});
        const auto remembered = static_cast<std::size_t>(std::ranges::count(state.out, '\n'));
        world.restart_counting();
        const Daemon again(site, world, {"--once"});
        CHECK(again.wait().exit_code == 0);

        CHECK(world.api.sandbox()->count("roles") >= made);
        CHECK(world.exists("r199"));
        CHECK(remembered < 200);
        // Nothing was made twice.
        std::set<std::string> names;
        for (int i = 0; i < 200; ++i)
            names.insert(world.api.sandbox()->uid_of("roles", "r" + std::to_string(i)));
        CHECK(names.size() == 200);
    }

    TEST_CASE("after kill -9 the next start goes on, beside a state that readers can use")
    {
        WatchedApi world;
        const Site site;
        for (int i = 0; i < 100; ++i)
            site.write("r" + std::to_string(i) + ".yaml", role("r" + std::to_string(i)));
        std::size_t before = 0;
        {
            const std::lock_guard lock(world.api.mutex());
            before = world.api.sandbox()->count("roles");
        }
        {
            const Daemon daemon(site, world, {"--parallelism", "4"});
            REQUIRE(world.wait([&] { return world.writes() > 30; }));
            daemon.kill_now();
            CHECK(daemon.wait().exit_code == 128 + SIGKILL);
        }
        const Daemon again(site, world);
        CHECK(world.wait([&] { return world.api.sandbox()->count("roles") == before + 100; }));
        CHECK(site.run(world.api, {"plan", "--detailed-exitcode"}).exit_code != 1);
        CHECK(site.run(world.api, {"apply", "--yes"}).exit_code == 1); // the daemon has the state
        world.wait_for_quiet(1s);
        CHECK(again.stop().exit_code == 0);
        CHECK(world.api.sandbox()->count("roles") == before + 100);
    }

    TEST_CASE("SIGHUP takes a new configuration, and keeps the old one when that is bad")
    {
        WatchedApi world;
        const Site site;
        site.write("trueup.yaml", "owner: test-owner\nmode: auto\n");
        site.write("a.yaml", role("a"));
        site.write("b.yaml", role("b"));
        const Daemon daemon(site, world);
        REQUIRE(world.wait([&] { return world.exists("a") && world.exists("b"); }));
        world.wait_for_quiet(500ms);
        site.remove("a.yaml");
        world.wait_for_quiet(1500ms);
        CHECK(world.exists("a"));

        site.write("trueup.yaml", "owner: test-owner\nprune: true\ngrase: 1h\n");
        world.restart_counting();
        daemon.signal(SIGHUP);
        // Whatever becomes of the configuration, everything is looked at anew.
        CHECK(world.wait([&] { return world.first_request() != Steady::time_point(); }));
        world.wait_for_quiet(500ms);
        CHECK(world.exists("a"));
        site.write("trueup.yaml", "owner: test-owner\nprune: true\n");
        daemon.signal(SIGHUP);
        CHECK(world.wait([&] { return !world.exists("a"); }));
        const auto said = messages(daemon.stop());

        CHECK(any(said, "the configuration stays as it was"));
        CHECK(any(said, "unknown setting grase"));
        CHECK(any(said, "did you mean \"grace\"?"));
        CHECK(world.exists("b"));
    }

    TEST_CASE("a dry run shows the plan and writes nothing, whatever happens")
    {
        WatchedApi world;
        const Site site;
        site.write("a.yaml", role("a"));
        const Daemon daemon(site, world, {"--dry-run", "--interval", "1s"});
        world.wait_for_quiet(500ms);
        site.write("b.yaml", role("b"));
        world.wait_for_quiet(1200ms);

        const Finished finished = daemon.stop();

        CHECK(world.writes() == 0);
        CHECK(finished.out.find("Role/tenant/a") != std::string::npos);
    }

    TEST_CASE("in approve mode the digest in the approval file lets the plan through")
    {
        WatchedApi world;
        const Site site;
        site.write("a.yaml", role("a"));
        const Daemon daemon(site, world, {"--mode", "approve"});
        world.wait_for_quiet(1500ms);
        CHECK(world.writes() == 0);
        const Finished planned = site.run(world.api, {"plan", "--json"});
        const auto document = json::parse(planned.out);
        REQUIRE(document);
        const Value* digest = find(*document, *Path::parse("trueup.digest"));
        REQUIRE(digest != nullptr);

        site.write(".trueup-approve", digest->string_or_empty() + "\n");

        CHECK(world.wait([&] { return world.exists("a"); }));
        const auto said = messages(daemon.stop());
        CHECK(any(said, "was approved by the approval file"));
    }

    TEST_CASE("a freeze window and a grace period hold in the real daemon too")
    {
        WatchedApi world;
        const Site site;
        site.write("trueup.yaml",
                   "owner: test-owner\nprune: true\ngrace: 2s\n"
                   "freeze:\n  - {from: \"00:00\", to: \"24:00\", zone: UTC}\n");
        site.write("a.yaml", role("a"));
        site.write("b.yaml", role("b"));
        CHECK(site.run(world.api, {"apply", "--yes"}).exit_code == 3);
        const Daemon daemon(site, world);
        world.wait_for_quiet(1s);
        CHECK(world.writes() == 0);

        site.write("trueup.yaml", "owner: test-owner\nprune: true\ngrace: 2s\n");
        daemon.signal(SIGHUP);
        REQUIRE(world.wait([&] { return world.exists("a") && world.exists("b"); }));
        const auto removed = Steady::now();
        site.remove("a.yaml");
        CHECK(world.wait([&] { return !world.exists("a"); }));
        CHECK(Steady::now() - removed > 2s);
        CHECK(daemon.stop().exit_code == 0);
    }

    TEST_CASE("a configuration that is nonsense is refused with its line")
    {
        WatchedApi world;
        const Site site;
        site.write(
            "trueup.yaml",
            "owner: test-owner\nfreeze:\n  - {days: [Fryday], from: \"18:00\", to: \"08:00\"}\n");

        const Finished finished = Daemon(site, world, {"--once"}).wait();

        CHECK(finished.exit_code == 1);
        CHECK(finished.err.find("trueup.yaml:3") != std::string::npos);
        CHECK(finished.err.find("Friday") != std::string::npos);
    }
}

} // namespace

} // namespace trueup::test
