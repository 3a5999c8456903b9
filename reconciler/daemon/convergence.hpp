// Notices fields that do not stay as they were written: because the API keeps something else, or
// because somebody else keeps changing them back. Such a field is left alone and reported, instead
// of being written for ever.
//
// Pure. The rest of the resource goes on being looked after.

#pragma once

#include "reconciler/daemon/config.hpp"
#include "reconciler/daemon/memory.hpp"
#include "reconciler/engine/execute.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trueup {

struct Stuck {
    Stuck() = default;

    std::string reason;              // not_converging or second_writer
    std::vector<std::string> fields; // "": the whole object, which keeps going away
};

// Takes out of `action` what has been written to no avail often enough. What is left of it may be
// nothing: then its verb is blocked.
std::optional<Stuck>
leave_stuck_fields(Action& action, const ResourceWrites& writes, const RunConfig& config);

// Takes down that `action` was carried out. `not_kept` are the fields that were read back with
// another value.
void note_writes(const Action& action,
                 const std::vector<std::string>& not_kept,
                 WallTime now,
                 ResourceWrites& writes);

// Forgets what `plan` shows to be as it was written: at once where the API had kept another value,
// after a while of peace where somebody else had changed it.
void forget_settled(const Plan& plan,
                    const RunConfig& config,
                    WallTime now,
                    std::map<std::string, ResourceWrites>& writes);

} // namespace trueup
