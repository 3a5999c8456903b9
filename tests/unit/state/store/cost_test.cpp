#include "tests/unit/state/store/store_fixture.hpp"

#include <ctime>

namespace trueup {

namespace {

// Processor time of this process, all threads. Wall time would measure the disk and the neighbours.
double cpu_seconds()
{
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

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

double cost_of_creates(StateFixture& state, Store& store, int from, int count)
{
    int stored = 0;
    const double before = cpu_seconds();
    state.context.restart();
    boost::asio::co_spawn(state.context.get_executor(),
                          create_in_turn(store, from, count, stored),
                          [](const std::exception_ptr&) {});
    state.context.run();
    const double cost = cpu_seconds() - before;
    CHECK(stored == count);
    return cost;
}

TEST_SUITE("state: cost")
{
    TEST_CASE("a thousand creates cost the same, whatever is there already")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto store = state.open(StoreMode::writer, sync);

            const double first = cost_of_creates(state, *store, 0, 1000);
            cost_of_creates(state, *store, 1000, 2000);
            const double fourth = cost_of_creates(state, *store, 3000, 1000);

            MESSAGE(mode_name(sync) << ": " << first << " s, then " << fourth << " s");
            // If each looked at all that is there, it would be seven times as much.
            CHECK(fourth < first * 4.0);
            CHECK(records_of(*store).size() == 4000);
        }
    }

    TEST_CASE("opening ten thousand records costs a fraction of reading them")
    {
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
            double before = cpu_seconds();
            auto store = state.open(mode);
            const double opening = cpu_seconds() - before;
            before = cpu_seconds();
            CHECK(records_of(*store).size() == 10'000);
            const double reading = cpu_seconds() - before;

            MESSAGE("opening " << opening << " s, reading " << reading << " s, "
                               << std::filesystem::file_size(state.file) << " bytes");
            CHECK(opening < reading);
        }
    }
}

} // namespace

} // namespace trueup
