#include "api/kinds/swagger_kind.hpp"

#include "api/kinds/call.hpp"
#include "api/kinds/schema.hpp"

#include <algorithm>

namespace trueup::kinds {

void KindCheck::run()
{
    check_list();
    check_read();
    check_create();
    for (const Facet& facet : kind_.facets)
        check_facet(facet);
    for (const ChildSet& set : kind_.children)
        check_children(set);
    if (kind_.remove)
        operation(*kind_.remove);
    if (kind_.readiness)
        check_readiness(*kind_.readiness);
    if (calls_exist_)
        fields_.finish_written(kind_.schema, {});
    check_places();
}

const Value* KindCheck::operation(const Operation& call)
{
    const Value* found = swagger_.operation(call.method, call.path);
    if (found == nullptr) {
        calls_exist_ = false;
        fields_.finding(
            call.name,
            "the document has no " + call.route(),
            did_you_mean(call.method + " " + anonymous_path(call.path), swagger_.routes()));
        return nullptr;
    }
    check_query(call, *found, call.query);
    const std::vector<std::string> codes = swagger_.answer_codes(*found);
    for (const int code : call.success)
        if (std::ranges::find(codes, std::to_string(code)) == codes.end())
            fields_.finding(call.name,
                            "the document knows no answer " + std::to_string(code) + " to " +
                                call.route(),
                            did_you_mean("", codes));
    if (call.body) {
        if (const Schema body = swagger_.body(*found))
            fields_.body_template(*call.body, body, call.name);
        else
            fields_.finding(call.name, "the document has no body for " + call.route());
    }
    return found;
}

void KindCheck::expect(Schema schema,
                       const Path& path,
                       const std::string& key,
                       const std::string& where)
{
    if (schema != nullptr && swagger_.find(schema, path) == nullptr)
        fields_.finding(key, "\"" + path.text() + "\" is not in " + where);
}

void KindCheck::check_query(const Operation& call,
                            const Value& described,
                            const std::vector<QueryParameter>& query)
{
    std::vector<std::string> known;
    for (const auto& [name, parameter] : swagger_.query(described))
        known.push_back(name);
    for (const QueryParameter& parameter : query)
        if (std::ranges::find(known, parameter.name) == known.end())
            fields_.finding(call.name,
                            call.route() + " takes no query parameter \"" + parameter.name + "\"",
                            did_you_mean(parameter.name, known));
}

void KindCheck::check_list()
{
    if (!kind_.list)
        return;
    const ListCall& list = *kind_.list;
    const Value* described = operation(list.call);
    if (described == nullptr)
        return;
    const Schema answer = swagger_.answer(*described);
    const Schema array = swagger_.find(answer, list.items);
    item_ = swagger_.items(array);
    if (item_ == nullptr) {
        fields_.finding("list items",
                        "\"" + list.items.text() + "\" is no list in the answer to " +
                            list.call.route());
        return;
    }
    expect(item_, list.uid, "list uid", "the items of the list");
    for (const Condition& condition : list.only)
        expect(item_, condition.path, "list only", "the items of the list");
    if (list.unchanged)
        expect(item_, *list.unchanged, "list unchanged", "the items of the list");
    check_paging(list.call, *described, list.paging);
    check_query(list.call, *described, list.narrow);
    if (list.narrow_body) {
        if (const Schema body = swagger_.body(*described))
            fields_.body_template(*list.narrow_body, body, "list narrowBody");
        else
            fields_.finding("list narrowBody", "the document has no body for the list");
    }
    check_listed(list);
}

void KindCheck::check_paging(const Operation& call, const Value& described, const Paging& paging)
{
    const Schema answer = swagger_.answer(described);
    const auto query = swagger_.query(described);
    if (paging.style == PageStyle::none)
        for (const std::string& name : page_parameters_)
            if (query.contains(name))
                fields_.finding("list paging",
                                call.route() + " takes \"" + name + "\": it comes in pages");
    if (paging.style == PageStyle::none)
        return;
    const auto parameter = [&](const std::string& name) {
        if (!name.empty() && !query.contains(name))
            fields_.finding("list paging",
                            call.route() + " takes no query parameter \"" + name + "\"");
    };
    parameter(paging.token_parameter);
    parameter(paging.size_parameter);
    if (!paging.token.is_root())
        expect(answer, paging.token, "list paging token", "the answer to " + call.route());
    if (!paging.count.is_root())
        expect(answer, paging.count, "list paging count", "the answer to " + call.route());
    if (!query.contains(paging.size_parameter))
        return;
    const Value* most = find(*query.at(paging.size_parameter), Path{{"maximum"}});
    if (most != nullptr && most->if_integer() != nullptr &&
        static_cast<std::int64_t>(paging.size) > *most->if_integer())
        fields_.finding("list paging size",
                        "the document allows at most " + std::to_string(*most->if_integer()));
}

// What the list promises to carry: everything, or the fields that it covers; its key in any case.
void KindCheck::check_listed(const ListCall& list)
{
    std::vector<Path> carried = list.covers;
    carried.insert(carried.end(), kind_.key.begin(), kind_.key.end());
    if (!list.index_only) {
        Schema whole = item_;
        for (const Field& field : kind_.schema.fields)
            fields_.read(field, Path{}.child(field.name), whole, whole, whole);
        return;
    }
    for (const Path& path : carried) {
        const Field* field = find_field(kind_.schema, path);
        bool found = swagger_.find(item_, path) != nullptr;
        if (field != nullptr)
            for (const Path& alias : field->read_from)
                found = found || swagger_.find(item_, alias) != nullptr;
        if (!found)
            fields_.finding("list covers",
                            "\"" + path.text() + "\" is not in the items of the list");
    }
}

void KindCheck::check_read()
{
    const ReadCall& read = kind_.read;
    if (read.call.empty())
        return;
    const Value* described = operation(read.call);
    if (described == nullptr)
        return;
    const Schema answer = swagger_.answer(*described);
    if (answer == nullptr) {
        fields_.finding("read", "the answer to " + read.call.route() + " has no body");
        return;
    }
    object_ = read.into.is_root() ? *answer : swagger_.graft(nullptr, read.into, answer);
    has_object_ = true;
    for (const ExtraRead& extra : read.more)
        check_extra(extra);
    for (const Field& field : kind_.schema.fields)
        fields_.read(field, Path{}.child(field.name), &object_, &object_, item_);
}

void KindCheck::check_extra(const ExtraRead& extra)
{
    const Value* described = operation(extra.call);
    if (described == nullptr)
        return;
    const Schema part = swagger_.find(swagger_.answer(*described), extra.from);
    if (part == nullptr) {
        fields_.finding("read more",
                        "\"" + extra.from.text() + "\" is not in the answer to " +
                            extra.call.route());
        return;
    }
    if (!extra.for_each) {
        object_ = swagger_.graft(&object_, extra.into, part);
        return;
    }
    const Schema element = swagger_.items(swagger_.find(&object_, *extra.for_each));
    if (element == nullptr) {
        fields_.finding("read more",
                        "\"" + extra.for_each->text() + "\" is no list in what is read");
        return;
    }
    if (extra.when)
        expect(element, *extra.when, "read more", "its elements");
    for (const std::string& name : parameters_of(extra.call.path)) {
        const auto path = Path::parse(name);
        if (name != "uid" && name != "scopeUid" && path)
            expect(element, *path, "read more", "the elements of " + extra.for_each->text());
    }
    object_ = swagger_.graft_each(&object_, *extra.for_each, extra.into, part);
}

} // namespace trueup::kinds
