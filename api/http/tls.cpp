#include "api/http/tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/consign.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

namespace trueup {

namespace asio = boost::asio;
using boost::system::error_code;

struct TlsContext {
    explicit TlsContext(asio::ssl::context::method method) : context(method) {}

    asio::ssl::context context;
};

namespace {

// Length-prefixed, as RFC 7301 wants it.
constexpr unsigned char protocol[] = "\x08http/1.1";
constexpr unsigned int protocol_bytes = sizeof protocol - 1;

// What the operations of one stream share: an operation that is under way outlives the stream.
struct TlsState {
    TlsState(std::shared_ptr<TlsContext> c, TcpSocket socket)
        : context(std::move(c)), stream(std::move(socket), context->context)
    {
    }

    void close() { close_socket(stream.next_layer()); }

    std::shared_ptr<TlsContext> context;
    asio::ssl::stream<TcpSocket> stream;
    bool late = false;
};

class TlsStream final : public ByteStream {
public:
    explicit TlsStream(std::shared_ptr<TlsState> state) : state_(std::move(state)) {}
    ~TlsStream() override { state_->close(); }

    void read_some(asio::mutable_buffer buffer, Done done) override
    {
        state_->stream.async_read_some(buffer, asio::consign(std::move(done), state_));
    }
    void write_some(asio::const_buffer buffer, Done done) override
    {
        state_->stream.async_write_some(buffer, asio::consign(std::move(done), state_));
    }
    void close() override { state_->close(); }
    bool is_idle() override
    {
        // Bytes may also wait inside OpenSSL, already read from the socket.
        SSL* ssl = state_->stream.native_handle();
        return SSL_pending(ssl) == 0 && BIO_pending(SSL_get_rbio(ssl)) == 0 &&
               is_quiet(state_->stream.next_layer());
    }

private:
    std::shared_ptr<TlsState> state_;
};

Error bad_file(const std::string& what, const std::string& path, const error_code& ec)
{
    return {Errc::invalid_input, "cannot use the " + what + " " + path + ": " + ec.message()};
}

std::string advice_for(long verdict)
{
    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "the server's certificate is for another name: check the endpoint";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "renew the server's certificate, or set this machine's clock";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "set this machine's clock";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: // another authority of the same name
        return "if you trust this server, name its certificate authority with --ca-file";
    default:
        return "";
    }
}

Error handshake_error(TlsState& state, const std::string& peer, const error_code& ec)
{
    const std::string subject = "the TLS handshake with " + peer;
    if (state.late)
        return {Errc::timed_out, subject + " took too long"};
    const long verdict = SSL_get_verify_result(state.stream.native_handle());
    if (verdict != X509_V_OK)
        return {Errc::rejected,
                subject + " failed: " + X509_verify_cert_error_string(verdict),
                "",
                advice_for(verdict)};
    Errc code = Errc::rejected;
    std::string advice;
    switch (ERR_GET_REASON(static_cast<unsigned long>(ec.value()))) {
    case SSL_R_WRONG_VERSION_NUMBER:
        advice = "the server may not speak TLS on this port: check scheme and port";
        break;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        advice = "the server must offer TLS 1.2 or later";
        break;
    default:
        code = Errc::network;
        break;
    }
    return {code, subject + " failed: " + ec.message(), "", advice};
}

// Asks for the name, and has OpenSSL check it, so that a mismatch has its own verdict.
bool expect_host(SSL* ssl, const std::string& host)
{
    X509_VERIFY_PARAM* rules = SSL_get0_param(ssl);
    error_code not_literal;
    asio::ip::make_address(host, not_literal);
    if (!not_literal)
        return X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1;
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // SSL_set_tlsext_host_name without its C cast; OpenSSL copies the name.
    return X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size()) == 1 &&
           SSL_ctrl(ssl,
                    SSL_CTRL_SET_TLSEXT_HOSTNAME,
                    TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(host.c_str())) == 1;
}

Task<Result<std::unique_ptr<ByteStream>>> shake(std::shared_ptr<TlsState> state,
                                                asio::ssl::stream_base::handshake_type role,
                                                std::string peer,
                                                Clock& clock,
                                                Duration max)
{
    const auto alarm = clock.alarm(max, [weak = std::weak_ptr<TlsState>(state)] {
        if (const auto late = weak.lock()) {
            late->late = true;
            late->close();
        }
    });
    const auto token = asio::as_tuple(asio::use_awaitable_t<Executor>{});
    const auto [ec] = co_await state->stream.async_handshake(role, token);
    // The alarm may have closed the socket when the last byte was already here.
    if (ec || state->late)
        co_return handshake_error(*state, peer, ec);
    co_return std::make_unique<TlsStream>(std::move(state));
}

