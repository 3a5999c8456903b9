#include "api/sandbox/rules.hpp"

namespace trueup::sandbox {

namespace {

// `Any` is Value or const Value.
template <class Any>
void collect(Any& at, std::span<const Path> steps, std::vector<Any*>& found)
{
    Any* inner = find(at, steps.front());
    if (inner == nullptr)
        return;
    if (steps.size() == 1) {
        found.push_back(inner);
        return;
    }
    auto* list = inner->if_list();
    if (list == nullptr)
        return;
    for (Any& element : *list)
        collect(element, steps.subspan(1), found);
}

} // namespace

Result<ListPath> ListPath::parse(std::string_view text)
{
    constexpr std::string_view mark = "[]";
    ListPath path;
    while (true) {
        const std::size_t end = text.find(mark);
        auto step = Path::parse(text.substr(0, end));
        if (!step)
            return step.error();
        path.steps_.push_back(std::move(*step));
        if (end == std::string_view::npos)
            return path;
        text.remove_prefix(end + mark.size());
        if (text.starts_with('.'))
            text.remove_prefix(1);
    }
}

std::vector<Value*> ListPath::in(Value& root) const
{
    std::vector<Value*> found;
    collect<Value>(root, steps_, found);
    return found;
}

std::vector<const Value*> ListPath::in(const Value& root) const
{
    std::vector<const Value*> found;
    collect<const Value>(root, steps_, found);
    return found;
}

} // namespace trueup::sandbox
