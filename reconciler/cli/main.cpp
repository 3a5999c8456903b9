// The binary.

#include "reconciler/cli/commands.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <csignal>
#include <exception>
#include <iostream>

int main(int argc, char** argv)
{
    // Secrets are in memory: no core file may hold them, and no other process of the user may look.
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);
    // A peer that hangs up is an error of one write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return trueup::run_command_line(argc, argv);
    } catch (const std::exception& bug) {
        std::cerr << "trueup: this is a bug: " << bug.what() << "\n";
    }
    return 1;
}
