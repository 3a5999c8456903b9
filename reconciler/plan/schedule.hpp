// Which action may run now: no level barriers, and a failure skips only what depends on it.
//
// Pure: it is told what ended and says what may start.

#pragma once

#include "reconciler/plan/plan.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace trueup {

class Schedule {
public:
    explicit Schedule(const std::vector<Action>& actions);

    // The next action that may start, or nothing now. It then counts as running.
    std::optional<std::size_t> next();
    void succeeded(std::size_t action);
    // Returns what will now never run, each once.
    std::vector<std::size_t> failed(std::size_t action);
    // Nothing is running and nothing may start.
    bool finished() const { return running_ == 0 && ready_.empty(); }
    std::size_t running() const { return running_; }

private:
    std::vector<std::size_t> open_;
    std::vector<std::vector<std::size_t>> dependents_;
    std::vector<bool> dead_;
    std::vector<std::size_t> ready_; // a heap, smallest first: the plan's own order
    std::size_t running_ = 0;
};

} // namespace trueup
