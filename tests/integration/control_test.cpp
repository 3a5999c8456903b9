// The real daemon, asked and told over its socket by the real commands, and what they do without
// one.

#include "api/http/client.hpp"
#include "api/http/unix_dialer.hpp"
#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "tests/integration/live_api.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/texts.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr const char* api_key = "canary-key-77aa";

SandboxOptions with_key()
{
    SandboxOptions options;
    options.api_key = api_key;
    return options;
}

// A site with a daemon on it.
struct DaemonWorld {
    DaemonWorld() : api(with_key())
    {
        site.write("roles.yaml", role("reader") + role("auditor", "audit.get"));
    }

    std::map<std::string, std::string> environment() const
    {
        return {
            {"SPECTROCLOUD_APIKEY", api_key}, {"SPECTROCLOUD_HOST", ""}, {"RUNTIME_DIRECTORY", ""}};
    }
    std::filesystem::path socket() const { return site.directory() / ".trueup" / "control.sock"; }

    void start(std::vector<std::string> more = {})
    {
        std::vector<std::string> arguments{"run", "--interval", "1h"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        daemon.emplace(site.command(api, arguments), environment());
    }
    Finished stop()
    {
        ::kill(daemon->pid(), SIGTERM);
        Finished finished = daemon->wait();
        daemon.reset();
        return finished;
    }

    // A command that needs no API.
    Finished run(std::vector<std::string> arguments) const
    {
        arguments.insert(arguments.begin(), trueup_binary());
        arguments.insert(arguments.end(), {"-f", site.directory().string(), "--no-color"});
        return run_process(arguments, environment());
    }

    // Asks until `done` says that what it sees is what is waited for.
    void wait_for(const std::vector<std::string>& arguments,
                  const std::function<bool(const Finished&)>& done)
    {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
        Finished last;
        while (std::chrono::steady_clock::now() < end) {
            last = run(arguments);
            if (done(last))
                return;
            // A pause, and nobody waits for what has ended.
            if (daemon && daemon->wait_for(std::chrono::milliseconds(50)))
                break;
        }
        FAIL("it never came: ", last.out, last.err);
    }
    void wait_for_round(const std::string& result)
    {
        wait_for({"status", "--json"}, [&](const Finished& seen) {
            return seen.out.find("\"result\": \"" + result + "\"") != std::string::npos;
        });
    }

    Result<HttpResponse> get(const std::string& target) const
    {
        boost::asio::io_context context;
        const auto clock = make_system_clock(context);
        const auto dialer = make_unix_dialer(*clock, socket(), std::chrono::seconds(5));
        const auto client =
            make_http_client(*parse_origin("http://localhost"), *dialer, *clock, HttpLimits());
        HttpRequest request;
        request.method = "GET";
        request.target = target;
        request.route = "GET " + target;
        return run_task(context, client->send(std::move(request)));
    }

    LiveApi api;
    Site site;
    std::optional<Process> daemon;
};

} // namespace

