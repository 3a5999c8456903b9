// The three inputs of a plan, put together a resource at a time.

#pragma once

#include "reconciler/plan/plan.hpp"
#include "tests/support/kinds.hpp"
#include "tests/support/values.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace trueup::test {

inline Address address(std::string_view text)
{
    auto parsed = Address::parse(text);
    REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
    return *parsed;
}

inline void
collect_references(const Value& value, const std::string& at, std::vector<Reference>& all)
{
    if (const Map* map = value.if_map())
        for (const auto& [name, member] : *map)
            collect_references(member, at.empty() ? name : at + "." + name, all);
    if (const List* list = value.if_list())
        for (const Value& item : *list)
            collect_references(item, at, all);
    if (const Unknown* unknown = value.if_unknown(); unknown != nullptr && !unknown->lookup)
        all.emplace_back(address(unknown->target), at, value.place());
}

// "create Widget/tenant/a (not_found)"
inline std::string line_of(const Action& action)
{
    return std::string(name_of(action.verb)) + " " + action.address.text() + " (" +
           std::string(name_of(action.reason)) + ")";
}

inline std::vector<std::string> lines_of(const Plan& plan)
{
    std::vector<std::string> lines;
    for (const Action& action : plan.actions)
        lines.push_back(line_of(action));
    return lines;
}

// Fields of a resource, as a Value or as YAML.
struct Body {
    Body() : value(Map{}) {}
    Body(Value v) : value(std::move(v)) {}
    Body(Map map) : value(std::move(map)) {}
    Body(const char* text) : value(tree(text)) {}

    Value value;
};

class Scene {
public:
    Scene() { options.owner_id = "me"; }

    Catalogue catalogue = shop_catalogue();
    ManifestSet manifests;
    std::vector<Record> records;
    std::vector<Intent> intents;
    Observations seen;
    PlanOptions options;

    // A manifest, with metadata.name from its address where the kind has one.
    Manifest& declare(std::string_view text, Body body = {})
    {
        Manifest manifest;
        manifest.address = address(text);
        manifest.kind = catalogue.find(manifest.address.kind());
        REQUIRE_MESSAGE(manifest.kind != nullptr, std::string(text));
        manifest.body = named(manifest.address, std::move(body.value));
        manifest.file = "shop.yaml";
        manifest.place = Place{1, 1};
        collect_references(manifest.body, "", manifest.references);
        manifest.digest = sha256_hex(json::write(manifest.body));
        manifests.digest = sha256_hex(manifests.digest + manifest.digest);
        manifests.manifests.push_back(std::move(manifest));
        return manifests.manifests.back();
    }
    // Declares `value` at `at` of a manifest that is there already.
    static void redeclare(Manifest& manifest, std::string_view at, Value value)
    {
        manifest.body = with(*manifest.body, at, std::move(value));
    }
    // Makes the last manifest depend on `target` without a field.
    void depend(Manifest& manifest, std::string_view target)
    {
        manifest.references.emplace_back(address(target), "lifecycle.dependsOn", Place{2, 1});
    }

    Record& remember(std::string_view text, std::string uid, Body last = {})
    {
        const Address where = address(text);
        Record record;
        record.address = where.text();
        record.kind = where.kind();
        record.uid = std::move(uid);
        record.last_applied = named(where, std::move(last.value));
        if (where.project())
            record.scope_uid = scope_uid(where);
        records.push_back(std::move(record));
        return records.back();
    }

    // An object with the key of the address that nothing remembers.
    Seen& exists(std::string_view text, std::string uid, Body body = {})
    {
        Sighting& sighting = seen.sightings[std::string(text)];
        sighting.by_key.push_back(object(text, std::move(uid), std::move(body)));
        return sighting.by_key.back();
    }
    // An object that we remember; `last` was applied and `now` is what is there.
    Seen& owned(std::string_view text, std::string uid, Body last, Body now)
    {
        remember(text, uid, std::move(last));
        Sighting& sighting = seen.sightings[std::string(text)];
        sighting.uid_checked = true;
        sighting.by_uid = object(text, std::move(uid), std::move(now));
        sighting.by_uid->mark = ours(text);
        return *sighting.by_uid;
    }
    Seen& owned(std::string_view text, std::string uid, const Body& both = {})
    {
        return owned(text, std::move(uid), both, both);
    }

    // Something that we remember and that is gone.
    Record& lost(std::string_view text, std::string uid, Body last = {})
    {
        seen.sightings[std::string(text)].uid_checked = true;
        return remember(text, std::move(uid), std::move(last));
    }

    void project(const std::string& name, std::string uid)
    {
        seen.scopes["Box/tenant/" + name] = std::move(uid);
    }
    std::string scope_uid(const Address& inside) const
    {
        const Kind* kind = catalogue.find(inside.kind());
        const auto it = seen.scopes.find(
            kind != nullptr ? scope_address(*kind, *inside.project()).text() : std::string());
        return it != seen.scopes.end() ? it->second : std::string();
    }

    // Something of ours that nothing declares or remembers.
    void orphan(std::string_view text, std::string uid, Body body = {})
    {
        const Address where = address(text);
        Scope scope;
        if (where.project())
            scope = Scope(*where.project(), scope_uid(where));
        seen.orphans.emplace_back(where, scope, object(text, std::move(uid), std::move(body)));
        seen.orphans.back().object.mark = ours(text);
    }

    static Mark ours(std::string_view text) { return {"me", address_mark(address(text))}; }

    Result<Plan> try_plan() const
    {
        return make_plan(catalogue, manifests, records, intents, seen, options);
    }
    // Points into the scene, which must outlive it.
    Plan plan() const
    {
        auto made = try_plan();
        REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().text()));
        return std::move(*made);
    }
    // The action on one address.
    Action action(std::string_view text) const
    {
        const Plan made = plan();
        const Action* found = made.find(address(text));
        REQUIRE_MESSAGE(found != nullptr, std::string(text));
        return *found;
    }

private:
    Value named(const Address& where, Value body) const
    {
        const Kind* kind = catalogue.find(where.kind());
        if (kind == nullptr || kind->is_singleton() || find(body, path("metadata.name")) != nullptr)
            return body;
        put(body, path("metadata.name"), *percent_decode(where.name()));
        return body;
    }

    Observed object(std::string_view text, std::string uid, Body body) const
    {
        Observed made;
        made.uid = std::move(uid);
        made.value = named(address(text), std::move(body.value));
        return made;
    }
};

} // namespace trueup::test
