#include "api/rest/merge.hpp"

#include <algorithm>
#include <span>

namespace trueup::rest {

Value without_nulls(const Value& value)
{
    const Map* map = value.if_map();
    if (map == nullptr)
        return value;
    Map kept;
    for (const auto& [name, member] : *map)
        if (!member.is_null())
            kept.append(name, without_nulls(member));
    return kept;
}

namespace {

const Field& any_field()
{
    static const Field any = [] {
        Field field;
        field.type = FieldType::any;
        return field;
    }();
    return any;
}

const Field& element_of(const Field& field)
{
    return field.element.empty() ? any_field() : field.element.front();
}

void overlay_object(const Field& field, Value& base, const Map& desired)
{
    if (base.if_map() == nullptr)
        base = Map{};
    Map& members = *base.if_map();
    for (const auto& [name, value] : desired) {
        const Field* member = field.find(name);
        if (value.is_null()) {
            // What others have in it stays; what was ours is taken out one by one.
            if (member != nullptr && member->partial)
                continue;
            if (const Value* standard = member != nullptr ? default_of(*member) : nullptr)
                members.set(name, *standard);
            else
                members.erase(name);
            continue;
        }
        overlay(member != nullptr ? *member : any_field(), members[name], value);
    }
}

void overlay_map(const Field& field, Value& base, const Map& desired)
{
    Map before = base.if_map() != nullptr ? std::move(*base.if_map()) : Map();
    // Empty means "must be empty", also where others may add entries.
    Map after = field.partial && !desired.empty() ? before : Map();
    for (const auto& [name, value] : desired) {
        if (value.is_null()) {
            after.erase(name);
            continue;
        }
        Value* old = before.find(name);
        Value entry = old != nullptr ? std::move(*old) : Value();
        overlay(element_of(field), entry, value);
        after.set(name, std::move(entry));
    }
    base = Value(std::move(after));
}

const Value* key_of_element(const Field& list, const Value& element)
{
    const Map* map = element.if_map();
    return map != nullptr ? map->find(list.element_key) : nullptr;
}

void overlay_keyed(const Field& field, Value& base, const List& desired)
{
    List before = base.if_list() != nullptr ? std::move(*base.if_list()) : List();
    const bool keep_others = field.partial && !desired.empty();
    List after = keep_others ? before : List();
    for (const Value& wanted : desired) {
        const Value* key = key_of_element(field, wanted);
        const auto has_key = [&](const Value& element) {
            const Value* other = key_of_element(field, element);
            return key != nullptr && other != nullptr && *other == *key;
        };
        const auto old = std::ranges::find_if(before, has_key);
        Value element = old != before.end() ? *old : Value();
        overlay(element_of(field), element, wanted);
        const auto place = std::ranges::find_if(after, has_key);
        if (place != after.end())
            *place = std::move(element);
        else
            after.push_back(std::move(element));
    }
    base = Value(std::move(after));
}

// Elements that nothing changes go back as they were read, with what they hold besides.
void overlay_list(const Field& field, Value& base, const List& desired)
{
    List before = base.if_list() != nullptr ? std::move(*base.if_list()) : List();
    std::vector<bool> used(before.size(), false);
    List after;
    after.reserve(desired.size());
    for (const Value& wanted : desired) {
        Value element;
        overlay(element_of(field), element, wanted);
        if (wanted.if_map() != nullptr) {
            for (std::size_t i = 0; i < before.size(); ++i) {
                Value merged = before[i];
                overlay(element_of(field), merged, wanted);
                if (used[i] || !(merged == before[i]))
                    continue;
                used[i] = true;
                element = std::move(merged);
                break;
            }
        }
        after.push_back(std::move(element));
    }
    base = Value(std::move(after));
}

// Removes the members of every object in `value` for which `unwanted` holds.
template <class Unwanted>
void strip(const Field& field, Value& value, const Unwanted& unwanted)
{
    if (Map* map = value.if_map()) {
        if (field.type == FieldType::map) {
            for (auto& [name, entry] : *map)
                strip(element_of(field), entry, unwanted);
            return;
        }
        for (const Field& member : field.fields) {
            if (unwanted(member))
                map->erase(member.name);
            else if (Value* inner = map->find(member.name))
                strip(member, *inner, unwanted);
        }
    }
    if (List* list = value.if_list())
        for (Value& item : *list)
            strip(element_of(field), item, unwanted);
}

void erase_names(Value& at, std::span<const std::string> names)
{
    if (List* list = at.if_list()) {
        for (Value& item : *list)
            erase_names(item, names);
        return;
    }
    Map* map = at.if_map();
    if (map == nullptr || names.empty())
        return;
    if (names.size() == 1)
        map->erase(names.front());
    else if (Value* next = map->find(names.front()))
        erase_names(*next, names.subspan(1));
}

// `was_read`: what is not at hand is a mask, not a source.
Error withheld(const std::string& path, bool was_read)
{
    Error error(Errc::refused,
                "the secret " + path + " would have to be sent again, and its text is not at hand",
                "",
                "declare " + path +
                    " with its $secret, or as \"\" if there is none: a mask is never sent back");
    if (!was_read)
        error.advice = "make the source of the secret available";
    return error;
}

} // namespace

const Value* default_of(const Field& field)
{
    // That of a secret says how none reads, and is nothing to send.
    return field.sensitive ? nullptr : field.known_default();
}

void overlay(const Field& field, Value& base, const Value& desired)
{
    if (const Map* map = desired.if_map()) {
        if (field.type == FieldType::object)
            overlay_object(field, base, *map);
        else if (field.type == FieldType::map)
            overlay_map(field, base, *map);
        else
            base = without_nulls(desired);
        return;
    }
    if (const List* list = desired.if_list()) {
        if (field.type == FieldType::list && field.order == ListOrder::keyed)
            overlay_keyed(field, base, *list);
        else
            overlay_list(field, base, *list);
        return;
    }
    base = desired;
}

const Field* field_at(const Field& schema, const Path& path)
{
    const Field* at = &schema;
    for (const std::string& name : path.names()) {
        at = at->type == FieldType::map && !at->element.empty() ? &at->element.front()
                                                                : at->find(name);
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

void strip_for_update(const Kind& kind, Value& body)
{
    strip(kind.schema, body, [](const Field& field) {
        return field.server_set || field.create_only;
    });
    for (const Path& path : kind.server_set)
        erase_everywhere(body, path);
}

void strip_server_set(const Field& schema, Value& body)
{
    strip(schema, body, [](const Field& field) { return field.server_set; });
}

void erase_everywhere(Value& root, const Path& path)
{
    erase_names(root, path.names());
}

bool is_mask(const Value& value)
{
    const std::string* text = value.if_string();
    return text != nullptr && (text->empty() || text->find('*') != std::string::npos);
}

namespace {

// Nothing but asterisks: no API means that, whatever a kind says of the field.
bool is_plain_mask(const Value& value)
{
    const std::string* text = value.if_string();
    return text != nullptr && text->size() >= 3 &&
           text->find_first_not_of('*') == std::string::npos;
}

// True when there is nothing in it but what the server takes by itself.
bool says_nothing(const Field& field, const Value& value)
{
    const Value* standard = default_of(field);
    if (value.is_null() || (standard != nullptr && value == *standard))
        return true;
    if (const Map* map = value.if_map())
        return std::ranges::all_of(*map, [&](const Map::Entry& entry) {
            const Field* member = field.find(entry.first);
            return says_nothing(member != nullptr ? *member : any_field(), entry.second);
        });
    const List* list = value.if_list();
    const std::string* text = value.if_string();
    return (list != nullptr && list->empty()) || (text != nullptr && text->empty());
}

// Whether each secret that the field can hold is one that an empty text stands for when there is
// none, as its kind says by `default: ""`.
bool may_hold_none(const Field& field)
{
    const bool says_so = field.default_value && field.default_value->if_string() != nullptr &&
                         field.default_value->string_or_empty().empty() && !field.required;
    return (!field.sensitive || says_so) && std::ranges::all_of(field.fields, may_hold_none) &&
           std::ranges::all_of(field.element, may_hold_none);
}

// An object that tells nothing beside its secrets has none either: they belong to a name, a type or
// a certificate that is not there. Objects of secrets alone tell nothing of that.
bool holds_no_secret(const Field& field, const Value& value)
{
    const auto is_plain = [](const Field& member) {
        return !member.sensitive && member.type != FieldType::object;
    };
    return field.type == FieldType::object && std::ranges::any_of(field.fields, is_plain) &&
           may_hold_none(field) && says_nothing(field, value);
}

bool is_called_sensitive(const Field* field, const Map& beside)
{
    if (field == nullptr || field->sensitive_when.empty())
        return false;
    const Value* marked = beside.find(field->sensitive_when);
    return marked != nullptr && *marked == Value(true);
}

} // namespace

Result<void> check_sendable(const Field* at, const Value& value, const std::string& path)
{
    const std::string shown = path.starts_with('.') ? path.substr(1) : path;
    if (const Secret* secret = value.if_secret(); secret != nullptr && !secret->has_text())
        return withheld(shown, at != nullptr && at->sensitive);
    if (const Unknown* unknown = value.if_unknown())
        return Error{Errc::refused, shown + " is not known yet: it waits for " + unknown->text()};
    const bool is_masked = at != nullptr && at->sensitive && is_mask(value);
    if ((is_masked || is_plain_mask(value)) && value.is_scalar() && !value.is_secret())
        return withheld(shown, true);
    if (const Map* map = value.if_map()) {
        if (at != nullptr && holds_no_secret(*at, value))
            return {};
        for (const auto& [name, member] : *map) {
            const Field* field = nullptr;
            if (at != nullptr)
                field = at->type == FieldType::map && !at->element.empty() ? &at->element.front()
                                                                           : at->find(name);
            const std::string below = path + step_text(name);
            if (auto checked = check_sendable(field, member, below); !checked)
                return checked;
            // An empty one says that there is none.
            const bool shows_mask = is_mask(member) && !member.string_or_empty().empty();
            if (shows_mask && is_called_sensitive(field, *map))
                return withheld(below.substr(below.starts_with('.') ? 1 : 0), true);
        }
    }
    if (const List* list = value.if_list()) {
        const Field* field = at != nullptr && !at->element.empty() ? &at->element.front() : nullptr;
        for (std::size_t i = 0; i < list->size(); ++i) {
            auto checked = check_sendable(field, (*list)[i], path + "[" + std::to_string(i) + "]");
            if (!checked)
                return checked;
        }
    }
    return {};
}

} // namespace trueup::rest
