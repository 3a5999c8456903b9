// Simulated time: one heap of events for everything that happens in one simulated world, and the
// places (event loops) where it happens.
//
// Nothing here sleeps, reads a clock or starts a thread: whatever is due next happens next, and two
// things that are due together happen in the order in which they were asked for.

#pragma once

#include "api/http/one_shot.hpp"
#include "state/model/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace trueup::sim {

// The event loop of one simulated process or server.
class Place : public boost::asio::io_context {
public:
    // There are no threads here, and locks would only cost time.
    Place() : io_context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE) {}

    // Destroys everything that waits here, coroutines included, as the death of a process does.
    void drop() { shutdown(); }
};

class Universe {
public:
    using Key = std::pair<Instant, std::uint64_t>;

    Universe() = default;
    Universe(const Universe&) = delete;
    Universe& operator=(const Universe&) = delete;

    Instant now() const { return now_; }
    // True time, from which the calendars of places deviate.
    WallTime wall() const
    {
        return start_ +
               std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
    }

    // Runs `what` after `delay`, and then whatever it made ready at `place`.
    Key at(Place& place, Duration delay, std::function<void()> what)
    {
        const Key key{now_ + std::max(delay, Duration::zero()), ++sequence_};
        events_.emplace(key, Event{&place, std::move(what)});
        return key;
    }
    void cancel(const Key& key) { events_.erase(key); }
    // Forgets what was to happen at a place that is no more.
    void purge(const Place& place)
    {
        std::erase_if(events_, [&](const auto& event) { return event.second.place == &place; });
    }

    // False when nothing is left to happen.
    bool step()
    {
        const auto next = events_.begin();
        if (next == events_.end())
            return false;
        now_ = next->first.first;
        const Event event = std::move(next->second);
        events_.erase(next);
        event.what();
        settle(*event.place);
        return true;
    }

    // Runs what is ready at `place`.
    static void settle(Place& place)
    {
        place.restart();
        place.poll();
    }

private:
    struct Event {
        Place* place;
        std::function<void()> what;
    };

    Instant now_{};
    WallTime start_{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
    std::uint64_t sequence_ = 0;
    std::map<Key, Event> events_;
};

// The clock of one place: true durations, and a calendar that can be wrong.
class SimClock final : public Clock {
public:
    // Both outlive the clock; alarms and sleepers may outlive it.
    SimClock(Universe& universe, Place& place) : universe_(universe), place_(place) {}

    Instant now() const override { return universe_.now(); }
    WallTime wall() const override { return universe_.wall() + wrong_by_; }
    void shift_wall(std::chrono::milliseconds by) { wrong_by_ += by; }

    Task<void> sleep(Duration delay) override
    {
        const auto turn = std::make_shared<OneShot<bool>>(place_.get_executor());
        universe_.at(place_, delay, [turn] { turn->put(true); });
        return doze(turn);
    }

    std::unique_ptr<Alarm> alarm(Duration delay, std::function<void()> ring) override
    {
        return std::make_unique<SimAlarm>(universe_, universe_.at(place_, delay, std::move(ring)));
    }

private:
    class SimAlarm final : public Alarm {
    public:
        SimAlarm(Universe& universe, Universe::Key key) : universe_(universe), key_(key) {}
        ~SimAlarm() override { universe_.cancel(key_); }

    private:
        Universe& universe_;
        Universe::Key key_;
    };

    static Task<void> doze(std::shared_ptr<OneShot<bool>> turn) { co_await turn->take(); }

    Universe& universe_;
    Place& place_;
    std::chrono::milliseconds wrong_by_{};
};

} // namespace trueup::sim
