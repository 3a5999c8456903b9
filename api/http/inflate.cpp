#include "api/http/inflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

namespace trueup {

namespace {

// Listings shrink about tenfold, a bomb more than a thousandfold. Below the floor the ratio does
// not matter.
constexpr std::size_t ratio_max = 200;
constexpr std::size_t ratio_floor_bytes = 1U << 20U;

// 15 bits of window, and 32 to tell gzip from zlib by the first bytes (zlib.h, inflateInit2).
constexpr int window_bits = 15 + 32;

struct EndInflate {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};

} // namespace

Result<std::string> inflate_body(std::string_view packed, std::size_t bytes_max)
{
    if (packed.empty())
        return std::string{};
    z_stream stream{};
    if (inflateInit2(&stream, window_bits) != Z_OK)
        return Error{Errc::internal, "zlib has no memory to decompress an answer"};
    const std::unique_ptr<z_stream, EndInflate> guard(&stream);

    const std::size_t limit =
        std::min(bytes_max, std::max(ratio_floor_bytes, packed.size() * ratio_max));
    // zlib never writes through next_in; its type only predates const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string text;
    std::array<char, 32U << 10U> block; // NOLINT: filled by zlib
    int state = Z_OK;
    while (state == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(block.data());
        stream.avail_out = static_cast<uInt>(block.size());
        state = inflate(&stream, Z_NO_FLUSH);
        text.append(block.data(), block.size() - stream.avail_out);
        if (text.size() > limit)
            return Error{Errc::too_large,
                         "the compressed answer is longer than " + std::to_string(limit) +
                             " bytes when unpacked"};
    }
    if (state == Z_BUF_ERROR)
        return Error{Errc::rejected, "the compressed answer is cut short"};
    if (state != Z_STREAM_END)
        return Error{Errc::rejected, "the compressed answer is damaged"};
    if (stream.avail_in != 0)
        return Error{Errc::rejected, "bytes follow the end of the compressed answer"};
    return text;
}

} // namespace trueup
