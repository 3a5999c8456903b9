// Events as log records on stderr, one line each: text for people, JSON for programs.

#pragma once

#include "reconciler/cli/settings.hpp"
#include "state/model/event.hpp"
#include "state/model/result.hpp"

#include <memory>

namespace trueup {

// Fails with invalid_input on an unknown format or level. `clock` outlives the sink. Without a
// level: info, but warning where stderr is a terminal, because progress is shown there.
Result<std::unique_ptr<EventSink>> make_log_sink(const Settings& settings, const Clock& clock);

} // namespace trueup
