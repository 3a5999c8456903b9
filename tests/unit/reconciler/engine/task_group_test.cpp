#include "reconciler/engine/task_group.hpp"
#include "tests/support/manual_clock.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

using namespace trueup;
using namespace std::chrono_literals;

namespace {

Task<void> note_after(Clock& clock, Duration delay, int id, std::vector<int>& ended)
{
    co_await clock.sleep(delay);
    ended.push_back(id);
}

Task<void> throw_after(Clock& clock, Duration delay)
{
    co_await clock.sleep(delay);
    throw std::runtime_error("a bug");
}

} // namespace

TEST_SUITE("engine: task group")
{
    TEST_CASE("tasks run side by side, and waiting for all leaves none behind")
    {
        boost::asio::io_context context;
        ManualClock clock(context);
        std::vector<int> ended;
        TaskGroup group(context.get_executor());

        group.spawn(note_after(clock, 30s, 1, ended));
        group.spawn(note_after(clock, 10s, 2, ended));
        group.spawn(note_after(clock, 20s, 3, ended));
        clock.run(group.wait_all());

        CHECK(ended == std::vector<int>{2, 3, 1});
        CHECK(clock.now().time_since_epoch() == 30s);
        CHECK(group.running() == 0);
    }

    TEST_CASE("waiting for any returns at the first end")
    {
        boost::asio::io_context context;
        ManualClock clock(context);
        std::vector<int> ended;
        TaskGroup group(context.get_executor());
        group.spawn(note_after(clock, 30s, 1, ended));
        group.spawn(note_after(clock, 10s, 2, ended));

        clock.run(group.wait_any());
        CHECK(ended == std::vector<int>{2});

        clock.run(group.wait_all());
        CHECK(ended.size() == 2);
    }

    TEST_CASE("waiting for room returns when fewer run than the limit, at once when they do")
    {
        boost::asio::io_context context;
        ManualClock clock(context);
        std::vector<int> ended;
        TaskGroup group(context.get_executor());

        clock.run(group.wait_below(1));
        group.spawn(note_after(clock, 10s, 1, ended));
        group.spawn(note_after(clock, 20s, 2, ended));
        clock.run(group.wait_below(2));

        CHECK(group.running() == 1);
        CHECK(clock.now().time_since_epoch() == 10s);
        clock.run(group.wait_all());
    }

    TEST_CASE("a task that ends without having waited is no special case")
    {
        boost::asio::io_context context;
        ManualClock clock(context);
        std::vector<int> ended;
        TaskGroup group(context.get_executor());

        group.spawn(note_after(clock, 0s, 1, ended));
        clock.run(group.wait_all());
        clock.run(group.wait_any());
        clock.run(group.wait_all());

        CHECK(ended == std::vector<int>{1});
    }

    TEST_CASE("an exception is a bug: the others end first, then whoever waits for all gets it")
    {
        boost::asio::io_context context;
        ManualClock clock(context);
        std::vector<int> ended;
        TaskGroup group(context.get_executor());
        group.spawn(throw_after(clock, 10s));
        group.spawn(note_after(clock, 30s, 1, ended));

        CHECK_THROWS_WITH(clock.run(group.wait_all()), "a bug");
        CHECK(ended == std::vector<int>{1});
    }
}
