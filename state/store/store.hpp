// What trueup remembers between runs: which objects are ours and what was last applied to them,
// which calls may be half done, and what was done. A cache of the truth, which is the manifests and
// the API: losing it costs nothing but unverified secrets (design.md 6.B, 6.G).
//
// The Store holds no secret: last-applied values keep keyed hashes.

#pragma once

#include "state/model/result.hpp"
#include "state/model/shared_value.hpp"
#include "state/model/task.hpp"
#include "state/model/value.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trueup {

// A resource that trueup owns.
struct Record {
    Record() = default;

    std::string address;
    std::string kind;
    std::string scope_uid;               // of the project it was created in; "" for the tenant
    std::string uid;                     // "" for a singleton without one
    SharedValue last_applied;            // metadata and spec as last written, secrets as hashes
    bool prevent_destroy = false;        // outlives the manifest
    bool abandon = false;                // deletionPolicy: abandon
    std::vector<std::string> depends_on; // addresses, so that deletes run in reverse
    std::string waiting;       // "" or what it waits for; readiness continues after a restart
    std::string waiting_since; // RFC 3339
    std::string updated_at;    // RFC 3339
};

// The durable note that a call which changes something is about to be made.
struct Intent {
    Intent() = default;

    std::string id; // unique
    std::string address;
    std::string verb;  // create, update, replace, delete
    std::string route; // template of the call
    std::string scope_uid;
    std::string uid; // "" before a create
    Value desired;   // what will have been applied if it took effect, secrets as hashes
    std::string plan_id;
    std::string opened_at;
    // Further parts of the Record that the outcome will write.
    bool prevent_destroy = false;
    bool abandon = false;
    std::vector<std::string> depends_on;
};

// One effect or action, for ever.
struct AuditRecord {
    AuditRecord() = default;

    std::string at; // RFC 3339
    std::string address;
    std::string verb;
    std::string route;   // "" for what needs no call (adopt, forget)
    std::string outcome; // done, failed, found (after a crash), unknown
    int status = 0;
    std::string audit_uid;
    std::string plan_id;
    std::string detail;
    std::string revision;        // of the manifests; "" where nobody keeps count
    int attempt = 0;             // of a call; 0 for what is none
    std::int64_t latency_ms = 0; // of a call
    std::string error;           // name of an Errc, of a call that failed
};

// What a state belongs to. All three are checked at each opening for writing.
struct Binding {
    Binding() = default;

    std::string endpoint;
    std::string tenant_uid;
    std::string owner_id;
    bool operator==(const Binding&) const = default;
};

// What the daemon must not forget over a restart, and no other table is for: a suspension, a delete
// that waits out its grace period, a pause after failures. One for each kind and key.
struct Memo {
    Memo() = default;
    Memo(std::string k, std::string name, Value v)
        : kind(std::move(k)), key(std::move(name)), value(std::move(v))
    {
    }

    std::string kind;
    std::string key;        // an address, where it is about a resource
    Value value;            // secrets as hashes
    std::string updated_at; // RFC 3339
};

// Changes that become durable together. Applied in the order of the members.
struct Batch {
    Batch() = default;

    std::optional<Binding> bind; // only on an unbound state
    std::vector<Intent> open;
    std::vector<Record> put;         // inserts or replaces by address
    std::vector<std::string> forget; // addresses
    std::vector<std::string> close;  // ids of intents
    std::vector<AuditRecord> audit;
    std::vector<Memo> note;                                 // inserts or replaces by kind and key
    std::vector<std::pair<std::string, std::string>> erase; // memos, by kind and key
    // False: it may ride in a later transaction with others (design.md 11). True: the caller is
    // resumed only when it is on disk.
    bool must_be_durable = true;
};

// How much work the disk was given.
struct StoreCounters {
    StoreCounters() = default;

    std::uint64_t batches = 0;
    std::uint64_t transactions = 0; // each with one sync
};

// What is known of an address already; null where nothing is.
using KnownTree = std::function<SharedValue(const std::string& address)>;

class Store {
public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    // Everything here reads the latest committed state, and every batch whose commit() has returned
    // is in it; except on a read-only store, which sees the one state that was there when it was
    // opened. Fails with store_failed when a row was damaged since it was written, or when such a
    // batch could not be stored after all.
    virtual Result<std::optional<Binding>> binding() = 0;
    virtual Result<std::vector<Record>> records() = 0; // by address
    // The same, except that a last_applied which is to the last digit what `known` says of its
    // address is that tree and no second one. `known` is asked once for each, in order.
    virtual Result<std::vector<Record>> records_beside(const KnownTree& known);
    virtual Result<std::optional<Record>> record(const std::string& address) = 0;
    virtual Result<std::vector<Intent>> open_intents() = 0;                     // oldest first
    virtual Result<std::vector<AuditRecord>> audit(std::size_t newest_max) = 0; // newest first
    virtual Result<std::vector<Memo>> memos() = 0;                              // by kind and key

    // Fails with store_failed (and nothing of the batch is stored), or busy on a read-only store.
    // Batches that become ready in one turn of the loop share one transaction and one sync.
    // A batch that need not be durable returns at once. When the disk fails, or such a batch cannot
    // be stored after all, every later commit fails until the store is opened again: what was lost
    // by then is what a crash would have lost.
    virtual Task<Result<void>> commit(Batch batch) = 0;

    // Opens it again when it takes no more commits; else does nothing and returns false. No commit
    // may be under way. Fails as opening does, and can then be tried again.
    virtual Result<bool> mend() { return false; }

    virtual StoreCounters counters() const { return {}; }
};

inline Result<std::vector<Record>> Store::records_beside(const KnownTree& known)
{
    auto all = records();
    if (all)
        for (Record& record : *all)
            record.last_applied = keep_once(std::move(record.last_applied), known(record.address));
    return all;
}

} // namespace trueup
