#include "tests/unit/state/store/store_fixture.hpp"

#include <sqlite3.h>

#include <atomic>

namespace trueup {

namespace {

// What SQLite does is counted in steps of its virtual machine, in all connections of the process:
// the same on every machine, however busy it is.
constexpr int steps_at_once = 10;
std::atomic<long> steps_counted{0};

int count_steps(void* /*unused*/)
{
    steps_counted += steps_at_once;
    return 0;
}

int watch_connection(sqlite3* connection, const char** /*unused*/, const void* /*unused*/)
{
    ::sqlite3_progress_handler(connection, steps_at_once, count_steps, nullptr);
    return SQLITE_OK;
}

class StepCounter {
public:
    StepCounter() { ::sqlite3_auto_extension(as_extension()); }
    StepCounter(const StepCounter&) = delete;
    StepCounter& operator=(const StepCounter&) = delete;
    ~StepCounter() { ::sqlite3_cancel_auto_extension(as_extension()); }

    static long steps() { return steps_counted; }

private:
    // SQLite takes it by another type than it calls it with.
    static void (*as_extension())() { return reinterpret_cast<void (*)()>(watch_connection); }
};

// A resource as big as real ones are.
Record big_record(int i)
{
    Record record = make_record(i);
    List env;
    for (int n = 0; n < 8; ++n)
        env.push_back(Map{{"name", "VARIABLE_" + std::to_string(n)},
                          {"value", "a value of some length " + std::to_string(i)}});
    record.last_applied =
        Value(Map{{"metadata", Map{{"name", record.address}, {"labels", Map{{"a", "b"}}}}},
                  {"spec", Map{{"env", env}, {"size", i}}}});
    return record;
}

// A create as the engine makes it: the intent is durable before the call, the outcome may ride
// along.
Task<void> create_in_turn(Store& store, int from, int count, int& stored)
{
    for (int i = from; i < from + count; ++i) {
        Batch intent;
        intent.open.push_back(make_intent(i));
        intent.open.back().desired = big_record(i).last_applied;
        auto opened = co_await store.commit(std::move(intent));
        Batch outcome;
        outcome.put.push_back(big_record(i));
        outcome.close.push_back(make_intent(i).id);
        outcome.audit.push_back(make_audit(i));
        auto closed = co_await store.commit(std::move(outcome));
        if (opened && closed)
            ++stored;
    }
}

long cost_of_creates(StateFixture& state, Store& store, int from, int count)
{
    int stored = 0;
    const long before = StepCounter::steps();
    state.context.restart();
    boost::asio::co_spawn(state.context.get_executor(),
                          create_in_turn(store, from, count, stored),
                          [](const std::exception_ptr&) {});
    state.context.run();
    const long cost = StepCounter::steps() - before;
    CHECK(stored == count);
    return cost;
}

TEST_SUITE("state: cost")
{
    TEST_CASE("a thousand creates cost the same, whatever is there already")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            const StepCounter counter;
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);

            const long first = cost_of_creates(state, *store, 0, 1000);
            cost_of_creates(state, *store, 1000, 2000);
            const long fourth = cost_of_creates(state, *store, 3000, 1000);

            MESSAGE(mode_name(sync) << ": " << first << " steps, then " << fourth);
            // If each looked at all that is there, it would be seven times as much.
            REQUIRE(first > 1000);
            CHECK(fourth < first * 2);
            CHECK(records_of(*store).size() == 4000);
        }
    }

    TEST_CASE("opening ten thousand records looks at each once, and so does reading them")
    {
        const StepCounter counter;
        StateFixture state;
        {
            auto store = state.open();
            Batch batch;
            for (int i = 0; i < 10'000; ++i) {
                batch.put.push_back(big_record(i));
                batch.audit.push_back(make_audit(i));
            }
            REQUIRE(state.commit(*store, std::move(batch)));
        }
        for (const StoreMode mode : {StoreMode::writer, StoreMode::read_only}) {
            long before = StepCounter::steps();
            auto store = state.open(mode);
            const long opening = StepCounter::steps() - before;
            before = StepCounter::steps();
            CHECK(records_of(*store).size() == 10'000);
            const long reading = StepCounter::steps() - before;

            MESSAGE("opening " << opening << " steps, reading " << reading);
            // The check of a row and of its places in the indices takes about 65.
            CHECK(opening < 100 * 10'000);
            CHECK(reading < 20 * 10'000);
        }
    }
}

} // namespace

} // namespace trueup
