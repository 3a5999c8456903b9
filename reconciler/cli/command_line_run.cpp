// The options of trueup run, with their help.

#include "reconciler/cli/command_line.hpp"

#include <CLI/CLI.hpp>

namespace trueup {

namespace {

constexpr std::string_view footer =
    R"(Every change of a manifest is looked at once it has settled, everything else at each interval.
SIGHUP reads configuration, credentials and manifests anew; SIGTERM finishes what runs.

Settings with more than one value stand in trueup.yaml beside the manifests:

  prune: true               # delete what is no longer declared, after its grace period
  grace: 1h
  freeze:                   # nothing is written in these windows
    - {days: [Fri, Sat], from: "18:00", to: "08:00", zone: Europe/Berlin}
  limits:                   # at most so much in one round; the rest of the plan waits for a person
    deletes: 10
    updates: 50%
    perKind: {deletes: 5}
    perScope: {replaces: 2}
  git:                      # manifests from a repository in place of -f; see the guide
    {url: https://git.example.com/team/manifests.git, branch: main}

Examples:
  trueup run -f manifests/
  trueup run -f manifests/ --mode approve       nothing is done before trueup approve DIGEST
  trueup run -f manifests/ --dry-run            only shows what it would do, and cannot write)";

} // namespace

void CommandLine::add_run()
{
    Settings& s = settings_;
    CLI::App* run = app_->add_subcommand("run", "Keep it so: the daemon");
    add_common(*run);
    run->add_option("--mode", s.mode, "auto, approve (each plan waits for a person) or dry-run")
        ->check(CLI::IsMember({"auto", "approve", "dry-run"}));
    run->add_flag("--dry-run", s.dry_run, "The same as --mode dry-run");
    run->add_flag("--once", s.once, "One round, then exit");
    run->add_option("--interval", s.interval, "Look for drift this often (5m)");
    run->add_option("--jitter", s.jitter, "Vary the interval by up to this share (10%)");
    run->add_option("--quiet-period",
                    s.quiet_period,
                    "How long manifests must stand still before they are read (300ms)");
    run->add_option("--on-bad-manifest",
                    s.on_bad_manifest,
                    "resource: a broken file's resources keep their last good text; revision: "
                    "everything does")
        ->check(CLI::IsMember({"resource", "revision"}));
    run->add_flag("--prune", s.prune, "Also delete what is ours and no longer declared");
    run->add_option("--grace", s.grace, "How long a delete waits, and can be taken back (0s)");
    run->add_option("--approve-file",
                    s.approve_file,
                    "A digest in this file approves (.trueup-approve beside the manifests)");
    run->add_option(
        "--approval-expiry", s.approval_expiry, "How long a plan waits for approval (24h)");
    run->add_option("--override-freeze",
                    s.override_freeze,
                    "Write during freeze windows all the same; the reason is put on record");
    run->add_option("--backoff-min", s.backoff_min, "First pause after a failure (10s)");
    run->add_option("--backoff-max", s.backoff_max, "Longest pause after failures (15m)");
    run->add_option(
        "--stop-timeout", s.stop_timeout, "How long what runs may take to end at SIGTERM (80s)");
    run->add_option("--parallelism", s.parallelism, "Actions at a time")->check(CLI::Range(1, 256));
    run->add_option("--max-deletes",
                    s.max_deletes,
                    "Most objects to delete in a round, as N or N% (the larger of 10 and 30%)");
    run->add_option("--max-missing",
                    s.max_missing,
                    "Most owned objects of a kind that may be gone at once, as N or N%");
    run->add_option(
           "--refresh", s.refresh, "full: read each object; auto: trust complete list entries")
        ->check(CLI::IsMember({"full", "auto"}));
    run->add_option("--socket",
                    s.socket,
                    "Control socket (control.sock in $RUNTIME_DIRECTORY, or beside the state)");
    run->add_option("--socket-group", s.socket_group, "Group whose members may use the socket");
    run->add_option("--listen",
                    s.serve,
                    "Serve the control API on this loopback address and port too, for scrapers");
    run->add_option("--listen-token-file",
                    s.serve_token_file,
                    "File with the token that clients on --listen must send");
    run->footer(std::string(footer));
}

} // namespace trueup
