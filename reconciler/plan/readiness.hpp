// What the record of an object says that was written and has not been looked at since.

#pragma once

#include "state/model/kind.hpp"
#include "state/store/store.hpp"

#include <string>

namespace trueup {

// For Record::waiting: to be started, where the kind has a call for that, or to be seen ready; ""
// of kinds that are ready at once.
std::string waits_after_write(const Kind& kind);

// Whether the call that starts it may never have been made, or had no effect.
bool is_to_be_started(const Kind& kind, const Record& record);

} // namespace trueup
