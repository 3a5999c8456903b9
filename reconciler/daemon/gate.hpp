// Which actions of a plan may run now, and why the others may not.
//
// Pure. The guards of the plan judge it as a whole, before this; here each action is judged by
// itself: suspended, to be deleted although not everything could be read, failing and left alone
// for a while, written to no avail, or in its grace period. What depends on one that may not run
// may not run either.

#pragma once

#include "reconciler/daemon/config.hpp"
#include "reconciler/daemon/convergence.hpp"
#include "reconciler/daemon/memory.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

struct Withheld {
    Withheld() = default;
    Withheld(std::string r, std::string m) : reason(std::move(r)), message(std::move(m)) {}

    std::string reason; // for programs: suspended, backing_off, grace_period, ...
    std::string message;
    std::string blocked_by; // address, window, or person
    std::optional<WallTime> until;
};

struct GateInput {
    GateInput() = default;

    WallTime now;
    std::string deletes_blocked;       // why nothing may be deleted or forgotten; ""
    std::set<std::string> unaccounted; // addresses of which the same is true; see InForce
    bool ignore_backoff = false;       // a person asked: what failed is tried again at once
};

struct Gated {
    Gated() = default;

    std::vector<Action> actions;              // those that may run, and no-ops that others refer to
    std::map<std::string, Withheld> withheld; // by address
    std::map<std::string, Stuck> stuck;       // some of them run without the stuck fields
    std::map<std::string, Tombstone> tombstones; // of all deletes that are planned now

    bool has_work() const; // any that does more than remember or look
};

// The suspension that holds for `address`, or null. One that is over counts no more.
const Suspension* suspension_of(const Memory& memory, const Address& address, WallTime now);

// Who suspended it, and why.
std::string text_of(const Suspension& suspension);

// An action that changes something, here or there; waiting for readiness does not.
bool changes_something(const Action& action);

Gated gate(std::vector<Action> actions,
           const Memory& memory,
           const RunConfig& config,
           const GateInput& input);

} // namespace trueup
