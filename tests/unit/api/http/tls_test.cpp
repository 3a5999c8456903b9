#include "api/http/client.hpp"
#include "api/http/server.hpp"
#include "api/http/tcp.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/counting_dialer.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/api/http/openssl_peer.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace trueup {

namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// A directory of PEM files that goes with the test.
class PemFiles {
public:
    PemFiles()
    {
        std::string name = (std::filesystem::temp_directory_path() / "trueup-tls-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        directory_ = name;
    }
    PemFiles(const PemFiles&) = delete;
    PemFiles& operator=(const PemFiles&) = delete;
    ~PemFiles() { std::filesystem::remove_all(directory_); }

    std::string write(const std::string& name, const std::string& text) const
    {
        const auto path = directory_ / name;
        std::ofstream(path) << text;
        return path.string();
    }

private:
    std::filesystem::path directory_;
};

CertificateWish authority_wish()
{
    CertificateWish wish;
    wish.name = "Test Authority";
    wish.authority = true;
    return wish;
}

CertificateWish server_wish()
{
    CertificateWish wish;
    wish.name = "server";
    wish.alt_names = "DNS:localhost,IP:127.0.0.1";
    return wish;
}

HttpRequest get()
{
    HttpRequest request;
    request.method = "GET";
    request.target = "/";
    request.route = "GET /";
    return request;
}

struct World {
    World() { options.ca_file = files.write("ca.pem", authority.certificate); }

    void serve(const Identity& identity, const std::string& client_ca = "")
    {
        ServerTls tls;
        tls.certificate_pem = identity.certificate;
        tls.key_pem = identity.key;
        tls.client_ca_pem = client_ca;
        const ServerHandler handler = [](const HttpRequest&) {
            ServerReply reply;
            reply.response.status = 200;
            reply.response.body = "secure";
            return reply;
        };
        auto made = make_http_server(context, "127.0.0.1", 0, handler, tls);
        REQUIRE(made);
        server = std::move(*made);
        port = server->port();
    }

    void connect(const std::string& host)
    {
        auto made = make_network_dialer(context, clock, options, limits);
        REQUIRE_MESSAGE(made, (made ? "" : made.error().text()));
        network = std::move(*made);
        dialer = std::make_unique<CountingDialer>(*network);
        Origin origin = *parse_origin("https://127.0.0.1:" + std::to_string(port));
        origin.host = host;
        client = make_http_client(origin, *dialer, clock, limits);
    }

    Result<HttpResponse> call(const std::string& host = "127.0.0.1")
    {
        connect(host);
        return run_task(context, client->send(get()));
    }

    void check_refused(const std::string& host, const std::string& reason)
    {
        const auto answer = call(host);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Errc::rejected);
        CHECK(answer.error().effect == Effect::none);
        CHECK_MESSAGE(answer.error().text().find(reason) != std::string::npos,
                      answer.error().text());
        CHECK_FALSE(answer.error().advice.empty());
    }

    asio::io_context context;
    ManualClock clock{context};
    HttpLimits limits;
    PemFiles files;
    Identity authority = make_identity(authority_wish());
    TlsOptions options;
    std::unique_ptr<HttpServer> server;
    unsigned short port = 0;
    std::unique_ptr<Dialer> network;
    std::unique_ptr<CountingDialer> dialer;
    std::unique_ptr<HttpClient> client;
};

} // namespace

