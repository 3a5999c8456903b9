#include "api/rest/body.hpp"
#include "api/rest/children.hpp"
#include "api/rest/codec.hpp"
#include "api/rest/encode.hpp"
#include "api/rest/merge.hpp"
#include "api/rest/shape.hpp"
#include "api/rest/withheld.hpp"

#include <algorithm>

namespace trueup {

namespace {

using rest::ChangePath;

Result<std::vector<ChangePath>> parse_changes(const std::vector<std::string>& texts)
{
    std::vector<ChangePath> changes;
    for (const std::string& text : texts) {
        auto change = rest::parse_change(text);
        if (!change)
            return change.error();
        changes.push_back(std::move(*change));
    }
    return changes;
}

bool is_by_place(const ChangePath& change)
{
    return std::ranges::any_of(change.steps, [](const ChangePath::Step& step) {
        return step.element && step.element->key.empty();
    });
}

// How well `facet` fits a change: the number of names of the field of its that holds it, or
// nothing.
std::optional<std::size_t> fit(const Facet& facet, const Path& change)
{
    std::optional<std::size_t> best;
    for (const Path& field : facet.fields)
        if (change.within(field))
            best = std::max(best.value_or(0), field.names().size());
    return best;
}

// Whether `facet` writes something of a change that stands above its fields.
bool is_below(const Facet& facet, const ChangePath& change)
{
    return change.is_plain() && std::ranges::any_of(facet.fields, [&](const Path& field) {
               return field.within(change.plain());
           });
}

// The schema nodes on the way to what `change` is about, itself the last; the rest is left out
// where the schema does not reach.
std::vector<const Field*> fields_on(const Kind& kind, const ChangePath& change)
{
    std::vector<const Field*> fields;
    const Field* at = &kind.schema;
    for (const ChangePath::Step& step : change.steps) {
        const bool into = step.element || at->type == FieldType::map;
        at = into && !at->element.empty() ? &at->element.front() : at->find(step.name);
        if (at == nullptr)
            break;
        fields.push_back(at);
    }
    return fields;
}

// A field that nothing can change in place: planners replace the object, or report it.
bool is_fixed(const Kind& kind, const ChangePath& change)
{
    const std::vector<const Field*> fields = fields_on(kind, change);
    const auto is_set_once = [](const Field* field) {
        return field->immutable || field->create_only || field->server_set;
    };
    if (std::ranges::any_of(fields, is_set_once))
        return true;
    return fields.size() == change.steps.size() &&
           std::ranges::find(kind.key, change.plain()) != kind.key.end();
}

class Update {
public:
    // `base`: what was read, in write shape.
    Update(const Kind& kind,
           const Scope& scope,
           const Observed& observed,
           const Value& desired,
           Value base)
        : kind_(kind), scope_(scope), observed_(observed), desired_(desired), base_(std::move(base))
    {
    }

    Result<std::vector<WriteCall>> run(const std::vector<std::string>& changed, const Mark& mark)
    {
        auto changes = parse_changes(changed);
        if (!changes)
            return changes.error();
        changes_ = std::move(*changes);
        parameters_ = rest::call_parameters(kind_, scope_, observed_.uid, observed_.value);
        aim(mark);
        if (auto assigned = assign(); !assigned)
            return assigned.error();
        is_assigned_ = true;
        for (const Facet& facet : kind_.facets)
            if (auto written = write_facet(facet, mark); !written)
                return written.error();
        for (const ChildSet& set : kind_.children)
            if (auto written = write_children(set); !written)
                return written.error();
        keep_last_of_equal_steps();
        return std::move(calls_);
    }

