// Whether a request that failed may be sent again, and when.
//
// Pure. Decides by the class of the operation, never by the HTTP method: a create or an action is
// repeated only when the failure proves that it had no effect.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/kind.hpp"
#include "state/model/result.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace trueup::rest {

struct RetryRules {
    RetryRules() = default;

    int attempts_max = 6; // sends of one request, the first included
    Duration backoff_min = std::chrono::milliseconds(500);
    Duration backoff_max = std::chrono::seconds(30);
    Duration retry_after_max = std::chrono::minutes(5);
};

// How long to wait before attempt number `attempt` + 1, or nothing: give up. `random` is any
// number: it spreads the waits evenly between nothing and the bound, which doubles with each
// attempt (full jitter). A Retry-After of the error is waited for in addition, up to
// retry_after_max.
std::optional<Duration> retry_wait(const RetryRules& rules,
                                   OperationClass operation_class,
                                   int attempt,
                                   const Error& error,
                                   std::uint64_t random);

// The header Retry-After: seconds, or a date (RFC 9110, 10.2.3). Nothing when it is missing,
// garbage or in the past; at most a century, so that nobody overflows on it.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, WallTime now);

} // namespace trueup::rest
