#include "reconciler/cli/heap.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace trueup {

namespace {

constexpr int reserve_bytes = 64 << 20;
constexpr int usual_pad_bytes = 128 << 10; // glibc's own
constexpr std::uintptr_t huge_page_bytes = 2U << 20U;

std::byte* end_of_heap()
{
    return static_cast<std::byte*>(::sbrk(0));
}

// How far it is past the start of a huge page.
std::size_t past_page(const std::byte* at)
{
    return reinterpret_cast<std::uintptr_t>(at) % huge_page_bytes;
}

// Asks for memory until some has to be added at the end of the heap, with what is to be reserved.
void grow_heap()
{
    constexpr std::size_t piece_bytes = 64U << 10U; // small enough to come from the heap
    std::array<void*, 256> pieces{};
    const std::byte* before = end_of_heap();
    for (void*& piece : pieces) {
        piece = std::malloc(piece_bytes);
        if (piece == nullptr || end_of_heap() != before)
            break;
    }
    for (void* piece : pieces)
        std::free(piece);
}

} // namespace

void reserve_heap()
{
    ::mallopt(M_TRIM_THRESHOLD, 2 * reserve_bytes);
    ::mallopt(M_TOP_PAD, reserve_bytes);
    std::byte* before = end_of_heap();
    grow_heap();
    ::mallopt(M_TOP_PAD, usual_pad_bytes);
    std::byte* first = before + (huge_page_bytes - past_page(before)) % huge_page_bytes;
    std::byte* last = end_of_heap();
    last -= past_page(last);
    if (first < last)
        ::madvise(first, static_cast<std::size_t>(last - first), MADV_HUGEPAGE);
}

} // namespace trueup
