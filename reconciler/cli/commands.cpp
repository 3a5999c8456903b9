#include "reconciler/cli/commands.hpp"

#include <map>

namespace trueup {

int run_command_line(int argc, const char* const* argv)
{
    CommandLine command_line;
    int exit_code = 0;
    const auto name = command_line.parse(argc, argv, exit_code);
    if (!name)
        return exit_code;
    if (*name == "completion")
        return run_completion(command_line, command_line.settings().name);
    const std::map<std::string, Command> commands{{"validate", run_validate},
                                                  {"plan", run_plan},
                                                  {"apply", run_apply},
                                                  {"run", run_daemon},
                                                  {"import", run_import},
                                                  {"state list", run_state_list},
                                                  {"state show", run_state_show},
                                                  {"state rm", run_state_remove},
                                                  {"state mv", run_state_move},
                                                  {"state backup", run_state_backup},
                                                  {"audit verify", run_audit_verify},
                                                  {"doctor", run_doctor},
                                                  {"kinds list", run_kinds_list},
                                                  {"kinds show", run_kinds_show},
                                                  {"kinds check", run_kinds_check},
                                                  {"sandbox", run_sandbox},
                                                  {"status", run_status},
                                                  {"history", run_history},
                                                  {"explain", run_explain},
                                                  {"diff", run_diff},
                                                  {"reconcile", run_reconcile},
                                                  {"approve", run_approve},
                                                  {"suspend", run_suspend},
                                                  {"resume", run_resume}};
    return commands.at(*name)(command_line.settings());
}

} // namespace trueup
