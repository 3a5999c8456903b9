// Who may call: the one API key, and the tokens that logging in gives out (kinds.md a.1).

#pragma once

#include "api/sandbox/world.hpp"
#include "state/model/clock.hpp"

#include <map>
#include <string>

namespace trueup::sandbox {

class Sessions {
public:
    Sessions(std::uint64_t seed, Duration lifetime) : supply_(seed), lifetime_(lifetime) {}

    // A new token, good from `now` for the lifetime.
    std::string open(WallTime now);
    bool is_open(const std::string& token, WallTime now) const;

private:
    Supply supply_;
    Duration lifetime_;
    std::map<std::string, WallTime> ends_;
};

// A token bucket for each endpoint prefix (kinds.md a.5).
class RateLimits {
public:
    // `rate` requests a second, and five times as many in a burst; 0: no limit.
    explicit RateLimits(double rate) : rate_(rate) {}

    // Takes one request of the prefix, if it may pass.
    bool take(const std::string& prefix, WallTime now);

private:
    struct Bucket {
        double tokens = 0;
        WallTime filled;
    };

    double rate_;
    std::map<std::string, Bucket> buckets_;
};

// "/v1/roles" of "/v1/roles/5f..": what a rate limit is kept for. Dashboards count by what they
// show.
std::string rate_prefix(const std::vector<std::string>& steps);

} // namespace trueup::sandbox
