// Faults that a sandbox serves to its clients on purpose, and how they are written.
//
// A plan is a list of faults, separated by commas: KIND:WHICH[:EXTRA]
//
//   cut-before:7         the connection is cut, the request has no effect
//   cut-after:7          the connection is cut after the effect, before the answer
//   truncate:7           the connection is cut in the middle of the answer
//   status-500:7         the answer is 500 (or another status from 400 on), the request has no
//   effect status-500-after:7   the answer is 500, the effect stays throttle:7:30        the answer
//   is 429 with Retry-After: 30 (seconds; 1 without EXTRA) slow:7:2s            the answer comes 2
//   s late, after the effect latency:50ms         every answer comes 50 ms late
//
// WHICH says which requests, counted from 1: N, N-M, or %N for every N-th. With -write behind the
// kind (cut-after-write:3) only the requests count that are meant to change something.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/result.hpp"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace trueup {

struct SandboxRequest;

struct Fault {
    enum class Kind {
        cut_before,
        cut_after,
        truncate,
        status_before,
        status_after,
        throttle,
        slow
    };

    Kind kind = Kind::cut_before;
    bool writes_only = false;
    std::size_t first = 0; // requests first to last
    std::size_t last = 0;
    std::size_t every = 0; // or every so many
    int status = 0;
    std::chrono::seconds retry_after{1};
    Duration delay{};

    bool strikes(std::size_t number) const;
};

struct FaultPlan {
    // Called with the number of the request (from 1) after its effect and before its answer.
    using Hook = std::function<void(std::size_t number, const SandboxRequest& request)>;

    FaultPlan() = default;

    std::vector<Fault> faults; // the first that strikes is the one that is served
    Duration latency{};
    Hook after_effect;
};

// Fails with invalid_input and says what can be written.
Result<FaultPlan> parse_fault_plan(std::string_view text);

} // namespace trueup
