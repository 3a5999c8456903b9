#include "state/model/yaml.hpp"

#include <yaml-cpp/emitter.h>

#include <algorithm>

namespace trueup::yaml {

namespace {

bool is_control(char c)
{
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
}

// True when `text` can stand in a literal block and read back the same.
bool suits_literal(const std::string& text)
{
    if (text.size() < 2 || text.find('\n') == text.size() - 1 || !text.ends_with('\n') ||
        text.ends_with("\n\n") || text.front() == ' ' || text.front() == '\n')
        return false;
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n') || byte >= 0x7F;
    });
}

void put_string(YAML::Emitter& emitter, const std::string& text)
{
    if (suits_literal(text)) {
        // The emitter ends the last line itself.
        emitter << YAML::Literal << text.substr(0, text.size() - 1);
        return;
    }
    // At the start of a line, --- and ... begin and end documents.
    if (!is_plain_text(text) || text == "<<" || text.starts_with("---") ||
        text.starts_with("...") || std::ranges::any_of(text, is_control))
        emitter << YAML::DoubleQuoted;
    emitter << text;
}

void put_value(YAML::Emitter& emitter, const Value& value);

void put_unknown(YAML::Emitter& emitter, const Unknown& unknown)
{
    Map map;
    if (unknown.lookup) {
        map = unknown.lookup->criteria;
        map.set("$lookup", unknown.lookup->kind);
    } else {
        map.set("$ref", unknown.target);
        if (!unknown.field.empty())
            map.set("field", unknown.field);
    }
    emitter << YAML::Flow;
    put_value(emitter, std::move(map));
}

void put_value(YAML::Emitter& emitter, const Value& value)
{
    if (const Map* map = value.if_map()) {
        if (map->empty())
            emitter << YAML::Flow;
        emitter << YAML::BeginMap;
        for (const auto& [key, member] : *map) {
            emitter << YAML::Key;
            // A key in a literal block would be legal YAML that nobody can read.
            if (key.find('\n') != std::string::npos)
                emitter << YAML::DoubleQuoted << key;
            else
                put_string(emitter, key);
            emitter << YAML::Value;
            put_value(emitter, member);
        }
        emitter << YAML::EndMap;
    } else if (const List* list = value.if_list()) {
        emitter << YAML::BeginSeq;
        for (const Value& element : *list)
            put_value(emitter, element);
        emitter << YAML::EndSeq;
    } else if (const std::string* text = value.if_string()) {
        put_string(emitter, *text);
    } else if (const std::int64_t* integer = value.if_integer()) {
        emitter << std::to_string(*integer);
    } else if (const bool* boolean = value.if_bool()) {
        emitter << *boolean;
    } else if (const Decimal* decimal = value.if_decimal()) {
        emitter << decimal->text;
    } else if (const Unknown* unknown = value.if_unknown()) {
        put_unknown(emitter, *unknown);
    } else if (value.is_secret()) {
        emitter << YAML::DoubleQuoted << "(sensitive)";
    } else {
        emitter << YAML::Null;
    }
}

} // namespace

std::string write(const Value& value)
{
    YAML::Emitter emitter;
    put_value(emitter, value);
    return std::string(emitter.c_str(), emitter.size()) + "\n";
}

} // namespace trueup::yaml
