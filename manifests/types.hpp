// The types of fields: their names in messages, and what fits them.

#pragma once

#include "state/model/kind.hpp"
#include "state/model/value.hpp"

#include <string_view>

namespace trueup::manifests {

// "an integer", "a map": what a message says that it expected.
std::string_view expected(FieldType type);

// True for the types of single values: string, boolean, integer, number.
bool is_plain(FieldType type);

// True when `value` is of the single-valued `type`; true for every other type.
bool fits(const Value& value, FieldType type);

// RFC 3339: 2026-03-01T12:00:00Z, with a fraction or another offset too.
bool is_date_time(std::string_view text);

} // namespace trueup::manifests
