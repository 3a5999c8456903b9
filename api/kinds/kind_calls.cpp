// The calls of a kind: list, read, create, facets and children.

#include "api/kinds/kind_reader.hpp"

#include <algorithm>

namespace trueup::kinds {

namespace {

const Words<PageStyle>& page_styles()
{
    static const Words<PageStyle> words{{"token", PageStyle::token},
                                        {"offset", PageStyle::offset},
                                        {"page", PageStyle::page},
                                        {"link", PageStyle::link}};
    return words;
}

const Words<BodyShape>& shapes()
{
    static const Words<BodyShape> words{{"whole", BodyShape::whole},
                                        {"bare", BodyShape::bare},
                                        {"partial", BodyShape::partial},
                                        {"jsonPatch", BodyShape::json_patch},
                                        {"mergePatch", BodyShape::merge_patch}};
    return words;
}

} // namespace

void KindReader::read_list()
{
    if (!section_.states("list")) {
        if (!singleton_)
            section_.error("\"list\" is missing");
        return;
    }
    Section section(section_.get("list"), *diagnostics_, section_.get_default("list"), "call");
    ListCall list;
    list.call = call(section, rules("list", OperationClass::read, About::collection));
    section.need("items");
    list.items = section.path("items");
    section.need("uid");
    list.uid = section.path("uid");
    if (const Entry only = section.get("only"))
        for (const Entry& item : kinds::read_list(only))
            if (auto condition = this->condition(item))
                list.only.push_back(std::move(*condition));
    list.paging = read_paging(section);
    list.index_only = section.flag("indexOnly", false);
    list.covers = section.paths("covers");
    check_in_schema(section, "covers", list.covers);
    if (!list.covers.empty() && !list.index_only)
        section.error("\"covers\" is only for a list that is indexOnly: others carry everything");
    list.unchanged = section.optional_path("unchanged");
    read_narrowing(section, list);
    section.finish();
    kind_.list = std::move(list);
}

Paging KindReader::read_paging(Section& list)
{
    Paging paging;
    const Entry at = list.get("paging");
    if (!at)
        return paging;
    Section section(at, *diagnostics_);
    section.need("style");
    paging.style = section.word("style", page_styles(), PageStyle::none);
    paging.token = section.path("token");
    paging.token_parameter = section.text("parameter");
    paging.size_parameter = section.text("sizeParameter");
    paging.size = section.count("size", paging.size, 10'000);
    paging.count = section.path("count");
    paging.pages_max = section.count("pagesMax", paging.pages_max, 1'000'000);
    paging.items_max = section.count("itemsMax", paging.items_max, 100'000'000);
    if (const Entry expired = section.get("expired"))
        read_expired(expired, paging);
    if (paging.style == PageStyle::token && paging.token.is_root())
        section.error("pages by token need \"token\": where the next one is in the answer");
    if (paging.style != PageStyle::link && paging.token_parameter.empty())
        section.error("\"parameter\" is missing: the query parameter that asks for a page");
    section.finish();
    return paging;
}

void KindReader::read_expired(const Entry& at, Paging& paging)
{
    Section section(at, *diagnostics_);
    if (const Entry statuses = section.get("statuses"))
        paging.expired_statuses = read_statuses(statuses);
    paging.expired_codes = section.texts("codes");
    section.finish();
}

// Statuses of answers that are failures.
std::vector<int> KindReader::read_statuses(const Entry& at)
{
    std::vector<int> found;
    for (const Entry& item : kinds::read_list(at))
        if (const auto status = read_count(item, 400, 599, *diagnostics_))
            found.push_back(static_cast<int>(*status));
    return found;
}

void KindReader::read_narrowing(Section& list, ListCall& call)
{
    const CallRules narrow_rules = rules("narrowed list", OperationClass::read, About::key);
    if (const Entry narrow = list.get("narrow"))
        call.narrow = read_query(narrow, narrow_rules, *diagnostics_);
    if (const Entry body = list.get("narrowBody")) {
        check_body(body, narrow_rules, *diagnostics_);
        call.narrow_body = *body.value;
    }
}

void KindReader::read_read()
{
    const bool via_list = section_.states("readVia");
    if (via_list) {
        section_.word("readVia", Words<bool>{{"list", true}}, true);
        if (!kind_.list || kind_.list->index_only)
            section_.error("readVia: list needs a list that carries every field");
    }
    if (via_list == section_.states("read")) {
        section_.error("a kind has either \"read\" or readVia: list");
        return;
    }
    if (via_list)
        return;
    Section section(section_.get("read"), *diagnostics_, section_.get_default("read"), "call");
    kind_.read.call = call(section, rules("read", OperationClass::read, About::object));
    kind_.read.into = section.path("into");
    if (const Entry more = section.get("more"))
        for (const Entry& item : kinds::read_list(more))
            kind_.read.more.push_back(read_extra(item));
    section.finish();
}

ExtraRead KindReader::read_extra(const Entry& at)
{
    Section section(at, *diagnostics_);
    ExtraRead extra;
    extra.for_each = section.optional_path("forEach");
    CallRules call_rules = rules("further read", OperationClass::read, About::object);
    call_rules.any_member = extra.for_each.has_value();
    extra.call = call(section, call_rules);
    extra.from = section.path("from");
    section.need("into");
    extra.into = section.path("into");
    extra.when = section.optional_path("when");
    if (extra.when && !extra.for_each)
        section.error("\"when\" is only for reads with \"forEach\"");
    section.finish();
    return extra;
}

void KindReader::read_create()
{
    if (!section_.states("create"))
        return;
    if (singleton_)
        section_.error("a singleton has no \"create\"");
    Section section(section_.get("create"), *diagnostics_, section_.get_default("create"), "call");
    CreateCall create;
    CallRules create_rules = rules("create", OperationClass::create, About::key);
    create_rules.schema = &kind_.schema;
    create.call = call(section, create_rules);
    create.uid = section.path("uid");
    create.then = steps(section, "create");
    create.client_uid = section.optional_path("clientUid");
    if (create.client_uid)
        check_in_schema(section, "clientUid", {*create.client_uid});
    section.finish();
    kind_.create = std::move(create);
}

void KindReader::read_facets()
{
    if (!section_.states("facets"))
        return;
    const Entry at = section_.get("facets");
    if (at.value != nullptr && at.value->if_list() == nullptr)
        complain(*diagnostics_, at, "expected a list of facets");
    else if (at)
        for (const Entry& item : kinds::read_list(at))
            kind_.facets.push_back(read_facet(item));
    std::set<std::string> names;
    for (const Facet& facet : kind_.facets)
        if (!names.insert(facet.name).second)
            complain(*diagnostics_, at, "two facets are called \"" + facet.name + "\"");
}

Facet KindReader::read_facet(const Entry& at)
{
    Section section(at, *diagnostics_, section_.get_default("facets"));
    Facet facet;
    facet.name = section.text("name");
    if (facet.name.empty())
        section.error("\"name\" is missing");
    CallRules facet_rules = rules("facet " + facet.name, OperationClass::idempotent, About::object);
    facet_rules.schema = &kind_.schema;
    facet.call = call(section, facet_rules);
    facet.shape = section.word("shape", shapes(), BodyShape::whole);
    if (facet.call.body) {
        if (section.states("shape"))
            section.error("a facet has a \"body\" of its own or a \"shape\", not both");
        facet.shape = BodyShape::body_template;
    }
    section.need("fields");
    facet.fields = section.paths("fields");
    check_in_schema(section, "fields", facet.fields);
    if (facet.shape == BodyShape::bare && facet.fields.size() != 1)
        section.error("a bare body is the content of exactly one field");
    facet.read_modify_write = section.flag("readModifyWrite", true);
    facet.then = steps(section, "facet " + facet.name);
    section.finish();
    return facet;
}

void KindReader::read_children()
{
    const Entry at = section_.get("children");
    if (!at)
        return;
    for (const Entry& item : kinds::read_list(at)) {
        Section section(item, *diagnostics_);
        ChildSet set;
        section.need("field");
        set.field = section.path("field");
        check_in_schema(section, "field", {set.field});
        const Field* field = find_field(kind_.schema, set.field);
        if (field != nullptr && field->type != FieldType::map && field->element_key.empty())
            section.error("\"" + set.field.text() + "\" is neither a map nor a list with a key");
        const auto step = [&](std::string_view name, OperationClass operation_class) {
            const Entry call = section.need(name);
            const std::string title = "child " + std::string(name);
            return call ? single_call(call, rules(title, operation_class, About::object))
                        : Operation{};
        };
        set.add = step("add", OperationClass::create);
        set.change = step("change", OperationClass::idempotent);
        set.remove = step("remove", OperationClass::idempotent);
        set.body = section.path("body");
        section.finish();
        kind_.children.push_back(std::move(set));
    }
}

void KindReader::check_shape()
{
    const auto names_scope = [](const std::string& path) {
        return path.find("{scopeUid}") != std::string::npos;
    };
    if (kind_.scope != ScopeRule::tenant && (api_->scope_header.empty() || !kind_.scope_header) &&
        !names_scope(kind_.read.call.path) && !(kind_.list && names_scope(kind_.list->call.path)))
        section_.error("nothing in its calls says which project they act in",
                       "use {scopeUid} in the paths, or the api's scopeHeader");
    for (const Field& field : kind_.schema.fields)
        check_writable(field, Path{}.child(field.name));
}

void KindReader::check_writable(const Field& field, const Path& path)
{
    if (field.server_set || field.immutable || field.create_only ||
        std::ranges::find(kind_.key, path) != kind_.key.end())
        return;
    const bool written =
        std::ranges::any_of(kind_.facets,
                            [&](const Facet& facet) {
                                return std::ranges::any_of(facet.fields, [&](const Path& covered) {
                                    return path.within(covered);
                                });
                            }) ||
        std::ranges::any_of(kind_.children,
                            [&](const ChildSet& set) { return path.within(set.field); });
    if (written)
        return;
    if (field.type == FieldType::object && !field.open) {
        for (const Field& member : field.fields)
            check_writable(member, path.child(member.name));
        return;
    }
    section_.error("no facet writes \"" + path.text() + "\", so a change of it could never be made",
                   "add it to a facet, or make it immutable, createOnly or serverSet");
}

} // namespace trueup::kinds
