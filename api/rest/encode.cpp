#include "api/rest/encode.hpp"

#include "api/rest/body.hpp"
#include "api/rest/children.hpp"
#include "api/rest/codec.hpp"
#include "api/rest/merge.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup {

namespace rest {

Parameters
call_parameters(const Kind& kind, const Scope& scope, const std::string& uid, const Value& shape)
{
    Parameters parameters;
    if (!uid.empty())
        parameters.emplace("uid", uid);
    if (!scope.uid.empty())
        parameters.emplace("scopeUid", scope.uid);
    for (const Path& path : kind.key) {
        const Value* part = find(shape, path);
        const Field* field = field_at(kind.schema, path);
        if (part != nullptr && part->is_scalar() && !part->is_null())
            parameters.emplace("key:" + path.text(), *part);
        else if (field != nullptr && field->default_value)
            parameters.emplace("key:" + path.text(), *field->default_value);
    }
    return parameters;
}

WriteCall call_on(const Operation& operation,
                  const Scope& scope,
                  const std::string& uid,
                  const Parameters& parameters)
{
    WriteCall call;
    call.operation = &operation;
    call.scope = scope;
    call.uid = uid;
    call.parameters = parameters;
    return call;
}

void put_mark(const Kind& kind, const Mark& mark, Value& body)
{
    if (!kind.mark)
        return;
    if (mutated(Mutation::no_mark))
        return;
    if (mutated(Mutation::wrong_mark)) {
        put(body, kind.mark->map.child(kind.mark->owner_key), Value(mark.owner));
        put(body, kind.mark->map.child(kind.mark->address_key), Value(mark.owner));
        return;
    }
    put(body, kind.mark->map.child(kind.mark->owner_key), Value(mark.owner));
    put(body, kind.mark->map.child(kind.mark->address_key), Value(mark.address));
}

} // namespace rest

Result<WriteCall>
encode_create(const Kind& kind, const Scope& scope, const Value& desired, const Mark& mark)
{
    if (!kind.create)
        return Error{Errc::refused, kind.name + " cannot be created"};
    Value target = Map{};
    rest::overlay(kind.schema, target, rest::without_nulls(desired));
    rest::strip_server_set(kind.schema, target);
    for (const ChildSet& set : kind.children)
        erase(target, set.field);
    rest::put_mark(kind, mark, target);
    std::string uid;
    if (kind.create->client_uid)
        if (const Value* chosen = find(target, *kind.create->client_uid))
            uid = chosen->string_or_empty();
    const Parameters parameters = rest::call_parameters(kind, scope, uid, desired);
    const Operation& operation = kind.create->call;
    WriteCall call = rest::call_on(operation, scope, uid, parameters);
    call.has_body = true;
    if (operation.body) {
        auto body = rest::body_from_template(kind, *operation.body, target, parameters);
        if (!body)
            return body.error();
        call.body = std::move(*body);
        return call;
    }
    if (auto checked = rest::check_sendable(&kind.schema, target, ""); !checked)
        return checked.error();
    call.body = std::move(target);
    return call;
}

Result<std::vector<WriteCall>> encode_steps(const Kind& kind,
                                            const Scope& scope,
                                            const std::string& uid,
                                            const std::vector<Operation>& steps,
                                            const Value& desired)
{
    const Parameters parameters = rest::call_parameters(kind, scope, uid, desired);
    std::vector<WriteCall> calls;
    for (const Operation& step : steps) {
        WriteCall call = rest::call_on(step, scope, uid, parameters);
        if (step.body) {
            const std::vector<std::string> fields = rest::fields_of(*step.body);
            const bool says_nothing =
                !fields.empty() && std::ranges::none_of(fields, [&](const std::string& text) {
                    const auto path = Path::parse(text);
                    const Value* value = path ? find(desired, *path) : nullptr;
                    return value != nullptr && !value->is_null();
                });
            if (says_nothing)
                continue;
            auto body = rest::body_from_template(kind, *step.body, desired, parameters);
            if (!body)
                return body.error();
            call.body = std::move(*body);
            call.has_body = true;
        }
        calls.push_back(std::move(call));
    }
    return calls;
}

namespace {

Result<std::vector<WriteCall>> encode_remove(const Kind& kind,
                                             const Scope& scope,
                                             const std::string& uid,
                                             const Value& last_applied,
                                             const Parameters& parameters)
{
    if (!kind.remove)
        return Error{Errc::refused, kind.name + " cannot be deleted"};
    WriteCall call = rest::call_on(*kind.remove, scope, uid, parameters);
    if (kind.remove->body) {
        auto body = rest::body_from_template(kind, *kind.remove->body, last_applied, parameters);
        if (!body)
            return body.error();
        call.body = std::move(*body);
        call.has_body = true;
    }
    std::vector<WriteCall> calls;
    calls.push_back(std::move(call));
    return calls;
}

// The facets that write something of the stated values, with those values alone.
Result<std::vector<WriteCall>> encode_reset(const Kind& kind,
                                            const Scope& scope,
                                            const std::string& uid,
                                            const Parameters& parameters)
{
    std::vector<WriteCall> calls;
    if (!kind.reset_to)
        return calls;
    const Value nothing = Map{};
    const rest::UpdateGoal goal(kind, nothing, *kind.reset_to);
    for (const Facet& facet : kind.facets) {
        std::vector<Path> send;
        for (const Path& field : facet.fields)
            if (find(*kind.reset_to, field) != nullptr)
                send.push_back(field);
        if (send.empty())
            continue;
        auto body = rest::facet_body(goal, facet, send, parameters);
        if (!body)
            return body.error();
        WriteCall call = rest::call_on(facet.call, scope, uid, parameters);
        call.body = std::move(*body);
        call.has_body = true;
        calls.push_back(std::move(call));
        auto steps = encode_steps(kind, scope, uid, facet.then, *kind.reset_to);
        if (!steps)
            return steps.error();
        std::ranges::move(*steps, std::back_inserter(calls));
    }
    return calls;
}

std::vector<WriteCall> encode_entries(const Kind& kind,
                                      const Scope& scope,
                                      const std::string& uid,
                                      const Value& last_applied,
                                      const Parameters& parameters)
{
    std::vector<WriteCall> calls;
    for (const ChildSet& set : kind.children) {
        const Value* entries = find(last_applied, set.field);
        if (entries == nullptr)
            continue;
        auto made = rest::encode_removal(kind, set, *entries);
        if (!made)
            continue;
        WriteCall call = rest::call_on(*made->operation, scope, uid, parameters);
        call.body = std::move(made->body);
        call.has_body = true;
        calls.push_back(std::move(call));
    }
    return calls;
}

} // namespace

Result<std::vector<WriteCall>> encode_delete(const Kind& kind,
                                             const Scope& scope,
                                             const std::string& uid,
                                             const Value& last_applied)
{
    const Parameters parameters = rest::call_parameters(kind, scope, uid, last_applied);
    switch (kind.when_deleted) {
    case WhenDeleted::remove:
        return encode_remove(kind, scope, uid, last_applied, parameters);
    case WhenDeleted::reset:
        return encode_reset(kind, scope, uid, parameters);
    case WhenDeleted::entries:
        return encode_entries(kind, scope, uid, last_applied, parameters);
    case WhenDeleted::leave:
        break;
    }
    return std::vector<WriteCall>{};
}

} // namespace trueup
