// A process that is short of something: descriptors, memory, a reader of what it says.

#include "tests/integration/live_api.hpp"
#include "tests/process/child.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>

using namespace trueup;
using namespace trueup::test;

namespace {

using std::chrono::seconds;

struct Scene {
    explicit Scene(std::size_t roles_count = 20)
        : count(roles_count), before(api.sandbox()->count("roles"))
    {
        std::string text;
        for (std::size_t i = 0; i < count; ++i)
            text += role("role-" + std::to_string(i));
        site.write("roles.yaml", text);
        api.set_hook([this](std::size_t, const HttpRequest& request, ServerReply&) {
            creates += request.method == "POST" && request.target == "/v1/roles" ? 1U : 0U;
        });
    }

    Finished apply(const ChildSetup& setup, std::vector<std::string> more = {})
    {
        std::vector<std::string> arguments{"apply", "--yes"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Process process(site.command(api, arguments), Site::environment(), "", setup);
        auto finished = process.wait_for(seconds(60));
        REQUIRE(finished);
        return *finished;
    }

    void check_complete()
    {
        const Finished next = site.run(api, {"apply", "--yes"});
        CHECK_MESSAGE(next.exit_code == 0, next.out, next.err);
        CHECK(creates == count);
        CHECK(api.sandbox()->count("roles") == before + count);
    }

    LiveApi api;
    Site site;
    std::size_t count;
    std::size_t before;
    std::size_t creates = 0;
};

// As systemd starts its services: stderr leads to the journal, and this says so.
void name_journal_stream()
{
    struct stat status {};
    ::fstat(STDERR_FILENO, &status);
    const std::string name = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    ::setenv("JOURNAL_STREAM", name.c_str(), 1);
}

bool ended_in_words(const Finished& finished)
{
    return finished.exit_code == 0 || (finished.exit_code == 1 && !finished.err.empty() &&
                                       finished.err.find("bug") == std::string::npos);
}

} // namespace

TEST_SUITE("process: limits")
{
    TEST_CASE("few file descriptors: it works, or says what is missing, and nothing is doubled")
    {
        for (const rlim_t most :
             {4U, 5U, 6U, 7U, 8U, 9U, 10U, 11U, 12U, 13U, 14U, 16U, 18U, 20U, 24U, 32U}) {
            CAPTURE(most);
            Scene scene;

            const Finished finished = scene.apply(limited(RLIMIT_NOFILE, most));

            CHECK_MESSAGE(ended_in_words(finished), finished.exit_code, finished.out, finished.err);
            if (finished.exit_code != 0)
                CHECK_MESSAGE((finished.out + finished.err).find("open files") != std::string::npos,
                              finished.err);
            // Enough for a state, its lock and journal, and all connections.
            if (most == 32)
                CHECK_MESSAGE(finished.exit_code == 0, finished.out, finished.err);
            scene.check_complete();
        }
    }

    TEST_CASE("little memory: it works, or says that there is none, and nothing is doubled")
    {
        for (const rlim_t megabytes : {24U, 32U, 40U, 48U, 56U, 64U, 72U, 80U, 96U, 128U, 256U}) {
            CAPTURE(megabytes);
            Scene scene;

            const Finished finished = scene.apply(limited(RLIMIT_AS, megabytes << 20U));

            // The loader itself may fail (127), in words of its own.
            CHECK_MESSAGE((ended_in_words(finished) || finished.exit_code == 127),
                          finished.exit_code,
                          finished.out,
                          finished.err);
            scene.check_complete();
        }
    }

    TEST_CASE("a log that nobody reads holds nothing up, and tells later what was dropped")
    {
        Scene scene(200);
        Pipe log;
        log.fill();

        const Finished finished = scene.apply(log.as(STDERR_FILENO), {"--log-level", "debug"});

        CHECK_MESSAGE(finished.exit_code == 0, finished.out);
        CHECK(finished.out.find("200 created") != std::string::npos);
        scene.check_complete();
    }

    TEST_CASE("a log whose reader comes back says how many records it missed")
    {
        Scene scene(3);
        Pipe log;
        log.fill();
        std::string seen; // also what is written while the reader is at it
        scene.api.set_hook([&](std::size_t n, const HttpRequest&, ServerReply& reply) {
            if (n < 2)
                return;
            reply.delay = std::chrono::milliseconds(n == 2 ? 3000 : 0);
            if (n == 3)
                seen += log.drain();
        });

        const Finished finished = scene.apply(log.as(STDERR_FILENO), {"--log-level", "debug"});

        CHECK(finished.exit_code == 0);
        seen += log.drain();
        CHECK_MESSAGE(seen.find("log records were dropped because nobody read them") !=
                          std::string::npos,
                      seen);
        CHECK(seen.find("action_done") != std::string::npos);
    }

    TEST_CASE("a signal ends a process whose log is stuck")
    {
        Scene scene;
        Pipe log;
        log.fill();
        scene.api.set_hook([](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (request.method == "POST")
                reply.delay = std::chrono::milliseconds(500);
        });
        Process process(scene.site.command(scene.api, {"apply", "--yes", "--log-level", "debug"}),
                        Site::environment(),
                        "",
                        log.as(STDERR_FILENO));
        process.wait_for(seconds(1));

        kill(process.pid(), SIGTERM);

        CHECK(process.wait_for(seconds(10)));
    }

    TEST_CASE("readers that hang up do not stop what was begun")
    {
        for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
            CAPTURE(stream);
            Scene scene;
            Pipe pipe;
            pipe.close_reader();

            const Finished finished = scene.apply(pipe.as(stream), {"--log-level", "debug"});

            CHECK(finished.exit_code == 0);
            CHECK(scene.creates == scene.count);
            scene.check_complete();
        }
    }

