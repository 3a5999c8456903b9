// From an API item to the write shape of its kind.

#include "api/rest/codec.hpp"

namespace trueup {

namespace {

class Decoder {
public:
    Decoder(const Kind& kind, const Value& item) : kind_(kind), item_(item) {}

    Result<Value> run()
    {
        Map result;
        for (const Field& field : kind_.schema.fields) {
            auto value = field_value(field, item_, &item_);
            if (!value)
                return value.error();
            if (*value)
                result.append(field.name, std::move(**value));
        }
        Value value = std::move(result);
        take_mark_out(value);
        return value;
    }

private:
    using Found = Result<std::optional<Value>>;

    // `root`: what absolute paths start from: the item, or the list element that the field is in. `parent`:
    // where the field stands when it has no path of its own; null when the parent is absent.
    Found field_value(const Field& field, const Value& root, const Value* parent)
    {
        const Value* at = nullptr;
        if (field.read_from.empty()) {
            const Map* map = parent != nullptr ? parent->if_map() : nullptr;
            at = map != nullptr ? map->find(field.name) : nullptr;
        } else {
            for (const Path& path : field.read_from)
                if ((at = find(root, path)) != nullptr)
                    break;
        }
        // Members of an absent object may be read from elsewhere.
        if (field.type == FieldType::object)
            return object(field, root, at);
        if (at == nullptr)
            return std::optional<Value>();
        return convert(field, *at);
    }

    Found object(const Field& field, const Value& root, const Value* at)
    {
        if (at != nullptr && at->if_map() == nullptr && !at->is_null())
            return wrong(field, *at);
        Map result;
        for (const Field& member : field.fields) {
            auto value = field_value(member, root, at);
            if (!value)
                return value;
            if (*value)
                result.append(member.name, std::move(**value));
        }
        if (field.open && at != nullptr && at->if_map() != nullptr)
            for (const auto& [name, value] : *at->if_map())
                if (field.find(name) == nullptr)
                    result.set(name, value);
        const bool present = at != nullptr && !at->is_null();
        if (result.empty() && !present)
            return std::optional<Value>();
        return std::optional<Value>(std::move(result));
    }

    Found convert(const Field& field, const Value& value)
    {
        if (value.is_null() || field.type == FieldType::any)
            return std::optional<Value>(value);
        if (field.type == FieldType::map)
            return value.if_map() != nullptr ? Found(value) : wrong(field, value);
        if (field.type == FieldType::list)
            return list(field, value);
        if (value.if_map() != nullptr || value.if_list() != nullptr)
            return wrong(field, value);
        return std::optional<Value>(value);
    }

    Found list(const Field& field, const Value& value)
    {
        const List* items = value.if_list();
        if (items == nullptr)
            return wrong(field, value);
        if (field.element.empty() || field.element.front().type != FieldType::object)
            return std::optional<Value>(value);
        List result;
        result.reserve(items->size());
        for (const Value& item : *items) {
            auto element = object(field.element.front(), item, &item);
            if (!element)
                return element;
            result.push_back(*element ? std::move(**element) : Value(Map{}));
        }
        return std::optional<Value>(std::move(result));
    }

    Error wrong(const Field& field, const Value& value) const
    {
        return Error{Errc::rejected,
                     "the API's " + kind_.name + " has a " + std::string(value.type_name()) +
                         " in the field " + field.name,
                     "",
                     "the kind file says otherwise"};
    }

    // The mark is ours, not something that a manifest could speak of.
    void take_mark_out(Value& value) const
    {
        if (!kind_.mark)
            return;
        Value* map = find(value, kind_.mark->map);
        if (map == nullptr || map->if_map() == nullptr)
            return;
        map->if_map()->erase(kind_.mark->owner_key);
        map->if_map()->erase(kind_.mark->address_key);
    }

    const Kind& kind_;
    const Value& item_;
};

std::optional<Mark> mark_of(const Kind& kind, const Value& item)
{
    if (!kind.mark)
        return std::nullopt;
    const Value* holder = find(item, kind.mark->map);
    const Map* map = holder != nullptr ? holder->if_map() : nullptr;
    const Value* owner = map != nullptr ? map->find(kind.mark->owner_key) : nullptr;
    if (owner == nullptr || owner->string_or_empty().empty())
        return std::nullopt;
    const Value* address = map->find(kind.mark->address_key);
    return Mark(owner->string_or_empty(), address != nullptr ? address->string_or_empty() : "");
}

// An item may say "tenant", "project", "system" or the uid of its project.
bool is_elsewhere(const Kind& kind, const Scope& scope, const Value& item)
{
    if (!kind.item_scope)
        return false;
    const Value* said = find(item, *kind.item_scope);
    const std::string& text = said != nullptr ? said->string_or_empty() : std::string();
    if (text.empty())
        return false;
    if (text == "tenant" || text == "system")
        return scope.project.has_value();
    if (text == "project")
        return !scope.project.has_value();
    return text != scope.uid;
}

} // namespace

Result<Observed> decode(const Kind& kind, const Scope& scope, Value item)
{
    Observed observed;
    auto value = Decoder(kind, item).run();
    if (!value)
        return value.error();
    observed.value = std::move(*value);
    static const Path default_uid({"metadata", "uid"});
    const Value* uid = find(item, kind.list ? kind.list->uid : default_uid);
    if (uid != nullptr)
        observed.uid = uid->string_or_empty();
    observed.mark = mark_of(kind, item);
    observed.builtin = kind.builtin && kind.builtin->holds(item);
    observed.foreign_scope = is_elsewhere(kind, scope, item);
    if (kind.list && kind.list->unchanged)
        if (const Value* version = find(item, *kind.list->unchanged))
            observed.version = *version;
    observed.raw = std::move(item);
    return observed;
}

} // namespace trueup
