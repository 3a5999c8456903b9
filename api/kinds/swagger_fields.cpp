#include "api/kinds/swagger_fields.hpp"

#include "api/kinds/schema.hpp"

#include <algorithm>

namespace trueup::kinds {

namespace {

// Stands for any element of a list or map in a path.
const std::string any_element = "[]";

std::string joined(const std::vector<std::string>& words)
{
    std::string line;
    for (const std::string& word : words)
        line += (line.empty() ? "" : ", ") + word;
    return line;
}

bool same_type(FieldType ours, const std::string& theirs)
{
    switch (ours) {
    case FieldType::string:
        return theirs == "string";
    case FieldType::boolean:
        return theirs == "boolean";
    case FieldType::integer:
        return theirs == "integer";
    case FieldType::number:
        return theirs == "number" || theirs == "integer";
    case FieldType::object:
    case FieldType::map:
        return theirs == "object";
    case FieldType::list:
        return theirs == "array";
    case FieldType::any:
        return true;
    }
    return false;
}

// A path as people write it: packs[].name.
std::string readable(const std::string& path)
{
    static const std::string quoted = step_text(any_element);
    std::string text;
    for (std::size_t at = 0; at < path.size();) {
        const std::size_t next = std::min(path.find(quoted, at), path.size());
        text += path.substr(at, next - at);
        if (next < path.size())
            text += any_element;
        at = next < path.size() ? next + quoted.size() : next;
    }
    return text;
}

} // namespace

void FieldComparison::finding(const std::string& key, const std::string& what, std::string advice)
{
    diagnostics_.error(
        kind_.file, {}, kind_.name + " " + readable(key) + ": " + what, std::move(advice));
}

void FieldComparison::agree(const Field& field,
                            const std::string& key,
                            Schema node,
                            const std::string& call)
{
    const std::string type = swagger_.type(node);
    if (!type.empty() && !same_type(field.type, type)) {
        finding(key,
                "is " + std::string(name_of(field.type)) + " here and " + type + " in " + call);
        return;
    }
    const std::vector<std::string> theirs = swagger_.choices(node);
    const std::set<std::string> a(field.choices.begin(), field.choices.end());
    const std::set<std::string> b(theirs.begin(), theirs.end());
    if (!theirs.empty() && a != b)
        finding(key,
                "its choices here are (" + joined(field.choices) + "), in " + call + " (" +
                    joined(theirs) + ")");
    const Value* standard = node->if_map() != nullptr ? node->if_map()->find("default") : nullptr;
    const Value* known = field.known_default();
    if (standard != nullptr && known != nullptr && *standard != *known)
        finding(key, "its default differs from that in " + call);
}

void FieldComparison::written(
    const Field& field, const Path& path, Schema body, const std::string& call, Missing missing)
{
    const Schema node = swagger_.find(body, path);
    if (node == nullptr) {
        if (missing == Missing::report)
            finding(path.text(), "is not in the body of " + call);
        return;
    }
    taken_.insert(path.text());
    agree(field, path.text(), node, "the body of " + call);
    written_members(field, path, node, call, missing);
}

void FieldComparison::written_members(
    const Field& field, const Path& path, Schema node, const std::string& call, Missing missing)
{
    const auto below = [&](const Field& member, const std::string& name, Schema at) {
        const Path member_path = path.child(name);
        if (at == nullptr) {
            if (missing == Missing::report && !member.create_only && !member.immutable)
                finding(member_path.text(),
                        "is not in the body of " + call,
                        did_you_mean(name, swagger_.property_names(node)));
            return;
        }
        taken_.insert(member_path.text());
        agree(member, member_path.text(), at, "the body of " + call);
        written_members(member, member_path, at, call, missing);
    };
    for (const Field& member : field.fields)
        if (!member.server_set)
            below(member, member.name, swagger_.property(node, member.name));
    if (field.type == FieldType::list && !field.element.empty())
        below(field.element.front(), any_element, swagger_.items(node));
    if (field.type == FieldType::map && !field.element.empty())
        below(field.element.front(), any_element, swagger_.held(node));
    for (const std::string& name : swagger_.required(node)) {
        const Field* member = field.find(name);
        if (member != nullptr && !member->required && !member->default_value && !member->server_set)
            finding(path.child(name).text(), "is required in the body of " + call);
    }
}

void FieldComparison::body_template(const Value& body, Schema schema, const std::string& call)
{
    const Map* map = body.if_map();
    if (map == nullptr)
        return;
    if (const Value* placed = map->find("$field")) {
        const auto path = Path::parse(placed->string_or_empty());
        const Field* field = path ? find_field(kind_.schema, *path) : nullptr;
        if (field == nullptr)
            return;
        taken_.insert(path->text());
        agree(*field, path->text(), schema, "the body of " + call);
        written_members(*field, *path, schema, call, Missing::report);
        return;
    }
    for (const auto& [name, value] : *map) {
        const Schema below = swagger_.property(schema, name);
        if (below == nullptr)
            finding(call,
                    "its body has no \"" + name + "\"",
                    did_you_mean(name, swagger_.property_names(schema)));
        else
            body_template(value, below, call);
    }
}

void FieldComparison::finish_written(const Field& field, const Path& path)
{
    for (const Field& member : field.fields) {
        const Path at = path.child(member.name);
        if (member.server_set)
            continue;
        if (!taken_.contains(at.text()) && (member.type != FieldType::object || member.open))
            finding(at.text(), "no body of a create or a facet takes it");
        else
            finish_written(member, at);
    }
    if (!field.element.empty())
        finish_written(field.element.front(), path.child(any_element));
}

void FieldComparison::read(
    const Field& field, const Path& path, Schema parent, Schema object, Schema item)
{
    if (field.write_only)
        return;
    Schema node = nullptr;
    if (field.read_from.empty()) {
        node = swagger_.property(parent, field.name);
        if (node == nullptr && field.type == FieldType::object && !field.open) {
            // Its members may have aliases of their own.
            read_members(field, path, nullptr, object, item);
            return;
        }
        if (node == nullptr)
            finding(path.text(),
                    "is not in what is read",
                    parent != nullptr ? did_you_mean(field.name, swagger_.property_names(parent))
                                      : "say readFrom, or writeOnly");
    }
    for (const Path& alias : field.read_from) {
        const Schema there = swagger_.find(object, alias);
        if (there == nullptr && swagger_.find(item, alias) == nullptr)
            finding(path.text(), "readFrom: \"" + alias.text() + "\" is not in what is read");
        if (node == nullptr)
            node = there;
    }
    if (node == nullptr)
        return;
    const std::string type = swagger_.type(node);
    if (!type.empty() && !same_type(field.type, type))
        finding(path.text(),
                "is " + std::string(name_of(field.type)) + " here and is read as " + type);
    read_members(field, path, node, object, item);
}

void FieldComparison::read_members(
    const Field& field, const Path& path, Schema node, Schema object, Schema item)
{
    for (const Field& member : field.fields)
        read(member, path.child(member.name), node, object, item);
    if (field.type != FieldType::list || field.element.empty())
        return;
    // Below a list element, aliases are relative to the element.
    const Schema element = swagger_.items(node);
    if (element == nullptr)
        finding(path.text(), "its elements are not described in what is read");
    else
        for (const Field& member : field.element.front().fields)
            read(member, path.child(any_element).child(member.name), element, element, nullptr);
}

} // namespace trueup::kinds
