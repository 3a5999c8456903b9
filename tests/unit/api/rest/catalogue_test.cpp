// Round trips through the shipped catalogue: every kind, every field.

#include "api/kinds/catalogue.hpp"
#include "api/rest/codec.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;

namespace {

const Catalogue& shipped()
{
    static const Catalogue catalogue = [] {
        Diagnostics diagnostics;
        const auto sources = catalogue_sources({});
        Catalogue loaded = load_catalogue(*sources, diagnostics);
        if (diagnostics.has_errors())
            throw std::logic_error(diagnostics.all().front().text());
        return loaded;
    }();
    return catalogue;
}

const std::string mask = "****";

// A value for every field that a manifest can declare.
Value declared(const Field& field)
{
    switch (field.type) {
    case FieldType::string:
        if (field.sensitive)
            return Value(Secret("secret-of-" + field.name, "h", "test"));
        return field.choices.empty() ? Value("text of " + field.name)
                                     : Value(field.choices.front());
    case FieldType::boolean:
        return true;
    case FieldType::integer:
        return 3;
    case FieldType::number:
        return Decimal("1.5");
    case FieldType::any:
        return "anything";
    case FieldType::list:
        return List{declared(field.element.front())};
    case FieldType::map:
        return Map{{"some.key", declared(field.element.front())}};
    case FieldType::object:
        break;
    }
    Map map;
    for (const Field& member : field.fields)
        if (!member.server_set)
            map.set(member.name, declared(member));
    return map;
}

Value answered(const Field& field, const Value& value, Value& root);

// Puts `value` at `at`, beside what aliases put there already.
void put_beside(Value& root, const Path& at, Value value)
{
    const Value* there = find(root, at);
    if (there == nullptr || there->if_map() == nullptr || value.if_map() == nullptr) {
        put(root, at, std::move(value));
        return;
    }
    for (const auto& [name, member] : *value.if_map())
        put_beside(root, at.child(name), member);
}

// Puts a member where answers have it: under its alias in `root`, else under its name in `parent`.
void place(const Field& field, const Value& value, Value& parent, Value& root)
{
    if (field.write_only)
        return;
    Value shown = answered(field, value, root);
    if (shown.is_null())
        return;
    if (field.read_from.empty())
        put_beside(parent, Path({field.name}), std::move(shown));
    else
        put_beside(root, field.read_from.front(), std::move(shown));
}

// What an API that stored `value` answers for it; written without the codec on purpose.
Value answered(const Field& field, const Value& value, Value& root)
{
    if (value.is_secret())
        return mask;
    if (const Map* map = value.if_map(); map != nullptr && field.type == FieldType::object) {
        Value object;
        for (const Field& member : field.fields)
            if (const Value* inner = map->find(member.name))
                place(member, *inner, object, root);
        return object;
    }
    if (const List* list = value.if_list()) {
        List items;
        for (const Value& item : *list) {
            Value element;
            Value shown = answered(field.element.front(), item, element);
            if (shown.if_map() != nullptr)
                for (const auto& [name, member] : *shown.if_map())
                    put_beside(element, Path({name}), member);
            items.push_back(element.is_null() ? shown : element);
        }
        return items;
    }
    return value;
}

Value answer_for(const Kind& kind, const Value& desired)
{
    Value root = Map{};
    for (const Field& member : kind.schema.fields)
        if (const Value* value = desired.if_map()->find(member.name))
            place(member, *value, root, root);
    return root;
}

// `value` as a decoded answer shows it.
Value readable(const Field& field, const Value& value)
{
    if (value.is_secret())
        return mask;
    if (const List* list = value.if_list()) {
        List items;
        for (const Value& item : *list)
            items.push_back(readable(field.element.front(), item));
        return items;
    }
    const Map* map = value.if_map();
    if (map == nullptr || field.type != FieldType::object)
        return value;
    Map shown;
    for (const auto& [name, member] : *map)
        if (!field.find(name)->write_only)
            shown.set(name, readable(*field.find(name), member));
    return shown;
}

// `value` as an update sends it.
Value sent_later(const Field& field, const Value& value)
{
    const Map* map = value.if_map();
    if (map == nullptr || field.type != FieldType::object)
        return value;
    Map sent;
    for (const auto& [name, member] : *map)
        if (!field.find(name)->create_only)
            sent.set(name, sent_later(*field.find(name), member));
    return sent;
}

Value with_mark(const Kind& kind, Value value)
{
    if (kind.mark) {
        put(value, kind.mark->map.child(kind.mark->owner_key), Value(mark().owner));
        put(value, kind.mark->map.child(kind.mark->address_key), Value(mark().address));
    }
    return value;
}

const Scope project("team-a", "p-1");

} // namespace

