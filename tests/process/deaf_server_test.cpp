// Servers that do not answer as they should: the program ends within its deadlines, and says what
// was wrong.

#include "tests/integration/live_api.hpp"
#include "tests/process/raw_server.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace trueup;
using namespace trueup::test;

namespace {

using std::chrono::seconds;

// Six tries of --timeout 1s each, and the pauses between them, which are 15.5 s at most.
constexpr seconds bound{35};

struct Case {
    const char* name;
    RawServer::Serve serve;
    std::vector<const char*> says; // one of these
};

void answer_byte_by_byte(const RawConnection& connection)
{
    if (!connection.read_head())
        return;
    bool readable = false;
    for (const char c : std::string("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n") +
                            std::string(100'000, ' '))
        if (!connection.write(std::string(1, c)) || !connection.wait(50, readable))
            return;
}

void answer_headers_for_ever(const RawConnection& connection)
{
    if (!connection.read_head() || !connection.write("HTTP/1.1 200 OK\r\n"))
        return;
    while (connection.write("X-More: " + std::string(1000, 'x') + "\r\n"))
        continue;
}

std::vector<Case> cases()
{
    return {
        {"never answers", [](const RawConnection& c) { c.hang(); }, {" 1 s"}},
        {"one byte at a time", answer_byte_by_byte, {"took longer than 1 s"}},
        {"closes at once", [](const RawConnection&) {}, {"without an answer", "broke before"}},
        {"closes after the request",
         [](const RawConnection& c) { c.read_head(); },
         {"closed the connection without an answer"}},
        {"accepts nothing", {}, {"cannot connect to http://127.0.0.1"}},
        {"answers with something else",
         [](const RawConnection& c) {
             c.read_head();
             c.write("SSH-2.0-OpenSSH_9.2\r\n\r\n");
         },
         {"is refused"}},
        {"ends in the middle of the body",
         [](const RawConnection& c) {
             c.read_head();
             c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
         },
         {"bytes of the answer"}},
        {"a head without an end", answer_headers_for_ever, {"is refused", "took longer"}},
    };
}

} // namespace

TEST_SUITE("process: deaf servers")
{
    TEST_CASE("a server that does not answer is left within --timeout and told by what it did")
    {
        Site site;
        site.write("roles.yaml", role("reader"));
        struct Run {
            Case what;
            std::unique_ptr<RawServer> server;
            std::unique_ptr<Process> process;
        };
        std::vector<Run> runs;
        for (Case& what : cases()) {
            Run run{what, std::make_unique<RawServer>(what.serve), nullptr};
            run.process = std::make_unique<Process>(
                site.command(run.server->url(), {"plan", "--timeout", "1s"}), Site::environment());
            runs.push_back(std::move(run));
        }
        for (Run& run : runs) {
            CAPTURE(run.what.name);
            const auto finished = run.process->wait_for(bound);
            REQUIRE(finished);
            CHECK(finished->exit_code == 1);
            CHECK_MESSAGE(std::ranges::any_of(run.what.says,
                                              [&](const char* words) {
                                                  return finished->err.find(words) !=
                                                         std::string::npos;
                                              }),
                          finished->err);
            // The last line is the error, and names the call.
            CHECK_MESSAGE(finished->err.find("trueup: error: ") != std::string::npos,
                          finished->err);
        }
    }

    TEST_CASE("nobody listens: the error says where")
    {
        Site site;
        site.write("roles.yaml", role("reader"));
        const Finished finished = site.run("http://127.0.0.1:1", {"plan", "--timeout", "300ms"});
        CHECK(finished.exit_code == 1);
        CHECK_MESSAGE(
            finished.err.find("cannot connect to http://127.0.0.1:1: Connection refused") !=
                std::string::npos,
            finished.err);
    }

    TEST_CASE("a create whose answer does not come in time is looked up, not sent again")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        std::size_t creates = 0;
        api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (request.method == "POST" && request.target == "/v1/roles" && ++creates == 1)
                reply.delay = seconds(60);
        });

        const Finished applied = site.run(api, {"apply", "--yes", "--timeout", "500ms"});

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(applied.err.find("500 ms") != std::string::npos);
        CHECK(creates == 1);
        CHECK(site.run(api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }

    TEST_CASE("--timeout that is no duration above 0 is refused before anything is sent")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        for (const char* wrong : {"0s", "soon", "-1s", "10"}) {
            const Finished finished = site.run(api, {"plan", std::string("--timeout=") + wrong});
            CHECK(finished.exit_code == 1);
            CHECK_MESSAGE(finished.err.find("--timeout") != std::string::npos, finished.err);
        }
        CHECK(api.requests() == 0);
    }
}
