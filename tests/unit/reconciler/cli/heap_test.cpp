#include "reconciler/cli/heap.hpp"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <malloc.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace trueup;

namespace {

// How many KB of this process lie in pieces of the heap for which huge pages were asked.
std::size_t advised_kb()
{
    std::ifstream maps("/proc/self/smaps");
    std::size_t advised = 0;
    std::size_t size = 0;
    for (std::string line; std::getline(maps, line);) {
        if (line.starts_with("Size:"))
            size = std::stoul(line.substr(5));
        if (line.starts_with("VmFlags:") && line.find(" hg") != std::string::npos)
            advised += size;
    }
    return advised;
}

bool has_huge_pages()
{
    return std::filesystem::exists("/sys/kernel/mm/transparent_hugepage/enabled");
}

bool is_sanitized()
{
    return ::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr ||
           ::dlsym(RTLD_DEFAULT, "__tsan_init") != nullptr;
}

} // namespace

TEST_SUITE("cli: heap")
{
    TEST_CASE("a command that reads much asks for huge pages, and for no more memory than it uses")
    {
        if (!has_huge_pages() || is_sanitized()) {
            MESSAGE("skipped: there are no huge pages, or the heap is that of a sanitizer");
            return;
        }
        const std::size_t before = advised_kb();

        reserve_heap();

        CHECK(advised_kb() - before > 56U << 10U);
        CHECK(advised_kb() - before <= 64U << 10U);
        const auto in_use = ::mallinfo2().uordblks;
        reserve_heap(); // more than once is of no use, and does no harm
        CHECK(::mallinfo2().uordblks == in_use);
    }
}
