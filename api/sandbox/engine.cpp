#include "api/sandbox/engine.hpp"

#include <algorithm>

namespace trueup::sandbox {

const char* const never = "0001-01-01T00:00:00.000Z";

namespace {

// When the seeds were made: 2024-01-01T00:00:00Z.
constexpr WallTime seed_time{std::chrono::milliseconds(1'704'067'200'000)};
constexpr std::size_t uid_bytes = 12;

std::vector<Path> indexed_paths(const Collection& collection)
{
    std::vector<Path> paths = collection.key;
    const Path name({"metadata", "name"});
    if (!collection.singleton && std::ranges::find(paths, name) == paths.end())
        paths.push_back(name);
    return paths;
}

void mask(Value& data, const Mask& mask)
{
    for (Value* holder : mask.in.in(data)) {
        Map* map = holder->if_map();
        Value* field = map != nullptr ? map->find(mask.field) : nullptr;
        if (field == nullptr || field->string_or_empty().empty())
            continue;
        const Value* when = mask.when.empty() ? nullptr : map->find(mask.when);
        if (mask.when.empty() || (when != nullptr && *when == Value(true)))
            *field = Value(mask.as);
    }
}

void merge_into(Value& target, const Value& patch)
{
    const Map* changes = patch.if_map();
    if (changes == nullptr) {
        target = patch;
        return;
    }
    if (target.if_map() == nullptr)
        target = Map{};
    for (const auto& [name, value] : *changes) {
        if (value.is_null())
            target.if_map()->erase(name);
        else
            merge_into((*target.if_map())[name], value);
    }
}

} // namespace

Engine::Engine(std::shared_ptr<const Rules> rules, Setting setting)
    : rules_(std::move(rules)), setting_(std::move(setting)), world_(setting_.seed)
{
    for (const auto& collection : rules_->collections)
        world_.shelves().emplace(collection->name, Shelf(indexed_paths(*collection)));
    for (const auto& collection : rules_->collections)
        seed(*collection);
}

void Engine::seed(const Collection& collection)
{
    if (!collection.seed_as)
        return;
    Route route;
    route.collection = &collection;
    Call call;
    call.route = &route;
    call.now = seed_time;
    for (const Value& row : collection.seeds) {
        const std::string uid = world_.supply.hex(uid_bytes);
        const Value about = server(uid, "", seed_time);
        Surroundings around;
        around.item = &row;
        around.server = &about;
        around.world = &world_;
        Value data = evaluate(*collection.seed_as, around).value_or(Map{});
        if (!collection.singleton)
            write_metadata(call, uid, "", data);
        world_.shelf(collection.name)->add(uid, "", std::move(data));
    }
}

Value Engine::server(const std::string& uid, const std::string& project, WallTime now) const
{
    const auto async =
        std::chrono::duration_cast<std::chrono::milliseconds>(setting_.async_duration);
    return Map{{"async", static_cast<std::int64_t>(async.count())},
               {"email", setting_.email},
               {"millis", static_cast<std::int64_t>(now.time_since_epoch().count())},
               {"never", never},
               {"now", format_time(now)},
               {"project", project},
               {"uid", uid}};
}

bool Engine::is_visible(const Collection& collection,
                        const Object& object,
                        const std::string& project) const
{
    if (collection.scope == Scope::tenant || object.project == project)
        return true;
    return collection.sees_tenant && object.project.empty();
}

Engine::Found Engine::find_object(const Call& call)
{
    const Collection& collection = *call.route->collection;
    const Shelf& shelf = shelf_of(call);
    Found found;
    if (collection.singleton) {
        found.object = shelf.in_project("").front();
        return found;
    }
    const Value* uid = call.params.if_map()->find("uid");
    for (const char* other : {"teamUid", "userUid"})
        if (uid == nullptr)
            uid = call.params.if_map()->find(other);
    Object* object = uid != nullptr ? shelf.find(uid->string_or_empty()) : nullptr;
    bool fits = object != nullptr && is_visible(collection, *object, call.project);
    for (const auto& [path, value] : call.route->where) {
        const Value* has = fits ? find(object->data, path) : nullptr;
        fits = has != nullptr && *has == value;
    }
    if (fits)
        found.object = object;
    else
        found.refused = not_found("the object of " + call.route->path);
    return found;
}

Engine::Found Engine::find_writable(const Call& call)
{
    const Collection& collection = *call.route->collection;
    Found found = find_object(call);
    if (found.refused)
        return found;
    if (collection.scope == Scope::both && found.object->project != call.project)
        found.refused = forbidden("the object belongs to another scope");
    if (collection.built_in) {
        const Value* has = find(found.object->data, collection.built_in->first);
        if (has != nullptr && *has == collection.built_in->second)
            found.refused = forbidden("the object is built in");
    }
    return found;
}

std::optional<Value> Engine::show(const Call& call,
                                  const Object& object,
                                  const Expression& expression,
                                  const Value& about)
{
    const Collection& collection = *call.route->collection;
    Value masked;
    if (!collection.masks.empty()) {
        masked = object.data;
        for (const Mask& each : collection.masks)
            mask(masked, each);
    }
    Surroundings around;
    around.object = collection.masks.empty() ? &object.data : &masked;
    around.param = &call.params;
    around.query = &call.query;
    around.server = &about;
    around.world = &world_;
    around.shelf = &shelf_of(call);
    around.project = object.project;
    return evaluate(expression, around);
}

Answer Engine::perform(const Call& call)
{
    const Value* tenant = call.params.if_map()->find("tenantUid");
    if (tenant != nullptr && tenant->string_or_empty() != setting_.tenant_uid)
        return not_found("the tenant");
    switch (call.route->deed) {
    case Deed::list:
        return list(call);
    case Deed::read:
        return read(call);
    case Deed::create:
        return create(call);
    case Deed::update:
        return update(call);
    case Deed::json_patch:
        return patch_document(call);
    case Deed::remove:
        return remove(call);
    case Deed::entries:
        return entries(call);
    case Deed::user_info:
        return user_info();
    case Deed::check: {
        auto refused = refuse_body(call, nullptr);
        Answer done;
        done.status = 204;
        return refused ? *refused : done;
    }
    case Deed::login:
    case Deed::refresh:
        break;
    }
    return refusal(500, "InternalError", "the route is not the engine's");
}

Answer Engine::read(const Call& call)
{
    const Found found = find_object(call);
    if (found.refused)
        return *found.refused;
    const Route& route = *call.route;
    const Value about = server(found.object->uid, found.object->project, call.now);
    if (route.needs && !show(call, *found.object, *route.needs, about))
        return not_found("the part of the object");
    return shown(show(call, *found.object, *route.show, about).value_or(Map{}));
}

Answer Engine::user_info()
{
    const Shelf::Row& users = world_.shelf("users")->in_project("");
    // Whoever logs in is the user with that address; without one, any uid will do.
    const auto who = std::ranges::find_if(users, [&](const Object* user) {
        return text_at(user->data, Path({"spec", "emailId"})) == setting_.email;
    });
    return shown(Map{{"orgName", "sandbox"},
                     {"tenantUid", setting_.tenant_uid},
                     {"userUid", who == users.end() ? std::string() : (*who)->uid}});
}

std::string
Engine::put(const std::string& name, const std::string& project, Value body, WallTime now)
{
    const Collection* collection = rules_->find(name);
    Shelf* shelf = world_.shelf(name);
    if (collection == nullptr)
        return "";
    const auto creates = [](const Route& route) {
        return route.deed == Deed::create && route.body.has_value();
    };
    const auto route = std::ranges::find_if(collection->routes, creates);
    if (route == collection->routes.end())
        return "";
    Call call;
    call.route = &*route;
    call.body = without_nulls(body);
    call.project = project;
    call.now = now;
    std::string uid = text_at(call.body, Path({"metadata", "uid"}));
    if (uid.empty() || shelf->find(uid) != nullptr)
        uid = world_.supply.hex(uid_bytes);
    Object& object = shelf->add(uid, project, compose(call, uid, project, Map{}, nullptr));
    join(call, uid);
    after_write(*collection, object);
    return uid;
}

bool Engine::remove(const std::string& collection, const std::string& uid)
{
    Shelf* shelf = world_.shelf(collection);
    Object* object = shelf != nullptr ? shelf->find(uid) : nullptr;
    if (object == nullptr)
        return false;
    erase(*rules_->find(collection), *object);
    return true;
}

bool Engine::patch(const std::string& collection,
                   const std::string& uid,
                   const Value& merge,
                   WallTime now)
{
    Shelf* shelf = world_.shelf(collection);
    Object* object = shelf != nullptr ? shelf->find(uid) : nullptr;
    if (object == nullptr)
        return false;
    Value data = object->data;
    merge_into(data, merge);
    if (!rules_->find(collection)->singleton)
        trueup::put(data, Path({"metadata", "lastModifiedTimestamp"}), Value(format_time(now)));
    shelf->change(*object, std::move(data));
    return true;
}

} // namespace trueup::sandbox
