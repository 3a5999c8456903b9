#include "api/rest/children.hpp"

#include "api/rest/merge.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace trueup::rest {

namespace {

constexpr std::string_view map_key = "name";
constexpr std::string_view map_value = "value";

// The entries of a collection by their keys, each as an object that holds its key: {name, value}
// for the entries of a map of scalars.
std::map<std::string, Value> entries_of(const Field& field, const Value* collection)
{
    std::map<std::string, Value> entries;
    if (collection == nullptr)
        return entries;
    if (const List* list = collection->if_list()) {
        for (const Value& item : *list) {
            const Map* map = item.if_map();
            const Value* key = map != nullptr ? map->find(field.element_key) : nullptr;
            if (const auto text = key != nullptr ? key_text(*key) : std::nullopt)
                entries.emplace(*text, item);
        }
    }
    if (const Map* map = collection->if_map()) {
        for (const auto& [name, item] : *map) {
            Map entry = item.if_map() != nullptr ? *item.if_map() : Map();
            if (item.if_map() == nullptr)
                entry.set(std::string(map_value), item);
            entry.set(std::string(map_key), name);
            entries.emplace(name, Value(std::move(entry)));
        }
    }
    return entries;
}

// The schema of an entry as entries_of makes it.
Field entry_field(const Field& field)
{
    Field entry;
    entry.type = FieldType::object;
    if (field.element.empty()) {
        entry.open = true;
        return entry;
    }
    const Field& element = field.element.front();
    if (element.type == FieldType::object)
        return element;
    Field value = element;
    value.name = map_value;
    entry.fields.push_back(std::move(value));
    return entry;
}

// The key of the entry that `change` is about; nothing when it is about all of them.
std::optional<std::string> entry_key(const ChildSet& set, const ChangePath& change)
{
    const std::size_t depth = set.field.names().size();
    if (change.steps.size() <= depth)
        return std::nullopt;
    const ChangePath::Step& step = change.steps[depth];
    if (!step.element)
        return step.name;
    if (step.element->key.empty())
        return std::nullopt;
    return step.element->value;
}

WriteCall call_with(const Operation& operation, const ChildSet& set, List entries)
{
    WriteCall call;
    call.operation = &operation;
    call.has_body = true;
    call.body = operation.body.value_or(Value(Map{}));
    put(call.body, set.body, Value(std::move(entries)));
    return call;
}

Error no_such_call(const Kind& kind, const ChildSet& set, std::string_view what)
{
    return Error{Errc::refused,
                 "no call of " + kind.name + " can " + std::string(what) + " an entry of " +
                     set.field.text()};
}

// An entry as it is named for its removal: without secrets, which nobody needs for that.
void drop_sensitive(const Field& field, Value& entry)
{
    Map* map = entry.if_map();
    if (map == nullptr)
        return;
    for (const Field& member : field.fields)
        if (member.sensitive || member.server_set)
            map->erase(member.name);
    std::vector<std::string> secret;
    for (const auto& [name, value] : *map)
        if (contains_secret(value) || contains_unknown(value))
            secret.push_back(name);
    for (const std::string& name : secret)
        map->erase(name);
}

// Which entries the changes name; all of them for a change of the whole collection.
std::set<std::string> named_keys(const ChildSet& set,
                                 const Field& field,
                                 const std::vector<ChangePath>& changes,
                                 const std::map<std::string, Value>& wanted,
                                 const std::map<std::string, Value>& there)
{
    std::set<std::string> keys;
    for (const ChangePath& change : changes) {
        if (!concerns(set, change))
            continue;
        if (const auto key = entry_key(set, change)) {
            keys.insert(*key);
            continue;
        }
        for (const auto& [key, entry] : wanted)
            keys.insert(key);
        // A collection that is all ours, and gone as a whole.
        if (!field.partial)
            for (const auto& [key, entry] : there)
                keys.insert(key);
    }
    return keys;
}

} // namespace

bool concerns(const ChildSet& set, const ChangePath& change)
{
    const Path path = change.plain();
    return path.within(set.field) || (change.is_plain() && set.field.within(path));
}

Result<std::vector<WriteCall>> encode_children(const UpdateGoal& goal,
                                               const ChildSet& set,
                                               const Value& desired,
                                               const std::vector<ChangePath>& changes)
{
    const Field* field = field_at(goal.kind.schema, set.field);
    if (field == nullptr)
        return Error{Errc::internal, goal.kind.name + " has no field " + set.field.text()};
    const Field entry = entry_field(*field);
    const auto there = entries_of(*field, find(goal.base, set.field));
    const auto wanted = entries_of(*field, find(desired, set.field));
    List added;
    List changed;
    Map gone;
    for (const std::string& key : named_keys(set, *field, changes, wanted, there)) {
        const auto want = wanted.find(key);
        const auto have = there.find(key);
        if (want == wanted.end()) {
            if (have != there.end())
                gone.set(key, have->second);
            continue;
        }
        Value merged = have != there.end() ? have->second : Value();
        overlay(entry, merged, want->second);
        strip_server_set(entry, merged);
        if (have != there.end() && merged == have->second)
            continue;
        const std::string path = set.field.text() + "[" + key + "]";
        if (auto checked = check_sendable(&entry, merged, path); !checked)
            return checked.error();
        (have != there.end() ? changed : added).push_back(std::move(merged));
    }
    std::vector<WriteCall> calls;
    if (!added.empty()) {
        if (set.add.empty())
            return no_such_call(goal.kind, set, "add");
        calls.push_back(call_with(set.add, set, std::move(added)));
    }
    if (!changed.empty()) {
        if (set.change.empty())
            return no_such_call(goal.kind, set, "change");
        calls.push_back(call_with(set.change, set, std::move(changed)));
    }
    if (!gone.empty()) {
        if (set.remove.empty())
            return no_such_call(goal.kind, set, "remove");
        List entries;
        for (auto& [key, value] : gone) {
            drop_sensitive(entry, value);
            entries.push_back(std::move(value));
        }
        calls.push_back(call_with(set.remove, set, std::move(entries)));
    }
    return calls;
}

std::optional<WriteCall> encode_removal(const Kind& kind, const ChildSet& set, const Value& entries)
{
    const Field* field = field_at(kind.schema, set.field);
    if (field == nullptr || set.remove.empty())
        return std::nullopt;
    const Field entry = entry_field(*field);
    List gone;
    for (auto& [key, value] : entries_of(*field, &entries)) {
        Value named = value;
        drop_sensitive(entry, named);
        gone.push_back(std::move(named));
    }
    if (gone.empty())
        return std::nullopt;
    return call_with(set.remove, set, std::move(gone));
}

} // namespace trueup::rest
