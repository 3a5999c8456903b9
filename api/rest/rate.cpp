#include "api/rest/rate.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr double recovery = 1.05;     // for each request that goes through
constexpr double slowest_share = 1.0 / 16; // of the full rate

Duration seconds(double amount)
{
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(amount));
}

// The first two segments, such as "/v1/roles": sub-resources count to their prefix (kinds.md a.5).
std::string_view default_prefix(std::string_view path)
{
    std::size_t end = 0;
    for (int segment = 0; segment < 2 && end != std::string_view::npos; ++segment)
        end = path.find('/', end + 1);
    return path.substr(0, end);
}

} // namespace

RateLimiter::RateLimiter(const ApiRules& rules, std::optional<double> override_rate, Clock& clock)
    : rules_(rules.rates), default_rate_(rules.default_rate), default_burst_(rules.default_burst),
      override_(override_rate), clock_(clock)
{
    std::ranges::sort(rules_, [](const RateRule& a, const RateRule& b) {
        return a.prefix.size() > b.prefix.size();
    });
}

RateLimiter::Bucket& RateLimiter::bucket_of(std::string_view path)
{
    const auto rule = std::ranges::find_if(
        rules_, [&](const RateRule& candidate) { return path.starts_with(candidate.prefix); });
    const std::string prefix(rule != rules_.end() ? std::string_view(rule->prefix)
                                                  : default_prefix(path));
    const auto [it, added] = buckets_.try_emplace(prefix);
    Bucket& bucket = it->second;
    if (added) {
        bucket.rate_full = rule != rules_.end() ? rule->per_second : default_rate_;
        bucket.burst = rule != rules_.end() ? rule->burst : default_burst_;
        if (override_) {
            bucket.rate_full = *override_;
            bucket.burst = std::max(1.0, std::min(bucket.burst, *override_));
        }
        bucket.rate = bucket.rate_full;
        bucket.next = clock_.now();
        bucket.paused = clock_.now();
    }
    return bucket;
}

Task<void> RateLimiter::acquire(std::string_view path)
{
    Bucket& bucket = bucket_of(path);
    if (bucket.rate > 0) {
        // Each request takes the next slot at once, so that nobody overtakes while waiting.
        const Duration interval = seconds(1 / bucket.rate);
        const Duration allowance = seconds((bucket.burst - 1) / bucket.rate);
        const Instant now = clock_.now();
        const Instant slot = std::max(bucket.next, now);
        bucket.next = slot + interval;
        const Instant start = slot - allowance;
        if (start > now)
            co_await clock_.sleep(start - now);
    }
    // The pause may have been ordered while we slept, and again while we slept it off.
    while (bucket.paused > clock_.now())
        co_await clock_.sleep(bucket.paused - clock_.now());
}

void RateLimiter::slow_down(std::string_view path, Duration pause)
{
    Bucket& bucket = bucket_of(path);
    const Instant now = clock_.now();
    bucket.paused = std::max(bucket.paused, now + pause);
    if (bucket.rate_full <= 0)
        return;
    bucket.rate = std::max(bucket.rate / 2, bucket.rate_full * slowest_share);
    // The API's own bucket is empty: so is ours.
    bucket.next = std::max(bucket.next, now + pause + seconds((bucket.burst - 1) / bucket.rate));
}

void RateLimiter::succeeded(std::string_view path)
{
    Bucket& bucket = bucket_of(path);
    if (bucket.rate < bucket.rate_full)
        bucket.rate = std::min(bucket.rate * recovery, bucket.rate_full);
}

} // namespace trueup
