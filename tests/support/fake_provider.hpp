// An API of the kinds in kinds.hpp, in memory: it records every call, keeps what was written, and
// fails at the step it is told to.
//
// It decides nothing that the engine should decide: two objects of one name are two objects, and a
// create that arrives late is a create.

#pragma once

#include "api/rest/codec.hpp"
#include "api/rest/provider.hpp"
#include "tests/support/every_step.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trueup::test {

class FakeProvider final : public Provider {
public:
    // A state that an object has from some time after its creation on: {30 s, "Running"}.
    using Life = std::vector<std::pair<Duration, std::string>>;

    struct Item {
        std::string kind;
        std::string scope_uid;
        std::string uid;
        Value raw;
        Life life;
        Instant born{};
        std::optional<Instant> goes; // it was deleted, and is gone from then on
    };

    struct Call {
        std::string verb; // list, read, look_up, create, write, delete
        std::string address;
        std::string uid;
        std::string route; // of reads and writes
        Instant at{};
    };

    // Both outlive the provider.
    FakeProvider(Clock& clock, Steps& steps) : clock_(clock), steps_(steps) {}

    Life life;        // of what is created from now on, at status.state
    Duration dying{}; // how long a deleted object is still there
    // How long after a swallowed create it takes effect, or is shown where no uid is named.
    Duration late{};
    bool lists_in_pages = false;             // then no list proves absence
    bool holds_writes_up = false;            // so long that each is compared anew
    bool names_uids = true;                  // false: no answer to a create says the uid
    bool keeps_marks = true;                 // false: annotations are dropped
    std::vector<std::string> unseen;         // uids that lists miss
    std::map<std::string, Error> broken;     // by kind: its lists fail
    std::map<std::string, Error> unreadable; // by kind: reads fail
    std::map<std::string, Duration> delay;   // by address: how long a write takes
    std::map<std::string, Error> refuses;    // by address or route: writes fail, without effect
    std::map<std::string, Life> answers;     // by route: a read is answered with {phase: state}
    std::function<void(const Call&)> before; // sees each call before it has any effect

    // ---- the world, for tests

    Item& add(const Kind& kind, const Scope& scope, Value raw, std::string uid = {})
    {
        Item item;
        item.kind = kind.name;
        item.scope_uid = scope.uid;
        item.uid = uid.empty() ? "u" + std::to_string(++last_uid_) : std::move(uid);
        item.raw = std::move(raw);
        put(item.raw, *Path::parse("metadata.uid"), item.uid);
        item.life = life;
        item.born = clock_.now();
        items_.push_back(std::move(item));
        return items_.back();
    }

    Item* find_item(const std::string& uid)
    {
        drop_the_dead();
        const auto it = std::ranges::find(items_, uid, &Item::uid);
        return it == items_.end() ? nullptr : &*it;
    }

    void erase_item(const std::string& uid)
    {
        std::erase_if(items_, [&](const Item& item) { return item.uid == uid; });
    }

    std::vector<Item>& items()
    {
        drop_the_dead();
        return items_;
    }

    // The uids of the kind's objects that are called `name`.
    std::vector<std::string> uids_of(const std::string& kind, const std::string& name)
    {
        std::vector<std::string> uids;
        for (const Item& item : items()) {
            const Value* called = find(item.raw, *Path::parse("metadata.name"));
            if (item.kind == kind && called != nullptr && *called == Value(name))
                uids.push_back(item.uid);
        }
        return uids;
    }

    const std::vector<Call>& calls() const { return calls_; }

    // "create Widget/tenant/a", of everything that changes something.
    std::vector<std::string> writes() const
    {
        std::vector<std::string> lines;
        for (const Call& call : calls_)
            if (is_write(call))
                lines.push_back(call.verb + " " + call.address);
        return lines;
    }
    std::size_t count(const std::string& verb) const
    {
        return static_cast<std::size_t>(std::ranges::count(calls_, verb, &Call::verb));
    }
    void forget_calls() { calls_.clear(); }

    // ---- Provider

    Task<Result<WalkReport>>
    list(const Kind& kind, Scope scope, PageSink sink, CallContext context) override
    {
        const Fault fault = begin("list", context, "");
        if (auto failed = failure_of(fault))
            co_return *failed;
        if (const auto it = broken.find(kind.name); it != broken.end())
            co_return it->second;
        std::vector<Observed> page;
        for (const Item& item : items()) {
            if (item.kind != kind.name || item.scope_uid != scope.uid ||
                std::ranges::find(unseen, item.uid) != unseen.end())
                continue;
            auto object = observe(kind, scope, item);
            if (!object)
                co_return object.error();
            object->raw = Value();
            object->complete = !kind.list->index_only;
            if (kind.list->index_only)
                object->value.if_map()->erase("spec");
            page.push_back(std::move(*object));
        }
        WalkReport report;
        report.pages = 1;
        report.items = page.size();
        report.proves_absence = !lists_in_pages;
        if (auto taken = sink(std::move(page)); !taken)
            co_return taken.error();
        end(fault);
        co_return report;
    }

