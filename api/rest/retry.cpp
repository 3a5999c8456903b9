#include "api/rest/retry.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace trueup {

namespace {

bool may_repeat(OperationClass operation_class, const Error& error)
{
    const bool transient = error.code == Errc::network || error.code == Errc::timed_out ||
                           error.code == Errc::throttled || error.code == Errc::server_failed;
    if (!transient)
        return false;
    if (operation_class == OperationClass::create || operation_class == OperationClass::action)
        return error.effect == Effect::none &&
               (error.code == Errc::throttled || error.code == Errc::network);
    return true;
}

} // namespace

std::optional<Duration> wait_before_retry(const RetryPolicy& policy,
                                          OperationClass operation_class,
                                          int attempt,
                                          const Error& error,
                                          Random& random)
{
    if (attempt >= policy.attempts_max || !may_repeat(operation_class, error))
        return std::nullopt;
    constexpr int doublings_max = 20;
    Duration ceiling = policy.backoff_min;
    for (int i = 1; i < std::min(attempt, doublings_max) && ceiling < policy.backoff_max; ++i)
        ceiling *= 2;
    ceiling = std::min(ceiling, policy.backoff_max);
    // Full jitter: many clients that failed together do not come back together.
    const auto span = static_cast<std::uint64_t>(ceiling.count()) + 1;
    const Duration jitter(static_cast<Duration::rep>(random.below(span)));
    if (!error.retry_after)
        return jitter;
    const Duration asked =
        std::min<Duration>(*error.retry_after, policy.retry_after_max);
    return asked + jitter / 4;
}

std::optional<Duration> parse_retry_after(std::string_view text, WallTime now, Duration longest)
{
    if (text.empty())
        return std::nullopt;
    std::uint64_t seconds = 0;
    const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (rest == text.data() + text.size()) {
        const auto most =
            static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(longest).count());
        if (ec == std::errc::result_out_of_range || seconds > most)
            return longest;
        return std::chrono::seconds(seconds);
    }
    std::tm parts{};
    const std::string copy(text);
    const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0')
        return std::nullopt;
    const WallTime when{std::chrono::seconds(timegm(&parts))};
    if (when <= now)
        return std::nullopt;
    return std::min<Duration>(when - now, longest);
}

} // namespace trueup
