// What the options of trueup sandbox do, through the real binary.

#include "tests/integration/live_api.hpp"
#include "tests/support/texts.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>

using namespace trueup;
using namespace trueup::test;

namespace {

// A sandbox with these options, for as long as it lives.
class Serving {
public:
    explicit Serving(const std::vector<std::string>& options) : process_(command(options), {})
    {
        for (int looks = 0; looks < 3000 && !process_.out().ends_with('\n'); ++looks)
            REQUIRE_FALSE(process_.wait_for(std::chrono::milliseconds(10)));
        REQUIRE(process_.out().ends_with('\n'));
        const std::string said = process_.out();
        url = said.substr(said.rfind(' ') + 1);
        url.pop_back();
    }

    std::string url;

private:
    static std::vector<std::string> command(const std::vector<std::string>& options)
    {
        std::vector<std::string> all{trueup_binary(), "sandbox"};
        all.insert(all.end(), options.begin(), options.end());
        return all;
    }

    Process process_;
};

Finished apply_to(const std::string& url, const Site& site)
{
    return site.run(url, {"apply", "--yes", "--log-format", "json", "--log-level", "debug"});
}

} // namespace

TEST_SUITE("integration: sandbox")
{
    TEST_CASE("--fault makes single answers fail, as often as it says, and can be repeated")
    {
        const Serving sandbox({"--fault", "status-503:1", "--fault", "status-502:2"});
        const Site site;
        site.write("roles.yaml", role("reader"));

        const Finished applied = apply_to(sandbox.url, site);

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(count_of(applied.err, "\"status\":503") == 1);
        CHECK(count_of(applied.err, "\"status\":502") == 1);
    }

    TEST_CASE("--latency makes every answer late")
    {
        const Serving sandbox({"--latency", "300ms"});
        const Site site;
        site.write("roles.yaml", role("reader"));
        const auto begin = std::chrono::steady_clock::now();

        const Finished applied = apply_to(sandbox.url, site);

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        // A list, a create and a look at what came of it follow each other.
        CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(900));
    }

    TEST_CASE("--rate answers 429 to what comes faster")
    {
        const Serving sandbox({"--rate", "2"});
        const Site site;
        site.write("roles.yaml", role("a") + role("b") + role("c") + role("d"));

        const Finished applied = apply_to(sandbox.url, site);

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(contains(applied.err, "\"status\":429"));
        const Serving unlimited({"--rate", "unlimited"});
        const Site other;
        other.write("roles.yaml", role("a") + role("b") + role("c") + role("d"));
        CHECK_FALSE(contains(apply_to(unlimited.url, other).err, "\"status\":429"));
    }

    TEST_CASE("--api-key is the key that is accepted")
    {
        const Serving sandbox({"--api-key", "another"});
        const Site site;
        site.write("roles.yaml", role("reader"));

        CHECK(site.run(sandbox.url, {"plan"}).exit_code == 1);
        auto environment = Site::environment();
        environment["SPECTROCLOUD_APIKEY"] = "another";
        CHECK(run_process(site.command(sandbox.url, {"plan"}), environment).exit_code == 0);
    }

    TEST_CASE("what an option cannot mean is an error, and nothing is served")
    {
        const std::vector<std::vector<std::string>> all{{"--fault", "melt:7"},
                                                        {"--fault", "cut-after"},
                                                        {"--fault", "cut-after:x"},
                                                        {"--fault", "status-200:1"},
                                                        {"--fault", "slow:1:soon"},
                                                        {"--latency", "soon"},
                                                        {"--latency", "5"},
                                                        {"--rate", "-1"},
                                                        {"--rate", "fast"},
                                                        {"--listen", "nowhere"},
                                                        {"--listen", "127.0.0.1:99999"}};
        for (const std::vector<std::string>& options : all) {
            CAPTURE(options[0]);
            CAPTURE(options[1]);
            Process sandbox({trueup_binary(), "sandbox", options[0], options[1]}, {});
            const auto finished = sandbox.wait_for(std::chrono::seconds(30));

            REQUIRE(finished); // what is taken serves for ever
            CHECK(finished->exit_code == 1);
            CHECK(finished->out.empty());
            CHECK_MESSAGE(contains(finished->err, options[1].substr(options[1].find(':') + 1)),
                          finished->err);
        }
    }
}
