// The half of KindCheck that looks at what changes objects, and at what is looked for in them.

#include "api/kinds/schema.hpp"
#include "api/kinds/swagger_kind.hpp"

namespace trueup::kinds {

void KindCheck::check_create()
{
    if (!kind_.create)
        return;
    const CreateCall& create = *kind_.create;
    for (const Operation& step : create.then)
        operation(step);
    const Value* described = operation(create.call);
    if (described == nullptr)
        return;
    if (!create.uid.is_root()) {
        const Schema answer = swagger_.answer(*described);
        if (swagger_.find(answer, create.uid) == nullptr)
            fields_.finding("create uid",
                            "\"" + create.uid.text() + "\" is not in the answer to " +
                                create.call.route());
    }
    created_ = swagger_.body(*described);
    if (created_ == nullptr)
        fields_.finding("create", "the document has no body for " + create.call.route());
    else if (!create.call.body)
        for (const Field& field : kind_.schema.fields)
            if (!field.server_set)
                fields_.written(
                    field, Path{}.child(field.name), created_, "create", Missing::allow);
}

void KindCheck::check_facet(const Facet& facet)
{
    for (const Operation& step : facet.then)
        operation(step);
    const Value* described = operation(facet.call);
    if (described == nullptr || facet.shape == BodyShape::body_template ||
        facet.shape == BodyShape::json_patch)
        return;
    const std::string& name = facet.call.name;
    const Schema body = swagger_.body(*described);
    if (body == nullptr) {
        fields_.finding(name, "the document has no body for " + facet.call.route());
        return;
    }
    for (const Path& path : facet.fields) {
        const Field* field = find_field(kind_.schema, path);
        if (field == nullptr)
            continue;
        const bool bare = facet.shape == BodyShape::bare;
        const Value placed = bare ? swagger_.graft(nullptr, path, body) : Value();
        fields_.written(*field, path, bare ? &placed : body, name, Missing::report);
    }
}

void KindCheck::check_children(const ChildSet& set)
{
    const Field* field = find_field(kind_.schema, set.field);
    for (const Operation* call : {&set.add, &set.change, &set.remove}) {
        const Value* described = operation(*call);
        if (described == nullptr || field == nullptr)
            continue;
        const Schema entries = swagger_.find(swagger_.body(*described), set.body);
        if (swagger_.items(entries) == nullptr)
            fields_.finding(call->name,
                            "\"" + set.body.text() + "\" is no list in the body of " +
                                call->route());
        else {
            const Value body = swagger_.graft(nullptr, set.field, entries);
            fields_.written(*field, set.field, &body, call->name, Missing::report);
        }
    }
}

void KindCheck::check_readiness(const Readiness& readiness)
{
    if (readiness.start)
        operation(*readiness.start);
    if (!readiness.call) {
        if (has_object_)
            expect(&object_, readiness.state, "readiness state", "what is read");
        return;
    }
    if (const Value* described = operation(*readiness.call))
        expect(swagger_.answer(*described),
               readiness.state,
               "readiness state",
               "the answer to " + readiness.call->route());
}

// What is looked for in every object, however it was read.
void KindCheck::check_places()
{
    const Schema object = has_object_ ? &object_ : item_;
    if (kind_.mark) {
        expect(created_, kind_.mark->map, "mark", "the body of create");
        expect(object, kind_.mark->map, "mark", "what is read");
    }
    if (kind_.builtin)
        expect(object, kind_.builtin->path, "builtin", "what is read");
    if (kind_.item_scope)
        expect(object, *kind_.item_scope, "itemScope", "what is read");
    if (kind_.absent.state)
        expect(object, kind_.absent.state->path, "absent", "what is read");
}

} // namespace trueup::kinds
