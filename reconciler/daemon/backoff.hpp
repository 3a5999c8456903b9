// How long to leave something alone after it failed. Pure.

#pragma once

#include "reconciler/daemon/config.hpp"
#include "state/model/random.hpp"

#include <algorithm>

namespace trueup {

// The pause after the n-th failure in a row (from 1): doubled each time up to the cap, and between
// half and all of that at random, so that what failed together does not come back together.
inline Duration backoff_delay(const BackoffRules& rules, std::size_t failures, Random& random)
{
    constexpr std::size_t doublings_max = 30;
    Duration whole = rules.min;
    for (std::size_t i = 1; i < std::min(failures, doublings_max) && whole < rules.max; ++i)
        whole *= 2;
    whole = std::max(std::min(whole, rules.max), Duration(2));
    const auto half = static_cast<std::uint64_t>(whole.count() / 2);
    return Duration(static_cast<std::int64_t>(half + random.below(half + 1)));
}

// `delay`, made longer or shorter by up to `percent` of it.
inline Duration jittered(Duration delay, unsigned percent, Random& random)
{
    const auto spread = static_cast<std::uint64_t>(delay.count()) / 100 * percent;
    if (spread == 0)
        return delay;
    const auto shift = static_cast<std::int64_t>(random.below(2 * spread + 1));
    return delay + Duration(shift - static_cast<std::int64_t>(spread));
}

} // namespace trueup
