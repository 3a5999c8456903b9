// What an answer that is no success means.

#pragma once

#include "api/http/message.hpp"
#include "state/model/kind.hpp"
#include "state/model/result.hpp"

#include <string>
#include <vector>

namespace trueup {

// True when the status counts as success for the operation.
bool is_success(const Operation& operation, int status);

// The Error for an answer: its code by status, the API's own code, message and ref (kinds.md a.4), and what
// may have happened by the operation's class. Any of `secrets` that the answer echoes is taken out.
Error failure_of(const ApiRules& rules,
                 const Operation& operation,
                 const HttpResponse& response,
                 const std::vector<Secret>& secrets);

// True when an error or an answer says that the object does not exist.
bool means_absent(const Absent& absent, const Error& error);
bool means_absent(const Absent& absent, const Value& body);

// `text` with control characters escaped and cut to a sensible length: it came from outside.
std::string tame(std::string_view text);

} // namespace trueup
