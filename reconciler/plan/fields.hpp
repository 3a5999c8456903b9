// What comparing and pinning both need to know about the fields of a kind.
//
// Pure; private to this room.

#pragma once

#include "state/model/kind.hpp"
#include "state/model/value.hpp"

#include <string>

namespace trueup {

// What the schema says of the member `name` of `field`; free form when it says nothing.
const Field& member_field(const Field& field, const std::string& name);

// "[name=a]" for an element of a keyed list, "[2]" for one that has no key.
std::string element_step(const Field& list, const Value& element, std::size_t index);

// The element of the list `in` that has the key of `wanted`, or null.
const Value* element_with_key(const Field& list, const Value* in, const Value& wanted);

// True for what an API does not show, so that only what was last applied can be compared.
bool is_unreadable(const Field& field, const Value* desired, const Value* last);

// False when a secret inside can be compared with nothing.
bool has_hashes(const Value& value);

// Hides what the kind calls sensitive, wherever it is inside: a mask tells the length of its
// secret, and not every API masks.
void conceal(const Field& field, Value& value);

} // namespace trueup
