// Time as a parameter: what the hour is, how long things take, and how to wait. Nothing in trueup
// reads the system's clock or sleeps except through this, so that tests and simulations own time.

#pragma once

#include "state/model/result.hpp"
#include "state/model/task.hpp"

#include <chrono>
#include <functional>
#include <memory>

namespace trueup {

using Duration = std::chrono::nanoseconds;
// Monotonic; only differences mean anything. Deadlines use this one.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Calendar time, UTC; may jump. Records and reports use this one.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

// Runs its callback once, unless it is destroyed first.
class Alarm {
public:
    Alarm() = default;
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;
    virtual ~Alarm() = default;
};

class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    virtual Instant now() const = 0;
    virtual WallTime wall() const = 0;
    // Resumes after `delay`, from the event loop, never from inside the call.
    virtual Task<void> sleep(Duration delay) = 0;
    // Calls `ring` from the event loop after `delay`, unless the Alarm is destroyed before.
    virtual std::unique_ptr<Alarm> alarm(Duration delay, std::function<void()> ring) = 0;
};

// The machine's own clocks. `context` must outlive it.
std::unique_ptr<Clock> make_system_clock(boost::asio::io_context& context);

// "2026-03-01T12:00:00.000Z"
std::string format_time(WallTime time);

// Reads what format_time writes. Fails with invalid_input.
Result<WallTime> parse_time(std::string_view text);

// Reads "90s", "15m", "2h", "1h30m", "250ms". Fails with invalid_input.
Result<Duration> parse_duration(std::string_view text);

} // namespace trueup
