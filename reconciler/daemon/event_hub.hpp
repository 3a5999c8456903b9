// Hands what happens to everyone who listens on the control socket, as server-sent events.
//
// Never waits for a listener: one that falls behind by more than its queue holds is dropped, and
// can come back with the id of the last event it saw.

#pragma once

#include "api/http/server.hpp"
#include "state/model/event.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace trueup {

// Passes events on to several sinks, in order. They must outlive it.
class FanOut final : public EventSink {
public:
    explicit FanOut(std::vector<EventSink*> sinks) : sinks_(std::move(sinks)) {}

    void emit(const Event& event) override
    {
        for (EventSink* sink : sinks_)
            sink->emit(event);
    }

private:
    std::vector<EventSink*> sinks_;
};

class EventHub final : public EventSink {
public:
    static constexpr std::size_t listeners_max = 16;
    static constexpr std::size_t queue_max = 1024; // events that one listener may be behind
    static constexpr std::size_t recent_max = 256; // events that are kept for who comes back
    static constexpr Duration quiet_max = std::chrono::seconds(15); // then a sign of life is sent

    // `clock` must outlive the hub and its feeds.
    explicit EventHub(Clock& clock);
    ~EventHub() override;

    void emit(const Event& event) override;

    // What happens from now on, or after the event `seen` as far as it is still kept. Fails with
    // busy when there are too many listeners.
    Result<std::shared_ptr<BodyFeed>> listen(std::optional<std::uint64_t> seen);

private:
    class Feed;
    struct Sent {
        std::uint64_t id = 0;
        std::string text;
    };

    Clock& clock_;
    std::uint64_t last_id_ = 0;
    std::deque<Sent> recent_;
    std::vector<std::weak_ptr<Feed>> feeds_;
};

} // namespace trueup
