// Undoes Content-Encoding: gzip and deflate. It refuses bombs, bodies that are cut short, and bytes
// after the end.

#pragma once

#include "state/model/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace trueup {

// The original of `packed`, a gzip or a zlib stream. Fails with rejected when it is damaged, cut
// short or followed by anything; with too_large when it is longer than `bytes_max`, or so much
// longer than what came over the wire that it can only be an attack.
Result<std::string> inflate_body(std::string_view packed, std::size_t bytes_max);

} // namespace trueup
