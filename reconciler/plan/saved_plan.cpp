#include "reconciler/plan/saved_plan.hpp"

#include "state/model/json.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace trueup {

namespace {

constexpr std::string_view format_name = "trueup-plan/1";

bool does_something(Verb verb)
{
    return verb != Verb::no_op && verb != Verb::blocked && verb != Verb::waiting;
}

std::string digest_of_desired(const Action& action)
{
    return sha256_hex(json::write(action.desired));
}

List strings(const std::vector<std::string>& all)
{
    List list;
    for (const std::string& text : all)
        list.emplace_back(text);
    return list;
}

std::vector<std::string> texts(const Value* value)
{
    std::vector<std::string> all;
    const List* list = value != nullptr ? value->if_list() : nullptr;
    if (list != nullptr)
        for (const Value& item : *list)
            all.push_back(item.string_or_empty());
    return all;
}

std::string text_at(const Map& map, std::string_view name)
{
    const Value* value = map.find(name);
    return value != nullptr ? value->string_or_empty() : std::string();
}

bool flag_at(const Map& map, std::string_view name)
{
    const Value* value = map.find(name);
    return value != nullptr && value->if_bool() != nullptr && *value->if_bool();
}

Map content_of(const SavedPlan& plan)
{
    Map content;
    content.set("endpoint", plan.binding.endpoint);
    content.set("tenant", plan.binding.tenant_uid);
    content.set("owner", plan.binding.owner_id);
    content.set("adopt", std::string(name_of(plan.adoption)));
    content.set("prune", plan.prune);
    content.set("destroy", plan.destroy);
    if (plan.project)
        content.set("project", *plan.project);
    content.set("targets", strings(plan.targets));
    content.set("excludes", strings(plan.excludes));
    content.set("digest", plan.digest);
    content.set("created_at", plan.created_at);
    List actions;
    for (const SavedAction& action : plan.actions) {
        Map entry;
        entry.set("address", action.address);
        entry.set("verb", action.verb);
        entry.set("uid", action.uid);
        entry.set("pin", action.pin);
        entry.set("manifest", action.manifest_digest);
        entry.set("desired", action.desired_digest);
        actions.emplace_back(std::move(entry));
    }
    content.set("actions", std::move(actions));
    return content;
}

} // namespace

SavedPlan save_plan(const Plan& plan,
                    const PlanOptions& options,
                    const Binding& binding,
                    std::string created_at)
{
    SavedPlan saved;
    saved.binding = binding;
    saved.adoption = options.adoption;
    saved.prune = options.prune;
    saved.destroy = options.destroy;
    saved.project = options.project;
    for (const Address& target : options.targets)
        saved.targets.push_back(target.text());
    for (const Address& exclude : options.excludes)
        saved.excludes.push_back(exclude.text());
    saved.digest = plan.digest;
    saved.created_at = std::move(created_at);
    for (const Action& action : plan.actions) {
        if (!does_something(action.verb))
            continue;
        SavedAction entry;
        entry.address = action.address.text();
        entry.verb = name_of(action.verb);
        entry.uid = action.uid;
        entry.pin = action.pin;
        entry.manifest_digest = action.manifest_digest;
        entry.desired_digest = digest_of_desired(action);
        saved.actions.push_back(std::move(entry));
    }
    return saved;
}

std::string write_saved_plan(const SavedPlan& plan)
{
    Map document;
    Map content = content_of(plan);
    document.set("checksum", sha256_hex(json::write(content)));
    document.set("content", std::move(content));
    document.set("format", std::string(format_name));
    return json::write_pretty(document) + "\n";
}

