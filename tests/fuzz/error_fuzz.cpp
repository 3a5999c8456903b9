// Failed answers as they become errors for people and log records.
//
// Whatever the server says, an error shows no secret that was sent, no control character, and no
// more than a few lines; and what may have had an effect is never said to have had none.

#include "api/rest/errors.hpp"
#include "api/rest/retry.hpp"
#include "state/model/json.hpp"
#include "state/model/utf8.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <charconv>

using namespace trueup;
using namespace trueup::fuzz;

namespace {

constexpr WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}};
constexpr std::string_view secret = "correct horse/\"battery\"";

// Every text of an error that people or programs are shown.
std::string shown(const Error& error)
{
    std::string text = error.text();
    if (error.api)
        for (const std::string& part :
             {error.api->code, error.api->message, error.api->ref, error.api->audit_uid})
            text += " | " + part;
    return text;
}

void check(const Operation& operation, const HttpResponse& response)
{
    const ApiRules& api = shipped_catalogue().api;
    const Error error =
        rest::error_of(api, operation, response, {Secret(std::string(secret), "", "test")}, now);
    const std::string text = shown(error);
    for (const std::string_view echo : {secret,
                                        std::string_view("correct horse/\\\"battery\\\""),
                                        std::string_view("correct%20horse%2F%22battery%22"),
                                        std::string_view("correct%20horse%2f%22battery%22"),
                                        std::string_view("correct+horse%2F%22battery%22")})
        must(text.find(echo) == std::string::npos, "an error shows no secret: " + text);
    for (const char c : text)
        must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "an error is printable");
    must(text.size() < 4096, "an error is short");
    const bool reads = operation.operation_class == OperationClass::read;
    must(!reads || error.effect == Effect::none, "a read has no effect");
    must(reads || response.status < 500 || error.effect == Effect::unknown,
         "a server's failure proves nothing");
    // Whatever it says, a create that may have happened is not sent again.
    const auto wait = rest::retry_wait({}, OperationClass::create, 1, error, 7);
    must(!wait || response.status == 429, "a create is repeated only when it was turned away");
    if (wait)
        must(*wait <= std::chrono::minutes(6), "a wait is bounded");
    Absent absent;
    absent.codes = {"ResourceNotFound"};
    absent.messages = {"not found"};
    (void)rest::means_absent(absent, error);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // "404 AuditUid: a1" on the first line, the body below.
    std::string_view body = text_of(data, size);
    std::string_view head = take_part(body, "\n");
    HttpResponse response;
    const std::string_view status = take_part(head, " ");
    std::from_chars(status.data(), status.data() + status.size(), response.status);
    response.status = std::clamp(response.status, 200, 599);
    while (!head.empty()) {
        const std::string_view name = take_part(head, ": ");
        response.headers.emplace_back(std::string(name), std::string(take_part(head, "; ")));
    }
    response.body = body;
    for (const OperationClass how : {OperationClass::read, OperationClass::create}) {
        Operation operation;
        operation.operation_class = how;
        operation.method = "POST";
        operation.path = "/v1/things/{uid}";
        check(operation, response);
    }
    return 0;
}
