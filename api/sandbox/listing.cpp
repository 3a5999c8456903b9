// Lists: which objects, in which order, and one page of them at a time.

#include "api/sandbox/engine.hpp"
#include "api/sandbox/page_token.hpp"
#include "api/sandbox/selection.hpp"

#include <algorithm>
#include <charconv>

namespace trueup::sandbox {

namespace {

// kinds.md a.2: 50 items at most, and by default.
constexpr std::size_t page_items_max = 50;

struct Page {
    std::size_t offset = 0;
    std::size_t limit = page_items_max;
};

std::string query_text(const Call& call, std::string_view name)
{
    const Value* value = call.query.if_map()->find(name);
    return value != nullptr ? value->string_or_empty() : std::string();
}

// A parameter that counts; nothing when it is not a number.
std::optional<std::size_t> read_count(const std::string& text)
{
    std::size_t count = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, count);
    if (read.ec != std::errc{} || read.ptr != end)
        return std::nullopt;
    return count;
}

Expected<Page> read_page(const Call& call, const std::string& listing)
{
    Page page;
    if (const std::string limit = query_text(call, "limit"); !limit.empty()) {
        const auto count = read_count(limit);
        if (!count)
            return bad_field("limit", "must be a number");
        // kinds.md a.2: what limit=0 does is not documented; here it is the default.
        page.limit = *count == 0 ? page_items_max : std::min(*count, page_items_max);
    }
    if (const std::string offset = query_text(call, "offset"); !offset.empty()) {
        const auto count = read_count(offset);
        if (!count)
            return bad_field("offset", "must be a number");
        page.offset = *count;
    }
    // Only the query is looked at: a token in a body is ignored (kinds.md a.2).
    if (const std::string token = query_text(call, "continue"); !token.empty()) {
        const auto offset = read_page_token(token, listing);
        if (!offset)
            return refusal(400, "InvalidContinueToken", "the continue token cannot be read");
        page.offset = *offset;
    }
    return page;
}

// The objects that the scope of the call shows, in page order.
Shelf::Row visible(const Collection& collection, const Shelf& shelf, const std::string& project)
{
    if (collection.scope == Scope::tenant || project.empty())
        return shelf.in_project("");
    Shelf::Row row;
    if (collection.sees_tenant)
        row = shelf.in_project("");
    const Shelf::Row& own = shelf.in_project(project);
    row.insert(row.end(), own.begin(), own.end());
    return row;
}

} // namespace

Answer Engine::list(const Call& call)
{
    const Route& route = *call.route;
    const Collection& collection = *route.collection;
    const Shelf& shelf = shelf_of(call);
    auto selection = read_selection(call, world_);
    if (!selection)
        return selection.error();
    Shelf::Row row;
    if (auto candidates = selection->candidates(shelf)) {
        for (Object* object : *candidates)
            if (is_visible(collection, *object, call.project))
                row.push_back(object);
    } else {
        row = visible(collection, shelf, call.project);
    }
    if (!selection->takes_all())
        std::erase_if(row, [&](const Object* object) { return !selection->takes(*object); });
    selection->sort(row);

    // A token belongs to the listing that it was made for.
    const std::string listing = std::to_string(setting_.seed) + " " + route.path + " " +
                                call.project + " " + selection->text();
    Page page;
    page.limit = row.size();
    if (route.paged) {
        auto read = read_page(call, listing);
        if (!read)
            return read.error();
        page = *read;
    }
    const std::size_t begin = std::min(page.offset, row.size());
    const std::size_t end = std::min(begin + page.limit, row.size());
    List items;
    items.reserve(end - begin);
    Value about;
    for (std::size_t i = begin; i < end; ++i) {
        if (i == begin || row[i]->project != row[i - 1]->project)
            about = server("", row[i]->project, call.now);
        items.push_back(show(call, *row[i], *route.show, about).value_or(Map{}));
    }
    Map body{{"items", std::move(items)}};
    if (route.paged)
        body.set("listmeta",
                 Map{{"continue",
                      end < row.size() ? make_page_token(end, row.size(), listing) : std::string()},
                     {"count", static_cast<std::int64_t>(row.size())},
                     {"limit", static_cast<std::int64_t>(page.limit)},
                     {"offset", static_cast<std::int64_t>(end)}});
    return shown(std::move(body));
}

} // namespace trueup::sandbox
