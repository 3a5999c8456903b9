#include "state/model/clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace trueup {

namespace {

namespace asio = boost::asio;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         Executor>;

class SystemAlarm final : public Alarm {
public:
    SystemAlarm(Executor executor, Duration delay, std::function<void()> ring)
        : timer_(executor, delay)
    {
        // The flag outlives the alarm: a handler that is already queued must not ring after
        // destruction.
        timer_.async_wait([alive = std::weak_ptr<bool>(alive_),
                           ring = std::move(ring)](boost::system::error_code ec) {
            if (!ec && !alive.expired())
                ring();
        });
    }

private:
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    Timer timer_;
};

class SystemClock final : public Clock {
public:
    explicit SystemClock(asio::io_context& context) : context_(context) {}

    Instant now() const override { return std::chrono::steady_clock::now(); }
    WallTime wall() const override
    {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now());
    }
    Task<void> sleep(Duration delay) override
    {
        Timer timer(context_.get_executor(), delay);
        const asio::use_awaitable_t<Executor> token;
        co_await timer.async_wait(token);
    }
    std::unique_ptr<Alarm> alarm(Duration delay, std::function<void()> ring) override
    {
        return std::make_unique<SystemAlarm>(context_.get_executor(), delay, std::move(ring));
    }

private:
    asio::io_context& context_;
};

} // namespace

std::unique_ptr<Clock> make_system_clock(asio::io_context& context)
{
    return std::make_unique<SystemClock>(context);
}

std::string format_time(WallTime time)
{
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::array<char, 64> text{}; // room for any int
    std::snprintf(text.data(),
                  text.size(),
                  "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                  static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()),
                  static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()),
                  static_cast<int>(clock.subseconds().count()));
    return text.data();
}

Result<WallTime> parse_time(std::string_view text)
{
    const Error bad{Errc::invalid_input, "\"" + std::string(text) + "\" is not a time"};
    std::tm parts{};
    const std::string copy(text);
    const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr || std::string_view(rest).size() != 5 || rest[0] != '.' || rest[4] != 'Z')
        return bad;
    std::int64_t millis = static_cast<std::int64_t>(timegm(&parts)) * 1000;
    std::int64_t scale = 100;
    for (int i = 1; i <= 3; ++i, scale /= 10) {
        if (rest[i] < '0' || rest[i] > '9')
            return bad;
        millis += (rest[i] - '0') * scale;
    }
    return WallTime(std::chrono::milliseconds(millis));
}

namespace {

struct Unit {
    std::string_view name;
    Duration length;
};

// "ms" stands before "m", which it starts with.
constexpr Unit units[] = {{"ms", std::chrono::milliseconds(1)},
                          {"s", std::chrono::seconds(1)},
                          {"m", std::chrono::minutes(1)},
                          {"h", std::chrono::hours(1)}};

} // namespace

Result<Duration> parse_duration(std::string_view text)
{
    constexpr Duration duration_max = std::chrono::hours(24 * 3650);
    const Error bad{Errc::invalid_input,
                    "\"" + std::string(text) + "\" is not a duration",
                    "",
                    "write 250ms, 90s, 15m, 2h or 1h30m, up to ten years"};
    if (text.empty())
        return bad;
    Duration total{};
    while (!text.empty()) {
        std::int64_t amount = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), amount);
        if (failure != std::errc{} || text.front() == '-')
            return bad;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto* unit = std::ranges::find_if(
            units, [&](const Unit& candidate) { return text.starts_with(candidate.name); });
        if (unit == std::end(units) || amount > (duration_max - total) / unit->length)
            return bad;
        text.remove_prefix(unit->name.size());
        total += amount * unit->length;
    }
    return total;
}

} // namespace trueup
