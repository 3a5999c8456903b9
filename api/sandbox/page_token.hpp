// The tokens that name the next page of a list: base64 of a small JSON text, for the client to pass
// back as it is (kinds.md a.2).

#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace trueup::sandbox {

// `listing` stands for the list and its filters: a token is good for that list alone.
std::string make_page_token(std::size_t offset, std::size_t count, const std::string& listing);

// The offset in a token, or nothing when it is not one of this listing.
std::optional<std::size_t> read_page_token(const std::string& token, const std::string& listing);

} // namespace trueup::sandbox
