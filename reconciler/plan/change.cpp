#include "reconciler/plan/change.hpp"

namespace trueup {

std::string_view name_of(Verb verb)
{
    switch (verb) {
    case Verb::create:
        return "create";
    case Verb::update:
        return "update";
    case Verb::replace:
        return "replace";
    case Verb::remove:
        return "delete";
    case Verb::adopt:
        return "adopt";
    case Verb::forget:
        return "forget";
    case Verb::no_op:
        return "no-op";
    case Verb::waiting:
        return "waiting";
    case Verb::blocked:
        return "blocked";
    }
    return "no-op";
}

std::string_view name_of(Reason reason)
{
    static constexpr std::string_view names[] = {
        "not_found",       "missing",        "changed",        "unchanged",
        "unstarted",       "immutable",      "marked",         "equal",
        "take_over",       "not_declared",   "destroy",        "abandoned",
        "already_gone",    "exists_differs", "adopt_never",    "foreign",
        "ambiguous",       "duplicate_mark", "builtin",        "replace_forbidden",
        "prevent_destroy", "dependency",     "unresolved",     "no_project",
        "not_empty",       "unsupported",    "secret_missing", "unobserved"};
    return names[static_cast<std::size_t>(reason)];
}

} // namespace trueup