    Task<Result<std::optional<Observed>>>
    read(const Kind& kind, Scope scope, std::string uid, CallContext context) override
    {
        const Fault fault = begin("read", context, uid, kind.read.call.route());
        if (auto failed = failure_of(fault))
            co_return *failed;
        if (const auto it = unreadable.find(kind.name); it != unreadable.end())
            co_return it->second;
        if (kind.is_singleton())
            uid = singleton_uid(kind, scope);
        const Item* item = find_item(uid);
        std::optional<Observed> found;
        if (item != nullptr && item->kind == kind.name && item->scope_uid == scope.uid) {
            auto object = observe(kind, scope, *item);
            if (!object)
                co_return object.error();
            found = std::move(*object);
        }
        end(fault);
        co_return found;
    }

    Task<Result<std::vector<Observed>>> look_up(const Kind& kind,
                                                Scope scope,
                                                std::vector<std::string> key,
                                                CallContext context) override
    {
        const Fault fault = begin("look_up", context, "");
        if (auto failed = failure_of(fault))
            co_return *failed;
        if (const auto it = broken.find(kind.name); it != broken.end())
            co_return it->second;
        std::vector<Observed> found;
        for (const Item& item : items()) {
            if (item.kind != kind.name || item.scope_uid != scope.uid)
                continue;
            auto object = observe(kind, scope, item);
            if (!object)
                co_return object.error();
            if (key_of(kind, object->value) == key)
                found.push_back(std::move(*object));
        }
        end(fault);
        co_return found;
    }

    Task<Result<std::map<std::string, std::string>>> bootstrap(CallContext) override
    {
        std::map<std::string, std::string> values{{"tenantUid", tenant}};
        co_return values;
    }

    std::size_t requests_sent() const override { return calls_.size(); }

    Task<Result<Created>> create(const Kind& kind, WriteCall call, CallContext context) override
    {
        const CallContext where = context;
        auto still = co_await compared_anew(where);
        if (!still)
            co_return still.error();
        auto created = co_await create_one(kind, std::move(call), std::move(context));
        note_attempt(where, created ? created->status : 0, created ? nullptr : &created.error());
        co_return created;
    }

    Task<Result<Written>> write(const Kind& kind, WriteCall call, CallContext context) override
    {
        const CallContext where = context;
        auto still = co_await compared_anew(where);
        if (!still)
            co_return still.error();
        auto written = co_await write_one(kind, std::move(call), std::move(context));
        note_attempt(where, written ? written->status : 0, written ? nullptr : &written.error());
        co_return written;
    }

    std::string tenant = "t1";

    static bool is_write(const Call& call)
    {
        return call.verb == "create" || call.verb == "write" || call.verb == "delete";
    }

    static std::string singleton_uid(const Kind& kind, const Scope& scope)
    {
        return "the " + kind.name + " of " + (scope.uid.empty() ? "tenant" : scope.uid);
    }

private:
    Task<Result<void>> compared_anew(const CallContext& context)
    {
        if (!holds_writes_up || context.comparison == nullptr)
            co_return Result<void>{};
        auto again = context.comparison->again();
        auto holds = co_await std::move(again);
        if (holds)
            co_return Result<void>{};
        Error error = holds.error();
        error.effect = Effect::none;
        co_return error;
    }

    static void note_attempt(const CallContext& context, int status, const Error* error)
    {
        if (context.attempts == nullptr)
            return;
        CallAttempt attempt;
        attempt.status = status;
        if (error != nullptr) {
            attempt.status = error->api ? error->api->status : 0;
            attempt.error = error->code;
            attempt.message = error->message;
            attempt.effect = error->effect;
        }
        context.attempts->push_back(std::move(attempt));
    }

    Task<Result<Created>> create_one(const Kind& kind, WriteCall call, CallContext context)
    {
        const Fault fault = begin("create", context, "");
        const std::string address = context.address;
        co_await take_time(address);
        if (auto failed = refusal_of(fault, address))
            co_return *failed;
        if (fault == Fault::swallowed && late == Duration::zero())
            co_return unanswered();
        if (fault == Fault::swallowed) {
            const auto arrive = [this, &kind, call] { store(kind, call); };
            arrivals_.push_back(clock_.alarm(late, arrive));
            co_return unanswered();
        }
        if (kind.refuses_duplicates && holds_same_name(kind, call)) {
            end(fault);
            if (fault == Fault::lost)
                co_return unanswered();
            co_return conflict();
        }
        Created created;
        created.status = 201;
        if (!names_uids && late != Duration::zero()) { // reads are behind
            arrivals_.push_back(clock_.alarm(late, [this, &kind, call] { store(kind, call); }));
            end(fault);
            co_return created;
        }
        created.uid = store(kind, call);
        end(fault);
        if (fault == Fault::lost)
            co_return unanswered();
        if (!names_uids)
            created.uid.clear();
        co_return created;
    }

