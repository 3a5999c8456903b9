#include "api/sandbox/faults.hpp"

#include <charconv>
#include <string>

namespace trueup {

namespace {

using Kind = Fault::Kind;

constexpr std::size_t faults_max = 1000;

Error unreadable(std::string_view fault)
{
    return Error{Errc::invalid_input,
                 "the fault '" + std::string(fault) + "' cannot be read",
                 "",
                 "write KIND:WHICH, such as cut-after:7, cut-after-write:3, status-500:5, "
                 "throttle:2-4:30, slow:%10:2s or latency:50ms"};
}

template <class Number>
bool read_number(std::string_view text, Number& number)
{
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end && !text.empty();
}

// Takes `ending` off the end of `text`, if it is there.
bool take_ending(std::string_view& text, std::string_view ending)
{
    if (!text.ends_with(ending))
        return false;
    text.remove_suffix(ending.size());
    return true;
}

bool read_kind(std::string_view text, Fault& fault)
{
    constexpr std::string_view status = "status-";
    constexpr std::pair<std::string_view, Kind> words[] = {
        {"cut-before", Kind::cut_before},
        {"cut-after", Kind::cut_after},
        {"truncate", Kind::truncate},
        {"throttle", Kind::throttle},
        {"slow", Kind::slow},
    };
    fault.writes_only = take_ending(text, "-write");
    for (const auto& [word, kind] : words) {
        if (text == word) {
            fault.kind = kind;
            return true;
        }
    }
    if (!text.starts_with(status))
        return false;
    text.remove_prefix(status.size());
    fault.kind = take_ending(text, "-after") ? Kind::status_after : Kind::status_before;
    return read_number(text, fault.status) && fault.status >= 400 && fault.status <= 599;
}

// "7", "7-9" or "%10"
bool read_which(std::string_view text, Fault& fault)
{
    if (text.starts_with('%'))
        return read_number(text.substr(1), fault.every) && fault.every > 0;
    const std::size_t dash = text.find('-');
    if (!read_number(text.substr(0, dash), fault.first))
        return false;
    fault.last = fault.first;
    if (dash != std::string_view::npos && !read_number(text.substr(dash + 1), fault.last))
        return false;
    return fault.first > 0 && fault.first <= fault.last;
}

bool read_extra(std::string_view text, Fault& fault)
{
    if (fault.kind == Kind::slow) {
        const auto delay = parse_duration(text);
        if (delay)
            fault.delay = *delay;
        return delay.has_value();
    }
    if (text.empty())
        return true;
    std::int64_t seconds = 0;
    if (fault.kind != Kind::throttle || !read_number(text, seconds) || seconds < 0)
        return false;
    fault.retry_after = std::chrono::seconds(seconds);
    return true;
}

Result<void> read_fault(std::string_view text, FaultPlan& plan)
{
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos)
        return unreadable(text);
    const std::string_view kind = text.substr(0, colon);
    std::string_view which = text.substr(colon + 1);
    if (kind == "latency") {
        const auto delay = parse_duration(which);
        if (!delay)
            return unreadable(text);
        plan.latency = *delay;
        return {};
    }
    std::string_view extra;
    if (const std::size_t second = which.find(':'); second != std::string_view::npos) {
        extra = which.substr(second + 1);
        which = which.substr(0, second);
    }
    Fault fault;
    if (!read_kind(kind, fault) || !read_which(which, fault) || !read_extra(extra, fault))
        return unreadable(text);
    plan.faults.push_back(fault);
    return {};
}

} // namespace

bool Fault::strikes(std::size_t number) const
{
    if (every > 0)
        return number % every == 0;
    return number >= first && number <= last;
}

Result<FaultPlan> parse_fault_plan(std::string_view text)
{
    FaultPlan plan;
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        if (auto read = read_fault(text.substr(0, comma), plan); !read)
            return read.error();
        if (plan.faults.size() > faults_max)
            return Error{Errc::too_large, "too many faults"};
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    return plan;
}

} // namespace trueup
