// JSON text to Value and back. Its two files are the only users of RapidJSON.
//
// Guards (hazards.md 5): depth, node count, size, duplicate names, encoding, and numbers kept
// exactly: an integer of 64 bits is an integer, every other number keeps its text. No recursion on
// hostile depth.

#pragma once

#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace trueup::json {

struct Limits {
    std::size_t bytes_max = 16U << 20U;
    std::size_t depth_max = 64;
    std::size_t nodes_max = 2'000'000;
};

// Fails with rejected (not JSON, duplicate name, bad encoding) or too_large, and says at which
// byte. An error shows nothing of the text, which may hold secrets.
Result<Value> parse(std::string_view text, const Limits& limits = {});

// What to write in place of a secret.
enum class Secrets {
    reveal, // the text itself: request bodies only
    redact, // the string "(sensitive)"
    hash,   // {"$hash": "..."}: what the state remembers
    source, // {"$secret": "file:/run/x"}: where it comes from, for digests of what was written
};

// Compact, members in sorted order: the same Value gives the same text. An Unknown is written as
// {"$unknown": "what it waits for"}.
std::string write(const Value& value, Secrets secrets = Secrets::redact);
// The same, indented by two spaces.
std::string write_pretty(const Value& value, Secrets secrets = Secrets::redact);

// Reads back what write(..., Secrets::hash) wrote: {"$hash": "..."} becomes a remembered Secret.
Result<Value> parse_remembered(std::string_view text);

} // namespace trueup::json
