#include "api/rest/breaker.hpp"

#include <algorithm>

namespace trueup::rest {

std::string_view name_of(Breaker::State state)
{
    switch (state) {
    case Breaker::State::closed:
        return "closed";
    case Breaker::State::open:
        return "open";
    case Breaker::State::half_open:
        return "half-open";
    }
    return "open";
}

Breaker::State Breaker::state(Instant now) const
{
    if (closed_)
        return State::closed;
    return now < open_until_ ? State::open : State::half_open;
}

Breaker::Verdict Breaker::ask(Instant now)
{
    switch (state(now)) {
    case State::closed:
        return Verdict::go;
    case State::open:
        return Verdict::refuse;
    case State::half_open:
        break;
    }
    if (probing_)
        return Verdict::wait;
    probing_ = true;
    return Verdict::probe;
}

void Breaker::record(Instant now, Verdict verdict, Outcome outcome)
{
    if (verdict == Verdict::probe) {
        probing_ = false;
        if (outcome == Outcome::failed)
            open(now);
        if (outcome != Outcome::answered)
            return;
        closed_ = true;
        in_row_ = 0;
        last_.clear();
    }
    // What was under way when it opened decides nothing any more.
    if (!closed_ || outcome == Outcome::unknown)
        return;
    const bool failed = outcome == Outcome::failed;
    in_row_ = failed ? in_row_ + 1 : 0;
    last_.push_back(failed);
    if (last_.size() > rules_.window)
        last_.pop_front();
    if (in_row_ >= rules_.in_row_max || is_stormy())
        open(now);
    else if (last_.size() == rules_.window)
        openings_ = 0;
}

bool Breaker::is_stormy() const
{
    const auto failed = static_cast<std::size_t>(std::ranges::count(last_, true));
    return last_.size() == rules_.window && 2 * failed >= rules_.window;
}

void Breaker::open(Instant now)
{
    constexpr std::size_t doublings_max = 16;
    const auto factor = Duration::rep{1} << std::min(openings_, doublings_max);
    ++openings_;
    closed_ = false;
    last_.clear();
    open_until_ = now + std::min<Duration>(rules_.pause_min * factor, rules_.pause_max);
}

} // namespace trueup::rest
