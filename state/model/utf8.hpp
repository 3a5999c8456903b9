// Whether bytes are UTF-8: what every text from outside has to be before anything else looks at it.

#pragma once

#include <cstddef>
#include <string_view>

namespace trueup {

// The number of bytes at the start of `text` that are well-formed UTF-8; text.size() when all are.
// Refuses overlong forms, surrogates and code points past U+10FFFF, as RFC 3629 says.
std::size_t valid_utf8(std::string_view text);

// The text without a byte order mark at its start.
std::string_view without_bom(std::string_view text);

} // namespace trueup
