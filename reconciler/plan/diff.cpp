#include "reconciler/plan/diff.hpp"

#include "reconciler/plan/fields.hpp"
#include "reconciler/plan/normalise.hpp"
#include "state/model/mutation.hpp"
#include "state/model/shared_value.hpp"

#include <algorithm>

namespace trueup {

std::string_view name_of(Cause cause)
{
    switch (cause) {
    case Cause::declared:
        return "declared";
    case Cause::drifted:
        return "drifted";
    case Cause::both:
        return "both";
    case Cause::fresh:
        return "new";
    }
    return "new";
}

std::string_view name_of(ChangeOp op)
{
    switch (op) {
    case ChangeOp::add:
        return "add";
    case ChangeOp::change:
        return "change";
    case ChangeOp::remove:
        return "remove";
    }
    return "change";
}

namespace {

const Value* member(const Value* value, std::string_view name)
{
    const Map* map = value != nullptr ? value->if_map() : nullptr;
    return map != nullptr ? map->find(name) : nullptr;
}

// Compares one resource. Paths are only built for what differs.
class Comparison {
public:
    Comparison(const std::vector<Path>& ignored, bool exists, bool remembered)
        : exists_(exists), remembered_(remembered)
    {
        for (const Path& path : ignored)
            ignored_.push_back(path.text());
    }

    // The entry that the server keeps in a map of ours: nobody can take it out.
    void spare(const Path& path) { spared_ = path.text(); }

    void object(const Field& field, const Value& desired, const Value* observed, const Value* last)
    {
        const Map* declared = desired.if_map();
        if (declared == nullptr)
            return;
        for (const auto& [name, value] : *declared) {
            const Field& node = member_field(field, name);
            steps_.push_back(step_text(name));
            compare(node, &value, member(observed, name), member(last, name));
            steps_.pop_back();
        }
        const Map* before = last != nullptr ? last->if_map() : nullptr;
        if (before == nullptr)
            return;
        for (const auto& [name, value] : *before) {
            if (declared->contains(name))
                continue;
            steps_.push_back(step_text(name));
            gone(member_field(field, name), member(observed, name), value);
            steps_.pop_back();
        }
    }

    Diff take() { return std::move(diff_); }

private:
    // A field that was last applied and is no longer declared.
    void gone(const Field& field, const Value* observed, const Value& last)
    {
        immutable_ += field.immutable ? 1U : 0U;
        gone_inside(field, observed, last);
        immutable_ -= field.immutable ? 1U : 0U;
    }

    void gone_inside(const Field& field, const Value* observed, const Value& last)
    {
        if (field.create_only || field.server_set || last.is_null() || is_ignored())
            return;
        if (is_unreadable(field, nullptr, &last)) {
            add(field, ChangeOp::remove, &last, nullptr, Cause::declared);
            return;
        }
        if (observed == nullptr || observed->is_null() || same(field, observed, nullptr))
            return;
        // Inside maps and objects that others share, only what we wrote goes.
        if (last.if_map() != nullptr && observed->if_map() != nullptr) {
            for (const auto& [name, value] : *last.if_map()) {
                steps_.push_back(step_text(name));
                gone(member_field(field, name), member(observed, name), value);
                steps_.pop_back();
            }
            return;
        }
        if (field.partial && field.order == ListOrder::keyed && last.if_list() != nullptr) {
            removed_elements(field, List{}, observed, &last, Foreign::keep);
            return;
        }
        add(field,
            ChangeOp::remove,
            observed,
            nullptr,
            same(field, observed, &last) ? Cause::declared : Cause::both);
    }

    void compare(const Field& field, const Value* desired, const Value* observed, const Value* last)
    {
        immutable_ += field.immutable ? 1U : 0U;
        compare_inside(field, desired, observed, last);
        immutable_ -= field.immutable ? 1U : 0U;
    }

