#include "reconciler/engine/unseen.hpp"

#include <chrono>

namespace trueup {

std::optional<Error>
not_seen_yet(const Kind& kind, const Record& record, const std::optional<WallTime>& now)
{
    const auto written = parse_time(record.updated_at);
    // A date in the future is one of before the calendar was set back, and says nothing.
    if (!now || !written || *written > *now || *now - *written >= kind.settle)
        return std::nullopt;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(kind.settle);
    return Error{Errc::conflict,
                 "it was written at " + record.updated_at + " and cannot be seen, which proves " +
                     "nothing for " + std::to_string(seconds.count()) + " s",
                 record.address,
                 "it is looked for again after that"};
}

} // namespace trueup
