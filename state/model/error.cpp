#include "state/model/error.hpp"

#include <string_view>

namespace trueup {

std::string_view name_of(Errc code)
{
    switch (code) {
    case Errc::invalid_input:
        return "invalid_input";
    case Errc::not_found:
        return "not_found";
    case Errc::conflict:
        return "conflict";
    case Errc::unauthorized:
        return "unauthorized";
    case Errc::forbidden:
        return "forbidden";
    case Errc::throttled:
        return "throttled";
    case Errc::server_failed:
        return "server_failed";
    case Errc::network:
        return "network";
    case Errc::timed_out:
        return "timed_out";
    case Errc::rejected:
        return "rejected";
    case Errc::too_large:
        return "too_large";
    case Errc::refused:
        return "refused";
    case Errc::cancelled:
        return "cancelled";
    case Errc::store_failed:
        return "store_failed";
    case Errc::busy:
        return "busy";
    case Errc::internal:
        return "internal";
    }
    return "internal";
}

std::string Error::text() const
{
    std::string line = place.empty() ? message : place + ": " + message;
    if (!advice.empty())
        line += " (" + advice + ")";
    return line;
}

} // namespace trueup
