// Open intents and what a start after a crash makes of them.

#pragma once

#include "engine_world.hpp"
#include "reconciler/engine/keepsakes.hpp"

namespace trueup::test {

inline constexpr auto a = "Widget/tenant/a";

inline Intent intent_of(Verb verb, const std::string& route, std::string uid = {})
{
    Intent intent;
    intent.id = "i1";
    intent.address = a;
    intent.verb = trueup::name_of(verb);
    intent.route = route;
    intent.uid = std::move(uid);
    intent.desired = tree("{metadata: {name: a}, spec: {size: 1}}");
    intent.plan_id = "p0";
    intent.opened_at = "2026-03-01T00:00:00.000Z";
    return intent;
}

inline Intent open_create()
{
    return intent_of(Verb::create, "POST /widgets");
}

inline Record record_of(std::string uid)
{
    Record record;
    record.address = a;
    record.kind = "Widget";
    record.uid = std::move(uid);
    record.last_applied = tree("{metadata: {name: a}, spec: {size: 1}}");
    return record;
}

inline Recovery recovered(EngineWorld& world)
{
    auto done = world.clock.run(recover(world.engine()));
    REQUIRE_MESSAGE(done.has_value(), (done ? std::string() : done.error().text()));
    return std::move(*done);
}

// Of the lines of the audit, the oldest first.
inline Lines outcomes(EngineWorld& world)
{
    const auto records = world.store.audit(100);
    REQUIRE(records);
    Lines lines;
    for (const AuditRecord& record : *records)
        lines.insert(lines.begin(), record.outcome);
    return lines;
}

} // namespace trueup::test
