// HTTP requests and answers as plain values.

#pragma once

#include "state/model/secret.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trueup {

struct Header {
    Header(std::string n, std::string v) : name(std::move(n)), value(std::move(v)) {}

    std::string name;
    std::string value;
};

struct HttpRequest {
    HttpRequest() = default;

    std::string method;
    std::string target; // path and query, percent-encoded
    std::vector<Header> headers;
    // The credential, kept apart so that it is never copied into logs: header name and value.
    std::string credential_header;
    std::optional<Secret> credential;
    std::string body;
    std::string route; // "POST /v1/roles": what errors and logs show
    // True when the request may be sent again, and nobody told, on a fresh connection if a reused
    // one turns out dead before a byte of the answer arrived: it changes nothing.
    bool repeatable = false;
    // Wipe the body after it was sent: it holds secrets.
    bool sensitive_body = false;
};

struct HttpResponse {
    HttpResponse() = default;

    int status = 0;
    std::vector<Header> headers;
    std::string body; // decoded

    // The value of the header `name` (any case), or "".
    std::string_view header(std::string_view name) const;
};

} // namespace trueup
