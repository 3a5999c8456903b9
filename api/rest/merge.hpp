// What a write should leave behind: what was read, with what is declared laid over it.
//
// Pure. Everything is in write shape.

#pragma once

#include "api/rest/change_path.hpp"
#include "state/model/kind.hpp"
#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <optional>
#include <vector>

namespace trueup::rest {

// Lays `desired` over `base`, guided by `field`: objects member by member, partial maps and lists
// by key with the entries of others kept, other maps and lists as a whole (elements of a keyed
// list keep the members that are not declared). A declared null leaves the field's default, or
// removes it where none is known; a partial map or list it leaves as it was.
void overlay(const Field& field, Value& base, const Value& desired);

// A value that a user wrote, without the nulls of its maps: they mean absence.
Value without_nulls(const Value& value);

// What the server takes when the field is absent; null when that is not known, and for secrets.
const Value* default_of(const Field& field);

// The schema node at `path`, or null where the schema does not reach (below `any` and `open`).
const Field* field_at(const Field& schema, const Path& path);

// Removes what may not be sent on an update: server_set and create_only fields of the schema, and
// the server_set paths of the kind, which may lead through lists.
void strip_for_update(const Kind& kind, Value& body);

// Removes the server_set fields of the schema: what may not be sent at all.
void strip_server_set(const Field& schema, Value& body);

// Removes the value at `path`, in every element of the lists on the way.
void erase_everywhere(Value& root, const Path& path);

// Fails with refused when a value that is about to be sent must not be: a masked or empty sensitive
// field that was only read (design.md 6.F), a secret whose text is not at hand, or a value that is
// not known yet. An empty one may be sent where its kind says that none reads so (`default: ""`)
// and all beside it is empty or at its default too. `at` is the schema of `value`, null when it has
// none; `path` is for the message.
Result<void> check_sendable(const Field* at, const Value& value, const std::string& path);

// True for what an API answers in place of a secret (kinds.md a.7).
bool is_mask(const Value& value);

} // namespace trueup::rest
