#include "tests/unit/state/store/store_fixture.hpp"

#include <boost/asio/post.hpp>

namespace trueup {

namespace {

Record full_record()
{
    Record record = make_record(1);
    record.last_applied = Value(Map{{"spec",
                                     Map{{"big", std::int64_t{9007199254740993}},
                                         {"exact", Decimal("1.10")},
                                         {"nothing", nullptr},
                                         {"list", List{true, "zwei \"2\"", 3}}}}});
    record.prevent_destroy = true;
    record.abandon = true;
    record.depends_on = {"A/tenant/x", "B/tenant/\"y\""};
    record.waiting = "spec.state is Running";
    record.waiting_since = "2026-03-01T12:00:01.000Z";
    return record;
}

TEST_SUITE("state: store")
{
    TEST_CASE("a record comes back as it was put, after reopening too")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            const Record record = full_record();
            {
                auto store = state.open(StoreMode::writer, sync);
                Batch batch;
                batch.put.push_back(record);
                REQUIRE(state.commit(*store, std::move(batch)));

                const auto found = store->record(record.address);

                REQUIRE(found);
                REQUIRE(found->has_value());
                check_same(**found, record);
            }
            auto store = state.open(StoreMode::writer, sync);
            const auto records = records_of(*store);
            REQUIRE(records.size() == 1);
            check_same(records.front(), record);
        }
    }

