#include "api/rest/errors.hpp"

#include "api/http/wire.hpp"
#include "api/rest/retry.hpp"
#include "state/model/address.hpp"
#include "state/model/json.hpp"

#include <algorithm>

namespace trueup::rest {

namespace {

constexpr std::size_t message_bytes_max = 500;
constexpr std::size_t word_bytes_max = 100;
constexpr std::size_t error_body_bytes_max = 256U << 10U;
constexpr std::size_t short_secret_bytes = 4;
constexpr std::size_t secret_line_bytes_min = 8;
constexpr std::string_view redacted = "(sensitive)";

bool has_effect(OperationClass operation_class)
{
    return operation_class != OperationClass::read && operation_class != OperationClass::login;
}

Errc code_of(int status)
{
    switch (status) {
    case 401:
        return Errc::unauthorized;
    case 403:
        return Errc::forbidden;
    case 404:
    case 410:
        return Errc::not_found;
    case 408:
        return Errc::timed_out;
    case 409:
    case 412:
    case 423:
        return Errc::conflict;
    case 429:
        return Errc::throttled;
    default:
        return status >= 500 && status <= 599 ? Errc::server_failed : Errc::rejected;
    }
}

Effect effect_of(const Operation& operation, int status)
{
    if (!has_effect(operation.operation_class))
        return Effect::none;
    const bool denied = status >= 400 && status < 500 && status != 408;
    return denied ? Effect::none : Effect::unknown;
}

std::string fallback_message(int status)
{
    if (status >= 300 && status < 400)
        return "redirect refused: requests go to the configured endpoint only";
    if (status >= 200 && status < 300)
        return "the API answered " + std::to_string(status) + ", which this call does not expect";
    return "the API answered " + std::to_string(status);
}

std::string advice_for(int status)
{
    if (status >= 300 && status < 400)
        return "check --endpoint: it must be the API itself";
    if (status == 403)
        return "the credentials lack the permission for this call";
    return {};
}

void replace_all(std::string& text, std::string_view what)
{
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + redacted.size()))
        text.replace(at, what.size(), redacted);
}

// "%2F" as "%2f", which some servers write.
std::string with_small_escapes(std::string text)
{
    for (std::size_t i = 0; i + 2 < text.size(); ++i)
        if (text[i] == '%')
            for (const std::size_t at : {i + 1, i + 2})
                if (text[at] >= 'A' && text[at] <= 'F')
                    text[at] = static_cast<char>(text[at] - 'A' + 'a');
    return text;
}

// A space as forms encode it.
std::string with_plus_for_space(std::string text)
{
    for (std::size_t at = text.find("%20"); at != std::string::npos; at = text.find("%20", at))
        text.replace(at, 3, "+");
    return text;
}

// The forms in which a server may echo `plain`.
std::vector<std::string> echoes_of(std::string_view plain)
{
    std::vector<std::string> forms;
    forms.emplace_back(plain);
    std::string quoted = json::write(Value(plain), json::Secrets::reveal);
    forms.push_back(quoted.substr(1, quoted.size() - 2));
    for (const char* also : {"", "@:+=", "-._~@:+="}) {
        std::string encoded = percent_encode(plain, also);
        forms.push_back(with_small_escapes(encoded));
        forms.push_back(with_plus_for_space(encoded));
        forms.push_back(std::move(encoded));
    }
    for (std::string_view rest = plain; plain.find('\n') != std::string_view::npos;) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (end >= secret_line_bytes_min)
            forms.emplace_back(rest.substr(0, end));
        if (end == rest.size())
            break;
        rest.remove_prefix(end + 1);
    }
    // The longest first, so that no part of one is left over by another.
    std::ranges::sort(forms, std::ranges::greater{}, &std::string::size);
    return forms;
}

std::string clean(std::string_view text, const std::vector<Secret>& secrets, std::size_t bytes_max)
{
    std::string shown = printable(without_secrets(std::string(text), secrets), bytes_max);
    // Once more: what is shown in place of a control character can complete what looks like one.
    return without_secrets(std::move(shown), secrets);
}

std::string text_at(const Value& body, const Path& path)
{
    const Value* value = path.is_root() ? nullptr : find(body, path);
    if (value == nullptr)
        return {};
    if (value->if_integer() != nullptr)
        return std::to_string(*value->if_integer());
    return value->string_or_empty();
}

} // namespace