    void compare_inside(const Field& field,
                        const Value* desired,
                        const Value* observed,
                        const Value* last)
    {
        if (field.create_only && exists_)
            return;
        if (field.server_set || is_ignored())
            return;
        if (desired->is_null()) {
            reset(field, observed, last);
            return;
        }
        if (!desired->if_map() && !desired->if_list() && is_unreadable(field, desired, last)) {
            unreadable(field, *desired, last);
            return;
        }
        if (field.write_only) {
            unreadable(field, *desired, last);
            return;
        }
        if (desired->is_unknown()) {
            add(field,
                observed == nullptr ? ChangeOp::add : ChangeOp::change,
                observed,
                desired,
                cause(field, desired, observed, last));
            return;
        }
        if (desired->if_map() != nullptr)
            map(field, *desired, observed, last);
        else if (desired->if_list() != nullptr)
            list(field, *desired, observed, last);
        else if (!(exists_ && same(field, desired, observed)))
            scalar(field, desired, observed, last);
    }

    void scalar(const Field& field, const Value* desired, const Value* observed, const Value* last)
    {
        const bool absent = observed == nullptr || observed->is_null();
        add(field,
            absent ? ChangeOp::add : ChangeOp::change,
            absent ? nullptr : observed,
            desired,
            cause(field, desired, observed, last));
    }

    void reset(const Field& field, const Value* observed, const Value* last)
    {
        if (is_unreadable(field, nullptr, last)) {
            if (last != nullptr && !last->is_null())
                add(field, ChangeOp::remove, last, nullptr, Cause::declared);
            return;
        }
        if (is_at_default(field, observed, last))
            return;
        // Where others have entries too, null takes back what we wrote; only empty means that there
        // must be nothing.
        if (field.partial) {
            if (last != nullptr)
                gone_inside(field, observed, *last);
            return;
        }
        const Value null;
        add(field, ChangeOp::remove, observed, nullptr, cause(field, &null, observed, last));
    }

    // True when nothing in it is other than what the server takes without it: many answer an object
    // that was never given with all its members. What cannot be read is, unless we wrote it.
    static bool is_at_default(const Field& field, const Value* observed, const Value* last)
    {
        if (field.create_only || field.server_set)
            return true;
        const bool is_servers = field.default_value && field.default_value->is_null();
        if (is_unreadable(field, nullptr, last) || is_servers)
            return last == nullptr || last->is_null();
        const Map* found = observed != nullptr ? observed->if_map() : nullptr;
        if (field.type != FieldType::object || field.default_value || found == nullptr)
            return same(field, observed, nullptr);
        const Map* written = last != nullptr ? last->if_map() : nullptr;
        const auto is_default = [&](const std::string& name) {
            return is_at_default(member_field(field, name), found->find(name), member(last, name));
        };
        const auto all_are = [&](const Map& members) {
            return std::ranges::all_of(
                members, [&](const Map::Entry& entry) { return is_default(entry.first); });
        };
        return all_are(*found) && (written == nullptr || all_are(*written));
    }

    // A field that cannot be read back is compared with what was last applied, by hash if it is
    // secret.
    void unreadable(const Field& field, const Value& desired, const Value* last)
    {
        if (!exists_) {
            add(field, ChangeOp::add, nullptr, &desired, cause(field, &desired, nullptr, last));
            return;
        }
        if (desired.is_unknown()) {
            add(field, ChangeOp::change, last, &desired, Cause::declared);
            return;
        }
        const bool comparable =
            last != nullptr && !last->is_null() && has_hashes(desired) && has_hashes(*last);
        if (!comparable) {
            // A field that joins the manifest of an object whose past is known is a change; a past
            // that was lost never is.
            if (remembered_ && last == nullptr)
                add(field, ChangeOp::add, nullptr, &desired, Cause::declared);
            else
                diff_.unverified.push_back(path());
            return;
        }
        if (!same(field, &desired, last))
            add(field, ChangeOp::change, last, &desired, Cause::declared);
    }

