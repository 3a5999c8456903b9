#include "api/sandbox/router.hpp"

#include <algorithm>

namespace trueup::sandbox {

namespace {

bool is_param(const std::string& step)
{
    return step.size() > 2 && step.front() == '{' && step.back() == '}';
}

bool fits(const Route& route, const std::vector<std::string>& steps)
{
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const bool matches =
            is_param(route.steps[i]) ? !steps[i].empty() : route.steps[i] == steps[i];
        if (!matches)
            return false;
    }
    return true;
}

// True when `a` is literal at the first step where the two differ in kind.
bool is_more_literal(const Route& a, const Route& b)
{
    for (std::size_t i = 0; i < a.steps.size(); ++i)
        if (is_param(a.steps[i]) != is_param(b.steps[i]))
            return is_param(b.steps[i]);
    return false;
}

} // namespace

Router::Router(const Rules& rules)
{
    for (const auto& collection : rules.collections)
        for (const Route& route : collection->routes)
            routes_[route.steps.size()].push_back(&route);
    // The first route that fits is the right one.
    for (auto& [size, routes] : routes_)
        std::ranges::stable_sort(
            routes, [](const Route* a, const Route* b) { return is_more_literal(*a, *b); });
}

Router::Match Router::match(const std::string& method, const std::vector<std::string>& steps) const
{
    Match match;
    const auto routes = routes_.find(steps.size());
    if (routes == routes_.end())
        return match;
    const Route* first = nullptr;
    for (const Route* route : routes->second) {
        if (!fits(*route, steps))
            continue;
        // A less literal path is another path.
        if (first != nullptr && is_more_literal(*first, *route))
            break;
        first = route;
        match.allowed += (match.allowed.empty() ? "" : ", ") + route->method;
        if (route->method == method)
            match.route = route;
    }
    for (std::size_t i = 0; match.route != nullptr && i < steps.size(); ++i) {
        const std::string& step = match.route->steps[i];
        if (is_param(step))
            match.params.if_map()->set(step.substr(1, step.size() - 2), Value(steps[i]));
    }
    return match;
}

} // namespace trueup::sandbox
