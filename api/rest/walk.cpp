#include "api/rest/walk.hpp"

#include "api/rest/merge.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup::rest {

namespace {

constexpr int restarts_max = 3; // of one walk whose listing expired before its end

Error placed(Error error, const Operation& operation)
{
    if (error.place.empty())
        error.place = operation.route();
    return error;
}

// Whether `error`, of a page after the first, says that the server has let go of the listing.
bool has_expired(const Paging& paging, const Error& error)
{
    return error.api &&
           (std::ranges::find(paging.expired_statuses, error.api->status) !=
                paging.expired_statuses.end() ||
            std::ranges::find(paging.expired_codes, error.api->code) != paging.expired_codes.end());
}

// What an API may answer to who asks for the page after the last: that there is none, or only no.
bool says_no_page(const Error& error)
{
    return error.api && (error.api->status == 404 || error.api->status == 416);
}

bool refuses_page(const Error& error)
{
    return says_no_page(error) ||
           (error.api && (error.api->status == 400 || error.api->status == 422));
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

// What tells one page from another: the uids, or the items where there are none.
List identities(const ListCall& list, const List& items)
{
    if (list.uid.is_root())
        return items;
    List uids;
    for (const Value& item : items)
        if (const Value* uid = find(item, list.uid))
            uids.push_back(*uid);
    return uids.size() == items.size() ? uids : items;
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

// A walk from the first page on, to its end or to where it cannot go on.
struct Pass {
    Pass() = default;

    WalkReport report;
    std::optional<Error> expired; // of the page at which the listing was gone
};

Task<Result<Pass>> walk_once(ReadTransport& transport, const WalkRequest& request, ItemSink sink)
{
    const ListCall& list = *request.kind->list;
    const Call call = call_for(request);
    auto path = expand_text(list.call.path, call.parameters, Encoding::path_segment);
    // A path that needs bootstrap values cannot be compared with that of links.
    Paginator pages(list.paging, path ? *path : std::string());
    Pass pass;
    List before; // what the page before showed, where the size of pages alone tells the end
    bool stated = true;
    bool ended_early = false;
    while (auto page = pages.next()) {
        Call next = call;
        next.page = std::move(*page);
        auto answer = co_await transport.send(std::move(next));
        if (!answer && mutated(Mutation::page_error_is_end))
            break;
        if (!answer && pages.pages() != 0 && has_expired(list.paging, answer.error())) {
            pass.expired = answer.error();
            co_return pass;
        }
        if (!answer && refuses_page(answer.error()) &&
            pages.accept_refusal(says_no_page(answer.error())))
            break;
        if (!answer)
            co_return answer.error();
        auto found = items_of(transport.api(), list, answer->body);
        if (!found)
            co_return placed(found.error(), list.call);
        stated = stated && found->stated;
        const std::size_t count = found->items.size();
        if (pages.guesses_end() && count != 0) {
            List shown = identities(list, found->items);
            if (shown == before)
                co_return Error{Errc::rejected,
                                "two pages in a row are the same: the API does not heed which is "
                                "asked for, or goes on after its last",
                                list.call.route(),
                                "say in the kind where the answer has a count, or how it pages"};
            before = std::move(shown);
        }
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
    pass.report.pages = pages.pages();
    pass.report.items = pages.items();
    pass.report.is_short = !ended_early && pages.is_short();
    pass.report.proves_absence = !ended_early && stated && pages.proves_absence();
    if (mutated(Mutation::partial_list_is_all) || mutated(Mutation::page_error_is_end))
        pass.report.proves_absence = true;
    co_return pass;
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
    for (int restarts = 0;; ++restarts) {
        auto pass = co_await walk_once(transport, request, sink);
        if (!pass)
            co_return pass.error();
        if (!pass->expired) {
            // What was handed over is of more than one listing.
            pass->report.proves_absence = pass->report.proves_absence && restarts == 0;
            co_return pass->report;
        }
        if (restarts == restarts_max) {
            Error error = *pass->expired;
            // It is the page that is gone, and nothing that somebody asked for.
            error.code = Errc::rejected;
            error.message = "the listing expired in the middle of each of " +
                            std::to_string(restarts_max + 1) + " walks: " + error.message;
            error.advice = "try again when the API answers faster";
            co_return placed(std::move(error), request.kind->list->call);
        }
    }
}

} // namespace trueup::rest
