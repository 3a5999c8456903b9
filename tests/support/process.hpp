// Runs a program as a user would and keeps what it printed.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup::test {

struct Finished {
    int exit_code = -1; // 128 + n when a signal ended it
    std::string out;
    std::string err;
};

// Runs in the new process before the program does: for limits, another user, other streams.
using ChildSetup = std::function<void()>;

// A started program. Its output goes to temporary files, so it can never block on a full pipe. It
// inherits no descriptor of ours but those that `setup` puts in the place of the first three.
class Process {
public:
    // `environment` is added to ours; an empty value removes the name.
    Process(const std::vector<std::string>& command,
            const std::map<std::string, std::string>& environment,
            const std::string& input = {},
            const ChildSetup& setup = {});
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    // Kills it when it still runs.
    ~Process();

    pid_t pid() const { return pid_; }
    void kill_now() const;
    Finished wait();
    // Nothing when it still runs after `limit`.
    std::optional<Finished> wait_for(std::chrono::microseconds limit);
    // What it has written so far.
    std::string out() const;
    std::string err() const;

private:
    pid_t pid_ = -1;
    bool waited_ = false;
    int out_ = -1;
    int err_ = -1;
};

Finished run_process(const std::vector<std::string>& command,
                     const std::map<std::string, std::string>& environment = {},
                     const std::string& input = {},
                     const ChildSetup& setup = {});

} // namespace trueup::test
