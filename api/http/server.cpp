#include "api/http/server.hpp"

#include "api/http/codec.hpp"
#include "api/http/one_shot.hpp"
#include "api/http/stream_io.hpp"
#include "api/http/tls.hpp"
#include "api/http/wire.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <set>

namespace trueup {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

constexpr std::size_t connections_max = 1024;
constexpr std::size_t request_header_bytes_max = 64U << 10U;
constexpr std::size_t request_body_bytes_max = 16U << 20U;
constexpr Duration handshake_max = std::chrono::seconds(10);
// After a failed accept: without file descriptors the next one would fail at once, and so on.
constexpr Duration accept_pause = std::chrono::milliseconds(50);

// A wait that can be cut short. One coroutine waits at a time.
class Pause {
public:
    explicit Pause(Clock& clock) : clock_(clock) {}

    // False when it was cut short.
    Task<bool> wait(Duration delay)
    {
        const auto executor = co_await asio::this_coro::executor;
        const auto turn = std::make_shared<OneShot<bool>>(executor);
        current_ = turn;
        if (cut_)
            turn->put(false);
        const auto alarm = clock_.alarm(delay, [turn] { turn->put(true); });
        co_return co_await turn->take();
    }
    void cut()
    {
        cut_ = true;
        if (const auto turn = current_.lock())
            turn->put(false);
    }

private:
    Clock& clock_;
    std::weak_ptr<OneShot<bool>> current_;
    bool cut_ = false;
};

// One client's connection, from the first request to the last.
class Session {
public:
    Session(std::unique_ptr<ByteStream> stream, Clock& clock)
        : stream_(std::move(stream)),
          reader_(CodecLimits(request_header_bytes_max, request_body_bytes_max)),
          pause_(clock)
    {
    }

    // Ends when the client goes, when the handler cuts it off, or after close().
    Task<void> serve(const ServerHandler& handler);
    void close()
    {
        pause_.cut();
        stream_->close();
    }

private:
    Task<Result<ReadState>> read_request();
    Task<bool> answer(const HttpRequest& request, ServerReply reply);
    Task<bool> write_all(std::string bytes);

    std::unique_ptr<ByteStream> stream_;
    RequestReader reader_;
    Pause pause_;
};

Task<void> Session::serve(const ServerHandler& handler)
{
    for (;;) {
        const auto state = co_await read_request();
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

Task<bool> Session::write_all(std::string bytes)
{
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

// What the server's coroutines share; it outlives the server until they are done.
struct ServerState {
    ServerState(asio::io_context& context, ServerHandler h)
        : clock(make_system_clock(context)),
          handler(std::move(h)),
          acceptor(context.get_executor()),
          pause(*clock)
    {
    }

    void stop()
    {
        stopped = true;
        error_code ignored;
        acceptor.close(ignored);
        pause.cut();
        for (Session* session : sessions)
            session->close();
    }

    std::unique_ptr<Clock> clock;
    ServerHandler handler;
    std::shared_ptr<TlsContext> tls; // nothing: plain TCP
    Acceptor acceptor;
    Pause pause;
    std::set<Session*> sessions;
    std::size_t connections = 0;
    bool stopped = false;
};

// Counts one connection, from accept to its end.
class Presence {
public:
    explicit Presence(ServerState& state) : state_(state) { ++state_.connections; }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    ~Presence()
    {
        state_.sessions.erase(session_);
        --state_.connections;
    }

    void enter(Session& session)
    {
        session_ = &session;
        state_.sessions.insert(session_);
    }

private:
    ServerState& state_;
    Session* session_ = nullptr;
};

Task<void> serve_connection(std::shared_ptr<ServerState> state, TcpSocket socket)
{
    Presence presence(*state);
    tune(socket);
    std::unique_ptr<ByteStream> stream;
    if (state->tls) {
        auto secured =
            co_await secure_server(state->tls, std::move(socket), *state->clock, handshake_max);
        if (!secured)
            co_return;
        stream = std::move(*secured);
    } else {
        stream = make_tcp_stream(std::move(socket));
    }
    if (state->stopped)
        co_return;
    Session session(std::move(stream), *state->clock);
    presence.enter(session);
    co_await session.serve(state->handler);
}

// A handler that throws is a bug of ours: it ends the loop where somebody sees it.
void rethrow(std::exception_ptr fault)
{
    if (fault)
        std::rethrow_exception(fault);
}

Task<void> accept_connections(std::shared_ptr<ServerState> state)
{
    const auto token = asio::as_tuple(asio::use_awaitable_t<Executor>{});
    const Executor executor = state->acceptor.get_executor();
    while (!state->stopped) {
        TcpSocket socket(executor);
        const auto [ec] = co_await state->acceptor.async_accept(socket, token);
        if (state->stopped)
            break;
        if (ec) {
            co_await state->pause.wait(accept_pause);
            continue;
        }
        if (state->connections < connections_max)
            asio::co_spawn(executor, serve_connection(state, std::move(socket)), rethrow);
    }
}

class SocketServer final : public HttpServer {
public:
    SocketServer(std::shared_ptr<ServerState> state, unsigned short port)
        : state_(std::move(state)), port_(port)
    {
    }
    ~SocketServer() override { state_->stop(); }

    unsigned short port() const override { return port_; }

private:
    std::shared_ptr<ServerState> state_;
    unsigned short port_;
};

Result<unsigned short> listen(Acceptor& acceptor, const std::string& address, unsigned short port)
{
    error_code ec;
    const auto ip = asio::ip::make_address(address, ec);
    if (ec)
        return Error{Errc::invalid_input, "\"" + address + "\" is not an IP address"};
    const TcpEndpoint endpoint(ip, port);
    acceptor.open(endpoint.protocol(), ec);
    if (!ec)
        acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec)
        acceptor.bind(endpoint, ec);
    if (!ec)
        acceptor.listen(asio::socket_base::max_listen_connections, ec);
    TcpEndpoint bound;
    if (!ec)
        bound = acceptor.local_endpoint(ec);
    if (ec)
        return Error{Errc::network,
                     "cannot listen on " + address + " port " + std::to_string(port) + ": " +
                         ec.message()};
    return bound.port();
}

} // namespace

Task<void> serve_stream(std::unique_ptr<ByteStream> stream, ServerHandler handler, Clock& clock)
{
    Session session(std::move(stream), clock);
    co_await session.serve(handler);
}

Result<std::unique_ptr<HttpServer>> make_http_server(asio::io_context& context,
                                                     const std::string& address,
                                                     unsigned short port,
                                                     ServerHandler handler,
                                                     const std::optional<ServerTls>& tls)
{
    const auto state = std::make_shared<ServerState>(context, std::move(handler));
    if (tls) {
        auto made = make_server_tls(*tls);
        if (!made)
            return made.error();
        state->tls = std::move(*made);
    }
    const auto bound = listen(state->acceptor, address, port);
    if (!bound)
        return bound.error();
    asio::co_spawn(context.get_executor(), accept_connections(state), rethrow);
    return std::make_unique<SocketServer>(state, *bound);
}

} // namespace trueup
