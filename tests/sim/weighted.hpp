// Drawing one of several things, some of which are drawn more often than others.

#pragma once

#include "state/model/random.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace trueup::sim {

template <class T>
struct Weighted {
    T thing;
    unsigned weight;
};

// One draw from `random`.
template <class T, std::size_t N>
T draw(const std::array<Weighted<T>, N>& all, Random& random)
{
    unsigned total = 0;
    for (const Weighted<T>& each : all)
        total += each.weight;
    std::uint64_t at = random.below(total);
    for (const Weighted<T>& each : all) {
        if (at < each.weight)
            return each.thing;
        at -= each.weight;
    }
    return all.back().thing;
}

} // namespace trueup::sim
