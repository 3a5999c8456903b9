// Manifests from a git repository: keeps a checkout of one branch or tag beside the state.
//
// Runs git itself. A new commit is checked out into a directory of its own, and a symbolic link is
// turned to it once it is whole, so that nobody ever reads half of one. When the remote cannot be
// reached, the ref is gone, or a signature is missing, the checkout stays as it was and the status
// says why. It changes nothing in the remote repository, runs no hook, and no program that the
// repository names.

#pragma once

#include "reconciler/daemon/bell.hpp"
#include "reconciler/daemon/child_process.hpp"
#include "reconciler/daemon/status.hpp"
#include "state/model/event.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace trueup {

struct GitOptions {
    GitOptions() = default;

    std::string url;
    std::string branch; // one of the two is ""
    std::string tag;
    std::string path; // of the manifests in the repository; "": its top
    Duration interval = std::chrono::minutes(1);
    Duration timeout = std::chrono::minutes(2); // of one run of git
    std::filesystem::path directory;            // for the repository and its checkouts
    std::string username = "git";               // beside the token, over https
    std::filesystem::path token_file;           // "": none
    std::filesystem::path ca_file;              // of https; "": the authorities of the system
    std::filesystem::path ssh_key_file;         // "": none
    std::filesystem::path known_hosts_file;     // of ssh; "": that of the user and the system
    std::filesystem::path allowed_signers_file; // "": signatures are not looked at
    bool refuse_rewrites = false;               // a history that was rewritten is not followed

    // Where the manifests are, once there is a checkout.
    std::filesystem::path current() const { return directory / "current"; }
    std::filesystem::path manifests() const { return path.empty() ? current() : current() / path; }
};

// Fails with invalid_input when the URL is none that may be used, holds a password, or is of a
// protocol that protects nothing while no signatures are asked for.
Result<void> check_git_options(const GitOptions& options);

class GitMirror {
public:
    // All of it outlives the mirror.
    GitMirror(
        Executor executor, GitOptions options, ChildRunner& git, Clock& clock, EventSink& events);

    // Called when another commit was checked out.
    std::function<void()> on_moved;

    // Looks at the remote once, and follows it. Fails as git does; status() has the same error.
    Task<Result<void>> sync();
    // sync() at each interval, until stop().
    Task<void> run();
    void stop();
    // Looks now rather than at the next interval.
    void hint() { bell_.ring(); }

    const GitStatus& status() const { return status_; }

private:
    Task<Result<void>> follow();
    Task<Result<std::string>> ask_remote();
    Task<Result<std::string>> fetch();
    Task<Result<void>> judge(std::string commit);
    Task<Result<void>> check_out(std::string commit);
    Task<Result<void>> prepare();
    Task<Result<ChildResult>> git(std::vector<std::string> arguments);
    Task<Result<std::string>> git_line(std::vector<std::string> arguments);
    Error failure(const std::string& what, const ChildResult& result) const;
    std::string ref() const;
    std::string current_commit() const;
    Result<void> turn_link(const std::filesystem::path& tree);
    void remove_old_trees();
    void note(Level level, std::string text);

    GitOptions options_;
    ChildRunner& runner_;
    Clock& clock_;
    EventSink& events_;
    Bell bell_;
    GitStatus status_;
    std::string trouble_; // what keeps it, if this look fails
    std::string remote_;  // what the ref last was, and was followed
    bool prepared_ = false;
    bool stopping_ = false;
};

} // namespace trueup