std::string printable(std::string_view text, std::size_t bytes_max)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto byte = static_cast<unsigned char>(c);
        // Stop at the start of a character, never inside one.
        if (shown.size() >= bytes_max && (byte & 0xC0U) != 0x80U)
            return shown + "...";
        if (c == '\n')
            shown += "\\n";
        else if (c == '\r')
            shown += "\\r";
        else if (c == '\t')
            shown += "\\t";
        else if (byte < 0x20 || byte == 0x7F)
            (shown += "\\x") += {digits[byte >> 4U], digits[byte & 0x0FU]};
        else if (byte == 0xC2 && i + 1 < text.size() &&
                 static_cast<unsigned char>(text[i + 1]) < 0xA0) {
            // The controls of Latin-1: some terminals obey them.
            const auto next = static_cast<unsigned char>(text[++i]);
            (shown += "\\x") += {digits[next >> 4U], digits[next & 0x0FU]};
        } else
            shown += c;
    }
    return shown;
}

void collect_secrets(const Value& value, std::vector<Secret>& secrets)
{
    if (const Secret* secret = value.if_secret())
        secrets.push_back(*secret);
    if (const Map* map = value.if_map())
        for (const auto& [name, member] : *map)
            collect_secrets(member, secrets);
    if (const List* list = value.if_list())
        for (const Value& item : *list)
            collect_secrets(item, secrets);
}

std::string without_secrets(std::string text, const std::vector<Secret>& secrets)
{
    for (const Secret& secret : secrets) {
        const std::string_view plain = secret.reveal();
        if (plain.empty())
            continue;
        if (plain.size() < short_secret_bytes) {
            if (text.find(plain) != std::string::npos)
                return std::string(redacted);
            continue;
        }
        for (std::string& form : echoes_of(plain)) {
            replace_all(text, form);
            wipe(form);
        }
    }
    return text;
}

void clean_audit_uid(HttpResponse& response,
                     const ApiRules& api,
                     const std::vector<Secret>& secrets)
{
    for (Header& header : response.headers)
        if (same_name(header.name, api.audit_header))
            header.value = clean(header.value, secrets, word_bytes_max);
}

Error error_of(const ApiRules& api,
               const Operation& operation,
               const HttpResponse& response,
               const std::vector<Secret>& secrets,
               WallTime now)
{
    ApiFailure failure;
    failure.status = response.status;
    failure.audit_uid = clean(response.header(api.audit_header), secrets, word_bytes_max);
    if (response.body.size() <= error_body_bytes_max) {
        if (const auto body = json::parse(response.body)) {
            failure.code = clean(text_at(*body, api.error_code), secrets, word_bytes_max);
            failure.message = clean(text_at(*body, api.error_message), secrets, message_bytes_max);
            failure.ref = clean(text_at(*body, api.error_ref), secrets, word_bytes_max);
        }
    }
    std::string message = fallback_message(response.status);
    if (!failure.message.empty() || !failure.code.empty()) {
        message += ": " + failure.code;
        if (!failure.message.empty())
            message += (failure.code.empty() ? "" : ": ") + failure.message;
        if (!failure.ref.empty())
            message += " (ref " + failure.ref + ")";
    }
    Error error(code_of(response.status),
                std::move(message),
                operation.route(),
                advice_for(response.status));
    error.effect = effect_of(operation, response.status);
    error.retry_after = parse_retry_after(response.header("Retry-After"), now);
    error.api = std::move(failure);
    return error;
}

Error error_of(const Operation& operation, Error error)
{
    if (error.place.empty())
        error.place = operation.route();
    if (!has_effect(operation.operation_class))
        error.effect = Effect::none;
    return error;
}

bool means_absent(const Absent& absent, const Error& error)
{
    if (!error.api)
        return false;
    const ApiFailure& failure = *error.api;
    return std::ranges::find(absent.statuses, failure.status) != absent.statuses.end() ||
           std::ranges::find(absent.codes, failure.code) != absent.codes.end() ||
           std::ranges::any_of(absent.messages, [&](const std::string& part) {
               return !part.empty() && failure.message.find(part) != std::string::npos;
           });
}

} // namespace trueup::rest
