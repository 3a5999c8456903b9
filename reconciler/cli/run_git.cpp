#include "reconciler/cli/run_git.hpp"

#include "reconciler/cli/planning.hpp"
#include "reconciler/cli/workspace.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr Duration interval_min = std::chrono::seconds(1);

// Reads the members of the section one after the other; the first mistake stays.
class GitSection {
public:
    GitSection(const Settings& settings, const Map& map) : settings_(settings), map_(map) {}

    void check_names(const std::vector<std::string>& known)
    {
        for (const auto& [name, member] : map_)
            if (std::ranges::find(known, name) == known.end())
                fail(member, "unknown setting " + name, did_you_mean(name, known));
    }
    std::string text(std::string_view name)
    {
        const Value* value = map_.find(name);
        if (value == nullptr)
            return {};
        if (value->if_string() == nullptr)
            fail(*value, std::string(name) + " is a text", "");
        return value->string_or_empty();
    }
    void duration(std::string_view name, Duration& into)
    {
        const std::string written = text(name);
        if (written.empty())
            return;
        const auto read = parse_duration(written);
        if (!read || *read < interval_min)
            fail(*map_.find(name), std::string(name) + " is a duration of 1s or more", "");
        else
            into = *read;
    }
    void fail(const Value& at, std::string message, std::string advice)
    {
        if (!error)
            error = Error{Errc::invalid_input,
                          std::move(message),
                          settings_.config_file.string() + ":" + std::to_string(at.place().line),
                          std::move(advice)};
    }

    std::optional<Error> error;

private:
    const Settings& settings_;
    const Map& map_;
};

} // namespace

Result<std::optional<GitOptions>> read_git(const Settings& settings)
{
    const auto found = settings.sections.find("git");
    if (found == settings.sections.end())
        return std::optional<GitOptions>();
    const Value& section = found->second;
    const Map empty;
    GitSection in(settings, section.if_map() != nullptr ? *section.if_map() : empty);
    if (section.if_map() == nullptr)
        in.fail(section, "git is a map", "write {url: https://HOST/PATH, branch: main}");
    in.check_names({"url",
                    "branch",
                    "tag",
                    "path",
                    "interval",
                    "timeout",
                    "username",
                    "tokenFile",
                    "caFile",
                    "sshKeyFile",
                    "knownHostsFile",
                    "allowedSignersFile",
                    "onRewrite"});
    GitOptions options;
    options.url = in.text("url");
    options.branch = in.text("branch");
    options.tag = in.text("tag");
    options.path = in.text("path");
    in.duration("interval", options.interval);
    in.duration("timeout", options.timeout);
    if (const std::string name = in.text("username"); !name.empty())
        options.username = name;
    options.token_file = in.text("tokenFile");
    options.ca_file = in.text("caFile");
    options.ssh_key_file = in.text("sshKeyFile");
    options.known_hosts_file = in.text("knownHostsFile");
    options.allowed_signers_file = in.text("allowedSignersFile");
    const std::string rewrite = in.text("onRewrite");
    options.refuse_rewrites = rewrite == "refuse";
    if (!rewrite.empty() && rewrite != "refuse" && rewrite != "follow")
        in.fail(section, "onRewrite is follow or refuse, not " + rewrite, "");
    const std::filesystem::path inside = options.path;
    if (inside.is_absolute() || std::ranges::find(inside, "..") != inside.end())
        in.fail(section, "path leads out of the repository", "");
    if (in.error)
        return *in.error;
    if (auto fine = check_git_options(options); !fine) {
        Error error = fine.error();
        error.place = settings.config_file.string() + ":" + std::to_string(section.place().line);
        return error;
    }
    options.directory = std::filesystem::absolute(state_file(settings)).parent_path() / "git";
    return std::optional<GitOptions>(std::move(options));
}

Result<void> take_manifests_from_git(Settings& settings)
{
    const auto git = read_git(settings);
    if (!git)
        return git.error();
    if (!*git)
        return {};
    if (!settings.manifests.empty())
        return Error{Errc::invalid_input,
                     "the manifests come from git or from a directory, not from both",
                     settings.config_file.string(),
                     "drop -f or the section git"};
    if (settings.state.empty())
        return Error{Errc::invalid_input,
                     "with git the state needs a place of its own",
                     settings.config_file.string(),
                     "name one with --state"};
    settings.manifests.push_back((*git)->manifests().string());
    return {};
}

} // namespace trueup
