// What the daemon knows of itself and of each resource, as values: what the control socket, the
// metrics and systemd's STATUS line are made from.
//
// Holds no secret, no body and no raw URL.

#pragma once

#include "reconciler/plan/change.hpp"
#include "state/model/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

enum class RunMode { automatic, approve, dry_run };

// "auto", "approve", "dry-run"
std::string_view name_of(RunMode mode);

// Exactly one holds for a resource at any time.
enum class Health {
    ready,       // as its manifest says, when last looked at
    reconciling, // a change is planned, under way, or waits for readiness, approval or a window
    stalled,     // cannot go on without a change of manifest, API or a person's decision
};

// "Ready", "Reconciling", "Stalled"
std::string_view name_of(Health condition);

struct ResourceStatus {
    ResourceStatus() = default;

    std::string address;
    Health condition = Health::reconciling;
    std::string reason;  // a word for programs: the Reason of the plan, or failed, backing_off,
                         // suspended, frozen, awaiting_approval, not_converging, second_writer, ...
    std::string message; // one sentence for people
    WallTime since;      // of the condition
    std::string uid;
    std::string file; // of its manifest; "" when it has none any more
    std::size_t line = 0;
    std::string revision;             // in which it was last decided on
    std::string verb;                 // of the last decision: create, update, no-op, ...
    std::vector<FieldChange> changes; // what the last plan wanted to change
    std::string blocked_by;           // address, window, guard or person that it waits for
    std::size_t failures = 0;         // in a row
    std::string last_error;
    std::optional<WallTime> last_success;
    std::optional<WallTime> last_attempt;
    std::optional<WallTime> next_attempt;
    std::optional<WallTime> drifted_since; // since when the API has differed without our doing
};

struct RoundStatus {
    RoundStatus() = default;

    std::string plan_id;
    std::string trigger; // start, edit, interval, retry, request, reload, approval
    std::string revision;
    WallTime begun;
    WallTime ended;
    std::string result; // converged, applied, partial, waiting (for readiness), withheld (approval,
                        // a window, a pause), failed, refused, interrupted, dry_run
    std::string error;  // why it failed or was refused
    std::map<std::string, std::size_t> counts; // of its plan by verb, "create": 3
    std::size_t api_requests = 0;
};

// A plan that a person must agree to.
struct PendingApproval {
    PendingApproval() = default;

    std::string digest; // what is to be agreed to
    std::string plan;   // the digest of the plan itself: another one once it has expired
    std::string revision;
    WallTime since;
    WallTime expires;
    std::map<std::string, std::size_t> counts;
};

// Something that a person has stopped: "" everything, a project ("project:team-a") or an address.
struct Suspension {
    Suspension() = default;

    std::string target;
    std::string reason;
    std::string by;
    WallTime since;
    std::optional<WallTime> until;
};

// A file that could not be read in this revision, and what is done instead.
struct BrokenFile {
    BrokenFile() = default;

    std::string file;
    std::string error;      // the first of its mistakes, with line and column
    bool last_good = false; // its resources keep their last good text
};

// How the git repository is followed that the manifests come from.
struct GitStatus {
    GitStatus() = default;

    std::string url;
    std::string ref;                      // refs/heads/main
    std::string commit;                   // that is checked out; "" before the first time
    std::optional<WallTime> last_success; // when the remote was last seen, and followed
    std::string problem; // unreachable, missing_ref, bad_signature, rewritten, checkout; ""
    std::string error;   // one sentence; ""
    std::size_t looks = 0;
    std::size_t failures = 0;
    std::size_t rewrites = 0; // of the history, that were followed
};

struct DaemonStatus {
    DaemonStatus() = default;

    std::string version;
    std::string owner;
    std::string endpoint;
    RunMode mode = RunMode::automatic;
    WallTime started;
    std::string revision; // what is in force: "git:<commit>", with "-dirty", or "sha256:<digest>"
    std::size_t manifests = 0;
    std::vector<BrokenFile> broken;
    bool deletes_blocked = false; // for lack of a last good text, or of a whole source
    std::string deletes_blocked_why;
    std::map<std::string, std::size_t> conditions; // "Ready": 66
    std::optional<RoundStatus> last_round;
    std::optional<WallTime> last_success; // of a round that left nothing to do
    std::optional<WallTime> next_round;
    bool in_round = false;
    std::optional<PendingApproval> approval;
    std::vector<Suspension> suspensions;
    std::string freeze;                        // the window that is in force; ""
    std::string breaker;                       // closed, open, half-open
    std::map<std::string, double> rate_tokens; // by rate-limit group: what is left now
    std::optional<GitStatus> git;              // where manifests come from a repository
};

} // namespace trueup
