#include "reconciler/daemon/freeze.hpp"

#include <doctest/doctest.h>

namespace trueup {

namespace {

FreezeWindow window(const std::vector<std::string>& days,
                    const std::string& from,
                    const std::string& to,
                    const std::string& zone = "UTC")
{
    auto made = make_freeze_window(days, from, to, zone);
    REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().text()));
    return *made;
}

std::string until(const FreezeWindow& freeze, const std::string& now)
{
    const auto frozen = frozen_at({freeze}, *parse_time(now));
    return frozen ? format_time(frozen->until) : std::string("free");
}

TEST_SUITE("daemon: freeze")
{
    TEST_CASE("a window that lasts into the next day belongs to the day on which it begins")
    {
        const FreezeWindow weekend = window({"Fri", "Saturday"}, "18:00", "08:00");

        CHECK(until(weekend, "2026-03-06T17:59:59.999Z") == "free"); // a Friday
        CHECK(until(weekend, "2026-03-06T18:00:00.000Z") == "2026-03-07T08:00:00.000Z");
        CHECK(until(weekend, "2026-03-07T07:59:59.999Z") == "2026-03-07T08:00:00.000Z");
        CHECK(until(weekend, "2026-03-07T08:00:00.000Z") == "free");
        CHECK(until(weekend, "2026-03-07T23:00:00.000Z") == "2026-03-08T08:00:00.000Z");
        CHECK(until(weekend, "2026-03-08T18:00:00.000Z") == "free"); // a Sunday
    }

    TEST_CASE("without days it is every day, and 24:00 is the end of one")
    {
        const FreezeWindow always = window({}, "00:00", "24:00");

        CHECK(until(always, "2026-03-04T00:00:00.000Z") == "2026-03-05T00:00:00.000Z");
        CHECK(until(always, "2026-03-04T23:59:59.999Z") == "2026-03-05T00:00:00.000Z");
    }

    TEST_CASE("times are those of the zone, also when its clocks change")
    {
        const FreezeWindow night = window({"Sat"}, "22:00", "06:00", "Europe/Berlin");

        // In winter Berlin is one hour ahead, in summer two; the clocks change in this very night.
        CHECK(until(night, "2026-03-28T20:59:00.000Z") == "free");
        CHECK(until(night, "2026-03-28T21:00:00.000Z") == "2026-03-29T04:00:00.000Z");
        CHECK(until(night, "2026-03-29T03:59:00.000Z") == "2026-03-29T04:00:00.000Z");
        CHECK(until(night, "2026-03-29T04:00:00.000Z") == "free");
    }

    TEST_CASE("of several windows the one that ends last holds")
    {
        const WallTime now = *parse_time("2026-03-04T12:00:00.000Z");

        const auto frozen =
            frozen_at({window({}, "11:00", "13:00"), window({}, "10:00", "15:00")}, now);

        REQUIRE(frozen);
        CHECK(format_time(frozen->until) == "2026-03-04T15:00:00.000Z");
        CHECK(frozen->text == "10:00-15:00 UTC");
    }

    TEST_CASE("what is no window is refused, with what would be right")
    {
        CHECK(make_freeze_window({"Fry"}, "18:00", "08:00", "").error().text().find("Friday") !=
              std::string::npos);
        CHECK_FALSE(make_freeze_window({}, "25:00", "08:00", ""));
        CHECK_FALSE(make_freeze_window({}, "24:01", "08:00", ""));
        CHECK_FALSE(make_freeze_window({}, "8:00", "09:00", ""));
        CHECK_FALSE(make_freeze_window({}, "08:00", "", ""));
        CHECK_FALSE(make_freeze_window({}, "08:00", "09:00", "Europe/Bärlin"));
    }
}

} // namespace

} // namespace trueup
