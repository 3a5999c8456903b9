// What each command of the binary does. Each returns the exit code.

#pragma once

#include "reconciler/cli/command_line.hpp"
#include "reconciler/cli/settings.hpp"

namespace trueup {

int run_validate(Settings& settings);
int run_plan(Settings& settings);
int run_apply(Settings& settings);
int run_daemon(Settings& settings);
int run_import(Settings& settings);
int run_state_list(Settings& settings);
int run_state_show(Settings& settings);
int run_state_remove(Settings& settings);
int run_kinds_list(Settings& settings);
int run_kinds_show(Settings& settings);
int run_kinds_check(Settings& settings);
int run_sandbox(Settings& settings);
int run_completion(const CommandLine& command_line, const std::string& shell);

// Parses the command line and runs the command.
int run_command_line(int argc, const char* const* argv);

} // namespace trueup