    // True when each change has a call that writes it.
    bool is_assigned() const { return is_assigned_; }

private:
    // What should be there after the update: with what others and the server wrote, and without.
    void aim(const Mark& mark)
    {
        merged_ = base_;
        rest::overlay(kind_.schema, merged_, desired_);
        for (const ChangePath& change : changes_) {
            const Value* wanted = rest::find(desired_, change);
            if (wanted == nullptr && !is_by_place(change))
                leave_at_default(change);
        }
        rest::overlay(kind_.schema, declared_, desired_);
        for (Value* target : {&merged_, &declared_}) {
            rest::strip_for_update(kind_, *target);
            for (const ChildSet& set : kind_.children)
                erase(*target, set.field);
            rest::put_mark(kind_, mark, *target);
        }
    }

    // Not every call that is not given a field takes its default: some take nothing, or the empty.
    void leave_at_default(const ChangePath& change)
    {
        const std::vector<const Field*> fields = fields_on(kind_, change);
        const std::size_t depth = change.steps.size();
        const bool is_known = depth != 0 && fields.size() == depth;
        // An entry that goes leaves nothing behind.
        const bool is_entry = is_known && depth > 1 && fields[depth - 2]->type == FieldType::map;
        const Value* standard = kind_.reset_to ? rest::find(*kind_.reset_to, change) : nullptr;
        if (standard == nullptr && is_known && !is_entry)
            standard = rest::default_of(*fields.back());
        if (standard == nullptr)
            rest::erase(merged_, change);
        else
            rest::put_member(merged_, change, *standard);
    }

    // Finds out which facets and children the changes are for. A change belongs to the facet whose
    // field fits it most closely.
    Result<void> assign()
    {
        wanted_.assign(kind_.facets.size(), {});
        for (const ChangePath& change : changes_) {
            const Path path = change.plain();
            bool taken = std::ranges::any_of(
                kind_.children, [&](const ChildSet& set) { return rest::concerns(set, change); });
            std::size_t best = 0;
            for (const Facet& facet : kind_.facets)
                best = std::max(best, fit(facet, path).value_or(0));
            const bool is_child = std::ranges::any_of(
                kind_.children, [&](const ChildSet& set) { return path.within(set.field); });
            for (std::size_t i = 0; i < kind_.facets.size() && !is_child; ++i) {
                const auto fits = fit(kind_.facets[i], path);
                if ((fits && *fits == best) || is_below(kind_.facets[i], change)) {
                    wanted_[i].push_back(change);
                    taken = true;
                }
            }
            if (!taken && !is_fixed(kind_, change))
                return Error{Errc::refused, "no call of " + kind_.name + " writes " + change.text};
        }
        return {};
    }

    Result<void> write_facet(const Facet& facet, const Mark& mark)
    {
        const auto& changes = wanted_[static_cast<std::size_t>(&facet - kind_.facets.data())];
        if (changes.empty())
            return {};
        const rest::UpdateGoal goal(kind_, base_, facet.read_modify_write ? merged_ : declared_);
        std::vector<Path> send = rest::paths_to_send(kind_, facet, changes);
        add_mark_paths(facet, mark, send);
        auto body = rest::facet_body(goal, facet, send, parameters_);
        if (!body)
            return placed(body.error(), facet.call);
        WriteCall call = call_for(facet.call);
        call.body = std::move(*body);
        call.has_body = true;
        calls_.push_back(std::move(call));
        auto steps = encode_steps(kind_, scope_, observed_.uid, facet.then, merged_);
        if (!steps)
            return steps.error();
        std::ranges::move(*steps, std::back_inserter(calls_));
        return {};
    }

    // The shapes that send changes only say the mark when it is not there yet.
    void add_mark_paths(const Facet& facet, const Mark& mark, std::vector<Path>& send) const
    {
        if (!kind_.mark || observed_.mark == mark)
            return;
        const Path& map = kind_.mark->map;
        const bool sent = std::ranges::any_of(send, [&](const Path& p) { return map.within(p); });
        if (sent || !fit(facet, map))
            return;
        if (facet.shape == BodyShape::partial) {
            send.push_back(map);
            return;
        }
        send.push_back(map.child(kind_.mark->owner_key));
        send.push_back(map.child(kind_.mark->address_key));
    }

