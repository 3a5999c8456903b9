// A small HTTP/1.1 server for the sandbox and for tests. It listens where it is told and answers
// from a handler; a handler may also ask for the faults that clients must survive.

#pragma once

#include "api/http/message.hpp"
#include "api/http/stream.hpp"
#include "state/model/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace trueup {

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
};

using ServerHandler = std::function<ServerReply(const HttpRequest&)>;

// Serves one connection until its client goes: the same server without sockets, for simulated
// streams. `clock` must outlive the task; replies are delayed on it.
Task<void> serve_stream(std::unique_ptr<ByteStream> stream, ServerHandler handler, Clock& clock);

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

    virtual unsigned short port() const = 0;
};

// Listens on `address` (an IP literal) and `port` (0: any free one) and serves on `context`. The
// request given to the handler has method, target, headers and body. Fails with network or
// invalid_input. `context` must outlive the server; `handler` is called from its thread.
Result<std::unique_ptr<HttpServer>> make_http_server(boost::asio::io_context& context,
                                                     const std::string& address,
                                                     unsigned short port,
                                                     ServerHandler handler,
                                                     const std::optional<ServerTls>& tls = {});

} // namespace trueup
