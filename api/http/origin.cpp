#include "api/http/stream.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace trueup {

namespace {

Error bad_origin(std::string why)
{
    return {Errc::invalid_input, std::move(why), "", "write https://host or https://host:port"};
}

} // namespace

std::string Origin::text() const
{
    const bool bracketed = host.find(':') != std::string::npos;
    std::string text = tls ? "https://" : "http://";
    text += bracketed ? "[" + host + "]" : host;
    return text + ":" + port;
}

Result<Origin> parse_origin(std::string_view url)
{
    std::string whole(url);
    if (url.find("://") == std::string_view::npos)
        whole.insert(0, "https://");
    const auto parsed = boost::urls::parse_uri(whole);
    // The text is left out of these messages: a mistyped URL may hold a password.
    if (!parsed)
        return bad_origin("the address of the API is not a URL");
    if (parsed->has_userinfo())
        return bad_origin("the address of the API must not hold a user name or a password");
    if (parsed->scheme() != "https" && parsed->scheme() != "http")
        return bad_origin("the address of the API must begin with https:// or http://");
    const bool has_path = !parsed->encoded_path().empty() && parsed->encoded_path() != "/";
    if (has_path || parsed->has_query() || parsed->has_fragment())
        return bad_origin("the address of the API must not hold a path or a query");

    Origin origin;
    origin.tls = parsed->scheme() == "https";
    origin.host = std::string(parsed->encoded_host_address());
    if (origin.host.empty() || origin.host.find('%') != std::string::npos)
        return bad_origin("the address of the API has no usable host");
    std::ranges::transform(origin.host, origin.host.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    origin.port = origin.tls ? "443" : "80";
    if (!parsed->port().empty()) {
        const std::string digits(parsed->port());
        unsigned int number = 0;
        const auto [end, ec] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (ec != std::errc{} || number == 0 || number > 65535)
            return bad_origin("the port of the API must be from 1 to 65535");
        origin.port = std::to_string(number);
    }
    return origin;
}

} // namespace trueup
