#include "api/sandbox/rules.hpp"

#include "state/model/yaml.hpp"

#include <algorithm>

namespace trueup::sandbox {

namespace {

// What the routes of one file may refer to by name.
struct Names {
    TypeNames types;
    Map sets;
    Shows shows;
    const Value* references = nullptr; // of bodies that name none of their own
};

Error wrong(const std::string& what)
{
    return Error{Errc::invalid_input, what};
}

// The enumerator that `word` names.
template <class Enum>
Result<Enum> read_enum(const Value& written,
                       std::initializer_list<std::pair<std::string_view, Enum>> known)
{
    for (const auto& [name, value] : known)
        if (written.string_or_empty() == name)
            return value;
    return wrong("unknown word '" + written.string_or_empty() + "'");
}

Result<Path> read_path(const Value& written)
{
    if (written.if_string() == nullptr)
        return wrong("expected a path");
    return Path::parse(*written.if_string());
}

const Value& member(const Map& map, std::string_view name)
{
    static const Value none;
    const Value* found = map.find(name);
    return found != nullptr ? *found : none;
}

const Map& map_or_empty(const Value& value)
{
    static const Map none;
    const Map* map = value.if_map();
    return map != nullptr ? *map : none;
}

const List& list_or_empty(const Value& value)
{
    static const List none;
    const List* list = value.if_list();
    return list != nullptr ? *list : none;
}

bool is_set(const Value& value)
{
    const bool* flag = value.if_bool();
    return flag != nullptr && *flag;
}

// The metadata types that every kind shares (v1ObjectMeta, v1ObjectMetaInputEntity).
TypeNames shared_types()
{
    TypeNames types;
    const Value input = Map{{"annotations", "text_map"}, {"labels", "text_map"}, {"name", "string"}};
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

Result<void> read_setters(const Value& written, const Names& names, std::vector<Setter>& setters)
{
    if (const List* list = written.if_list()) {
        for (const Value& name : *list) {
            const Value* set = names.sets.find(name.string_or_empty());
            if (set == nullptr)
                return wrong("nothing is called '" + name.string_or_empty() + "' under sets");
            if (auto read = read_setters(*set, names, setters); !read)
                return read;
        }
        return {};
    }
    for (const auto& [text, value] : map_or_empty(written)) {
        auto path = Path::parse(text);
        if (!path)
            return path.error();
        auto expression = read_expression(value, names.shows);
        if (!expression)
            return wrong("set " + text + ": " + expression.error().message);
        setters.push_back(Setter{std::move(*path), std::move(*expression)});
    }
    return {};
}

Result<std::vector<Reference>> read_references(const Value& written)
{
    std::vector<Reference> references;
    for (const Value& each : list_or_empty(written)) {
        const Map& map = map_or_empty(each);
        auto at = ListPath::parse(member(map, "at").string_or_empty());
        if (!at)
            return at.error();
        references.push_back(Reference{std::move(*at), member(map, "to").string_or_empty()});
    }
    return references;
}

Result<std::optional<Expression>>
read_optional(const Map& map, std::string_view name, const Shows& shows)
{
    const Value* written = map.find(name);
    if (written == nullptr)
        return std::optional<Expression>{};
    // A route may call a show by its bare name.
    const Value* named = shows.find(written->string_or_empty());
    auto expression = read_expression(named != nullptr ? *named : *written, shows);
    if (!expression)
        return wrong(std::string(name) + ": " + expression.error().message);
    return std::optional<Expression>(std::move(*expression));
}

Result<std::vector<std::pair<std::string, Path>>> read_named_paths(const Value& written)
{
    std::vector<std::pair<std::string, Path>> paths;
    for (const auto& [name, text] : map_or_empty(written)) {
        auto path = read_path(text);
        if (!path)
            return path.error();
        paths.emplace_back(name, std::move(*path));
    }
    return paths;
}

Result<std::vector<Path>> read_paths(const Value& written)
{
    std::vector<Path> paths;
    for (const Value& text : list_or_empty(written)) {
        auto path = read_path(text);
        if (!path)
            return path.error();
        paths.push_back(std::move(*path));
    }
    return paths;
}

Result<std::vector<Criterion>> read_search(const Value& written, const Shows& shows)
{
    using By = Criterion::By;
    std::vector<Criterion> search;
    for (const auto& [name, each] : map_or_empty(written)) {
        const Map& map = map_or_empty(each);
        auto in = read_expression(member(map, "in"), shows);
        auto by = read_enum<By>(member(map, "by"),
                                {{"string", By::string},
                                 {"one_of", By::one_of},
                                 {"equals", By::equals},
                                 {"version", By::version},
                                 {"tags", By::tags}});
        if (!in || !by)
            return wrong("search " + name + ": " + (in ? by.error() : in.error()).message);
        search.push_back(Criterion{name, std::move(*in), *by});
    }
    return search;
}

Result<std::optional<Entries>> read_entries(const Map& map, const Shows& shows)
{
    if (!map.contains("how"))
        return std::optional<Entries>{};
    auto how = read_enum<EntriesHow>(member(map, "how"),
                                     {{"add", EntriesHow::add},
                                      {"replace", EntriesHow::replace},
                                      {"upsert", EntriesHow::upsert},
                                      {"change", EntriesHow::change},
                                      {"remove", EntriesHow::remove}});
    auto at = read_path(member(map, "at"));
    auto keep = read_optional(map, "keep", shows);
    if (!how || !at || !keep)
        return wrong("entries need how and at");
    Entries entries;
    entries.how = *how;
    entries.at = std::move(*at);
    entries.from = member(map, "from").string_or_empty();
    entries.key = member(map, "key").string_or_empty();
    entries.duplicates = member(map, "duplicates").string_or_empty();
    entries.keep = std::move(*keep);
    return std::optional<Entries>(std::move(entries));
}

Result<void> read_address(const std::string& on, Route& route)
{
    const std::size_t space = on.find(' ');
    if (space == std::string::npos || on.substr(space + 1, 1) != "/")
        return wrong("expected 'METHOD /path'");
    route.method = on.substr(0, space);
    route.path = on.substr(space + 1);
    std::size_t start = 1;
    for (std::size_t slash = route.path.find('/', start); slash != std::string::npos;
         slash = route.path.find('/', start)) {
        route.steps.push_back(route.path.substr(start, slash - start));
        start = slash + 1;
    }
    route.steps.push_back(route.path.substr(start));
    return {};
}

Result<void> read_words(const Map& map, Route& route)
{
    auto deed = read_enum<Deed>(member(map, "do"),
                                {{"list", Deed::list},
                                 {"create", Deed::create},
                                 {"read", Deed::read},
                                 {"update", Deed::update},
                                 {"delete", Deed::remove},
                                 {"entries", Deed::entries},
                                 {"json_patch", Deed::json_patch},
                                 {"check", Deed::check},
                                 {"user_info", Deed::user_info},
                                 {"login", Deed::login},
                                 {"refresh", Deed::refresh}});
    auto metadata = read_enum<Metadata>(member(map, "metadata"),
                                        {{"", Metadata::untouched},
                                         {"whole", Metadata::whole},
                                         {"bare", Metadata::bare},
                                         {"present", Metadata::present}});
    if (!deed)
        return deed.error();
    if (!metadata)
        return metadata.error();
    route.deed = *deed;
    route.metadata = *metadata;
    route.paged = is_set(member(map, "paged"));
    route.ordered = is_set(member(map, "ordered"));
    route.filtered = map.contains("filters");
    if (const std::int64_t* status = member(map, "status").if_integer())
        route.status = static_cast<int>(*status);
    return {};
}

// Which fields a list can be searched by.
Result<void> read_selection(const Map& map, const Names& names, Route& route)
{
    auto filters = read_paths(member(map, "filters"));
    auto query = read_named_paths(member(map, "query"));
    auto sort = read_named_paths(member(map, "sort"));
    auto search = read_search(member(map, "search"), names.shows);
    if (!filters || !query || !sort)
        return wrong("filters, query and sort need paths");
    if (!search)
        return search.error();
    route.filters = std::move(*filters);
    route.query = std::move(*query);
    route.sort = std::move(*sort);
    route.search = std::move(*search);
    for (const auto& [text, value] : map_or_empty(member(map, "where"))) {
        auto path = Path::parse(text);
        if (!path)
            return path.error();
        route.where.emplace_back(std::move(*path), value);
    }
    return {};
}

Result<Route> read_route(const Map& map, const Names& names)
{
    Route route;
    if (auto read = read_address(member(map, "on").string_or_empty(), route); !read)
        return read.error();
    if (auto read = read_words(map, route); !read)
        return read.error();
    if (auto read = read_selection(map, names, route); !read)
        return read.error();
    if (auto read = read_setters(member(map, "set"), names, route.set); !read)
        return read.error();
    if (const Value* body = map.find("body")) {
        auto type = read_body_type(*body, names.types);
        if (!type)
            return wrong("body: " + type.error().message);
        route.body = std::move(*type);
    }
    const Value* own = map.find("refs");
    if (own == nullptr && route.metadata == Metadata::whole)
        own = names.references;
    auto references = read_references(own != nullptr ? *own : Value{});
    auto show = read_optional(map, "show", names.shows);
    auto needs = read_optional(map, "needs", names.shows);
    auto patches = read_optional(map, "patches", names.shows);
    auto entries = read_entries(map, names.shows);
    for (const Error* error : {references ? nullptr : &references.error(),
                               show ? nullptr : &show.error(),
                               needs ? nullptr : &needs.error(),
                               patches ? nullptr : &patches.error(),
                               entries ? nullptr : &entries.error()})
        if (error != nullptr)
            return *error;
    route.references = std::move(*references);
    route.show = std::move(*show);
    route.needs = std::move(*needs);
    route.patches = std::move(*patches);
    route.entries = std::move(*entries);
    const bool shows = route.deed == Deed::list || route.deed == Deed::read;
    const Value* view = names.shows.find("view");
    if (!route.show && shows && view != nullptr) {
        auto read = read_expression(*view, names.shows);
        if (!read)
            return wrong("view: " + read.error().message);
        route.show = std::move(*read);
    }
    return route;
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
    auto scope = read_enum<Scope>(member(file, "scope"),
                                  {{"tenant", Scope::tenant}, {"both", Scope::both}});
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

bool Route::writes() const
{
    switch (deed) {
    case Deed::create:
    case Deed::update:
    case Deed::remove:
    case Deed::entries:
    case Deed::json_patch:
        return true;
    case Deed::list:
    case Deed::read:
    case Deed::check:
    case Deed::user_info:
    case Deed::login:
    case Deed::refresh:
        return false;
    }
    return false;
}

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
