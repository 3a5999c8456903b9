// YAML text to Values with the place of each, and back. Its files are the only users of yaml-cpp.
//
// Reads with the event handler and resolves plain scalars by the YAML 1.2 core schema itself.
// Refuses, with file:line:column: duplicate keys, anchors and aliases, merge keys, tags of its own,
// keys that are not strings, depth, size and node count over the limits, bytes that are not UTF-8
// (hazards.md 5).

#pragma once

#include "state/model/diagnostic.hpp"
#include "state/model/value.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::yaml {

struct Limits {
    std::size_t bytes_max = 1U << 20U;
    std::size_t depth_max = 64;
    std::size_t nodes_max = 200'000;
};

// All documents of the text, in order; empty documents are left out. What is wrong is added to
// `diagnostics` under `file`. A document with a fault is left out; one that is no YAML at all, or
// passes a limit, ends the reading. JSON is YAML, so JSON files are read too.
//
// The place of a map's member is where its key stands, of any other value where it starts. Columns
// count bytes. A byte order mark at the start is skipped, CRLF ends a line like LF, a tab may not
// indent.
std::vector<Value> parse(std::string_view text,
                         const std::string& file,
                         Diagnostics& diagnostics,
                         const Limits& limits = {});

// A plain scalar by the YAML 1.2 core schema: null, boolean, integer (12, 012, 0o14, 0xC), number
// or string. So `no` is a string and 012 is twelve. Where JSON has no such value the text stays a
// string: .inf, .nan, and octal or hexadecimal integers past 64 bits.
Value plain_scalar(const std::string& text);
// Whether that is a string.
bool is_plain_text(const std::string& text);

// YAML text of a value: block style, strings quoted where they would be read as something else.
// Secrets are written as "(sensitive)", unknown values as the $ref or $lookup that they stand for.
std::string write(const Value& value);

} // namespace trueup::yaml
