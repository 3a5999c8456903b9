// Time that stands still until a test moves it: alarms ring and sleepers wake exactly when they are
// due.
//
// Two ways to use it. advance() moves time by hand, for tests with real sockets. run() runs one
// task to its end and jumps to the next alarm whenever nothing else can happen, for tests without
// any.

#pragma once

#include "api/http/one_shot.hpp"
#include "state/model/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <map>
#include <optional>
#include <stdexcept>

namespace trueup {

class ManualClock final : public Clock {
public:
    // `context` must outlive the clock. Alarms may outlive it.
    explicit ManualClock(boost::asio::io_context& context)
        : context_(context), state_(std::make_shared<State>())
    {
    }

    Instant now() const override { return state_->now; }
    WallTime wall() const override
    {
        return state_->wall_start + std::chrono::duration_cast<std::chrono::milliseconds>(
                                        state_->now.time_since_epoch());
    }
    // Makes the calendar jump; alarms do not notice.
    void shift_wall(std::chrono::milliseconds by) { state_->wall_start += by; }

    Task<void> sleep(Duration delay) override
    {
        return doze(state_, context_.get_executor(), delay);
    }

    std::unique_ptr<Alarm> alarm(Duration delay, std::function<void()> ring) override
    {
        auto alive = std::make_shared<bool>(true);
        auto guarded = [weak = std::weak_ptr<bool>(alive), ring = std::move(ring)] {
            if (!weak.expired())
                ring();
        };
        const Key key = state_->add(delay, std::move(guarded));
        return std::make_unique<ManualAlarm>(state_, key, std::move(alive));
    }

    // Alarms and sleepers that wait.
    std::size_t pending() const { return state_->entries.size(); }

    // Moves time on, and lets everything happen that is due on the way.
    void advance(Duration by)
    {
        const Instant target = state_->now + by;
        settle();
        while (!state_->entries.empty() && state_->entries.begin()->first.first <= target) {
            fire_next();
            settle();
        }
        state_->now = target;
    }

    // Runs `task` to its end in virtual time and returns its result. Throws std::logic_error when
    // it waits for something that can no longer come.
    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> result;
        drive([&](auto done) {
            boost::asio::co_spawn(
                context_.get_executor(),
                [](Task<T> inner, std::optional<T>& slot) -> Task<void> {
                    slot.emplace(co_await std::move(inner));
                }(std::move(task), result),
                done);
        });
        return std::move(*result);
    }

    void run(Task<void> task)
    {
        drive([&](auto done) {
            boost::asio::co_spawn(context_.get_executor(), std::move(task), done);
        });
    }

private:
    using Key = std::pair<Instant, std::uint64_t>;

    struct State {
        Key add(Duration delay, std::function<void()> ring)
        {
            const Key key{now + std::max(delay, Duration::zero()), ++sequence};
            entries.emplace(key, std::move(ring));
            return key;
        }

        Instant now{};
        WallTime wall_start{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
        std::uint64_t sequence = 0;
        std::map<Key, std::function<void()>> entries;
    };

    class ManualAlarm final : public Alarm {
    public:
        ManualAlarm(std::shared_ptr<State> state, Key key, std::shared_ptr<bool> alive)
            : state_(std::move(state)), key_(key), alive_(std::move(alive))
        {
        }
        ~ManualAlarm() override { state_->entries.erase(key_); }

    private:
        std::shared_ptr<State> state_;
        Key key_;
        std::shared_ptr<bool> alive_;
    };

    static Task<void> doze(std::shared_ptr<State> state, Executor executor, Duration delay)
    {
        const auto turn = std::make_shared<OneShot<bool>>(executor);
        state->add(delay, [turn] { turn->put(true); });
        co_await turn->take();
    }

    void settle()
    {
        context_.restart();
        while (context_.poll() != 0) {
        }
    }

    void fire_next()
    {
        const auto next = state_->entries.begin();
        state_->now = next->first.first;
        boost::asio::post(context_, std::move(next->second));
        state_->entries.erase(next);
    }

    template <class Start>
    void drive(Start start)
    {
        constexpr int jumps_max = 10'000'000;
        bool finished = false;
        std::exception_ptr fault;
        start([&](std::exception_ptr thrown) {
            finished = true;
            fault = thrown;
        });
        settle();
        int jumps = 0;
        while (!finished) {
            if (state_->entries.empty() || jumps++ == jumps_max)
                throw std::logic_error("the task waits for something that never comes");
            fire_next();
            settle();
        }
        if (fault)
            std::rethrow_exception(fault);
    }

    boost::asio::io_context& context_;
    std::shared_ptr<State> state_;
};

} // namespace trueup
