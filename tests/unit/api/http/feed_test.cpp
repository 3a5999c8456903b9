// Answers that go on, and clients that use up the server's patience.

#include "api/http/one_shot.hpp"
#include "api/http/stream_io.hpp"
#include "tests/support/scripted_stream.hpp"
#include "tests/unit/api/http/loopback_world.hpp"

#include <deque>

namespace trueup {

using namespace loopback_test;

namespace {

using std::chrono::seconds;

// Pieces that are there already; then it waits until it is ended.
class ListedFeed final : public BodyFeed {
public:
    explicit ListedFeed(std::deque<std::string> pieces) : pieces_(std::move(pieces)) {}

    Task<std::optional<std::string>> next() override
    {
        const Executor executor = co_await asio::this_coro::executor;
        if (pieces_.empty() && !ended) {
            waiting_ = std::make_shared<OneShot<bool>>(executor);
            co_await waiting_->take();
        }
        if (ended)
            co_return std::nullopt;
        std::string piece = std::move(pieces_.front());
        pieces_.pop_front();
        ++taken;
        co_return piece;
    }
    void end() override
    {
        ended = true;
        if (waiting_)
            waiting_->put(true);
    }

    bool ended = false;
    int taken = 0;

private:
    std::deque<std::string> pieces_;
    std::shared_ptr<OneShot<bool>> waiting_;
};

ServerReply fed(std::shared_ptr<BodyFeed> feed)
{
    ServerReply answer = reply(200);
    answer.feed = std::move(feed);
    return answer;
}

} // namespace

TEST_SUITE("http: server")
{
    TEST_CASE("a feed is sent piece by piece, and ends when the client goes")
    {
        asio::io_context context;
        ManualClock clock(context);
        const auto feed = std::make_shared<ListedFeed>(std::deque<std::string>{"one", "and two"});
        const auto script = std::make_shared<Script>();
        script->bytes("GET /feed HTTP/1.1\r\n\r\n");
        auto stream = std::make_unique<ScriptedStream>(context, clock, script);
        bool over = false;

        asio::co_spawn(context,
                       serve_stream(
                           std::move(stream), [&](const HttpRequest&) { return fed(feed); }, clock),
                       [&](std::exception_ptr) { over = true; });
        context.poll();

        CHECK(script->received == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                  "Connection: close\r\n\r\n3\r\none\r\n7\r\nand two\r\n");
        CHECK_FALSE(over);
        script->idle = false;
        feed->end();
        context.restart();
        context.poll();
        CHECK(over);
        CHECK(script->closed);
    }

    TEST_CASE("a client that takes nothing of a feed is dropped, and the feed with it")
    {
        asio::io_context context;
        ManualClock clock(context);
        const auto feed = std::make_shared<ListedFeed>(
            std::deque<std::string>{"first", std::string(1000, 'x'), "never"});
        const auto script = std::make_shared<Script>();
        script->bytes("GET /feed HTTP/1.1\r\n\r\n").stall_writes_after(100);
        ServerLimits limits;
        limits.write_max = seconds(10);
        const Instant start = clock.now();

        clock.run(serve_stream(
            std::make_unique<ScriptedStream>(context, clock, script),
            [&](const HttpRequest&) { return fed(feed); },
            clock,
            limits));

        CHECK(clock.now() - start == seconds(10));
        CHECK(feed->taken == 2);
        CHECK(feed->ended);
        CHECK(script->closed);
    }

    TEST_CASE("a request that comes too slowly is not waited for")
    {
        asio::io_context context;
        ManualClock clock(context);
        int calls = 0;
        const auto script = std::make_shared<Script>();
        script->bytes("GET /a HTTP/1.1\r\n\r\n");
        script->trickle("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", seconds(1));
        ServerLimits limits;
        limits.request_max = seconds(5);
        const Instant start = clock.now();

        clock.run(serve_stream(
            std::make_unique<ScriptedStream>(context, clock, script),
            [&](const HttpRequest&) {
                ++calls;
                return reply(204);
            },
            clock,
            limits));

        CHECK(calls == 1);
        CHECK(clock.now() - start == seconds(5));
        CHECK(script->closed);
    }

    TEST_CASE("what is larger than the server's own limit is refused")
    {
        asio::io_context context;
        ManualClock clock(context);
        ServerLimits limits;
        limits.body_bytes_max = 10;
        limits.header_bytes_max = 200;
        const auto said = [&](const std::string& request) {
            const auto script = std::make_shared<Script>();
            script->bytes(request).end();
            clock.run(serve_stream(
                std::make_unique<ScriptedStream>(context, clock, script),
                [&](const HttpRequest&) { return reply(204); },
                clock,
                limits));
            return script->received;
        };

        CHECK(said("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789")
                  .starts_with("HTTP/1.1 204 "));
        CHECK(said("POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n0123456789a")
                  .starts_with("HTTP/1.1 413 "));
        CHECK(said("GET / HTTP/1.1\r\nX: " + std::string(200, 'x') + "\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
    }
}

} // namespace trueup
