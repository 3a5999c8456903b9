// One step of a plan: what is to happen to one resource, and everything that explains it.

#pragma once

#include "manifests/manifest.hpp"
#include "reconciler/plan/diff.hpp"
#include "state/model/address.hpp"
#include "state/model/resource.hpp"
#include "state/store/store.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

enum class Verb { create, update, replace, remove, adopt, forget, no_op, waiting, blocked };

// "create", "delete", "no-op", ...
std::string_view name_of(Verb verb);

// Why an action was chosen, for programs.
enum class Reason {
    not_found,         // declared, and nothing of that key exists
    missing,           // it was ours and is gone
    changed,           // fields differ
    unchanged,         // nothing differs
    unstarted,         // it was written by an earlier run, and may not have been started
    immutable,         // a field that cannot be changed in place differs
    marked,            // our mark is on it: after a loss of state it is ours again
    equal,             // it exists unmarked and already matches
    take_over,         // it exists unmarked, differs, and the manifest takes it over
    not_declared,      // ours, and no longer declared
    destroy,           // --destroy
    abandoned,         // deletionPolicy: abandon
    already_gone,      // no longer declared, and gone
    exists_differs,    // blocked: it exists, is not ours, and differs
    adopt_never,       // blocked: it exists, and adoption is forbidden
    foreign,           // blocked: another owner's mark is on it
    ambiguous,         // blocked: several objects have this key
    duplicate_mark,    // blocked: several objects carry our mark for this address
    builtin,           // blocked: the system's own
    replace_forbidden, // blocked: a replace needs lifecycle.replace
    prevent_destroy,   // blocked: protected
    dependency,        // blocked: something that it depends on is
    unresolved,        // blocked: a reference leads nowhere
    no_project,        // blocked: its project is neither declared nor existing
    not_empty,         // blocked: a container that holds what is not ours or stays
    unsupported,       // blocked: the kind has no such call
    secret_missing,    // blocked: a masked secret would have to be sent back
    unobserved,        // blocked: the API did not say what exists
};

std::string_view name_of(Reason reason);

struct Action {
    Action() = default;

    Address address;
    Verb verb = Verb::no_op;
    Reason reason = Reason::unchanged;
    std::string message; // for people, where the reason's name does not say enough
    const Kind* kind = nullptr;
    Scope scope;
    bool scope_pending = false;    // its project is created in this plan: uid known after apply
    std::string uid;               // "" before a create
    std::string removed_uid;       // of what was removed for it: reads may show that for a while
    std::string pin;               // digest of what it was planned on
    SharedValue desired;           // references resolved as far as they are known; null for deletes
    std::optional<Value> observed; // what exists; only of actions that change or show something
    // What we remember of it; nothing for a no-op that has nothing to add to it.
    std::shared_ptr<const Record> last;
    Lifecycle lifecycle;
    std::vector<FieldChange> changes;
    std::vector<std::string> unverified; // fields that cannot be compared
    std::vector<std::string> depends_on; // addresses whose actions come first
    std::vector<std::string> references; // addresses that the manifest refers to, for the record
    bool remember = false; // a no-op whose record must be written anew: the manifest says more now
    std::string manifest_digest;
    std::string file;
    Place place;

    bool writes() const
    {
        return verb == Verb::create || verb == Verb::update || verb == Verb::replace ||
               verb == Verb::remove;
    }
};

} // namespace trueup
