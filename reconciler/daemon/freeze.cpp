#include "reconciler/daemon/freeze.hpp"

#include "state/model/diagnostic.hpp"

#include <date/tz.h>

#include <array>
#include <charconv>
#include <exception>

namespace trueup {

namespace {

constexpr std::array<std::string_view, 7> day_names{
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

std::optional<unsigned> day_of(const std::string& text)
{
    for (unsigned day = 0; day < day_names.size(); ++day)
        if (text == day_names.at(day) || text == day_names.at(day).substr(0, 3))
            return day;
    return std::nullopt;
}

std::optional<int> digits(std::string_view text)
{
    int number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.size() != 2 || failure != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return number;
}

Result<std::chrono::minutes> time_of(const std::string& text)
{
    const Error bad{Errc::invalid_input,
                    "\"" + text + "\" is not a time of day",
                    "",
                    "write it as \"18:00\", in quotes"};
    if (text.size() != 5 || text[2] != ':')
        return bad;
    const auto hours = digits(std::string_view(text).substr(0, 2));
    const auto minutes = digits(std::string_view(text).substr(3));
    if (!hours || !minutes || *hours < 0 || *minutes < 0 || *minutes > 59 ||
        *hours * 60 + *minutes > 24 * 60)
        return bad;
    return std::chrono::minutes(*hours * 60 + *minutes);
}

// The zone, or null. The library throws when its database is not there.
const date::time_zone* zone_of(const std::string& name)
{
    try {
        return date::locate_zone(name);
    } catch (const std::exception&) {
        return nullptr;
    }
}

// The moment that the clocks of `zone` call `local`. A time that is skipped is the moment of the
// skip; of one that comes twice, the first.
WallTime moment(const std::string& zone, date::local_time<std::chrono::minutes> local)
{
    if (zone == "UTC")
        return WallTime(local.time_since_epoch());
    const date::time_zone* found = zone_of(zone);
    if (found == nullptr)
        return WallTime(local.time_since_epoch());
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        found->to_sys(local, date::choose::earliest));
}

date::local_days day_at(const std::string& zone, WallTime now)
{
    const date::time_zone* found = zone == "UTC" ? nullptr : zone_of(zone);
    if (found == nullptr)
        return date::local_days(date::floor<date::days>(now).time_since_epoch());
    return date::floor<date::days>(found->to_local(now));
}

} // namespace

Result<FreezeWindow> make_freeze_window(const std::vector<std::string>& days,
                                        const std::string& from,
                                        const std::string& to,
                                        const std::string& zone)
{
    FreezeWindow window;
    for (const std::string& name : days) {
        const auto day = day_of(name);
        if (!day)
            return Error{Errc::invalid_input,
                         "\"" + name + "\" is not a day of the week",
                         "",
                         did_you_mean(name, {day_names.begin(), day_names.end()})};
        window.days.insert(*day);
        window.text += (window.text.empty() ? "" : ", ") + name.substr(0, 3);
    }
    if (days.empty())
        window.days = {0, 1, 2, 3, 4, 5, 6};
    auto begin = time_of(from);
    if (!begin)
        return begin.error();
    auto end = time_of(to);
    if (!end)
        return end.error();
    window.from = *begin;
    window.to = *end;
    window.zone = zone.empty() ? "UTC" : zone;
    if (window.zone != "UTC" && zone_of(window.zone) == nullptr)
        return Error{Errc::invalid_input,
                     "there is no time zone \"" + window.zone + "\"",
                     "",
                     "write UTC, or a name such as Europe/Berlin (package tzdata)"};
    window.text += (window.text.empty() ? "" : " ") + from + "-" + to + " " + window.zone;
    return window;
}

std::optional<Frozen> frozen_at(const std::vector<FreezeWindow>& windows, WallTime now)
{
    std::optional<Frozen> longest;
    for (const FreezeWindow& window : windows) {
        const date::local_days today = day_at(window.zone, now);
        for (const date::local_days day : {today - date::days(1), today}) {
            if (!window.days.contains(date::weekday(day).c_encoding()))
                continue;
            const date::local_days last = window.to > window.from ? day : day + date::days(1);
            const WallTime begin = moment(window.zone, day + window.from);
            const WallTime end = moment(window.zone, last + window.to);
            if (now < begin || now >= end || (longest && longest->until >= end))
                continue;
            longest.emplace(window.text, end);
        }
    }
    return longest;
}

} // namespace trueup