TEST_SUITE("api: shipped kinds")
{
    TEST_CASE("what is declared comes back from an answer field by field")
    {
        for (const Kind& kind : shipped().kinds) {
            CAPTURE(kind.name);
            const Value desired = declared(kind.schema);

            const auto object = decode(kind, project, answer_for(kind, desired), "u1");

            REQUIRE_MESSAGE(object, object.error().text());
            CHECK(json::write(object->value) == json::write(readable(kind.schema, desired)));
        }
    }

    TEST_CASE("a create sends what is declared, and the mark")
    {
        for (const Kind& kind : shipped().kinds) {
            CAPTURE(kind.name);
            if (!kind.create)
                continue;
            const Value desired = declared(kind.schema);

            const auto call = encode_create(kind, project, desired, mark());

            REQUIRE_MESSAGE(call, call.error().text());
            if (!kind.create->call.body)
                CHECK(text_of(call->body) == text_of(with_mark(kind, desired)));
            CHECK(text_of(call->body).find("$field") == std::string::npos);
            const auto steps = encode_steps(kind, project, "u1", kind.create->then, desired);
            REQUIRE_MESSAGE(steps, steps.error().text());
            CHECK(steps->size() == kind.create->then.size());
        }
    }

    TEST_CASE("an update of everything calls every facet with the declared values and no mask")
    {
        for (const Kind& kind : shipped().kinds) {
            CAPTURE(kind.name);
            const Value desired = declared(kind.schema);
            const Value answer = answer_for(kind, desired);
            auto object = decode(kind, project, answer, "u1");
            REQUIRE(object);
            object->raw = answer;
            std::vector<std::string> changed;
            for (const Facet& facet : kind.facets)
                for (const Path& field : facet.fields)
                    changed.push_back(field.text());

            const auto calls = encode_update(kind, project, *object, desired, changed, mark());

            REQUIRE_MESSAGE(calls, calls.error().text());
            const Value expected = with_mark(kind, sent_later(kind.schema, desired));
            for (const Facet& facet : kind.facets) {
                CAPTURE(facet.name);
                const auto made = std::ranges::find_if(
                    *calls, [&](const WriteCall& call) { return call.operation == &facet.call; });
                REQUIRE(made != calls->end());
                const std::string body = text_of(made->body);
                CHECK(body.find(mask) == std::string::npos);
                CHECK(body.find("$field") == std::string::npos);
                for (const Path& field : facet.fields) {
                    const Value* wanted = find(expected, field);
                    REQUIRE(wanted != nullptr);
                    if (facet.shape == BodyShape::whole)
                        CHECK(text_of(*find(made->body, field)) == text_of(*wanted));
                    else if (facet.shape == BodyShape::bare)
                        CHECK(body == text_of(*wanted));
                    else
                        CHECK(body.find(text_of(*wanted)) != std::string::npos);
                }
            }
        }
    }

    TEST_CASE("entries with calls of their own are added, changed and removed")
    {
        for (const Kind& kind : shipped().kinds) {
            CAPTURE(kind.name);
            for (const ChildSet& set : kind.children) {
                Observed object;
                object.raw = Map{};
                const auto calls = encode_update(
                    kind, project, object, declared(kind.schema), {set.field.text()}, mark());
                REQUIRE_MESSAGE(calls, calls.error().text());
                REQUIRE(calls->size() == 1);
                CHECK(calls->front().operation == &set.add);
                const auto removal = encode_delete(kind, project, "", declared(kind.schema));
                REQUIRE(removal);
                CHECK(removal->size() == 1);
            }
        }
    }

    TEST_CASE("every kind can be deleted, reset or left")
    {
        for (const Kind& kind : shipped().kinds) {
            CAPTURE(kind.name);
            const auto calls = encode_delete(kind, project, "u1", declared(kind.schema));
            REQUIRE_MESSAGE(calls, calls.error().text());
            CHECK(calls->empty() == (kind.when_deleted == WhenDeleted::leave));
        }
    }
}

} // namespace trueup