TEST_SUITE("http: tls")
{
    TEST_CASE("a server whose certificate fits is spoken to, by address and by name")
    {
        World world;
        world.serve(make_identity(server_wish(), &world.authority));

        for (const char* host : {"127.0.0.1", "localhost"}) {
            const auto answer = world.call(host);
            REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text()));
            CHECK(answer->body == "secure");
        }
    }

    TEST_CASE("one connection serves a hundred calls: idle TLS is known to be idle")
    {
        World world;
        world.serve(make_identity(server_wish(), &world.authority));
        world.connect("127.0.0.1");

        for (int i = 0; i < 100; ++i)
            REQUIRE(run_task(world.context, world.client->send(get())));

        CHECK(world.dialer->counts.dials == 1);
    }

    TEST_CASE("a certificate for another host is refused")
    {
        World world;
        CertificateWish wish = server_wish();
        wish.name = "localhost"; // the common name does not count
        wish.alt_names = "DNS:other.test,IP:127.0.0.2";
        world.serve(make_identity(wish, &world.authority));

        world.check_refused("localhost", "hostname mismatch");
        world.check_refused("127.0.0.1", "IP address mismatch");
    }

    TEST_CASE("a certificate that is expired or not yet valid is refused")
    {
        World world;
        CertificateWish wish = server_wish();
        wish.valid_from_seconds = -7200;
        wish.valid_until_seconds = -3600;
        world.serve(make_identity(wish, &world.authority));
        world.check_refused("127.0.0.1", "certificate has expired");

        wish.valid_from_seconds = 3600;
        wish.valid_until_seconds = 7200;
        world.serve(make_identity(wish, &world.authority));
        world.check_refused("127.0.0.1", "certificate is not yet valid");
    }

    TEST_CASE("a certificate that nobody we trust has signed is refused")
    {
        World world;
        world.serve(make_identity(server_wish()));
        world.check_refused("127.0.0.1", "self-signed certificate");

        const Identity namesake = make_identity(authority_wish());
        world.serve(make_identity(server_wish(), &namesake));
        world.check_refused("127.0.0.1", "certificate signature failure");

        CertificateWish wish = authority_wish();
        wish.name = "Another Authority";
        const Identity stranger = make_identity(wish);
        world.serve(make_identity(server_wish(), &stranger));
        world.check_refused("127.0.0.1", "unable to get local issuer certificate");

        // The system's authorities do not know our test authority either.
        world.serve(make_identity(server_wish(), &world.authority));
        world.options.ca_file.clear();
        world.check_refused("127.0.0.1", "--ca-file");
    }

    TEST_CASE("a server that asks for a client certificate gets ours, and nobody else's")
    {
        World world;
        CertificateWish wish;
        wish.name = "client";
        const Identity client = make_identity(wish, &world.authority);
        world.serve(make_identity(server_wish(), &world.authority), world.authority.certificate);

        const auto without = world.call();
        REQUIRE_FALSE(without);
        CHECK(without.error().code == Errc::network);
        CHECK_MESSAGE(without.error().message.find("certificate required") != std::string::npos,
                      without.error().text());

        world.options.client_cert = world.files.write("client.pem", client.certificate);
        world.options.client_key = world.files.write("client.key", client.key);
        const auto with = world.call();
        REQUIRE_MESSAGE(with, (with ? "" : with.error().text()));
        CHECK(with->body == "secure");

        const Identity impostor = make_identity(wish);
        world.options.client_cert = world.files.write("impostor.pem", impostor.certificate);
        world.options.client_key = world.files.write("impostor.key", impostor.key);
        CHECK_FALSE(world.call());
    }

    TEST_CASE("the server is told the host's name, never an address, and that we speak HTTP/1.1")
    {
        for (const std::string host : {"localhost", "127.0.0.1"}) {
            World world;
            OpenSslPeer peer(world.context,
                             make_identity(server_wish(), &world.authority),
                             TLS1_3_VERSION,
                             ok,
                             OpenSslPeer::Farewell::polite);
            world.port = peer.port();

            const auto answer = world.call(host);
            peer.join();

            REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text()));
            CHECK(peer.server_name == (host == "localhost" ? "localhost" : ""));
            CHECK(peer.protocols == "\x08http/1.1");
            CHECK(peer.version == "TLSv1.3");
        }
    }

    TEST_CASE("TLS 1.2 is accepted, 1.1 is not")
    {
        World world;
        const Identity identity = make_identity(server_wish(), &world.authority);
        {
            OpenSslPeer peer(
                world.context, identity, TLS1_2_VERSION, ok, OpenSslPeer::Farewell::polite);
            world.port = peer.port();
            CHECK(world.call());
            peer.join();
            CHECK(peer.version == "TLSv1.2");
        }
        OpenSslPeer old(world.context, identity, TLS1_1_VERSION, ok, OpenSslPeer::Farewell::polite);
        world.port = old.port();
        world.check_refused("127.0.0.1", "TLS 1.2 or later");
    }

    TEST_CASE("an answer that ends without a farewell counts only when its length was reached")
    {
        World world;
        const Identity identity = make_identity(server_wish(), &world.authority);
        {
            OpenSslPeer whole(
                world.context, identity, TLS1_3_VERSION, ok, OpenSslPeer::Farewell::abrupt);
            world.port = whole.port();
            const auto answer = world.call();
            REQUIRE(answer);
            CHECK(answer->body == "ok");
        }
        OpenSslPeer cut(world.context,
                        identity,
                        TLS1_3_VERSION,
                        ok.substr(0, ok.size() - 1),
                        OpenSslPeer::Farewell::abrupt);
        world.port = cut.port();
        const auto answer = world.call();
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Errc::network);
        CHECK(answer.error().effect == Effect::unknown);
    }

    TEST_CASE("a port that does not speak TLS is told apart")
    {
        World world;
        auto plain = make_http_server(
            world.context, "127.0.0.1", 0, [](const HttpRequest&) { return ServerReply(); });
        REQUIRE(plain);
        world.port = (*plain)->port();

        world.check_refused("127.0.0.1", "check scheme and port");
    }

    TEST_CASE("a handshake that stalls is left after connect_max")
    {
        World world;
        asio::basic_socket_acceptor<asio::ip::tcp, Executor> mute(
            world.context.get_executor(), TcpEndpoint(asio::ip::address_v4::loopback(), 0));
        world.port = mute.local_endpoint().port();
        world.connect("127.0.0.1");
        std::optional<Result<HttpResponse>> answer;
        asio::co_spawn(world.context.get_executor(),
                       world.client->send(get()),
                       [&](std::exception_ptr, Result<HttpResponse> result) {
                           answer.emplace(std::move(result));
                       });

        world.clock.advance(world.limits.connect_max - milliseconds(1));
        CHECK_FALSE(answer);
        world.clock.advance(milliseconds(1));

        REQUIRE(answer);
        REQUIRE_FALSE(*answer);
        CHECK(answer->error().code == Errc::timed_out);
        CHECK(answer->error().effect == Effect::none);
    }

    TEST_CASE("the server may go during handshakes and calls")
    {
        World world;
        world.serve(make_identity(server_wish(), &world.authority));
        world.connect("127.0.0.1");
        REQUIRE(run_task(world.context, world.client->send(get())));
        std::optional<Result<HttpResponse>> answers[4];
        for (auto& slot : answers) {
            asio::co_spawn(world.context.get_executor(),
                           world.client->send(get()),
                           [&](std::exception_ptr, Result<HttpResponse> result) {
                               slot.emplace(std::move(result));
                           });
        }
        world.context.restart();
        for (int i = 0; i < 10; ++i)
            world.context.poll_one();

        world.server.reset();

        world.context.restart();
        while (!std::ranges::all_of(answers, [](const auto& slot) { return slot.has_value(); }))
            REQUIRE(world.context.run_one_for(std::chrono::seconds(60)) != 0);
    }

    TEST_CASE("make_network_dialer: files that cannot be used are named")
    {
        World world;
        const Identity one = make_identity(server_wish());
        const Identity two = make_identity(server_wish());
        const std::string certificate = world.files.write("one.pem", one.certificate);
        const std::string key = world.files.write("one.key", one.key);
        const std::string other_key = world.files.write("two.key", two.key);
        const std::string garbage = world.files.write("garbage.pem", "nothing");
        const auto refuse = [&](const TlsOptions& options, const std::string& named) {
            const auto made =
                make_network_dialer(world.context, world.clock, options, world.limits);
            REQUIRE_FALSE(made);
            CHECK(made.error().code == Errc::invalid_input);
            CHECK_MESSAGE(made.error().text().find(named) != std::string::npos,
                          made.error().text());
        };

        TlsOptions options;
        options.ca_file = "/does/not/exist.pem";
        refuse(options, "/does/not/exist.pem");
        options.ca_file = garbage;
        refuse(options, garbage);
        options = {};
        options.client_cert = certificate;
        refuse(options, "--client-key");
        options.client_key = garbage;
        refuse(options, garbage);
        options.client_key = other_key;
        refuse(options, other_key);
        options.client_key = key;
        CHECK(make_network_dialer(world.context, world.clock, options, world.limits));
    }
}

} // namespace trueup
