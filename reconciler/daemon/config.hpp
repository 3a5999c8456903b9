// What shapes the daemon's loop: everything of trueup.yaml and the command line that is about going
// on for ever.
//
// Values only. Where they come from is the business of whoever starts the loop.

#pragma once

#include "reconciler/daemon/freeze.hpp"
#include "reconciler/daemon/status.hpp"
#include "reconciler/engine/round.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trueup {

// What becomes of a revision in which a file cannot be read.
enum class BadManifest {
    resource, // the file's resources keep their last good text, all others go on
    revision, // everything stays as it last was good
};

struct BackoffRules {
    BackoffRules() = default;

    Duration min = std::chrono::seconds(10);
    Duration max = std::chrono::minutes(15);
};

// Says yes to writing during freeze windows, and is itself on record.
struct FreezeOverride {
    FreezeOverride() = default;

    std::string reason;
    std::optional<WallTime> until;
};

struct RunConfig {
    RunConfig() = default;

    RunMode mode = RunMode::automatic;
    bool once = false;

    Duration interval = std::chrono::minutes(5);
    unsigned jitter_percent = 10;
    Duration quiet =
        std::chrono::milliseconds(300);            // two equal looks at the files lie so far apart
    Duration quiet_max = std::chrono::seconds(10); // for a tree that is written slowly

    BadManifest on_bad = BadManifest::resource;
    Duration grace{}; // between the plan of a delete and the delete
    std::vector<FreezeWindow> freeze;
    std::optional<FreezeOverride> freeze_override;
    Duration approval_expiry = std::chrono::hours(24);
    BackoffRules backoff;
    std::size_t writes_unkept_max = 2;             // of a field that the API does not keep
    std::size_t writes_kept_max = 3;               // of a field that somebody else changes back
    Duration stall_max = std::chrono::minutes(10); // a round without a sign of life hangs

    PlanRequest request;
    std::size_t parallelism = 10;
    std::string version;

    // For how long a field that somebody keeps changing back is remembered.
    Duration rivalry_window() const
    {
        return std::max<Duration>(std::chrono::hours(1), 6 * interval);
    }
};

} // namespace trueup
