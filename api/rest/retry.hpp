// Whether and when to send a call again.
//
// Pure. Only calls that are safe to repeat are repeated: by their class, or because nothing can have
// happened. A create or action whose answer was lost is for the caller to look into (design.md 7).

#pragma once

#include "state/model/clock.hpp"
#include "state/model/kind.hpp"
#include "state/model/random.hpp"
#include "state/model/result.hpp"

#include <optional>
#include <string_view>

namespace trueup {

struct RetryPolicy {
    RetryPolicy() = default;

    int attempts_max = 6;
    Duration backoff_min = std::chrono::milliseconds(500);
    Duration backoff_max = std::chrono::seconds(30);
    Duration retry_after_max = std::chrono::minutes(5);
};

// How long to wait before the next attempt; nothing: give up. `attempt` counts from 1.
std::optional<Duration> wait_before_retry(const RetryPolicy& policy,
                                          OperationClass operation_class,
                                          int attempt,
                                          const Error& error,
                                          Random& random);

// Reads a Retry-After header: seconds or an HTTP date. Nothing for garbage or a time in the past; never more
// than `longest`.
std::optional<Duration> parse_retry_after(std::string_view text, WallTime now, Duration longest);

} // namespace trueup
