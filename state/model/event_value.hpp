// Events as programs read them: the same in log records and in the daemon's event stream.

#pragma once

#include "state/model/event.hpp"
#include "state/model/value.hpp"

namespace trueup {

// "debug", "info", "warning", "error"
std::string_view name_of(Level level);

// A map of what the event has, under the names of docs/guide.md.
Value event_value(const Event& event, WallTime at);

} // namespace trueup
