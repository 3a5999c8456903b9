// Several coroutines side by side, none left behind: whoever starts them waits for them all.

#pragma once

#include "state/model/task.hpp"
#include "state/model/waiting_room.hpp"

#include <cstddef>
#include <exception>

namespace trueup {

// Must outlive its tasks: call wait_all before it goes out of scope, on every path.
class TaskGroup {
public:
    explicit TaskGroup(Executor executor);
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Starts `task`; it runs whenever the current coroutine waits.
    void spawn(Task<void> task);
    std::size_t running() const { return running_; }
    // Resumes after one of the running tasks ended; at once when none runs.
    Task<void> wait_any();
    // Resumes when fewer than `limit` run.
    Task<void> wait_below(std::size_t limit);
    // Resumes when all have ended; rethrows an exception that one of them let out (a bug).
    Task<void> wait_all();

private:
    Executor executor_;
    Seat waiter_; // called when a task ends
    std::size_t running_ = 0;
    std::size_t ended_count_ = 0;
    std::exception_ptr bug_;
};

} // namespace trueup
