#include "api/http/session.hpp"

#include "api/http/stream_io.hpp"
#include "api/http/wire.hpp"

#include <algorithm>

namespace trueup {

namespace {

namespace asio = boost::asio;

} // namespace

Task<bool> Pause::wait(Duration delay)
{
    const auto executor = co_await asio::this_coro::executor;
    const auto turn = std::make_shared<OneShot<bool>>(executor);
    current_ = turn;
    if (cut_)
        turn->put(false);
    const auto alarm = clock_.alarm(delay, [turn] { turn->put(true); });
    co_return co_await turn->take();
}

void Pause::cut()
{
    cut_ = true;
    if (const auto turn = current_.lock())
        turn->put(false);
}

Session::Session(std::unique_ptr<ByteStream> stream, Clock& clock, const ServerLimits& limits)
    : stream_(std::move(stream)),
      clock_(clock),
      limits_(limits),
      reader_(CodecLimits(limits.header_bytes_max, limits.body_bytes_max)),
      pause_(clock)
{
}

void Session::close()
{
    pause_.cut();
    if (const auto feed = feed_.lock())
        feed->end();
    stream_->close();
}

Task<void> Session::serve(const ServerHandler& handler)
{
    for (;;) {
        const auto state = co_await read_in_time();
        if (!state) {
            HttpResponse refusal;
            refusal.status = state.error().code == Errc::too_large ? 413 : 400;
            refusal.body = state.error().message + "\n";
            std::string bytes = write_response(refusal, AfterAnswer::close, AnswerBody::send);
            co_await write_all(std::move(bytes));
            break;
        }
        if (*state == ReadState::more)
            break;
        const bool keep_alive = reader_.keep_alive();
        const HttpRequest request = reader_.release();
        ServerReply reply = handler(request);
        if (same_name(reply.response.header("Connection"), "close") || !keep_alive) {
            reply.response.headers.emplace_back("Connection", "close");
            co_await answer(request, std::move(reply));
            break;
        }
        const bool more = co_await answer(request, std::move(reply));
        if (!more)
            break;
    }
    stream_->close();
}

std::unique_ptr<Watchdog> Session::watch(Duration max)
{
    if (max == Duration::zero())
        return nullptr;
    return std::make_unique<Watchdog>(clock_, *stream_, max, clock_.now() + max);
}

Task<Result<ReadState>> Session::read_in_time()
{
    const auto watchdog = watch(limits_.request_max);
    co_return co_await read_request();
}

// Says `more` when the client went away.
Task<Result<ReadState>> Session::read_request()
{
    bool told_to_continue = false;
    auto state = reader_.take(0);
    while (state && *state == ReadState::more) {
        if (reader_.wants_continue() && !told_to_continue) {
            told_to_continue = true;
            std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
            const bool sent = co_await write_all(std::move(interim));
            if (!sent)
                co_return ReadState::more;
        }
        const asio::mutable_buffer space = reader_.space();
        const auto [ec, bytes] = co_await read_some(*stream_, space);
        if (ec)
            co_return ReadState::more;
        state = reader_.take(bytes);
    }
    co_return state;
}

// False when nothing more may be sent on this connection.
Task<bool> Session::answer(const HttpRequest& request, ServerReply reply)
{
    if (reply.delay > Duration::zero()) {
        const bool waited = co_await pause_.wait(reply.delay);
        if (!waited)
            co_return false;
    }
    if (reply.cut)
        co_return false;
    if (reply.feed) {
        const bool sent = co_await stream_feed(reply.response, std::move(reply.feed));
        co_return sent;
    }
    std::string bytes;
    if (reply.verbatim) {
        bytes = std::move(*reply.verbatim);
    } else {
        const bool close = same_name(reply.response.header("Connection"), "close");
        bytes = write_response(reply.response,
                               close ? AfterAnswer::close : AfterAnswer::keep_alive,
                               request.method == "HEAD" ? AnswerBody::omit : AnswerBody::send);
    }
    if (reply.cut_after_bytes)
        bytes.resize(std::min(bytes.size(), *reply.cut_after_bytes));
    const bool sent = co_await write_all(std::move(bytes));
    co_return sent && !reply.cut_after_bytes;
}

// Sends the pieces of `feed` as they come. False: the connection ends with it, because the client
// may have said something meanwhile that nobody read.
Task<bool> Session::stream_feed(const HttpResponse& head, std::shared_ptr<BodyFeed> feed)
{
    feed_ = feed;
    bool sent = co_await write_all(write_chunked_head(head));
    while (sent && stream_->is_idle()) {
        const auto piece = co_await feed->next();
        if (!piece)
            break;
        if (stream_->is_idle())
            sent = co_await write_all(write_chunk(*piece));
    }
    feed->end();
    if (sent) {
        std::string last = write_chunk("");
        co_await write_all(std::move(last));
    }
    co_return false;
}

Task<bool> Session::write_all(std::string bytes)
{
    const auto watchdog = watch(limits_.write_max);
    std::size_t written = 0;
    while (written < bytes.size()) {
        const asio::const_buffer rest = asio::buffer(bytes) + written;
        const auto [ec, count] = co_await write_some(*stream_, rest);
        if (ec)
            co_return false;
        written += count;
    }
    co_return true;
}

Task<void> serve_stream(std::unique_ptr<ByteStream> stream,
                        ServerHandler handler,
                        Clock& clock,
                        ServerLimits limits)
{
    Session session(std::move(stream), clock, limits);
    co_await session.serve(handler);
}

} // namespace trueup
