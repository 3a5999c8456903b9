// What goes wrong in a simulated world: a list, drawn from the seed before anything happens, so
// that a failing run can be told with fewer and fewer of them.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/random.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace trueup::sim {

enum class FaultKind {
    // at the server, of one request
    cut_before,   // the connection ends, the request has no effect
    cut_after,    // the connection ends after the effect
    truncate,     // in the middle of the answer
    fail_before,  // 5xx without effect
    fail_after,   // 5xx with effect
    throttle,     // 429; `number`: which form of Retry-After
    slow,         // the answer comes late
    garbage,      // the answer is not what it should be; `number`: how
    unauthorized, // 401 although the credential is good
    stale,        // reads show how things were, for a while
    repeat_page,  // a page names itself as its successor
    shift_pages,  // the list gets another order
    expire_pages, // a later page is answered as one of a list that is gone
    overlook,     // a later page leaves out one of ours, and for a while it cannot be read by uid
    keep_other,   // the API takes an update, and keeps something else
    // on the network
    refuse,      // no connection
    hang,        // no connection, and nobody says so before the deadline
    late,        // the request arrives late, perhaps after its sender gave up
    late_cut,    // it arrives late, and its sender is told at once that the connection broke
    lost,        // it never arrives
    cut_request, // it arrives in part
    drip,        // it goes out, and the answer comes back, in small pieces; `number`: ms each
    // to the process
    crash_effect, // it dies when the server has done what it asked, before the answer
    crash_event,  // it dies as it says something
    crash_disk,   // it dies in an operation of the disk
    crash_time,   // it dies at a time
    second_start, // somebody starts it again on the same state
    // to the disk
    disk_fail,
    disk_full,
    disk_torn,
    disk_read,   // what is there cannot be read for a while
    disk_damage, // a bit of the state flips while it is down
    state_lost,  // the state is gone after a restart
    // to the clock and the manifests
    wall_jump,
    edit,   // the manifests change
    rotate, // a secret gets another value
    // by others
    other_edit,
    other_take, // puts another owner's mark on something of ours
    other_remove,
    other_create, // of the name of something that is declared
    other_clone,  // of something of ours, with its mark
};

const char* name_of(FaultKind kind);
inline constexpr std::size_t fault_kinds = static_cast<std::size_t>(FaultKind::other_clone) + 1;

// What is counted until a fault strikes.
enum class Trigger { request, write, dial, disk, read, event, time, plan };

struct Fault {
    FaultKind kind = FaultKind::cut_before;
    Trigger trigger = Trigger::request;
    std::uint64_t at = 0;     // the count (from 1), or milliseconds
    std::uint64_t number = 0; // what the kind makes of it
    std::uint64_t last = 0;   // for kinds that last: how many, or milliseconds
    std::uint64_t seed = 0;   // of what it draws when it strikes

    std::string text() const;
};

// Bounds of what can go wrong, drawn with the faults.
struct FaultRules {
    bool beyond_settle = false; // requests may be late by more than the kinds' `settle`
    bool stale_reads = false;
};

std::vector<Fault> draw_faults(Random& random, const FaultRules& rules);

} // namespace trueup::sim
