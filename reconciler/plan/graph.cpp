#include "reconciler/plan/graph.hpp"

#include <algorithm>
#include <numeric>
#include <queue>
#include <string>

namespace trueup {

namespace {

// The path of one cycle among the nodes that are left over: each of them still waits for another.
std::string cycle_path(const std::vector<std::string_view>& names,
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
        path += std::string(names[*it]) + " -> ";
    return path.append(names[at]);
}

} // namespace

Result<std::vector<std::size_t>>
topological_order(const std::vector<std::string_view>& names,
                  const std::vector<std::vector<std::size_t>>& edges)
{
    const auto is_free = [](const auto& before) { return before.empty(); };
    if (std::ranges::is_sorted(names) && std::ranges::all_of(edges, is_free)) {
        std::vector<std::size_t> as_they_are(names.size());
        std::iota(as_they_are.begin(), as_they_are.end(), std::size_t{0});
        return as_they_are;
    }
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
