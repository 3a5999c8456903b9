// Lets one coroutine wait until somebody calls, or until a time has passed.
//
// A call that comes while nobody waits is kept for the next wait; several count as one.

#pragma once

#include "api/http/one_shot.hpp"
#include "state/model/clock.hpp"

#include <memory>
#include <optional>

namespace trueup {

class Bell {
public:
    explicit Bell(Executor executor) : executor_(std::move(executor)) {}
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    void ring()
    {
        rung_ = true;
        if (waiting_)
            waiting_->put(true);
    }

    // For one coroutine at a time. Without a limit it waits for the call alone. The Bell and the
    // clock outlive the wait.
    Task<void> wait(Clock& clock, std::optional<Duration> limit)
    {
        const bool at_once = rung_ || (limit && *limit <= Duration::zero());
        if (!at_once) {
            auto turn = std::make_shared<OneShot<bool>>(executor_);
            waiting_ = turn;
            std::unique_ptr<Alarm> alarm;
            if (limit)
                alarm = clock.alarm(*limit, [turn] { turn->put(true); });
            co_await turn->take();
            waiting_.reset();
        }
        rung_ = false;
    }

private:
    Executor executor_;
    std::shared_ptr<OneShot<bool>> waiting_;
    bool rung_ = false;
};

} // namespace trueup
