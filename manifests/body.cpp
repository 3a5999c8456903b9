#include "manifests/body.hpp"

#include "manifests/types.hpp"
#include "state/model/json.hpp"
#include "state/model/yaml.hpp"

#include <algorithm>
#include <map>

namespace trueup::manifests {

namespace {

// What tells an element of a keyed list from the others, as text; nothing when it is missing or no
// plain value.
std::optional<std::string> key_text(const Value* key)
{
    if (key == nullptr)
        return std::nullopt;
    if (const std::string* text = key->if_string())
        return *text;
    if (const std::int64_t* integer = key->if_integer())
        return std::to_string(*integer);
    if (const Unknown* unknown = key->if_unknown())
        return unknown->text();
    return std::nullopt;
}

// True where the kind says that there is nothing to reset the field to.
bool has_no_default(const Field& field)
{
    return field.default_value && field.default_value->is_null();
}

std::vector<std::string> declarable_names(const Field& field)
{
    std::vector<std::string> names;
    for (const Field& member : field.fields)
        if (!member.server_set)
            names.push_back(member.name);
    return names;
}

} // namespace

namespace {

void put_place(Value& value, Place place)
{
    value.set_place(place);
    if (Map* map = value.if_map())
        for (auto& [name, member] : *map)
            put_place(member, place);
    if (List* list = value.if_list())
        for (Value& item : *list)
            put_place(item, place);
}

// Gives each null in `declared` what `stated` has in its place.
void reset_to(const Value& stated, Value& declared)
{
    if (declared.is_null()) {
        const Place place = declared.place();
        declared = stated;
        put_place(declared, place);
        return;
    }
    const Map* from = stated.if_map();
    Map* members = declared.if_map();
    if (from == nullptr || members == nullptr)
        return;
    for (auto& [name, member] : *members)
        if (const Value* value = from->find(name))
            reset_to(*value, member);
}

} // namespace

void BodyReader::read(Value& body)
{
    object(body, kind_.schema, Step{});
    // What a kind's objects are reset to is stated where its API takes something else, or nothing,
    // for what it is not given.
    if (kind_.reset_to)
        reset_to(*kind_.reset_to, body);
    if (!complaints_.is_sound())
        return;
    key(body);
    mark(body);
}

std::optional<std::string> BodyReader::text_of(const Value& value, const Step& at)
{
    const std::string* text = value.if_string();
    if (text == nullptr || text->empty()) {
        complaints_.error(at,
                          value.place(),
                          text != nullptr ? "must not be empty"
                                          : "expected a string, " + found(value),
                          text != nullptr || value.is_null() ? "" : "write it in quotes");
        return std::nullopt;
    }
    if (!Variables::concern(*text))
        return *text;
    auto substituted = surroundings_.variables.substitute(*text);
    if (!substituted) {
        complaints_.error(
            at, value.place(), substituted.error().message, substituted.error().advice);
        return std::nullopt;
    }
    return std::move(*substituted);
}

bool BodyReader::settle(Value& value, const Field& field, const Step& at, bool& from_elsewhere)
{
    if (const Map* map = value.if_map(); map != nullptr && is_directive(*map)) {
        auto resolved = directives_.resolve(value, field.refers_to, at);
        if (!resolved)
            return false;
        value = std::move(*resolved);
        from_elsewhere = true;
        return true;
    }
    std::string* text = value.if_string();
    if (text == nullptr || field.embedded_text || !Variables::concern(*text))
        return true;
    auto substituted = surroundings_.variables.substitute(*text);
    if (!substituted) {
        complaints_.error(
            at, value.place(), substituted.error().message, substituted.error().advice);
        return false;
    }
    *text = std::move(*substituted);
    from_elsewhere = true;
    return true;
}

// A reference gives a uid, so a string; with `field` it gives whatever that field holds. A secret
// is a string, except for a sensitive field of another type.
bool BodyReader::accepts_late(Value& value, const Field& field, const Step& at)
{
    const Unknown* unknown = value.if_unknown();
    if (unknown == nullptr && field.sensitive && field.type != FieldType::string)
        return reads_as(value, field, at);
    const bool any_type = unknown != nullptr && !unknown->field.empty();
    if (field.type == FieldType::string || field.type == FieldType::any || any_type)
        return true;
    complaints_.error(at,
                      value.place(),
                      "expected " + std::string(expected(field.type)) +
                          (unknown != nullptr ? ", found a reference" : ", found a secret"));
    return false;
}

// Makes the secret's text a number or a boolean, where the text is at hand.
bool BodyReader::reads_as(Value& value, const Field& field, const Step& at)
{
    const Secret secret = *value.if_secret();
    if (!secret.has_text())
        return true;
    const Value read = yaml::plain_scalar(std::string(secret.reveal()));
    if (!fits(read, field.type)) {
        complaints_.error(at,
                          value.place(),
                          "expected " + std::string(expected(field.type)) +
                              ", and the secret is none");
        return false;
    }
    Value made =
        surroundings_.options.hasher.make(json::write(read), secret.source(), SecretForm::json);
    made.set_place(value.place());
    value = std::move(made);
    return true;
}

void BodyReader::value(Value& value, const Field& field, const Step& at)
{
    if (value.is_null())
        return;
    bool from_elsewhere = false;
    if (!settle(value, field, at, from_elsewhere))
        return;
    if (value.is_unknown() || value.is_secret()) {
        accepts_late(value, field, at);
        return;
    }
    switch (field.type) {
    case FieldType::object:
        object(value, field, at);
        break;
    case FieldType::map:
        map(value, field, at);
        break;
    case FieldType::list:
        list(value, field, at);
        break;
    case FieldType::any:
        // The text of a file or of a variable is not looked into again.
        if (!from_elsewhere)
            free(value, at);
        break;
    default:
        scalar(value, field, at, from_elsewhere);
    }
}

void BodyReader::wrong_type(const Value& value, const Field& field, const Step& at)
{
    std::string advice;
    if (field.type == FieldType::string && value.is_scalar())
        advice = "write it in quotes";
    else if (is_plain(field.type) && value.if_string() != nullptr)
        advice = "write it without quotes";
    complaints_.error(at,
                      value.place(),
                      "expected " + std::string(expected(field.type)) + ", " + found(value),
                      std::move(advice));
}

void BodyReader::scalar(Value& value, const Field& field, const Step& at, bool from_elsewhere)
{
    // Only a variable's text may be read as a number: what is quoted in a manifest is meant as
    // text.
    if (from_elsewhere && field.type != FieldType::string && value.if_string() != nullptr) {
        Value read = yaml::plain_scalar(*value.if_string());
        read.set_place(value.place());
        if (fits(read, field.type))
            value = std::move(read);
    }
    if (!fits(value, field.type)) {
        wrong_type(value, field, at);
        return;
    }
    if (field.type == FieldType::string && !is_well_formed(value, field, at))
        return;
    if (field.sensitive)
        hide(value, at, from_elsewhere);
}

bool BodyReader::is_well_formed(const Value& value, const Field& field, const Step& at)
{
    const std::string& text = *value.if_string();
    if (!field.choices.empty() && std::ranges::count(field.choices, text) == 0) {
        complaints_.error(at,
                          value.place(),
                          "the value is not one of those allowed",
                          did_you_mean(text, field.choices));
        return false;
    }
    if (field.format == "date-time" && !is_date_time(text)) {
        complaints_.error(
            at, value.place(), "expected a time", "write it like 2026-03-01T12:00:00Z");
        return false;
    }
    return true;
}

// Makes a secret of a plain value: of a number or a boolean too, by its exact text.
void BodyReader::hide(Value& value, const Step& at, bool from_elsewhere)
{
    std::string* text = value.if_string();
    // An empty one says that there is none: nothing to hide.
    if (!from_elsewhere && (text == nullptr || !text->empty()))
        complaints_.warning(at,
                            value.place(),
                            "a secret is written in the manifest itself",
                            "use {$secret: {file: PATH}}, {env: NAME} or {credential: NAME}");
    const SecretForm form = text != nullptr ? SecretForm::text : SecretForm::json;
    std::string plain = text != nullptr ? std::move(*text) : json::write(value);
    Value secret = surroundings_.options.hasher.make(
        std::move(plain), from_elsewhere ? "manifest" : "literal", form);
    secret.set_place(value.place());
    value = std::move(secret);
}

// What the manifest itself calls sensitive, by a boolean beside it.
void BodyReader::hide_marked(Map& members, const Field& field, const Step& at)
{
    for (const Field& member : field.fields) {
        if (member.sensitive_when.empty())
            continue;
        const Value* marked = members.find(member.sensitive_when);
        Value* value = members.find(member.name);
        if (marked == nullptr || !(*marked == Value(true)) || value == nullptr)
            continue;
        const bool is_plain =
            value->is_scalar() && !value->is_null() && !value->is_secret() && !value->is_unknown();
        if (is_plain)
            hide(*value, Step(at, member.name), false);
    }
}

void BodyReader::unknown_field(const std::string& name,
                               Place place,
                               const Field& field,
                               const Step& at)
{
    std::vector<std::string> names = declarable_names(field);
    if (&field == &kind_.schema)
        names.insert(names.end(), {"apiVersion", "kind", "lifecycle"});
    complaints_.error(Step(at, name), place, "unknown field", did_you_mean(name, names));
}

void BodyReader::object(Value& value, const Field& field, const Step& at)
{
    Map* members = value.if_map();
    if (members == nullptr) {
        wrong_type(value, field, at);
        return;
    }
    for (auto& [name, member] : *members) {
        const Step step(at, name);
        const Field* known = field.find(name);
        if (known == nullptr && field.open)
            free(member, step);
        else if (known == nullptr)
            unknown_field(name, member.place(), field, at);
        else if (known->server_set)
            complaints_.error(step, member.place(), "only the server sets this field", "remove it");
        else if (member.is_null() && has_no_default(*known))
            complaints_.error(step,
                              member.place(),
                              "cannot be null: what the API takes in its place is not known",
                              "give it a value, or leave it out to leave it alone");
        else
            this->value(member, *known, step);
    }
    hide_marked(*members, field, at);
    required(value, field, at);
}

void BodyReader::required(const Value& value, const Field& field, const Step& at)
{
    const Map& members = *value.if_map();
    for (const Field& member : field.fields) {
        if (!member.required || (member.default_value && !has_no_default(member)))
            continue;
        const Value* declared = members.find(member.name);
        if (declared == nullptr)
            complaints_.error(Step(at, member.name),
                              value.place(),
                              "is required",
                              "add " + member.name + ": " + std::string(expected(member.type)));
        else if (declared->is_null())
            complaints_.error(Step(at, member.name),
                              declared->place(),
                              "is required, so it cannot be null",
                              "give it " + std::string(expected(member.type)));
    }
}

void BodyReader::list(Value& value, const Field& field, const Step& at)
{
    List* elements = value.if_list();
    if (elements == nullptr) {
        wrong_type(value, field, at);
        return;
    }
    const Field& element = field.element.front();
    for (std::size_t i = 0; i < elements->size(); ++i) {
        Value& item = (*elements)[i];
        const Map* members = item.if_map();
        const Value* named = members != nullptr && field.order == ListOrder::keyed
                                 ? members->find(field.element_key)
                                 : nullptr;
        const bool has_name = named != nullptr && named->if_string() != nullptr;
        // A copy: reading the element may replace the text that the step shows.
        const std::string name = has_name ? *named->if_string() : std::string();
        const Step step = has_name ? Step(at, field.element_key, name) : Step(at, i);
        if (item.is_null())
            complaints_.error(step,
                              value.place(), // an empty element has no place that helps
                              "the element is empty",
                              "give it " + std::string(expected(element.type)) + ", or remove it");
        else
            this->value(item, element, step);
    }
    unlike_elements(*elements, field, at);
}

// Elements that are told apart by a key, or by their value in a set, must differ in it.
void BodyReader::unlike_elements(const List& list, const Field& field, const Step& at)
{
    if (field.order == ListOrder::ordered)
        return;
    const bool keyed = field.order == ListOrder::keyed;
    const Field* key_field = keyed ? field.element.front().find(field.element_key) : nullptr;
    std::map<std::string, Place> seen;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const Map* members = list[i].if_map();
        if (keyed && members == nullptr)
            continue;
        const Value* named = keyed ? members->find(field.element_key) : &list[i];
        if (keyed && named == nullptr && key_field != nullptr && key_field->default_value)
            named = &*key_field->default_value;
        auto text = key_text(named);
        if (!text && keyed && (named == nullptr || named->is_null()))
            complaints_.error(Step(at, i),
                              list[i].place(),
                              "the element has no " + field.element_key,
                              "add " + field.element_key + ": it tells the elements apart");
        if (!text)
            continue;
        const auto [before, is_new] = seen.emplace(std::move(*text), list[i].place());
        if (!is_new)
            complaints_.error(Step(at, i),
                              list[i].place(),
                              keyed ? "another element has the same " + field.element_key
                                    : "the same element is there twice",
                              "it is on line " + std::to_string(before->second.line) +
                                  " already: keep one of them");
    }
}

