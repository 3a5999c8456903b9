#include "state/model/clock.hpp"
#include "state/model/diagnostic.hpp"
#include "state/model/error.hpp"
#include "state/model/random.hpp"
#include "state/model/utf8.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace std::chrono_literals;

TEST_SUITE("model: diagnostic")
{
    TEST_CASE("text: place, severity, message and advice on one line")
    {
        CHECK(Diagnostic(Severity::error,
                         "x.yaml",
                         {12, 3},
                         "unknown field \"lables\"",
                         "did you mean \"labels\"?")
                  .text() ==
              "x.yaml:12:3: error: unknown field \"lables\"; did you mean \"labels\"?");
        CHECK(Diagnostic(Severity::warning, "x.yaml", {}, "odd").text() == "x.yaml: warning: odd");
        CHECK(Diagnostic(Severity::error, "", {}, "odd").text() == "error: odd");
    }

    TEST_CASE("sort: by file, line and column; what stands at one place keeps its order")
    {
        Diagnostics diagnostics;
        diagnostics.error("b", {1, 1}, "4");
        diagnostics.error("a", {10, 1}, "3");
        diagnostics.warning("a", {2, 5}, "1");
        diagnostics.error("a", {2, 5}, "2");

        diagnostics.sort();

        std::string order;
        for (const Diagnostic& diagnostic : diagnostics.all())
            order += diagnostic.message;
        CHECK(order == "1234");
        CHECK(diagnostics.error_count() == 3);
    }

    TEST_CASE("has_errors: warnings are none")
    {
        Diagnostics diagnostics;
        diagnostics.warning("a", {}, "x");
        CHECK_FALSE(diagnostics.has_errors());
        diagnostics.error("a", {}, "x");
        CHECK(diagnostics.has_errors());
    }

    TEST_CASE("did_you_mean: the nearest name, whatever the case, swapped letters counted once")
    {
        const std::vector<std::string> names{"labels", "annotations", "name", "project"};

        CHECK(did_you_mean("lables", names) == "did you mean \"labels\"?");
        CHECK(did_you_mean("Labels", names) == "did you mean \"labels\"?");
        CHECK(did_you_mean("anotation", names) == "did you mean \"annotations\"?");
        CHECK(did_you_mean("nmae", names) == "did you mean \"name\"?");
        CHECK(nearest_name("zzzzzz", names).empty());
        CHECK(did_you_mean("zzzzzz", names) == "it may be labels, annotations, name or project");
        CHECK(did_you_mean("zzzzzz", std::vector<std::string>(50, "something")).empty());
        CHECK(nearest_name(std::string(1'000'000, 'a'), names).empty());
    }
}

TEST_SUITE("model: error")
{
    TEST_CASE("text: place, message and advice for people")
    {
        CHECK(Error(Errc::rejected, "broken", "GET /v1/roles", "try again").text() ==
              "GET /v1/roles: broken (try again)");
        CHECK(Error(Errc::rejected, "broken").text() == "broken");
        CHECK(name_of(Errc::too_large) == "too_large");
    }
}

TEST_SUITE("model: time")
{
    TEST_CASE("parse_duration: units alone and together")
    {
        CHECK(*parse_duration("250ms") == 250ms);
        CHECK(*parse_duration("90s") == 90s);
        CHECK(*parse_duration("15m") == 15min);
        CHECK(*parse_duration("1h30m") == 90min);
        CHECK(*parse_duration("0s") == 0s);
        CHECK(*parse_duration("87600h") == std::chrono::hours(87600));
    }

    TEST_CASE("parse_duration: anything else, and what is longer than ten years, is refused")
    {
        for (const std::string text : {"",
                                       "5",
                                       "s",
                                       "-5s",
                                       "+5s",
                                       "5 s",
                                       "5d",
                                       "1.5h",
                                       "87601h",
                                       "87600h1ms",
                                       "9999999999m",
                                       "99999999999999999999999s",
                                       "5s5",
                                       "10000000000s"}) {
            CAPTURE(text);
            CHECK_FALSE(parse_duration(text));
        }
    }

    TEST_CASE("format_time: UTC with milliseconds, before 1970 and after 2038 too")
    {
        CHECK(format_time(WallTime{std::chrono::milliseconds(0)}) == "1970-01-01T00:00:00.000Z");
        CHECK(format_time(WallTime{std::chrono::milliseconds(-1)}) == "1969-12-31T23:59:59.999Z");
        CHECK(format_time(WallTime{std::chrono::milliseconds(4102444800123)}) ==
              "2100-01-01T00:00:00.123Z");
    }
}

TEST_SUITE("model: random")
{
    TEST_CASE("seeded: one seed, one sequence; hex has two digits a byte")
    {
        auto a = make_seeded_random(7);
        auto b = make_seeded_random(7);
        auto c = make_seeded_random(8);

        const std::string first = a->hex(16);

        CHECK(first == b->hex(16));
        CHECK(first != c->hex(16));
        CHECK(first.size() == 32);
        CHECK(first.find_first_not_of("0123456789abcdef") == std::string::npos);
        CHECK(a->below(1) == 0);
    }
}

TEST_SUITE("model: utf8")
{
    TEST_CASE("valid_utf8: stops at the first byte that does not belong")
    {
        CHECK(valid_utf8("") == 0);
        CHECK(valid_utf8("plain text, longer than a word") == 30);
        CHECK(valid_utf8("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF") == 13);
        CHECK(valid_utf8("12345678\xFF") == 8);
        CHECK(valid_utf8("abc\xE2\x82") == 3);
        for (const std::string_view bad : {"\x80",
                                           "\xC1\xBF",
                                           "\xE0\x9F\xBF",
                                           "\xED\xA0\x80",
                                           "\xF0\x8F\xBF\xBF",
                                           "\xF4\x90\x80\x80",
                                           "\xF5\x80\x80\x80"})
            CHECK(valid_utf8(bad) == 0);
    }

    TEST_CASE("without_bom: takes one mark off the start")
    {
        CHECK(without_bom("\xEF\xBB\xBFx") == "x");
        CHECK(without_bom("x\xEF\xBB\xBF") == "x\xEF\xBB\xBF");
    }
}
