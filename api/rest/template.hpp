// The templates of kind files: parameters in braces, and {"$field": PATH} in bodies
// (docs/kinds.md).
//
// Pure. A parameter is a name of letters, digits and _-.: in braces; other braces mean themselves.
// What a user wrote is never expanded: only the text of the kind file is.

#pragma once

#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace trueup {

// The values that parameters stand for, by the name between the braces: "uid", "key:metadata.name".
using Parameters = std::map<std::string, Value>;

namespace rest {

// The names in braces in `text`, in order.
std::vector<std::string> parameter_names(std::string_view text);

enum class Encoding {
    plain,        // as it is: values of query parameters, which are encoded as a whole, and bodies
    path_segment, // percent-encoded; refuses values that would change the path: "", "." and ".."
};

// `text` with its parameters replaced. Strings, integers and secrets can stand in text. Fails with
// internal when a parameter is unknown, and with invalid_input when its value cannot stand there.
Result<std::string>
expand_text(std::string_view text, const Parameters& parameters, Encoding encoding);

// The value that {"$field": PATH} stands for, or null for a field without one.
using FieldSource = std::function<const Value*(const std::string& path)>;

// A body template with its parameters and fields replaced. A string that is one parameter and
// nothing else becomes its value, so a secret stays a secret. A field without a value is left out
// with its key. Fails as expand_text does.
Result<Value>
expand_body(const Value& body, const Parameters& parameters, const FieldSource& field);

// The paths of all {"$field": PATH} in `body`.
std::vector<std::string> fields_of(const Value& body);

} // namespace rest

} // namespace trueup
