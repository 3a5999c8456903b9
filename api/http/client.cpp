#include "api/http/client.hpp"

#include "api/http/pool.hpp"
#include "api/http/stream_io.hpp"
#include "api/http/watchdog.hpp"
#include "api/http/wire.hpp"

#include <boost/asio/error.hpp>

namespace trueup {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// What the coroutines of a client share; it outlives a client that goes before its calls are over.
struct Core {
    Core(Origin o, Dialer& d, Clock& c, const HttpLimits& l)
        : origin(std::move(o)),
          dialer(d),
          clock(c),
          limits(l),
          pool(std::make_shared<ConnectionPool>(c, l))
    {
    }

    Origin origin;
    Dialer& dialer;
    Clock& clock;
    HttpLimits limits;
    std::shared_ptr<ConnectionPool> pool;
};

// How far the current attempt has come, and whether an earlier one sent anything.
struct Trace {
    Trace() = default;

    std::size_t written = 0;
    std::size_t received = 0;
    // The stream itself failed, and no deadline of ours is to blame.
    bool broken = false;
    bool sent_before = false;

    void next_attempt()
    {
        sent_before = sent_before || written != 0;
        written = 0;
        received = 0;
        broken = false;
    }
    Effect effect() const { return written == 0 && !sent_before ? Effect::none : Effect::unknown; }
};

// Characters that are overwritten when they are no longer needed.
class Wiped {
public:
    explicit Wiped(std::string text) : text_(std::move(text)) {}
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;
    ~Wiped() { wipe(text_); }

