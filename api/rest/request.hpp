// From an operation of a kind to an HTTP request.
//
// Pure. The scope travels with each request (design.md 1); nothing here knows credentials.

#pragma once

#include "api/http/message.hpp"
#include "api/rest/paginator.hpp"
#include "api/rest/provider.hpp"
#include "api/rest/template.hpp"
#include "state/model/kind.hpp"
#include "state/model/resource.hpp"

#include <optional>
#include <vector>

namespace trueup::rest {

// One operation with everything that it needs to be sent. Operation, kind and absent outlive it.
struct Call {
    Call() = default;

    const Kind* kind = nullptr; // null: the API's own, such as the login
    const Operation* operation = nullptr;
    Scope scope;
    Parameters parameters;
    std::vector<QueryParameter> narrow; // templates that are added to the operation's query
    PageQuery page;
    std::optional<Value> body_template; // expanded with the parameters
    std::optional<Value> body;          // finished: sent as it is
    const Absent* absent = nullptr;     // failures that mean "does not exist" are not repeated
    CallContext context;
};

// The names of all parameters that the call's path, query and body template use.
std::vector<std::string> parameters_used(const Call& call);

// The request, without credentials. The body is written here, secrets in clear, and marked
// sensitive where it holds any. Fails with internal on an unknown parameter, with invalid_input on
// a value that cannot stand where its parameter does, and with refused when the scope has no uid
// yet.
Result<HttpRequest> make_request(const ApiRules& api, const Call& call);

} // namespace trueup::rest
