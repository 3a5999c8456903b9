// A TLS server made of OpenSSL alone.

#pragma once

#include "api/http/tcp.hpp"
#include "tests/support/certificates.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <openssl/ssl.h>

#include <array>
#include <thread>

namespace trueup {

// One TLS connection served by OpenSSL itself on a thread, so that the client is not only checked
// against our own server.
class OpenSslPeer {
public:
    enum class Farewell { polite, abrupt };

    OpenSslPeer(boost::asio::io_context& context,
                const Identity& identity,
                int version_max,
                std::string reply,
                Farewell farewell)
        : acceptor_(context.get_executor(),
                    TcpEndpoint(boost::asio::ip::address_v4::loopback(), 0)),
          reply_(std::move(reply)),
          farewell_(farewell)
    {
        using namespace certificates;
        tls_.reset(SSL_CTX_new(TLS_server_method()));
        SSL_CTX_set_security_level(tls_.get(), 0);
        SSL_CTX_set_max_proto_version(tls_.get(), version_max);
        SSL_CTX_set_min_proto_version(tls_.get(), TLS1_VERSION);
        const Bio certificate_bio = reader(identity.certificate);
        const Bio key_bio = reader(identity.key);
        const Certificate certificate(
            PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
        const Key key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
        SSL_CTX_use_certificate(tls_.get(), certificate.get());
        SSL_CTX_use_PrivateKey(tls_.get(), key.get());
        SSL_CTX_set_alpn_select_cb(tls_.get(), note_protocols, this);
        thread_ = std::thread([this] { serve(); });
    }
    OpenSslPeer(const OpenSslPeer&) = delete;
    OpenSslPeer& operator=(const OpenSslPeer&) = delete;
    ~OpenSslPeer() { join(); }

    unsigned short port() { return acceptor_.local_endpoint().port(); }
    void join()
    {
        if (thread_.joinable())
            thread_.join();
    }

    // After join().
    std::string server_name;
    std::string protocols;
    std::string version;

private:
    struct FreeContext {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };

    static int note_protocols(SSL*,
                              const unsigned char** out,
                              unsigned char* out_size,
                              const unsigned char* in,
                              unsigned int in_size,
                              void* self)
    {
        auto* peer = static_cast<OpenSslPeer*>(self);
        peer->protocols.assign(reinterpret_cast<const char*>(in), in_size);
        *out = in + 1;
        *out_size = in[0];
        return SSL_TLSEXT_ERR_OK;
    }

    void serve()
    {
        const int socket = ::accept(acceptor_.native_handle(), nullptr, nullptr);
        SSL* ssl = SSL_new(tls_.get());
        SSL_set_fd(ssl, socket);
        if (SSL_accept(ssl) == 1) {
            const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
            server_name = name == nullptr ? "" : name;
            version = SSL_get_version(ssl);
            std::string heard;
            std::array<char, 1024> block{};
            int count = 1;
            while (heard.find("\r\n\r\n") == std::string::npos && count > 0) {
                count = SSL_read(ssl, block.data(), static_cast<int>(block.size()));
                heard.append(block.data(), static_cast<std::size_t>(std::max(count, 0)));
            }
            SSL_write(ssl, reply_.data(), static_cast<int>(reply_.size()));
            if (farewell_ == Farewell::polite)
                SSL_shutdown(ssl);
        }
        SSL_free(ssl);
        ::close(socket);
    }

    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor> acceptor_;
    std::unique_ptr<SSL_CTX, FreeContext> tls_;
    std::string reply_;
    Farewell farewell_;
    std::thread thread_;
};

} // namespace trueup