int choose_protocol(SSL*,
                    const unsigned char** out,
                    unsigned char* out_size,
                    const unsigned char* in,
                    unsigned int in_size,
                    void*)
{
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, protocol, protocol_bytes, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

Result<void> use_client_certificate(asio::ssl::context& context, const TlsOptions& options)
{
    if (options.client_cert.empty() && options.client_key.empty())
        return {};
    if (options.client_cert.empty() || options.client_key.empty())
        return Error{Errc::invalid_input,
                     "a client certificate and its key go together",
                     "",
                     "give both --client-cert and --client-key"};
    error_code ec;
    context.use_certificate_chain_file(options.client_cert, ec);
    if (ec)
        return bad_file("client certificate", options.client_cert, ec);
    context.use_private_key_file(options.client_key, asio::ssl::context::pem, ec);
    if (ec)
        return bad_file("client key", options.client_key, ec);
    return {};
}

// Nobody sits at a terminal to type the password of a key.
std::string no_password(std::size_t, asio::ssl::context::password_purpose)
{
    return {};
}

Result<void> configure_client(asio::ssl::context& context, const TlsOptions& options)
{
    SSL_CTX* native = context.native_handle();
    error_code ec;
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_alpn_protos(native, protocol, protocol_bytes);
    context.set_verify_mode(asio::ssl::verify_peer, ec);
    if (!ec)
        context.set_password_callback(no_password, ec);
    if (ec)
        return Error{Errc::internal, "TLS cannot be set up: " + ec.message()};
    if (options.ca_file.empty())
        context.set_default_verify_paths(ec);
    else
        context.load_verify_file(options.ca_file, ec);
    if (ec)
        return bad_file("certificate authority", options.ca_file, ec);
    return use_client_certificate(context, options);
}

Result<void> configure_server(asio::ssl::context& context, const ServerTls& options)
{
    SSL_CTX* native = context.native_handle();
    error_code ec;
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
    // No resumption: tickets would arrive unasked on connections that clients take for idle.
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(native, 0);
    SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
    context.use_certificate_chain(asio::buffer(options.certificate_pem), ec);
    if (!ec)
        context.use_private_key(asio::buffer(options.key_pem), asio::ssl::context::pem, ec);
    if (!ec && !options.client_ca_pem.empty()) {
        context.add_certificate_authority(asio::buffer(options.client_ca_pem), ec);
        if (!ec)
            context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert,
                                    ec);
    }
    if (ec)
        return Error{Errc::invalid_input, "cannot use the server's certificates: " + ec.message()};
    return {};
}

} // namespace

Result<std::shared_ptr<TlsContext>> make_client_tls(const TlsOptions& options)
{
    const auto tls = std::make_shared<TlsContext>(asio::ssl::context::tls_client);
    if (auto done = configure_client(tls->context, options); !done)
        return done.error();
    return tls;
}

Result<std::shared_ptr<TlsContext>> make_server_tls(const ServerTls& options)
{
    const auto tls = std::make_shared<TlsContext>(asio::ssl::context::tls_server);
    if (auto done = configure_server(tls->context, options); !done)
        return done.error();
    return tls;
}

Task<Result<std::unique_ptr<ByteStream>>> secure_client(std::shared_ptr<TlsContext> context,
                                                        TcpSocket socket,
                                                        Origin origin,
                                                        Clock& clock,
                                                        Duration max)
{
    const auto state = std::make_shared<TlsState>(std::move(context), std::move(socket));
    if (!expect_host(state->stream.native_handle(), origin.host))
        co_return Error{Errc::network, "the host " + origin.host + " cannot be verified with TLS"};
    co_return co_await shake(state, asio::ssl::stream_base::client, origin.text(), clock, max);
}

Task<Result<std::unique_ptr<ByteStream>>>
secure_server(std::shared_ptr<TlsContext> context, TcpSocket socket, Clock& clock, Duration max)
{
    const auto state = std::make_shared<TlsState>(std::move(context), std::move(socket));
    co_return co_await shake(state, asio::ssl::stream_base::server, "a client", clock, max);
}

} // namespace trueup
