#include "api/rest/body.hpp"

#include "api/rest/merge.hpp"

#include <algorithm>
#include <set>

namespace trueup::rest {

namespace {

Result<void> check(const Kind& kind, const Path& path, const Value& value)
{
    return check_sendable(field_at(kind.schema, path), value, path.text());
}

// RFC 6901.
std::string json_pointer(const Path& path)
{
    std::string pointer;
    for (const std::string& name : path.names()) {
        pointer += '/';
        for (const char c : name) {
            if (c == '~')
                pointer += "~0";
            else if (c == '/')
                pointer += "~1";
            else
                pointer += c;
        }
    }
    return pointer;
}

Path shortened(const Path& path, std::size_t size)
{
    const auto& names = path.names();
    return Path({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(size)});
}

// As far as the schema knows members one by one: a partial body has maps as a whole.
Path up_to_map(const Field& schema, const Path& path)
{
    const Field* at = &schema;
    for (std::size_t i = 0; i < path.names().size(); ++i) {
        if (at->type != FieldType::object)
            return shortened(path, i);
        at = at->find(path.names()[i]);
        if (at == nullptr)
            return path;
    }
    return path;
}

Result<Value> whole_body(const UpdateGoal& goal, const std::vector<Path>& fields)
{
    Value body = Map{};
    for (const Path& path : fields) {
        const Value* value = find(goal.target, path);
        if (value == nullptr)
            continue;
        if (auto checked = check(goal.kind, path, *value); !checked)
            return checked.error();
        put(body, path, *value);
    }
    return body;
}

Result<Value> bare_body(const UpdateGoal& goal, const Path& path)
{
    const Value* value = find(goal.target, path);
    if (value == nullptr) {
        const Field* field = field_at(goal.kind.schema, path);
        const bool is_list = field != nullptr && field->type == FieldType::list;
        return is_list ? Value(List{}) : Value(Map{});
    }
    if (auto checked = check(goal.kind, path, *value); !checked)
        return checked.error();
    return *value;
}

// Only what changed, and null for what goes.
Result<Value> sparse_body(const UpdateGoal& goal, const std::vector<Path>& send)
{
    Value body = Map{};
    for (const Path& path : send) {
        const Value* value = find(goal.target, path);
        if (value != nullptr) {
            if (auto checked = check(goal.kind, path, *value); !checked)
                return checked.error();
        }
        put(body, path, value != nullptr ? *value : Value());
    }
    return body;
}

Value patch_step(const char* op, const Path& path)
{
    Map step;
    step.set("op", op);
    step.set("path", json_pointer(path));
    return step;
}

// RFC 6902.
Result<Value> json_patch_body(const UpdateGoal& goal, const std::vector<Path>& send)
{
    List steps;
    std::set<Path> done;
    for (Path path : send) {
        // A member can only be added where its parent is.
        std::size_t depth = 1;
        while (depth < path.names().size() && find(goal.base, shortened(path, depth)) != nullptr)
            ++depth;
        path = shortened(path, depth);
        if (!done.insert(path).second)
            continue;
        const bool exists = find(goal.base, path) != nullptr;
        const Value* value = find(goal.target, path);
        if (value == nullptr) {
            if (exists)
                steps.push_back(patch_step("remove", path));
            continue;
        }
        if (auto checked = check(goal.kind, path, *value); !checked)
            return checked.error();
        Value step = patch_step(exists ? "replace" : "add", path);
        step.if_map()->set("value", *value);
        steps.push_back(std::move(step));
    }
    return Value(std::move(steps));
}

} // namespace

std::vector<Path>
paths_to_send(const Kind& kind, const Facet& facet, const std::vector<ChangePath>& changes)
{
    std::set<Path> paths;
    for (const ChangePath& change : changes) {
        Path path = change.plain();
        if (facet.shape == BodyShape::partial)
            path = up_to_map(kind.schema, path);
        for (const Path& field : facet.fields) {
            if (path.within(field))
                paths.insert(path);
            else if (field.within(path))
                paths.insert(field);
        }
    }
    // What lies below another path travels with it.
    std::vector<Path> send;
    for (const Path& path : paths)
        if (std::ranges::none_of(send, [&](const Path& above) { return path.within(above); }))
            send.push_back(path);
    return send;
}

Result<Value> facet_body(const UpdateGoal& goal,
                         const Facet& facet,
                         const std::vector<Path>& send,
                         const Parameters& parameters)
{
    switch (facet.shape) {
    case BodyShape::whole:
        return whole_body(goal, facet.fields);
    case BodyShape::bare:
        return bare_body(goal, facet.fields.empty() ? Path() : facet.fields.front());
    case BodyShape::partial:
    case BodyShape::merge_patch:
        return sparse_body(goal, send);
    case BodyShape::json_patch:
        return json_patch_body(goal, send);
    case BodyShape::body_template:
        return body_from_template(
            goal.kind, facet.call.body.value_or(Value(Map{})), goal.target, parameters);
    }
    return whole_body(goal, facet.fields);
}

Result<Value> body_from_template(const Kind& kind,
                                 const Value& body,
                                 const Value& target,
                                 const Parameters& parameters)
{
    for (const std::string& text : fields_of(body)) {
        const auto path = Path::parse(text);
        if (!path)
            return path.error();
        const Value* value = find(target, *path);
        if (value == nullptr)
            continue;
        if (auto checked = check(kind, *path, *value); !checked)
            return checked.error();
    }
    return expand_body(body, parameters, [&](const std::string& text) -> const Value* {
        const auto path = Path::parse(text);
        return path ? find(target, *path) : nullptr;
    });
}

} // namespace trueup::rest
