// trueup run with its manifests in a git repository: the real program, a real git.

#include "live_api.hpp"
#include "tests/support/git.hpp"

#include <csignal>

namespace trueup::test {

namespace {

using namespace std::chrono_literals;

// Somebody's repository, and a place for a daemon that follows it.
class Repository {
public:
    explicit Repository(const LiveApi& api) : api_(api)
    {
        git({"init", "--quiet", "--initial-branch=main"});
        place.write("work/.gitkeep", "");
        std::ofstream(work() / "fleet.yaml") << role("first");
        commit("first");
    }

    void git(std::vector<std::string> arguments) const
    {
        std::filesystem::create_directories(work());
        git_in(work(), std::move(arguments));
    }
    void commit(const std::string& message) const
    {
        git({"add", "--all"});
        git({"commit", "--quiet", "-m", message});
    }
    void change(const std::string& text) const
    {
        std::ofstream(work() / "fleet.yaml") << text;
        commit("change");
    }
    std::filesystem::path work() const { return place.directory() / "work"; }

    // The command line of a daemon that looks each second.
    std::vector<std::string> daemon(std::vector<std::string> more = {}) const
    {
        place.write("daemon.yaml",
                    "owner: test-owner\ngit: {url: \"file://" + work().string() +
                        "\", branch: main, interval: 1s}\n");
        std::vector<std::string> command{trueup_binary(),
                                         "run",
                                         "--config",
                                         (place.directory() / "daemon.yaml").string(),
                                         "--state",
                                         (place.directory() / "state" / "state.db").string(),
                                         "--endpoint",
                                         api_.url(),
                                         "--rate",
                                         "unlimited",
                                         "--log-format",
                                         "json"};
        command.insert(command.end(), more.begin(), more.end());
        return command;
    }

    Site place;

private:
    const LiveApi& api_;
};

bool exists(LiveApi& api, const std::string& name)
{
    const std::lock_guard lock(api.mutex());
    return !api.sandbox()->uid_of("roles", name).empty();
}

// Until it exists, or the daemon has ended, or far too long has passed.
bool comes(LiveApi& api, Process& daemon, const std::string& name)
{
    constexpr int looks_max = 1200;
    for (int look = 0; look < looks_max; ++look) {
        if (exists(api, name))
            return true;
        if (daemon.wait_for(50ms))
            return false;
    }
    return false;
}

} // namespace

TEST_SUITE("integration: git")
{
    TEST_CASE(
        "what is committed is done, with the commit as the revision, also after a forced push")
    {
        LiveApi api;
        const Repository repository(api);
        Process daemon(repository.daemon(), Site::environment());
        REQUIRE_MESSAGE(comes(api, daemon, "first"), daemon.err());

        repository.change(role("first") + role("second"));
        REQUIRE_MESSAGE(comes(api, daemon, "second"), daemon.err());
        repository.git({"reset", "--quiet", "--hard", "HEAD~1"});
        repository.change(role("first") + role("third"));
        REQUIRE_MESSAGE(comes(api, daemon, "third"), daemon.err());

        ::kill(daemon.pid(), SIGTERM);
        const Finished ended = daemon.wait();
        CHECK(ended.exit_code == 0);
        CHECK(ended.err.find("\"revision\":\"git:") != std::string::npos);
        CHECK(ended.err.find("was rewritten") != std::string::npos);
    }

    TEST_CASE("--once fetches first; without a remote it fails and writes nothing")
    {
        LiveApi api;
        const Repository repository(api);
        const Finished once = run_process(repository.daemon({"--once"}), Site::environment());
        CHECK_MESSAGE(once.exit_code == 0, once.err);
        CHECK(exists(api, "first"));

        const std::size_t before = api.requests();
        std::filesystem::rename(repository.work(), repository.place.directory() / "away");
        const Finished lost = run_process(repository.daemon({"--once"}), Site::environment());
        CHECK(lost.exit_code == 1);
        CHECK(lost.err.find("cannot be reached") != std::string::npos);
        CHECK(api.requests() == before);
    }

    TEST_CASE("a section git with a mistake is refused, and names its line")
    {
        LiveApi api;
        const Repository repository(api);
        auto command = repository.daemon();
        repository.place.write("daemon.yaml",
                               "owner: o\ngit:\n  url: https://a.example.com/b\n"
                               "  brunch: main\n");
        const Finished unknown = run_process(command, Site::environment());
        CHECK(unknown.exit_code == 1);
        CHECK(unknown.err.find("daemon.yaml:4: unknown setting brunch") != std::string::npos);
    }
}

} // namespace trueup::test
