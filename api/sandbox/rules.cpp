#include "api/sandbox/rule_reader.hpp"
#include "state/model/yaml.hpp"

namespace trueup::sandbox {

namespace {

// The metadata types that every kind shares (v1ObjectMeta, v1ObjectMetaInputEntity).
TypeNames shared_types()
{
    TypeNames types;
    const Value input =
        Map{{"annotations", "text_map"}, {"labels", "text_map"}, {"name", "string"}};
    Value whole = input;
    for (const char* name : {"creationTimestamp", "deletionTimestamp", "lastModifiedTimestamp"})
        whole.if_map()->set(name, "time");
    whole.if_map()->set("uid", "string");
    types["meta_input"] = *read_body_type(input, types);
    types["meta"] = *read_body_type(whole, types);
    return types;
}

// Types may name each other in any order.
Result<TypeNames> read_types(const Map& written)
{
    TypeNames types = shared_types();
    Error last = wrong("");
    for (std::size_t round = 0; round <= written.size(); ++round) {
        bool missing = false;
        for (const auto& [name, type] : written) {
            if (types.contains(name))
                continue;
            auto read = read_body_type(type, types);
            if (read) {
                types[name] = std::move(*read);
                continue;
            }
            missing = true;
            last = wrong("type " + name + ": " + read.error().message);
        }
        if (!missing)
            return types;
    }
    return last;
}

Result<void> read_masks(const Map& file, Collection& collection)
{
    for (const Value& each : list_or_empty(member(file, "masks"))) {
        const Map& map = map_or_empty(each);
        auto in = ListPath::parse(member(map, "in").string_or_empty());
        if (!in)
            return in.error();
        const Value* as = map.find("as");
        collection.masks.push_back(Mask{std::move(*in),
                                        member(map, "field").string_or_empty(),
                                        as != nullptr ? as->string_or_empty() : "********",
                                        member(map, "when").string_or_empty()});
    }
    return {};
}

Result<void> read_relations(const Map& file, const Names& names, Collection& collection)
{
    for (const Value& each : list_or_empty(member(file, "drop"))) {
        const Map& map = map_or_empty(each);
        auto at = ListPath::parse(member(map, "at").string_or_empty());
        if (!at)
            return at.error();
        collection.drops.push_back(Collection::Drop{member(map, "from").string_or_empty(),
                                                    std::move(*at),
                                                    member(map, "key").string_or_empty()});
    }
    if (const Map* join = member(file, "joins").if_map()) {
        auto each = read_expression(member(*join, "each"), names.shows);
        auto at = read_path(member(*join, "at"));
        if (!each || !at)
            return wrong("joins need each, in and at");
        collection.join = Collection::Join{
            std::move(*each), member(*join, "in").string_or_empty(), std::move(*at)};
    }
    for (const Value& each : list_or_empty(member(file, "checks"))) {
        const Map& map = map_or_empty(each);
        auto when = read_expression(member(map, "if"), names.shows);
        auto need = read_expression(member(map, "need"), names.shows);
        if (!when || !need)
            return wrong("checks need if and need");
        collection.checks.push_back(
            Check{std::move(*when), std::move(*need), member(map, "field").string_or_empty()});
    }
    for (const auto& [text, value] : map_or_empty(member(file, "immutable"))) {
        auto path = Path::parse(text);
        auto expression = read_expression(value, names.shows);
        if (!path || !expression)
            return wrong("immutable: " + text);
        collection.immutable.emplace_back(std::move(*path), std::move(*expression));
    }
    return {};
}

Result<void> read_identity(const Map& file, const Names& names, Collection& collection)
{
    auto scope =
        read_enum<Scope>(member(file, "scope"), {{"tenant", Scope::tenant}, {"both", Scope::both}});
    auto header = read_enum<ProjectHeader>(member(file, "project_header"),
                                           {{"", ProjectHeader::ignore},
                                            {"ignore", ProjectHeader::ignore},
                                            {"refuse", ProjectHeader::refuse}});
    auto key = read_paths(member(file, "key"));
    auto lists = read_named_paths(member(file, "entry_lists"));
    auto seed_as = read_optional(file, "seed_as", names.shows);
    if (!scope || !header || !key || !lists)
        return wrong("scope, project_header, key or entry_lists cannot be read");
    if (!seed_as)
        return seed_as.error();
    collection.scope = *scope;
    collection.project_header = *header;
    collection.key = std::move(*key);
    collection.entry_lists = std::move(*lists);
    collection.seed_as = std::move(*seed_as);
    collection.seeds = list_or_empty(member(file, "seeds"));
    collection.sees_tenant = is_set(member(file, "sees_tenant"));
    collection.singleton = is_set(member(file, "singleton"));
    collection.duplicates = member(file, "duplicates").string_or_empty();
    collection.container = member(file, "container").string_or_empty();
    if (const Map* map = member(file, "protected").if_map()) {
        auto at = read_path(member(*map, "at"));
        if (!at)
            return at.error();
        collection.built_in = std::pair(std::move(*at), member(*map, "is"));
    }
    if (file.contains("only_one")) {
        auto path = read_path(member(file, "only_one"));
        if (!path)
            return path.error();
        collection.only_one = std::move(*path);
    }
    return {};
}

Result<std::unique_ptr<const Collection>> read_collection(const Map& file)
{
    const auto known = only(
        file, {"collection", "scope",     "project_header", "sees_tenant", "singleton", "key",
               "duplicates", "container", "protected",      "only_one",    "masks",     "immutable",
               "checks",     "drop",      "joins",          "entry_lists", "seeds",     "seed_as",
               "types",      "sets",      "shows",          "refs",        "routes"});
    if (!known)
        return known.error();
    auto collection = std::make_unique<Collection>();
    collection->name = member(file, "collection").string_or_empty();
    auto types = read_types(map_or_empty(member(file, "types")));
    if (!types)
        return types.error();
    Names names{std::move(*types),
                map_or_empty(member(file, "sets")),
                map_or_empty(member(file, "shows")),
                file.find("refs")};
    if (auto read = read_identity(file, names, *collection); !read)
        return read.error();
    if (auto read = read_masks(file, *collection); !read)
        return read.error();
    if (auto read = read_relations(file, names, *collection); !read)
        return read.error();
    for (const Value& each : list_or_empty(member(file, "routes"))) {
        auto route = read_route(map_or_empty(each), names);
        if (!route)
            return wrong(member(map_or_empty(each), "on").string_or_empty() + ": " +
                         route.error().message);
        route->collection = collection.get();
        collection->routes.push_back(std::move(*route));
    }
    return std::unique_ptr<const Collection>(std::move(collection));
}

} // namespace

const Collection* Rules::find(const std::string& name) const
{
    for (const auto& collection : collections)
        if (collection->name == name)
            return collection.get();
    return nullptr;
}

Result<Rules> read_rules(std::span<const EmbeddedRule> files)
{
    Rules rules;
    for (const EmbeddedRule& file : files) {
        Diagnostics diagnostics;
        const std::vector<Value> documents =
            yaml::parse(file.text, std::string(file.name), diagnostics);
        if (diagnostics.has_errors())
            return wrong(diagnostics.all().front().text());
        if (documents.size() != 1 || documents.front().if_map() == nullptr)
            return wrong(std::string(file.name) + ": expected one document, a map");
        auto collection = read_collection(*documents.front().if_map());
        if (!collection)
            return wrong(std::string(file.name) + ": " + collection.error().message);
        rules.collections.push_back(std::move(*collection));
    }
    return rules;
}

} // namespace trueup::sandbox
