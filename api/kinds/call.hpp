// Reads one call of a kind file and checks its parameters.

#pragma once

#include "api/kinds/section.hpp"
#include "state/model/kind.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::kinds {

// What a call may say where it stands.
struct CallRules {
    CallRules(std::string n, OperationClass c) : name(std::move(n)), operation_class(c) {}

    std::string name;               // of the operation, for messages and logs
    OperationClass operation_class; // unless it states another
    std::set<std::string> parameters;
    // Where $field points; null for calls that carry nothing of a resource, such as a publish.
    const Field* schema = nullptr;
    // Reads of each element of a list may use any of the element's members.
    bool any_member = false;
};

// A call as it was read, for the checks between kinds.
struct NotedCall {
    NotedCall(std::string o, const Operation& call, Entry e)
        : owner(std::move(o)), operation(call), at(std::move(e))
    {
    }

    std::string owner; // "Role list"
    Operation operation;
    Entry at;
};

// Reads `sunset` or `deprecated` of a kind or a call; nothing when it has neither.
std::optional<Sunset> read_sunset(Section& section, Diagnostics& diagnostics);

// Reads `call`, `class`, `query`, `body`, `success`, `sunset` and `deprecated` of `section` and
// notes the call for `owner`. Without a call at all the operation is empty, and that is reported.
Operation read_call(Section& section,
                    const CallRules& rules,
                    const std::string& owner,
                    std::vector<NotedCall>& noted,
                    Diagnostics& diagnostics);

// The query at `at`, a map of templates.
std::vector<QueryParameter>
read_query(const Entry& at, const CallRules& rules, Diagnostics& diagnostics);

// Reports the parameters in the strings of a body, and the $field paths, that nothing stands for.
void check_body(const Entry& at, const CallRules& rules, Diagnostics& diagnostics);

// "/v1/roles/{}": a path without the names of its parameters.
std::string anonymous_path(std::string_view path);

// The names in braces in `text`.
std::vector<std::string> parameters_of(std::string_view text);

} // namespace trueup::kinds
