#include "tests/support/places.hpp"

#include <fstream>
#include <sstream>

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

std::string example_kinds()
{
    std::ifstream file(source_dir() + "/docs/kinds.md");
    std::ostringstream text;
    text << file.rdbuf();
    const std::string page = text.str();
    const std::string fence = "```";
    const std::size_t marker = page.find("<!-- example: greenhouse.yaml -->");
    if (marker == std::string::npos)
        return {};
    const std::size_t start = page.find('\n', page.find(fence, marker)) + 1;
    return page.substr(start, page.find(fence, start) - start);
}

} // namespace trueup::test
