#include "api/http/stream_io.hpp"
#include "tests/support/scripted_stream.hpp"
#include "tests/unit/api/http/loopback_world.hpp"

#include <array>

namespace trueup {

using namespace loopback_test;

namespace {

using std::chrono::hours;

// Sends raw bytes to the server and returns what comes back until it closes, or until `enough`
// came.
Task<std::string> converse(Dialer& dialer, Origin origin, std::string say, std::string enough)
{
    auto stream = co_await dialer.dial(std::move(origin));
    if (!stream)
        co_return "no connection";
    std::size_t written = 0;
    while (written < say.size()) {
        const asio::const_buffer rest = asio::buffer(say) + written;
        const auto [ec, count] = co_await write_some(**stream, rest);
        if (ec)
            break;
        written += count;
    }
    std::string heard;
    std::array<char, 4096> block{};
    const asio::mutable_buffer space = asio::buffer(block);
    while (enough.empty() || heard.find(enough) == std::string::npos) {
        const auto [ec, count] = co_await read_some(**stream, space);
        heard.append(block.data(), count);
        if (ec)
            break;
    }
    co_return heard;
}

std::string talk(World& world, std::string say, std::string enough = "")
{
    return run_task(
        world.context,
        converse(
            *world.network, loopback(world.server->port()), std::move(say), std::move(enough)));
}

} // namespace

TEST_SUITE("http: server")
{
    TEST_CASE("make_http_server: what cannot be listened on is an error")
    {
        asio::io_context context;
        const auto handler = [](const HttpRequest&) { return reply(200); };
        const auto first = make_http_server(context, "127.0.0.1", 0, handler);
        REQUIRE(first);
        CHECK((*first)->port() != 0);

        const auto taken = make_http_server(context, "127.0.0.1", (*first)->port(), handler);
        REQUIRE_FALSE(taken);
        CHECK(taken.error().code == Errc::network);
        const auto nonsense = make_http_server(context, "localhost:x", 0, handler);
        REQUIRE_FALSE(nonsense);
        CHECK(nonsense.error().code == Errc::invalid_input);
    }

    TEST_CASE("pipelined requests are answered in order; HEAD has no body; close is honoured")
    {
        World world([](const HttpRequest& call) { return reply(200, call.target); });

        const std::string heard = talk(world,
                                       "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                                       "HEAD /bb HTTP/1.1\r\nHost: x\r\n\r\n"
                                       "GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        CHECK(heard == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/a"
                       "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
                       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n/c");
    }

    TEST_CASE("204 has neither body nor length")
    {
        World world([](const HttpRequest&) { return reply(204, "ignored"); });

        CHECK(talk(world, "DELETE / HTTP/1.0\r\n\r\n") ==
              "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    }

    TEST_CASE("a sender that waits for permission gets it")
    {
        World world([](const HttpRequest& call) { return reply(200, call.body); });

        const std::string heard = talk(world,
                                       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                                       "Expect: 100-continue\r\n\r\n",
                                       "\r\n\r\n");

        CHECK(heard == "HTTP/1.1 100 Continue\r\n\r\n");
    }

    TEST_CASE("what is not HTTP, or too large, is refused and the connection closed")
    {
        int calls = 0;
        World world([&](const HttpRequest&) {
            ++calls;
            return reply(200);
        });

        CHECK(talk(world, "hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
        CHECK(talk(world, "POST / HTTP/1.1\r\nContent-Length: 16777217\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
        CHECK(talk(world, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
                  .starts_with("HTTP/1.1 400 "));
        CHECK(calls == 0);
        CHECK(world.send(request("GET", "/")));
    }

    TEST_CASE("serve_stream: the same server over any stream, delays in virtual time")
    {
        asio::io_context context;
        ManualClock clock(context);
        const auto script = std::make_shared<Script>();
        script->bytes("GET /a HTTP/1.1\r\n\r\n").bytes("GET /b HTTP/1.1\r\n\r\n").end();
        const ServerHandler handler = [](const HttpRequest& call) {
            ServerReply answer = reply(200, call.target);
            answer.delay = hours(1);
            return answer;
        };
        const Instant start = clock.now();

        clock.run(
            serve_stream(std::make_unique<ScriptedStream>(context, clock, script), handler, clock));

        CHECK(script->received == "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/a"
                                  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/b");
        CHECK(clock.now() - start == hours(2));
        CHECK(script->closed);
    }
}

} // namespace trueup
