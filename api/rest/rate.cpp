#include "api/rest/rate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace trueup::rest {

namespace {

constexpr double factor_min = 1.0 / 16;
constexpr std::chrono::seconds rate_recovery{60}; // from half the rate to all of it
constexpr std::chrono::seconds one_rush{1};       // refusals this close have one cause

std::vector<std::string_view> parts_of(std::string_view path)
{
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        path.remove_prefix(path.front() == '/' ? 1 : 0);
        const std::size_t end = std::min(path.find('/'), path.size());
        if (end != 0)
            parts.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return parts;
}

bool is_parameter(std::string_view part)
{
    return part.starts_with('{');
}

// How many parts of `path` the prefix covers, or nothing when it is no prefix of it.
std::optional<std::size_t> covered(std::string_view prefix,
                                   const std::vector<std::string_view>& path)
{
    const std::vector<std::string_view> parts = parts_of(prefix);
    if (parts.size() > path.size())
        return std::nullopt;
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (parts[i] != path[i] && !is_parameter(parts[i]))
            return std::nullopt;
    return parts.size();
}

} // namespace

TokenBucket::TokenBucket(double per_second, double burst)
    : per_second_(std::max(per_second, 0.0)), burst_(std::max(burst, 1.0)), tokens_(burst_)
{
}

double TokenBucket::factor(Instant now) const
{
    const double passed = std::chrono::duration<double>(now - lowered_at_) / rate_recovery;
    return std::min(1.0, low_factor_ + std::max(passed, 0.0) / 2);
}

Instant TokenBucket::take(Instant now)
{
    if (per_second_ == 0)
        return std::max(now, paused_until_);
    const Instant start = std::max(now, paused_until_);
    if (start > at_) {
        const double passed = std::chrono::duration<double>(start - at_).count();
        tokens_ = std::min(burst_, tokens_ + passed * rate(now));
        at_ = start;
    }
    if (tokens_ >= 1) {
        tokens_ -= 1;
        return at_;
    }
    constexpr double longest_seconds = 86'400;
    const double seconds = std::min((1 - tokens_) / rate(now), longest_seconds);
    at_ += Duration(static_cast<Duration::rep>(std::ceil(seconds * 1e9)));
    tokens_ = 0;
    return at_;
}

std::optional<double> TokenBucket::tokens(Instant now) const
{
    if (per_second_ == 0)
        return std::nullopt;
    if (now < paused_until_ || now < at_)
        return 0.0;
    const double passed = std::chrono::duration<double>(now - at_).count();
    return std::min(burst_, tokens_ + passed * rate(now));
}

std::uint64_t TokenBucket::reserve(Instant now)
{
    const Instant due = take(now);
    const std::uint64_t ticket = ++tickets_;
    if (due > now)
        booked_.emplace(ticket, due);
    return ticket;
}

Instant TokenBucket::due(std::uint64_t ticket) const
{
    const auto it = booked_.find(ticket);
    return it != booked_.end() ? it->second : Instant::min();
}

void TokenBucket::penalise(Instant now, Instant until)
{
    paused_until_ = std::max(paused_until_, until);
    if (now >= lowered_at_) {
        low_factor_ = std::max(factor(now) / 2, factor_min);
        // Recovery starts when the pause is over, and so does the count of the next rush.
        lowered_at_ = std::max(paused_until_, now + one_rush);
    }
    // The server's own bucket is empty: one request at a time until ours has filled again.
    at_ = std::max(now, paused_until_);
    tokens_ = 1;
    for (auto& [ticket, due] : booked_)
        due = std::max(due, take(now));
}

TokenBucket& RateLimiter::bucket(const std::string& path)
{
    const auto it = paths_.find(path);
    if (it != paths_.end())
        return *it->second;
    TokenBucket& found = make_bucket(path);
    paths_.emplace(path, &found);
    return found;
}

std::map<std::string, double> RateLimiter::tokens(Instant now) const
{
    std::map<std::string, double> left;
    for (const auto& [group, bucket] : groups_)
        if (const auto count = bucket->tokens(now))
            left.emplace(group, *count);
    return left;
}

TokenBucket& RateLimiter::make_bucket(const std::string& path)
{
    const std::vector<std::string_view> parts = parts_of(path);
    const RateRule* best = nullptr;
    std::size_t best_length = 0;
    for (const RateRule& rule : api_.rates) {
        const auto length = covered(rule.prefix, parts);
        if (length && (best == nullptr || *length > best_length)) {
            best = &rule;
            best_length = *length;
        }
    }
    std::string group;
    if (best != nullptr) {
        group = best->prefix;
    } else {
        constexpr std::size_t own_parts = 2;
        for (std::size_t i = 0; i < parts.size() && i < own_parts && !is_parameter(parts[i]); ++i)
            group += "/" + std::string(parts[i]);
    }
    auto& bucket = groups_[group];
    if (!bucket) {
        double per_second = best != nullptr ? best->per_second : api_.default_rate;
        double burst = best != nullptr ? best->burst : api_.default_burst;
        if (rate_) {
            per_second = *rate_;
            burst = 1;
        }
        bucket = std::make_unique<TokenBucket>(per_second, burst);
    }
    return *bucket;
}

} // namespace trueup::rest
