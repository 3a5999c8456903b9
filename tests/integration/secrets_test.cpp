// A canary secret is looked for in everything that trueup leaves behind or prints.

#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr const char* canary = "canary-7f3a91-do-not-print";
constexpr const char* canary_key = "canary-apikey-55d0c2";

std::string account()
{
    return "apiVersion: palette/v1\nkind: CloudAccountAws\nmetadata:\n  name: prod\nspec:\n"
           "  accessKey: AKIA123\n  secretKey: {$secret: {file: secret.txt}}\n";
}

// Every byte below the directory, but for the source of the secret itself.
std::string everything_below(const std::filesystem::path& directory)
{
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (!entry.is_regular_file() || entry.path().filename() == "secret.txt")
            continue;
        std::ifstream in(entry.path(), std::ios::binary);
        std::stringstream text;
        text << in.rdbuf();
        all += text.str();
    }
    return all;
}

} // namespace

TEST_SUITE("integration: secrets")
{
    TEST_CASE("no secret in state, plan, logs or errors, after success and after failure")
    {
        SandboxOptions options;
        options.api_key = canary_key;
        LiveApi api(options);
        Site site;
        site.write("account.yaml", account());
        site.write("secret.txt", std::string(canary) + "\n");
        const auto run = [&](std::vector<std::string> arguments) {
            auto environment = Site::environment();
            environment["SPECTROCLOUD_APIKEY"] = canary_key;
            arguments.insert(arguments.end(), {"--log-level", "debug", "--log-format", "json"});
            return run_process(site.command(api, std::move(arguments)), environment);
        };
        std::string seen;
        const auto keep = [&](const Finished& finished) { seen += finished.out + finished.err; };
        const std::string plan_file = (site.directory() / "saved.plan").string();

        keep(run({"plan", "--out", plan_file}));
        keep(run({"plan", "--json"}));
        const Finished applied = run({"apply", "--yes"});
        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        keep(applied);
        CHECK(run({"plan", "--detailed-exitcode"}).exit_code == 0);
        site.write("secret.txt", std::string(canary) + "-rotated\n");
        // The API refuses, and echoes what it was sent.
        api.set_hook([](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (request.method != "PUT")
                return;
            reply.response.status = 400;
            reply.response.body = R"({"code":"Bad","message":"cannot use )" + std::string(canary) +
                                  "-rotated with " + canary_key + R"("})";
        });
        const Finished failing = run({"apply", "--yes"});
        CHECK(failing.exit_code == 1);
        CHECK(failing.out.find("cannot use (sensitive)") != std::string::npos);
        keep(failing);
        api.set_hook({});
        const Finished rotated = run({"apply", "--yes"});
        CHECK_MESSAGE(rotated.out.find("1 updated") != std::string::npos, rotated.out, rotated.err);
        keep(rotated);
        keep(run({"state", "show", "CloudAccountAws/tenant/prod"}));

        // The API did get it.
        CHECK(api.sandbox()->dump().find(std::string(canary) + "-rotated") != std::string::npos);
        CHECK(seen.find(canary) == std::string::npos);
        CHECK(seen.find(canary_key) == std::string::npos);
        const std::string left = everything_below(site.directory());
        CHECK(left.find(canary) == std::string::npos);
        CHECK(left.find(canary_key) == std::string::npos);
    }

    TEST_CASE("a process that dies by a signal leaves no core file, whatever the limit is")
    {
        std::atomic<pid_t> victim = 0;
        std::string limits;
        LiveApi api;
        Site site;
        site.write("account.yaml", account());
        site.write("secret.txt", std::string(canary) + "\n");
        rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
        setrlimit(RLIMIT_CORE, &unlimited);
        api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (request.method != "POST")
                return;
            std::ifstream in("/proc/" + std::to_string(victim) + "/limits");
            for (std::string line; std::getline(in, line);)
                if (line.starts_with("Max core file size"))
                    limits = line;
            reply.cut = true;
            kill(victim, SIGABRT);
        });

        Process process(site.command(api, {"apply", "--yes"}), Site::environment());
        victim = process.pid();
        const Finished finished = process.wait();

        CHECK(finished.exit_code == 128 + SIGABRT);
        const std::lock_guard lock(api.mutex());
        // "Max core file size        0                    0                    bytes"
        CHECK_MESSAGE(limits.find("  0  ") != std::string::npos, limits);
    }

    TEST_CASE("mistakes in manifests are told all at once, at exit 1, with no request sent")
    {
        LiveApi api;
        Site site;
        site.write("a.yaml", "apiVersion: palette/v1\nkind: Rolle\nmetadata: {name: x}\n");
        site.write("b.yaml",
                   "apiVersion: palette/v1\nkind: Role\nmetadata:\n  name: y\n  lables: {a: b}\n"
                   "spec: {scope: galaxy}\n");
        site.write("c.yaml", "apiVersion: palette/v1\nkind: Role\nmetadata: {name: z\n");
        for (const char* command : {"plan", "apply", "validate"}) {
            std::vector<std::string> arguments{command};
            if (std::string(command) == "apply")
                arguments.emplace_back("--yes");

            const Finished finished = site.run(api, arguments);

            CHECK(finished.exit_code == 1);
            CHECK(finished.err.find("a.yaml:2:1") != std::string::npos);
            CHECK(finished.err.find("did you mean \"Role\"") != std::string::npos);
            CHECK(finished.err.find("b.yaml:5:3") != std::string::npos);
            CHECK(finished.err.find("did you mean \"labels\"") != std::string::npos);
            CHECK(finished.err.find("b.yaml:6:8") != std::string::npos);
            CHECK(finished.err.find("c.yaml:") != std::string::npos);
        }
        CHECK(api.requests() == 0);
        CHECK_FALSE(std::filesystem::exists(site.directory() / ".trueup"));
    }
}
