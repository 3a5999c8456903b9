#include "api/sandbox/search.hpp"

#include <algorithm>
#include <charconv>

namespace trueup::sandbox {

namespace {

using TextTest = std::function<bool(const std::string&)>;

std::string member_text(const Map& map, std::string_view name)
{
    const Value* value = map.find(name);
    return value != nullptr ? value->string_or_empty() : std::string();
}

bool ignores_case(const Map& filter)
{
    const Value* flag = filter.find("ignoreCase");
    return flag == nullptr || *flag == Value(true); // v1FilterString: true by default
}

// v1FilterString: every condition that is given must hold.
std::optional<TextTest> string_test(const Value& written)
{
    const Map* filter = written.if_map();
    if (filter == nullptr)
        return std::nullopt;
    for (const char* name : {"eq", "ne", "contains", "beginsWith"})
        if (filter->contains(name) && filter->find(name)->if_string() == nullptr)
            return std::nullopt;
    return [filter = *filter, fold = ignores_case(*filter)](const std::string& original) {
        const std::string text = fold ? lower(original) : original;
        const auto wanted = [&](const char* name) -> std::optional<std::string> {
            if (!filter.contains(name))
                return std::nullopt;
            return fold ? lower(member_text(filter, name)) : member_text(filter, name);
        };
        const auto eq = wanted("eq");
        const auto ne = wanted("ne");
        const auto contains = wanted("contains");
        const auto begins = wanted("beginsWith");
        return (!eq || text == *eq) && (!ne || text != *ne) &&
               (!contains || text.find(*contains) != std::string::npos) &&
               (!begins || text.starts_with(*begins));
    };
}

// "1.10.0" comes after "1.9.0".
int compare_versions(const std::string& a, const std::string& b)
{
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() || j < b.size()) {
        std::uint64_t x = 0;
        std::uint64_t y = 0;
        const auto read_x = std::from_chars(a.data() + i, a.data() + a.size(), x);
        const auto read_y = std::from_chars(b.data() + j, b.data() + b.size(), y);
        if (x != y)
            return x < y ? -1 : 1;
        i = static_cast<std::size_t>(read_x.ptr - a.data()) + 1;
        j = static_cast<std::size_t>(read_y.ptr - b.data()) + 1;
    }
    return 0;
}

// v1FilterVersionString
std::optional<TextTest> version_test(const Value& written)
{
    const Map* filter = written.if_map();
    if (filter == nullptr)
        return std::nullopt;
    return [filter = *filter](const std::string& text) {
        const auto holds = [&](const char* name, const auto& test) {
            return !filter.contains(name) || test(member_text(filter, name));
        };
        return holds("eq", [&](const auto& wanted) { return text == wanted; }) &&
               holds("ne", [&](const auto& wanted) { return text != wanted; }) &&
               holds("gt",
                     [&](const auto& wanted) { return compare_versions(text, wanted) > 0; }) &&
               holds("lt",
                     [&](const auto& wanted) { return compare_versions(text, wanted) < 0; }) &&
               holds("beginsWith", [&](const auto& wanted) { return text.starts_with(wanted); });
    };
}

// A list of allowed texts; an empty one allows all.
std::optional<TextTest> one_of_test(const Value& written)
{
    const List* allowed = written.if_list();
    if (allowed == nullptr)
        return std::nullopt;
    return [allowed = *allowed](const std::string& text) {
        return allowed.empty() || std::ranges::find(allowed, Value(text)) != allowed.end();
    };
}

// kinds.md a.8: the label k=v is the tag "k:v", the label k=spectro__tag the tag "k".
std::vector<std::string> tags_of(const Map& labels)
{
    std::vector<std::string> tags;
    for (const auto& [name, value] : labels) {
        const std::string& text = value.string_or_empty();
        tags.push_back(text == "spectro__tag" ? name : name + ":" + text);
    }
    return tags;
}

bool any_tag(const std::vector<std::string>& tags, const Map& filter, const char* name, bool prefix)
{
    const Value* wanted = filter.find(name);
    if (wanted == nullptr || wanted->if_list() == nullptr)
        return false;
    const bool fold = ignores_case(filter);
    for (const Value& each : *wanted->if_list()) {
        const std::string text = fold ? lower(each.string_or_empty()) : each.string_or_empty();
        for (const std::string& original : tags) {
            const std::string tag = fold ? lower(original) : original;
            if (prefix ? tag.starts_with(text) : tag == text)
                return true;
        }
    }
    return false;
}

// v1FilterArray over an object's tags.
bool match_tags(const Map& labels, const Map& filter)
{
    const std::vector<std::string> tags = tags_of(labels);
    return (!filter.contains("eq") || any_tag(tags, filter, "eq", false)) &&
           (!filter.contains("ne") || !any_tag(tags, filter, "ne", false)) &&
           (!filter.contains("beginsWith") || any_tag(tags, filter, "beginsWith", true));
}

std::optional<TextTest> text_test(Criterion::By by, const Value& written)
{
    switch (by) {
    case Criterion::By::string:
        return string_test(written);
    case Criterion::By::version:
        return version_test(written);
    case Criterion::By::one_of:
        return one_of_test(written);
    case Criterion::By::equals:
        if (written.if_string() == nullptr)
            return std::nullopt;
        return [wanted = *written.if_string()](const std::string& text) { return text == wanted; };
    case Criterion::By::tags:
        break;
    }
    return std::nullopt;
}

std::optional<Value> evaluate_on(const Criterion& criterion, const Object& object, World& world)
{
    Surroundings around;
    around.object = &object.data;
    around.world = &world;
    return evaluate(criterion.in, around);
}

} // namespace

std::optional<Answer> read_search(const Call& call, World& world, Selection& selection)
{
    const Value* filter = find(call.body, Path({"filter"}));
    if (filter == nullptr)
        return std::nullopt;
    if (filter->if_map() == nullptr)
        return bad_field("filter", "must be an object");
    for (const Criterion& criterion : call.route->search) {
        const Value* written = filter->if_map()->find(criterion.name);
        if (written == nullptr)
            continue;
        if (criterion.by == Criterion::By::tags && written->if_map() != nullptr) {
            selection.require([&criterion, &world, wanted = *written->if_map()](
                                  const Object& object) {
                const auto labels = evaluate_on(criterion, object, world);
                return match_tags(labels && labels->if_map() ? *labels->if_map() : Map{}, wanted);
            });
            continue;
        }
        auto test = text_test(criterion.by, *written);
        if (!test)
            return bad_field("filter." + criterion.name, "cannot be read");
        const Value* eq = find(*written, Path({"eq"}));
        if (criterion.by == Criterion::By::string && eq != nullptr &&
            criterion.in.op == Expression::Op::path)
            selection.expect_text(criterion.in.path, eq->string_or_empty());
        selection.require([&criterion, &world, test = std::move(*test)](const Object& object) {
            const auto value = evaluate_on(criterion, object, world);
            return test(value ? value->string_or_empty() : std::string());
        });
    }
    return std::nullopt;
}

} // namespace trueup::sandbox
