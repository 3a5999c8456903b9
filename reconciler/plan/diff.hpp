// Compares what is declared with what exists and with what was last applied.
//
// Pure. Only declared fields are compared: what the server adds is never a difference, and a field
// that was last applied and is gone from the manifest is a difference. Says why each field differs.

#pragma once

#include "state/model/kind.hpp"
#include "state/model/value.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trueup {

// Why a field differs.
enum class Cause {
    declared, // the manifest changed
    drifted,  // someone changed it remotely
    both,
    fresh, // nothing is known of what was applied before; written "new"
};

std::string_view name_of(Cause cause);

enum class ChangeOp { add, change, remove };

std::string_view name_of(ChangeOp op);

struct FieldChange {
    FieldChange() = default;

    std::string path; // "spec.packs[name=k8s].values"
    ChangeOp op = ChangeOp::change;
    std::optional<Value> before; // nothing: absent
    std::optional<Value> after;  // nothing: it goes away
    Cause cause = Cause::fresh;
    Place origin; // in the manifest's file; none for what is no longer written there
    bool sensitive = false;
    bool needs_replace = false; // the field cannot be changed in place
};

struct Diff {
    Diff() = default;

    std::vector<FieldChange> changes; // in the order of the schema's names
    // Fields that cannot be compared: never read back, and no hash or value of them is remembered.
    // Never a reason to write.
    std::vector<std::string> unverified;
};

// `observed` null: the object does not exist, and every declared field is an addition.
// `last_applied` null: nothing is remembered.
Diff make_diff(const Kind& kind,
               const Value& desired,
               const Value* observed,
               const Value* last_applied,
               const std::vector<Path>& ignored);

// True when `observed` shows `known` to the last digit, and besides it only fields that are no part
// of a comparison. Then `known` may stand for it, if `known` is both what is declared and what was
// last applied: diff and pin come out the same.
bool shows_no_less(const Kind& kind, const Value& observed, const Value& known);

// Hex digest of the fields of `observed` that `desired` or `last_applied` speak of, normalised,
// with the uid: what a plan is pinned to. Status, timestamps and fields of others do not count; nor
// do `ignored` fields, and sensitive and write-only ones, which cannot be read. `observed` null:
// the digest of "does not exist".
std::string make_pin(const Kind& kind,
                     const std::string& uid,
                     const Value* observed,
                     const Value& desired,
                     const Value* last_applied,
                     const std::vector<Path>& ignored = {});

} // namespace trueup
