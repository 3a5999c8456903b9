// What the daemon must still know after a restart, as values, and their way to the store and back.
//
// The rows are described in docs/state.md. Holds no secret: digests of what was written, and the
// text of errors, which never hold one.

#pragma once

#include "reconciler/daemon/status.hpp"
#include "reconciler/plan/saved_plan.hpp"
#include "state/store/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

// A resource whose last attempts failed.
struct Failure {
    Failure() = default;

    std::size_t count = 0;
    WallTime next; // before which it is left alone
    std::string error;
    std::string manifest_digest; // of what failed: another text gets another chance at once
};

// Something that is to be deleted once its grace period is over.
struct Tombstone {
    Tombstone() = default;

    std::string uid;
    WallTime since;
};

// How often one field was written to one value.
struct FieldWrites {
    FieldWrites() = default;

    std::string digest; // of the value
    std::size_t count = 0;
    bool kept = true; // what was read back after the last write was what was written
    WallTime last;
};

// By path of the field; "" for the whole object, when it was created or replaced.
using ResourceWrites = std::map<std::string, FieldWrites>;

// A plan that waits for somebody's agreement.
struct Pending {
    Pending() = default;

    SavedPlan plan;
    std::string digest; // to be agreed to: of the plan, or of the plan and when it expired last
    std::string revision;
    std::string reason; // why agreement is needed: "" in approve mode, else what a guard said
    WallTime since;
    WallTime expires;
    std::string approved_by; // "": not yet
    std::map<std::string, std::size_t> counts;
};

struct Memory {
    Memory() = default;

    std::map<std::string, Suspension> suspensions; // by target
    std::map<std::string, Tombstone> tombstones;   // by address, as all below
    std::map<std::string, Tombstone> going;        // were asked to go, when, and are not gone yet
    std::map<std::string, Failure> failures;
    std::map<std::string, ResourceWrites> writes;
    std::optional<Pending> pending;
    std::map<std::string, WallTime> expired; // by digest of the plan: when nobody agreed in time
};

// Notes that nobody agreed in time to `plan`, by its digest. The newest hundred are kept.
void note_expired(Memory& memory, const std::string& plan, WallTime now);
// What is to be agreed to for `plan` to be carried out: its digest, or another one once that has
// expired, for an agreement that comes too late must not count for what is offered again.
std::string offer_of(const Memory& memory, const std::string& plan);

// What the memos say; those that nobody understands are left out.
Memory read_memory(const std::vector<Memo>& memos);

std::vector<Memo> write_memory(const Memory& memory);

// What is stored, with what people have decided in place of what they had decided before: all that
// outlives a dry run.
std::vector<Memo> with_decisions(const std::vector<Memo>& stored, const Memory& memory);

// What has to be stored so that `then`, which is stored, becomes `now`. Empty when nothing has.
// Memos of kinds that are not a daemon's are left alone.
Batch memory_changes(const std::vector<Memo>& then, const std::vector<Memo>& now, WallTime at);

} // namespace trueup
