#include "reconciler/cli/command_line.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/texts.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

using namespace trueup;
using trueup::test::contains;

namespace {

// A directory with a trueup.yaml, and what a command line makes of it.
class Folder {
public:
    explicit Folder(const std::string& config)
    {
        std::ofstream(directory_ / "trueup.yaml", std::ios::binary) << config;
    }

    // The settings, or nothing on a mistake, which is in `said`.
    std::optional<Settings> parse(const std::vector<std::string>& words)
    {
        const std::string directory = directory_.path().string();
        std::vector<const char*> argv{"trueup"};
        for (const std::string& word : words)
            argv.push_back(word.c_str());
        argv.insert(argv.end(), {"-f", directory.c_str()});
        std::ostringstream text;
        std::streambuf* const before = std::cerr.rdbuf(text.rdbuf());
        CommandLine line;
        exit_code = 0;
        const auto command = line.parse(static_cast<int>(argv.size()), argv.data(), exit_code);
        std::cerr.rdbuf(before);
        said = text.str();
        return command ? std::optional<Settings>(line.settings()) : std::nullopt;
    }

    int exit_code = 0;
    std::string said;

private:
    TempDir directory_;
};

// What one setting comes to for a command that has it: "" and the message when it is refused.
std::string refusal_of(const std::string& config, const std::string& command)
{
    Folder folder(config);
    const auto settings = folder.parse({command});
    CHECK_MESSAGE(settings.has_value() == (folder.exit_code == 0), folder.said);
    return settings ? std::string() : folder.said;
}

// A variable of the environment, for as long as it lives.
class Variable {
public:
    Variable(std::string name, const std::string& value) : name_(std::move(name))
    {
        REQUIRE(::setenv(name_.c_str(), value.c_str(), 1) == 0);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() { ::unsetenv(name_.c_str()); }

private:
    std::string name_;
};

} // namespace

TEST_SUITE("cli: command line")
{
    TEST_CASE("trueup.yaml: numbers, texts and lists arrive as they were written")
    {
        Folder folder("owner: 1.10\nrate: 2.5\ntimeout: 0.5\nmax-deletes: 1.5\nmaxMissing: 30%\n"
                      "parallelism: 7\nprune: true\nvar: [A=1, B=2]\ntarget: Role/tenant/a\n"
                      "kinds: [2.50, 3]\n");

        const auto settings = folder.parse({"apply"});

        REQUIRE_MESSAGE(settings, folder.said);
        CHECK(settings->owner == "1.10");
        CHECK(settings->rate == "2.5");
        CHECK(settings->timeout == "0.5");
        CHECK(settings->max_deletes == "1.5");
        CHECK(settings->max_missing == "30%");
        CHECK(settings->parallelism == 7);
        CHECK(settings->prune);
        CHECK(settings->vars == std::vector<std::string>{"A=1", "B=2"});
        CHECK(settings->targets == std::vector<std::string>{"Role/tenant/a"});
        CHECK(settings->kinds == std::vector<std::string>{"2.50", "3"});
        CHECK(settings->place_of("max-deletes").ends_with("trueup.yaml:4"));
        CHECK(settings->place_of("max-missing").ends_with("trueup.yaml:5"));
    }

    TEST_CASE("trueup.yaml: what is no setting is refused with its line, by every command")
    {
        const std::vector<std::pair<std::string, std::string>> all{
            {"owner: x\nmax-deletes: {a: 1}\n", "trueup.yaml:2: the setting max-deletes takes one"},
            {"owner: x\nmaxDeletes: [1, 2]\n", "trueup.yaml:2: the setting maxDeletes takes one"},
            {"max-deletes: [1]\n", "not a list"},
            {"adopt: {a: 1}\n", "trueup.yaml:1: the setting adopt takes one value, not a map"},
            {"owner: x\n\nprune:\n", "trueup.yaml:3: the setting prune has no value"},
            {"max-deletes: ~\n", "trueup.yaml:1: the setting max-deletes has no value"},
            {"rate: null\n", "trueup.yaml:1: the setting rate has no value"},
            {"limits:\n", "trueup.yaml:1: the setting limits has no value"},
            {"freeze:\n", "trueup.yaml:1: the setting freeze has no value"},
            {"var: {A: b}\n", "trueup.yaml:1: the setting var takes a value, or a list of values"},
            {"env-var:\n  - A\n  - [B]\n", "trueup.yaml:3: the setting env-var takes"},
            {"exclude:\n  - Role/tenant/a\n  -\n", "the setting exclude has no value"},
            {"max-deletes: 5\nmaxDeletes: 1\n", "trueup.yaml:2: the setting max-deletes stands"},
            {"- prune: true\n", "trueup.yaml:1: a map of settings belongs here, not this list"},
            {"prune\n", "trueup.yaml:1: a map of settings belongs here, not this string"},
            {"owner: x\n---\nprune: true\n", "trueup.yaml:3: a second document begins here"},
            {"owner: x\n---\n- 1\n", "a second document begins here"},
            {"prune: [true\n", "trueup.yaml:"},
            {"grase: 1h\n", "trueup.yaml:1: unknown setting grase"},
            {"config: other.yaml\n", "trueup.yaml:1: unknown setting config"},
            {"help: true\n", "trueup.yaml:1: unknown setting help"},
            // The sandbox does not read the file.
            {"api-key: abc\n", "trueup.yaml:1: unknown setting api-key"},
            {"fault: slow:1\n", "trueup.yaml:1: unknown setting fault"},
        };
        for (const auto& each : all)
            for (const char* command : {"validate", "plan", "apply", "run", "status"}) {
                const auto& config = each.first;
                const auto& said = each.second;
                CAPTURE(config);
                CAPTURE(command);
                CAPTURE(said);
                const std::string refusal = refusal_of(config, command);
                CHECK_MESSAGE(contains(refusal, said), refusal);
            }
    }

    TEST_CASE("trueup.yaml: what only other commands take is a setting for all")
    {
        const std::string config = "spec: swagger.json\nwait: 10m\ninterval: 5m\nlimit: 3\n"
                                   "limits: {deletes: 1}\nfreeze: []\nexclude: []\n";
        for (const char* command : {"validate", "plan", "apply", "run", "status"}) {
            CAPTURE(command);
            CHECK(refusal_of(config, command) == "");
        }
    }

    TEST_CASE("trueup.yaml: none, an empty one, and one of comments alone say nothing")
    {
        for (const char* config : {"", "# prune: true\n", "---\n# nothing\n---\n", "{}\n"}) {
            CAPTURE(config);
            CHECK(refusal_of(config, "plan") == "");
        }
    }

    TEST_CASE("trueup.yaml: a value that an option refuses is told with its line")
    {
        CHECK(contains(refusal_of("owner: x\nparallelism: 1.5\n", "apply"), "trueup.yaml:2: "));
        CHECK(contains(refusal_of("parallelism: 500\n", "apply"), "trueup.yaml:1: "));
        CHECK(contains(refusal_of("\n\nprune: sometimes\n", "apply"), "trueup.yaml:3: "));
    }

    TEST_CASE("parse_again refuses what parse does")
    {
        const TempDir directory;
        const std::string file = (directory / "trueup.yaml").string();
        std::ofstream(file) << "owner: x\nmax-deletes: {a: 1}\n";
        CommandLine line;

        const auto again = line.parse_again({"trueup", "run", "--config", file});

        REQUIRE_FALSE(again);
        CHECK(again.error().place == file + ":2");
    }

    TEST_CASE("flags beat the environment, and the environment beats trueup.yaml")
    {
        Folder folder("owner: file\nprune: true\nparallelism: 3\nkinds: [f1, f2]\n"
                      "maxDeletes: 1\n");
        const auto file = folder.parse({"apply"});
        REQUIRE_MESSAGE(file, folder.said);
        CHECK(file->owner == "file");
        CHECK(file->prune);
        CHECK(file->parallelism == 3);
        CHECK(file->kinds == std::vector<std::string>{"f1", "f2"});
        CHECK(file->max_deletes == "1");

        const Variable owner("TRUEUP_OWNER", "environment");
        const Variable prune("TRUEUP_PRUNE", "false");
        const Variable parallelism("TRUEUP_PARALLELISM", "4");
        const Variable kinds("TRUEUP_KINDS", "e1");
        const Variable deletes("TRUEUP_MAX_DELETES", "2");
        const auto environment = folder.parse({"apply"});
        REQUIRE_MESSAGE(environment, folder.said);
        CHECK(environment->owner == "environment");
        CHECK_FALSE(environment->prune);
        CHECK(environment->parallelism == 4);
        CHECK(environment->kinds == std::vector<std::string>{"e1"});
        CHECK(environment->max_deletes == "2");
        CHECK(environment->place_of("owner") == "TRUEUP_OWNER");

        const auto flags = folder.parse({"apply",
                                         "--owner",
                                         "flag",
                                         "--prune",
                                         "--parallelism",
                                         "5",
                                         "--kinds",
                                         "g1",
                                         "--max-deletes",
                                         "3"});
        REQUIRE_MESSAGE(flags, folder.said);
        CHECK(flags->owner == "flag");
        CHECK(flags->prune);
        CHECK(flags->parallelism == 5);
        CHECK(flags->kinds == std::vector<std::string>{"g1"});
        CHECK(flags->max_deletes == "3");
        CHECK(flags->place_of("owner") == "");
    }

    TEST_CASE("the environment names the file, which then gives the rest")
    {
        const TempDir elsewhere;
        const std::string file = (elsewhere / "other.yaml").string();
        std::ofstream(file) << "owner: elsewhere\n";
        Folder folder("owner: beside\n");
        const Variable config("TRUEUP_CONFIG", file);

        const auto settings = folder.parse({"plan"});

        REQUIRE_MESSAGE(settings, folder.said);
        CHECK(settings->owner == "elsewhere");
    }

    TEST_CASE("a value of the environment that an option refuses is told with its name")
    {
        Folder folder("owner: x\n");
        const Variable parallelism("TRUEUP_PARALLELISM", "many");

        CHECK_FALSE(folder.parse({"apply"}));

        CHECK(folder.exit_code == 1);
        CHECK_MESSAGE(contains(folder.said, "TRUEUP_PARALLELISM: "), folder.said);
    }

    TEST_CASE("an empty variable of the environment sets nothing")
    {
        Folder folder("owner: x\nlog-format: json\nmax-deletes: 1\n");
        const Variable format("TRUEUP_LOG_FORMAT", "");
        const Variable deletes("TRUEUP_MAX_DELETES", "");

        const auto settings = folder.parse({"plan"});

        REQUIRE_MESSAGE(settings, folder.said);
        CHECK(settings->log_format == "json");
        CHECK(settings->max_deletes == "1");
    }

    TEST_CASE("an option of a few words takes no other, wherever it comes from")
    {
        Folder folder("owner: x\nlog-level: loud\n");
        for (const std::vector<std::string>& words :
             {std::vector<std::string>{"plan", "--log-format", "xml"},
              {"plan", "--adopt", "always"},
              {"plan", "--refresh", "some"},
              {"run", "--refresh", "none"}}) { // a daemon that never looks is none
            CAPTURE(words[1]);
            CHECK_FALSE(folder.parse(words));
            CHECK(folder.exit_code == 1);
            CHECK_MESSAGE(contains(folder.said, words[1] + ": " + words[2] + " not in {"),
                          folder.said);
        }
        CHECK_FALSE(folder.parse({"validate"}));
        CHECK_MESSAGE(contains(folder.said, "trueup.yaml:2: --log-level: loud not in {debug,"),
                      folder.said);
    }
}
