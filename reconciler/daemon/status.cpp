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

std::string_view name_of(Health condition)
{
    switch (condition) {
    case Health::ready:
        return "Ready";
    case Health::reconciling:
        return "Reconciling";
    case Health::stalled:
        return "Stalled";
    }
    return "Stalled";
}

} // namespace trueup
