#include "reconciler/daemon/convergence.hpp"

#include "reconciler/plan/readiness.hpp"
#include "state/model/json.hpp"

#include <algorithm>

namespace trueup {

namespace {

std::string digest_of(const std::optional<Value>& value)
{
    return value ? sha256_hex(json::write(*value, json::Secrets::hash)) : std::string("removed");
}

// Whether this action makes the whole object anew.
bool makes_anew(const Action& action)
{
    return (action.verb == Verb::create && action.reason == Reason::missing) ||
           action.verb == Verb::replace;
}

bool is_exhausted(const FieldWrites& writes, const RunConfig& config)
{
    return writes.count >= (writes.kept ? config.writes_kept_max : config.writes_unkept_max);
}

std::string sentence(const Stuck& stuck, const std::vector<std::string>& fields)
{
    std::string text;
    for (const std::string& field : fields)
        text += (text.empty() ? "" : ", ") + field;
    if (stuck.reason == "not_converging")
        return text + ": the API does not keep what is written; make the manifest say what it "
                      "keeps, or add the field to lifecycle.ignoreChanges";
    if (text.empty())
        return "somebody else keeps deleting it";
    return text + ": somebody else keeps changing it back; agree on one owner, or add the field to "
                  "lifecycle.ignoreChanges";
}

} // namespace

std::optional<Stuck>
leave_stuck_fields(Action& action, const ResourceWrites& writes, const RunConfig& config)
{
    Stuck stuck;
    if (makes_anew(action)) {
        const auto it = writes.find("");
        if (it == writes.end() || it->second.digest != action.manifest_digest ||
            !is_exhausted(it->second, config))
            return std::nullopt;
        stuck.reason = "second_writer";
        stuck.fields.emplace_back();
        action.verb = Verb::blocked;
        action.message = sentence(stuck, {});
        return stuck;
    }
    if (action.verb != Verb::update)
        return std::nullopt;
    stuck.reason = "second_writer";
    std::vector<FieldChange> rest;
    for (const FieldChange& change : action.changes) {
        const auto it = writes.find(change.path);
        if (it == writes.end() || it->second.digest != digest_of(change.after) ||
            !is_exhausted(it->second, config)) {
            rest.push_back(change);
            continue;
        }
        if (!it->second.kept)
            stuck.reason = "not_converging";
        stuck.fields.push_back(change.path);
    }
    if (stuck.fields.empty())
        return std::nullopt;
    action.message = sentence(stuck, stuck.fields);
    for (const std::string& field : stuck.fields)
        if (auto path = Path::parse(field))
            action.lifecycle.ignore_changes.push_back(std::move(*path));
    // Nothing is left to write; it is waited for all the same, and what depends on it waits.
    const bool waits = action.kind->readiness && action.last && !action.last->waiting.empty();
    const bool starts = waits && action.observed && is_to_be_started(*action.kind, *action.last);
    if ((rest.empty() && !starts) || !action.observed) {
        action.verb = waits ? Verb::waiting : Verb::blocked;
        return stuck;
    }
    action.changes = std::move(rest);
    const Value* last = action.last ? &*action.last->last_applied : nullptr;
    action.pin = make_pin(*action.kind,
                          action.uid,
                          &*action.observed,
                          action.desired,
                          last,
                          action.lifecycle.ignore_changes);
    return stuck;
}

void note_writes(const Action& action,
                 const std::vector<std::string>& not_kept,
                 WallTime now,
                 ResourceWrites& writes)
{
    const auto note = [&](const std::string& path, const std::string& digest, bool kept) {
        FieldWrites& entry = writes[path];
        entry.count = entry.digest == digest ? entry.count + 1 : 1;
        entry.digest = digest;
        entry.kept = kept;
        entry.last = now;
    };
    if (makes_anew(action))
        note("", action.manifest_digest, true);
    if (action.verb == Verb::create || action.verb == Verb::replace) {
        // The create call and the one that completed it: both wrote the field.
        for (const std::string& path : not_kept) {
            const auto parsed = Path::parse(path);
            const Value* value = parsed ? find(action.desired, *parsed) : nullptr;
            const auto written = value != nullptr ? std::optional<Value>(*value) : std::nullopt;
            note(path, digest_of(written), false);
            note(path, digest_of(written), false);
        }
    }
    if (action.verb != Verb::update)
        return;
    for (const FieldChange& change : action.changes)
        note(change.path,
             digest_of(change.after),
             std::ranges::find(not_kept, change.path) == not_kept.end());
}

void forget_settled(const Plan& plan,
                    const RunConfig& config,
                    WallTime now,
                    std::map<std::string, ResourceWrites>& writes)
{
    const Duration window = config.rivalry_window();
    for (const Action& action : plan.actions) {
        const auto it = writes.find(action.address.text());
        if (it == writes.end())
            continue;
        if (action.verb == Verb::remove || action.verb == Verb::forget) {
            writes.erase(it);
            continue;
        }
        if (action.verb != Verb::no_op && action.verb != Verb::update &&
            action.verb != Verb::waiting)
            continue;
        std::erase_if(it->second, [&](const auto& entry) {
            const auto& [path, field] = entry;
            const bool differs =
                std::ranges::find(action.changes, path, &FieldChange::path) != action.changes.end();
            return !differs && (!field.kept || now - field.last > window);
        });
        if (it->second.empty())
            writes.erase(it);
    }
}

} // namespace trueup
