#include "reconciler/engine/unseen.hpp"

#include <algorithm>
#include <chrono>

namespace trueup {

Duration may_stay_unseen(const Kind& kind, const Record& record, WallTime now)
{
    const auto written = parse_time(record.updated_at);
    if (!written || *written > now)
        return kind.settle;
    return std::max<Duration>(kind.settle - (now - *written), Duration::zero());
}

std::optional<Error>
not_seen_yet(const Kind& kind, const Record& record, const std::optional<WallTime>& now)
{
    const auto written = parse_time(record.updated_at);
    if (!now || !written || *written > *now || may_stay_unseen(kind, record, *now) == Duration{})
        return std::nullopt;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(kind.settle);
    return Error{Errc::conflict,
                 "it was written at " + record.updated_at + " and cannot be seen, which proves " +
                     "nothing for " + std::to_string(seconds.count()) + " s",
                 record.address,
                 "it is looked for again after that"};
}

} // namespace trueup