TEST_SUITE("integration: control")
{
    TEST_CASE("what is suspended stays so for an apply by hand, when the daemon has stopped")
    {
        DaemonWorld world;
        world.start();
        world.wait_for_round("applied");
        REQUIRE(world.run({"suspend", "--reason", "an outage"}).exit_code == 0);
        world.stop();
        world.site.write("roles.yaml",
                         role("reader", "project.get") + role("auditor", "audit.get"));
        std::size_t writes = 0;
        world.api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply&) {
            writes += request.method != "GET" ? 1U : 0U;
        });

        const Finished applied =
            run_process(world.site.command(world.api, {"apply", "--yes"}), world.environment());

        CHECK_MESSAGE(applied.exit_code == 3, applied.out, applied.err);
        CHECK(contains(applied.out, "held back: Role/tenant/reader: "));
        CHECK(contains(applied.err, "trueup resume"));
        CHECK(writes == 0);
    }

    TEST_CASE("a running daemon is seen and steered over its socket")
    {
        DaemonWorld world;
        world.start();
        world.wait_for_round("applied");

        struct stat status {};
        REQUIRE(::lstat(world.socket().c_str(), &status) == 0);
        CHECK((status.st_mode & 07777U) == 0600U);
        const Finished told = world.run({"status", "--all"});
        CHECK(told.exit_code == 0);
        CHECK(contains(told.out, "owner test-owner, mode auto"));
        CHECK(contains(told.out, "Role/tenant/auditor"));
        const Finished explained = world.run({"explain", "Role/tenant/auditor"});
        CHECK(explained.exit_code == 0);
        CHECK(contains(explained.out, "Role/tenant/auditor is Ready"));
        CHECK(contains(explained.out, "roles.yaml:"));
        CHECK(contains(explained.out, "done: create Role/tenant/auditor  POST /v1/roles 201"));
        const Finished history = world.run({"history", "--json"});
        CHECK(contains(history.out, "\"call\": \"POST /v1/roles\""));
        CHECK(world.run({"diff", "Role/tenant/nobody"}).exit_code == 1);

        CHECK(world.run({"suspend", "Role/tenant/auditor", "--reason", "looking", "--for", "2h"})
                  .exit_code == 0);
        CHECK(contains(world.run({"status"}).out, "Suspended     Role/tenant/auditor by uid:"));
        CHECK(world.run({"resume", "Role/tenant/auditor"}).exit_code == 0);
        CHECK(world.run({"resume", "Role/tenant/auditor"}).exit_code == 1);
        CHECK(world.run({"suspend", "nonsense//"}).exit_code == 1);
        CHECK(world.run({"approve", "123"}).exit_code == 1);
        CHECK(world.run({"reconcile"}).exit_code == 0);
        world.wait_for_round("converged");

        const auto metrics = world.get("/metrics");
        REQUIRE(metrics);
        CHECK(contains(metrics->body, "trueup_resources{condition=\"Ready\"} 2"));
        CHECK(contains(metrics->body, "trueup_actions_total{outcome=\"done\",verb=\"create\"} 2"));
        CHECK(contains(metrics->body, "trueup_rounds_total{result=\"applied\"} 1"));
        CHECK(contains(metrics->body, "trueup_api_requests_total{code=\"201\",method=\"POST\"} 2"));
        CHECK(contains(metrics->body, "trueup_ready 1"));
        const auto ready = world.get("/readyz");
        REQUIRE(ready);
        CHECK(ready->status == 200);
        for (const std::string target :
             {"/v1/status", "/v1/plan", "/v1/resources", "/v1/history", "/metrics"}) {
            CAPTURE(target);
            const auto answer = world.get(target);
            REQUIRE(answer);
            CHECK(answer->status == 200);
            CHECK_FALSE(contains(answer->body, api_key));
        }

        const Finished ended = world.stop();
        CHECK(ended.exit_code == 0);
        CHECK_FALSE(contains(ended.err, api_key));
        CHECK_FALSE(std::filesystem::exists(world.socket()));
    }

    TEST_CASE("a socket that systemd listens on is taken over, and left where it is")
    {
        const std::string tool = "/usr/bin/systemd-socket-activate";
        if (!std::filesystem::exists(tool)) {
            MESSAGE("skipped: there is no systemd-socket-activate");
            return;
        }
        DaemonWorld world;
        const std::string socket = world.site.directory() / "given.sock";
        std::vector<std::string> command{tool, "-l", socket, "-E", "SPECTROCLOUD_APIKEY", "--"};
        for (const std::string& word : world.site.command(world.api, {"run", "--interval", "1h"}))
            command.push_back(word);
        world.daemon.emplace(command, world.environment());

        // The first to ask has it started, and gets an answer.
        world.wait_for({"status", "--json", "--socket", socket}, [&](const Finished& seen) {
            return contains(seen.out, "\"result\": \"applied\"");
        });

        CHECK_FALSE(std::filesystem::exists(world.socket()));
        const Finished ended = world.stop();
        CHECK_MESSAGE(ended.exit_code == 0, ended.err);
        CHECK(contains(ended.err, "listening on the socket that it was started with"));
        CHECK(std::filesystem::exists(socket));
    }

    TEST_CASE("approval: the plan waits, is shown, and is done once its digest is named")
    {
        DaemonWorld world;
        world.start({"--mode", "approve"});
        std::string digest;
        world.wait_for({"status", "--json"}, [&](const Finished& seen) {
            const auto value = json::parse(seen.out);
            const Value* found = value ? find(*value, *Path::parse("approval.digest")) : nullptr;
            digest = found != nullptr ? found->string_or_empty() : "";
            return !digest.empty();
        });
        CHECK(contains(world.run({"status"}).out, "trueup approve " + digest));
        CHECK(world.run({"approve", "0000"}).exit_code == 1);

        CHECK(world.run({"approve", digest}).exit_code == 0);

        world.wait_for({"history"}, [](const Finished& seen) {
            return contains(seen.out, "done: create Role/tenant/auditor");
        });
        world.stop();
    }

    TEST_CASE("without a daemon the commands say so, and tell what the state remembers")
    {
        DaemonWorld world;
        world.start({"--once"});
        CHECK(world.daemon->wait().exit_code == 0);
        world.daemon.reset();

        const Finished status = world.run({"status"});
        CHECK(status.exit_code == 1);
        CHECK(contains(status.err, "no daemon can be reached"));
        CHECK(contains(status.err, world.socket().string()));
        const Finished history = world.run({"history", "Role/tenant/reader"});
        CHECK(history.exit_code == 0);
        CHECK(contains(history.out, "create Role/tenant/reader"));
        CHECK_FALSE(contains(history.out, "auditor"));
        const Finished explained = world.run({"explain", "Role/tenant/reader"});
        CHECK(explained.exit_code == 0);
        CHECK(contains(explained.out, "No daemon runs"));
        CHECK(world.run({"explain", "Role/tenant/nobody"}).exit_code == 1);
    }

    TEST_CASE("a state can be copied, a name in it changed, and its audit checked")
    {
        DaemonWorld world;
        world.start({"--once"});
        CHECK(world.daemon->wait().exit_code == 0);
        world.daemon.reset();
        const std::string copy = (world.site.directory() / "copy.db").string();

        CHECK(world.run({"state", "backup", copy}).exit_code == 0);
        CHECK(world.run({"state", "backup", copy}).exit_code == 1);
        CHECK(world.run({"state", "mv", "Role/tenant/reader", "User/tenant/reader"}).exit_code ==
              1);
        CHECK(world.run({"state", "mv", "Role/tenant/reader", "Role/tenant/auditor"}).exit_code ==
              1);
        CHECK(world.run({"state", "mv", "Role/tenant/reader", "Role/tenant/watcher"}).exit_code ==
              0);
        const Finished list = world.run({"state", "list"});
        CHECK(contains(list.out, "Role/tenant/watcher"));
        CHECK_FALSE(contains(list.out, "Role/tenant/reader"));
        const Finished whole = world.run({"audit", "verify"});
        CHECK(whole.exit_code == 0);
        CHECK(contains(whole.out, "The audit is whole"));
    }

    TEST_CASE("doctor tells what is fine, and what to do about what is not")
    {
        DaemonWorld world;
        const auto doctor = [&](std::map<std::string, std::string> environment) {
            return run_process(world.site.command(world.api, {"doctor"}), environment);
        };

        const Finished fine = doctor(world.environment());
        CAPTURE(fine.out);
        CHECK(fine.exit_code == 0);
        CHECK(contains(fine.out, "ok       manifests: 2 manifests are valid"));
        CHECK(contains(fine.out, "ok       credential: "));
        CHECK(contains(fine.out, "warning  endpoint: "));
        auto wrong = world.environment();
        wrong["SPECTROCLOUD_APIKEY"] = "canary-wrong";
        const Finished refused = doctor(wrong);
        CHECK(refused.exit_code == 1);
        CHECK(contains(refused.out, "failed   credential: "));
        CHECK_FALSE(contains(refused.out + refused.err, "canary-wrong"));
        world.site.write("broken.yaml", "kind: [");
        const Finished broken = doctor(world.environment());
        CHECK(broken.exit_code == 1);
        CHECK(contains(broken.out, "failed   manifests: "));
        CHECK(contains(broken.out, "ok       credential: "));
    }

    TEST_CASE("records carry their priority when, and only when, stderr leads to the journal")
    {
        DaemonWorld world;
        const auto logged = [&](const std::string& stream) {
            std::vector<std::string> command{
                "/bin/sh", "-c", "JOURNAL_STREAM=" + stream + " exec \"$@\"", "sh"};
            for (std::string& word : world.site.command(world.api, {"run", "--once"}))
                command.push_back(std::move(word));
            return run_process(command, world.environment()).err;
        };

        const std::string journal = logged("$(stat -L -c %d:%i /proc/self/fd/2)");
        const std::string other = logged("1:1");

        CHECK(journal.starts_with("<6>info "));
        CHECK(contains(journal, "\n<6>info api_call "));
        CHECK(contains(journal, " revision="));
        CHECK_FALSE(contains(other, "<6>"));
        CHECK(other.starts_with("20"));
    }
}
