#include "reconciler/plan/diff.hpp"
#include "reconciler/plan/fields.hpp"
#include "reconciler/plan/normalise.hpp"
#include "state/model/json.hpp"

#include <algorithm>

namespace trueup {

namespace {

// What is hashed of an observed object: the part that a declared value speaks of.
class Projection {
public:
    explicit Projection(const std::vector<Path>& ignored) : ignored_(ignored) {}

    Value of(const Field& field, const Value& shape, const Value* observed, const Path& at) const
    {
        if (observed == nullptr || std::ranges::find(ignored_, at) != ignored_.end())
            return {};
        if (shape.if_map() != nullptr && observed->if_map() != nullptr)
            return map(field, *shape.if_map(), *observed->if_map(), at);
        if (shape.if_list() != nullptr && observed->if_list() != nullptr && !field.element.empty())
            return list(field, *shape.if_list(), *observed, at);
        return normalised(field, *observed);
    }

private:
    Value map(const Field& field, const Map& wanted, const Map& found, const Path& at) const
    {
        Map result;
        for (const auto& [name, value] : wanted) {
            const Field& node = member_field(field, name);
            if (!is_unreadable(node, &value, nullptr) && !node.create_only && !node.server_set)
                result.append(name, of(node, value, found.find(name), below(at, name)));
        }
        // Entries of others count where there must be none.
        const bool all_ours = field.type == FieldType::map && (!field.partial || wanted.empty());
        for (const auto& [name, value] : found) {
            const Field& node = member_field(field, name);
            if (all_ours && !wanted.contains(name) && !is_unreadable(node, &value, nullptr))
                result.set(name, normalised(node, value));
        }
        return result;
    }

    // Where nothing is ignored nobody asks for the way.
    Path below(const Path& at, const std::string& name) const
    {
        return ignored_.empty() ? Path() : at.child(name);
    }

    Value list(const Field& field, const List& wanted, const Value& found, const Path& at) const
    {
        const Field& element = field.element.front();
        List result;
        if (field.order == ListOrder::keyed) {
            for (const Value& like : wanted)
                result.push_back(of(element, like, element_with_key(field, &found, like), at));
            if (!field.partial || wanted.empty())
                append_others(field, wanted, found, result);
            return result;
        }
        // Which element is which cannot be told: of each, all that any of ours speaks of.
        const Value like = union_of(wanted);
        for (const Value& each : *found.if_list())
            result.push_back(of(element, like, &each, at));
        if (field.order == ListOrder::unordered)
            std::ranges::sort(result, {}, [](const Value& each) { return json::write(each); });
        return result;
    }

    // The keys of elements that are not declared, in order.
    static void
    append_others(const Field& field, const List& wanted, const Value& found, List& result)
    {
        const Value declared{wanted};
        std::vector<std::string> others;
        for (const Value& each : *found.if_list())
            if (element_with_key(field, &declared, each) == nullptr)
                others.push_back(element_step(field, each, 0));
        std::ranges::sort(others);
        for (std::string& other : others)
            result.emplace_back(std::move(other));
    }

    static Value union_of(const List& values)
    {
        Value all;
        for (const Value& value : values) {
            if (value.if_map() == nullptr)
                continue;
            if (all.if_map() == nullptr)
                all = Map{};
            for (const auto& [name, member] : *value.if_map())
                if (!all.if_map()->contains(name))
                    all.if_map()->set(name, member);
        }
        return all;
    }

    const std::vector<Path>& ignored_;
};

} // namespace

std::string make_pin(const Kind& kind,
                     const std::string& uid,
                     const Value* observed,
                     const Value& desired,
                     const Value* last_applied,
                     const std::vector<Path>& ignored)
{
    if (observed == nullptr)
        return sha256_hex("absent");
    const Projection part(ignored);
    const std::string declared = json::write(part.of(kind.schema, desired, observed, Path()));
    std::string text = uid + "\n" + declared;
    if (last_applied == &desired)
        text += "\n" + declared;
    else if (last_applied != nullptr)
        text += "\n" + json::write(part.of(kind.schema, *last_applied, observed, Path()));
    return sha256_hex(text);
}

} // namespace trueup
