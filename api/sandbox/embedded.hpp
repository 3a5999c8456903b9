// The rule files that were compiled into the binary (api/sandbox/rules/*.yaml).

#pragma once

#include <span>
#include <string_view>

namespace trueup::sandbox {

struct EmbeddedRule {
    std::string_view name;
    std::string_view text;
};

// Never empty; lives as long as the program.
std::span<const EmbeddedRule> embedded_rules();

} // namespace trueup::sandbox
