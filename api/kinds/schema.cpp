#include "api/kinds/schema.hpp"

#include <algorithm>

namespace trueup::kinds {

namespace {

const Words<FieldType>& plain_types()
{
    static const Words<FieldType> types{{"string", FieldType::string},
                                        {"boolean", FieldType::boolean},
                                        {"integer", FieldType::integer},
                                        {"number", FieldType::number},
                                        {"object", FieldType::object},
                                        {"map", FieldType::map},
                                        {"list", FieldType::list},
                                        {"set", FieldType::list},
                                        {"any", FieldType::any}};
    return types;
}

const Words<Normaliser>& normalisers()
{
    static const Words<Normaliser> words{{"trim", Normaliser::trim},
                                         {"lowerCase", Normaliser::lower_case},
                                         {"number", Normaliser::number},
                                         {"quantity", Normaliser::quantity},
                                         {"time", Normaliser::time},
                                         {"embeddedYaml", Normaliser::embedded_yaml},
                                         {"embeddedJson", Normaliser::embedded_json}};
    return words;
}

bool is_scalar(FieldType type)
{
    return type == FieldType::string || type == FieldType::boolean || type == FieldType::integer ||
           type == FieldType::number;
}

bool fits(FieldType type, const Value& value)
{
    switch (type) {
    case FieldType::string:
        return value.if_string() != nullptr;
    case FieldType::boolean:
        return value.if_bool() != nullptr;
    case FieldType::integer:
        return value.if_integer() != nullptr;
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

// Stands in for a type that could not be read, so that one mistake is one error.
Field anything()
{
    Field field;
    field.type = FieldType::any;
    return field;
}

} // namespace

std::string_view name_of(FieldType type)
{
    for (const auto& [name, value] : plain_types())
        if (value == type)
            return name;
    return "any";
}

void Types::add(const std::string& name, Entry at)
{
    for (const auto& [plain, type] : plain_types())
        if (plain == name)
            complain(*diagnostics_, at, "\"" + name + "\" is a type already");
    entries_[name] = std::move(at);
}

void Types::read_all()
{
    for (const auto& [name, at] : entries_)
        named_type(name, at);
}

std::vector<std::string> Types::type_names() const
{
    std::vector<std::string> names;
    for (const auto& [name, type] : plain_types())
        names.push_back(name);
    for (const auto& [name, at] : entries_)
        names.push_back(name);
    return names;
}

Field Types::named_type(const std::string& name, const Entry& at)
{
    if (const auto done = done_.find(name); done != done_.end())
        return done->second;
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        complain(*diagnostics_,
                 at,
                 "there is no type \"" + name + "\"",
                 did_you_mean(name, type_names()));
        return anything();
    }
    if (!open_.insert(name).second) {
        complain(*diagnostics_, at, "the type \"" + name + "\" contains itself");
        return anything();
    }
    Field field = read_field("", found->second);
    open_.erase(name);
    done_.emplace(name, field);
    return field;
}

Field Types::start_field(Section& section)
{
    Field field;
    const Entry type = section.get("type");
    if (!type) {
        field.type = FieldType::object;
        if (!section.states("fields") && section.at())
            section.error("\"type\" is missing", did_you_mean("", type_names()));
        return field;
    }
    const auto name = read_text(type, *diagnostics_);
    if (!name)
        return field;
    for (const auto& [plain, value] : plain_types()) {
        if (plain != *name)
            continue;
        field.type = value;
        if (plain == "set")
            field.order = ListOrder::unordered;
        return field;
    }
    return named_type(*name, type);
}

void Types::read_rules(Section& section, Field& field)
{
    if (section.states("doc"))
        field.doc = section.text("doc");
    field.required = section.flag("required", field.required);
    field.sensitive = section.flag("sensitive", field.sensitive);
    if (section.states("sensitiveWhen"))
        field.sensitive_when = section.text("sensitiveWhen");
    field.write_only = section.flag("writeOnly", field.write_only);
    field.immutable = section.flag("immutable", field.immutable);
    field.create_only = section.flag("createOnly", field.create_only);
    field.server_set = section.flag("serverSet", field.server_set);
    field.embedded_text = section.flag("embeddedText", field.embedded_text);
    field.open = section.flag("open", field.open);
    field.partial = section.flag("partial", field.partial);
    if (section.states("enum"))
        field.choices = section.texts("enum");
    if (section.states("format"))
        field.format = section.text("format");
    if (section.states("readFrom"))
        field.read_from = section.paths("readFrom");
    if (section.states("normalise"))
        field.normalise = section.word_list("normalise", normalisers());
    if (section.states("refersTo")) {
        field.refers_to = section.text("refersTo");
        references_.push_back(section.get("refersTo"));
    }
}

void Types::read_shape(Section& section, Field& field)
{
    if (const Entry fields = section.get("fields"))
        read_members(fields, field.fields);
    if (const Entry element = section.get("of"))
        field.element = {read_field("", element)};
    if (const Entry key = section.get("key")) {
        field.element_key = read_text(key, *diagnostics_).value_or("");
        field.order = ListOrder::keyed;
        const Field* member =
            field.element.empty() ? nullptr : field.element.front().find(field.element_key);
        if (member == nullptr || !is_scalar(member->type))
            complain(*diagnostics_,
                     key,
                     "the elements have no plain field \"" + field.element_key + "\"");
    }
    if (const Entry value = section.get("default")) {
        check_value(field, value, *diagnostics_);
        field.default_value = *value.value;
    } else if (section.says_none("default")) {
        field.default_value = Value();
    }
}

void Types::check(const Section& section, const Field& field)
{
    const auto wrong = [&](bool mistake, const std::string& what) {
        if (mistake)
            complain(*diagnostics_, section.at(), what);
    };
    const bool has_elements = field.type == FieldType::list || field.type == FieldType::map;
    const bool is_object = field.type == FieldType::object;
    const bool is_string = field.type == FieldType::string;
    wrong(has_elements && field.element.empty(), "\"of\" is missing: the type of the elements");
    wrong(!has_elements && !field.element.empty(), "\"of\" is only for lists, sets and maps");
    wrong(is_object && field.fields.empty() && !field.open,
          "an object needs \"fields\", or open: true");
    wrong(!is_object && !field.fields.empty(), "\"fields\" is only for objects");
    wrong(!is_object && field.open, "\"open\" is only for objects");
    wrong(field.type != FieldType::list && !field.element_key.empty(), "\"key\" is only for lists");
    wrong(field.partial && field.type != FieldType::map && field.element_key.empty(),
          "\"partial\" is only for maps and lists with a key");
    wrong(!is_string && !field.choices.empty(), "\"enum\" is only for strings");
    wrong(!is_string && field.embedded_text, "\"embeddedText\" is only for strings");
    wrong(!is_string && !field.refers_to.empty(), "\"refersTo\" is only for strings");
    wrong(!is_scalar(field.type) && (field.sensitive || !field.sensitive_when.empty()),
          "\"sensitive\" is only for strings, numbers and booleans");
    wrong(!is_scalar(field.type) && !field.normalise.empty(),
          "\"normalise\" is only for strings, numbers and booleans");
    wrong(field.write_only && !field.read_from.empty(),
          "a field that is never read back has no \"readFrom\"");
    wrong(field.server_set && (field.required || field.write_only || field.create_only),
          "a field that only the server writes is not required, writeOnly or createOnly");
    wrong(field.create_only && field.immutable,
          "createOnly is never compared, immutable is: choose one");
}

Field Types::read_field(const std::string& name, const Entry& at)
{
    Field field;
    if (++fields_ > fields_max_) {
        if (fields_ == fields_max_ + 1)
            complain(*diagnostics_, at, "the catalogue has too many fields");
        field.name = name;
        return field;
    }
    Section section(at, *diagnostics_, {}, "type");
    const std::size_t mistakes = diagnostics_->error_count();
    field = start_field(section);
    field.name = name;
    read_rules(section, field);
    read_shape(section, field);
    section.finish();
    if (diagnostics_->error_count() == mistakes)
        check(section, field);
    return field;
}

void Types::read_members(const Entry& at, std::vector<Field>& members)
{
    const Map* map = at.value->if_map();
    if (map == nullptr) {
        complain(*diagnostics_, at, "expected a map of fields");
        return;
    }
    for (const auto& [name, value] : *map) {
        const auto found = std::ranges::find(members, name, &Field::name);
        if (value.is_null()) {
            if (found != members.end())
                members.erase(found);
            continue;
        }
        Field field = read_field(name, at.member(name, value));
        if (found != members.end())
            *found = std::move(field);
        else
            members.push_back(std::move(field));
    }
    for (const Field& member : members) {
        const auto when = std::ranges::find(members, member.sensitive_when, &Field::name);
        const bool is_flag = when != members.end() && when->type == FieldType::boolean;
        if (!member.sensitive_when.empty() && !is_flag)
            complain(
                *diagnostics_, at, member.name + ": \"sensitiveWhen\" names no boolean beside it");
    }
}

const Field* find_field(const Field& schema, const Path& path, bool* below_open)
{
    const Field* at = &schema;
    for (const std::string& name : path.names()) {
        const bool free = at->open || at->type == FieldType::any;
        if (at->type == FieldType::map && !at->element.empty())
            at = &at->element.front();
        else
            at = at->find(name);
        if (at == nullptr) {
            if (free && below_open != nullptr)
                *below_open = true;
            return nullptr;
        }
    }
    return at;
}

void check_value(const Field& field, const Entry& at, Diagnostics& diagnostics)
{
    if (!fits(field.type, *at.value)) {
        complain(diagnostics,
                 at,
                 "expected " + std::string(name_of(field.type)) + ", found " +
                     std::string(at.value->type_name()));
        return;
    }
    if (const std::string* text = at.value->if_string();
        text != nullptr && !field.choices.empty() &&
        std::ranges::find(field.choices, *text) == field.choices.end())
        complain(diagnostics,
                 at,
                 "\"" + *text + "\" is not one of its choices",
                 did_you_mean(*text, field.choices));
    if (const List* list = at.value->if_list(); list != nullptr && !field.element.empty())
        for (const Entry& item : read_list(at))
            check_value(field.element.front(), item, diagnostics);
    const Map* map = at.value->if_map();
    if (map == nullptr || field.type == FieldType::any)
        return;
    for (const auto& [name, value] : *map) {
        const Field* member = field.type == FieldType::map && !field.element.empty()
                                  ? &field.element.front()
                                  : field.find(name);
        if (member != nullptr)
            check_value(*member, at.member(name, value), diagnostics);
        else if (!field.open) {
            std::vector<std::string> known;
            for (const Field& each : field.fields)
                known.push_back(each.name);
            complain(diagnostics,
                     at.member(name, value),
                     "there is no field \"" + name + "\"",
                     did_you_mean(name, known));
        }
    }
}

} // namespace trueup::kinds
