#include "reconciler/plan/readiness.hpp"

namespace trueup {

namespace {

constexpr const char* not_started = "it was written and has not been started";
constexpr const char* not_ready = "it was written and has not been seen ready";

} // namespace

std::string waits_after_write(const Kind& kind)
{
    if (!kind.readiness)
        return {};
    return kind.readiness->start ? not_started : not_ready;
}

bool is_to_be_started(const Kind& kind, const Record& record)
{
    return kind.readiness && kind.readiness->start && record.waiting == not_started;
}

} // namespace trueup
