// What a daemon says of itself, as JSON and back: the answers of the control API, which the
// commands read.
//
// Pure. Reading is lenient, because the other side may be another version: what is missing keeps
// its default, and what is unknown is passed over. Values of sensitive fields are never written.

#pragma once

#include "reconciler/daemon/status.hpp"
#include "state/model/value.hpp"
#include "state/store/store.hpp"

#include <vector>

namespace trueup {

Value status_value(const DaemonStatus& status);
Value resource_value(const ResourceStatus& resource);
Value suspension_value(const Suspension& suspension);
Value audit_value(const AuditRecord& record);

DaemonStatus read_status(const Value& value);
ResourceStatus read_resource(const Value& value);
AuditRecord read_audit(const Value& value);

// Among how many of the newest records those of one resource are looked for.
inline constexpr std::size_t audit_search_max = 10'000;

// The maps of the list under `name`.
std::vector<Value> items_of(const Value& value, std::string_view name);

} // namespace trueup
