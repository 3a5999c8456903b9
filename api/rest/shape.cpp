#include "api/rest/shape.hpp"

#include <algorithm>
#include <charconv>

namespace trueup::rest {

namespace {

bool has_alias(const Field& field)
{
    return !field.read_from.empty() || std::ranges::any_of(field.fields, has_alias) ||
           std::ranges::any_of(field.element, has_alias);
}

// Where `member` is in the answer: the first alias that is present, else its name in `parent`.
template <class Any>
Any* locate(const Field& member, Any* parent, Any& root)
{
    if (!member.read_from.empty()) {
        for (const Path& path : member.read_from)
            if (Any* value = find(root, path); value != nullptr && !value->is_null())
                return value;
        return nullptr;
    }
    auto* map = parent != nullptr ? parent->if_map() : nullptr;
    Any* value = map != nullptr ? map->find(member.name) : nullptr;
    return value != nullptr && !value->is_null() ? value : nullptr;
}

// The element of a list or map itself: it, or what its aliases lead to inside it.
template <class Any>
Any* locate_element(const Field& element, Any& item)
{
    if (element.read_from.empty())
        return item.is_null() ? nullptr : &item;
    return locate<Any>(element, nullptr, item);
}

std::optional<std::int64_t> integral(const Decimal& decimal)
{
    // 3.0 is an integer; 3.5 and 1e30 are not.
    std::int64_t whole = 0;
    const char* end = decimal.text.data() + decimal.text.size();
    if (std::from_chars(decimal.text.data(), end, whole).ec != std::errc{})
        return std::nullopt;
    if (Decimal(std::to_string(whole)) == decimal)
        return whole;
    return std::nullopt;
}

std::string_view expected(FieldType type)
{
    switch (type) {
    case FieldType::string:
        return "a string";
    case FieldType::boolean:
        return "a boolean";
    case FieldType::integer:
        return "an integer";
    case FieldType::number:
        return "a number";
    case FieldType::object:
    case FieldType::map:
        return "a map";
    case FieldType::list:
        return "a list";
    case FieldType::any:
        return "anything";
    }
    return "anything";
}

class Decoder {
public:
    explicit Decoder(bool may_move) : may_move_(may_move) {}

    bool object(const Field& field, Value* source, Value& root, Value& out)
    {
        Map* map = source != nullptr ? source->if_map() : nullptr;
        Map result;
        result.reserve(field.fields.size());
        for (const Field& member : field.fields) {
            if (member.write_only)
                continue;
            Value* from = locate<Value>(member, source, root);
            Value value;
            if (from == nullptr) {
                // Its members may have aliases of their own.
                if (member.type != FieldType::object || !has_alias(member))
                    continue;
                if (!object(member, nullptr, root, value))
                    return failed_in(step_text(member.name));
                if (value.if_map()->empty())
                    continue;
            } else if (!decode(member, *from, root, value)) {
                return failed_in(step_text(member.name));
            }
            result.set(member.name, std::move(value));
        }
        if (field.open && map != nullptr)
            for (auto& [name, value] : *map)
                if (field.find(name) == nullptr && !value.is_null())
                    result.set(name, take(value));
        out = Value(std::move(result));
        return true;
    }

    Error error() const
    {
        std::string path;
        for (auto step = steps_.rbegin(); step != steps_.rend(); ++step)
            path += *step;
        if (path.starts_with('.'))
            path.erase(0, 1);
        return Error{Errc::rejected, "the field " + path + " " + problem_};
    }

private:
    bool decode(const Field& field, Value& source, Value& root, Value& out)
    {
        switch (field.type) {
        case FieldType::object:
            return source.if_map() != nullptr ? object(field, &source, root, out)
                                              : mistyped(field, source);
        case FieldType::map:
            return source.if_map() != nullptr ? map(field, *source.if_map(), out)
                                              : mistyped(field, source);
        case FieldType::list:
            return source.if_list() != nullptr ? list(field, *source.if_list(), out)
                                               : mistyped(field, source);
        case FieldType::integer:
            if (const Decimal* decimal = source.if_decimal()) {
                const auto whole = integral(*decimal);
                out = whole ? Value(*whole) : source;
                return whole ? true : mistyped(field, source);
            }
            return scalar(field, source, source.if_integer() != nullptr, out);
        case FieldType::number:
            return scalar(field,
                          source,
                          source.if_integer() != nullptr || source.if_decimal() != nullptr,
                          out);
        case FieldType::boolean:
            return scalar(field, source, source.if_bool() != nullptr, out);
        case FieldType::string:
            return scalar(field, source, source.if_string() != nullptr, out);
        case FieldType::any:
            return scalar(field, source, true, out);
        }
        return true;
    }

    bool scalar(const Field& field, Value& source, bool fits, Value& out)
    {
        if (!fits)
            return mistyped(field, source);
        out = take(source);
        return true;
    }

