// A git repository behind https, with a token: the real program, a real git, a real TLS server.

#include "live_api.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/git.hpp"

#include <iterator>

namespace trueup::test {

namespace {

const std::string token = "git-token-4711";
const std::string basic = "Basic cm9ib3Q6Z2l0LXRva2VuLTQ3MTE="; // robot:git-token-4711

std::string header_of(const HttpRequest& request, std::string_view name)
{
    for (const Header& header : request.headers)
        if (header.name == name || (name == "Authorization" && header.name == "authorization"))
            return header.value;
    return {};
}

// A server of the API that also holds somebody's repository, as plain files, for who has the token.
class GitHost {
public:
    GitHost()
    {
        CertificateWish trusted;
        trusted.name = "Authority of the git host";
        trusted.authority = true;
        const Identity authority = make_identity(trusted);
        site.write("git-ca.pem", authority.certificate);
        CertificateWish named;
        named.alt_names = "IP:127.0.0.1";
        const Identity identity = make_identity(named, &authority);
        ServerTls tls;
        tls.certificate_pem = identity.certificate;
        tls.key_pem = identity.key;
        git_server.emplace(SandboxOptions(), tls);
        git_server->set_hook([this](std::size_t, const HttpRequest& request, ServerReply& reply) {
            serve(request, reply);
        });
        site.write("token", token + "\n");
        site.write("work/fleet.yaml", role("first"));
        git_in(work(), {"init", "--quiet", "--initial-branch=main"});
        git_in(work(), {"add", "--all"});
        git_in(work(), {"commit", "--quiet", "-m", "first"});
        git_in(work(), {"update-server-info"});
    }

    Finished run_once(const std::string& settings) const
    {
        site.write("daemon.yaml",
                   "owner: test-owner\ngit:\n  url: " + git_server->url() +
                       "/team/manifests.git\n  branch: main\n  username: robot\n" + settings);
        return run_process({trueup_binary(),
                            "run",
                            "--once",
                            "--config",
                            (site.directory() / "daemon.yaml").string(),
                            "--state",
                            (site.directory() / "state" / "state.db").string(),
                            "--endpoint",
                            api.url(),
                            "--rate",
                            "unlimited"},
                           Site::environment());
    }
    std::string with_token() const
    {
        return "  tokenFile: " + (site.directory() / "token").string() + "\n";
    }
    std::string with_authority() const
    {
        return "  caFile: " + (site.directory() / "git-ca.pem").string() + "\n";
    }
    bool applied()
    {
        const std::lock_guard lock(api.mutex());
        return !api.sandbox()->uid_of("roles", "first").empty();
    }

    Site site;
    LiveApi api;
    std::optional<LiveApi> git_server;
    std::atomic<std::size_t> asked = 0, let_in = 0;

private:
    std::filesystem::path work() const { return site.directory() / "work"; }

    void serve(const HttpRequest& request, ServerReply& reply)
    {
        ++asked;
        reply.response = HttpResponse();
        if (header_of(request, "Authorization") != basic) {
            reply.response.status = 401;
            reply.response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"git\"");
            return;
        }
        ++let_in;
        const std::string prefix = "/team/manifests.git/";
        const std::string target = request.target.substr(0, request.target.find('?'));
        std::ifstream file;
        if (target.starts_with(prefix) && target.find("..") == std::string::npos)
            file.open(work() / ".git" / target.substr(prefix.size()), std::ios::binary);
        reply.response.status = file.is_open() ? 200 : 404;
        if (file.is_open())
            reply.response.body.assign(std::istreambuf_iterator<char>(file), {});
        reply.response.headers.emplace_back("Content-Type", "application/octet-stream");
    }
};

} // namespace

TEST_SUITE("integration: git over https")
{
    TEST_CASE("manifests come over https, with the token and from the authority that are named")
    {
        GitHost host;

        const Finished done = host.run_once(host.with_token() + host.with_authority());

        CHECK_MESSAGE(done.exit_code == 0, done.err);
        CHECK(host.applied());
        CHECK(host.let_in > 0);
        CHECK((done.out + done.err).find(token) == std::string::npos);
        CHECK((done.out + done.err).find(basic.substr(6)) == std::string::npos);
    }

    TEST_CASE("an authority that nobody trusts is refused before the token is sent")
    {
        GitHost host;

        const Finished done = host.run_once(host.with_token());

        CHECK(done.exit_code == 1);
        CHECK_MESSAGE(done.err.find("certificate") != std::string::npos, done.err);
        CHECK(host.asked == 0);
        CHECK_FALSE(host.applied());
    }

    TEST_CASE("without a token, or with another, nothing is applied and nobody is asked for one")
    {
        GitHost host;

        const Finished none = host.run_once(host.with_authority());
        host.site.write("token", "another-one\n");
        const Finished other = host.run_once(host.with_token() + host.with_authority());

        CHECK(none.exit_code == 1);
        CHECK(other.exit_code == 1);
        CHECK_MESSAGE(other.err.find("Authentication failed") != std::string::npos, other.err);
        CHECK(other.err.find("another-one") == std::string::npos);
        CHECK(host.asked > 0);
        CHECK(host.let_in == 0);
        CHECK_FALSE(host.applied());
    }
}

} // namespace trueup::test
