// Servers whose certificate or protocol is not good enough: each is refused at the first try, with
// nothing sent, in words by which somebody can mend it.

#include "tests/integration/live_api.hpp"
#include "tests/support/certificates.hpp"
#include "tests/unit/api/http/openssl_peer.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

using std::chrono::seconds;

CertificateWish wish(const std::string& alt_names)
{
    CertificateWish wish;
    wish.name = "server";
    wish.alt_names = alt_names;
    return wish;
}

struct Scene {
    Scene()
    {
        CertificateWish trusted;
        trusted.name = "Test Authority";
        trusted.authority = true;
        authority = make_identity(trusted);
        site.write(".tls/ca.pem", authority.certificate);
        site.write("roles.yaml", role("reader"));
    }

    std::unique_ptr<LiveApi> serve(const Identity& identity) const
    {
        ServerTls tls;
        tls.certificate_pem = identity.certificate;
        tls.key_pem = identity.key;
        return std::make_unique<LiveApi>(SandboxOptions(), tls);
    }
    Finished plan(const std::string& url, std::vector<std::string> more = {}) const
    {
        std::vector<std::string> arguments{"plan", "--ca-file", ca_file()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        Process process(site.command(url, arguments), Site::environment());
        auto finished = process.wait_for(seconds(20));
        REQUIRE(finished);
        return *finished;
    }
    std::string ca_file() const { return (site.directory() / ".tls" / "ca.pem").string(); }

    Site site;
    Identity authority;
};

void check_refused(const Finished& finished, const std::string& fault, const std::string& advice)
{
    CHECK(finished.exit_code == 1);
    CHECK_MESSAGE(finished.err.find("the TLS handshake with https://") != std::string::npos,
                  finished.err);
    CHECK_MESSAGE(finished.err.find(fault) != std::string::npos, finished.err);
    CHECK_MESSAGE(finished.err.find(advice) != std::string::npos, finished.err);
    // Trying again would not help, and was not tried.
    CHECK_MESSAGE(finished.err.find("attempt=2") == std::string::npos, finished.err);
}

} // namespace

TEST_SUITE("process: TLS")
{
    TEST_CASE("a server whose certificate fits is planned and applied against")
    {
        Scene scene;
        const auto api = scene.serve(make_identity(wish("IP:127.0.0.1"), &scene.authority));

        const Finished applied =
            scene.site.run(*api, {"apply", "--yes", "--ca-file", scene.ca_file()});

        CHECK_MESSAGE(applied.exit_code == 0, applied.err);
        CHECK(scene.plan(api->url(), {"--detailed-exitcode"}).exit_code == 0);
    }

    TEST_CASE("a certificate for another host")
    {
        Scene scene;
        const auto api = scene.serve(make_identity(wish("DNS:other.example"), &scene.authority));
        check_refused(scene.plan(api->url()),
                      "mismatch",
                      "the server's certificate is for another name: check the endpoint");
        CHECK(api->requests() == 0);
    }

    TEST_CASE("a certificate that has expired, and one from the future")
    {
        Scene scene;
        CertificateWish old = wish("IP:127.0.0.1");
        old.valid_from_seconds = -7200;
        old.valid_until_seconds = -3600;
        const auto expired = scene.serve(make_identity(old, &scene.authority));
        check_refused(scene.plan(expired->url()),
                      "certificate has expired",
                      "renew the server's certificate, or set this machine's clock");
        CertificateWish young = wish("IP:127.0.0.1");
        young.valid_from_seconds = 3600;
        const auto future = scene.serve(make_identity(young, &scene.authority));
        check_refused(
            scene.plan(future->url()), "certificate is not yet valid", "set this machine's clock");
        CHECK(expired->requests() + future->requests() == 0);
    }

    TEST_CASE("a certificate that signed itself, and one of an authority that we do not know")
    {
        Scene scene;
        const auto itself = scene.serve(make_identity(wish("IP:127.0.0.1")));
        check_refused(scene.plan(itself->url()),
                      "self-signed certificate",
                      "if you trust this server, name its certificate authority with --ca-file");
        CertificateWish other;
        other.name = "Other Authority";
        other.authority = true;
        const Identity stranger = make_identity(other);
        const auto unknown = scene.serve(make_identity(wish("IP:127.0.0.1"), &stranger));
        check_refused(scene.plan(unknown->url()),
                      "unable to get local issuer certificate",
                      "name its certificate authority with --ca-file");
        // Without --ca-file, the system's authorities do not know ours either.
        const auto ours = scene.serve(make_identity(wish("IP:127.0.0.1"), &scene.authority));
        check_refused(scene.site.run(*ours, {"plan"}),
                      "unable to get local issuer certificate",
                      "name its certificate authority with --ca-file");
        CHECK(itself->requests() + unknown->requests() + ours->requests() == 0);
    }

    TEST_CASE("a server that speaks TLS 1.0 or 1.1 only, and one that speaks no TLS at all")
    {
        Scene scene;
        const Identity identity = make_identity(wish("IP:127.0.0.1"), &scene.authority);
        for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
            CAPTURE(version);
            boost::asio::io_context context;
            OpenSslPeer peer(context, identity, version, "", OpenSslPeer::Farewell::polite);
            check_refused(scene.plan("https://127.0.0.1:" + std::to_string(peer.port())),
                          "alert protocol version",
                          "the server must offer TLS 1.2 or later");
        }
        const LiveApi plain;
        check_refused(scene.plan("https" + plain.url().substr(4)),
                      "wrong version number",
                      "the server may not speak TLS on this port: check scheme and port");
    }

    TEST_CASE("a host that has no address, and files that are no certificates")
    {
        Scene scene;
        const Finished nowhere = scene.plan("https://no-such-host.invalid", {"--timeout", "300ms"});
        CHECK(nowhere.exit_code == 1);
        CHECK_MESSAGE(nowhere.err.find("the host no-such-host.invalid") != std::string::npos,
                      nowhere.err);
        scene.site.write(".tls/broken.pem", "nothing of the kind\n");
        const std::string broken = (scene.site.directory() / ".tls" / "broken.pem").string();
        for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
                 {"--ca-file", broken},
                 {"--ca-file", broken + ".missing"},
                 {"--client-cert", broken},
                 {"--client-cert", broken, "--client-key", broken}}) {
            std::vector<std::string> arguments{"plan"};
            arguments.insert(arguments.end(), options.begin(), options.end());
            const Finished finished = scene.site.run("https://127.0.0.1:1", arguments);
            CHECK(finished.exit_code == 1);
            CHECK_MESSAGE((finished.err.find(broken) != std::string::npos ||
                           finished.err.find("--client-key") != std::string::npos),
                          finished.err);
        }
    }
}
