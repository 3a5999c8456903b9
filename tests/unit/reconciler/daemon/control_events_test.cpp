#include "reconciler/daemon/event_hub.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/texts.hpp"

#include <doctest/doctest.h>

namespace trueup {

namespace {

using test::count_of;

Event event_number(int number)
{
    return Event(EventType::note, Level::info, "number " + std::to_string(number));
}

struct HubWorld {
    boost::asio::io_context context;
    ManualClock clock{context};
    EventHub hub{clock};
};

} // namespace

TEST_SUITE("daemon: events")
{
    TEST_CASE("a listener gets what happens after it came, as server-sent events")
    {
        HubWorld world;
        world.hub.emit(event_number(1));
        const auto feed = world.hub.listen(std::nullopt);
        REQUIRE(feed);
        Event call(EventType::api_call, Level::debug, "");
        call.call = "GET /v1/roles";
        call.status = 200;
        call.revision = "git:3f2a";
        world.hub.emit(call);

        const auto piece = world.clock.run((*feed)->next());

        REQUIRE(piece);
        CHECK(*piece == "id: 2\nevent: api_call\ndata: {\"attempt\":1,\"call\":\"GET /v1/roles\","
                        "\"event\":\"api_call\",\"level\":\"debug\",\"ms\":0,"
                        "\"revision\":\"git:3f2a\",\"status\":200,"
                        "\"time\":\"2026-03-01T00:00:00.000Z\"}\n\n");
    }

    TEST_CASE("a quiet stream shows that it lives")
    {
        HubWorld world;
        const auto feed = world.hub.listen(std::nullopt);
        REQUIRE(feed);
        const Instant start = world.clock.now();

        const auto piece = world.clock.run((*feed)->next());

        CHECK(piece == ": nothing new\n\n");
        CHECK(world.clock.now() - start == EventHub::quiet_max);
    }

    TEST_CASE("a listener that falls behind is dropped; the others get everything")
    {
        HubWorld world;
        const auto slow = world.hub.listen(std::nullopt);
        const auto quick = world.hub.listen(std::nullopt);
        REQUIRE(slow);
        REQUIRE(quick);
        std::string heard;
        for (int i = 0; i < static_cast<int>(EventHub::queue_max) + 1; ++i) {
            world.hub.emit(event_number(i));
            heard += world.clock.run((*quick)->next()).value_or("the end");
        }

        CHECK(count_of(heard, "id: ") == EventHub::queue_max + 1);
        CHECK_FALSE(world.clock.run((*slow)->next()));
    }

    TEST_CASE("who comes back with the last id it saw misses nothing that is still kept")
    {
        HubWorld world;
        for (int i = 1; i <= 300; ++i)
            world.hub.emit(event_number(i));

        const auto feed = world.hub.listen(298);
        const auto late = world.hub.listen(3);
        REQUIRE(feed);
        REQUIRE(late);
        const auto rest = world.clock.run((*feed)->next());
        const auto kept = world.clock.run((*late)->next());

        REQUIRE(rest);
        CHECK(count_of(*rest, "id: ") == 2);
        CHECK(rest->find("id: 299") != std::string::npos);
        REQUIRE(kept);
        CHECK(count_of(*kept, "id: ") == EventHub::recent_max);
    }

    TEST_CASE("there is a bound on listeners, and those who went do not count")
    {
        HubWorld world;
        std::vector<std::shared_ptr<BodyFeed>> feeds;
        for (std::size_t i = 0; i < EventHub::listeners_max; ++i) {
            auto feed = world.hub.listen(std::nullopt);
            REQUIRE(feed);
            feeds.push_back(std::move(*feed));
        }

        const auto refused = world.hub.listen(std::nullopt);
        feeds.pop_back();

        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::busy);
        CHECK(world.hub.listen(std::nullopt));
    }
}

} // namespace trueup
