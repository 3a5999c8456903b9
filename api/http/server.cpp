#include "api/http/server.hpp"

#include "api/http/session.hpp"
#include "api/http/tls.hpp"
#include "api/http/unix_socket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>

#include <set>

namespace trueup {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
template <class Protocol>
using Acceptor = asio::basic_socket_acceptor<Protocol, Executor>;

constexpr Duration handshake_max = std::chrono::seconds(10);
// After a failed accept: without file descriptors the next one would fail at once, and so on.
constexpr Duration accept_pause = std::chrono::milliseconds(50);

// What the server's coroutines share; it outlives the server until they are done.
struct ServerState {
    ServerState(asio::io_context& context, PeerHandler h, const ServerLimits& l)
        : clock(make_system_clock(context)), handler(std::move(h)), limits(l), pause(*clock)
    {
    }

    void stop()
    {
        stopped = true;
        close_acceptor();
        pause.cut();
        for (Session* session : sessions)
            session->close();
    }

    std::unique_ptr<Clock> clock;
    PeerHandler handler;
    ServerLimits limits;
    std::shared_ptr<TlsContext> tls; // nothing: plain TCP
    std::function<void()> close_acceptor;
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

Task<void> serve_session(std::shared_ptr<ServerState> state,
                         Presence& presence,
                         std::unique_ptr<ByteStream> stream,
                         Peer peer)
{
    const ServerHandler handler = [&state, &peer](const HttpRequest& request) {
        // What the handler works with may be gone once the server is.
        ServerReply none;
        none.cut = true;
        return state->stopped ? none : state->handler(peer, request);
    };
    Session session(std::move(stream), *state->clock, state->limits);
    presence.enter(session);
    co_await session.serve(handler);
}

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
    Peer nobody;
    co_await serve_session(state, presence, std::move(stream), std::move(nobody));
}

Task<void> serve_connection(std::shared_ptr<ServerState> state, UnixSocket socket)
{
    Presence presence(*state);
    auto peer = peer_of(socket);
    if (!peer)
        co_return;
    std::unique_ptr<ByteStream> stream = make_unix_stream(std::move(socket));
    co_await serve_session(state, presence, std::move(stream), std::move(*peer));
}

// A handler that throws is a bug of ours: it ends the loop where somebody sees it.
void rethrow(std::exception_ptr fault)
{
    if (fault)
        std::rethrow_exception(fault);
}

template <class Protocol>
Task<void> accept_connections(std::shared_ptr<ServerState> state,
                              std::shared_ptr<Acceptor<Protocol>> acceptor)
{
    const auto token = asio::as_tuple(asio::use_awaitable_t<Executor>{});
    const Executor executor = acceptor->get_executor();
    while (!state->stopped) {
        asio::basic_stream_socket<Protocol, Executor> socket(executor);
        const auto [ec] = co_await acceptor->async_accept(socket, token);
        if (state->stopped)
            break;
        if (ec) {
            co_await state->pause.wait(accept_pause);
            continue;
        }
        if (state->connections < state->limits.connections_max)
            asio::co_spawn(executor, serve_connection(state, std::move(socket)), rethrow);
    }
}

template <class Protocol>
void start(const std::shared_ptr<ServerState>& state,
           const std::shared_ptr<Acceptor<Protocol>>& acceptor)
{
    state->close_acceptor = [weak = std::weak_ptr<Acceptor<Protocol>>(acceptor)] {
        error_code ignored;
        if (const auto open = weak.lock())
            open->close(ignored);
    };
    asio::co_spawn(
        acceptor->get_executor(), accept_connections<Protocol>(state, acceptor), rethrow);
}

class SocketServer final : public HttpServer {
public:
    SocketServer(std::shared_ptr<ServerState> state, unsigned short port, BoundPath path = {})
        : state_(std::move(state)), port_(port), path_(std::move(path))
    {
    }
    ~SocketServer() override { state_->stop(); }

    unsigned short port() const override { return port_; }

private:
    std::shared_ptr<ServerState> state_;
    unsigned short port_;
    BoundPath path_;
};

Result<unsigned short>
listen(Acceptor<asio::ip::tcp>& acceptor, const std::string& address, unsigned short port)
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

Result<std::unique_ptr<HttpServer>> make_http_server(asio::io_context& context,
                                                     const std::string& address,
                                                     unsigned short port,
                                                     ServerHandler handler,
                                                     const std::optional<ServerTls>& tls,
                                                     const ServerLimits& limits)
{
    const auto state = std::make_shared<ServerState>(
        context,
        [handler = std::move(handler)](const Peer&, const HttpRequest& request) {
            return handler(request);
        },
        limits);
    if (tls) {
        auto made = make_server_tls(*tls);
        if (!made)
            return made.error();
        state->tls = std::move(*made);
    }
    const auto acceptor = std::make_shared<Acceptor<asio::ip::tcp>>(context.get_executor());
    const auto bound = listen(*acceptor, address, port);
    if (!bound)
        return bound.error();
    start<asio::ip::tcp>(state, acceptor);
    return std::make_unique<SocketServer>(state, *bound);
}

Result<std::unique_ptr<HttpServer>> make_unix_server(asio::io_context& context,
                                                     const UnixPlace& place,
                                                     PeerHandler handler,
                                                     const ServerLimits& limits)
{
    using Protocol = asio::local::stream_protocol;
    const auto state = std::make_shared<ServerState>(context, std::move(handler), limits);
    const auto acceptor = std::make_shared<Acceptor<Protocol>>(context.get_executor());
    auto bound = listen_unix(*acceptor, place);
    if (!bound)
        return bound.error();
    start<Protocol>(state, acceptor);
    return std::make_unique<SocketServer>(state, static_cast<unsigned short>(0), std::move(*bound));
}

} // namespace trueup
