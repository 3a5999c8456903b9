// Runs a program as a user would and keeps what it printed.

#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace trueup::test {

struct Finished {
    int exit_code = -1; // 128 + n when a signal ended it
    std::string out;
    std::string err;
};

// A started program. Its output goes to temporary files, so it can never block on a full pipe.
class Process {
public:
    // `environment` is added to ours; an empty value removes the name.
    Process(const std::vector<std::string>& command,
            const std::map<std::string, std::string>& environment,
            const std::string& input = {});
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    // Kills it when it still runs.
    ~Process();

    pid_t pid() const { return pid_; }
    void kill_now() const;
    Finished wait();

private:
    pid_t pid_ = -1;
    bool waited_ = false;
    int out_ = -1;
    int err_ = -1;
};

Finished run_process(const std::vector<std::string>& command,
                     const std::map<std::string, std::string>& environment = {},
                     const std::string& input = {});

} // namespace trueup::test
