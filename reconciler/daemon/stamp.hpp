// What the loop puts between its parts and the outside: events that carry the revision, and reads
// that end when there is something better to do. Private to this room.

#pragma once

#include "reconciler/daemon/loop.hpp"

namespace trueup {

// Stamps events with the revision in force, and takes each for a sign of life.
class Loop::Stamp final : public EventSink {
public:
    Stamp(EventSink& next, Clock& clock) : next_(next), clock_(clock), last_(clock.now()) {}

    void emit(const Event& event) override
    {
        last_ = clock_.now();
        if (revision.empty() || !event.revision.empty()) {
            next_.emit(event);
            return;
        }
        Event stamped = event;
        stamped.revision = revision;
        next_.emit(stamped);
    }

    Instant last() const { return last_; }

    std::string revision;

private:
    EventSink& next_;
    Clock& clock_;
    Instant last_;
};

// Reads nothing more once the loop is interrupted.
class Loop::Guarded final : public Observer {
public:
    Guarded(Observer& inner, const Loop& loop) : inner_(inner), loop_(loop) {}

    Task<Result<WalkReport>>
    list(const Kind& kind, Scope scope, PageSink sink, CallContext context) override
    {
        if (loop_.interrupted())
            co_return cancelled();
        // A walk of many pages ends at the next one.
        const PageSink checked = [this, sink](std::vector<Observed> page) -> Result<void> {
            if (loop_.interrupted())
                return cancelled();
            return sink(std::move(page));
        };
        auto report = co_await inner_.list(kind, std::move(scope), checked, std::move(context));
        co_return report;
    }
    Task<Result<std::optional<Observed>>>
    read(const Kind& kind, Scope scope, std::string uid, CallContext context) override
    {
        if (loop_.interrupted())
            co_return cancelled();
        auto object =
            co_await inner_.read(kind, std::move(scope), std::move(uid), std::move(context));
        co_return object;
    }
    Task<Result<std::vector<Observed>>> look_up(const Kind& kind,
                                                Scope scope,
                                                std::vector<std::string> key,
                                                CallContext context) override
    {
        if (loop_.interrupted())
            co_return cancelled();
        auto objects =
            co_await inner_.look_up(kind, std::move(scope), std::move(key), std::move(context));
        co_return objects;
    }
    Task<Result<std::map<std::string, std::string>>> bootstrap(CallContext context) override
    {
        if (loop_.interrupted())
            co_return cancelled();
        auto values = co_await inner_.bootstrap(std::move(context));
        co_return values;
    }
    std::size_t requests_sent() const override { return inner_.requests_sent(); }

private:
    static Error cancelled() { return {Errc::cancelled, "there is something more urgent to do"}; }

    Observer& inner_;
    const Loop& loop_;
};

} // namespace trueup
