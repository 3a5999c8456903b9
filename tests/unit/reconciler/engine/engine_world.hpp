// Everything the engine works with, faked: an API, a store, virtual time, and manifests to declare.

#pragma once

#include "reconciler/engine/round.hpp"
#include "tests/support/diffs.hpp"
#include "tests/support/fake_provider.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/scene.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trueup::test {

using namespace std::chrono_literals;

class RecordingSink final : public EventSink {
public:
    void emit(const Event& event) override { events.push_back(event); }

    bool says(std::string_view part) const
    {
        return std::ranges::any_of(events, [&](const Event& event) {
            return event.message.find(part) != std::string::npos;
        });
    }

    std::vector<Event> events;
};

class EngineWorld {
public:
    EngineWorld()
    {
        request.plan.owner_id = request.observe.owner_id = "me";
        scene.catalogue.api.tenant_parameter = "tenantUid";
    }

    boost::asio::io_context context;
    ManualClock clock{context};
    Steps steps;
    FakeProvider api{clock, steps};
    MemoryStore store{steps};
    std::unique_ptr<Random> random = make_seeded_random(1);
    RecordingSink events;
    Scene scene; // only its kinds and manifests are used
    PlanRequest request;
    ExecuteOptions options;

    Kind& kind(std::string_view name)
    {
        const auto it = std::ranges::find(scene.catalogue.kinds, name, &Kind::name);
        REQUIRE(it != scene.catalogue.kinds.end());
        return *it;
    }
    // A kind whose objects take a while to be ready.
    Kind& make_slow(std::string_view name)
    {
        Kind& slow = kind(name);
        Readiness readiness;
        readiness.state = path("status.state");
        readiness.ready = {Value("Running")};
        readiness.pending = {Value("Pending")};
        readiness.failed = {Value("Failed")};
        readiness.interval = 10s;
        readiness.deadline = 10min;
        slow.readiness = std::move(readiness);
        return slow;
    }

    Manifest& declare(std::string_view text, Body body = {})
    {
        return scene.declare(text, std::move(body));
    }
    void undeclare(std::string_view text)
    {
        std::erase_if(scene.manifests.manifests,
                      [&](const Manifest& manifest) { return manifest.address.text() == text; });
    }
    // Declares it anew.
    Manifest& redeclare(std::string_view text, Body body)
    {
        undeclare(text);
        return declare(text, std::move(body));
    }

    Engine engine()
    {
        Engine made(scene.catalogue, api, store, clock, *random, events);
        made.owner_id = "me";
        made.plan_id = "p1";
        return made;
    }

    // One round, without a crash.
    Result<Round> try_round()
    {
        return clock.run(reconcile(engine(), scene.manifests, request, options));
    }
    Report round()
    {
        auto done = try_round();
        REQUIRE_MESSAGE(done.has_value(), (done ? std::string() : done.error().text()));
        return std::move(done->report);
    }
    // One round in which the process may die; nothing when it did.
    std::optional<Result<Round>> round_or_crash()
    {
        try {
            return try_round();
        } catch (const Crash&) {
            return std::nullopt;
        }
    }
    // A new process: what was not durable is forgotten, and nothing fails any more.
    void restart()
    {
        steps.restart();
        steps.heal();
        store.reopen_after_crash();
    }

    Result<Observations> try_observe(ObserveOptions looking = {})
    {
        looking.owner_id = "me";
        auto records = store.records();
        return clock.run(observe_now(std::move(*records), std::move(looking)));
    }
    Observations observed(ObserveOptions looking = {})
    {
        auto found = try_observe(std::move(looking));
        REQUIRE_MESSAGE(found.has_value(), (found ? std::string() : found.error().text()));
        return std::move(*found);
    }

    // An object that is there already, marked as ours or not.
    FakeProvider::Item&
    exists(std::string_view text, Body body = {}, bool ours = false, const Scope& scope = {})
    {
        const Address where = address(text);
        Value raw = std::move(body.value);
        put(raw, path("metadata.name"), *percent_decode(where.name()));
        if (ours) {
            put(raw, path("metadata.annotations.shop/owner"), "me");
            put(raw, path("metadata.annotations.shop/address"), address_mark(where));
        }
        return api.add(kind(where.kind()), scope, std::move(raw));
    }
    Value spec_of(const std::string& uid)
    {
        const FakeProvider::Item* item = api.find_item(uid);
        REQUIRE(item != nullptr);
        const Value* spec = find(item->raw, path("spec"));
        return spec != nullptr ? *spec : Value();
    }

    void put_record(Record record)
    {
        Batch batch;
        batch.put.push_back(std::move(record));
        REQUIRE(clock.run(store.commit(std::move(batch))));
    }
    void put_intent(Intent intent)
    {
        Batch batch;
        batch.open.push_back(std::move(intent));
        REQUIRE(clock.run(store.commit(std::move(batch))));
    }
    std::size_t open_intents() { return store.open_intents()->size(); }

    // A and B: one object of a name at most, and each of ours is remembered or about to be.
    void check_safe()
    {
        std::map<std::string, std::string> seen;
        for (const FakeProvider::Item& item : api.items()) {
            const Value* name = find(item.raw, path("metadata.name"));
            if (name == nullptr || item.goes)
                continue;
            const std::string key =
                item.kind + " " + item.scope_uid + " " + name->string_or_empty();
            CAPTURE(key);
            CHECK_MESSAGE(seen.emplace(key, item.uid).second, "a duplicate");
            if (find(item.raw, path("metadata.annotations.shop/owner")) != nullptr)
                CHECK_MESSAGE(is_known(item), "an orphan");
        }
    }

    // D: at most three rounds to a state in which nothing is left to do.
    void check_settles()
    {
        for (int i = 0; i < 3; ++i)
            round();
        api.forget_calls();
        const Report quiet = round();
        CHECK(quiet.complete());
        CHECK(api.writes() == Lines{});
        CHECK(open_intents() == 0);
        for (const Manifest& manifest : scene.manifests.manifests) {
            const auto record = store.find(manifest.address.text());
            CAPTURE(manifest.address.text());
            REQUIRE(record.has_value());
            if (!manifest.kind->is_singleton())
                CHECK(api.find_item(record->uid) != nullptr);
        }
        check_safe();
    }

private:
    Task<Result<Observations>> observe_now(std::vector<Record> records, ObserveOptions looking)
    {
        auto found =
            co_await observe(scene.catalogue, scene.manifests, records, api, std::move(looking));
        co_return found;
    }

    bool is_known(const FakeProvider::Item& item)
    {
        const Value* mark = find(item.raw, path("metadata.annotations.shop/address"));
        const auto is_its = [&](const std::string& text) {
            return mark != nullptr && *mark == Value(address_mark(address(text)));
        };
        auto records = store.records();
        auto intents = store.open_intents();
        return std::ranges::any_of(*records,
                                   [&](const Record& record) { return record.uid == item.uid; }) ||
               std::ranges::any_of(*intents,
                                   [&](const Intent& intent) { return is_its(intent.address); });
    }
};

// "create Widget/tenant/a done"
inline Lines lines_of(const Report& report)
{
    Lines lines;
    for (const ActionResult& result : report.results)
        lines.push_back(std::string(trueup::name_of(result.verb)) + " " + result.address + " " +
                        std::string(trueup::name_of(result.outcome)));
    return lines;
}

} // namespace trueup::test
