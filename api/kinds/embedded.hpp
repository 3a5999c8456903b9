// The catalogue files that were compiled into the binary (api/kinds/palette/*.yaml).

#pragma once

#include <span>
#include <string_view>

namespace trueup {

struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};

// Never empty; lives as long as the program.
std::span<const EmbeddedFile> embedded_catalogue();

} // namespace trueup
