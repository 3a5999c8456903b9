#include "reconciler/daemon/status.hpp"

namespace trueup {

std::string_view name_of(RunMode mode)
{
    switch (mode) {
    case RunMode::automatic:
        return "auto";
    case RunMode::approve:
        return "approve";
    case RunMode::dry_run:
        return "dry-run";
    }
    return "auto";
}

std::string_view name_of(Condition condition)
{
    switch (condition) {
    case Condition::ready:
        return "Ready";
    case Condition::reconciling:
        return "Reconciling";
    case Condition::stalled:
        return "Stalled";
    }
    return "Stalled";
}

} // namespace trueup
