// Failure at every step of a good script: a scenario is run once to count its steps, and then once
// for each step and each way of failing, so that no place in it escapes.
//
// The scenario builds its own world each time and checks what must hold; nothing is kept between
// two runs.

#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <string_view>
#include <vector>

namespace trueup::test {

// How one step goes wrong.
enum class Fault {
    none,
    refused,      // the other side says no, and did nothing
    unsent,       // it never got there
    lost,         // it took effect, and the answer was lost
    swallowed,    // it took no effect, and no answer came either
    crash_before, // the process dies before it
    crash_after,  // the process dies when it has taken effect
};

inline constexpr Fault all_faults[] = {Fault::refused,
                                       Fault::unsent,
                                       Fault::lost,
                                       Fault::swallowed,
                                       Fault::crash_before,
                                       Fault::crash_after};

inline std::string_view name_of(Fault fault)
{
    constexpr std::string_view names[] = {
        "none", "refused", "unsent", "lost", "swallowed", "crash before", "crash after"};
    return names[static_cast<std::size_t>(fault)];
}

// What a fake throws when the process dies in it. Everything that is called later throws it too.
struct Crash {};

// Counts the steps of all fakes of one world, and says which of them fails.
class Steps {
public:
    // The fault of the step that is about to be made.
    Fault next()
    {
        if (dead_)
            throw Crash{};
        return taken_++ == at_ ? fault_ : Fault::none;
    }

    // The step with this number, counted from now on, fails.
    void fail(std::size_t step, Fault fault)
    {
        at_ = taken_ + step;
        fault_ = fault;
    }
    // Nothing fails from now on.
    void heal() { fault_ = Fault::none; }

    // The process dies.
    [[noreturn]] void crash()
    {
        dead_ = true;
        throw Crash{};
    }
    bool dead() const { return dead_; }
    void restart() { dead_ = false; }

    std::size_t taken() const { return taken_; }

private:
    std::size_t taken_ = 0;
    std::size_t at_ = 0;
    Fault fault_ = Fault::none;
    bool dead_ = false;
};

// Calls `scenario(step, fault)` with no fault, which returns how many steps it took, and then with
// each fault at each of these steps. Returns how many runs that made.
template <class Scenario>
std::size_t every_step(Scenario scenario)
{
    const std::size_t steps = scenario(std::size_t{0}, Fault::none);
    REQUIRE(steps > 0);
    for (std::size_t step = 0; step < steps; ++step)
        for (const Fault fault : all_faults) {
            const std::string_view how = name_of(fault);
            CAPTURE(step);
            CAPTURE(how);
            scenario(step, fault);
        }
    return steps * std::size(all_faults);
}

} // namespace trueup::test
