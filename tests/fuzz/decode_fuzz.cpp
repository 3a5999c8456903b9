// Objects as the API shows them, in the shapes of the shipped kinds: from the answer to what is
// compared, to what an update would send.
//
// An object never differs from itself; what was decoded fits its schema; and no update sends back a
// mask, or anything for an object that is as it should be.

#include "api/rest/codec.hpp"
#include "api/rest/shape.hpp"
#include "reconciler/plan/diff.hpp"
#include "state/model/json.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <set>

using namespace trueup;
using namespace trueup::fuzz;

namespace {

bool fits(const Field& field, const Value& value)
{
    if (value.is_null())
        return true;
    switch (field.type) {
    case FieldType::string:
        return value.if_string() != nullptr || value.is_secret();
    case FieldType::boolean:
        return value.if_bool() != nullptr;
    case FieldType::integer:
    case FieldType::number:
        return value.if_integer() != nullptr || value.if_decimal() != nullptr;
    case FieldType::object:
    case FieldType::map:
        return value.if_map() != nullptr;
    case FieldType::list:
        return value.if_list() != nullptr;
    case FieldType::any:
        return true;
    }
    return false;
}

void must_fit(const Field& field, const Value& value, const std::string& at)
{
    must(fits(field, value), "what was decoded fits the schema: " + at);
    if (const Map* map = value.if_map(); map != nullptr && field.type == FieldType::object)
        for (const auto& [name, member] : *map) {
            const Field* inner = field.find(name);
            must(inner != nullptr || field.open,
                 "only known fields are decoded: " + at + "." + name);
            if (inner != nullptr)
                must_fit(*inner, member, at + "." + name);
        }
    if (const List* list = value.if_list(); list != nullptr && !field.element.empty())
        for (const Value& item : *list)
            must_fit(field.element.front(), item, at + "[]");
}

// True when a manifest could declare it: each element of a keyed list has a key of its own.
bool is_declarable(const Field& field, const Value& value)
{
    std::set<std::string> keys;
    if (const Map* map = value.if_map())
        for (const auto& [name, member] : *map)
            if (const Field* inner = field.find(name); inner && !is_declarable(*inner, member))
                return false;
    if (const List* list = value.if_list(); list != nullptr && !field.element.empty())
        for (const Value& item : *list) {
            const Map* members = item.if_map();
            const Value* key = members != nullptr ? members->find(field.element_key) : nullptr;
            if (field.order == ListOrder::keyed &&
                (key == nullptr || key->is_null() || !keys.insert(json::write(*key)).second))
                return false;
            if (!is_declarable(field.element.front(), item))
                return false;
        }
    return true;
}

std::vector<std::string> paths_of(const Diff& diff)
{
    std::vector<std::string> paths;
    for (const FieldChange& change : diff.changes)
        paths.push_back(change.path);
    return paths;
}

Result<Observed> observe(const Kind& kind, std::string_view text)
{
    auto item = json::parse(text);
    if (!item)
        return item.error();
    Value raw = *item;
    auto object = decode(kind, Scope("team-a", "uid-of-team-a"), std::move(*item), "uid-1");
    if (!object)
        return object;
    object->raw = std::move(raw);
    must_fit(kind.schema, object->value, "");
    return object;
}

void check_update(const Kind& kind, const Observed& from, const Value& to)
{
    const Diff diff = make_diff(kind, to, &from.value, nullptr, {});
    const auto calls = encode_update(
        kind, Scope("team-a", "uid-of-team-a"), from, to, paths_of(diff), Mark("me", "hash"));
    if (!calls)
        return;
    must(!diff.changes.empty() || calls->empty(), "what does not differ is not sent");
    for (const WriteCall& call : *calls)
        must(!call.has_body || json::parse(json::write(call.body)).has_value(),
             "what is sent is JSON");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // The name of a kind, an object, and after a line of dashes what it should be.
    std::string_view text = text_of(data, size);
    const Kind& kind = take_kind(text);
    const std::string_view first = take_part(text, "\n---\n");
    const auto object = observe(kind, first);
    if (!object)
        return 0;
    const Diff none = make_diff(kind, object->value, &object->value, nullptr, {});
    must(none.changes.empty() || !is_declarable(kind.schema, object->value),
         "an object does not differ from itself: " +
             (none.changes.empty() ? std::string() : none.changes.front().path));
    must(make_pin(kind, "u", &object->value, object->value, nullptr) ==
             make_pin(kind, "u", &object->value, object->value, nullptr),
         "a pin is one pin");
    (void)rest::write_shape(kind.schema, object->raw);
    check_update(kind, *object, object->value);
    if (const auto wanted = observe(kind, text))
        check_update(kind, *object, wanted->value);
    return 0;
}
