#include "api/http/wire.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace trueup {

namespace {

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// RFC 9110, 5.6.2.
bool is_token(std::string_view text)
{
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        const char l = lower(c);
        return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return c == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

bool is_target(std::string_view text)
{
    return text.starts_with('/') &&
           std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

bool has_header(const HttpRequest& request, std::string_view name)
{
    return std::ranges::any_of(request.headers,
                               [&](const Header& header) { return same_name(header.name, name); });
}

std::string join(const std::vector<std::string_view>& parts)
{
    std::size_t size = 0;
    for (const std::string_view part : parts)
        size += part.size();
    std::string text;
    text.reserve(size);
    for (const std::string_view part : parts)
        text += part;
    return text;
}

void add_header(std::vector<std::string_view>& parts, std::string_view name, std::string_view value)
{
    parts.insert(parts.end(), {name, ": ", value, "\r\n"});
}

std::string host_header(const Origin& origin)
{
    const bool bracketed = origin.host.find(':') != std::string::npos;
    std::string text = bracketed ? "[" + origin.host + "]" : origin.host;
    if (origin.port != (origin.tls ? "443" : "80"))
        text += ":" + origin.port;
    return text;
}

std::string_view reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 409:
        return "Conflict";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 500:
        return "Internal Server Error";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    default:
        return "";
    }
}

} // namespace

bool same_name(std::string_view a, std::string_view b)
{
    return std::ranges::equal(a, b, {}, lower, lower);
}

Result<void> check_request(const HttpRequest& request)
{
    // What decides where a message ends, and who it is for, is written by the client alone.
    static constexpr std::array<std::string_view, 7> own{"Host",
                                                         "Content-Length",
                                                         "Transfer-Encoding",
                                                         "Connection",
                                                         "Expect",
                                                         "Upgrade",
                                                         "Accept-Encoding"};
    if (!is_token(request.method))
        return Error{Errc::invalid_input, "the request's method is not a word", request.route};
    if (!is_target(request.target))
        return Error{Errc::invalid_input,
                     "the request's path must begin with / and be percent-encoded",
                     request.route};
    for (const Header& header : request.headers) {
        if (!is_token(header.name))
            return Error{Errc::invalid_input, "a header's name is not a word", request.route};
        if (!is_field_value(header.value))
            return Error{Errc::invalid_input,
                         "the header " + header.name + " holds a control character",
                         request.route};
        const bool taken = std::ranges::any_of(
            own, [&](std::string_view name) { return same_name(name, header.name); });
        if (taken || (request.credential && same_name(header.name, request.credential_header)))
            return Error{Errc::invalid_input,
                         "the header " + header.name + " is set by the client itself",
                         request.route};
    }
    if (!request.credential)
        return {};
    if (!is_token(request.credential_header))
        return Error{Errc::invalid_input, "the credential has no header name", request.route};
    if (!request.credential->has_text() || !is_field_value(request.credential->reveal()))
        return Error{Errc::invalid_input,
                     "the credential is missing or holds a control character",
                     request.route,
                     "the file that holds it must be one line of text"};
    return {};
}

std::string write_request(const Origin& origin, const HttpRequest& request)
{
    const std::string host = host_header(origin);
    const std::string length = std::to_string(request.body.size());
    std::vector<std::string_view> parts{request.method, " ", request.target, " HTTP/1.1\r\n"};
    add_header(parts, "Host", host);
    if (!has_header(request, "User-Agent"))
        add_header(parts, "User-Agent", "trueup/" TRUEUP_VERSION);
    if (!has_header(request, "Accept"))
        add_header(parts, "Accept", "application/json");
    add_header(parts, "Accept-Encoding", "gzip");
    for (const Header& header : request.headers)
        add_header(parts, header.name, header.value);
    if (request.credential)
        add_header(parts, request.credential_header, request.credential->reveal());
    if (!request.body.empty() && !has_header(request, "Content-Type"))
        add_header(parts, "Content-Type", "application/json");
    // RFC 9110, 8.6: a method that usually has a body says so even when it is empty.
    if (!request.body.empty() || (request.method != "GET" && request.method != "DELETE"))
        add_header(parts, "Content-Length", length);
    parts.insert(parts.end(), {"\r\n", request.body});
    return join(parts);
}

std::string write_response(const HttpResponse& response, AfterAnswer after, AnswerBody body)
{
    const std::string status = std::to_string(response.status);
    const std::string length = std::to_string(response.body.size());
    const bool bodiless = response.status == 204 || response.status == 304;
    std::vector<std::string_view> parts{
        "HTTP/1.1 ", status, " ", reason_of(response.status), "\r\n"};
    for (const Header& header : response.headers) {
        if (!same_name(header.name, "Content-Length") && !same_name(header.name, "Connection"))
            add_header(parts, header.name, header.value);
    }
    if (!bodiless)
        add_header(parts, "Content-Length", length);
    if (after == AfterAnswer::close)
        add_header(parts, "Connection", "close");
    parts.emplace_back("\r\n");
    if (!bodiless && body == AnswerBody::send)
        parts.emplace_back(response.body);
    return join(parts);
}

std::string write_chunked_head(const HttpResponse& response)
{
    const std::string status = std::to_string(response.status);
    std::vector<std::string_view> parts{
        "HTTP/1.1 ", status, " ", reason_of(response.status), "\r\n"};
    for (const Header& header : response.headers) {
        if (!same_name(header.name, "Content-Length") && !same_name(header.name, "Connection"))
            add_header(parts, header.name, header.value);
    }
    add_header(parts, "Transfer-Encoding", "chunked");
    add_header(parts, "Connection", "close");
    parts.emplace_back("\r\n");
    return join(parts);
}

std::string write_chunk(std::string_view text)
{
    std::array<char, 16> size{};
    const auto [end, failure] =
        std::to_chars(size.data(), size.data() + size.size(), text.size(), 16);
    BOOST_ASSERT(failure == std::errc{});
    const std::string_view digits(size.data(), static_cast<std::size_t>(end - size.data()));
    return join({digits, "\r\n", text, "\r\n"});
}

} // namespace trueup
