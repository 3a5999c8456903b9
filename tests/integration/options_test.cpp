// What single options and settings do, through the real binary.

#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_SUITE("integration: options")
{
    TEST_CASE("a setting that says nothing is an error with its line, and nothing is sent")
    {
        const std::vector<std::pair<std::string, std::string>> all{
            {"owner: test-owner\nmax-deletes: {a: 1}\n", "trueup.yaml:2: "},
            {"owner: test-owner\nmax-deletes:\n", "trueup.yaml:2: "},
            {"- owner: test-owner\n", "trueup.yaml:1: "},
            {"owner: test-owner\n---\nprune: true\n", "trueup.yaml:3: "},
        };
        LiveApi api;
        const Site site;
        site.write("roles.yaml", role("reader"));
        for (const auto& broken : all) {
            CAPTURE(broken.first);
            site.write("trueup.yaml", broken.first);
            for (const std::vector<std::string>& command : {std::vector<std::string>{"validate"},
                                                            {"plan"},
                                                            {"apply", "--yes"},
                                                            {"run", "--once"}}) {
                CAPTURE(command.front());

                const Finished finished = site.run(api, command);

                CHECK(finished.exit_code == 1);
                CHECK_MESSAGE(contains(finished.err, broken.second), finished.err);
            }
        }
        CHECK(api.requests() == 0);
    }

    TEST_CASE("a decimal is read: where none can be meant it is an error with its line")
    {
        const std::vector<std::pair<std::string, std::string>> all{
            {"max-deletes: 1.5\n", "trueup.yaml:2: --max-deletes: \"1.5\" is not a limit"},
            {"max-missing: 1.5\n", "trueup.yaml:2: --max-missing: \"1.5\" is not a limit"},
            {"limits: {deletes: 1.5}\n", "trueup.yaml:2: \"1.5\" is not a limit"},
            {"timeout: 0.5\n", "trueup.yaml:2: --timeout is a duration above 0, not 0.5"},
            {"settle: 0.5\n", "trueup.yaml:2: --settle: \"0.5\" is not a duration"},
            {"grace: 1.5\n", "trueup.yaml:2: --grace: \"1.5\" is not a duration"},
            {"adopt: 1.5\n", "trueup.yaml:2: --adopt is ifEqual, never or takeOver"},
            {"freeze: [{from: 1.5, to: \"18:00\"}]\n", "trueup.yaml:2: from is a text"},
        };
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        for (const auto& broken : all) {
            CAPTURE(broken.first);
            site.write("trueup.yaml", "owner: test-owner\n" + broken.first);
            for (const std::vector<std::string>& command :
                 {std::vector<std::string>{"apply", "--yes"}, {"run", "--once"}}) {
                CAPTURE(command.front());
                std::vector<std::string> words = site.command(api, command);
                std::erase(words, "--settle");
                std::erase(words, site.settle);

                const Finished finished = run_process(words, Site::environment());

                CHECK(finished.exit_code == 1);
                CHECK_MESSAGE(contains(finished.err, broken.second), finished.err);
            }
        }
        CHECK(api.requests() == 0);
    }
}
