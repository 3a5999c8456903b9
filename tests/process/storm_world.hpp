// What the kill storm declares: a small organisation that is edited from round to round, at random
// from a seed, in every way that leads to a create, an update, a replace or a delete.
//
// It keeps within what the guards allow, so nobody ever has to be asked.

#pragma once

#include "state/model/random.hpp"

#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::test {

// In every secret of the storm, and nowhere else.
constexpr std::string_view storm_canary = "storm-canary-5f1e";

// One declared resource. Both fields count up from 0 and choose what the manifest says.
struct StormItem {
    std::string kind;
    std::string project; // "" : the tenant
    std::string name;
    int variant = 0; // of fields that are changed in place
    int shape = 0;   // of the field that cannot be changed in place

    std::string key() const { return kind + "/" + project + "/" + name; }
};

// The value of an item's immutable field, as the create call sends it; "" : it has none.
inline std::string shape_text(const std::string& kind, int shape)
{
    if (kind == "TagFilter")
        return shape % 2 == 0 ? "and" : "or";
    if (kind == "ClusterProfile")
        return shape % 2 == 0 ? "add-on" : "infra";
    return {};
}

class StormWorld {
public:
    // `create_first`: whether replaces may create before they delete.
    StormWorld(std::uint64_t seed, bool create_first)
        : random_(make_seeded_random(seed)), create_first_(create_first)
    {
        for (int i = 0; i < 3; ++i)
            add_project();
        for (int i = 0; i < 18; ++i)
            add();
    }

    // Some edits. At most `removals_max` of them lead to a delete; returns how many do.
    std::size_t edit(std::size_t removals_max)
    {
        std::size_t removals = 0;
        const std::size_t edits = 3 + random_->below(6);
        for (std::size_t i = 0; i < edits; ++i) {
            const std::uint64_t choice = random_->below(10);
            if (choice < 3 && items_.size() < items_max)
                add();
            else if (choice == 3 && items_.size() < items_max)
                add_project();
            else if (choice < 7)
                ++pick().variant;
            else
                removals += remove_or_replace(removals_max - removals);
        }
        return removals;
    }

    const StormItem* find(const std::string& key) const
    {
        const auto it = items_.find(key);
        return it != items_.end() ? &it->second : nullptr;
    }
    std::size_t size() const { return items_.size(); }

    // By file name.
    std::map<std::string, std::string> manifests() const
    {
        std::map<std::string, std::string> files;
        for (const auto& [key, item] : items_)
            files[item.kind + ".yaml"] += manifest(item);
        return files;
    }

private:
    static constexpr std::size_t items_max = 40;

    void put(const std::string& kind, const std::string& project)
    {
        StormItem item;
        item.kind = kind;
        item.project = project;
        item.name = "n" + std::to_string(made_++);
        item.variant = static_cast<int>(random_->below(100));
        item.shape = static_cast<int>(random_->below(2));
        items_.emplace(item.key(), item);
    }
    void add()
    {
        static const std::string kinds[] = {
            "Role", "TagFilter", "CloudAccountAws", "ClusterProfile"};
        put(kinds[random_->below(std::size(kinds))], "");
    }
    void add_project()
    {
        put("Project", "");
        const std::string project = "n" + std::to_string(made_ - 1);
        put("ClusterProfile", project);
        put("CloudAccountAws", project);
    }
    StormItem& pick()
    {
        auto it = items_.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(random_->below(items_.size())));
        return it->second;
    }
    // How many deletes it leads to.
    std::size_t remove_or_replace(std::size_t deletes_max)
    {
        StormItem& item = pick();
        const std::size_t deletes = item.kind == "Project" ? 3 : 1;
        if (deletes > deletes_max || items_.size() < 12)
            return 0;
        const bool replaceable =
            item.kind == "ClusterProfile" || (item.kind == "TagFilter" && create_first_);
        if (replaceable && random_->below(2) == 0) {
            ++item.shape;
            return 1;
        }
        const StormItem gone = item;
        std::erase_if(items_, [&](const auto& entry) {
            return entry.first == gone.key() ||
                   (gone.kind == "Project" && entry.second.project == gone.name);
        });
        return deletes;
    }

    static std::string manifest(const StormItem& item)
    {
        const std::string number = std::to_string(item.variant);
        std::string text = "---\napiVersion: palette/v1\nkind: " + item.kind +
                           "\nmetadata:\n  name: " + item.name + "\n  labels: {variant: \"" +
                           number + "\"}\n";
        if (!item.project.empty())
            text += "  project: " + item.project + "\n";
        const std::string shape = shape_text(item.kind, item.shape);
        if (item.kind == "Role")
            text += "spec: {scope: project, type: user, permissions: [cluster.get, p" + number +
                    ".get]}\n";
        else if (item.kind == "TagFilter")
            text += "spec:\n  filterGroup:\n    conjunction: " + shape + "\n    filters: [{key: k" +
                    number +
                    ", negation: false, operator: eq, values: [a, b]}]\n"
                    "lifecycle: {replace: createFirst}\n";
        else if (item.kind == "CloudAccountAws")
            text += "spec:\n  credentialType: secret\n  accessKey: AKIA" + number +
                    "\n  secretKey: {$secret: {env: STORM_SECRET}}\n";
        else if (item.kind == "ClusterProfile")
            text += "spec:\n  version: 1.0.0\n  template:\n    type: " + shape +
                    "\n    packs:\n      - {name: p, layer: addon, type: manifest, tag: 1.0." +
                    number + ", uid: pack-p, values: \"v: " + number +
                    "\"}\nlifecycle: {replace: deleteFirst}\n";
        return text;
    }

    std::unique_ptr<Random> random_;
    bool create_first_;
    std::map<std::string, StormItem> items_;
    std::size_t made_ = 0;
};

// TagFilter with a field that cannot be changed in place: an API that does not refuse duplicate
// names, and a replace that creates before it deletes.
constexpr std::string_view storm_kinds = R"yaml(
kind: TagFilter
scope: tenant
scopeHeader: false
key: metadata.name
schema:
  metadata: Metadata
  spec:
    required: true
    fields:
      filterGroup:
        fields:
          conjunction: {type: string, enum: [and, or], immutable: true}
          filters:
            type: list
            of:
              fields:
                key: string
                negation: boolean
                operator: {type: string, enum: [eq]}
                values: {type: set, of: string}
list:
  call: GET /v1/filters
  only: {path: spec.filterType, is: tag}
  indexOnly: true
  covers: metadata
read: GET /v1/filters/tag/{uid}
create: POST /v1/filters/tag
facets:
  - {name: whole, fields: [metadata, spec], call: "PUT /v1/filters/tag/{uid}"}
delete: DELETE /v1/filters/tag/{uid}
)yaml";

} // namespace trueup::test
