// From what is declared to the calls that make it so.

#include "api/rest/codec.hpp"
#include "api/rest/overlay.hpp"
#include "api/rest/template.hpp"

#include <algorithm>

namespace trueup {

namespace {

const Field* field_at(const Field& schema, const Path& path)
{
    const Field* at = &schema;
    for (const std::string& name : path.names()) {
        at = at->find(name);
        if (at == nullptr)
            return nullptr;
    }
    return at;
}

bool has_aliases(const Field& field)
{
    if (!field.read_from.empty())
        return true;
    return std::ranges::any_of(field.fields, has_aliases) ||
           std::ranges::any_of(field.element, has_aliases);
}

// True when the path text `changed` is `path` or lies below it.
bool lies_within(const std::string& changed, const Path& path)
{
    const std::string prefix = path.text();
    if (prefix.empty())
        return true;
    return changed.starts_with(prefix) && (changed.size() == prefix.size() ||
                                           changed[prefix.size()] == '.' ||
                                           changed[prefix.size()] == '[');
}

void put_mark(const Kind& kind, Value& body, const Mark& mark)
{
    if (!kind.mark)
        return;
    put(body, kind.mark->map.child(kind.mark->owner_key), mark.owner);
    put(body, kind.mark->map.child(kind.mark->address_key), mark.address);
}

void drop_nulls(Value& value)
{
    if (Map* map = value.if_map()) {
        std::vector<std::string> nulls;
        for (auto& [name, member] : *map) {
            if (member.is_null())
                nulls.push_back(name);
            else
                drop_nulls(member);
        }
        for (const std::string& name : nulls)
            map->erase(name);
    }
    if (List* list = value.if_list())
        for (Value& item : *list)
            drop_nulls(item);
}

WriteCall make_call(const Operation& operation, const Scope& scope, const std::string& uid)
{
    WriteCall call;
    call.operation = &operation;
    call.scope = scope;
    call.uid = uid;
    return call;
}

void set_body(WriteCall& call, Value body)
{
    call.body = std::move(body);
    call.has_body = true;
}

// ---- updates --------------------------------------------------------------------------------------

class Updater {
public:
    Updater(const Kind& kind, const Scope& scope, const Observed& observed, const Value& desired,
            const std::vector<std::string>& changed, const Mark& mark)
        : kind_(kind), scope_(scope), observed_(observed), desired_(desired), changed_(changed),
          mark_(mark)
    {
    }

    Result<std::vector<WriteCall>> run()
    {
        merge();
        std::vector<const Operation*> steps;
        for (const Facet& facet : kind_.facets) {
            if (!touches(facet))
                continue;
            if (auto made = write(facet); !made)
                return made.error();
            for (const Operation& step : facet.then) {
                const bool known = std::ranges::any_of(steps, [&](const Operation* other) {
                    return other->route() == step.route();
                });
                if (!known)
                    steps.push_back(&step);
            }
        }
        // A publish follows all that it publishes, once.
        for (const Operation* step : steps) {
            WriteCall call = make_call(*step, scope_, observed_.uid);
            if (step->body)
                if (auto body = fill_fields(*step->body, body_))
                    set_body(call, std::move(*body));
            calls_.push_back(std::move(call));
        }
        for (const ChildSet& set : kind_.children)
            if (auto made = write(set); !made)
                return made.error();
        if (calls_.empty() && !changed_.empty())
            return Error{Errc::invalid_input,
                         "kind " + kind_.name + " has no call that changes " + changed_.front()};
        return std::move(calls_);
    }

private:
    // The object as it shall be: what was read, with what is declared over it.
    void merge()
    {
        if (has_aliases(kind_.schema) || observed_.raw.if_map() == nullptr ||
            !kind_.read.into.is_root()) {
            body_ = observed_.value;
        } else {
            Map known;
            for (const Field& field : kind_.schema.fields)
                if (const Value* value = observed_.raw.if_map()->find(field.name))
                    known.append(field.name, *value);
            body_ = std::move(known);
        }
        strip(kind_, body_);
        overlay(kind_.schema, body_, desired_);
        for (const std::string& path : changed_) {
            const std::vector<Step> steps = parse_steps(path);
            const Value* wanted = find_at(desired_, steps);
            if (wanted == nullptr || wanted->is_null())
                erase_at(body_, steps);
        }
        put_mark(kind_, body_, mark_);
        strip_create_only(kind_.schema, body_);
    }

    static void strip_create_only(const Field& field, Value& value)
    {
        Map* map = value.if_map();
        if (map == nullptr)
            return;
        for (const Field& member : field.fields) {
            if (member.create_only)
                map->erase(member.name);
            else if (Value* inner = map->find(member.name))
                strip_create_only(member, *inner);
        }
    }

    bool is_childs(const std::string& path) const
    {
        return std::ranges::any_of(
            kind_.children, [&](const ChildSet& set) { return lies_within(path, set.field); });
    }

    bool touches(const Facet& facet) const
    {
        return std::ranges::any_of(changed_, [&](const std::string& path) {
            return !is_childs(path) &&
                   std::ranges::any_of(facet.fields,
                                       [&](const Path& field) { return lies_within(path, field); });
        });
    }

