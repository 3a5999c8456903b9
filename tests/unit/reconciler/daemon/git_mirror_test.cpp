// The checkout of a git repository: against real repositories, with a real git.

#include "reconciler/daemon/git_mirror.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/git.hpp"
#include "tests/support/process.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

namespace trueup {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string content(const fs::path& file)
{
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// Runs what it is given, and keeps the command lines.
class Recorder final : public ChildRunner {
public:
    explicit Recorder(ChildRunner& inner) : inner_(inner) {}

    Task<Result<ChildResult>> run(ChildCommand command) override
    {
        commands.push_back(command);
        auto result = co_await inner_.run(std::move(command));
        co_return result;
    }
    void stop() override { inner_.stop(); }

    // How many of them were `git WORD`.
    std::size_t count(const std::string& word) const
    {
        std::size_t found = 0;
        for (const ChildCommand& command : commands)
            found += std::ranges::count(command.arguments, word) != 0 ? 1U : 0U;
        return found;
    }

    std::vector<ChildCommand> commands;

private:
    ChildRunner& inner_;
};

// Somebody's repository, and a mirror of it.
class GitWorld {
public:
    GitWorld()
    {
        fs::create_directories(work());
        git({"init", "--quiet", "--initial-branch=main"});
        commit("a.yaml", "one");
        options.url = "file://" + work().string();
        options.branch = "main";
        options.directory = directory / "mirror";
    }

    std::string git(std::vector<std::string> arguments)
    {
        return test::git_in(work(), std::move(arguments));
    }
    // The id of a new commit with `text` in `file`.
    std::string
    commit(const std::string& file, const std::string& text, std::vector<std::string> how = {})
    {
        std::ofstream(work() / file) << text;
        git({"add", "--all"});
        std::vector<std::string> command{"commit", "--quiet", "-m", text};
        if (!how.empty())
            command.insert(command.begin(), how.begin(), how.end());
        git(std::move(command));
        return git({"rev-parse", "HEAD"});
    }
    fs::path work() const { return directory / "work"; }

    GitMirror& mirror()
    {
        if (!mirror_) {
            mirror_.emplace(context.get_executor(), options, recorder, *clock, events);
            mirror_->on_moved = [this] { ++moved; };
        }
        return *mirror_;
    }
    // As after a restart.
    void forget_mirror() { mirror_.reset(); }
    Result<void> sync() { return run_task(context, mirror().sync()); }
    std::string seen(const std::string& file) const { return content(options.current() / file); }
    bool said(const std::string& words) const
    {
        return std::ranges::any_of(events.events, [&](const Event& event) {
            return event.message.find(words) != std::string::npos;
        });
    }

