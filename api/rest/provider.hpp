// What exists behind the API, and how to change it, for whoever plans and executes. Two types: an
// Observer can only read, and planning is given nothing else; a Provider can also write.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/kind.hpp"
#include "state/model/resource.hpp"
#include "state/model/result.hpp"
#include "state/model/task.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace trueup {

// What a walk over a list found out about itself.
struct WalkReport {
    WalkReport() = default;

    std::size_t pages = 0;
    std::size_t items = 0;
    // True when one page held everything: then what is not in it does not exist. A walk of several
    // pages never proves absence by itself (design.md 7).
    bool proves_absence = false;
    // True when the list says that it holds more than the walk saw.
    bool is_short = false;
};

// Takes the objects of one page; an error ends the walk.
using PageSink = std::function<Result<void>(std::vector<Observed>)>;

// One request that went out to change something, and what came of it.
struct CallAttempt {
    CallAttempt() = default;

    int number = 1;        // of the tries of one call
    int status = 0;        // 0: no answer
    std::string audit_uid; // the API's own name for the request
    Duration duration{};
    std::optional<Errc> error;       // nothing: it was done
    std::string message;             // of the error
    Effect effect = Effect::unknown; // of one that failed
};

// What a call that changes something rests on: a comparison of what is there with what was planned.
struct Comparison {
    Comparison() = default;

    Instant at{}; // when it held last
    // Reads and compares anew; fails when the change should not be made any more.
    std::function<Task<Result<void>>()> again;
};

// An address for log records; each call of an Observer or Provider is made on behalf of one.
struct CallContext {
    CallContext() = default;
    explicit CallContext(std::string a, std::string p = {})
        : address(std::move(a)), plan_id(std::move(p))
    {
    }

    std::string address;
    std::string plan_id;
    // Where a call that changes something leaves each of its attempts, in order, however it ends;
    // outlives the call. Null: nobody wants to know.
    std::vector<CallAttempt>* attempts = nullptr;
    // Made anew before a request is sent long after it, be it for a rate limit or because it is
    // repeated; its error is then that of the call. Outlives the call. Null: there is none.
    Comparison* comparison = nullptr;
};

// How the API bears what is sent to it.
struct ApiTraffic {
    ApiTraffic() = default;

    std::map<std::string, double> tokens; // by rate-limit group: requests that may go at once
    std::string breaker;                  // closed, open, half-open; "" without one
    std::optional<Instant> breaker_until; // while it is open: when the API is tried again
};

class Observer {
public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    // Walks the kind's list in `scope`. Every error of a page ends the walk with that error; a
    // partial walk never looks like a whole one. An object that is seen twice is handed over once.
    // `kind` must have a list.
    virtual Task<Result<WalkReport>>
    list(const Kind& kind, Scope scope, PageSink sink, CallContext context) = 0;

    // One object by uid; nothing when the API says that it does not exist. For a singleton `uid` is
    // "". A kind without a read call is read through its list.
    virtual Task<Result<std::optional<Observed>>>
    read(const Kind& kind, Scope scope, std::string uid, CallContext context) = 0;

    // All objects in `scope` whose natural key is `key` (kinds can allow several), read in full.
    // Uses the kind's narrowed list where it has one, else a list that proves absence, else walks
    // until two in a row agree, or three where the list says that it holds more; fails with
    // rejected when they never do.
    virtual Task<Result<std::vector<Observed>>>
    look_up(const Kind& kind, Scope scope, std::vector<std::string> key, CallContext context) = 0;

    // The values that paths need, such as tenantUid; fetched once.
    virtual Task<Result<std::map<std::string, std::string>>> bootstrap(CallContext context) = 0;

    // How many requests were sent so far, repeats included.
    virtual std::size_t requests_sent() const = 0;

    virtual ApiTraffic traffic() const { return {}; }
};

struct Created {
    Created() = default;

    std::string uid; // "" when the API does not say
    std::string audit_uid;
    int status = 0;
};

struct Written {
    Written() = default;

    std::string audit_uid;
    int status = 0;
};

// One call that will change something, fully prepared: what an intent is written for.
struct WriteCall {
    WriteCall() = default;

    const Operation* operation = nullptr; // of the kind, which outlives it
    Scope scope;
    std::string uid;
    Value body; // null: none. Holds secrets: never logged
    bool has_body = false;
    // What the path and query need besides the uid and the scope: "key:metadata.name".
    std::map<std::string, Value> parameters;
};

class Provider : public Observer {
public:
    // Makes one prepared call. A `create` or `action` is sent at most once; an `idempotent` one is
    // repeated on network errors, 429 and 5xx. Error::effect says whether it may have taken effect.
    virtual Task<Result<Written>> write(const Kind& kind, WriteCall call, CallContext context) = 0;
    // The same for the kind's create call: the uid comes from the answer. Sends that one call only:
    // the steps in CreateCall::then are calls of their own, see encode_steps.
    virtual Task<Result<Created>> create(const Kind& kind, WriteCall call, CallContext context) = 0;
};

} // namespace trueup
