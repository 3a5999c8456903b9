// Sets that are kept inside an object and changed entry by entry, such as macros and profile
// variables.

#include "api/sandbox/engine.hpp"

#include <algorithm>
#include <set>

namespace trueup::sandbox {

namespace {

// The key of an entry, which may also be written as the bare key.
std::string key_of(const Value& entry, const std::string& key)
{
    const Map* map = entry.if_map();
    const Value* field = map != nullptr ? map->find(key) : &entry;
    return field != nullptr ? field->string_or_empty() : std::string();
}

List::iterator position(List& kept, const std::string& key, const std::string& wanted)
{
    return std::ranges::find_if(kept,
                                [&](const Value& entry) { return key_of(entry, key) == wanted; });
}

// What the call may not do to the entries that are kept.
std::optional<Answer> refuse_entries(const Entries& rule, const List& given, List& kept)
{
    std::set<std::string> names;
    for (const Value& entry : given) {
        const std::string name = key_of(entry, rule.key);
        const bool exists = position(kept, rule.key, name) != kept.end();
        if (name.empty())
            return bad_field(rule.from + "[]." + rule.key, "is required");
        if (rule.how == EntriesHow::add && (exists || names.contains(name)))
            return refusal(409, rule.duplicates, "'" + name + "' exists already");
        // kinds.md a.4 [tf]: 422 for a PUT with duplicate names.
        if (!names.insert(name).second)
            return refusal(422, "DuplicateEntries", "'" + name + "' is named twice");
        const bool needed = rule.how == EntriesHow::change || rule.how == EntriesHow::remove;
        if (needed && !exists)
            return not_found("'" + name + "'");
    }
    return std::nullopt;
}

void apply_entries(const Entries& rule, const List& given, List& kept)
{
    if (rule.how == EntriesHow::replace)
        kept.clear();
    for (const Value& entry : given) {
        const auto at = position(kept, rule.key, key_of(entry, rule.key));
        if (rule.how == EntriesHow::remove)
            kept.erase(at);
        else if (at == kept.end())
            kept.push_back(entry);
        else
            *at = entry;
    }
}

} // namespace

Answer Engine::entries(const Call& call)
{
    const Entries& rule = *call.route->entries;
    const Found found = find_writable(call);
    if (found.refused)
        return *found.refused;
    if (auto refused = refuse_body(call, found.object))
        return *refused;
    Object& object = *found.object;
    const Value* body = find(call.body, Path({rule.from}));
    const Value* before = find(object.data, rule.at);
    List given = body != nullptr && body->if_list() != nullptr ? *body->if_list() : List{};
    List kept = before != nullptr && before->if_list() != nullptr ? *before->if_list() : List{};
    if (auto refused = refuse_entries(rule, given, kept))
        return *refused;
    if (rule.keep) {
        for (Value& entry : given) {
            Surroundings around;
            around.item = &entry;
            around.object = &object.data;
            around.world = &world_;
            entry = evaluate(*rule.keep, around).value_or(Map{});
        }
    }
    apply_entries(rule, given, kept);
    Value data = object.data;
    trueup::put(data, rule.at, std::move(kept));
    if (!call.route->collection->singleton)
        trueup::put(
            data, Path({"metadata", "lastModifiedTimestamp"}), Value(format_time(call.now)));
    shelf_of(call).change(object, std::move(data));
    return written(204);
}

} // namespace trueup::sandbox