    TEST_CASE("a secret comes back as its hash, and its text is nowhere in the files")
    {
        const std::string canary = "canary-7f3a-secret-text";
        const SecretHasher hasher("0123456789abcdef0123456789abcdef");
        for (const SyncMode sync : sync_modes) {
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);
            Batch batch;
            Record record = make_record(1);
            record.last_applied =
                Value(Map{{"spec", Map{{"password", hasher.make(canary, "file:/run/x")}}}});
            Intent intent = make_intent(1);
            intent.desired = record.last_applied;
            batch.open.push_back(intent);
            batch.put.push_back(record);
            REQUIRE(state.commit(*store, std::move(batch)));

            const auto records = records_of(*store);
            const std::string file = bytes_of(state.file);
            const std::string journal = bytes_of(state.file.string() + "-wal");

            CHECK(records.front().last_applied == record.last_applied);
            CHECK_FALSE(journal.empty());
            CHECK((file + journal).find(hasher.hash(canary)) != std::string::npos);
            CHECK((file + journal).find(canary) == std::string::npos);
        }
    }

    TEST_CASE("records are listed by address, intents oldest first, audit newest first")
    {
        StateFixture state;
        auto store = state.open();
        for (const int i : {3, 1, 2}) {
            Batch batch = put_batch(i);
            batch.open.push_back(make_intent(i));
            batch.audit.push_back(make_audit(i));
            REQUIRE(state.commit(*store, std::move(batch)));
        }

        const auto records = records_of(*store);
        const auto intents = store->open_intents();
        const auto audit = store->audit(2);

        REQUIRE(records.size() == 3);
        CHECK(records[0].address == make_record(1).address);
        CHECK(records[2].address == make_record(3).address);
        REQUIRE(intents);
        REQUIRE(intents->size() == 3);
        CHECK((*intents)[0].id == make_intent(3).id);
        CHECK((*intents)[2].id == make_intent(2).id);
        REQUIRE(audit);
        REQUIRE(audit->size() == 2);
        CHECK((*audit)[0].address == make_audit(2).address);
        CHECK((*audit)[1].address == make_audit(1).address);
    }

    TEST_CASE("an intent keeps all that its outcome will write")
    {
        StateFixture state;
        Intent intent = make_intent(1);
        intent.uid = "u-1";
        intent.prevent_destroy = true;
        intent.abandon = true;
        intent.depends_on = {"A/tenant/x"};
        {
            auto store = state.open();
            Batch batch;
            batch.open.push_back(intent);
            REQUIRE(state.commit(*store, std::move(batch)));
        }
        auto store = state.open();
        const auto intents = store->open_intents();

        REQUIRE(intents);
        REQUIRE(intents->size() == 1);
        const Intent& found = intents->front();
        CHECK(found.id == intent.id);
        CHECK(found.address == intent.address);
        CHECK(found.verb == intent.verb);
        CHECK(found.route == intent.route);
        CHECK(found.scope_uid == intent.scope_uid);
        CHECK(found.uid == intent.uid);
        CHECK(found.desired == intent.desired);
        CHECK(found.plan_id == intent.plan_id);
        CHECK(found.opened_at == intent.opened_at);
        CHECK(found.prevent_destroy);
        CHECK(found.abandon);
        CHECK(found.depends_on == intent.depends_on);
    }

    TEST_CASE("put replaces by address, forget removes, close ends an intent, twice is once")
    {
        StateFixture state;
        auto store = state.open();
        Batch first = put_batch(1);
        first.put.push_back(make_record(2));
        first.open.push_back(make_intent(1));
        REQUIRE(state.commit(*store, std::move(first)));
        Batch second;
        second.put.push_back(make_record(1));
        second.put.back().uid = "another";
        second.forget = {make_record(2).address, "Thing/team-a/never-was"};
        second.close = {make_intent(1).id, make_intent(1).id};

        REQUIRE(state.commit(*store, std::move(second)));

        const auto records = records_of(*store);
        REQUIRE(records.size() == 1);
        CHECK(records.front().uid == "another");
        const auto gone = store->record(make_record(2).address);
        REQUIRE(gone);
        CHECK_FALSE(gone->has_value());
        const auto intents = store->open_intents();
        REQUIRE(intents);
        CHECK(intents->empty());
    }

    TEST_CASE("a state is bound once, and the second binding stores nothing")
    {
        StateFixture state;
        auto store = state.open();
        const auto unbound = store->binding();
        REQUIRE(unbound);
        CHECK_FALSE(unbound->has_value());
        Binding binding;
        binding.endpoint = "https://api.example.com";
        binding.tenant_uid = "tenant-1";
        binding.owner_id = "owner-1";
        Batch bind;
        bind.bind = binding;
        REQUIRE(state.commit(*store, bind));
        Batch again = put_batch(1);
        again.bind = binding;
        again.bind->owner_id = "owner-2";

        const auto refused = state.commit(*store, std::move(again));

        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::store_failed);
        const auto bound = store->binding();
        REQUIRE(bound);
        CHECK(bound->value() == binding);
        CHECK(records_of(*store).empty());
    }

    TEST_CASE("one bad batch fails all that share its transaction, and the store goes on")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);
            Batch intent;
            intent.open.push_back(make_intent(1));
            REQUIRE(state.commit(*store, intent));
            Commits commits(state.context);
            commits.start(*store, put_batch(1));
            commits.start(*store, intent); // the same id again
            commits.start(*store, put_batch(2));

            commits.finish();

            for (std::size_t i = 0; i < commits.started(); ++i) {
                REQUIRE(commits.finished(i));
                REQUIRE_FALSE(commits.result(i));
                CHECK(commits.result(i).error().code == Errc::store_failed);
            }
            CHECK(records_of(*store).empty());
            CHECK(state.commit(*store, put_batch(3)));
            CHECK(records_of(*store).size() == 1);
        }
    }

    TEST_CASE("the audit cannot be changed or shortened, not even by hand")
    {
        StateFixture state;
        state.fill(3);
        const std::string shell = "sqlite3 '" + state.file.string() + "' ";

        CHECK(std::system((shell + "\"DELETE FROM audit\" 2>/dev/null").c_str()) != 0);
        CHECK(std::system((shell + "\"UPDATE audit SET verb = 'x'\" 2>/dev/null").c_str()) != 0);

        const auto lines = verify_audit(state.file);
        REQUIRE(lines);
        CHECK(*lines == 3);
    }
}

} // namespace

} // namespace trueup
