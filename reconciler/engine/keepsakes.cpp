#include "reconciler/engine/keepsakes.hpp"

#include "reconciler/plan/diff.hpp"
#include "reconciler/plan/fields.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr const char* released_kind = "released";
constexpr const char* replaced_kind = "replaced";

std::string text_at(const Map& map, const char* name)
{
    const Value* value = map.find(name);
    return value != nullptr ? value->string_or_empty() : std::string();
}

} // namespace

std::string object_key(const std::string& kind, const std::string& uid)
{
    return kind + " " + uid;
}

Memo released_memo(const std::string& kind, const std::string& uid, const std::string& address)
{
    Map map;
    map.set("address", address);
    Memo memo(released_kind, object_key(kind, uid), Value(std::move(map)));
    return memo;
}

std::set<std::string> released_objects(const std::vector<Memo>& memos)
{
    std::set<std::string> released;
    for (const Memo& memo : memos)
        if (memo.kind == released_kind)
            released.insert(memo.key);
    return released;
}

std::set<std::string> released_addresses(const std::vector<Memo>& memos)
{
    std::set<std::string> addresses;
    for (const Memo& memo : memos)
        if (const Map* map = memo.value.if_map(); map != nullptr && memo.kind == released_kind)
            addresses.insert(text_at(*map, "address"));
    return addresses;
}

std::pair<std::string, std::string> replaced_memo_key(const std::string& intent_id)
{
    return {replaced_kind, intent_id};
}

// The pin of the plan takes the manifest to be checked, which may be another one by the time that
// it is needed. So this one is of what was last written, as the pin of a delete.
Memo replaced_memo(const Action& action, const Observed& old, const Mark& ours)
{
    // As it was read it can show what is secret; pins speak of no value in such a place.
    Value seen = old.value;
    conceal(action.kind->schema, seen);
    const Value& shape = action.last ? *action.last->last_applied : seen;
    Map map;
    map.set("uid", old.uid);
    map.set("marked", old.mark == ours);
    map.set("pin", make_pin(*action.kind, old.uid, &old.value, shape, nullptr, {}));
    map.set("shape", shape);
    return {replaced_kind, "", Value(std::move(map))};
}

bool is_as_replaced(const std::vector<Memo>& memos,
                    const std::string& intent_id,
                    const Kind& kind,
                    const Observed& object,
                    const Mark& ours)
{
    const auto memo = std::ranges::find_if(memos, [&](const Memo& each) {
        return each.kind == replaced_kind && each.key == intent_id;
    });
    const Map* map = memo != memos.end() ? memo->value.if_map() : nullptr;
    const Value* shape = map != nullptr ? map->find("shape") : nullptr;
    const Value* marked = map != nullptr ? map->find("marked") : nullptr;
    if (shape == nullptr || marked == nullptr || text_at(*map, "uid") != object.uid)
        return false;
    return (*marked == Value(false) || object.mark == ours) &&
           text_at(*map, "pin") == make_pin(kind, object.uid, &object.value, *shape, nullptr, {});
}

} // namespace trueup