void BodyReader::map(Value& value, const Field& field, const Step& at)
{
    Map* entries = value.if_map();
    if (entries == nullptr) {
        wrong_type(value, field, at);
        return;
    }
    for (auto& [name, entry] : *entries)
        this->value(entry, field.element.front(), Step(at, name));
}

// Free content: anything goes, yet variables and directives mean what they mean elsewhere.
void BodyReader::free(Value& value, const Step& at)
{
    static const Field anything = [] {
        Field field;
        field.type = FieldType::any;
        return field;
    }();
    if (Map* members = value.if_map(); members != nullptr && !is_directive(*members)) {
        for (auto& [name, member] : *members)
            free(member, Step(at, name));
    } else if (List* elements = value.if_list()) {
        for (std::size_t i = 0; i < elements->size(); ++i)
            free((*elements)[i], Step(at, i));
    } else {
        bool from_elsewhere = false;
        settle(value, anything, at, from_elsewhere);
    }
}

// The fields that make the address must be there, and known before anything is sent.
void BodyReader::key(const Value& body)
{
    for (const Path& path : kind_.key) {
        const Value* part = find(body, path);
        const Field* field = &kind_.schema;
        for (const std::string& name : path.names())
            field = field != nullptr ? field->find(name) : nullptr;
        const std::string name = path.text();
        const auto fail = [&](Place place, const std::string& what, const std::string& advice) {
            complaints_.error(Step{}, place, name + ": " + what, advice);
        };
        if (part == nullptr && field != nullptr && field->default_value)
            continue;
        if (part == nullptr || part->is_null())
            fail(part != nullptr ? part->place() : body.place(),
                 "is required: it names the resource",
                 "add it: a string");
        else if (part->is_unknown() || part->is_secret())
            fail(part->place(), "names the resource, so it must be known", "write the text itself");
        else if (!key_text(part) || key_text(part)->empty())
            fail(part->place(), "must not be empty: it names the resource", "");
    }
}

void BodyReader::mark(const Value& body)
{
    const Value* place = kind_.mark ? find(body, kind_.mark->map) : nullptr;
    const Map* entries = place != nullptr ? place->if_map() : nullptr;
    if (entries == nullptr)
        return;
    for (const std::string& reserved : {kind_.mark->owner_key, kind_.mark->address_key})
        if (const Value* entry = entries->find(reserved))
            complaints_.error(Step{},
                              entry->place(),
                              kind_.mark->map.text() + step_text(reserved) +
                                  ": trueup itself writes this, to know its own objects",
                              "remove it");
}

} // namespace trueup::manifests
