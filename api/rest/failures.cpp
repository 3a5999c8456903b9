#include "api/rest/failures.hpp"

#include "state/model/json.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr std::size_t message_chars_max = 400;
constexpr std::size_t secret_chars_min = 4; // shorter texts would be found in every message

Errc code_of(int status)
{
    if (status == 400 || status == 422)
        return Errc::rejected;
    if (status == 401)
        return Errc::unauthorized;
    if (status == 403)
        return Errc::forbidden;
    if (status == 404 || status == 410)
        return Errc::not_found;
    if (status == 408)
        return Errc::timed_out;
    if (status == 409 || status == 412 || status == 423)
        return Errc::conflict;
    if (status == 429)
        return Errc::throttled;
    if (status >= 500 && status < 600)
        return Errc::server_failed;
    return Errc::rejected;
}

std::string without_secrets(std::string text, const std::vector<Secret>& secrets)
{
    static constexpr std::string_view instead = "(sensitive)";
    for (const Secret& secret : secrets) {
        const std::string_view hidden = secret.reveal();
        if (hidden.size() < secret_chars_min)
            continue;
        for (std::size_t at = text.find(hidden); at != std::string::npos;
             at = text.find(hidden, at + instead.size()))
            text.replace(at, hidden.size(), instead);
    }
    return text;
}

std::string text_at(const Value& body, const Path& path)
{
    const Value* value = path.is_root() ? nullptr : find(body, path);
    return value != nullptr ? value->string_or_empty() : std::string();
}

std::string summary(const HttpResponse& response, const ApiFailure& failure)
{
    if (response.status >= 300 && response.status < 400)
        return "the API redirects elsewhere, which is never followed";
    std::string text = "the API answered " + std::to_string(response.status);
    if (!failure.code.empty())
        text += " " + failure.code;
    if (!failure.message.empty())
        text += ": " + failure.message;
    return text;
}

} // namespace

bool is_success(const Operation& operation, int status)
{
    // A 2xx that the kind file does not list is still the API's word that it was done.
    return (status >= 200 && status < 300) ||
           std::ranges::find(operation.success, status) != operation.success.end();
}

std::string tame(std::string_view text)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string safe;
    for (const char c : text.substr(0, message_chars_max)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7F) {
            safe += c;
        } else {
            safe += "\\x";
            safe += digits[byte >> 4];
            safe += digits[byte & 0x0F];
        }
    }
    if (text.size() > message_chars_max)
        safe += "...";
    return safe;
}

Error failure_of(const ApiRules& rules,
                 const Operation& operation,
                 const HttpResponse& response,
                 const std::vector<Secret>& secrets)
{
    ApiFailure failure;
    failure.status = response.status;
    failure.audit_uid = tame(response.header(rules.audit_header));
    // A body that is no JSON is a proxy's page: its text says nothing of use.
    if (const auto body = json::parse(response.body)) {
        failure.code = tame(without_secrets(text_at(*body, rules.error_code), secrets));
        failure.message = tame(without_secrets(text_at(*body, rules.error_message), secrets));
        failure.ref = tame(without_secrets(text_at(*body, rules.error_ref), secrets));
    }
    Error error(code_of(response.status), summary(response, failure), operation.route());
    // Only a 4xx (but 408) is the API's word that it did nothing.
    const bool refused = response.status >= 400 && response.status < 500 && response.status != 408;
    const bool harmless = operation.operation_class == OperationClass::read ||
                          operation.operation_class == OperationClass::login;
    error.effect = refused || harmless ? Effect::none : Effect::unknown;
    error.api = std::move(failure);
    return error;
}

bool means_absent(const Absent& absent, const Error& error)
{
    if (!error.api)
        return false;
    const ApiFailure& failure = *error.api;
    if (std::ranges::find(absent.statuses, failure.status) != absent.statuses.end())
        return true;
    if (!failure.code.empty() &&
        std::ranges::find(absent.codes, failure.code) != absent.codes.end())
        return true;
    return std::ranges::any_of(absent.messages, [&](const std::string& part) {
        return failure.message.find(part) != std::string::npos;
    });
}

bool means_absent(const Absent& absent, const Value& body)
{
    return absent.state && absent.state->holds(body);
}

} // namespace trueup
