// One HTTP/1.1 client: keep-alive pool, deadlines, limits. It follows no redirect, keeps no cookie,
// repeats nothing that might have had an effect, and speaks to its one origin only.

#pragma once

#include "api/http/message.hpp"
#include "api/http/stream.hpp"
#include "state/model/clock.hpp"

#include <memory>

namespace trueup {

struct HttpLimits {
    HttpLimits() = default;

    Duration connect_max = std::chrono::seconds(10);
    Duration read_max = std::chrono::seconds(30); // without a byte
    Duration call_max = std::chrono::seconds(60); // from the first byte sent to the last received
    std::size_t body_bytes_max = 16U << 20U;      // after decompression
    std::size_t header_bytes_max = 16U << 10U;
    std::size_t connections_max = 8;
    Duration idle_max = std::chrono::seconds(20);
    std::size_t requests_per_connection_max = 10'000;
};

class HttpClient {
public:
    HttpClient() = default;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    virtual ~HttpClient() = default;

    // The answer, whatever its status (3xx included: the caller refuses them). Fails with network,
    // timed_out, rejected or too_large; Error::effect is unknown once the first byte of the request
    // may have reached the server. Waits for a free connection when all are in use.
    virtual Task<Result<HttpResponse>> send(HttpRequest request) = 0;
    virtual const Origin& origin() const = 0;
};

// `dialer` and `clock` must outlive the client.
std::unique_ptr<HttpClient>
make_http_client(Origin origin, Dialer& dialer, Clock& clock, HttpLimits limits);

struct TlsOptions {
    TlsOptions() = default;

    std::string ca_file;     // PEM; "" : the system's
    std::string client_cert; // PEM; "" : none
    std::string client_key;
};

// Dials TCP, and TLS 1.2 or later with peer and host verification. Fails with invalid_input on
// files that cannot be used. `context` and `clock` must outlive it.
Result<std::unique_ptr<Dialer>> make_network_dialer(boost::asio::io_context& context,
                                                    Clock& clock,
                                                    const TlsOptions& tls,
                                                    const HttpLimits& limits);

} // namespace trueup