    // The part of the object that the facet writes.
    Value part(const Facet& facet) const
    {
        Value result = Map{};
        for (const Path& path : facet.fields)
            if (const Value* value = find(body_, path))
                put(result, path, *value);
        for (const ChildSet& set : kind_.children)
            erase(result, set.field);
        return result;
    }

    Result<void> write(const Facet& facet)
    {
        const Value whole = part(facet);
        // A template may send fields beyond the facet's own: their masks count too.
        const Value& sent = facet.shape == BodyShape::body_template ? body_ : whole;
        if (sends_unchanged(facet.shape))
            if (auto fine = check_sent(facet, sent); !fine)
                return fine;
        WriteCall call = make_call(facet.call, scope_, observed_.uid);
        switch (facet.shape) {
        case BodyShape::whole:
            set_body(call, whole);
            break;
        case BodyShape::bare: {
            const Value* content = find(whole, facet.fields.front());
            set_body(call, content != nullptr ? *content : Value(Map{}));
            break;
        }
        case BodyShape::partial:
        case BodyShape::merge_patch:
            set_body(call, changes_of(facet));
            break;
        case BodyShape::json_patch:
            set_body(call, json_patch_of(facet));
            break;
        case BodyShape::body_template:
            if (facet.call.body) {
                auto body = fill_fields(*facet.call.body, body_);
                set_body(call, body ? std::move(*body) : Value(Map{}));
            }
            break;
        }
        calls_.push_back(std::move(call));
        return {};
    }

    static bool sends_unchanged(BodyShape shape)
    {
        return shape == BodyShape::whole || shape == BodyShape::bare ||
               shape == BodyShape::body_template;
    }

    Result<void> check_sent(const Facet& facet, const Value& sent) const
    {
        if (facet.shape != BodyShape::body_template || !facet.call.body)
            return check_masks(kind_.schema, sent, "");
        // Only what the template names is sent.
        Value named = Map{};
        collect_named(*facet.call.body, sent, named);
        return check_masks(kind_.schema, named, "");
    }

    static void collect_named(const Value& body, const Value& source, Value& named)
    {
        const Map* map = body.if_map();
        if (map == nullptr)
            return;
        for (const auto& [name, member] : *map) {
            if (name == "$field" && member.if_string() != nullptr) {
                const auto path = Path::parse(*member.if_string());
                const Value* value = path ? find(source, *path) : nullptr;
                if (value != nullptr)
                    put(named, *path, *value);
            } else {
                collect_named(member, source, named);
            }
        }
    }

    std::vector<std::vector<Step>> changed_steps(const Facet& facet) const
    {
        std::vector<std::vector<Step>> all;
        for (const std::string& path : changed_) {
            if (is_childs(path) || std::ranges::none_of(facet.fields, [&](const Path& field) {
                    return lies_within(path, field);
                }))
                continue;
            std::vector<Step> steps = parse_steps(path);
            // Lists are sent whole: neither form can name an element safely.
            const auto element = std::ranges::find(steps, true, &Step::element);
            steps.erase(element, steps.end());
            all.push_back(std::move(steps));
        }
        return all;
    }

    static Path path_of(const std::vector<Step>& steps)
    {
        std::vector<std::string> names;
        for (const Step& step : steps)
            names.push_back(step.name);
        return Path{std::move(names)};
    }

    Value changes_of(const Facet& facet) const
    {
        Value result = Map{};
        for (const auto& steps : changed_steps(facet)) {
            const Value* value = find_at(body_, steps);
            if (value != nullptr)
                put(result, path_of(steps), *value);
            else if (facet.shape == BodyShape::merge_patch)
                put(result, path_of(steps), Value());
        }
        return result;
    }

    Value json_patch_of(const Facet& facet) const
    {
        List operations;
        for (const auto& steps : changed_steps(facet)) {
            std::string pointer;
            for (const Step& step : steps) {
                pointer += '/';
                for (const char c : step.name)
                    pointer += c == '~' ? std::string("~0")
                               : c == '/' ? std::string("~1")
                                          : std::string(1, c);
            }
            const Value* value = find_at(body_, steps);
            const bool was_there = find_at(observed_.value, steps) != nullptr;
            Map operation;
            operation.set("op", value == nullptr ? "remove" : was_there ? "replace" : "add");
            operation.set("path", pointer);
            if (value != nullptr)
                operation.set("value", *value);
            Value entry = std::move(operation);
            if (std::ranges::find(operations, entry) == operations.end())
                operations.push_back(std::move(entry));
        }
        return operations;
    }

    // ---- children ---------------------------------------------------------------------------------

