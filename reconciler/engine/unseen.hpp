// What it proves that an object which we wrote cannot be seen: nothing, for a while.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/error.hpp"
#include "state/model/kind.hpp"
#include "state/store/store.hpp"

#include <optional>

namespace trueup {

// How long from `now` reads may still be behind what `record` says was written (design.md 6.A):
// what is left of its kind's settle. All of it when the date lies in the future, because the
// calendar was set back since.
Duration may_stay_unseen(const Kind& kind, const Record& record, WallTime now);

// The error that says so, within that time; nothing later, or when nobody says what time it is. Nor
// for a date in the future: that could take as long as the calendar was set back, so it is left to
// whoever makes the object again, and waits by another clock.
std::optional<Error>
not_seen_yet(const Kind& kind, const Record& record, const std::optional<WallTime>& now);

} // namespace trueup
