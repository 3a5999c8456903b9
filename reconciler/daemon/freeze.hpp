// Freeze windows: times of the week in which nothing is written.
//
// Pure. A window belongs to the day on which it begins, by the calendar of its zone, and can last
// into the next day; clocks that are put forward or back are the zone's affair.

#pragma once

#include "state/model/clock.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trueup {

struct FreezeWindow {
    FreezeWindow() = default;

    std::set<unsigned> days; // 0: Sunday; on which it begins
    std::chrono::minutes from{0};
    std::chrono::minutes to{0}; // not after `from`: on the next day
    std::string zone = "UTC";
    std::string text; // as people know it: "Fri, Sat 18:00-08:00 UTC"
};

// `days` as "Fri" or "Friday", none: every day; times as "18:00", up to "24:00"; `zone` as in the
// time zone database. Fails with invalid_input.
Result<FreezeWindow> make_freeze_window(const std::vector<std::string>& days,
                                        const std::string& from,
                                        const std::string& to,
                                        const std::string& zone);

// A window that is in force.
struct Frozen {
    Frozen(std::string t, WallTime u) : text(std::move(t)), until(u) {}

    std::string text;
    WallTime until;
};

// The window that ends last of those that `now` is in.
std::optional<Frozen> frozen_at(const std::vector<FreezeWindow>& windows, WallTime now);

} // namespace trueup
