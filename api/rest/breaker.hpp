// Leaves a host alone that does nothing but fail, and finds out when it is back.
//
// Pure: it is told the time and what came of each request, and says whether the next one may go. It
// opens after some failures in a row, or when half of the last requests failed; then it lets
// nothing through for a while, and after that one request as a probe, whose outcome decides. Each
// time it opens again without a good while in between, it stays so for twice as long.

#pragma once

#include "state/model/clock.hpp"

#include <cstddef>
#include <deque>
#include <string_view>

namespace trueup::rest {

struct BreakerRules {
    BreakerRules() = default;

    std::size_t in_row_max = 10; // failures in a row that open it
    std::size_t window = 20;     // of the last so many, half may not fail
    Duration pause_min = std::chrono::seconds(10);
    Duration pause_max = std::chrono::minutes(5);
};

class Breaker {
public:
    enum class State { closed, open, half_open };
    enum class Verdict {
        go,     // record() what comes of it
        probe,  // the same; the others wait for it
        wait,   // a probe is under way: ask again when it has ended
        refuse, // not before open_until()
    };
    enum class Outcome {
        answered, // by the host, with whatever it thinks of the request
        failed,   // no answer, or one that says that it cannot
        unknown,  // it was given up; says nothing about the host
    };

    explicit Breaker(BreakerRules rules) : rules_(rules) {}

    // Whether a request may go now. Each go and probe is followed by one record().
    Verdict ask(Instant now);
    // `verdict`: what ask() said of it.
    void record(Instant now, Verdict verdict, Outcome outcome);

    State state(Instant now) const;
    // When the next probe may go; only while it is open.
    Instant open_until() const { return open_until_; }
    // Failures in a row, up to now.
    std::size_t in_row() const { return in_row_; }

private:
    void open(Instant now);
    bool is_stormy() const;

    BreakerRules rules_;
    bool closed_ = true;
    bool probing_ = false;
    Instant open_until_{};
    std::size_t openings_ = 0; // without a good while in between
    std::size_t in_row_ = 0;
    std::deque<bool> last_; // whether they failed; at most a window
};

// "closed", "open", "half-open"
std::string_view name_of(Breaker::State state);

} // namespace trueup::rest
