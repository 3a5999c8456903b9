#include "api/kinds/swagger.hpp"

#include "api/kinds/call.hpp"
#include "state/model/json.hpp"

#include <algorithm>
#include <array>

namespace trueup::kinds {

namespace {

constexpr std::size_t references_max = 32;
constexpr std::array methods{"get", "post", "put", "patch", "delete"};
constexpr std::string_view definitions = "#/definitions/";
constexpr std::string_view parameters = "#/parameters/";

const Value* member(const Value* value, std::string_view name)
{
    const Map* map = value != nullptr ? value->if_map() : nullptr;
    return map != nullptr ? map->find(name) : nullptr;
}

std::vector<std::string> texts(const Value* list)
{
    std::vector<std::string> found;
    if (list != nullptr && list->if_list() != nullptr)
        for (const Value& item : *list->if_list())
            if (const std::string* text = item.if_string())
                found.push_back(*text);
    return found;
}

std::string upper(std::string text)
{
    for (char& c : text)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

} // namespace

Swagger::Swagger(Value document) : document_(std::make_shared<const Value>(std::move(document)))
{
    const Value* paths = member(document_.get(), "paths");
    const std::string base = member(document_.get(), "basePath") != nullptr
                                 ? member(document_.get(), "basePath")->string_or_empty()
                                 : std::string();
    const std::string prefix = base == "/" ? std::string() : base;
    for (const auto& [path, item] : *paths->if_map()) {
        for (const char* method : methods) {
            const Value* operation = member(&item, method);
            if (operation == nullptr)
                continue;
            operations_[upper(method) + " " + anonymous_path(prefix + path)] = operation;
            path_items_[operation] = &item;
        }
    }
}

Result<Swagger> Swagger::parse(std::string_view text)
{
    auto document = json::parse(text);
    if (!document)
        return Error{Errc::invalid_input,
                     "the API document is not JSON: " + document.error().message};
    const Value* version = member(&*document, "swagger");
    const Value* paths = member(&*document, "paths");
    if (version == nullptr || version->string_or_empty() != "2.0" || paths == nullptr ||
        paths->if_map() == nullptr)
        return Error{Errc::invalid_input, "the text is no Swagger 2.0 document"};
    return Swagger(std::move(*document));
}

const Value* Swagger::operation(const std::string& method, const std::string& path) const
{
    const auto found = operations_.find(method + " " + anonymous_path(path));
    return found != operations_.end() ? found->second : nullptr;
}

std::vector<std::string> Swagger::routes() const
{
    std::vector<std::string> routes;
    for (const auto& [route, operation] : operations_)
        routes.push_back(route);
    return routes;
}

std::map<std::string, const Value*> Swagger::query(const Value& operation) const
{
    std::map<std::string, const Value*> found;
    const auto item = path_items_.find(&operation);
    const Value* shared = item != path_items_.end() ? member(item->second, "parameters") : nullptr;
    for (const Value* list : {shared, member(&operation, "parameters")}) {
        if (list == nullptr || list->if_list() == nullptr)
            continue;
        for (const Value& parameter : *list->if_list()) {
            const Schema resolved = resolve(&parameter);
            const Value* place = member(resolved, "in");
            const Value* name = member(resolved, "name");
            if (place != nullptr && place->string_or_empty() == "query" && name != nullptr)
                found[name->string_or_empty()] = resolved;
        }
    }
    return found;
}

Schema Swagger::body(const Value& operation) const
{
    const Value* list = member(&operation, "parameters");
    if (list == nullptr || list->if_list() == nullptr)
        return nullptr;
    for (const Value& parameter : *list->if_list()) {
        const Schema resolved = resolve(&parameter);
        const Value* place = member(resolved, "in");
        if (place != nullptr && place->string_or_empty() == "body")
            return resolve(member(resolved, "schema"));
    }
    return nullptr;
}

std::vector<std::string> Swagger::answer_codes(const Value& operation) const
{
    std::vector<std::string> codes;
    const Value* responses = member(&operation, "responses");
    if (responses != nullptr && responses->if_map() != nullptr)
        for (const auto& [code, response] : *responses->if_map())
            if (code.size() == 3 && code.front() == '2')
                codes.push_back(code);
    return codes;
}

Schema Swagger::answer(const Value& operation) const
{
    for (const std::string& code : answer_codes(operation))
        if (const Value* schema = member(member(member(&operation, "responses"), code), "schema"))
            return resolve(schema);
    return nullptr;
}

Schema Swagger::resolve(Schema schema) const
{
    for (std::size_t i = 0; schema != nullptr && i < references_max; ++i) {
        const Value* reference = member(schema, "$ref");
        if (reference == nullptr)
            return schema;
        const std::string& target = reference->string_or_empty();
        if (target.starts_with(definitions))
            schema =
                member(member(document_.get(), "definitions"), target.substr(definitions.size()));
        else if (target.starts_with(parameters))
            schema =
                member(member(document_.get(), "parameters"), target.substr(parameters.size()));
        else
            return nullptr;
    }
    return nullptr;
}

std::vector<const Map*> Swagger::parts(Schema schema) const
{
    std::vector<const Map*> found;
    std::vector<Schema> open{schema};
    while (!open.empty() && found.size() < references_max) {
        const Schema next = resolve(open.back());
        open.pop_back();
        if (next == nullptr || next->if_map() == nullptr)
            continue;
        found.push_back(next->if_map());
        const Value* all = next->if_map()->find("allOf");
        if (all != nullptr && all->if_list() != nullptr)
            for (const Value& part : *all->if_list())
                open.push_back(&part);
    }
    return found;
}

Schema Swagger::property(Schema schema, const std::string& name) const
{
    for (const Map* part : parts(schema))
        if (const Value* found = member(part->find("properties"), name))
            return resolve(found);
    return held(schema);
}

Schema Swagger::held(Schema schema) const
{
    for (const Map* part : parts(schema)) {
        const Value* held = part->find("additionalProperties");
        if (held != nullptr && held->if_map() != nullptr)
            return resolve(held);
    }
    return nullptr;
}

Schema Swagger::find(Schema schema, const Path& path) const
{
    Schema at = resolve(schema);
    for (const std::string& name : path.names())
        if (at != nullptr)
            at = property(at, name);
    return at;
}

Schema Swagger::items(Schema schema) const
{
    const Schema array = resolve(schema);
    return resolve(member(array, "items"));
}

std::string Swagger::type(Schema schema) const
{
    for (const Map* part : parts(schema)) {
        if (const Value* type = part->find("type"))
            return type->string_or_empty();
        if (part->contains("properties"))
            return "object";
    }
    return {};
}

std::vector<std::string> Swagger::choices(Schema schema) const
{
    return texts(member(resolve(schema), "enum"));
}

std::vector<std::string> Swagger::required(Schema schema) const
{
    std::vector<std::string> names;
    for (const Map* part : parts(schema))
        for (std::string& name : texts(part->find("required")))
            names.push_back(std::move(name));
    return names;
}

std::vector<std::string> Swagger::property_names(Schema schema) const
{
    std::vector<std::string> names;
    for (const Map* part : parts(schema))
        if (const Value* properties = part->find("properties"); properties && properties->if_map())
            for (const auto& [name, property] : *properties->if_map())
                names.push_back(name);
    return names;
}

Value Swagger::graft(Schema schema, const Path& path, Schema node) const
{
    const Schema resolved = resolve(schema);
    if (path.is_root())
        return node != nullptr ? *node : Value(Map{});
    const std::string& name = path.names().front();
    const Path below{{path.names().begin() + 1, path.names().end()}};
    Value copy = resolved != nullptr ? *resolved : Value(Map{});
    if (copy.if_map() == nullptr)
        copy = Map{};
    const Value* old = member(member(&copy, "properties"), name);
    put(copy, Path{{"properties", name}}, graft(old, below, node));
    return copy;
}

Value Swagger::graft_each(Schema schema, const Path& array, const Path& path, Schema node) const
{
    Value list = Map{};
    list.if_map()->set("type", "array");
    list.if_map()->set("items", graft(items(find(schema, array)), path, node));
    return graft(schema, array, &list);
}

} // namespace trueup::kinds
