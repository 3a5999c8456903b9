// From the three inputs (declared, observed, remembered) to the ordered graph of actions.
//
// Pure: the same inputs give the same plan, byte for byte. It never plans a delete that was not
// asked for, and never takes an object for ours because of its name alone (design.md 6).

#pragma once

#include "manifests/manifest.hpp"
#include "reconciler/plan/change.hpp"
#include "state/model/resource.hpp"
#include "state/store/store.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace trueup {

// An object as a plan looks at it: what an Observed says, less the answer that it came in.
struct Seen {
    Seen(Observed object)
        : uid(std::move(object.uid)),
          value(std::move(object.value)),
          mark(std::move(object.mark)),
          builtin(object.builtin),
          complete(object.complete)
    {
    }

    std::string uid;
    SharedValue value; // one tree with what is remembered or declared, where it is the same
    std::optional<Mark> mark;
    bool builtin;
    bool complete;
};

// What was found out about one address.
struct Sighting {
    Sighting() = default;

    std::optional<Seen> by_uid; // the object whose uid we remember
    bool uid_checked = false;   // false: nobody looked, because no uid is remembered
    std::vector<Seen> by_key;   // objects with the natural key, `by_uid` excluded
};

// An object that carries our mark although nothing here declares or remembers it.
struct Orphan {
    Orphan(Address a, Scope s, Observed o)
        : address(std::move(a)), scope(std::move(s)), object(std::move(o))
    {
    }

    Address address;
    Scope scope;
    Observed object;
};

// Something that is inside a container.
struct Held {
    Held(std::string a, std::string u) : address(std::move(a)), uid(std::move(u)) {}

    std::string address;
    std::string uid;
};

struct Observations {
    Observations() = default;

    std::unordered_map<std::string, Sighting> sightings; // by address, declared and remembered
    std::map<std::string, std::string> scopes;           // uids by address; "": it does not exist
    // What is in containers that may go, ours or not, by address and uid; none: it is not known.
    std::map<std::pair<std::string, std::string>, std::vector<Held>> contents;
    std::vector<Orphan> orphans;
    // Addresses whose object is ours no more: what else carries their mark is a copy of it. Known
    // from what is remembered, not from what is observed.
    std::set<std::string> let_go;
    std::map<std::string, std::vector<std::string>> lookups; // Unknown::text() -> uids found
    std::map<std::string, std::string> failures; // address -> why nothing is known of it
    std::size_t unmanaged = 0; // objects of the listed kinds that are neither declared nor ours
};

struct PlanOptions {
    PlanOptions() = default;

    std::string owner_id;
    Adoption adoption = Adoption::if_equal;
    bool prune = false;
    bool destroy = false;
    std::optional<std::string> project; // --project: acts only on this one
    std::vector<Address> targets;       // --target: these and what they depend on
    std::vector<Address> excludes;      // --exclude: not these nor what depends on them
};

struct PlanCounts {
    PlanCounts() = default;

    std::size_t create = 0, update = 0, replace = 0, remove = 0, adopt = 0, forget = 0, no_op = 0;
    std::size_t waiting = 0, blocked = 0, unmanaged = 0;

    bool has_writes() const { return create + update + replace + remove != 0; }
};

PlanCounts count_actions(const std::vector<Action>& actions);

struct Plan {
    Plan() = default;

    std::vector<Action> actions;  // an order in which they can run
    std::vector<Action> prunable; // what --prune would delete
    std::vector<std::string> warnings;
    std::string manifests_digest;
    PlanCounts counts;
    std::string digest; // over all of it

    const Action* find(const Address& address) const;
};

// Fails with invalid_input on a cycle, naming its path.
Result<Plan> make_plan(const Catalogue& catalogue,
                       const ManifestSet& manifests,
                       const std::vector<Record>& records,
                       const std::vector<Intent>& open_intents,
                       const Observations& observations,
                       const PlanOptions& options);

} // namespace trueup
