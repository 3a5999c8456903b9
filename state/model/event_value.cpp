#include "state/model/event_value.hpp"

namespace trueup {

std::string_view name_of(Level level)
{
    switch (level) {
    case Level::debug:
        return "debug";
    case Level::info:
        return "info";
    case Level::warning:
        return "warning";
    case Level::error:
        return "error";
    }
    return "info";
}

Value event_value(const Event& event, WallTime at)
{
    Map record;
    const auto set = [&](std::string name, const std::string& value) {
        if (!value.empty())
            record.set(std::move(name), value);
    };
    set("time", format_time(at));
    set("level", std::string(name_of(event.level)));
    set("event", std::string(name_of(event.type)));
    set("address", event.address);
    set("verb", event.verb);
    set("call", event.call);
    set("class", event.operation);
    if (event.type == EventType::api_call) {
        record.set("status", event.status);
        record.set("attempt", event.attempt);
    }
    record.set("ms",
               static_cast<std::int64_t>(
                   std::chrono::duration_cast<std::chrono::milliseconds>(event.duration).count()));
    set("audit_uid", event.audit_uid);
    set("plan_id", event.plan_id);
    set("revision", event.revision);
    set("error", event.error);
    set("message", event.message);
    return record;
}

} // namespace trueup
