#include "api/sandbox/selection.hpp"

#include "api/sandbox/search.hpp"
#include "state/model/json.hpp"

#include <algorithm>

namespace trueup::sandbox {

namespace {

std::string query_text(const Call& call, const std::string& name)
{
    const Value* value = call.query.if_map()->find(name);
    return value != nullptr ? value->string_or_empty() : std::string();
}

bool is_field_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
}

// Where the next condition starts: behind an AND that is followed by "field=". A name may contain
// "AND" itself.
std::size_t next_condition(const std::string& text, std::size_t from)
{
    constexpr std::string_view joint = "AND";
    for (std::size_t at = text.find(joint, from); at != std::string::npos;
         at = text.find(joint, at + 1)) {
        std::size_t i = at + joint.size();
        const std::size_t field = i;
        while (i < text.size() && is_field_letter(text[i]))
            ++i;
        const std::string_view name = std::string_view(text).substr(field, i - field);
        if (i < text.size() && text[i] == '=' && name.find('.') != std::string_view::npos)
            return at;
    }
    return std::string::npos;
}

std::optional<Answer> read_filters(const Call& call, Selection& selection)
{
    const std::string text = query_text(call, "filters");
    selection.describe(text);
    std::size_t from = 0;
    while (from < text.size()) {
        const std::size_t joint = next_condition(text, from);
        const std::string condition =
            text.substr(from, joint == std::string::npos ? joint : joint - from);
        from = joint == std::string::npos ? text.size() : joint + 3;
        const std::size_t equals = condition.find('=');
        auto path = Path::parse(condition.substr(0, equals));
        const auto& allowed = call.route->filters;
        if (equals == std::string::npos || !path ||
            std::ranges::find(allowed, *path) == allowed.end())
            return bad_field("filters", "cannot be read: '" + condition + "'");
        const std::string wanted = condition.substr(equals + 1);
        selection.expect_text(*path, wanted);
        selection.require([path = *path, wanted](const Object& object) {
            return text_at(object.data, path) == wanted;
        });
    }
    return std::nullopt;
}

// orderBy=metadata.name=1,metadata.uid=-1
std::optional<Answer> read_order(const Call& call, Selection& selection)
{
    std::string text = query_text(call, "orderBy");
    selection.describe(text);
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string part = text.substr(0, comma);
        text.erase(0, comma + 1);
        const std::size_t equals = part.find('=');
        auto path = Path::parse(part.substr(0, equals));
        const std::string direction = equals == std::string::npos ? "1" : part.substr(equals + 1);
        if (!path || path->is_root() || (direction != "1" && direction != "-1"))
            return bad_field("orderBy", "cannot be read: '" + part + "'");
        selection.order_by(*path, direction == "-1");
    }
    return std::nullopt;
}

// sort: [{field: name, order: asc}]
std::optional<Answer> read_sort(const Call& call, Selection& selection)
{
    const Value* sort = find(call.body, Path({"sort"}));
    if (sort == nullptr)
        return std::nullopt;
    if (sort->if_list() == nullptr)
        return bad_field("sort", "must be a list");
    for (const Value& each : *sort->if_list()) {
        const Value* field = find(each, Path({"field"}));
        const Value* order = find(each, Path({"order"}));
        const auto known = std::ranges::find_if(call.route->sort, [&](const auto& entry) {
            return field != nullptr && entry.first == field->string_or_empty();
        });
        if (known == call.route->sort.end())
            return bad_field("sort[].field", "is not a field to sort by");
        selection.order_by(known->second, order != nullptr && order->string_or_empty() == "desc");
    }
    return std::nullopt;
}

} // namespace

std::optional<Shelf::Row> Selection::candidates(const Shelf& shelf) const
{
    if (!exact_)
        return std::nullopt;
    return shelf.with_text(exact_->first, exact_->second);
}

bool Selection::takes(const Object& object) const
{
    return std::ranges::all_of(tests_, [&](const Test& test) { return test(object); });
}

void Selection::sort(Shelf::Row& row) const
{
    if (keys_.empty())
        return;
    std::ranges::stable_sort(row, [&](const Object* a, const Object* b) {
        for (const Key& key : keys_) {
            const int order = text_at(a->data, key.path).compare(text_at(b->data, key.path));
            if (order != 0)
                return key.descending ? order > 0 : order < 0;
        }
        return false;
    });
}

void Selection::expect_text(Path path, std::string text)
{
    // Of several conditions the one on a name is the one that an index knows.
    if (!exact_ || path.names().back() == "name")
        exact_ = std::pair(std::move(path), std::move(text));
}

void Selection::order_by(Path path, bool descending)
{
    keys_.push_back(Key{std::move(path), descending});
}

Expected<Selection> read_selection(const Call& call, World& world)
{
    Selection selection;
    const Route& route = *call.route;
    // What a path does not declare is ignored.
    if (route.filtered)
        if (auto refused = read_filters(call, selection))
            return *refused;
    if (route.ordered)
        if (auto refused = read_order(call, selection))
            return *refused;
    for (const auto& [name, path] : route.query) {
        const std::string wanted = query_text(call, name);
        if (wanted.empty())
            continue;
        selection.describe(wanted);
        selection.expect_text(path, wanted);
        selection.require([path = path, wanted](const Object& object) {
            return text_at(object.data, path) == wanted;
        });
    }
    if (route.search.empty())
        return selection;
    if (auto refused = read_sort(call, selection))
        return *refused;
    if (auto refused = read_search(call, world, selection))
        return *refused;
    selection.describe(json::write(call.body));
    return selection;
}

} // namespace trueup::sandbox
