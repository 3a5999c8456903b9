#include "tests/support/places.hpp"

namespace trueup::test {

std::string source_dir()
{
    return TRUEUP_SOURCE_DIR;
}

std::string binary_dir()
{
    return TRUEUP_BINARY_DIR;
}

std::string palette_spec()
{
    return TRUEUP_PALETTE_SPEC;
}

std::string trueup_binary()
{
    return TRUEUP_BINARY;
}

} // namespace trueup::test
