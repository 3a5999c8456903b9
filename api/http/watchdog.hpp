// Closes the stream of a call that makes no progress, or that takes too long in all.
//
// One alarm serves both limits: it is set for the nearer one and set again when bytes have moved
// since.

#pragma once

#include "api/http/stream.hpp"
#include "state/model/clock.hpp"

#include <memory>

namespace trueup {

class Watchdog {
public:
    enum class Verdict {
        none,  // still watching
        quiet, // no byte for `quiet_max`
        late,  // `end` has passed
    };

    // `clock` and `stream` must outlive it.
    Watchdog(Clock& clock, ByteStream& stream, Duration quiet_max, Instant end);

    // Bytes have moved.
    void progress() { moved_at_ = clock_.now(); }
    Verdict verdict() const { return verdict_; }

private:
    void arm();
    void ring();

    Clock& clock_;
    ByteStream& stream_;
    Duration quiet_max_;
    Instant end_;
    Instant moved_at_;
    Verdict verdict_ = Verdict::none;
    std::unique_ptr<Alarm> alarm_;
};

} // namespace trueup