    TempDir directory;
    boost::asio::io_context context{1};
    std::unique_ptr<Clock> clock = make_system_clock(context);
    std::unique_ptr<ChildRunner> runner = make_child_runner(context, *clock);
    Recorder recorder{*runner};
    EventList events;
    GitOptions options;
    std::size_t moved = 0;

private:
    std::optional<GitMirror> mirror_;
};

} // namespace

TEST_SUITE("daemon: git")
{
    TEST_CASE("a branch is checked out whole, and followed commit by commit")
    {
        GitWorld world;
        REQUIRE(world.sync());
        CHECK(world.seen("a.yaml") == "one");
        const fs::path before = fs::canonical(world.options.current());

        const std::string second = world.commit("b.yaml", "two");
        REQUIRE(world.sync());

        CHECK(world.seen("b.yaml") == "two");
        CHECK(world.mirror().status().commit == second);
        CHECK(world.mirror().status().problem.empty());
        CHECK(world.moved == 2);
        // Turned, not written over: whoever reads the old one still has all of it.
        CHECK(fs::canonical(world.options.current()) != before);
        CHECK(content(before / "a.yaml") == "one");
        CHECK_FALSE(fs::exists(before / "b.yaml"));
    }

    TEST_CASE("where nothing moved, the remote is asked and nothing is fetched")
    {
        GitWorld world;
        REQUIRE(world.sync());
        world.recorder.commands.clear();

        REQUIRE(world.sync());
        CHECK(world.recorder.count("ls-remote") == 1);
        CHECK(world.recorder.count("fetch") == 0);

        world.forget_mirror(); // a restart goes on with what is there
        CHECK(world.mirror().status().commit == world.git({"rev-parse", "HEAD"}));
        REQUIRE(world.sync());
        CHECK(world.recorder.count("worktree") == 0);
        CHECK(world.moved == 1);
    }

    TEST_CASE("a rewritten history is followed and reported, or not followed, as it is asked")
    {
        for (const bool refuse : {false, true}) {
            CAPTURE(refuse);
            GitWorld world;
            world.options.refuse_rewrites = refuse;
            world.commit("b.yaml", "two");
            REQUIRE(world.sync());
            world.git({"reset", "--quiet", "--hard", "HEAD~1"});
            const std::string other = world.commit("b.yaml", "another");

            const auto synced = world.sync();

            CHECK(synced.has_value() == !refuse);
            CHECK(world.seen("b.yaml") == (refuse ? "two" : "another"));
            CHECK(world.mirror().status().rewrites == (refuse ? 0 : 1));
            CHECK(world.mirror().status().problem == (refuse ? "rewritten" : ""));
            CHECK(world.said("was rewritten"));
        }
    }

    TEST_CASE("a remote that cannot be reached leaves the checkout as it is, until it is back")
    {
        GitWorld world;
        REQUIRE(world.sync());
        const auto seen_at = world.mirror().status().last_success;
        fs::rename(world.work(), world.directory / "away");

        CHECK_FALSE(world.sync());
        CHECK_FALSE(world.sync());
        CHECK(world.seen("a.yaml") == "one");
        CHECK(world.mirror().status().problem == "unreachable");
        CHECK_FALSE(world.mirror().status().error.empty());
        CHECK(world.mirror().status().failures == 2);
        CHECK(world.mirror().status().last_success == seen_at);
        CHECK(std::ranges::count(world.events.events, Level::warning, &Event::level) == 1);

        fs::rename(world.directory / "away", world.work());
        world.commit("a.yaml", "two");
        REQUIRE(world.sync());
        CHECK(world.seen("a.yaml") == "two");
        CHECK(world.mirror().status().problem.empty());
        CHECK(world.mirror().status().error.empty());
    }

    TEST_CASE("a branch that is gone is told from a remote that is gone")
    {
        GitWorld world;
        REQUIRE(world.sync());
        world.git({"branch", "--quiet", "-m", "main", "trunk"});

        CHECK_FALSE(world.sync());

        CHECK(world.mirror().status().problem == "missing_ref");
        CHECK(world.seen("a.yaml") == "one");
    }

    TEST_CASE("a tag is followed too, an annotated one to its commit")
    {
        GitWorld world;
        const std::string first = world.git({"rev-parse", "HEAD"});
        world.git({"tag", "-a", "-m", "first", "v1"});
        world.commit("a.yaml", "two");
        world.options.branch.clear();
        world.options.tag = "v1";

        REQUIRE(world.sync());

        CHECK(world.mirror().status().commit == first);
        CHECK(world.seen("a.yaml") == "one");
    }

    TEST_CASE("a commit that nobody signed who may is not checked out")
    {
        GitWorld world;
        const fs::path key = world.directory / "key";
        REQUIRE(
            test::run_process({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.string()})
                .exit_code == 0);
        std::ofstream(world.directory / "signers")
            << "a@example.com " << content(key.string() + ".pub");
        world.options.allowed_signers_file = world.directory / "signers";
        const std::vector<std::string> signing{"-c",
                                               "gpg.format=ssh",
                                               "-c",
                                               "user.signingkey=" + key.string(),
                                               "-c",
                                               "commit.gpgsign=true"};
        world.commit("a.yaml", "signed", signing);
        REQUIRE(world.sync());
        CHECK(world.seen("a.yaml") == "signed");

        world.commit("a.yaml", "unsigned");
        CHECK_FALSE(world.sync());
        CHECK(world.seen("a.yaml") == "signed");
        CHECK(world.mirror().status().problem == "bad_signature");

        // Signed, but by somebody else.
        const fs::path other = world.directory / "other";
        REQUIRE(
            test::run_process({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other.string()})
                .exit_code == 0);
        std::vector<std::string> forging = signing;
        forging[3] = "user.signingkey=" + other.string();
        world.commit("a.yaml", "forged", forging);
        CHECK_FALSE(world.sync());
        CHECK(world.seen("a.yaml") == "signed");

        world.commit("a.yaml", "signed again", signing);
        REQUIRE(world.sync());
        CHECK(world.seen("a.yaml") == "signed again");
    }

    TEST_CASE("what a killed git left behind stops nothing")
    {
        GitWorld world;
        REQUIRE(world.sync());
        world.forget_mirror();
        const std::string next = world.commit("a.yaml", "two");
        for (const char* name : {"config.lock", "HEAD.lock", "refs/trueup/fetched.lock"})
            std::ofstream(world.options.directory / "repo.git" / name) << "";
        fs::create_directories(world.options.directory / "trees" / next / "half");

        REQUIRE(world.sync());

        CHECK(world.seen("a.yaml") == "two");
        CHECK_FALSE(fs::exists(world.options.current() / "half"));
    }

    TEST_CASE("a checkout that cannot be put in place is told, and what stands there stays")
    {
        GitWorld world;
        // Somebody's directory where the link is to be.
        fs::create_directories(world.options.current() / "kept");

        const auto failed = world.sync();

        REQUIRE_FALSE(failed);
        CHECK(failed.error().text().find("the new checkout cannot be put in place") !=
              std::string::npos);
        CHECK(fs::exists(world.options.current() / "kept"));
        CHECK_FALSE(fs::exists(fs::symlink_status(world.options.directory / "current.new")));
        CHECK(world.moved == 0);
        fs::remove_all(world.options.current());
        REQUIRE(world.sync());
        CHECK(world.seen("a.yaml") == "one");
    }

    TEST_CASE("no hook and no filter of anybody runs")
    {
        GitWorld world;
        REQUIRE(world.sync());
        const fs::path trace = world.directory / "ran";
        const fs::path hooks = world.options.directory / "repo.git" / "hooks";
        fs::create_directories(hooks);
        std::ofstream(hooks / "post-checkout") << "#!/bin/sh\ntouch '" << trace.string() << "'\n";
        fs::permissions(hooks / "post-checkout", fs::perms::owner_all);
        world.commit("a.yaml", "two");

        REQUIRE(world.sync());

        CHECK(world.seen("a.yaml") == "two");
        CHECK_FALSE(fs::exists(trace));
    }

    TEST_CASE("F: a token is in no argument and no variable, and git gets it all the same")
    {
        GitWorld world;
        const std::string canary = "canary-4711";
        std::ofstream(world.directory / "token") << canary << "\n";
        world.options.token_file = world.directory / "token";
        world.options.url = "https://127.0.0.1:1/team/manifests.git"; // nobody listens

        CHECK_FALSE(world.sync());

        std::string asked_with;
        for (const ChildCommand& command : world.recorder.commands) {
            for (const std::string& argument : command.arguments) {
                CHECK(argument.find(canary) == std::string::npos);
                if (argument.starts_with("credential.helper=!"))
                    asked_with = argument;
            }
            for (const auto& [name, value] : command.environment)
                CHECK(value.find(canary) == std::string::npos);
        }
        CHECK(world.mirror().status().error.find(canary) == std::string::npos);
        REQUIRE_FALSE(asked_with.empty());
        const auto filled =
            test::run_process({"git", "-c", asked_with, "credential", "fill"},
                              {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                               {"TRUEUP_GIT_TOKEN_FILE", world.options.token_file.string()},
                               {"TRUEUP_GIT_USERNAME", "robot"}},
                              "protocol=https\nhost=git.example.com\n\n");
        CHECK(filled.out.find("username=robot\n") != std::string::npos);
        CHECK(filled.out.find("password=" + canary + "\n") != std::string::npos);
    }

    TEST_CASE("a URL that is none, or holds a password, is refused before anything runs")
    {
        const auto refused = [](const std::string& url, const std::string& token = {}) {
            GitOptions options;
            options.url = url;
            options.branch = "main";
            options.token_file = token;
            return !check_git_options(options).has_value();
        };
        CHECK_FALSE(refused("https://git.example.com/a.git"));
        CHECK_FALSE(refused("ssh://git@git.example.com:2222/a.git"));
        CHECK_FALSE(refused("git@git.example.com:team/a.git"));
        CHECK_FALSE(refused("file:///srv/a.git"));
        CHECK(refused(""));
        CHECK(refused("/srv/a.git"));
        CHECK(refused("--upload-pack=touch /tmp/x"));
        CHECK(refused("ext::sh -c whoami"));
        CHECK(refused("https://user:secret@git.example.com/a.git"));
        CHECK(refused("https://token@git.example.com/a.git"));
        CHECK(refused("http://git.example.com/a.git", "/run/token"));
        CHECK(refused("http://git.example.com/a.git"));
        CHECK(refused("git://git.example.com/a.git"));
        GitOptions signed_commits;
        signed_commits.url = "git://git.example.com/a.git";
        signed_commits.branch = "main";
        signed_commits.allowed_signers_file = "/etc/trueup/allowed_signers";
        CHECK(check_git_options(signed_commits));
        GitOptions odd;
        odd.url = "https://git.example.com/a.git";
        for (const char* name : {"", "-x", "a b", "a..b", "a:b"}) {
            odd.branch = name;
            CHECK_FALSE(check_git_options(odd));
        }
    }

    TEST_CASE("a program that does not end is killed with all that it started")
    {
        GitWorld world;
        ChildCommand command;
        command.program = "sh";
        command.arguments = {"-c", "echo begun; sleep 600 & sleep 600"};
        command.environment = {{"PATH", "/usr/bin:/bin"}};
        command.deadline = 50ms;

        const auto result = run_task(world.context, world.runner->run(command));

        REQUIRE_FALSE(result);
        CHECK(result.error().code == Errc::timed_out);
    }

    TEST_CASE("a program says its code and its words, and gets no environment but its own")
    {
        GitWorld world;
        ChildCommand command;
        command.program = "sh";
        command.arguments = {"-c", "env; echo bad >&2; exit 7"};
        command.environment = {{"PATH", "/usr/bin:/bin"}, {"ONLY", "this"}};

        const auto result = run_task(world.context, world.runner->run(command));

        REQUIRE(result);
        CHECK(result->exit_code == 7);
        CHECK(result->err == "bad\n");
        CHECK(result->out.find("ONLY=this\n") != std::string::npos);
        CHECK(result->out.find("HOME=") == std::string::npos);

        command.program = "there-is-no-such-program";
        const auto missing = run_task(world.context, world.runner->run(command));
        REQUIRE_FALSE(missing);
        CHECK(missing.error().code == Errc::not_found);
    }
}

} // namespace trueup