    TEST_CASE("a journal that stands still or is gone holds nothing up")
    {
        if (std::filesystem::exists("/run/systemd/journal/socket")) {
            MESSAGE("skipped: what is tried here would stand in the journal of this machine");
            return;
        }
        for (const char* journal : {"stands still", "is gone"}) {
            CAPTURE(journal);
            Scene scene(200);
            Pipe stream(Pipe::Kind::socket);
            if (std::string(journal) == "is gone")
                stream.close_reader();
            else
                stream.fill();
            const ChildSetup setup = [to = stream.as(STDERR_FILENO)] {
                to();
                name_journal_stream();
            };

            const Finished finished = scene.apply(setup, {"--log-level", "debug"});

            CHECK_MESSAGE(finished.exit_code == 0, finished.out);
            CHECK(finished.out.find("200 created") != std::string::npos);
            scene.check_complete();
        }
    }

    TEST_CASE("no thread can be had: it says so, and nothing is sent that changes anything")
    {
        Scene scene;
        std::string by_name = scene.api.url();
        by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");
        struct Case {
            std::string url;
            std::string command;
        };
        for (const Case& each : {Case{scene.api.url(), "apply"}, Case{by_name, "plan"}}) {
            CAPTURE(each.command);
            std::vector<std::string> arguments{each.command, "--timeout", "1s"};
            if (each.command == "apply")
                arguments.emplace_back("--yes");
            Process process(scene.site.command(each.url, arguments),
                            Site::environment(),
                            "",
                            failing({SYS_clone, SYS_clone3}, EAGAIN));

            const auto finished = process.wait_for(seconds(60));

            REQUIRE(finished);
            if (finished->exit_code == no_filters) {
                MESSAGE("skipped: no filters of system calls here");
                return;
            }
            CHECK_MESSAGE(ended_in_words(*finished), finished->exit_code, finished->err);
            CHECK(finished->exit_code == 1);
            CHECK_MESSAGE(finished->err.find("thread") != std::string::npos, finished->err);
            CHECK(scene.creates == 0);
        }
        scene.check_complete();
    }

    TEST_CASE("streams that are closed from the start do not end up in the state")
    {
        Scene scene;
        const ChildSetup closed = [] {
            ::close(STDIN_FILENO);
            ::close(STDOUT_FILENO);
            ::close(STDERR_FILENO);
        };

        const Finished finished = scene.apply(closed, {"--log-level", "debug"});

        CHECK(finished.exit_code == 0);
        CHECK(scene.creates == scene.count);
        CHECK(scene.site.run(scene.api, {"state", "list"}).exit_code == 0);
        scene.check_complete();
    }
}
