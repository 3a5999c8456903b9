// Compressed bodies: what comes out is bounded, and is what went in.

#include "api/http/inflate.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <zlib.h>

using namespace trueup;
using namespace trueup::fuzz;

namespace {

std::string deflated(std::string_view text)
{
    uLongf size = compressBound(static_cast<uLong>(text.size()));
    std::string packed(size, '\0');
    const int done = compress2(reinterpret_cast<Bytef*>(packed.data()),
                               &size,
                               reinterpret_cast<const Bytef*>(text.data()),
                               static_cast<uLong>(text.size()),
                               1);
    must(done == Z_OK, "zlib can compress");
    packed.resize(size);
    return packed;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    constexpr std::size_t bytes_max = 128U << 10U;
    const std::string_view packed = text_of(data, size);
    const auto text = inflate_body(packed, bytes_max);
    if (!text)
        return 0;
    must(text->size() <= bytes_max, "what is unpacked is bounded");
    if (text->empty())
        return 0;
    const auto again = inflate_body(deflated(*text), bytes_max);
    must(again.has_value() && *again == *text, "what was packed is unpacked");
    // No stream of the same bytes with one more, or one fewer, is taken for it.
    must(!inflate_body(std::string(packed) + "x", bytes_max).has_value(), "nothing may follow");
    must(!inflate_body(packed.substr(0, packed.size() - 1), bytes_max).has_value(),
         "nothing may be missing");
    return 0;
}
