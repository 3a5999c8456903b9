// Small kinds for tests, built in C++: no catalogue file, no API of anybody.
//
//   Widget   tenant; a name, labels, a set and a few scalars; may refer to another Widget
//   Box      tenant; a scope and a container
//   Gadget   in any scope; every sort of field that a kind can have
//   Setting  a singleton of the tenant, reset when it is no longer wanted
//   Shelf    a singleton of a Box whose entries are owned one by one

#pragma once

#include "state/model/kind.hpp"

#include <string>
#include <utility>
#include <vector>

namespace trueup::test {

inline Path path(std::string_view text)
{
    return *Path::parse(text);
}

inline Field field(std::string name, FieldType type = FieldType::string)
{
    Field made;
    made.name = std::move(name);
    made.type = type;
    return made;
}

template <class Change>
Field field(std::string name, FieldType type, Change change)
{
    Field made = field(std::move(name), type);
    change(made);
    return made;
}

inline Field object(std::string name, std::vector<Field> members)
{
    Field made = field(std::move(name), FieldType::object);
    made.fields = std::move(members);
    return made;
}

inline Field map_of(std::string name, Field element)
{
    Field made = field(std::move(name), FieldType::map);
    element.name.clear();
    made.element.push_back(std::move(element));
    return made;
}

inline Field list_of(std::string name, Field element, ListOrder order = ListOrder::ordered)
{
    Field made = field(std::move(name), FieldType::list);
    element.name.clear();
    made.element.push_back(std::move(element));
    made.order = order;
    return made;
}

inline Field keyed_list(std::string name, std::string key, std::vector<Field> members)
{
    Field made = list_of(std::move(name), object("", std::move(members)), ListOrder::keyed);
    made.element_key = std::move(key);
    return made;
}

inline Field partial(Field made)
{
    made.partial = true;
    return made;
}

inline Field normalised_by(std::string name, Normaliser how, FieldType type = FieldType::string)
{
    Field made = field(std::move(name), type);
    made.normalise.push_back(how);
    return made;
}

inline Operation
operation(std::string name, OperationClass kind, std::string method, std::string route)
{
    Operation made;
    made.name = std::move(name);
    made.operation_class = kind;
    made.method = std::move(method);
    made.path = std::move(route);
    return made;
}

inline Field metadata_field()
{
    return object("metadata",
                  {field("name", FieldType::string, [](Field& name) { name.required = true; }),
                   partial(map_of("labels", field("", FieldType::string))),
                   partial(map_of("annotations", field("", FieldType::string)))});
}

// A kind with the usual five calls below `root`, and a mark in its annotations.
inline Kind usual_kind(std::string name, const std::string& root, Field spec)
{
    Kind kind;
    kind.name = std::move(name);
    kind.api_version = "shop/v1";
    kind.schema = object("", {metadata_field(), std::move(spec)});
    kind.key = {path("metadata.name")};
    ListCall list;
    list.call = operation("list", OperationClass::read, "GET", root);
    list.items = path("items");
    list.uid = path("metadata.uid");
    kind.list = std::move(list);
    kind.read.call = operation("read", OperationClass::read, "GET", root + "/{uid}");
    CreateCall create;
    create.call = operation("create", OperationClass::create, "POST", root);
    create.uid = path("uid");
    kind.create = std::move(create);
    Facet facet;
    facet.name = "whole";
    facet.fields = {path("metadata"), path("spec")};
    facet.call = operation("facet whole", OperationClass::idempotent, "PUT", root + "/{uid}");
    kind.facets.push_back(std::move(facet));
    kind.remove = operation("delete", OperationClass::idempotent, "DELETE", root + "/{uid}");
    kind.mark = MarkPlace{path("metadata.annotations"), "shop/owner", "shop/address"};
    kind.server_set = {path("metadata.uid"), path("metadata.changed")};
    return kind;
}

inline Kind widget_kind()
{
    Field immutable = field("shape");
    immutable.immutable = true;
    Field owner = field("ownerUid");
    owner.refers_to = "Widget";
    Field revision = field("revision", FieldType::integer);
    revision.server_set = true;
    return usual_kind("Widget",
                      "/widgets",
                      object("spec",
                             {field("note"),
                              field("size", FieldType::integer),
                              field("enabled", FieldType::boolean),
                              list_of("grants", field("", FieldType::string), ListOrder::unordered),
                              std::move(immutable),
                              std::move(owner),
                              std::move(revision)}));
}

inline Kind box_kind()
{
    Kind kind = usual_kind("Box", "/boxes", object("spec", {field("note")}));
    kind.is_scope = true;
    kind.container = true;
    return kind;
}

inline Field gadget_spec()
{
    Field colour = field("colour");
    colour.default_value = Value("red");
    Field password = field("password");
    password.sensitive = true;
    Field hint = field("hint");
    hint.write_only = true;
    Field options = object("options", {field("mode"), password});
    options.name = "options";
    options.write_only = true;
    Field first = field("first");
    first.create_only = true;
    Field frame = object("frame", {field("kind"), field("width", FieldType::integer)});
    frame.immutable = true;
    Field status = field("seenAt");
    status.server_set = true;
    Field token = field("token");
    token.sensitive = true;
    return object(
        "spec",
        {std::move(colour),
         field("note"),
         password,
         std::move(hint),
         std::move(options),
         std::move(first),
         std::move(frame),
         std::move(status),
         keyed_list(
             "pools",
             "name",
             {field("name"),
              field("size", FieldType::integer),
              field("zone", FieldType::string, [](Field& zone) { zone.default_value = "a"; }),
              token}),
         partial(keyed_list("shared", "name", {field("name"), field("value"), token})),
         list_of("steps", object("", {field("run"), field("times", FieldType::integer)})),
         list_of("tags", field("", FieldType::string), ListOrder::unordered),
         map_of("settings", field("", FieldType::string)),
         field("free", FieldType::any),
         normalised_by("values", Normaliser::embedded_yaml),
         normalised_by("document", Normaliser::embedded_json),
         normalised_by("code", Normaliser::trim),
         normalised_by("host", Normaliser::lower_case),
         normalised_by("ratio", Normaliser::number),
         normalised_by("memory", Normaliser::quantity),
         normalised_by("until", Normaliser::time),
         field("weight", FieldType::number)});
}

inline Kind gadget_kind()
{
    Kind kind = usual_kind("Gadget", "/gadgets", gadget_spec());
    kind.scope = ScopeRule::any;
    kind.parent = "Box";
    return kind;
}

inline Kind setting_kind()
{
    Kind kind;
    kind.name = "Setting";
    kind.api_version = "shop/v1";
    kind.schema = object("", {object("spec", {field("level", FieldType::integer), field("motd")})});
    kind.read.call = operation("read", OperationClass::read, "GET", "/setting");
    Facet facet;
    facet.name = "spec";
    facet.fields = {path("spec")};
    facet.call = operation("facet spec", OperationClass::idempotent, "PUT", "/setting");
    kind.facets.push_back(std::move(facet));
    kind.when_deleted = WhenDeleted::reset;
    kind.reset_to = Value(Map{{"spec", Value(Map{{"level", 1}})}});
    return kind;
}

inline Kind shelf_kind()
{
    Kind kind;
    kind.name = "Shelf";
    kind.api_version = "shop/v1";
    kind.scope = ScopeRule::project;
    kind.parent = "Box";
    kind.schema = object(
        "",
        {object("spec", {partial(keyed_list("items", "name", {field("name"), field("value")}))})});
    kind.read.call = operation("read", OperationClass::read, "GET", "/boxes/{scopeUid}/shelf");
    ChildSet items;
    items.field = path("spec.items");
    items.add = operation("add", OperationClass::action, "POST", "/boxes/{scopeUid}/shelf");
    items.change =
        operation("change", OperationClass::idempotent, "PATCH", "/boxes/{scopeUid}/shelf");
    items.remove =
        operation("remove", OperationClass::idempotent, "DELETE", "/boxes/{scopeUid}/shelf");
    items.body = path("items");
    kind.children.push_back(std::move(items));
    kind.when_deleted = WhenDeleted::entries;
    return kind;
}

inline Catalogue shop_catalogue()
{
    Catalogue catalogue;
    catalogue.api.api_version = "shop/v1";
    catalogue.kinds = {box_kind(), gadget_kind(), setting_kind(), shelf_kind(), widget_kind()};
    return catalogue;
}

} // namespace trueup::test
