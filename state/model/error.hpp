// What can go wrong, as a value: a code for programs, and a sentence, a place and advice for
// people.
//
// An Error never holds a secret: whoever builds one leaves bodies and header values out.

#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace trueup {

enum class Errc {
    invalid_input, // a manifest, a kind file, an option: the user can mend it
    not_found,     // the API or the store has no such thing
    conflict,      // it exists already, or it changed since it was read
    unauthorized,  // 401
    forbidden,     // 403
    throttled,     // 429
    server_failed, // 5xx
    network,       // no connection, or a connection that broke
    timed_out,     // a deadline passed
    rejected,      // an answer that breaks the protocol, or a 4xx that names no other code
    too_large,     // a limit of ours was passed
    refused,       // a guard said no (exit code 3)
    cancelled,     // we were asked to stop
    store_failed,  // the state cannot be read or written
    busy,          // another writer holds the state
    internal,      // a bug
};

// The name of a code as it appears in logs and JSON, such as "not_found".
std::string_view name_of(Errc code);

// What a failed call may have left behind on the server.
enum class Effect {
    none,    // it was not sent, or the server said that it did nothing
    unknown, // it was sent and no answer came: find out before trying again
};

// What the API itself said about a failure (kinds.md a.4).
struct ApiFailure {
    ApiFailure() = default;

    int status = 0;
    std::string code;
    std::string message;
    std::string ref;
    std::string audit_uid;
};

struct Error {
    Error(Errc c, std::string text) : code(c), message(std::move(text)) {}
    Error(Errc c, std::string text, std::string where, std::string hint = {})
        : code(c), message(std::move(text)), place(std::move(where)), advice(std::move(hint))
    {
    }

    Errc code;
    std::string message;
    std::string place;  // file:line:column, an address, or "METHOD /route/{template}"
    std::string advice; // what would be right; may be empty
    std::optional<ApiFailure> api;
    Effect effect = Effect::none;
    std::optional<std::chrono::milliseconds> retry_after;

    // One line for people: "place: message (advice)".
    std::string text() const;
};

} // namespace trueup
