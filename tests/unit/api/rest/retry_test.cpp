#include "api/rest/retry.hpp"

#include <doctest/doctest.h>

namespace trueup {

using namespace std::chrono_literals;
using rest::parse_retry_after;
using rest::retry_wait;

namespace {

Error status_error(Errc code, int status, Effect effect)
{
    Error error(code, "x");
    error.api = ApiFailure();
    error.api->status = status;
    error.effect = effect;
    return error;
}

Error network(Effect effect)
{
    Error error(Errc::network, "x");
    error.effect = effect;
    return error;
}

bool repeats(OperationClass operation_class, const Error& error)
{
    return retry_wait({}, operation_class, 1, error, 0).has_value();
}

const WallTime noon{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + 12h};

} // namespace

TEST_SUITE("api: retry")
{
    TEST_CASE("reads, logins and idempotent calls are repeated on what may pass")
    {
        for (const auto c :
             {OperationClass::read, OperationClass::login, OperationClass::idempotent}) {
            CAPTURE(name_of(c));
            CHECK(repeats(c, network(Effect::unknown)));
            CHECK(repeats(c, status_error(Errc::timed_out, 408, Effect::unknown)));
            CHECK(repeats(c, status_error(Errc::throttled, 429, Effect::none)));
            CHECK(repeats(c, status_error(Errc::server_failed, 500, Effect::unknown)));
            CHECK(repeats(c, status_error(Errc::server_failed, 503, Effect::unknown)));
            CHECK_FALSE(repeats(c, status_error(Errc::rejected, 400, Effect::none)));
            CHECK_FALSE(repeats(c, status_error(Errc::unauthorized, 401, Effect::none)));
            CHECK_FALSE(repeats(c, status_error(Errc::not_found, 404, Effect::none)));
            CHECK_FALSE(repeats(c, status_error(Errc::conflict, 409, Effect::none)));
        }
    }

    TEST_CASE("creates and actions are repeated only when nothing can have happened")
    {
        for (const auto c : {OperationClass::create, OperationClass::action}) {
            CAPTURE(name_of(c));
            CHECK(repeats(c, network(Effect::none)));
            CHECK(repeats(c, status_error(Errc::throttled, 429, Effect::none)));
            CHECK_FALSE(repeats(c, network(Effect::unknown)));
            CHECK_FALSE(repeats(c, status_error(Errc::timed_out, 408, Effect::unknown)));
            CHECK_FALSE(repeats(c, status_error(Errc::server_failed, 500, Effect::unknown)));
            CHECK_FALSE(repeats(c, status_error(Errc::server_failed, 502, Effect::unknown)));
            CHECK_FALSE(repeats(c, status_error(Errc::server_failed, 503, Effect::none)));
        }
    }

    TEST_CASE("the last attempt is not followed by another")
    {
        rest::RetryRules rules;
        rules.attempts_max = 3;

        CHECK(retry_wait(rules, OperationClass::read, 2, network(Effect::none), 0));
        CHECK_FALSE(retry_wait(rules, OperationClass::read, 3, network(Effect::none), 0));
    }

    TEST_CASE("full jitter: from nothing to a bound that doubles up to its cap")
    {
        rest::RetryRules rules;
        rules.attempts_max = 100;
        rules.backoff_min = 500ms;
        rules.backoff_max = 30s;
        const auto wait = [&](int attempt, Duration random) {
            return *retry_wait(rules,
                               OperationClass::read,
                               attempt,
                               network(Effect::none),
                               static_cast<std::uint64_t>(random.count()));
        };

        CHECK(wait(1, 0ms) == 0ms);
        CHECK(wait(1, 500ms) == 500ms);
        CHECK(wait(1, 500ms + 1ns) == 0ms); // past the bound: starts over
        CHECK(wait(3, 2s) == 2s);
        CHECK(wait(3, 2s + 1ns) == 0ms);
        CHECK(wait(90, 30s) == 30s);
        CHECK(wait(90, 30s + 1ns) == 0ms);
    }

    TEST_CASE("Retry-After is waited for, up to the cap")
    {
        rest::RetryRules rules;
        rules.retry_after_max = 5min;
        Error error = status_error(Errc::throttled, 429, Effect::none);

        error.retry_after = 7s;
        CHECK(*retry_wait(rules, OperationClass::create, 1, error, 0) == 7s);
        error.retry_after = std::chrono::hours(24 * 3650);
        CHECK(*retry_wait(rules, OperationClass::create, 1, error, 0) == 5min);
    }

    TEST_CASE("Retry-After: seconds, dates, and what is neither")
    {
        CHECK(parse_retry_after("120", noon) == 120s);
        CHECK(parse_retry_after(" 3 ", noon) == 3s);
        CHECK(parse_retry_after("Sun, 01 Mar 2026 12:00:30 GMT", noon) == 30s);
        CHECK_FALSE(parse_retry_after("", noon));
        CHECK_FALSE(parse_retry_after("0", noon));
        CHECK_FALSE(parse_retry_after("-5", noon));
        CHECK_FALSE(parse_retry_after("soon", noon));
        CHECK_FALSE(parse_retry_after("1.5", noon));
        CHECK_FALSE(parse_retry_after("Sun, 01 Mar 2026 11:59:00 GMT", noon));
        CHECK_FALSE(parse_retry_after("Sun, 31 Feb 2026 12:00:30 GMT", noon));
        CHECK_FALSE(parse_retry_after("Sun, 01 Mar 2026 12:00:30 CET", noon));
        CHECK_FALSE(parse_retry_after("Sun, +1 Mar 2026 12:00:30 GMT", noon));
    }

    TEST_CASE("Retry-After: numbers past every limit are a long time, not a short one")
    {
        const auto huge = parse_retry_after("99999999999999999999999999", noon);
        REQUIRE(huge);
        CHECK(*huge > std::chrono::hours(24 * 3650));
        CHECK(parse_retry_after("9223372036854775807", noon) == huge);
    }
}

} // namespace trueup
