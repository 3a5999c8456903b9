#include "api/sandbox/sessions.hpp"

#include <algorithm>

namespace trueup::sandbox {

namespace {

constexpr std::size_t sessions_max = 10'000;
constexpr std::size_t prefixes_max = 1'000;
constexpr std::size_t token_bytes = 32;
constexpr double burst_seconds = 5;

} // namespace

std::string Sessions::open(WallTime now)
{
    std::erase_if(ends_, [&](const auto& session) { return session.second <= now; });
    if (ends_.size() >= sessions_max)
        ends_.erase(ends_.begin());
    std::string token = supply_.hex(token_bytes);
    ends_[token] = now + std::chrono::duration_cast<std::chrono::milliseconds>(lifetime_);
    return token;
}

bool Sessions::is_open(const std::string& token, WallTime now) const
{
    const auto session = ends_.find(token);
    return session != ends_.end() && now < session->second;
}

bool RateLimits::take(const std::string& prefix, WallTime now)
{
    if (rate_ <= 0)
        return true;
    const double burst = std::max(1.0, rate_ * burst_seconds);
    if (!buckets_.contains(prefix)) {
        if (buckets_.size() >= prefixes_max)
            buckets_.clear();
        buckets_[prefix] = Bucket{burst, now};
    }
    Bucket& bucket = buckets_[prefix];
    const std::chrono::duration<double> passed = now - bucket.filled;
    bucket.tokens = std::min(burst, bucket.tokens + std::max(0.0, passed.count()) * rate_);
    bucket.filled = now;
    if (bucket.tokens < 1)
        return false;
    bucket.tokens -= 1;
    return true;
}

std::string rate_prefix(const std::vector<std::string>& steps)
{
    std::string prefix;
    const std::size_t length = steps.size() > 1 && steps[1] == "dashboard" ? 3 : 2;
    for (std::size_t i = 0; i < std::min(length, steps.size()); ++i)
        prefix += "/" + steps[i];
    return prefix;
}

} // namespace trueup::sandbox
