#include "api/rest/request.hpp"

#include "state/model/address.hpp"
#include "state/model/json.hpp"

#include <algorithm>

namespace trueup::rest {

namespace {

// What may stand unescaped in a path or a query would have a meaning there.
constexpr std::string_view reserved = "+=@:";

void collect_names(const Value& body, std::vector<std::string>& names)
{
    if (const std::string* text = body.if_string())
        std::ranges::move(parameter_names(*text), std::back_inserter(names));
    if (const Map* map = body.if_map())
        for (const auto& [name, value] : *map)
            collect_names(value, names);
    if (const List* list = body.if_list())
        for (const Value& item : *list)
            collect_names(item, names);
}

void add(std::string& query, const std::string& name, const std::string& value)
{
    query += query.empty() ? "" : "&";
    query += percent_encode(name, reserved) + "=" + percent_encode(value, reserved);
}

Result<std::string> make_query(const Call& call)
{
    if (call.page.link)
        return *call.page.link;
    std::vector<QueryParameter> all;
    const auto set = [&](const std::string& name, std::string value) {
        const auto it = std::ranges::find(all, name, &QueryParameter::name);
        if (it != all.end())
            it->value = std::move(value);
        else
            all.push_back({name, std::move(value)});
    };
    for (const auto* templates : {&call.operation->query, &call.narrow}) {
        for (const QueryParameter& parameter : *templates) {
            auto value = expand_text(parameter.value, call.parameters, Encoding::plain);
            if (!value)
                return value.error();
            set(parameter.name, std::move(*value));
        }
    }
    for (const QueryParameter& parameter : call.page.query)
        set(parameter.name, parameter.value);
    std::string query;
    for (const QueryParameter& parameter : all)
        add(query, parameter.name, parameter.value);
    return query;
}

Result<void> add_body(const Call& call, HttpRequest& request)
{
    std::optional<Value> body = call.body;
    if (!body && call.body_template) {
        auto expanded = expand_body(*call.body_template, call.parameters, {});
        if (!expanded)
            return expanded.error();
        body = std::move(*expanded);
    }
    if (!body)
        return {};
    request.sensitive_body = contains_secret(*body);
    request.body = json::write(*body, json::Secrets::reveal);
    return {};
}

// A write that may be repeated is repeated by those who record each of its attempts: the first may
// have taken effect, whatever the second one is told.
bool may_go_unseen(OperationClass operation_class)
{
    return operation_class == OperationClass::read || operation_class == OperationClass::login;
}

} // namespace

std::vector<std::string> parameters_used(const Call& call)
{
    std::vector<std::string> names = parameter_names(call.operation->path);
    for (const auto* templates : {&call.operation->query, &call.narrow})
        for (const QueryParameter& parameter : *templates)
            std::ranges::move(parameter_names(parameter.value), std::back_inserter(names));
    if (call.body_template)
        collect_names(*call.body_template, names);
    return names;
}

Result<HttpRequest> make_request(const ApiRules& api, const Call& call)
{
    const Operation& operation = *call.operation;
    const auto placed = [&](Error error) {
        error.place = operation.route();
        return error;
    };
    HttpRequest request;
    request.method = operation.method;
    request.route = operation.route();
    request.repeatable = may_go_unseen(operation.operation_class);
    auto path = expand_text(operation.path, call.parameters, Encoding::path_segment);
    if (!path)
        return placed(path.error());
    auto query = make_query(call);
    if (!query)
        return placed(query.error());
    request.target = std::move(*path);
    if (!query->empty())
        request.target += "?" + *query;
    const bool scoped = call.kind != nullptr && call.kind->scope_header && call.scope.project;
    if (scoped && !api.scope_header.empty()) {
        if (call.scope.uid.empty())
            return placed(
                Error{Errc::refused, "the project " + *call.scope.project + " does not exist yet"});
        request.headers.emplace_back(api.scope_header, call.scope.uid);
    }
    if (auto added = add_body(call, request); !added)
        return placed(added.error());
    return request;
}

} // namespace trueup::rest
