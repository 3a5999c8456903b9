// Merges what is declared into what was read, so that a write changes what we mean and nothing else. Pure.

#pragma once

#include "state/model/kind.hpp"
#include "state/model/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trueup {

// One step of a path text from a diff: a member, or a list element by key or place.
struct Step {
    Step() = default;

    std::string name;    // of the member, or of the element's key field
    std::string key;     // value of the key field; elements only
    bool element = false;
    std::size_t index = 0; // elements without a key
};

// Reads "spec.packs[name=k8s].values". Texts come from make_diff, so what cannot be read is a bug: it gives
// the steps before.
std::vector<Step> parse_steps(std::string_view text);

// Removes what `steps` lead to; false when it is not there.
bool erase_at(Value& root, const std::vector<Step>& steps);

// The value that `steps` lead to, or null.
const Value* find_at(const Value& root, const std::vector<Step>& steps);

// Puts the declared values over `base`: members and map entries one by one, keyed lists element by element,
// other lists whole. A declared null takes the field out.
void overlay(const Field& field, Value& base, const Value& desired);

// Takes out what a client may not send: fields that the server sets, create-only fields, and `server_set`.
void strip(const Kind& kind, Value& body);

// Fails with refused when a sensitive field holds a mask instead of a secret's text (design.md 6.F).
Result<void> check_masks(const Field& field, const Value& body, const std::string& path);

} // namespace trueup
