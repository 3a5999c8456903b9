// What the completion script offers, run by a real bash.

#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>

#include <set>
#include <sstream>

using namespace trueup;
using namespace trueup::test;

namespace {

using Words = std::set<std::string>;

// What bash offers for the last of `words`, in a directory with a file and the directory of a
// state.
Words offered(const std::vector<std::string>& words)
{
    const Site site;
    site.write("state/state.db", "");
    site.write("plan.out", "");
    std::vector<std::string> command{
        "bash",
        "-c",
        R"(cd "$2" && source <("$1" completion bash) && shift 2 && COMP_WORDS=(trueup "$@") &&)"
        R"( COMP_CWORD=$# && _trueup && printf '%s\n' "${COMPREPLY[@]}")",
        "-",
        trueup_binary(),
        site.directory().string()};
    command.insert(command.end(), words.begin(), words.end());
    const Finished finished = run_process(command);
    CHECK_MESSAGE(finished.exit_code == 0, finished.err);
    CHECK_MESSAGE(finished.err.empty(), finished.err);
    Words all;
    std::istringstream lines(finished.out);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty())
            CHECK_MESSAGE(all.insert(line).second, "offered twice: ", line);
    return all;
}

} // namespace

TEST_SUITE("integration: completion")
{
    TEST_CASE("where a command belongs, commands are offered and no files")
    {
        CHECK(offered({"sta"}) == Words{"state", "status"});
        CHECK(offered({"pl"}) == Words{"plan"});
        CHECK(offered({"state", ""}).contains("list"));
        CHECK_FALSE(offered({"state", ""}).contains("state"));
        CHECK(offered({"state", "s"}) == Words{"show"});
        CHECK(offered({"audit", "v"}) == Words{"verify"});
        CHECK_FALSE(offered({""}).contains("plan.out"));
    }

    TEST_CASE("where options and files belong, both are offered")
    {
        CHECK(offered({"apply", "pl"}) == Words{"plan.out"});
        CHECK(offered({"apply", "--ye"}) == Words{"--yes"});
        CHECK(offered({"state", "list", "--js"}) == Words{"--json"});
        CHECK(offered({"plan", "-f", "sta"}) == Words{"state"});
    }

    TEST_CASE("where one of a few words belongs, these are offered")
    {
        CHECK(offered({"completion", ""}).contains("zsh"));
        CHECK_FALSE(offered({"completion", ""}).contains("state"));
        CHECK(offered({"completion", "b"}) == Words{"bash"});
        CHECK(offered({"plan", "--log-format", ""}) == Words{"text", "json"});
        CHECK(offered({"plan", "--log-format", "=", "j"}) == Words{"json"});
        CHECK(offered({"plan", "--log-format", "="}) == Words{"text", "json"});
        CHECK(offered({"state", "list", "--log-level", "w"}) == Words{"warning"});
        CHECK(offered({"apply", "--adopt", ""}) == Words{"ifEqual", "never", "takeOver"});
        CHECK(offered({"plan", "--refresh", ""}) == Words{"full", "auto", "none"});
        CHECK(offered({"run", "--refresh", ""}) == Words{"full", "auto"});
        CHECK(offered({"run", "--mode", ""}) == Words{"auto", "approve", "dry-run"});
        CHECK(offered({"kinds", "show", "Clu"}).contains("ClusterProfile"));
        CHECK_FALSE(offered({"kinds", "show", ""}).contains("state"));
    }
}
