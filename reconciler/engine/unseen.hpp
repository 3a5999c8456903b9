// What it proves that an object which we wrote cannot be seen: nothing, for a while.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/error.hpp"
#include "state/model/kind.hpp"
#include "state/store/store.hpp"

#include <optional>

namespace trueup {

// Reads may be behind what we wrote (design.md 6.A): the error that says so, within the kind's
// settle after the record was written; nothing later, or when nobody says what time it is.
std::optional<Error>
not_seen_yet(const Kind& kind, const Record& record, const std::optional<WallTime>& now);

} // namespace trueup
