#include "api/rest/rate.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

#include <cmath>

namespace trueup {

using namespace std::chrono_literals;
using rest::RateLimiter;
using rest::Reservation;
using rest::TokenBucket;

namespace {

// The instant at which the last of `calls` requests may go, when all are asked for at once.
Instant last_of(TokenBucket& bucket, int calls, Instant now)
{
    Instant last = now;
    for (int i = 0; i < calls; ++i) {
        const Instant due = std::max(now, bucket.due(bucket.reserve(now)));
        CHECK(due >= last); // first come, first served
        last = due;
    }
    return last;
}

double seconds(Duration duration)
{
    return std::chrono::duration<double>(duration).count();
}

} // namespace

TEST_SUITE("api: rate")
{
    TEST_CASE("10 a second without a burst: 100 calls take the ideal time and at most 3% more")
    {
        TokenBucket bucket(10, 1);
        const Instant start{};

        const double taken = seconds(last_of(bucket, 100, start) - start);

        CHECK(taken >= 9.9);
        CHECK(taken <= 9.9 * 1.03);
    }

    TEST_CASE("a burst goes at once, and fills again while nothing is sent")
    {
        TokenBucket bucket(10, 50);
        const Instant start{};
        CHECK(last_of(bucket, 50, start) == start);
        CHECK(seconds(last_of(bucket, 50, start) - start) == doctest::Approx(5.0));

        const Instant later = start + 5s + 2s;
        CHECK(last_of(bucket, 20, later) == later);
        CHECK(last_of(bucket, 1, later) > later);
    }

    TEST_CASE("no window of any length sees more than the burst and the rate")
    {
        TokenBucket bucket(10, 5);
        std::vector<Instant> sent;
        Instant now{};
        for (int i = 0; i < 500; ++i) {
            now += std::chrono::milliseconds(i % 7 == 0 ? 400 : 30);
            sent.push_back(std::max(now, bucket.due(bucket.reserve(now))));
        }

        for (std::size_t i = 0; i < sent.size(); ++i)
            for (std::size_t j = i; j < sent.size(); j += 10)
                CHECK(static_cast<double>(j - i + 1) <= 5 + 10 * seconds(sent[j] - sent[i]) + 1e-3);
    }

    TEST_CASE("unlimited: everything goes now, but for the pause after a refusal")
    {
        TokenBucket bucket(0, 1);
        const Instant now{};
        CHECK(last_of(bucket, 100'000, now) == now);

        bucket.penalise(now, now + 3s);

        CHECK(last_of(bucket, 10, now) == now + 3s);
        CHECK(last_of(bucket, 10, now + 3s) == now + 3s);
    }

    TEST_CASE("a refusal pauses the group, moves who waits, keeps their order and halves the rate")
    {
        TokenBucket bucket(10, 10);
        const Instant now{};
        last_of(bucket, 10, now);
        const Reservation first(bucket, now);
        const Reservation second(bucket, now);
        CHECK(first.due() < now + 1s);

        bucket.penalise(now, now + 5s);

        CHECK(first.due() == now + 5s);
        CHECK(second.due() == now + 5s + 200ms);
        const Reservation third(bucket, now);
        CHECK(third.due() == now + 5s + 400ms);
        CHECK(bucket.factor(now) == 0.5);
    }

    TEST_CASE("refusals of one rush halve the rate once; a later one halves it again")
    {
        TokenBucket bucket(10, 1);
        const Instant now{};
        for (int i = 0; i < 8; ++i)
            bucket.penalise(now + i * 1ms, now + 2s);
        CHECK(bucket.factor(now + 10ms) == 0.5);

        bucket.penalise(now + 3s, now + 4s);
        CHECK(bucket.factor(now + 3s) < 0.3);
    }

    TEST_CASE("the rate never falls to nothing, and comes back")
    {
        TokenBucket bucket(10, 1);
        Instant now{};
        for (int i = 0; i < 50; ++i, now += 2s)
            bucket.penalise(now, now + 1s);
        CHECK(bucket.factor(now) >= 1.0 / 16);

        CHECK(bucket.factor(now + 1min) > 0.4);
        CHECK(bucket.factor(now + 2min) == 1.0);
        last_of(bucket, 1, now + 10min);
        CHECK(seconds(last_of(bucket, 11, now + 10min) - (now + 10min)) ==
              doctest::Approx(1.1).epsilon(0.01));
    }

    TEST_CASE("the longest prefix decides, by whole parts of the path")
    {
        ApiRules api;
        api.rates = {
            {"/v1/clusters", 50, 250}, {"/v1/clusters/{uid}/profiles", 2, 2}, {"/v1", 7, 7}};
        RateLimiter limiter(api, std::nullopt);

        TokenBucket& clusters = limiter.bucket("/v1/clusters");
        CHECK(&limiter.bucket("/v1/clusters/{uid}") == &clusters);
        CHECK(&limiter.bucket("/v1/clusters/{clusterUid}/profiles/x") != &clusters);
        CHECK(&limiter.bucket("/v1/clustersets") == &limiter.bucket("/v1/other"));
        CHECK(&limiter.bucket("/v1/clustersets") != &clusters);
    }

    TEST_CASE("paths without a rule share a bucket by their first two parts")
    {
        ApiRules api;
        RateLimiter limiter(api, std::nullopt);

        CHECK(&limiter.bucket("/v1/teams") == &limiter.bucket("/v1/teams/{uid}/roles"));
        CHECK(&limiter.bucket("/v1/teams") != &limiter.bucket("/v1/users"));
        CHECK(&limiter.bucket("/pets/{id}") == &limiter.bucket("/pets"));
        CHECK(last_of(limiter.bucket("/v1/teams"), 50, Instant()) == Instant());
        CHECK(last_of(limiter.bucket("/v1/teams"), 1, Instant()) > Instant());
    }

    TEST_CASE("a rate of one's own holds for every group and is evenly spaced")
    {
        ApiRules api;
        api.rates = {{"/v1/clusters", 50, 250}};
        RateLimiter limiter(api, 4);

        const Instant last = last_of(limiter.bucket("/v1/clusters"), 9, Instant());

        CHECK(last == Instant() + 2s);
    }
}

} // namespace trueup
