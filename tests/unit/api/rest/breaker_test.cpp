// The circuit breaker: alone in virtual time, and around the calls of a provider.

#include "api/rest/breaker.hpp"
#include "api/rest/codec.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;
using namespace std::chrono_literals;
using rest::Breaker;
using rest::BreakerRules;
using Outcome = Breaker::Outcome;
using State = Breaker::State;
using Verdict = Breaker::Verdict;

namespace {

constexpr Instant start{};

BreakerRules quick_rules()
{
    BreakerRules rules;
    rules.in_row_max = 3;
    rules.window = 10;
    rules.pause_min = 10s;
    rules.pause_max = 60s;
    return rules;
}

// One request at `now`, if it may go.
Verdict request(Breaker& breaker, Instant now, Outcome outcome)
{
    const Verdict verdict = breaker.ask(now);
    if (verdict == Verdict::go || verdict == Verdict::probe)
        breaker.record(now, verdict, outcome);
    return verdict;
}

void fail_until_open(Breaker& breaker, Instant now)
{
    for (int i = 0; i < 100 && breaker.state(now) != State::open; ++i)
        request(breaker, now, Outcome::failed);
    REQUIRE(breaker.state(now) == State::open);
}

} // namespace

TEST_SUITE("api: breaker")
{
    TEST_CASE("failures in a row open it, and an answer in between starts the count anew")
    {
        Breaker breaker(quick_rules());
        for (const Outcome outcome : {Outcome::failed,
                                      Outcome::failed,
                                      Outcome::answered,
                                      Outcome::failed,
                                      Outcome::failed})
            request(breaker, start, outcome);
        CHECK(breaker.state(start) == State::closed);

        request(breaker, start, Outcome::failed);

        CHECK(breaker.state(start) == State::open);
        CHECK(breaker.open_until() == start + 10s);
        CHECK(breaker.ask(start + 9s) == Verdict::refuse);
    }

    TEST_CASE("after the pause one probe goes, and the others wait for it")
    {
        Breaker breaker(quick_rules());
        fail_until_open(breaker, start);

        CHECK(breaker.state(start + 10s) == State::half_open);
        CHECK(breaker.ask(start + 10s) == Verdict::probe);
        CHECK(breaker.ask(start + 10s) == Verdict::wait);
        breaker.record(start + 11s, Verdict::probe, Outcome::answered);

        CHECK(breaker.state(start + 11s) == State::closed);
        CHECK(breaker.ask(start + 11s) == Verdict::go);
    }

    TEST_CASE("a probe that fails doubles the pause, up to the cap")
    {
        Breaker breaker(quick_rules());
        fail_until_open(breaker, start);
        Instant now = start;

        std::vector<Duration> pauses;
        for (int i = 0; i < 5; ++i) {
            pauses.push_back(breaker.open_until() - now);
            now = breaker.open_until();
            CHECK(request(breaker, now, Outcome::failed) == Verdict::probe);
        }

        CHECK(pauses == std::vector<Duration>{10s, 20s, 40s, 60s, 60s});
    }

    TEST_CASE("a probe that was given up leaves the place to another")
    {
        Breaker breaker(quick_rules());
        fail_until_open(breaker, start);

        CHECK(request(breaker, start + 10s, Outcome::unknown) == Verdict::probe);

        CHECK(breaker.ask(start + 10s) == Verdict::probe);
    }

    TEST_CASE("what was under way when it opened decides nothing")
    {
        Breaker breaker(quick_rules());
        const Verdict early = breaker.ask(start);
        fail_until_open(breaker, start);

        breaker.record(start + 1s, early, Outcome::answered);
        CHECK(breaker.state(start + 1s) == State::open);
        CHECK(breaker.ask(start + 10s) == Verdict::probe);
        breaker.record(start + 10s, early, Outcome::failed);

        CHECK(breaker.open_until() == start + 10s);
    }

    TEST_CASE("a good while makes the next pause a short one again")
    {
        Breaker breaker(quick_rules());
        fail_until_open(breaker, start);
        request(breaker, start + 10s, Outcome::failed); // 20s
        request(breaker, start + 30s, Outcome::answered);
        for (int i = 0; i < 10; ++i)
            request(breaker, start + 31s, Outcome::answered);

        fail_until_open(breaker, start + 32s);

        CHECK(breaker.open_until() == start + 42s);
    }

    TEST_CASE("half of all answers 503 for a minute: few calls go, and it recovers alone")
    {
        Breaker breaker{BreakerRules()};
        std::size_t sent = 0;
        std::size_t asked = 0;
        const auto minute = [&](Instant from, bool storm) {
            for (int tick = 0; tick < 600; ++tick) {
                const Instant now = from + tick * 100ms;
                const bool bad = storm && asked++ % 2 == 0;
                const Verdict verdict =
                    request(breaker, now, bad ? Outcome::failed : Outcome::answered);
                sent += verdict == Verdict::go || verdict == Verdict::probe ? 1U : 0U;
            }
        };

        minute(start, true);
        const std::size_t in_storm = sent;
        minute(start + 1min, false);
        sent = 0;
        minute(start + 2min, false);

        MESSAGE("calls in the storm: ", in_storm, " of 600");
        CHECK(in_storm <= 100);
        CHECK(sent == 600);
        CHECK(breaker.state(start + 3min) == State::closed);
    }

    TEST_CASE("around a provider: an API that is down is left alone, and found again")
    {
        bool down = true;
        RestOptions options = World::unlimited();
        options.attempts_max = 2;
        options.breaker = quick_rules();
        World world(
            catalogue_of({role()}),
            [&](const SentRequest&) -> Result<HttpResponse> {
                if (down)
                    return make_response(503);
                return make_response(200, R"({"metadata": {"uid": "u1", "name": "admin"}})");
            },
            std::move(options));
        const auto read = [&] {
            return world.clock.run(
                world.provider->read(world.kind("Role"), {}, "u1", CallContext("Role/tenant/a")));
        };

        for (int i = 0; i < 10; ++i)
            CHECK_FALSE(read());

        CHECK(world.http.requests.size() == 3);
        CHECK(world.provider->traffic().breaker == "open");
        REQUIRE(world.provider->traffic().breaker_until);
        const auto refused = read();
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::network);
        CHECK(refused.error().effect == Effect::none);
        CHECK(refused.error().message.find("left alone") != std::string::npos);

        down = false;
        world.clock.advance(10s);
        CHECK(world.provider->traffic().breaker == "half-open");
        CHECK(read());
        CHECK(world.provider->traffic().breaker == "closed");
        CHECK_FALSE(world.provider->traffic().breaker_until);
    }

    TEST_CASE("an API that refuses what is sent, or for the rate, is not down")
    {
        RestOptions options = World::unlimited();
        options.breaker = quick_rules();
        options.attempts_max = 1;
        World world(
            catalogue_of({role()}),
            [n = 0](const SentRequest&) mutable -> Result<HttpResponse> {
                return make_response(++n % 2 == 0 ? 429 : 404);
            },
            std::move(options));

        for (int i = 0; i < 20; ++i)
            static_cast<void>(world.clock
                                  .run(world.provider->read(
                                      world.kind("Role"), {}, "u1", CallContext("Role/tenant/a")))
                                  .has_value());

        CHECK(world.provider->traffic().breaker == "closed");
        CHECK(world.http.requests.size() == 20);
    }
}

} // namespace trueup
