#include "state/model/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace trueup {

namespace {

// What may follow a lead byte: how many bytes in all, and the range of the second one. Size 0: no
// lead byte.
struct Sequence {
    std::size_t size;
    unsigned char second_min;
    unsigned char second_max;
};

Sequence sequence_of(unsigned char lead)
{
    if (lead < 0x80)
        return {1, 0, 0};
    if (lead >= 0xC2 && lead <= 0xDF)
        return {2, 0x80, 0xBF};
    if (lead == 0xE0)
        return {3, 0xA0, 0xBF};
    if (lead == 0xED)
        return {3, 0x80, 0x9F};
    if (lead >= 0xE1 && lead <= 0xEF)
        return {3, 0x80, 0xBF};
    if (lead == 0xF0)
        return {4, 0x90, 0xBF};
    if (lead >= 0xF1 && lead <= 0xF3)
        return {4, 0x80, 0xBF};
    if (lead == 0xF4)
        return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

bool is_whole(std::string_view text, std::size_t at, const Sequence& sequence)
{
    if (sequence.size == 0 || sequence.size > text.size() - at)
        return false;
    for (std::size_t k = 1; k < sequence.size; ++k) {
        const auto byte = static_cast<unsigned char>(text[at + k]);
        if (byte < (k == 1 ? sequence.second_min : 0x80) ||
            byte > (k == 1 ? sequence.second_max : 0xBF))
            return false;
    }
    return true;
}

} // namespace

std::size_t valid_utf8(std::string_view text)
{
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    std::size_t at = 0;
    while (at < text.size()) {
        // Nearly everything is ASCII: eight bytes at a time.
        std::uint64_t word = 0;
        while (text.size() - at >= sizeof word) {
            std::memcpy(&word, text.data() + at, sizeof word);
            if ((word & high_bits) != 0)
                break;
            at += sizeof word;
        }
        if (at == text.size())
            break;
        const Sequence sequence = sequence_of(static_cast<unsigned char>(text[at]));
        if (!is_whole(text, at, sequence))
            return at;
        at += sequence.size;
    }
    return at;
}

std::string_view without_bom(std::string_view text)
{
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    return text;
}

} // namespace trueup
