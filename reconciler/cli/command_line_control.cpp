// The options of the commands that speak to a daemon, and of those that keep a state in order.

#include "reconciler/cli/command_line.hpp"

#include <CLI/CLI.hpp>

namespace trueup {

void CommandLine::add_control(CLI::App& command)
{
    Settings& s = settings_;
    command.add_option(
        "--config", s.config, "Configuration file (default: trueup.yaml beside the manifests)");
    command
        .add_option("-f,--manifests",
                    s.manifests,
                    "Manifest directory of the daemon, to find its socket and state (default: .)")
        ->allow_extra_args(false);
    command.add_option("--state", s.state, "State file of the daemon");
    command.add_option("--socket",
                       s.socket,
                       "Control socket (default: control.sock in $RUNTIME_DIRECTORY, beside the "
                       "state, or in /run/trueup)");
    command.add_flag("--json", s.json, "Print JSON");
    command.add_flag("--no-color", s.no_color, "No colours (or NO_COLOR)");
}

void CommandLine::add_daemon_readers()
{
    Settings& s = settings_;
    CLI::App* status = app_->add_subcommand("status", "How the running daemon fares");
    add_control(*status);
    status->add_flag("--all", s.all, "List the resources that are Ready too");
    status->footer("Examples:\n  trueup status -f manifests/\n"
                   "  trueup status --socket /run/trueup/control.sock --all");
    CLI::App* history = app_->add_subcommand(
        "history", "What was done, newest first; from the state when no daemon runs");
    add_control(*history);
    history->add_option("address", s.address, "Only of this resource");
    history->add_option("--limit", s.limit, "Records to show")->check(CLI::Range(1, 10'000));
    history->footer("Examples:\n  trueup history -f manifests/ --limit 20\n"
                    "  trueup history Role/tenant/auditor -f manifests/");
    CLI::App* explain = app_->add_subcommand(
        "explain", "Why a resource is as it is: last decision, inputs, blocker, next attempt");
    add_control(*explain);
    explain->add_option("address", s.address, "Kind/scope/name")->required();
    explain->footer("Example: trueup explain Role/tenant/auditor");
    CLI::App* diff =
        app_->add_subcommand("diff", "How a resource differed from its manifest in the last round");
    add_control(*diff);
    diff->add_option("address", s.address, "Kind/scope/name")->required();
    diff->footer("Example: trueup diff Role/tenant/auditor");
}

void CommandLine::add_daemon_writers()
{
    Settings& s = settings_;
    CLI::App* reconcile =
        app_->add_subcommand("reconcile", "Ask the daemon for a round now, not at its interval");
    add_control(*reconcile);
    reconcile->footer("Example: trueup reconcile -f manifests/");
    CLI::App* approve = app_->add_subcommand("approve", "Agree to the plan that waits for it");
    add_control(*approve);
    approve->add_option("digest", s.name, "Of the plan, as trueup status shows it")->required();
    approve->footer("Example: trueup approve 3f9a1c... -f manifests/");
    CLI::App* suspend = app_->add_subcommand("suspend", "Keep the daemon from changing something");
    add_control(*suspend);
    suspend->add_option(
        "target", s.address, "Kind/scope/name, or project:NAME (default: everything)");
    suspend->add_option("--reason", s.reason, "Why, for whoever looks at the status");
    suspend->add_option("--for", s.length, "For how long, such as 2h (default: until resumed)");
    suspend->footer("Examples:\n  trueup suspend project:team-a --reason migration --for 2h\n"
                    "  trueup suspend Role/tenant/auditor");
    CLI::App* resume = app_->add_subcommand("resume", "Let it go on");
    add_control(*resume);
    resume->add_option("target", s.address, "As it was suspended (default: everything)");
    resume->footer("Examples:\n  trueup resume project:team-a\n  trueup resume");
}

void CommandLine::add_upkeep(CLI::App& state)
{
    Settings& s = settings_;
    CLI::App* move = state.add_subcommand(
        "mv", "Give one resource another name in the state; changes nothing remotely");
    add_common(*move);
    move->add_option("address", s.address, "Kind/scope/name that it has")->required();
    move->add_option("new-address", s.new_address, "Kind/scope/name that it gets")->required();
    move->footer("Example: trueup state mv Role/tenant/auditor Role/tenant/reader -f manifests/");
    CLI::App* backup =
        state.add_subcommand("backup", "Copy the state, beside a running daemon if need be");
    add_common(*backup);
    backup->add_option("file", s.out, "Where to; it must not exist")->required();
    backup->footer("Example: trueup state backup /var/backups/trueup.db -f manifests/");
    CLI::App* audit = app_->add_subcommand("audit", "The record of everything that was done");
    audit->require_subcommand(1);
    CLI::App* verify = audit->add_subcommand(
        "verify", "Check that no line of it was changed or removed; names the first that was");
    add_common(*verify);
    verify->footer("Example: trueup audit verify -f manifests/");
    CLI::App* doctor = app_->add_subcommand(
        "doctor", "Check what a plan needs: kinds, manifests, state, endpoint, clock, credential");
    add_common(*doctor);
    doctor->add_option("--socket", s.socket, "Control socket of the daemon");
    doctor->add_flag("--json", s.json, "Print JSON");
    doctor->footer("Each line is ok, warning or failed, with advice; exit code 1 when one failed.\n"
                   "Example: trueup doctor -f manifests/ --endpoint https://api.spectrocloud.com");
}

} // namespace trueup
