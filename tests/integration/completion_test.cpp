// What the completion scripts offer, run by a real bash, and by zsh and fish where they are
// installed.

#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>
#include <sstream>

using namespace trueup;
using namespace trueup::test;

namespace {

using Words = std::set<std::string>;

constexpr const char* in_bash =
    R"(cd "$2" && source <("$1" completion bash) && shift 2 && COMP_WORDS=(trueup "$@") &&)"
    R"( COMP_CWORD=$# && _trueup && printf '%s\n' "${COMPREPLY[@]}")";
// What zsh itself does with a function for bash, but for the last step: it narrows down what is
// offered when it shows it.
constexpr const char* in_zsh =
    R"(autoload -U compinit && compinit -u -D && cd "$2" && source <("$1" completion zsh) && shift 2)"
    R"( && COMP_WORDS=(trueup "$@") && COMP_CWORD=$# && compgen -F _trueup_words -- "$@[-1]")";
constexpr const char* in_fish =
    R"(cd $argv[2]; $argv[1] completion fish | source; complete -C "trueup $argv[3..-1]")";

// What a shell offers for the last of `words`, in a directory with a file and the directory of a
// state.
Words offered(std::vector<std::string> command, const std::vector<std::string>& words)
{
    const Site site;
    site.write("state/state.db", "");
    site.write("plan.out", "");
    command.push_back(trueup_binary());
    command.push_back(site.directory().string());
    command.insert(command.end(), words.begin(), words.end());
    const Finished finished = run_process(command, {{"HOME", site.directory().string()}});
    CHECK_MESSAGE(finished.exit_code == 0, finished.err);
    CHECK_MESSAGE(finished.err.empty(), finished.err);
    Words all;
    std::istringstream lines(finished.out);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty())
            CHECK_MESSAGE(all.insert(line).second, "offered twice: ", line);
    return all;
}

Words offered(const std::vector<std::string>& words)
{
    return offered({"bash", "-c", in_bash, "-"}, words);
}

bool is_installed(const std::string& shell)
{
    if (std::filesystem::exists("/usr/bin/" + shell))
        return true;
    MESSAGE("skipped: " << shell << " is not installed");
    return false;
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

    TEST_CASE("zsh offers the same, before it narrows it down")
    {
        if (!is_installed("zsh"))
            return;
        const auto offers = [](const std::vector<std::string>& words) {
            return offered({"zsh", "-f", "-c", in_zsh, "-"}, words);
        };

        CHECK(offers({"state", ""}) == Words{"list", "show", "mv", "backup", "rm", "--help"});
        CHECK(offers({"plan", "--log-format", ""}) == Words{"text", "json"});
        CHECK(offers({"apply", "pl"}).contains("plan.out"));
        CHECK(offers({"apply", "--ye"}).contains("--yes"));
        CHECK_FALSE(offers({""}).contains("plan.out"));
    }

    TEST_CASE("fish offers the same")
    {
        if (!is_installed("fish"))
            return;
        const auto offers = [](const std::vector<std::string>& words) {
            return offered({"fish", "--no-config", "-c", in_fish}, words);
        };

        CHECK(offers({"sta"}) == Words{"state", "status"});
        CHECK(offers({"state", ""}) == Words{"list", "show", "mv", "backup", "rm"});
        CHECK(offers({"completion", ""}) == Words{"bash", "zsh", "fish"});
        CHECK(offers({"apply", "pl"}) == Words{"plan.out"});
        CHECK(offers({"apply", "--ye"}) == Words{"--yes"});
        CHECK(offers({"plan", "-f", "sta"}) == Words{"state/"});
        CHECK(offers({"plan", "--log-format", ""}) == Words{"text", "json"});
        CHECK(offers({"state", "list", "--log-level", "w"}) == Words{"warning"});
        CHECK(offers({"kinds", "show", "Clu"}) == Words{"ClusterProfile"});
        CHECK_FALSE(offers({"kinds", "show", ""}).contains("state/"));
    }
}
