#include "manifests/lifecycle.hpp"

#include <algorithm>

namespace trueup::manifests {

namespace {

const std::vector<std::string>& names()
{
    static const std::vector<std::string> all{
        "preventDestroy", "ignoreChanges", "adopt", "replace", "deletionPolicy", "dependsOn"};
    return all;
}

// The part of `path` that the schema does not have, or nothing. Below maps, lists and open objects
// anything may be named.
struct Stray {
    std::string name;
    std::vector<std::string> known;
};

std::optional<Stray> stray_of(const Field& schema, const Path& path)
{
    const Field* at = &schema;
    for (const std::string& name : path.names()) {
        if (at->type != FieldType::object)
            return std::nullopt;
        const Field* next = at->find(name);
        if (next == nullptr && at->open)
            return std::nullopt;
        if (next == nullptr) {
            Stray stray{name, {}};
            for (const Field& field : at->fields)
                stray.known.push_back(field.name);
            return stray;
        }
        at = next;
    }
    return std::nullopt;
}

} // namespace

Lifecycle LifecycleReader::read(const Value& section, std::vector<Reference>& references)
{
    Lifecycle lifecycle;
    const Step at(Step{}, "lifecycle");
    if (section.is_null())
        return lifecycle;
    const Map* entries = section.if_map();
    if (entries == nullptr) {
        complaints_.error(Step{}, section.place(), "lifecycle: expected a map, " + found(section));
        return lifecycle;
    }
    for (const auto& [name, value] : *entries)
        entry(name, value, lifecycle, references);
    return lifecycle;
}

template <class T>
std::optional<T> LifecycleReader::word(const Value& value,
                                       const Step& at,
                                       const std::vector<std::pair<std::string, T>>& words)
{
    const auto text = reader_.text_of(value, at);
    if (!text)
        return std::nullopt;
    std::vector<std::string> known;
    for (const auto& [name, meaning] : words) {
        if (name == *text)
            return meaning;
        known.push_back(name);
    }
    complaints_.error(
        at, value.place(), "the value is not one of those allowed", did_you_mean(*text, known));
    return std::nullopt;
}

void LifecycleReader::entry(const std::string& name,
                            const Value& value,
                            Lifecycle& lifecycle,
                            std::vector<Reference>& references)
{
    const Step document;
    const Step section(document, "lifecycle");
    const Step at(section, name);
    if (name == "preventDestroy") {
        if (value.if_bool() == nullptr)
            complaints_.error(at, value.place(), "expected true or false");
        else
            lifecycle.prevent_destroy = *value.if_bool();
    } else if (name == "ignoreChanges") {
        ignore_changes(value, at, lifecycle);
    } else if (name == "adopt") {
        lifecycle.adopt = word<Adoption>(value,
                                         at,
                                         {{"ifEqual", Adoption::if_equal},
                                          {"never", Adoption::never},
                                          {"takeOver", Adoption::take_over}});
    } else if (name == "replace") {
        lifecycle.replace = word<Replacement>(value,
                                              at,
                                              {{"deleteFirst", Replacement::delete_first},
                                               {"createFirst", Replacement::create_first}})
                                .value_or(Replacement::forbidden);
    } else if (name == "deletionPolicy") {
        lifecycle.deletion = word<DeletionPolicy>(value,
                                                  at,
                                                  {{"delete", DeletionPolicy::remove},
                                                   {"abandon", DeletionPolicy::abandon}})
                                 .value_or(DeletionPolicy::remove);
    } else if (name == "dependsOn") {
        depends_on(value, at, references);
    } else {
        complaints_.error(at, value.place(), "unknown field", did_you_mean(name, names()));
    }
}

const List* LifecycleReader::list_of(const Value& value, const Step& at, const std::string& what)
{
    const List* list = value.if_list();
    if (list == nullptr)
        complaints_.error(
            at, value.place(), "expected a list, " + found(value), "write it as a list of " + what);
    return list;
}

void LifecycleReader::ignore_changes(const Value& value, const Step& at, Lifecycle& lifecycle)
{
    const List* paths = list_of(value, at, "paths, such as [spec.size]");
    if (paths == nullptr)
        return;
    for (std::size_t i = 0; i < paths->size(); ++i) {
        const Value& element = (*paths)[i];
        const Step step(at, i);
        const auto text = reader_.text_of(element, step);
        if (!text)
            continue;
        auto path = Path::parse(*text);
        if (!path || path->is_root()) {
            complaints_.error(step,
                              element.place(),
                              path ? "names the whole resource" : path.error().message,
                              "write the path of a field, such as spec.size");
            continue;
        }
        if (const auto stray = stray_of(kind_.schema, *path)) {
            complaints_.error(step,
                              element.place(),
                              "a " + kind_.name + " has no field " + *text,
                              did_you_mean(stray->name, stray->known));
            continue;
        }
        lifecycle.ignore_changes.push_back(std::move(*path));
    }
}

void LifecycleReader::depends_on(const Value& value,
                                 const Step& at,
                                 std::vector<Reference>& references)
{
    const List* targets = list_of(value, at, "addresses, such as [Project/tenant/team-a]");
    if (targets == nullptr)
        return;
    for (std::size_t i = 0; i < targets->size(); ++i) {
        const Value& element = (*targets)[i];
        const Step step(at, i);
        const auto text = reader_.text_of(element, step);
        if (!text)
            continue;
        auto address = read_address(*text, surroundings_.catalogue);
        if (!address)
            complaints_.error(
                step, element.place(), address.error().message, address.error().advice);
        else
            references.emplace_back(std::move(*address), at.text(), element.place());
    }
}

} // namespace trueup::manifests
