#include "reconciler/daemon/backoff.hpp"
#include "reconciler/daemon/memory.hpp"

#include <doctest/doctest.h>

namespace trueup {

namespace {

WallTime at(const std::string& text)
{
    return *parse_time(text);
}

Memory full_memory()
{
    Memory memory;
    Suspension all;
    all.reason = "holiday";
    all.by = "ann";
    all.since = at("2026-03-01T12:00:00.000Z");
    all.until = at("2026-03-02T12:00:00.000Z");
    memory.suspensions[""] = all;
    Tombstone tombstone;
    tombstone.uid = "u1";
    tombstone.since = at("2026-03-01T13:00:00.000Z");
    memory.tombstones["Role/tenant/a"] = tombstone;
    Failure failure;
    failure.count = 3;
    failure.next = at("2026-03-01T14:00:00.000Z");
    failure.error = "422";
    failure.manifest_digest = "d1";
    memory.failures["Role/tenant/a"] = failure;
    FieldWrites writes;
    writes.digest = "d2";
    writes.count = 2;
    writes.kept = false;
    writes.last = at("2026-03-01T15:00:00.000Z");
    memory.writes["Role/tenant/a"]["spec.permissions"] = writes;
    Pending pending;
    pending.plan.digest = "p";
    pending.digest = "p";
    pending.revision = "git:abc";
    pending.reason = "too much";
    pending.since = at("2026-03-01T16:00:00.000Z");
    pending.expires = at("2026-03-02T16:00:00.000Z");
    pending.approved_by = "bob";
    pending.counts["create"] = 2;
    memory.pending = pending;
    memory.expired["p0"] = at("2026-03-01T11:00:00.000Z");
    memory.going["Role/tenant/g"].uid = "u7";
    memory.going["Role/tenant/g"].since = at("2026-03-01T13:30:00.000Z");
    return memory;
}

TEST_SUITE("daemon: memory")
{
    TEST_CASE("what is remembered comes back as it was")
    {
        const Memory memory = read_memory(write_memory(full_memory()));

        CHECK(memory.suspensions.at("").reason == "holiday");
        CHECK(memory.suspensions.at("").by == "ann");
        CHECK(memory.suspensions.at("").until == at("2026-03-02T12:00:00.000Z"));
        CHECK(memory.tombstones.at("Role/tenant/a").uid == "u1");
        CHECK(memory.tombstones.at("Role/tenant/a").since == at("2026-03-01T13:00:00.000Z"));
        CHECK(memory.going.at("Role/tenant/g").uid == "u7");
        CHECK(memory.going.at("Role/tenant/g").since == at("2026-03-01T13:30:00.000Z"));
        const Failure& failure = memory.failures.at("Role/tenant/a");
        CHECK(failure.count == 3);
        CHECK(failure.next == at("2026-03-01T14:00:00.000Z"));
        CHECK(failure.error == "422");
        CHECK(failure.manifest_digest == "d1");
        const FieldWrites& writes = memory.writes.at("Role/tenant/a").at("spec.permissions");
        CHECK(writes.digest == "d2");
        CHECK(writes.count == 2);
        CHECK_FALSE(writes.kept);
        CHECK(writes.last == at("2026-03-01T15:00:00.000Z"));
        CHECK(memory.expired.at("p0") == at("2026-03-01T11:00:00.000Z"));
        REQUIRE(memory.pending);
        CHECK(memory.pending->digest == "p");
        CHECK(memory.pending->plan.digest == "p");
        CHECK(memory.pending->revision == "git:abc");
        CHECK(memory.pending->reason == "too much");
        CHECK(memory.pending->approved_by == "bob");
        CHECK(memory.pending->expires == at("2026-03-02T16:00:00.000Z"));
        CHECK(memory.pending->counts.at("create") == 2);
    }

    TEST_CASE("memos of others stay")
    {
        std::vector<Memo> then = write_memory(full_memory());
        then.emplace_back("released", "Role u1", Value(Map{}));

        const Batch batch = memory_changes(then, write_memory(Memory()), WallTime());

        CHECK(batch.erase.size() + 1 == then.size());
        CHECK(std::ranges::find(batch.erase,
                                std::pair<std::string, std::string>("released", "Role u1")) ==
              batch.erase.end());
    }

    TEST_CASE("only what changed is stored")
    {
        const WallTime now = at("2026-03-01T17:00:00.000Z");
        const std::vector<Memo> then = write_memory(full_memory());
        Memory memory = full_memory();
        CHECK(memory_changes(then, write_memory(memory), now).note.empty());

        memory.tombstones.clear();
        memory.going.clear();
        memory.failures["Role/tenant/a"].count = 4;
        const Batch batch = memory_changes(then, write_memory(memory), now);

        REQUIRE(batch.note.size() == 1);
        CHECK(batch.note.front().kind == "failure");
        CHECK(batch.note.front().updated_at == "2026-03-01T17:00:00.000Z");
        REQUIRE(batch.erase.size() == 2);
        CHECK(batch.erase[0] == std::pair<std::string, std::string>("going", "Role/tenant/g"));
        CHECK(batch.erase[1] == std::pair<std::string, std::string>("tombstone", "Role/tenant/a"));
    }

    TEST_CASE("a memo that nobody understands is left out")
    {
        const Memory memory = read_memory({Memo("other", "x", Map{}), Memo("failure", "y", 7)});

        CHECK(memory.failures.empty());
    }
}

TEST_SUITE("daemon: backoff")
{
    TEST_CASE("pauses double up to the cap, and lie between half and all of that")
    {
        const auto random = make_seeded_random(7);
        BackoffRules rules;
        rules.min = std::chrono::seconds(10);
        rules.max = std::chrono::minutes(5);
        std::set<Duration> seen;
        for (std::size_t failures = 1; failures < 100; ++failures) {
            const Duration whole = failures < 6 ? rules.min * (1 << (failures - 1)) : rules.max;
            const Duration pause = backoff_delay(rules, failures, *random);
            CAPTURE(failures);
            CHECK(pause >= whole / 2);
            CHECK(pause <= whole);
            seen.insert(pause);
        }
        CHECK(seen.size() > 90);
    }

    TEST_CASE("an interval varies by no more than its share, in both directions")
    {
        const auto random = make_seeded_random(7);
        const Duration interval = std::chrono::minutes(5);
        bool shorter = false;
        bool longer = false;
        for (int i = 0; i < 200; ++i) {
            const Duration varied = jittered(interval, 10, *random);
            CHECK(varied >= interval * 9 / 10);
            CHECK(varied <= interval * 11 / 10);
            shorter = shorter || varied < interval;
            longer = longer || varied > interval;
        }
        CHECK(shorter);
        CHECK(longer);
        CHECK(jittered(interval, 0, *random) == interval);
    }
}

} // namespace

} // namespace trueup