Result<SavedPlan> read_saved_plan(std::string_view text)
{
    const Error bad{Errc::invalid_input,
                    "this is not a plan that trueup wrote, or it was changed since",
                    "",
                    "make a new one with trueup plan --out FILE"};
    auto document = json::parse(text);
    if (!document || document->if_map() == nullptr)
        return bad;
    const Map& map = *document->if_map();
    const Value* body = map.find("content");
    if (text_at(map, "format") != format_name || body == nullptr || body->if_map() == nullptr ||
        text_at(map, "checksum") != sha256_hex(json::write(*body)))
        return bad;
    const Map& content = *body->if_map();
    SavedPlan plan;
    plan.binding.endpoint = text_at(content, "endpoint");
    plan.binding.tenant_uid = text_at(content, "tenant");
    plan.binding.owner_id = text_at(content, "owner");
    if (content.contains("adopt")) {
        const auto adoption = adoption_called(text_at(content, "adopt"));
        if (!adoption)
            return bad;
        plan.adoption = *adoption;
    }
    plan.prune = flag_at(content, "prune");
    plan.destroy = flag_at(content, "destroy");
    if (content.contains("project"))
        plan.project = text_at(content, "project");
    plan.targets = texts(content.find("targets"));
    plan.excludes = texts(content.find("excludes"));
    plan.digest = text_at(content, "digest");
    plan.created_at = text_at(content, "created_at");
    const Value* actions = content.find("actions");
    if (actions == nullptr || actions->if_list() == nullptr)
        return bad;
    for (const Value& item : *actions->if_list()) {
        if (item.if_map() == nullptr)
            return bad;
        SavedAction action;
        action.address = text_at(*item.if_map(), "address");
        action.verb = text_at(*item.if_map(), "verb");
        action.uid = text_at(*item.if_map(), "uid");
        action.pin = text_at(*item.if_map(), "pin");
        action.manifest_digest = text_at(*item.if_map(), "manifest");
        action.desired_digest = text_at(*item.if_map(), "desired");
        plan.actions.push_back(std::move(action));
    }
    return plan;
}

namespace {

// Why `now` is not what was agreed, or "".
std::string disagreement(const SavedAction& saved, const Action& now)
{
    if (saved.manifest_digest != now.manifest_digest)
        return "the manifest changed since the plan";
    if (saved.uid != now.uid)
        return "another object stands in its place since the plan";
    if (saved.pin != now.pin)
        return "the object changed since the plan";
    if (saved.desired_digest != digest_of_desired(now))
        return "what it refers to changed since the plan";
    if (saved.verb != name_of(now.verb))
        return "it would now be " + std::string(name_of(now.verb)) + " and not " + saved.verb;
    return {};
}

} // namespace

Agreement agree(const SavedPlan& saved, Plan now)
{
    std::unordered_map<std::string, const SavedAction*> agreed;
    for (const SavedAction& action : saved.actions)
        agreed.emplace(action.address, &action);
    Agreement result;
    std::unordered_set<std::string> refused;
    for (Action& action : now.actions) {
        const auto it = agreed.find(action.address.text());
        if (it == agreed.end()) {
            // Not part of the agreement; what is unchanged may still be referred to.
            if (does_something(action.verb))
                refused.insert(action.address.text());
            // Nothing is done to what is not ready yet, and what depends on it waits all the same.
            if (action.verb == Verb::waiting)
                result.actions.push_back(std::move(action));
            continue;
        }
        std::string why = disagreement(*it->second, action);
        if (why.empty())
            for (const std::string& before : action.depends_on)
                if (refused.contains(before))
                    why = "it depends on " + before + ", which is not applied";
        agreed.erase(it);
        if (!why.empty()) {
            refused.insert(action.address.text());
            ++result.refused;
            action.verb = Verb::blocked;
            action.reason = Reason::dependency;
            action.message = std::move(why);
        }
        result.actions.push_back(std::move(action));
    }
    // What was agreed and is nowhere in the new plan: its manifest or object is gone.
    for (const SavedAction& action : saved.actions) {
        if (!agreed.contains(action.address))
            continue;
        Action gone;
        if (auto address = Address::parse(action.address))
            gone.address = std::move(*address);
        gone.verb = Verb::blocked;
        gone.reason = Reason::unresolved;
        gone.message = "it is no longer part of the plan";
        ++result.refused;
        result.actions.push_back(std::move(gone));
    }
    return result;
}

} // namespace trueup
