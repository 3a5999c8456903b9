// A small HTTP/1.1 server: for the sandbox, for tests, and for the daemon's control socket. It
// listens where it is told, on TCP or a Unix socket, and answers from a handler; a handler may also
// ask for the faults that clients must survive, or answer with a body that goes on.

#pragma once

#include "api/http/message.hpp"
#include "api/http/stream.hpp"
#include "state/model/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>

namespace trueup {

// A body that goes on for as long as both sides like, in pieces.
class BodyFeed {
public:
    BodyFeed() = default;
    BodyFeed(const BodyFeed&) = delete;
    BodyFeed& operator=(const BodyFeed&) = delete;
    virtual ~BodyFeed() = default;

    // The next piece, never an empty one; nothing is the end. Waits until there is one. One call at
    // a time.
    virtual Task<std::optional<std::string>> next() = 0;
    // The client has gone, or the server stops: whoever waits in next() gets nothing.
    virtual void end() = 0;
};

// What the server does with one request.
struct ServerReply {
    ServerReply() = default;

    HttpResponse response;
    Duration delay{};
    // Cut the connection instead of answering; the handler's effect stays.
    bool cut = false;
    // Send only this many bytes of the answer, then cut.
    std::optional<std::size_t> cut_after_bytes;
    // Send these bytes verbatim instead of `response`.
    std::optional<std::string> verbatim;
    // Where the body comes from, in chunks, instead of from `response`.
    std::shared_ptr<BodyFeed> feed;
};

using ServerHandler = std::function<ServerReply(const HttpRequest&)>;

// What one client can use up. A duration of zero is none.
struct ServerLimits {
    ServerLimits() = default;

    std::size_t connections_max = 1024; // the next one is closed at once
    std::size_t header_bytes_max = 64U << 10U;
    std::size_t body_bytes_max = 16U << 20U;
    Duration request_max{}; // from the start of the wait for a request to its last byte
    Duration write_max{};   // for one answer, or one piece of a feed
};

// Serves one connection until its client goes: the same server without sockets, for simulated
// streams. `clock` must outlive the task; replies are delayed on it.
Task<void> serve_stream(std::unique_ptr<ByteStream> stream,
                        ServerHandler handler,
                        Clock& clock,
                        ServerLimits limits = ServerLimits());

struct ServerTls {
    ServerTls() = default;
    std::string certificate_pem;
    std::string key_pem;
    std::string client_ca_pem; // "" : clients need no certificate
};

class HttpServer {
public:
    HttpServer() = default;
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    // Stops accepting and closes every connection.
    virtual ~HttpServer() = default;

    // 0 for a Unix socket.
    virtual unsigned short port() const = 0;
};

// Listens on `address` (an IP literal) and `port` (0: any free one) and serves on `context`. The
// request given to the handler has method, target, headers and body. Fails with network or
// invalid_input. `context` must outlive the server; `handler` is called from its thread.
Result<std::unique_ptr<HttpServer>> make_http_server(boost::asio::io_context& context,
                                                     const std::string& address,
                                                     unsigned short port,
                                                     ServerHandler handler,
                                                     const std::optional<ServerTls>& tls = {},
                                                     const ServerLimits& limits = ServerLimits());

// Who is at the other end of a Unix socket, as the kernel says.
struct Peer {
    Peer() = default;

    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
    std::vector<gid_t> groups; // beside gid
};

using PeerHandler = std::function<ServerReply(const Peer&, const HttpRequest&)>;

struct UnixPlace {
    UnixPlace() = default;

    std::filesystem::path path;
    std::optional<gid_t> group; // whose members may connect too: mode 0660, else 0600
    // A socket that already listens, and that somebody else made: it is taken over in place of
    // `path` and `group`, and its path stays when the server goes.
    std::optional<int> inherited;
};

// Listens on a Unix socket. One that a dead server left behind is replaced; the path is removed
// when the server goes. Fails with busy (a server answers there), invalid_input (something else
// stands there, or the path is too long) or network. Otherwise as make_http_server.
Result<std::unique_ptr<HttpServer>> make_unix_server(boost::asio::io_context& context,
                                                     const UnixPlace& place,
                                                     PeerHandler handler,
                                                     const ServerLimits& limits = ServerLimits());

} // namespace trueup
