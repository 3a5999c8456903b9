#include "api/http/client.hpp"
#include "api/http/tls.hpp"

#include <boost/asio/this_coro.hpp>

namespace trueup {

namespace {

class NetworkDialer final : public Dialer {
public:
    // Without a context one with the system's authorities is made when the first TLS origin is
    // dialled: reading them takes longer than a whole command without TLS.
    NetworkDialer(Clock& clock, std::shared_ptr<TlsContext> tls, Duration connect_max)
        : clock_(clock), tls_(std::move(tls)), connect_max_(connect_max)
    {
    }

    Task<Result<std::unique_ptr<ByteStream>>> dial(Origin origin) override
    {
        if (origin.tls && !tls_) {
            auto context = make_client_tls(TlsOptions());
            if (!context)
                return fail(context.error());
            tls_ = std::move(*context);
        }
        return open(clock_, tls_, connect_max_, std::move(origin));
    }

private:
    static Task<Result<std::unique_ptr<ByteStream>>> fail(Error error) { co_return error; }

    // Static: a coroutine that outlives the dialer must not look at it.
    static Task<Result<std::unique_ptr<ByteStream>>>
    open(Clock& clock, std::shared_ptr<TlsContext> tls, Duration max, Origin origin)
    {
        // Look-up, connect and handshake share one deadline.
        const Instant end = clock.now() + max;
        auto endpoints = co_await resolve(clock, origin, max);
        if (!endpoints)
            co_return endpoints.error();
        const Duration for_connect = end - clock.now();
        auto socket = co_await connect_any(clock, std::move(*endpoints), for_connect);
        if (!socket) {
            co_return Error{socket.error().code,
                            "cannot connect to " + origin.text() + ": " + socket.error().message};
        }
        if (!origin.tls)
            co_return make_tcp_stream(std::move(*socket));
        const Duration for_handshake = end - clock.now();
        co_return co_await secure_client(
            std::move(tls), std::move(*socket), std::move(origin), clock, for_handshake);
    }

    Clock& clock_;
    std::shared_ptr<TlsContext> tls_;
    Duration connect_max_;
};

} // namespace

Result<std::unique_ptr<Dialer>> make_network_dialer(boost::asio::io_context&,
                                                    Clock& clock,
                                                    const TlsOptions& tls,
                                                    const HttpLimits& limits)
{
    if (tls.ca_file.empty() && tls.client_cert.empty() && tls.client_key.empty())
        return std::make_unique<NetworkDialer>(clock, nullptr, limits.connect_max);
    auto context = make_client_tls(tls);
    if (!context)
        return context.error();
    return std::make_unique<NetworkDialer>(clock, std::move(*context), limits.connect_max);
}

} // namespace trueup
