// What trueup did, as it does it: one stream that logs, progress, audit and tests all read.
//
// Events never hold secrets, bodies or raw URLs (design.md 6.H).

#pragma once

#include "state/model/clock.hpp"

#include <string>
#include <vector>

namespace trueup {

enum class EventType {
    api_call,       // one HTTP exchange, or one that failed
    action_started, // an action of a plan
    action_done,
    action_failed,
    action_skipped, // something it depends on failed
    action_waiting,
    note, // anything else that an operator should read
};

std::string_view name_of(EventType type);

enum class Level { debug, info, warning, error };

struct Event {
    Event(EventType t, Level l, std::string text) : type(t), level(l), message(std::move(text)) {}

    EventType type;
    Level level;
    std::string message;   // one sentence
    std::string address;   // of the resource, when there is one
    std::string verb;      // of the action: create, update, ...
    std::string call;      // route template, such as "POST /v1/roles"
    std::string operation; // class of the call: read, create, ...
    int status = 0;        // HTTP status; 0: no answer
    Duration duration{};
    int attempt = 1;
    std::string audit_uid;
    std::string plan_id;
    std::string revision; // of the manifests that it is about; "" where nobody keeps count
    std::string error;    // name of the Errc, or ""
};

class EventSink {
public:
    EventSink() = default;
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;
    virtual ~EventSink() = default;

    // Never blocks and never fails.
    virtual void emit(const Event& event) = 0;
};

// Forgets everything.
class NullSink final : public EventSink {
public:
    void emit(const Event&) override {}
};

} // namespace trueup
