#include "reconciler/plan/render.hpp"

#include <algorithm>

namespace trueup {

namespace {

Value number(std::size_t n)
{
    return static_cast<std::int64_t>(n);
}

// The verbs as Terraform spells them.
List terraform_actions(const Action& action)
{
    switch (action.verb) {
    case Verb::create:
        return {Value("create")};
    case Verb::update:
        return {Value("update")};
    case Verb::replace:
        if (action.lifecycle.replace == Replacement::create_first)
            return {Value("create"), Value("delete")};
        return {Value("delete"), Value("create")};
    case Verb::remove:
        return {Value("delete")};
    default:
        return {Value("no-op")};
    }
}

// What may be shown: secrets and masks out, unknown values out.
Value shown(const Value& value)
{
    if (const Map* map = value.if_map()) {
        Map result;
        for (const auto& [name, member] : *map)
            if (!member.is_unknown())
                result.append(name, shown(member));
        return result;
    }
    if (const List* list = value.if_list()) {
        List result;
        for (const Value& item : *list)
            result.push_back(item.is_unknown() ? Value() : shown(item));
        return result;
    }
    if (value.is_secret())
        return "(sensitive)";
    return value;
}

// The shape of `value` with true where `wanted` holds and nothing elsewhere; null when nothing
// does.
template <class Wanted>
Value marks(const Value& value, const Wanted& wanted)
{
    if (wanted(value))
        return true;
    if (const Map* map = value.if_map()) {
        Map result;
        for (const auto& [name, member] : *map)
            if (Value inner = marks(member, wanted); !inner.is_null())
                result.append(name, std::move(inner));
        return result.empty() ? Value() : Value(std::move(result));
    }
    if (const List* list = value.if_list()) {
        List result;
        bool any = false;
        for (const Value& item : *list) {
            Value inner = marks(item, wanted);
            any = any || !inner.is_null();
            result.push_back(inner.is_null() ? Value(false) : std::move(inner));
        }
        return any ? Value(std::move(result)) : Value();
    }
    return {};
}

Value or_empty(Value value)
{
    return value.is_null() ? Value(Map{}) : value;
}

// Hides the fields of an observed object that the kind calls sensitive: a mask tells its length.
void hide_sensitive(const Field& field, Value& value)
{
    if (field.sensitive && !value.is_null()) {
        value = "(sensitive)";
        return;
    }
    if (Map* map = value.if_map())
        for (auto& [name, member] : *map) {
            if (const Field* node = field.find(name))
                hide_sensitive(*node, member);
            else if (field.type == FieldType::map && !field.element.empty())
                hide_sensitive(field.element.front(), member);
        }
    if (List* list = value.if_list(); list != nullptr && !field.element.empty())
        for (Value& item : *list)
            hide_sensitive(field.element.front(), item);
}

bool has_sensitive(const Field& field)
{
    if (field.sensitive)
        return true;
    for (const Field& member : field.fields)
        if (has_sensitive(member))
            return true;
    return !field.element.empty() && has_sensitive(field.element.front());
}

Value change_entry(const Action& action, const FieldChange& change)
{
    Map entry;
    entry.set("path", change.path);
    entry.set("op", std::string(name_of(change.op)));
    entry.set("cause", std::string(name_of(change.cause)));
    if (change.needs_replace)
        entry.set("forces_replace", true);
    if (change.sensitive) {
        entry.set("sensitive", true);
    } else {
        if (change.before)
            entry.set("before", shown(*change.before));
        if (change.after && change.after->is_unknown())
            entry.set("after_unknown", change.after->if_unknown()->text());
        else if (change.after)
            entry.set("after", shown(*change.after));
    }
    if (change.origin.line != 0) {
        Map origin;
        origin.set("file", action.file);
        origin.set("line", static_cast<std::int64_t>(change.origin.line));
        origin.set("column", static_cast<std::int64_t>(change.origin.column));
        entry.set("origin", List{Value(std::move(origin))});
    }
    return entry;
}

Value terraform_change(const Action& action)
{
    Map change;
    change.set("actions", terraform_actions(action));
    Value before;
    if (action.observed) {
        before = *action.observed;
        hide_sensitive(action.kind->schema, before);
    }
    const bool goes = action.verb == Verb::remove;
    const bool known = action.verb != Verb::no_op && action.verb != Verb::adopt && !goes;
    const auto is_secret = [](const Value& value) { return value.is_secret(); };
    const auto is_hidden = [](const Value& value) {
        return value.if_string() != nullptr && *value.if_string() == "(sensitive)";
    };
    const auto is_unknown = [](const Value& value) { return value.is_unknown(); };
    change.set("before_sensitive",
               has_sensitive(action.kind->schema) ? or_empty(marks(before, is_hidden))
                                                  : Value(Map{}));
    change.set("before", shown(before));
    change.set("after", goes ? Value() : shown(action.desired));
    change.set("after_sensitive", or_empty(marks(action.desired, is_secret)));
    change.set("after_unknown", known ? or_empty(marks(action.desired, is_unknown)) : Value(Map{}));
    return change;
}

Value resource_change(const Action& action)
{
    Map entry;
    entry.set("address", action.address.text());
    entry.set("mode", "managed");
    entry.set("type", action.address.kind());
    entry.set("name", action.address.name());
    entry.set("change", terraform_change(action));
    Map own;
    own.set("verb", std::string(name_of(action.verb)));
    own.set("reason", std::string(name_of(action.reason)));
    if (!action.message.empty())
        own.set("message", action.message);
    own.set("scope", action.address.scope_text());
    if (!action.uid.empty())
        own.set("uid", action.uid);
    if (!action.pin.empty())
        own.set("pin", action.pin);
    if (!action.manifest_digest.empty())
        own.set("manifest", action.manifest_digest);
    if (action.place.line != 0)
        own.set("origin", action.file + ":" + std::to_string(action.place.line));
    List changes;
    for (const FieldChange& change : action.changes)
        changes.push_back(change_entry(action, change));
    own.set("changes", std::move(changes));
    List unverified;
    for (const std::string& path : action.unverified)
        unverified.emplace_back(path);
    own.set("unverified", std::move(unverified));
    List before;
    for (const std::string& address : action.depends_on)
        before.emplace_back(address);
    own.set("depends_on", std::move(before));
    entry.set("trueup", std::move(own));
    return entry;
}

Value own_part(const Plan& plan)
{
    Map own;
    own.set("digest", plan.digest);
    own.set("manifests", plan.manifests_digest);
    List prunable;
    for (const Action& action : plan.prunable)
        prunable.emplace_back(action.address.text());
    own.set("prunable", std::move(prunable));
    List warnings;
    for (const std::string& warning : plan.warnings)
        warnings.emplace_back(warning);
    own.set("warnings", std::move(warnings));
    return own;
}

Value summary_part(const PlanCounts& counts, std::size_t api_requests)
{
    Map summary;
    summary.set("create", number(counts.create));
    summary.set("update", number(counts.update));
    summary.set("replace", number(counts.replace));
    summary.set("delete", number(counts.remove));
    summary.set("adopt", number(counts.adopt));
    summary.set("forget", number(counts.forget));
    summary.set("no_op", number(counts.no_op));
    summary.set("waiting", number(counts.waiting));
    summary.set("blocked", number(counts.blocked));
    summary.set("unmanaged", number(counts.unmanaged));
    summary.set("api_requests", number(api_requests));
    return summary;
}

// The document without the changes, which are most of it.
Map frame_of(const Plan& plan, std::size_t api_requests)
{
    Map document;
    document.set("format_version", "1.2");
    document.set("resource_changes", List{});
    document.set("summary", summary_part(plan.counts, api_requests));
    document.set("trueup", own_part(plan));
    return document;
}

// `text` with each line but the first moved to the right. No string of JSON holds a line end.
std::string indented(std::string_view text, std::string_view by)
{
    std::string moved;
    moved.reserve(text.size() * 2);
    for (std::size_t start = 0; start < text.size();) {
        const std::size_t end = std::min(text.find('\n', start), text.size() - 1) + 1;
        moved += start == 0 ? std::string_view() : by;
        moved += text.substr(start, end - start);
        start = end;
    }
    return moved;
}

} // namespace

Value plan_document(const Plan& plan, std::size_t api_requests)
{
    Map document = frame_of(plan, api_requests);
    List changes;
    changes.reserve(plan.actions.size());
    for (const Action& action : plan.actions)
        changes.push_back(resource_change(action));
    document.set("resource_changes", std::move(changes));
    return document;
}

void write_plan_document(const Plan& plan,
                         std::size_t api_requests,
                         const std::function<void(std::string_view)>& sink)
{
    static constexpr std::string_view empty_list = "\"resource_changes\": []";
    const std::string frame = json::write_pretty(frame_of(plan, api_requests)) + "\n";
    const std::size_t split = frame.find(empty_list) + empty_list.size() - 1;
    sink(std::string_view(frame).substr(0, split));
    for (const Action& action : plan.actions) {
        sink(&action == plan.actions.data() ? "\n    " : ",\n    ");
        sink(indented(json::write_pretty(resource_change(action)), "    "));
    }
    if (!plan.actions.empty())
        sink("\n  ");
    sink(std::string_view(frame).substr(split));
}

} // namespace trueup
