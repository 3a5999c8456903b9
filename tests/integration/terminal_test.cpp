// What somebody at a terminal sees: the question before an apply, and the bar while it runs. And
// the other ways to begin: a login instead of a key, and a sandbox that keeps its data.

#include "state/model/json.hpp"
#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

using namespace trueup;
using namespace trueup::test;

namespace {

// A terminal, and the program that runs on it.
class Terminal {
public:
    explicit Terminal(const std::vector<std::string>& command)
        : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC))
    {
        REQUIRE(master_ >= 0);
        REQUIRE(::grantpt(master_) == 0);
        REQUIRE(::unlockpt(master_) == 0);
        const std::string name = ::ptsname(master_);
        const ChildSetup take_terminal = [name] {
            ::setsid();
            const int slave = ::open(name.c_str(), O_RDWR);
            for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
                if (::dup2(slave, stream) < 0)
                    ::_exit(126);
        };
        process_ = std::make_unique<Process>(command, Site::environment(), "", take_terminal);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal() { ::close(master_); }

    // All that was shown, once `text` is part of it or the program has ended.
    const std::string& read_until(const std::string& text)
    {
        constexpr int patience_ms = 60'000;
        pollfd ready{master_, POLLIN, 0};
        while (shown_.find(text) == std::string::npos && ::poll(&ready, 1, patience_ms) > 0) {
            char buffer[4096];
            const ssize_t n = ::read(master_, buffer, sizeof buffer);
            if (n <= 0) // the last one on it has gone
                break;
            shown_.append(buffer, static_cast<std::size_t>(n));
        }
        return shown_;
    }
    void type(const std::string& text) const
    {
        REQUIRE(::write(master_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    int end()
    {
        read_until("what is never shown");
        return process_->wait().exit_code;
    }

private:
    int master_;
    std::string shown_;
    std::unique_ptr<Process> process_;
};

std::string roles(int count)
{
    std::string all;
    for (int i = 0; i < count; ++i)
        all += role("r" + std::to_string(i));
    return all;
}

} // namespace

TEST_SUITE("integration: terminal")
{
    TEST_CASE("an apply asks first, and only yes is taken as an answer")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", roles(2));
        const std::size_t before = api.sandbox()->count("roles");
        for (const std::string answer : {"no", "y", "YES", ""}) {
            CAPTURE(answer);
            Terminal terminal(site.command(api, {"apply"}));
            const std::string shown = terminal.read_until("as an answer: ");
            CHECK_MESSAGE(shown.find("Role/tenant/r0") != std::string::npos, shown);

            terminal.type(answer + "\n");

            CHECK(terminal.read_until("Nothing was done.").find("Nothing was done.") !=
                  std::string::npos);
            CHECK(terminal.end() == 1);
            CHECK(api.sandbox()->count("roles") == before);
        }
        Terminal terminal(site.command(api, {"apply"}));
        terminal.read_until("as an answer: ");
        terminal.type("yes\n");

        CHECK(terminal.end() == 0);
        CHECK(api.sandbox()->count("roles") == before + 2);
    }

    TEST_CASE("without a terminal to ask at, and without --yes, nothing is done")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", roles(1));
        const std::size_t before = api.sandbox()->count("roles");

        const Finished asked =
            run_process(site.command(api, {"apply"}), Site::environment(), "yes\n");

        CHECK(asked.exit_code == 1);
        CHECK_MESSAGE(asked.err.find("--yes") != std::string::npos, asked.err);
        CHECK(api.sandbox()->count("roles") == before);
    }

    TEST_CASE("a bar counts what is done, what failed, and says how long it may take; and goes")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", roles(4));
        // Refuses one, as if it had never been made.
        api.set_hook([&api](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (request.method != "POST" || request.body.find("\"r2\"") == std::string::npos)
                return;
            const auto made = json::parse(reply.response.body);
            HttpRequest undo = request;
            undo.method = "DELETE";
            undo.target = "/v1/roles/" + made->if_map()->find("uid")->string_or_empty();
            undo.body.clear();
            REQUIRE(api.sandbox()->handle(undo, WallTime{}).status == 204);
            reply.response.status = 400;
        });
        Terminal terminal(site.command(api, {"apply", "--yes", "--parallelism", "1"}));

        CHECK(terminal.end() == 1);
        const std::string shown = terminal.read_until("");

        for (const char* piece : {"\r[..............................] 0/4\x1b[K",
                                  "\r[#######.......................] 1/4, about ",
                                  " s left\x1b[K",
                                  "/4, 1 failed",
                                  "\r[##############################] 4/4"})
            CHECK_MESSAGE(shown.find(piece) != std::string::npos, piece, " is not in ", shown);
        const std::size_t last = shown.rfind("4/4");
        CHECK(shown.find("\r\x1b[K", last) != std::string::npos);
        CHECK(shown.find("Applied in part: 3 created", last) != std::string::npos);
    }

    TEST_CASE("elsewhere there are plain lines, and no bar")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", roles(2));

        const Finished applied = site.run(api, {"apply", "--yes"});

        CHECK(applied.exit_code == 0);
        for (const std::string& text : {applied.out, applied.err}) {
            CHECK(text.find('\x1b') == std::string::npos);
            CHECK(text.find('\r') == std::string::npos);
        }
        CHECK(applied.err.find("Role/tenant/r1") != std::string::npos);
    }

    TEST_CASE("a login file stands for a key, and what is wrong with it is said")
    {
        LiveApi api;
        const Site site;
        site.write("roles.yaml", roles(1));
        const auto apply = [&](const std::string& login) {
            const std::string file = (site.directory() / "login").string();
            site.write("login", login);
            std::filesystem::permissions(file, std::filesystem::perms::owner_read);
            std::map<std::string, std::string> no_key = Site::environment();
            no_key["SPECTROCLOUD_APIKEY"] = "";
            Finished finished =
                run_process(site.command(api, {"apply", "--yes", "--login-file", file}), no_key);
            std::filesystem::remove(file);
            return finished;
        };

        const Finished wrong = apply("email: admin@example.com\npassword: not-this-one\n");
        CHECK(wrong.exit_code == 1);
        CHECK(wrong.err.find("not-this-one") == std::string::npos);
        const Finished half = apply("email: admin@example.com\n");
        CHECK(half.exit_code == 1);
        CHECK_MESSAGE(half.err.find("write email:, org: and password: in it") != std::string::npos,
                      half.err);
        const Finished right = apply("email: admin@example.com\npassword: sandbox\n");
        CHECK_MESSAGE(right.exit_code == 0, right.err);
        CHECK(right.err.find("password") == std::string::npos);
    }

    TEST_CASE("a sandbox with --data goes on where it stopped")
    {
        const Site site;
        site.write("roles.yaml", roles(2));
        const Site beside;
        const std::string file = (beside.directory() / "world").string();
        const auto serve = [&](std::vector<std::string> arguments) {
            Process sandbox({trueup_binary(), "sandbox", "--listen", "127.0.0.1:0", "--data", file},
                            {});
            const auto address = [&] {
                const std::string said = sandbox.out();
                return said.ends_with('\n') ? said.substr(said.rfind(' ') + 1) : std::string();
            };
            std::string url;
            while (url.empty() && !sandbox.wait_for(std::chrono::milliseconds(10)))
                url = address();
            url.pop_back();
            Finished finished = site.run(url, std::move(arguments));
            ::kill(sandbox.pid(), SIGTERM);
            CHECK(sandbox.wait().exit_code == 0);
            return finished;
        };

        CHECK(serve({"apply", "--yes"}).exit_code == 0);
        // On another port it is another API to the state of before: its marks tell what is ours.
        const Finished again = serve({"plan", "--state", (beside.directory() / "new").string()});

        CHECK_MESSAGE(again.out.find("2 to adopt") != std::string::npos, again.out, again.err);
        CHECK_MESSAGE(again.out.find("0 to create") != std::string::npos, again.out, again.err);
        CHECK_FALSE(std::filesystem::exists(file + ".new"));
    }
}
