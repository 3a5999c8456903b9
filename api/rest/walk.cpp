#include "api/rest/walk.hpp"

#include "api/rest/merge.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup::rest {

namespace {

Error placed(Error error, const Operation& operation)
{
    if (error.place.empty())
        error.place = operation.route();
    return error;
}

// What one answer holds.
struct Page {
    Page() = default;

    List items;
    bool stated = true; // the answer has the array, even if it is empty or null
};

// Servers leave an empty array out, or send null. An error that comes with status 200 is no list.
Result<Page> items_of(const ApiRules& api, const ListCall& list, Value& answer)
{
    Page page;
    Value* at = find(answer, list.items);
    if (at != nullptr && at->if_list() != nullptr) {
        page.items = std::move(*at->if_list());
        *at = Value();
        return page;
    }
    if (at != nullptr && !at->is_null())
        return Error{Errc::rejected,
                     "the answer has a " + std::string(at->type_name()) + " at " +
                         (list.items.is_root() ? "its root" : list.items.text()) +
                         " where the list should be"};
    if (at == nullptr) {
        const bool is_error = !api.error_code.is_root() && find(answer, api.error_code) != nullptr;
        if (answer.if_map() == nullptr || is_error)
            return Error{Errc::rejected, "the answer is not a list"};
        page.stated = false;
    }
    return page;
}

// Whether nothing in an item of a mixed list tells what it is: neither a uid nor what sets the
// kinds apart. It may be one of ours that came garbled, and the list says it as often as it likes.
bool is_garbled(const ListCall& list, const Value& item)
{
    return !list.only.empty() && !list.uid.is_root() && find(item, list.uid) == nullptr &&
           std::ranges::none_of(list.only, [&](const Condition& condition) {
               return find(item, condition.path) != nullptr;
           });
}

bool is_of_kind(const ListCall& list, const Value& item)
{
    return std::ranges::all_of(list.only,
                               [&](const Condition& condition) { return condition.holds(item); });
}

// Leaves what is of the kind.
Result<List> select(const ListCall& list, List items)
{
    for (const Value& item : items)
        if (is_garbled(list, item))
            return Error{Errc::rejected,
                         "an item of the list has neither a uid at " + list.uid.text() +
                             " nor anything that tells its kind",
                         list.call.route()};
    std::erase_if(items, [&](const Value& item) { return !is_of_kind(list, item); });
    return items;
}

Call call_for(const WalkRequest& request)
{
    const ListCall& list = *request.kind->list;
    Call call;
    call.kind = request.kind;
    call.operation = &list.call;
    call.scope = request.scope;
    call.context = request.context;
    call.body_template = list.call.body;
    if (!request.scope.uid.empty())
        call.parameters.emplace("scopeUid", request.scope.uid);
    if (request.key.empty() || !list.can_narrow())
        return call;
    call.narrow = list.narrow;
    if (list.narrow_body)
        call.body_template = list.narrow_body;
    for (auto& [name, value] : key_parameters(*request.kind, request.key))
        call.parameters.emplace(name, value);
    return call;
}

} // namespace

Parameters key_parameters(const Kind& kind, const std::vector<std::string>& key)
{
    Parameters parameters;
    for (std::size_t i = 0; i < kind.key.size(); ++i) {
        const std::string name = "key:" + kind.key[i].text();
        const Field* field = field_at(kind.schema, kind.key[i]);
        if (i < key.size())
            parameters.emplace(name, key[i]);
        else if (field != nullptr && field->default_value)
            parameters.emplace(name, *field->default_value);
    }
    return parameters;
}

Task<Result<WalkReport>> walk_items(ReadTransport& transport, WalkRequest request, ItemSink sink)
{
    const ListCall& list = *request.kind->list;
    const Call call = call_for(request);
    auto path = expand_text(list.call.path, call.parameters, Encoding::path_segment);
    // A path that needs bootstrap values cannot be compared with that of links.
    Paginator pages(list.paging, path ? *path : std::string());
    bool stated = true;
    bool ended_early = false;
    while (auto page = pages.next()) {
        Call next = call;
        next.page = std::move(*page);
        auto answer = co_await transport.send(std::move(next));
        if (!answer && mutated(Mutation::page_error_is_end))
            break;
        if (!answer)
            co_return answer.error();
        auto found = items_of(transport.api(), list, answer->body);
        if (!found)
            co_return placed(found.error(), list.call);
        stated = stated && found->stated;
        const std::size_t count = found->items.size();
        if (auto taken = pages.accept(answer->body, answer->link, count); !taken)
            co_return placed(taken.error(), list.call);
        auto items = select(list, std::move(found->items));
        if (!items)
            co_return items.error();
        auto more = sink(std::move(*items));
        if (!more)
            co_return more.error();
        if (!*more) {
            ended_early = true;
            break;
        }
    }
    WalkReport report;
    report.pages = pages.pages();
    report.items = pages.items();
    report.is_short = !ended_early && pages.is_short();
    report.proves_absence = !ended_early && stated && pages.proves_absence();
    if (mutated(Mutation::partial_list_is_all) || mutated(Mutation::page_error_is_end))
        report.proves_absence = true;
    co_return report;
}

} // namespace trueup::rest
