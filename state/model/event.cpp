#include "state/model/event.hpp"

namespace trueup {

std::string_view name_of(EventType type)
{
    switch (type) {
    case EventType::api_call:
        return "api_call";
    case EventType::action_started:
        return "action_started";
    case EventType::action_done:
        return "action_done";
    case EventType::action_failed:
        return "action_failed";
    case EventType::action_skipped:
        return "action_skipped";
    case EventType::action_waiting:
        return "action_waiting";
    case EventType::note:
        return "note";
    }
    return "note";
}

} // namespace trueup
