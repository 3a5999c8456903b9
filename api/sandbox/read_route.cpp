// How the routes of a rule file are read.

#include "api/sandbox/rule_reader.hpp"

namespace trueup::sandbox {

namespace {

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

} // namespace

Result<Route> read_route(const Map& map, const Names& names)
{
    const auto known = only(map, {"on",      "do",    "body",   "metadata", "set",       "refs",
                                  "show",    "needs", "where",  "patches",  "how",       "at",
                                  "from",    "key",   "keep",   "status",   "paged",     "ordered",
                                  "filters", "query", "search", "sort",     "duplicates"});
    if (!known)
        return known.error();
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

} // namespace trueup::sandbox
