#include "api/sandbox/dump.hpp"

#include "state/model/json.hpp"

namespace trueup::sandbox {

namespace {

constexpr std::int64_t format = 1;

json::Limits dump_limits()
{
    json::Limits limits;
    limits.bytes_max = std::size_t{1} << 30U;
    limits.nodes_max = 100'000'000;
    return limits;
}

struct Row {
    std::string collection;
    std::string uid;
    std::string project;
    Value data;
};

Result<Row> read_row(const Value& value)
{
    const Map* map = value.if_map();
    const Value* data = map != nullptr ? map->find("data") : nullptr;
    if (data == nullptr || data->if_map() == nullptr)
        return Error{Errc::invalid_input, "an object of the sandbox's data has no data"};
    const auto text = [&](const char* name) {
        const Value* found = map->find(name);
        return found != nullptr ? found->string_or_empty() : std::string();
    };
    Row row{text("collection"), text("uid"), text("project"), *data};
    if (row.uid.empty())
        return Error{Errc::invalid_input, "an object of the sandbox's data has no uid"};
    return row;
}

} // namespace

std::string dump_world(const World& world)
{
    std::string text = "{\"drawn\":" + std::to_string(world.supply.drawn()) +
                       ",\"format\":" + std::to_string(format) + ",\"objects\":[";
    bool first = true;
    for (const auto& [name, shelf] : world.shelves()) {
        for (const Object* object : shelf.all()) {
            const Value row = Map{{"collection", name},
                                  {"data", object->data},
                                  {"project", object->project},
                                  {"uid", object->uid}};
            text += (first ? "\n" : ",\n") + json::write(row);
            first = false;
        }
    }
    text += "\n]}\n";
    return text;
}

Result<void> load_world(const std::string& text, World& world)
{
    auto parsed = json::parse(text, dump_limits());
    if (!parsed)
        return Error{Errc::invalid_input, "the sandbox's data: " + parsed.error().message};
    const Value* drawn = find(*parsed, Path({"drawn"}));
    const Value* written = find(*parsed, Path({"format"}));
    const Value* objects = find(*parsed, Path({"objects"}));
    if (written == nullptr || *written != Value(format) || drawn == nullptr ||
        drawn->if_integer() == nullptr || objects == nullptr || objects->if_list() == nullptr)
        return Error{Errc::invalid_input, "this is not the sandbox's data of format 1"};
    std::map<std::string, Shelf> shelves;
    for (const auto& [name, shelf] : world.shelves())
        shelves.emplace(name, shelf.emptied());
    for (const Value& each : *objects->if_list()) {
        auto row = read_row(each);
        if (!row)
            return row.error();
        const auto shelf = shelves.find(row->collection);
        if (shelf == shelves.end() || shelf->second.find(row->uid) != nullptr)
            return Error{Errc::invalid_input,
                         "the sandbox's data: unknown collection or repeated uid: " +
                             row->collection + " " + row->uid};
        shelf->second.add(row->uid, row->project, std::move(row->data));
    }
    world.shelves() = std::move(shelves);
    world.supply.resume(static_cast<std::uint64_t>(*drawn->if_integer()));
    return {};
}

} // namespace trueup::sandbox