    asio::const_buffer from(std::size_t offset) const { return asio::buffer(text_) + offset; }
    std::size_t size() const { return text_.size(); }

private:
    std::string text_;
};

// Wipes a sensitive body however the call ends.
class BodyGuard {
public:
    explicit BodyGuard(HttpRequest& request) : request_(request) {}
    BodyGuard(const BodyGuard&) = delete;
    BodyGuard& operator=(const BodyGuard&) = delete;
    ~BodyGuard()
    {
        if (request_.sensitive_body)
            wipe(request_.body);
    }

private:
    HttpRequest& request_;
};

std::string seconds(Duration duration)
{
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    return millis % 1000 == 0 ? std::to_string(millis / 1000) + " s"
                              : std::to_string(millis) + " ms";
}

// An error of this call: where it happened, and what it may have left behind.
Error placed(Error error, const HttpRequest& request, const Trace& trace)
{
    error.place = request.route;
    error.effect = trace.effect();
    return error;
}

std::string broken_text(const Core& core, const Trace& trace, error_code ec)
{
    const std::string peer = core.origin.text();
    const bool ended = ec == asio::error::eof;
    if (trace.written == 0)
        return "the connection to " + peer + " broke before the request was sent: " + ec.message();
    if (trace.received == 0)
        return ended
                   ? peer + " closed the connection without an answer"
                   : "the connection to " + peer + " broke before an answer came: " + ec.message();
    const std::string count = std::to_string(trace.received) + " bytes of the answer";
    return ended ? peer + " closed the connection after " + count
                 : "the connection to " + peer + " broke after " + count + ": " + ec.message();
}

// What to say when the stream failed: a deadline of ours that closed it, or the peer.
Error stream_failure(const Core& core,
                     const HttpRequest& request,
                     Trace& trace,
                     Watchdog::Verdict verdict,
                     error_code ec)
{
    const std::string peer = core.origin.text();
    if (verdict == Watchdog::Verdict::quiet) {
        Error error{Errc::timed_out, peer + " was silent for " + seconds(core.limits.read_max)};
        return placed(std::move(error), request, trace);
    }
    if (verdict == Watchdog::Verdict::late) {
        Error error{Errc::timed_out,
                    "the call to " + peer + " took longer than " + seconds(core.limits.call_max)};
        return placed(std::move(error), request, trace);
    }
    trace.broken = true;
    Error error{Errc::network, broken_text(core, trace, ec)};
    return placed(std::move(error), request, trace);
}

// Sends the request and reads one answer over a connection that is open.
Task<Result<HttpResponse>> exchange(Core& core,
                                    Connection& connection,
                                    const HttpRequest& request,
                                    Instant end,
                                    Trace& trace,
                                    bool& in_step)
{
    ByteStream& stream = *connection.stream;
    Watchdog watchdog(core.clock, stream, core.limits.read_max, end);
    ++connection.requests;
    {
        const Wiped wire(write_request(core.origin, request));
        while (trace.written < wire.size()) {
            const asio::const_buffer rest = wire.from(trace.written);
            const auto [ec, bytes] = co_await write_some(stream, rest);
            trace.written += bytes;
            if (ec)
                co_return stream_failure(core, request, trace, watchdog.verdict(), ec);
            watchdog.progress();
        }
    }
    ReadState state = ReadState::more;
    while (state == ReadState::more) {
        const asio::mutable_buffer space = connection.reader.space();
        const auto [ec, bytes] = co_await read_some(stream, space);
        if (ec)
            co_return stream_failure(core, request, trace, watchdog.verdict(), ec);
        trace.received += bytes;
        watchdog.progress();
        const auto taken = connection.reader.take(bytes);
        if (!taken) {
            Error error{taken.error().code,
                        "the answer of " + core.origin.text() +
                            " is refused: " + taken.error().message};
            co_return placed(std::move(error), request, trace);
        }
        state = *taken;
    }
    // A connection that could hand the next caller somebody else's answer is not used again.
    in_step = connection.reader.keep_alive() && connection.reader.leftover_bytes() == 0 &&
              watchdog.verdict() == Watchdog::Verdict::none;
    co_return connection.reader.release();
}

Task<Result<HttpResponse>> call(std::shared_ptr<Core> core, HttpRequest request)
{
    const BodyGuard guard(request);
    if (auto checked = check_request(request); !checked)
        co_return checked.error();

    ConnectionPool::Lease lease = co_await core->pool->borrow();
    std::optional<Instant> end;
    Trace trace;
    if (!lease.granted()) {
        Error error{Errc::cancelled, "the client was closed before the call was sent"};
        co_return placed(std::move(error), request, trace);
    }
    // Twice at most: a reused connection may turn out dead, a fresh one is not blamed on idling.
    for (;;) {
        const bool reused = lease.connection() != nullptr;
        if (!reused) {
            auto stream = co_await core->dialer.dial(core->origin);
            if (!stream)
                co_return placed(std::move(stream.error()), request, trace);
            lease.attach(std::make_unique<Connection>(std::move(*stream), core->limits));
        }
        if (!end)
            end = core->clock.now() + core->limits.call_max;
        bool in_step = false;
        auto answer = co_await exchange(*core, *lease.connection(), request, *end, trace, in_step);
        if (in_step)
            lease.keep();
        if (answer)
            co_return answer;
        lease.drop();
        const bool harmless = request.repeatable || trace.written == 0;
        if (!reused || !trace.broken || trace.received != 0 || !harmless)
            co_return answer;
        trace.next_attempt();
    }
}

class PoolingClient final : public HttpClient {
public:
    PoolingClient(Origin origin, Dialer& dialer, Clock& clock, const HttpLimits& limits)
        : core_(std::make_shared<Core>(std::move(origin), dialer, clock, limits))
    {
    }
    ~PoolingClient() override { core_->pool->close(); }

    Task<Result<HttpResponse>> send(HttpRequest request) override
    {
        return call(core_, std::move(request));
    }
    const Origin& origin() const override { return core_->origin; }

private:
    std::shared_ptr<Core> core_;
};

} // namespace

std::unique_ptr<HttpClient>
make_http_client(Origin origin, Dialer& dialer, Clock& clock, HttpLimits limits)
{
    return std::make_unique<PoolingClient>(std::move(origin), dialer, clock, limits);
}

} // namespace trueup
