#include "tests/unit/state/store/store_fixture.hpp"

#include <boost/asio/post.hpp>

namespace trueup {

namespace {

Batch lazy_batch(int i)
{
    Batch batch = put_batch(i);
    batch.must_be_durable = false;
    return batch;
}

// Commits one after the other, each once the one before is stored.
Task<void> commit_in_turn(Store& store, int count, bool& all_stored)
{
    for (int i = 0; i < count; ++i) {
        auto stored = co_await store.commit(put_batch(i));
        if (!stored)
            all_stored = false;
    }
}

TEST_SUITE("state: group commit")
{
    TEST_CASE("all that is committed in one turn of the loop is one transaction")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);
            Commits commits(state.context);
            constexpr int count = 50;
            for (int i = 0; i < count; ++i)
                commits.start(*store, put_batch(i));

            commits.finish();

            for (std::size_t i = 0; i < count; ++i)
                CHECK(commits.result(i));
            CHECK(store->counters().batches == count);
            CHECK(store->counters().transactions == 1);
            CHECK(records_of(*store).size() == count);
        }
    }

    TEST_CASE("what is committed in turn is a transaction each")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);
            bool all_stored = true;
            bool ended = false;
            boost::asio::co_spawn(state.context.get_executor(),
                                  commit_in_turn(*store, 10, all_stored),
                                  [&](const std::exception_ptr&) { ended = true; });

            state.context.run();

            CHECK(ended);
            CHECK(all_stored);
            CHECK(store->counters().transactions == 10);
        }
    }

    TEST_CASE("batches take effect in the order in which they were committed")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);
            Commits commits(state.context);
            constexpr int count = 20;
            for (int i = 0; i < count; ++i) {
                Batch batch = i % 3 == 0 ? lazy_batch(1) : put_batch(1);
                batch.put.front().uid = std::to_string(i);
                commits.start(*store, std::move(batch));
            }

            commits.finish();

            const auto records = records_of(*store);
            REQUIRE(records.size() == 1);
            CHECK(records.front().uid == std::to_string(count - 1));
        }
    }

    TEST_CASE("a durable commit is resumed only after its transaction")
    {
        StateFixture state;
        auto store = state.open(StoreMode::writer, SyncMode::worker);
        std::uint64_t transactions_when_resumed = 0;
        boost::asio::co_spawn(state.context.get_executor(),
                              store->commit(put_batch(1)),
                              [&](const std::exception_ptr&, const Result<void>& stored) {
                                  CHECK(stored);
                                  transactions_when_resumed = store->counters().transactions;
                              });

        state.context.run();

        CHECK(transactions_when_resumed == 1);
    }

    TEST_CASE("a batch that need not be durable rides with the next that must be")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);
            REQUIRE(state.commit(*store, lazy_batch(1)));
            CHECK(store->counters().transactions == 0);

            REQUIRE(state.commit(*store, put_batch(2)));

            CHECK(store->counters().transactions == 1);
            CHECK(records_of(*store).size() == 2);
        }
    }

    TEST_CASE("a read sees every batch whose commit has returned")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);
            REQUIRE(state.commit(*store, lazy_batch(1)));

            CHECK(records_of(*store).size() == 1);

            // Also beside a durable one that the worker may be storing at this moment.
            Commits commits(state.context);
            commits.start(*store, put_batch(2));
            commits.start(*store, lazy_batch(3));
            state.context.restart();
            while (!commits.finished(1))
                state.context.run_one();
            const auto third = store->record(make_record(3).address);
            REQUIRE(third);
            CHECK(third->has_value());
            commits.finish();
            CHECK(commits.result(0));
            CHECK(records_of(*store).size() == 3);
        }
    }

    TEST_CASE("batches that need not be durable are stored at the latest when the store goes")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            {
                auto store = state.open(StoreMode::writer, sync);
                for (int i = 0; i < 5; ++i)
                    REQUIRE(state.commit(*store, lazy_batch(i)));
                CHECK(store->counters().transactions == 0);
            }
            auto store = state.open();
            CHECK(records_of(*store).size() == 5);
        }
    }

    TEST_CASE("so many batches that need not be durable are stored by themselves")
    {
        StateFixture state;
        auto store = state.open();
        for (int i = 0; i < 200; ++i)
            REQUIRE(state.commit(*store, lazy_batch(i)));

        CHECK(store->counters().transactions >= 1);
        CHECK(store->counters().transactions <= 4);
        auto beside = state.open(StoreMode::read_only);
        CHECK(records_of(*beside).size() >= 128);
    }

    TEST_CASE("a store that goes while commits wait stores them and answers them")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);
            Commits commits(state.context);
            for (int i = 0; i < 3; ++i)
                commits.start(*store, put_batch(i));
            // Far enough that the first is handed over; with a worker it may be on its way to the
            // disk.
            state.context.restart();
            state.context.poll_one();
            state.context.poll_one();
            state.context.poll_one();

            store.reset();
            commits.finish();

            auto again = state.open();
            CHECK(records_of(*again).size() == 3);
            for (std::size_t i = 0; i < 3; ++i) {
                REQUIRE(commits.finished(i));
                CHECK(commits.result(i));
            }
        }
    }
}

} // namespace

} // namespace trueup
