#include "reconciler/daemon/git_mirror.hpp"

#include "state/model/utf8.hpp"

#include <algorithm>
#include <cctype>
#include <system_error>

namespace trueup {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view fetched_ref = "refs/trueup/fetched";
constexpr std::string_view current_ref = "refs/trueup/current";
constexpr int no_such_ref = 2; // exit code of ls-remote --exit-code
constexpr std::size_t commit_digits_min = 40;
constexpr std::size_t said_bytes_max = 300; // of git's own words, in an error

// Prints the token where git asks for it: the token is in no argument and no variable.
constexpr std::string_view helper =
    R"(!f() { test "$1" = get || exit 0; IFS= read -r token < "$TRUEUP_GIT_TOKEN_FILE"; )"
    R"(printf 'username=%s\npassword=%s\n' "$TRUEUP_GIT_USERNAME" "$token"; }; f)";

bool is_commit(std::string_view text)
{
    return text.size() >= commit_digits_min &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string scheme_of(const std::string& url)
{
    const std::size_t end = url.find("://");
    return end == std::string::npos ? std::string() : url.substr(0, end);
}

// For the shell that git runs ssh with.
std::string quoted(const fs::path& path)
{
    std::string text = "'";
    for (const char c : path.string())
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

std::string first_line(const std::string& text)
{
    return text.substr(0, text.find('\n'));
}

bool is_name(const std::string& name)
{
    return !name.empty() && name.front() != '-' && name.find("..") == std::string::npos &&
           name.find_first_of(" ~^:?*[\\") == std::string::npos &&
           std::ranges::none_of(name, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

// USER@HOST:PATH; not HELPER::ADDRESS, which makes git run a program.
bool is_scp_like(const std::string& url)
{
    const std::size_t colon = url.find(':');
    return colon != std::string::npos && colon + 1 < url.size() && url[colon + 1] != ':' &&
           std::ranges::all_of(url.substr(0, colon), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '@' || c == '.' || c == '-' || c == '_';
           });
}

} // namespace

Result<void> check_git_options(const GitOptions& options)
{
    const std::string& url = options.url;
    const std::string scheme = scheme_of(url);
    const bool like_scp = scheme.empty() && is_scp_like(url);
    const bool known = scheme == "https" || scheme == "ssh" || scheme == "file" ||
                       scheme == "http" || scheme == "git" || like_scp;
    if (url.empty() || url.front() == '-' || !known)
        return Error{Errc::invalid_input,
                     "no repository can be read from '" + url + "'",
                     "",
                     "write https://HOST/PATH, ssh://USER@HOST/PATH or USER@HOST:PATH"};
    const std::string authority =
        scheme.empty()
            ? std::string()
            : url.substr(scheme.size() + 3, url.find('/', scheme.size() + 3) - scheme.size() - 3);
    if (const std::size_t at = authority.rfind('@');
        at != std::string::npos && (scheme != "ssh" || authority.find(':') < at))
        return Error{Errc::invalid_input,
                     "a URL is no place for a credential",
                     "",
                     "use tokenFile and username"};
    if ((scheme == "http" || scheme == "git") && options.allowed_signers_file.empty())
        return Error{Errc::invalid_input,
                     "whoever is on the way to " + url + " could change what is read",
                     "",
                     "use https or ssh, or allowedSignersFile"};
    if (!options.token_file.empty() && scheme != "https")
        return Error{Errc::invalid_input,
                     "a token is sent over https only",
                     "",
                     "use an https URL, or sshKeyFile with ssh"};
    if (options.branch.empty() == options.tag.empty())
        return Error{Errc::invalid_input, "git needs either branch or tag"};
    if (const std::string& name = options.branch.empty() ? options.tag : options.branch;
        !is_name(name))
        return Error{Errc::invalid_input, "'" + name + "' is no name of a branch or tag"};
    return {};
}

GitMirror::GitMirror(
    Executor executor, GitOptions options, ChildRunner& git, Clock& clock, EventSink& events)
    : options_(std::move(options)),
      runner_(git),
      clock_(clock),
      events_(events),
      bell_(std::move(executor))
{
    status_.url = options_.url;
    status_.ref = ref();
    status_.commit = current_commit();
}

std::string GitMirror::ref() const
{
    return options_.branch.empty() ? "refs/tags/" + options_.tag : "refs/heads/" + options_.branch;
}

Task<void> GitMirror::run()
{
    while (!stopping_) {
        auto synced = co_await sync();
        static_cast<void>(synced.has_value()); // the status says so
        if (!stopping_)
            co_await bell_.wait(clock_, options_.interval);
    }
}

void GitMirror::stop()
{
    stopping_ = true;
    bell_.ring();
}

Task<Result<void>> GitMirror::sync()
{
    auto followed = co_await follow();
    ++status_.looks;
    if (followed) {
        if (!status_.error.empty())
            note(Level::info, "the git repository is followed again");
        status_.error.clear();
        status_.problem.clear();
        status_.last_success = clock_.wall();
        co_return followed;
    }
    ++status_.failures;
    status_.problem = trouble_;
    const std::string error = followed.error().text();
    if (error != status_.error)
        note(Level::warning, error + "; the manifests stay as they were");
    status_.error = error;
    co_return followed;
}

Task<Result<void>> GitMirror::follow()
{
    trouble_ = "unreachable";
    if (!prepared_) {
        auto prepared = co_await prepare();
        if (!prepared)
            co_return prepared;
        prepared_ = true;
    }
    auto remote = co_await ask_remote();
    if (!remote)
        co_return remote.error();
    if (*remote == remote_ && !current_commit().empty())
        co_return Result<void>{};
    auto commit = co_await fetch();
    if (!commit)
        co_return commit.error();
    if (*commit != current_commit()) {
        std::string next = *commit;
        auto fine = co_await judge(next);
        if (!fine)
            co_return fine;
        auto done = co_await check_out(std::move(next));
        if (!done)
            co_return done;
    }
    remote_ = *remote;
    co_return Result<void>{};
}

// An empty repository of ours, free of what a killed git left behind.
Task<Result<void>> GitMirror::prepare()
{
    const fs::path repository = options_.directory / "repo.git";
    std::error_code failure;
    fs::create_directories(options_.directory / "trees", failure);
    if (!failure)
        fs::permissions(options_.directory, fs::perms::owner_all, failure);
    if (failure)
        co_return Error{Errc::store_failed,
                        "no directory for the checkout: " + failure.message(),
                        options_.directory.string()};
    if (fs::exists(repository, failure)) {
        constexpr std::size_t entries_max = 1'000'000;
        std::size_t seen = 0;
        for (fs::recursive_directory_iterator it(repository, failure), end;
             !failure && it != end && ++seen < entries_max;
             it.increment(failure))
            if (it->path().extension() == ".lock" && it->is_regular_file(failure))
                fs::remove(it->path(), failure);
    }
    std::vector<std::string> init{"init", "--quiet", "--bare", "--template=", repository.string()};
    auto made = co_await git_line(std::move(init));
    if (!made)
        co_return made.error();
    co_return Result<void>{};
}

// What the ref points to now.
Task<Result<std::string>> GitMirror::ask_remote()
{
    std::vector<std::string> question{"ls-remote", "--exit-code", options_.url, ref()};
    auto asked = co_await git(std::move(question));
    if (!asked)
        co_return asked.error();
    if (asked->exit_code == no_such_ref) {
        trouble_ = "missing_ref";
        co_return Error{Errc::not_found, "the repository has no " + ref(), options_.url};
    }
    if (asked->exit_code != 0)
        co_return failure("the repository cannot be reached", *asked);
    const std::string line = first_line(asked->out);
    const std::string id = line.substr(0, line.find('\t'));
    if (!is_commit(id))
        co_return Error{Errc::rejected, "git does not say what " + ref() + " is", options_.url};
    co_return id;
}

Task<Result<std::string>> GitMirror::fetch()
{
    std::vector<std::string> fetching{"fetch",
                                      "--quiet",
                                      "--no-tags",
                                      "--no-write-fetch-head",
                                      "--no-recurse-submodules",
                                      options_.url,
                                      "+" + ref() + ":" + std::string(fetched_ref)};
    auto fetched = co_await git_line(std::move(fetching));
    if (!fetched)
        co_return fetched.error();
    std::vector<std::string> naming{
        "rev-parse", "--verify", "--quiet", std::string(fetched_ref) + "^{commit}"};
    auto commit = co_await git_line(std::move(naming));
    if (!commit)
        co_return commit.error();
    if (!is_commit(*commit))
        co_return Error{Errc::rejected, ref() + " is no commit", options_.url};
    co_return *commit;
}

// Whether `commit` may be followed: its signature, and what it makes of the history before.
Task<Result<void>> GitMirror::judge(std::string commit)
{
    if (!options_.allowed_signers_file.empty()) {
        std::vector<std::string> verifying{"verify-commit", commit};
        auto verified = co_await git(std::move(verifying));
        if (!verified)
            co_return verified.error();
        if (verified->exit_code != 0) {
            trouble_ = "bad_signature";
            co_return failure("the commit " + commit + " is not signed by anybody who may",
                              *verified);
        }
    }
    const std::string before = current_commit();
    if (before.empty())
        co_return Result<void>{};
    std::vector<std::string> asking{"merge-base", "--is-ancestor", before, commit};
    auto ancestor = co_await git(std::move(asking));
    if (!ancestor)
        co_return ancestor.error();
    if (ancestor->exit_code == 0)
        co_return Result<void>{};
    const std::string what = ref() + " was rewritten: " + before + " is no part of " + commit;
    if (options_.refuse_rewrites) {
        trouble_ = "rewritten";
        co_return Error{
            Errc::refused, what, options_.url, "if it is meant, allow it with onRewrite: follow"};
    }
    ++status_.rewrites;
    note(Level::warning, what + "; it is followed");
    co_return Result<void>{};
}

Task<Result<void>> GitMirror::check_out(std::string commit)
{
    trouble_ = "checkout";
    remove_old_trees();
    std::error_code failed;
    fs::path tree = options_.directory / "trees" / commit;
    fs::remove_all(tree, failed); // half of one, from before a crash
    std::vector<std::string> pruning{"worktree", "prune"};
    auto pruned = co_await git_line(std::move(pruning));
    if (!pruned)
        co_return pruned.error();
    std::vector<std::string> adding{
        "worktree", "add", "--quiet", "--force", "--detach", tree.string(), commit};
    auto added = co_await git_line(std::move(adding));
    if (!added)
        co_return added.error();
    // What is in force is not thrown away by git's own cleaning.
    std::vector<std::string> keeping{"update-ref", std::string(current_ref), commit};
    auto kept = co_await git_line(std::move(keeping));
    if (!kept)
        co_return kept.error();
    if (auto turned = turn_link(tree); !turned)
        co_return turned;
    status_.commit = commit;
    note(Level::info, "checked out " + commit + " of " + ref());
    if (on_moved)
        on_moved();
    co_return Result<void>{};
}

// Renaming a link over another is one step for whoever reads.
Result<void> GitMirror::turn_link(const fs::path& tree)
{
    const fs::path fresh = options_.directory / "current.new";
    std::error_code failure;
    fs::remove(fresh, failure);
    fs::create_directory_symlink(fs::path("trees") / tree.filename(), fresh, failure);
    if (!failure)
        fs::rename(fresh, options_.current(), failure);
    if (!failure)
        return {};
    std::error_code ignored;
    fs::remove(fresh, ignored);
    return Error{Errc::store_failed,
                 "the new checkout cannot be put in place: " + failure.message(),
                 options_.current().string()};
}

// All but the one in force. Whoever read an older one has long finished.
void GitMirror::remove_old_trees()
{
    std::error_code failure;
    const std::string current = current_commit();
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(options_.directory / "trees", failure))
        if (entry.path().filename() != current)
            old.push_back(entry.path());
    for (const fs::path& tree : old)
        fs::remove_all(tree, failure);
}

// The commit that is checked out, or "".
std::string GitMirror::current_commit() const
{
    std::error_code failure;
    const std::string name = fs::read_symlink(options_.current(), failure).filename().string();
    return is_commit(name) ? name : std::string();
}

Task<Result<ChildResult>> GitMirror::git(std::vector<std::string> arguments)
{
    ChildCommand command;
    command.program = "git";
    command.deadline = options_.timeout;
    const auto set = [&](std::string_view name, const std::string& value) {
        command.arguments.emplace_back("-c");
        command.arguments.push_back(std::string(name) + "=" + value);
    };
    // Nothing that the machine, the user or the repository configures has a say.
    set("core.hooksPath", "/dev/null");
    set("core.fsmonitor", "false");
    set("gc.autoDetach", "false");
    // One thread each: a service may have few.
    set("pack.threads", "1");
    set("index.threads", "1");
    set("checkout.workers", "1");
    set("http.followRedirects", "false");
    set("credential.helper", "");
    set("gpg.program", "/bin/false");
    set("gpg.x509.program", "/bin/false");
    set("gpg.ssh.allowedSignersFile", options_.allowed_signers_file.string());
    if (!options_.ca_file.empty())
        set("http.sslCAInfo", options_.ca_file.string());
    if (!options_.token_file.empty())
        set("credential.helper", std::string(helper));
    if (arguments.front() != "init") {
        command.arguments.emplace_back("--git-dir");
        command.arguments.push_back((options_.directory / "repo.git").string());
    }
    std::ranges::move(arguments, std::back_inserter(command.arguments));
    std::string ssh = "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes";
    if (!options_.ssh_key_file.empty())
        ssh += " -o IdentitiesOnly=yes -i " + quoted(options_.ssh_key_file);
    if (!options_.known_hosts_file.empty())
        ssh += " -o GlobalKnownHostsFile=none -o UserKnownHostsFile=" +
               quoted(options_.known_hosts_file);
    command.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                           {"HOME", options_.directory.string()},
                           {"LC_ALL", "C"},
                           {"GIT_CONFIG_NOSYSTEM", "1"},
                           {"GIT_CONFIG_GLOBAL", "/dev/null"},
                           {"GIT_TERMINAL_PROMPT", "0"},
                           {"GIT_ALLOW_PROTOCOL", "https:ssh:file:http:git"},
                           {"GIT_SSH_COMMAND", ssh},
                           {"TRUEUP_GIT_TOKEN_FILE", options_.token_file.string()},
                           {"TRUEUP_GIT_USERNAME", options_.username}};
    auto result = co_await runner_.run(std::move(command));
    co_return result;
}

// The first line that git prints; any other exit code than 0 is an error.
Task<Result<std::string>> GitMirror::git_line(std::vector<std::string> arguments)
{
    const std::string what = arguments.front();
    auto result = co_await git(std::move(arguments));
    if (!result)
        co_return result.error();
    if (result->exit_code != 0)
        co_return failure("git " + what + " failed", *result);
    co_return first_line(result->out);
}

// With git's last words. It never prints a token that a helper gave it.
Error GitMirror::failure(const std::string& what, const ChildResult& result) const
{
    std::string said = result.err;
    while (!said.empty() && said.back() == '\n')
        said.pop_back();
    if (said.size() > said_bytes_max)
        said = said.substr(said.size() - said_bytes_max);
    std::ranges::replace(said, '\n', ' ');
    return {Errc::network, what + (said.empty() ? std::string() : ": " + said), options_.url};
}

void GitMirror::note(Level level, std::string text)
{
    events_.emit(Event(EventType::note, level, std::move(text)));
}

} // namespace trueup
