// Turns failed answers into Errors, and says when a failure means that an object does not exist.
//
// Pure. What the API says is shown to people, so it is cut, escaped, and cleared of every secret
// that was sent: a server may echo what it was given.

#pragma once

#include "api/http/message.hpp"
#include "state/model/clock.hpp"
#include "state/model/kind.hpp"
#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trueup::rest {

// `text` on one line, control characters escaped, cut to about `bytes_max` bytes without breaking
// a character.
std::string printable(std::string_view text, std::size_t bytes_max);

// Every Secret inside `value`.
void collect_secrets(const Value& value, std::vector<Secret>& secrets);

// `text` with each secret replaced, also where it is escaped as in JSON or in a URL, and each line
// of a secret of several lines. A text that holds a secret of a few characters is dropped whole.
std::string without_secrets(std::string text, const std::vector<Secret>& secrets);

// Makes the audit uid that `response` names fit to be shown and kept: short, on one line, and
// without the secrets that were sent, for its header is an echo like any other.
void clean_audit_uid(HttpResponse& response,
                     const ApiRules& api,
                     const std::vector<Secret>& secrets);

// The Error for an answer that is no success of `operation`. `secrets`: what the request carried.
// An answer to anything but a read or a login leaves the effect unknown unless it is a 4xx other
// than 408: only those say that nothing was done.
Error error_of(const ApiRules& api,
               const Operation& operation,
               const HttpResponse& response,
               const std::vector<Secret>& secrets,
               WallTime now);

// The same for an Error of the HTTP client: a read has no effect, whatever became of it.
Error error_of(const Operation& operation, Error error);

// True when `error` says that there is no such object.
bool means_absent(const Absent& absent, const Error& error);

} // namespace trueup::rest
