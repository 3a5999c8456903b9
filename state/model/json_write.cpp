#include "state/model/json.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace trueup::json {

namespace {

// Room for what one resource is, so that its text is seldom moved while it grows.
constexpr std::size_t usual_bytes = 1024;

std::string text_of(const rapidjson::StringBuffer& buffer)
{
    return {buffer.GetString(), buffer.GetSize()};
}

template <class Writer>
void put_text(Writer& writer, std::string_view text)
{
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

template <class Writer>
void put_tagged(Writer& writer, std::string_view tag, std::string_view text)
{
    writer.StartObject();
    writer.Key(tag.data(), static_cast<rapidjson::SizeType>(tag.size()));
    put_text(writer, text);
    writer.EndObject();
}

template <class Writer>
void put_value(Writer& writer, const Value& value, Secrets secrets)
{
    if (const Map* map = value.if_map()) {
        writer.StartObject();
        for (const auto& [key, member] : *map) {
            writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
            put_value(writer, member, secrets);
        }
        writer.EndObject();
    } else if (const List* list = value.if_list()) {
        writer.StartArray();
        for (const Value& element : *list)
            put_value(writer, element, secrets);
        writer.EndArray();
    } else if (const std::string* text = value.if_string()) {
        put_text(writer, *text);
    } else if (const std::int64_t* integer = value.if_integer()) {
        writer.Int64(*integer);
    } else if (const bool* boolean = value.if_bool()) {
        writer.Bool(*boolean);
    } else if (const Decimal* decimal = value.if_decimal()) {
        writer.RawValue(decimal->text.data(), decimal->text.size(), rapidjson::kNumberType);
    } else if (const Unknown* unknown = value.if_unknown()) {
        put_tagged(writer, "$unknown", unknown->text());
    } else if (const Secret* secret = value.if_secret()) {
        const std::string_view plain = secrets == Secrets::reveal ? secret->reveal() : "";
        if (secrets == Secrets::reveal && secret->form() == SecretForm::json)
            writer.RawValue(plain.data(), plain.size(), rapidjson::kNumberType);
        else if (secrets == Secrets::reveal)
            put_text(writer, plain);
        else if (secrets == Secrets::hash)
            put_tagged(writer, "$hash", secret->hash());
        else if (secrets == Secrets::source)
            put_tagged(writer, "$secret", secret->source());
        else
            put_text(writer, "(sensitive)");
    } else {
        writer.Null();
    }
}

} // namespace

std::string write(const Value& value, Secrets secrets)
{
    rapidjson::StringBuffer buffer(nullptr, usual_bytes);
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    put_value(writer, value, secrets);
    return text_of(buffer);
}

std::string write_pretty(const Value& value, Secrets secrets)
{
    rapidjson::StringBuffer buffer;
    rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
    writer.SetIndent(' ', 2);
    put_value(writer, value, secrets);
    return text_of(buffer);
}

} // namespace trueup::json
