#include "reconciler/plan/schedule.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace trueup {

Schedule::Schedule(const std::vector<Action>& actions)
    : open_(actions.size()), dependents_(actions.size()), dead_(actions.size(), false)
{
    std::unordered_map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < actions.size(); ++i)
        index.emplace(actions[i].address.text(), i);
    for (std::size_t i = 0; i < actions.size(); ++i) {
        for (const std::string& before : actions[i].depends_on) {
            const auto it = index.find(before);
            if (it == index.end() || it->second == i)
                continue;
            dependents_[it->second].push_back(i);
            ++open_[i];
        }
        if (open_[i] == 0)
            ready_.push_back(i);
    }
    std::ranges::make_heap(ready_, std::greater<>{});
}

std::optional<std::size_t> Schedule::next()
{
    if (ready_.empty())
        return std::nullopt;
    std::ranges::pop_heap(ready_, std::greater<>{});
    const std::size_t action = ready_.back();
    ready_.pop_back();
    ++running_;
    return action;
}

void Schedule::succeeded(std::size_t action)
{
    --running_;
    for (const std::size_t dependent : dependents_[action]) {
        if (--open_[dependent] == 0 && !dead_[dependent]) {
            ready_.push_back(dependent);
            std::ranges::push_heap(ready_, std::greater<>{});
        }
    }
}

std::vector<std::size_t> Schedule::failed(std::size_t action)
{
    --running_;
    std::vector<std::size_t> skipped;
    std::vector<std::size_t> doomed{action};
    while (!doomed.empty()) {
        const std::size_t at = doomed.back();
        doomed.pop_back();
        for (const std::size_t dependent : dependents_[at]) {
            if (dead_[dependent])
                continue;
            dead_[dependent] = true;
            skipped.push_back(dependent);
            doomed.push_back(dependent);
        }
    }
    std::ranges::sort(skipped);
    return skipped;
}

} // namespace trueup