    bool map(const Field& field, Map& source, Value& out)
    {
        Map result;
        result.reserve(source.size());
        for (auto& [name, item] : source) {
            Value* from =
                field.element.empty() ? &item : locate_element(field.element.front(), item);
            if (from == nullptr)
                continue;
            Value value;
            if (field.element.empty())
                value = take(*from);
            else if (!decode(field.element.front(), *from, item, value))
                return failed_in(step_text(name));
            result.append(name, std::move(value));
        }
        out = Value(std::move(result));
        return true;
    }

    bool list(const Field& field, List& source, Value& out)
    {
        List result;
        result.reserve(source.size());
        for (std::size_t i = 0; i < source.size(); ++i) {
            Value& item = source[i];
            Value* from =
                field.element.empty() ? &item : locate_element(field.element.front(), item);
            if (from == nullptr)
                continue;
            Value value;
            if (field.element.empty())
                value = take(*from);
            else if (!decode(field.element.front(), *from, item, value))
                return failed_in("[" + std::to_string(i) + "]");
            result.push_back(std::move(value));
        }
        out = Value(std::move(result));
        return true;
    }

    Value take(Value& value) const { return may_move_ ? std::move(value) : value; }

    bool mistyped(const Field& field, const Value& source)
    {
        problem_ = "should be " + std::string(expected(field.type)) + ", not " +
                   std::string(source.type_name());
        return false;
    }

    bool failed_in(std::string step)
    {
        steps_.push_back(std::move(step));
        return false;
    }

    bool may_move_;
    std::string problem_;
    std::vector<std::string> steps_; // from the leaf up
};

// ---- read-modify-write
// ------------------------------------------------------------------------------

Value to_write(const Field& field, const Value& source, const Value& root);

// True when the schema itself has a field at `path`: then the place is more than an alias.
bool is_written_at(const Field& schema, const Path& path)
{
    const Field* at = &schema;
    for (const std::string& name : path.names()) {
        at = at->find(name);
        if (at == nullptr)
            return false;
    }
    return true;
}

void collect_aliases(const Field& field, std::vector<Path>& paths)
{
    for (const Field& member : field.fields) {
        paths.insert(paths.end(), member.read_from.begin(), member.read_from.end());
        collect_aliases(member, paths);
    }
}

// A resource, or an element of a list, without the places that aliases were read from, and without
// the maps that held nothing else.
void erase_aliases(const Field& field, Value& out)
{
    std::vector<Path> paths;
    collect_aliases(field, paths);
    for (Path path : paths) {
        if (is_written_at(field, path) || !erase(out, path))
            continue;
        while (path.names().size() > 1) {
            path = Path({path.names().begin(), path.names().end() - 1});
            const Value* above = find(out, path);
            if (is_written_at(field, path) || above == nullptr || above->if_map() == nullptr ||
                !above->if_map()->empty())
                break;
            erase(out, path);
        }
    }
}

void put_members(const Field& field, const Value* source, const Value& root, Map& out)
{
    for (const Field& member : field.fields) {
        if (const Value* from = locate<const Value>(member, source, root)) {
            out.set(member.name, to_write(member, *from, root));
        } else if (member.type == FieldType::object && has_alias(member)) {
            Value* there = out.find(member.name);
            Map inner = there != nullptr && there->if_map() != nullptr ? *there->if_map() : Map();
            put_members(member, nullptr, root, inner);
            if (!inner.empty())
                out.set(member.name, Value(std::move(inner)));
        }
    }
}

Value element_to_write(const Field& list, const Value& item)
{
    if (list.element.empty())
        return item;
    const Field& element = list.element.front();
    const Value* from = locate_element<const Value>(element, item);
    if (from == nullptr)
        return {};
    Value out = to_write(element, *from, item);
    if (element.type == FieldType::object && element.read_from.empty())
        erase_aliases(element, out);
    return out;
}

Value to_write(const Field& field, const Value& source, const Value& root)
{
    if (field.type == FieldType::object && source.if_map() != nullptr) {
        Map out;
        for (const auto& [name, value] : *source.if_map())
            if (!value.is_null() && field.find(name) == nullptr)
                out.append(name, value);
        put_members(field, &source, root, out);
        return out;
    }
    if (field.type == FieldType::map && source.if_map() != nullptr) {
        Map out;
        for (const auto& [name, value] : *source.if_map())
            if (Value item = element_to_write(field, value); !item.is_null())
                out.append(name, std::move(item));
        return out;
    }
    if (field.type == FieldType::list && source.if_list() != nullptr) {
        List out;
        for (const Value& value : *source.if_list())
            if (Value item = element_to_write(field, value); !item.is_null())
                out.push_back(std::move(item));
        return out;
    }
    return source;
}

} // namespace

Result<Value> decode_shape(const Field& schema, Value item)
{
    Decoder decoder(!has_alias(schema));
    Value out;
    if (!decoder.object(schema, &item, item, out))
        return decoder.error();
    return out;
}

Value write_shape(const Field& schema, const Value& item)
{
    Value out = to_write(schema, item, item);
    erase_aliases(schema, out);
    return out;
}

} // namespace trueup::rest
