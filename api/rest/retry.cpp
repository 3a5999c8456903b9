#include "api/rest/retry.hpp"

#include "state/model/mutation.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace trueup::rest {

namespace {

constexpr std::chrono::milliseconds century = std::chrono::years(100);

bool is_transient(const Error& error)
{
    switch (error.code) {
    case Errc::network:
    case Errc::timed_out:
    case Errc::throttled:
    case Errc::server_failed:
        return true;
    default:
        return false;
    }
}

bool may_repeat(OperationClass operation_class, const Error& error)
{
    if (!is_transient(error))
        return false;
    if (mutated(Mutation::repeat_creates))
        return true;
    switch (operation_class) {
    case OperationClass::read:
    case OperationClass::login:
    case OperationClass::idempotent:
        return true;
    case OperationClass::create:
    case OperationClass::action:
        // 429 says that nothing was done; without a connection nothing was sent. A 5xx says
        // neither, whatever `effect` a hopeful caller put there.
        return error.code == Errc::throttled ||
               (error.effect == Effect::none &&
                (error.code == Errc::network || error.code == Errc::timed_out) && !error.api);
    }
    return false;
}

bool read_number(std::string_view text, std::int64_t& number)
{
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

// "Sun, 06 Nov 1994 08:49:37 GMT": the form that RFC 9110 (5.6.7) tells servers to send.
std::optional<WallTime> parse_http_date(std::string_view text)
{
    constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    constexpr std::string_view shape = "Www, 00 Mmm 0000 00:00:00 GMT";
    if (text.size() != shape.size() || text.substr(3, 2) != ", " || text[7] != ' ' ||
        text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':' ||
        text.substr(25) != " GMT")
        return std::nullopt;
    const auto month = std::ranges::find(months, text.substr(8, 3));
    std::array<std::int64_t, 5> parts{};
    const std::array<std::string_view, 5> texts{text.substr(5, 2),
                                                text.substr(12, 4),
                                                text.substr(17, 2),
                                                text.substr(20, 2),
                                                text.substr(23, 2)};
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (!read_number(texts[i], parts[i]) || parts[i] < 0)
            return std::nullopt;
    const auto [day, year, hour, minute, second] = parts;
    if (month == months.end() || hour > 23 || minute > 59 || second > 60)
        return std::nullopt;
    const std::chrono::year_month_day date{
        std::chrono::year(static_cast<int>(year)),
        std::chrono::month(static_cast<unsigned>(month - months.begin() + 1)),
        std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok())
        return std::nullopt;
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
           std::chrono::minutes(minute) + std::chrono::seconds(second);
}

} // namespace

std::optional<Duration> retry_wait(const RetryRules& rules,
                                   OperationClass operation_class,
                                   int attempt,
                                   const Error& error,
                                   std::uint64_t random)
{
    if ((attempt >= rules.attempts_max && !mutated(Mutation::endless_retry)) ||
        !may_repeat(operation_class, error))
        return std::nullopt;
    Duration bound = rules.backoff_min;
    for (int i = 1; i < attempt && bound < rules.backoff_max; ++i)
        bound *= 2;
    bound = std::clamp(bound, Duration::zero(), rules.backoff_max);
    const auto steps = static_cast<std::uint64_t>(bound.count()) + 1;
    const Duration jitter(static_cast<Duration::rep>(random % steps));
    if (!error.retry_after)
        return jitter;
    return std::min<Duration>(*error.retry_after, rules.retry_after_max) + jitter;
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, WallTime now)
{
    text = trimmed(text);
    if (text.empty())
        return std::nullopt;
    std::chrono::milliseconds wait{};
    if (text.find_first_not_of("0123456789") == std::string_view::npos) {
        std::int64_t seconds = 0;
        const std::int64_t most = std::chrono::seconds(std::chrono::years(100)).count();
        // More digits than a number can hold are a very long time.
        if (!read_number(text, seconds))
            seconds = most;
        wait = std::chrono::seconds(std::min(seconds, most));
    } else {
        const auto date = parse_http_date(text);
        if (!date)
            return std::nullopt;
        wait = *date - now;
    }
    if (wait <= std::chrono::milliseconds::zero())
        return std::nullopt;
    return std::min(wait, century);
}

} // namespace trueup::rest