    void map(const Field& field, const Value& desired, const Value* observed, const Value* last)
    {
        const bool exists_as_map = observed != nullptr && observed->if_map() != nullptr;
        const Map& declared = *desired.if_map();
        if (!declared.empty() || field.type == FieldType::object)
            object(field, desired, exists_as_map ? observed : nullptr, last);
        if (field.type == FieldType::object || !exists_as_map)
            return;
        // Empty means "must be empty"; a map that is all ours has no other entries either.
        if (field.partial && !declared.empty())
            return;
        for (const auto& [name, value] : *observed->if_map()) {
            const Value* before = member(last, name);
            const bool was_ours = before != nullptr && !before->is_null();
            // object() has taken out what was ours.
            if (declared.contains(name) || (was_ours && !declared.empty()))
                continue;
            steps_.push_back(step_text(name));
            if (!is_ignored() && path() != spared_)
                add(member_field(field, name),
                    ChangeOp::remove,
                    &value,
                    nullptr,
                    was_ours ? Cause::declared : foreign_cause());
            steps_.pop_back();
        }
    }

    Cause foreign_cause() const { return remembered_ ? Cause::drifted : Cause::fresh; }

    void list(const Field& field, const Value& desired, const Value* observed, const Value* last)
    {
        const List* found = observed != nullptr ? observed->if_list() : nullptr;
        if (field.order == ListOrder::keyed && !field.element.empty()) {
            keyed(field, *desired.if_list(), observed, last);
            return;
        }
        if (exists_ && found != nullptr && matches(field, *desired.if_list(), *found))
            return;
        if (exists_ && (found == nullptr || found->empty()) && same(field, &desired, observed))
            return;
        scalar(field, &desired, observed, last);
    }

    // Lists without keys: declared members only, each element of one for one of the other.
    bool matches(const Field& field, const List& desired, const List& observed) const
    {
        if (desired.size() != observed.size())
            return false;
        const Field any;
        const Field& element = field.element.empty() ? any : field.element.front();
        if (field.order == ListOrder::ordered) {
            for (std::size_t i = 0; i < desired.size(); ++i)
                if (!covers(element, desired[i], observed[i]))
                    return false;
            return true;
        }
        std::vector<bool> used(observed.size(), false);
        for (const Value& wanted : desired) {
            bool matched = false;
            for (std::size_t i = 0; i < observed.size() && !matched; ++i) {
                matched = !used[i] && covers(element, wanted, observed[i]);
                if (matched)
                    used[i] = true;
            }
            if (!matched)
                return false;
        }
        return true;
    }

    bool covers(const Field& element, const Value& desired, const Value& observed) const
    {
        if (desired == observed)
            return true;
        if (desired.if_map() == nullptr)
            return !desired.is_unknown() && same(element, &desired, &observed);
        Comparison inner({}, true, false);
        inner.object(element, desired, &observed, nullptr);
        return inner.diff_.changes.empty();
    }

    void keyed(const Field& field, const List& desired, const Value* observed, const Value* last)
    {
        const Field& element = field.element.front();
        for (std::size_t i = 0; i < desired.size(); ++i) {
            const Value* found = element_with_key(field, observed, desired[i]);
            const Value* before = element_with_key(field, last, desired[i]);
            steps_.push_back(element_step(field, desired[i], i));
            if (!is_ignored()) {
                if (found == nullptr)
                    add(element,
                        ChangeOp::add,
                        nullptr,
                        &desired[i],
                        cause(element, &desired[i], nullptr, before));
                else
                    object(element, desired[i], found, before);
            }
            steps_.pop_back();
        }
        // Empty means "must be empty", whoever filled it.
        removed_elements(field,
                         desired,
                         observed,
                         last,
                         field.partial && !desired.empty() ? Foreign::keep : Foreign::remove);
    }

    // What to do with elements that were never ours.
    enum class Foreign { keep, remove };

