#include "api/http/watchdog.hpp"

#include <algorithm>

namespace trueup {

Watchdog::Watchdog(Clock& clock, ByteStream& stream, Duration quiet_max, Instant end)
    : clock_(clock), stream_(stream), quiet_max_(quiet_max), end_(end), moved_at_(clock.now())
{
    arm();
}

void Watchdog::arm()
{
    const Instant next = std::min(end_, moved_at_ + quiet_max_);
    alarm_ = clock_.alarm(std::max(next - clock_.now(), Duration::zero()), [this] { ring(); });
}

void Watchdog::ring()
{
    const Instant now = clock_.now();
    if (now >= end_)
        verdict_ = Verdict::late;
    else if (now - moved_at_ >= quiet_max_)
        verdict_ = Verdict::quiet;
    if (verdict_ == Verdict::none)
        arm();
    else
        stream_.close();
}

} // namespace trueup
