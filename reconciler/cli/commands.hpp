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
int run_state_move(Settings& settings);
int run_state_backup(Settings& settings);
int run_audit_verify(Settings& settings);
int run_doctor(Settings& settings);
int run_kinds_list(Settings& settings);
int run_kinds_show(Settings& settings);
int run_kinds_check(Settings& settings);
int run_sandbox(Settings& settings);
int run_status(Settings& settings);
int run_history(Settings& settings);
int run_explain(Settings& settings);
int run_diff(Settings& settings);
int run_reconcile(Settings& settings);
int run_approve(Settings& settings);
int run_suspend(Settings& settings);
int run_resume(Settings& settings);
int run_completion(const CommandLine& command_line, const std::string& shell);

// Parses the command line and runs the command.
int run_command_line(int argc, const char* const* argv);

} // namespace trueup