    void removed_elements(const Field& field,
                          const List& desired,
                          const Value* observed,
                          const Value* last,
                          Foreign foreign)
    {
        const List* found = observed != nullptr ? observed->if_list() : nullptr;
        if (found == nullptr)
            return;
        const Value declared{desired};
        for (std::size_t i = 0; i < found->size(); ++i) {
            const Value& element = (*found)[i];
            if (element_with_key(field, &declared, element) != nullptr)
                continue;
            const bool was_ours = element_with_key(field, last, element) != nullptr;
            if (!was_ours && foreign == Foreign::keep)
                continue;
            steps_.push_back(element_step(field, element, i));
            if (!is_ignored())
                add(field.element.front(),
                    ChangeOp::remove,
                    &element,
                    nullptr,
                    was_ours ? Cause::declared : foreign_cause());
            steps_.pop_back();
        }
    }

    Cause
    cause(const Field& field, const Value* desired, const Value* observed, const Value* last) const
    {
        if (!remembered_)
            return Cause::fresh;
        const bool manifest_changed = !same(field, desired, last);
        const bool remote_changed = !same(field, observed, last);
        if (manifest_changed && remote_changed)
            return last == nullptr ? Cause::declared : Cause::both;
        return manifest_changed ? Cause::declared : Cause::drifted;
    }

    void add(const Field& field, ChangeOp op, const Value* before, const Value* after, Cause why)
    {
        FieldChange change;
        change.path = path();
        change.op = op;
        if (before != nullptr) {
            change.before = *before;
            conceal(field, *change.before);
        }
        if (after != nullptr) {
            change.after = *after;
            change.origin = after->place();
            conceal(field, *change.after);
        }
        change.cause = why;
        change.sensitive = field.sensitive || (after != nullptr && after->is_secret()) ||
                           (before != nullptr && before->is_secret());
        change.needs_replace = exists_ && (field.immutable || immutable_ != 0);
        diff_.changes.push_back(std::move(change));
    }

    bool is_ignored() const
    {
        if (ignored_.empty())
            return false;
        const std::string here = path();
        return std::ranges::any_of(ignored_, [&](const std::string& prefix) {
            return here.starts_with(prefix) &&
                   (here.size() == prefix.size() || here[prefix.size()] == '.' ||
                    here[prefix.size()] == '[');
        });
    }

    std::string path() const
    {
        std::string text;
        for (const std::string& step : steps_)
            text += step;
        if (!text.empty() && text.front() == '.')
            text.erase(0, 1);
        return text;
    }

    bool exists_;
    bool remembered_;
    std::size_t immutable_ = 0; // how many immutable fields we are inside of
    std::vector<std::string> ignored_;
    std::string spared_;
    std::vector<std::string> steps_;
    Diff diff_;
};

bool shows(const Field& field, const Value& observed, const Value& known)
{
    const Map* wanted = known.if_map();
    const Map* found = observed.if_map();
    if (wanted == nullptr || found == nullptr)
        return identical(observed, known);
    // An empty map says that there must be nothing.
    const bool may_hold_more =
        field.type == FieldType::object || (field.partial && !wanted->empty());
    return (may_hold_more || found->size() == wanted->size()) &&
           std::ranges::all_of(*wanted, [&](const Map::Entry& entry) {
               const Value* there = found->find(entry.first);
               return there != nullptr &&
                      shows(member_field(field, entry.first), *there, entry.second);
           });
}

} // namespace

bool shows_no_less(const Kind& kind, const Value& observed, const Value& known)
{
    return shows(kind.schema, observed, known);
}

Diff make_diff(const Kind& kind,
               const Value& desired,
               const Value* observed,
               const Value* last_applied,
               const std::vector<Path>& ignored)
{
    Comparison comparison(ignored, observed != nullptr, last_applied != nullptr);
    if (kind.item_scope)
        comparison.spare(*kind.item_scope);
    if (observed == nullptr || !mutated(Mutation::ignore_differences))
        comparison.object(kind.schema, desired, observed, last_applied);
    return comparison.take();
}

} // namespace trueup