    Result<void> write_children(const ChildSet& set)
    {
        const bool concerned = std::ranges::any_of(
            changes_, [&](const ChangePath& change) { return rest::concerns(set, change); });
        if (!concerned)
            return {};
        const rest::UpdateGoal goal(kind_, base_, merged_);
        auto calls = rest::encode_children(goal, set, desired_, changes_);
        if (!calls)
            return calls.error();
        for (WriteCall& made : *calls) {
            WriteCall call = call_for(*made.operation);
            call.body = std::move(made.body);
            call.has_body = made.has_body;
            calls_.push_back(std::move(call));
        }
        return {};
    }

    WriteCall call_for(const Operation& operation) const
    {
        return rest::call_on(operation, scope_, observed_.uid, parameters_);
    }

    static Error placed(Error error, const Operation& operation)
    {
        if (error.place.empty())
            error.place = operation.route();
        return error;
    }

    // A publish that follows several facets is sent once, after the last of them.
    void keep_last_of_equal_steps()
    {
        std::vector<WriteCall> kept;
        for (std::size_t i = 0; i < calls_.size(); ++i) {
            const auto same = [&](const WriteCall& later) {
                return is_step(*later.operation) &&
                       later.operation->route() == calls_[i].operation->route() &&
                       later.body == calls_[i].body;
            };
            const bool repeated = is_step(*calls_[i].operation) &&
                                  std::any_of(calls_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                              calls_.end(),
                                              same);
            if (!repeated)
                kept.push_back(std::move(calls_[i]));
        }
        calls_ = std::move(kept);
    }

    bool is_step(const Operation& operation) const
    {
        return std::ranges::any_of(kind_.facets, [&](const Facet& facet) {
            return std::ranges::any_of(facet.then,
                                       [&](const Operation& step) { return &step == &operation; });
        });
    }

    const Kind& kind_;
    const Scope& scope_;
    const Observed& observed_;
    const Value& desired_;
    bool is_assigned_ = false;
    std::vector<ChangePath> changes_;
    Parameters parameters_;
    Value base_;                                  // what was read, in write shape
    Value merged_;                                // the goal, with what is not managed
    Value declared_;                              // the goal, of declared fields only
    std::vector<std::vector<ChangePath>> wanted_; // the changes for each facet
    std::vector<WriteCall> calls_;
};

} // namespace

Result<std::vector<WriteCall>> encode_update(const Kind& kind,
                                             const Scope& scope,
                                             const Observed& observed,
                                             const Value& desired,
                                             const std::vector<std::string>& changed,
                                             const Mark& mark)
{
    if (observed.raw.is_null())
        return Error{Errc::internal, "an update of " + kind.name + " needs a fresh read"};
    Update update(kind, scope, observed, desired, rest::write_shape(kind.schema, observed.raw));
    return update.run(changed, mark);
}

namespace {

// With a text in the place of each secret and of what is not known yet: they will be there when it
// comes to sending them.
Value filled_in(const Value& value)
{
    if (value.is_secret() || value.is_unknown())
        return Value("known");
    if (const Map* map = value.if_map()) {
        Map filled;
        for (const auto& [name, member] : *map)
            filled.append(name, filled_in(member));
        return filled;
    }
    if (const List* list = value.if_list()) {
        List filled;
        for (const Value& item : *list)
            filled.push_back(filled_in(item));
        return filled;
    }
    return value;
}

} // namespace

std::optional<Error> find_withheld(const Kind& kind,
                                   const Value& observed,
                                   const Value& desired,
                                   const std::vector<std::string>& changed)
{
    Observed object;
    object.value = filled_in(observed);
    const Value goal = filled_in(desired);
    const Scope scope;
    Update update(kind, scope, object, goal, object.value);
    const auto calls = update.run(changed, Mark("", ""));
    if (calls || !update.is_assigned() || calls.error().code != Errc::refused)
        return std::nullopt;
    return calls.error();
}

} // namespace trueup