    Task<Result<Written>> write_one(const Kind& kind, WriteCall call, CallContext context)
    {
        const bool deletes = kind.remove && call.operation == &*kind.remove;
        const std::string route = call.operation->route();
        const Fault fault = begin(deletes ? "delete" : "write", context, call.uid, route);
        const std::string address = context.address;
        co_await take_time(address);
        if (auto failed = refusal_of(fault, address))
            co_return *failed;
        if (auto failed = refusal_of(fault, route))
            co_return *failed;
        if (fault == Fault::swallowed)
            co_return unanswered();
        if (kind.is_singleton())
            call.uid = singleton_uid(kind, call.scope);
        Item* item = find_item(call.uid);
        if (item == nullptr) {
            end(fault);
            co_return missing();
        }
        if (deletes)
            item->goes = item->goes.value_or(clock_.now() + dying);
        else if (call.has_body)
            replace_raw(*item, std::move(call.body));
        end(fault);
        if (fault == Fault::lost)
            co_return unanswered();
        Written written;
        written.status = deletes ? 204 : 200;
        co_return written;
    }

    Fault
    begin(std::string verb, const CallContext& context, std::string uid, std::string route = {})
    {
        Call call;
        call.verb = std::move(verb);
        call.address = context.address;
        call.uid = std::move(uid);
        call.route = std::move(route);
        call.at = clock_.now();
        const Fault fault = steps_.next();
        if (before)
            before(call);
        calls_.push_back(std::move(call));
        if (fault == Fault::crash_before)
            steps_.crash();
        return fault;
    }

    void end(Fault fault)
    {
        if (fault == Fault::crash_after)
            steps_.crash();
    }

    Task<void> take_time(std::string address)
    {
        if (const auto it = delay.find(address); it != delay.end())
            co_await clock_.sleep(it->second);
        if (steps_.dead())
            throw Crash{};
    }

    static Error unanswered()
    {
        Error error(Errc::network, "the connection broke");
        error.effect = Effect::unknown;
        return error;
    }
    static Error said(Errc code, int status, std::string text)
    {
        Error error(code, std::move(text));
        error.api = ApiFailure();
        error.api->status = status;
        return error;
    }
    static Error conflict() { return said(Errc::conflict, 409, "it exists already"); }
    static Error missing() { return said(Errc::not_found, 404, "there is no such object"); }

    // Of a read: whatever was lost, nothing took effect.
    static std::optional<Error> failure_of(Fault fault)
    {
        if (fault == Fault::refused)
            return said(Errc::server_failed, 500, "it does not want to");
        if (fault == Fault::unsent || fault == Fault::lost || fault == Fault::swallowed)
            return Error(Errc::network, "no connection");
        return std::nullopt;
    }

    std::optional<Error> refusal_of(Fault fault, const std::string& target) const
    {
        if (const auto it = refuses.find(target); it != refuses.end())
            return it->second;
        if (fault == Fault::refused)
            return said(Errc::rejected, 422, "it does not like this");
        if (fault == Fault::unsent)
            return Error(Errc::network, "no connection");
        return std::nullopt;
    }

    Result<Observed> observe(const Kind& kind, const Scope& scope, const Item& item) const
    {
        Value raw = item.raw;
        tell(raw, "status.state", item, item.life);
        if (const auto it = answers.find(kind.read.call.route()); it != answers.end()) {
            raw = Map{};
            tell(raw, "phase", item, it->second);
        }
        auto object = decode(kind, scope, raw, kind.is_singleton() ? "" : item.uid);
        if (object)
            object->raw = std::move(raw);
        return object;
    }

    // Puts the state that the object has by now.
    void tell(Value& raw, std::string_view at, const Item& item, const Life& life_of_it) const
    {
        for (const auto& [after, state] : life_of_it)
            if (clock_.now() >= item.born + after)
                put(raw, *Path::parse(at), state);
    }

    bool holds_same_name(const Kind& kind, const WriteCall& call)
    {
        const Value* name = find(call.body, *Path::parse("metadata.name"));
        return name != nullptr && !uids_of(kind.name, name->string_or_empty()).empty();
    }

    std::string store(const Kind& kind, const WriteCall& call)
    {
        Value raw = call.body;
        if (!keeps_marks)
            erase(raw, *Path::parse("metadata.annotations"));
        return add(kind, call.scope, std::move(raw)).uid;
    }

    void replace_raw(Item& item, Value body) const
    {
        if (body.if_map() == nullptr)
            return;
        for (auto& [name, member] : *body.if_map())
            put(item.raw, *Path::parse(name), std::move(member));
        put(item.raw, *Path::parse("metadata.uid"), item.uid);
    }

    void drop_the_dead()
    {
        std::erase_if(items_,
                      [&](const Item& item) { return item.goes && clock_.now() >= *item.goes; });
    }

    Clock& clock_;
    Steps& steps_;
    std::vector<Item> items_;
    std::vector<Call> calls_;
    std::vector<std::unique_ptr<Alarm>> arrivals_;
    std::size_t last_uid_ = 0;
};

} // namespace trueup::test
