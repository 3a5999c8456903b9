// How the engine changes objects.

#include "api/sandbox/engine.hpp"
#include "api/sandbox/json_patch.hpp"

#include <algorithm>

namespace trueup::sandbox {

namespace {

constexpr std::size_t uid_bytes = 12;

// Labels and annotations are replaced as a whole; what is empty is not kept.
void replace_texts(Map& metadata, std::string_view name, const Value* given)
{
    const Map* texts = given != nullptr ? given->if_map() : nullptr;
    if (texts == nullptr || texts->empty())
        metadata.erase(name);
    else
        metadata.set(std::string(name), *texts);
}

// kinds.md a.8: the server says whose an object is.
void set_scope(Map& metadata, const std::string& project)
{
    if (metadata.find("annotations") == nullptr)
        metadata.set("annotations", Map{});
    metadata.find("annotations")
        ->if_map()
        ->set("scope", Value(project.empty() ? "tenant" : "project"));
}

bool is_of_uid(const Value& element, const std::string& key, const std::string& uid)
{
    if (key.empty())
        return element.string_or_empty() == uid;
    const Map* map = element.if_map();
    const Value* field = map != nullptr ? map->find(key) : nullptr;
    return field != nullptr && field->string_or_empty() == uid;
}

// Removes `uid` from the lists of `data`; false when it was in none.
bool forget(Value& data, const Collection::Drop& drop, const std::string& uid)
{
    bool changed = false;
    for (Value* value : drop.at.in(data))
        if (List* list = value->if_list())
            changed = std::erase_if(*list,
                                    [&](const Value& element) {
                                        return is_of_uid(element, drop.key, uid);
                                    }) > 0 ||
                      changed;
    return changed;
}

bool holds(const Value& data, const Collection::Drop& drop, const std::string& uid)
{
    for (const Value* value : drop.at.in(data))
        if (const List* list = value->if_list())
            if (std::ranges::any_of(
                    *list, [&](const Value& element) { return is_of_uid(element, drop.key, uid); }))
                return true;
    return false;
}

} // namespace

std::optional<Answer> Engine::refuse_references(const Call& call) const
{
    for (const Reference& reference : call.route->references) {
        for (const Value* value : reference.at.in(call.body)) {
            // A list of uids may be reached without [], and an empty uid stands for none.
            const std::string& uid = value->string_or_empty();
            if (!uid.empty() && world_.shelf(reference.to)->find(uid) == nullptr)
                return refusal(400,
                               "InvalidReference",
                               "no object of " + reference.to + " has the uid '" + uid + "'");
        }
    }
    return std::nullopt;
}

std::optional<Answer> Engine::refuse_body(const Call& call, const Object* object)
{
    const Collection& collection = *call.route->collection;
    if (call.route->body)
        if (const auto fault = find_fault(call.body, *call.route->body))
            return bad_field(fault->field, fault->reason);
    if (auto refused = refuse_references(call))
        return refused;
    Surroundings around;
    around.body = &call.body;
    around.object = object != nullptr ? &object->data : nullptr;
    around.world = &world_;
    for (const auto& [path, must] : collection.immutable) {
        const Value* given = object != nullptr ? find(call.body, path) : nullptr;
        const auto is = evaluate(must, around);
        if (given != nullptr && is && *given != *is)
            return bad_field(path.text(), "cannot be changed");
    }
    for (const Check& check : collection.checks)
        if (is_truthy(evaluate(check.when, around)) && !is_truthy(evaluate(check.need, around)))
            return bad_field(check.field, "is required");
    return std::nullopt;
}

std::optional<Answer> Engine::refuse_key(const Collection& collection,
                                         const Value& data,
                                         const std::string& project,
                                         const Object* self)
{
    for (const Path& path : collection.key)
        if (text_at(data, path).empty())
            return bad_field(path.text(), "is required");
    if (collection.duplicates.empty())
        return std::nullopt;
    const std::string& text = text_at(data, collection.key.front());
    const auto row = world_.shelf(collection.name)->with_text(collection.key.front(), text);
    for (const Object* other : row ? *row : Shelf::Row{}) {
        const bool same = std::ranges::all_of(collection.key, [&](const Path& path) {
            return text_at(other->data, path) == text_at(data, path);
        });
        if (same && other != self && other->project == project)
            return refusal(409, collection.duplicates, "'" + text + "' exists already");
    }
    return std::nullopt;
}

void Engine::write_metadata(const Call& call,
                            const std::string& uid,
                            const std::string& project,
                            Value& data) const
{
    const Collection& collection = *call.route->collection;
    const Metadata mode = call.route->metadata;
    if (data.if_map()->find("metadata") == nullptr)
        data.if_map()->set("metadata", Map{});
    Map& metadata = *data.if_map()->find("metadata")->if_map();
    const Value* given = mode == Metadata::bare ? &call.body : find(call.body, Path({"metadata"}));
    static const Map none;
    const Map& from = given != nullptr && given->if_map() != nullptr ? *given->if_map() : none;
    const Value* name = from.find("name");
    if (mode != Metadata::untouched && name != nullptr && !name->string_or_empty().empty())
        metadata.set("name", *name);
    for (const std::string_view texts : {"annotations", "labels"}) {
        const bool replaces = mode == Metadata::whole || mode == Metadata::bare ||
                              (mode == Metadata::present && from.contains(texts));
        if (replaces)
            replace_texts(metadata, texts, from.find(texts));
    }
    if (collection.scope == Scope::both)
        set_scope(metadata, project);
    if (!metadata.contains("creationTimestamp"))
        metadata.set("creationTimestamp", Value(format_time(call.now)));
    metadata.set("deletionTimestamp", Value(never));
    metadata.set("lastModifiedTimestamp", Value(format_time(call.now)));
    metadata.set("uid", Value(uid));
}

// The object that the call's body and the rule's setters make of `before`.
Value Engine::compose(const Call& call,
                      const std::string& uid,
                      const std::string& project,
                      const Value& before,
                      const Value* source)
{
    const Collection& collection = *call.route->collection;
    const Value about = server(uid, project, call.now);
    Surroundings around;
    around.body = &call.body;
    around.object = &before;
    around.param = &call.params;
    around.query = &call.query;
    around.source = source;
    around.server = &about;
    around.world = &world_;
    around.shelf = world_.shelf(collection.name);
    around.project = project;
    Value data = before;
    if (!collection.singleton)
        write_metadata(call, uid, project, data);
    for (const Setter& setter : call.route->set) {
        if (auto value = evaluate(setter.value, around))
            trueup::put(data, setter.path, std::move(*value));
        else
            trueup::erase(data, setter.path);
    }
    return data;
}

// At most one object of a scope carries the flag.
void Engine::after_write(const Collection& collection, Object& object)
{
    if (!collection.only_one)
        return;
    const auto is_flagged = [&](const Object& each) {
        const Value* flag = find(each.data, *collection.only_one);
        return flag != nullptr && *flag == Value(true);
    };
    Shelf& shelf = *world_.shelf(collection.name);
    if (!is_flagged(object))
        return;
    for (Object* other : Shelf::Row(shelf.in_project(object.project))) {
        if (other == &object || !is_flagged(*other))
            continue;
        Value data = other->data;
        trueup::put(data, *collection.only_one, Value(false));
        shelf.change(*other, std::move(data));
    }
}

void Engine::join(const Call& call, const std::string& uid)
{
    const auto& join = call.route->collection->join;
    if (!join)
        return;
    Surroundings around;
    around.body = &call.body;
    around.world = &world_;
    const auto hosts = evaluate(join->each, around);
    Shelf& shelf = *world_.shelf(join->in);
    for (const Value& host : hosts && hosts->if_list() ? *hosts->if_list() : List{}) {
        Object* object = shelf.find(host.string_or_empty());
        if (object == nullptr)
            continue;
        Value data = object->data;
        Value* members = find(data, join->at);
        if (members == nullptr || members->if_list() == nullptr) {
            trueup::put(data, join->at, List{});
            members = find(data, join->at);
        }
        members->if_list()->push_back(Value(uid));
        shelf.change(*object, std::move(data));
    }
}

Answer Engine::create(const Call& call)
{
    const Collection& collection = *call.route->collection;
    const Value* source = nullptr;
    if (call.params.if_map()->contains("uid")) {
        const Found found = find_object(call);
        if (found.refused)
            return *found.refused;
        source = &found.object->data;
    }
    if (auto refused = refuse_body(call, nullptr))
        return *refused;
    const std::string project = collection.scope == Scope::both ? call.project : "";
    const std::string uid = world_.supply.hex(uid_bytes);
    Value data = compose(call, uid, project, Map{}, source);
    if (auto refused = refuse_key(collection, data, project, nullptr))
        return *refused;
    Object& object = shelf_of(call).add(uid, project, std::move(data));
    join(call, uid);
    after_write(collection, object);
    return created(uid);
}

Answer Engine::update(const Call& call)
{
    const Collection& collection = *call.route->collection;
    const Found found = find_writable(call);
    if (found.refused)
        return *found.refused;
    Object& object = *found.object;
    if (auto refused = refuse_body(call, &object))
        return *refused;
    Value data = compose(call, object.uid, object.project, object.data, nullptr);
    if (auto refused = refuse_key(collection, data, object.project, &object))
        return *refused;
    shelf_of(call).change(object, std::move(data));
    after_write(collection, object);
    return written(call.route->status != 0 ? call.route->status : 204);
}

Answer Engine::patch_document(const Call& call)
{
    const Found found = find_writable(call);
    if (found.refused)
        return *found.refused;
    Surroundings around;
    around.object = &found.object->data;
    around.world = &world_;
    auto patched =
        apply_json_patch(evaluate(*call.route->patches, around).value_or(Map{}), call.body);
    if (!patched)
        return refusal(400, "InvalidPatch", patched.error().message);
    Call whole = call;
    whole.body = without_nulls(*patched);
    return update(whole);
}

void Engine::erase(const Collection& collection, Object& object)
{
    for (const Collection::Drop& drop : collection.drops) {
        Shelf& shelf = *world_.shelf(drop.from);
        for (Object* holder : shelf.all()) {
            if (!holds(holder->data, drop, object.uid))
                continue;
            Value data = holder->data;
            if (forget(data, drop, object.uid))
                shelf.change(*holder, std::move(data));
        }
    }
    if (!collection.container.empty())
        for (auto& [name, shelf] : world_.shelves())
            for (Object* content : Shelf::Row(shelf.in_project(object.uid)))
                shelf.remove(*content);
    world_.shelf(collection.name)->remove(object);
}

Answer Engine::remove(const Call& call)
{
    const Collection& collection = *call.route->collection;
    const Found found = find_writable(call);
    if (found.refused)
        return *found.refused;
    if (!collection.container.empty() && world_.held_by(found.object->uid) > 0) {
        const Value* asked = call.query.if_map()->find(collection.container);
        if (asked == nullptr || asked->string_or_empty() != "true")
            return refusal(409, "ResourcesActive", "the object still contains others");
    }
    erase(collection, *found.object);
    return written(204);
}

} // namespace trueup::sandbox