    Result<void> write(const ChildSet& set)
    {
        const Field* field = field_at(kind_.schema, set.field);
        if (field == nullptr)
            return Error{Errc::internal, "kind " + kind_.name + " has no field " + set.field.text()};
        List added;
        List changed;
        List removed;
        std::vector<std::string> seen;
        for (const std::string& path : changed_) {
            if (!lies_within(path, set.field))
                continue;
            std::vector<Step> steps = parse_steps(path);
            if (steps.size() <= set.field.names().size())
                continue;
            steps.resize(set.field.names().size() + 1);
            const Step& entry = steps.back();
            const std::string key = entry.element ? entry.key : entry.name;
            if (std::ranges::find(seen, key) != seen.end())
                continue;
            seen.push_back(key);
            const Value* wanted = find_at(desired_, steps);
            const Value* existing = find_at(observed_.value, steps);
            if (wanted == nullptr || wanted->is_null()) {
                if (existing != nullptr)
                    removed.push_back(*existing);
            } else if (existing == nullptr) {
                added.push_back(*wanted);
            } else {
                Value merged = *existing;
                overlay(field->element.front(), merged, *wanted);
                changed.push_back(std::move(merged));
            }
        }
        batch(set, set.add, std::move(added));
        batch(set, set.change, std::move(changed));
        batch(set, set.remove, std::move(removed));
        return {};
    }

    void batch(const ChildSet& set, const Operation& operation, List entries)
    {
        if (entries.empty() || operation.empty())
            return;
        WriteCall call = make_call(operation, scope_, observed_.uid);
        Value body;
        put(body, set.body, std::move(entries));
        set_body(call, std::move(body));
        calls_.push_back(std::move(call));
    }

    const Kind& kind_;
    const Scope& scope_;
    const Observed& observed_;
    const Value& desired_;
    const std::vector<std::string>& changed_;
    const Mark& mark_;
    Value body_;
    std::vector<WriteCall> calls_;
};

} // namespace

Result<WriteCall>
encode_create(const Kind& kind, const Scope& scope, const Value& desired, const Mark& mark)
{
    if (!kind.create)
        return Error{Errc::invalid_input, "kind " + kind.name + " cannot be created"};
    Value body = desired;
    drop_nulls(body);
    for (const Path& path : kind.server_set)
        erase(body, path);
    for (const ChildSet& set : kind.children)
        erase(body, set.field);
    put_mark(kind, body, mark);
    if (auto fine = check_masks(kind.schema, body, ""); !fine)
        return fine.error();
    const Operation& operation = kind.create->call;
    std::string uid;
    if (kind.create->client_uid)
        if (const Value* chosen = find(body, *kind.create->client_uid))
            uid = chosen->string_or_empty();
    WriteCall call = make_call(operation, scope, uid);
    if (operation.body) {
        auto filled = fill_fields(*operation.body, body);
        set_body(call, filled ? std::move(*filled) : Value(Map{}));
    } else {
        set_body(call, std::move(body));
    }
    return call;
}

Result<std::vector<WriteCall>> encode_steps(const Kind& kind,
                                            const Scope& scope,
                                            const std::string& uid,
                                            const std::vector<Operation>& steps,
                                            const Value& desired)
{
    std::vector<WriteCall> calls;
    for (const Operation& step : steps) {
        WriteCall call = make_call(step, scope, uid);
        if (step.body) {
            auto body = fill_fields(*step.body, desired);
            if (!body)
                continue;
            if (auto fine = check_masks(kind.schema, *body, ""); !fine)
                return fine.error();
            set_body(call, std::move(*body));
        }
        calls.push_back(std::move(call));
    }
    return calls;
}

Result<std::vector<WriteCall>> encode_update(const Kind& kind,
                                             const Scope& scope,
                                             const Observed& observed,
                                             const Value& desired,
                                             const std::vector<std::string>& changed,
                                             const Mark& mark)
{
    return Updater(kind, scope, observed, desired, changed, mark).run();
}

Result<std::vector<WriteCall>> encode_delete(const Kind& kind,
                                             const Scope& scope,
                                             const std::string& uid,
                                             const Value& last_applied)
{
    std::vector<WriteCall> calls;
    switch (kind.when_deleted) {
    case WhenDeleted::leave:
        break;
    case WhenDeleted::remove: {
        if (!kind.remove)
            return Error{Errc::invalid_input, "kind " + kind.name + " cannot be deleted"};
        WriteCall call = make_call(*kind.remove, scope, uid);
        if (kind.remove->body)
            set_body(call, *kind.remove->body);
        calls.push_back(std::move(call));
        break;
    }
    case WhenDeleted::reset:
        for (const Facet& facet : kind.facets) {
            Value body = Map{};
            for (const Path& path : facet.fields)
                if (const Value* value = find(*kind.reset_to, path))
                    put(body, path, *value);
            WriteCall call = make_call(facet.call, scope, uid);
            const Value* bare = facet.shape == BodyShape::bare ? find(body, facet.fields.front())
                                                               : nullptr;
            set_body(call, bare != nullptr ? *bare : body);
            calls.push_back(std::move(call));
        }
        break;
    case WhenDeleted::entries:
        for (const ChildSet& set : kind.children) {
            const Value* entries = find(last_applied, set.field);
            if (entries == nullptr || entries->if_list() == nullptr || entries->if_list()->empty())
                continue;
            WriteCall call = make_call(set.remove, scope, uid);
            Value body;
            put(body, set.body, *entries);
            set_body(call, std::move(body));
            calls.push_back(std::move(call));
        }
        break;
    }
    return calls;
}

} // namespace trueup
