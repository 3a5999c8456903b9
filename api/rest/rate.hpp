// Keeps the requests of one client under the rate that an API allows: one token bucket for each
// group of paths, shared by all requests, first come first served.
//
// Pure: it is told the time and answers when a request may go; the caller waits. A 429 or a
// Retry-After slows the whole group down, not only the one request that met it.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/kind.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace trueup::rest {

// One bucket. `per_second` 0 means unlimited: only a pause holds requests back.
class TokenBucket {
public:
    TokenBucket(double per_second, double burst);

    // Books the next free place. Returns its ticket, to be given back with release().
    std::uint64_t reserve(Instant now);
    // When the request with this ticket may go. May move later while it waits.
    Instant due(std::uint64_t ticket) const;
    void release(std::uint64_t ticket) { booked_.erase(ticket); }

    // The server refused a request of this group: nothing goes before `until`, and afterwards at
    // half the rate, which recovers within rate_recovery. Requests that wait already keep their
    // order. Refusals that were provoked by the same rush halve it once.
    void penalise(Instant now, Instant until);

    // How many requests could go at once; nothing when as many as you like.
    std::optional<double> tokens(Instant now) const;

    // How much of the full rate is in use now: 1 unless it was penalised.
    double factor(Instant now) const;

private:
    double rate(Instant now) const { return per_second_ * factor(now); }
    // Takes one token and returns when it is there.
    Instant take(Instant now);

    double per_second_;
    double burst_;
    // The bucket holds `tokens_` at `at_`, which lies ahead while requests wait.
    double tokens_;
    Instant at_{};
    Instant paused_until_{};
    double low_factor_ = 1;
    Instant lowered_at_{};
    std::uint64_t tickets_ = 0;
    std::map<std::uint64_t, Instant> booked_; // of requests that wait, in order
};

// A booked place in a bucket, given back when it goes. The limiter must outlive it.
class Reservation {
public:
    Reservation(TokenBucket& bucket, Instant now) : bucket_(bucket), ticket_(bucket.reserve(now)) {}
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    ~Reservation() { bucket_.release(ticket_); }

    Instant due() const { return bucket_.due(ticket_); }

private:
    TokenBucket& bucket_;
    std::uint64_t ticket_;
};

class RateLimiter {
public:
    // `api` must outlive it. `rate`: requests a second for every group in place of what the
    // catalogue says, evenly spaced; 0 is unlimited.
    RateLimiter(const ApiRules& api, std::optional<double> rate) : api_(api), rate_(rate) {}

    // The bucket for a path template: that of the longest prefix of the catalogue, else one of its
    // own for the first two literal parts, as the API counts by endpoint (kinds.md a.5). It lives
    // as long as the limiter.
    TokenBucket& bucket(const std::string& path);
    // What is left in each group that was used, and has a limit.
    std::map<std::string, double> tokens(Instant now) const;

private:
    TokenBucket& make_bucket(const std::string& path);

    const ApiRules& api_;
    std::optional<double> rate_;
    std::map<std::string, std::unique_ptr<TokenBucket>> groups_;
    std::unordered_map<std::string, TokenBucket*> paths_;
};

} // namespace trueup::rest
