// Keeps within the API's rate limits: one bucket for each group of paths, shared by every request.
//
// The source of the rules is kinds.md a.5. First come, first served. A bucket that was told to slow down (429)
// stands still for a while, then goes at half its rate and recovers.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/kind.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trueup {

class RateLimiter {
public:
    // `override_rate`: requests a second for every group instead of the rules; 0 means unlimited. `clock`
    // must outlive the limiter.
    RateLimiter(const ApiRules& rules, std::optional<double> override_rate, Clock& clock);

    // Resumes when a request to `path` may be sent.
    Task<void> acquire(std::string_view path);
    // The API said that it is too much: nothing more to this group for `pause`.
    void slow_down(std::string_view path, Duration pause);
    // A request went through: a slowed bucket recovers a little.
    void succeeded(std::string_view path);

private:
    struct Bucket {
        double rate = 0;      // requests a second now
        double rate_full = 0; // by the rules; 0: unlimited
        double burst = 1;
        Instant next{};   // when the bucket is full again, one request after another
        Instant paused{}; // nothing before this
    };

    Bucket& bucket_of(std::string_view path);

    std::vector<RateRule> rules_; // longest prefix first
    double default_rate_;
    double default_burst_;
    std::optional<double> override_;
    Clock& clock_;
    std::map<std::string, Bucket> buckets_; // by prefix
};

} // namespace trueup
