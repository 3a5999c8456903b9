#include "reconciler/plan/graph.hpp"

#include <algorithm>
#include <queue>

namespace trueup {

namespace {

// The path of one cycle among the nodes that are left over: each of them still waits for another.
std::string cycle_path(const std::vector<std::string>& names,
                       const std::vector<std::vector<std::size_t>>& edges,
                       const std::vector<std::size_t>& open)
{
    std::size_t at = 0;
    while (open[at] == 0)
        ++at;
    std::vector<std::size_t> trail;
    while (std::ranges::find(trail, at) == trail.end()) {
        trail.push_back(at);
        at =
            *std::ranges::find_if(edges[at], [&](std::size_t before) { return open[before] != 0; });
    }
    std::string path;
    for (auto it = std::ranges::find(trail, at); it != trail.end(); ++it)
        path += names[*it] + " -> ";
    return path + names[at];
}

} // namespace

Result<std::vector<std::size_t>>
topological_order(const std::vector<std::string>& names,
                  const std::vector<std::vector<std::size_t>>& edges)
{
    std::vector<std::size_t> open(names.size());
    std::vector<std::vector<std::size_t>> dependents(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        open[i] = edges[i].size();
        for (const std::size_t before : edges[i])
            dependents[before].push_back(i);
    }
    const auto later = [&](std::size_t a, std::size_t b) { return names[a] > names[b]; };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> ready(later);
    for (std::size_t i = 0; i < names.size(); ++i)
        if (open[i] == 0)
            ready.push(i);
    std::vector<std::size_t> order;
    order.reserve(names.size());
    while (!ready.empty()) {
        const std::size_t next = ready.top();
        ready.pop();
        order.push_back(next);
        for (const std::size_t dependent : dependents[next])
            if (--open[dependent] == 0)
                ready.push(dependent);
    }
    if (order.size() != names.size())
        return Error{Errc::invalid_input,
                     "these depend on each other: " + cycle_path(names, edges, open),
                     "",
                     "remove one of the references"};
    return order;
}

} // namespace trueup
