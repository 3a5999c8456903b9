#include "api/rest/reads.hpp"

#include "api/rest/codec.hpp"
#include "api/rest/failures.hpp"
#include "api/rest/paginator.hpp"

#include <algorithm>
#include <set>

namespace trueup {

namespace {

constexpr int walks_max = 5; // until two in a row agree

Call make_call(const Kind& kind, const Operation& operation, const Scope& scope, CallContext context)
{
    Call call;
    call.operation = &operation;
    call.kind = kind.name;
    call.scope_header = kind.scope_header;
    call.scope = scope;
    call.context = std::move(context);
    return call;
}

const List* items_of(const Value& answer, const Path& path)
{
    const Value* value = find(answer, path);
    return value != nullptr ? value->if_list() : nullptr;
}

// One page of a listing, as objects of the kind.
Result<std::vector<Observed>> decode_page(const Kind& kind, const Scope& scope, Value& answer)
{
    const ListCall& list = *kind.list;
    Value* items = find(answer, list.items);
    if (items != nullptr && items->is_null())
        return std::vector<Observed>{}; // some answers say null for an empty list
    List* all = items != nullptr ? items->if_list() : nullptr;
    if (all == nullptr)
        return Error{Errc::rejected,
                     "the list has no items at " +
                         (list.items.is_root() ? std::string("its root") : list.items.text()),
                     list.call.route()};
    std::vector<Observed> page;
    page.reserve(all->size());
    for (Value& item : *all) {
        if (std::ranges::any_of(list.only, [&](const Condition& only) { return !only.holds(item); }))
            continue;
        auto observed = decode(kind, scope, std::move(item));
        if (!observed)
            return observed.error();
        if (observed->uid.empty())
            return Error{Errc::rejected, "an item of the list has no uid", list.call.route()};
        if (means_absent(kind.absent, observed->raw))
            continue;
        observed->complete = !list.index_only;
        observed->raw = Value();
        page.push_back(std::move(*observed));
    }
    return page;
}

} // namespace

// ---- lists ----------------------------------------------------------------------------------------

Task<Result<WalkReport>>
Reads::list(const Kind& kind, Scope scope, PageSink sink, CallContext context)
{
    Narrowing none;
    auto report =
        co_await walk(kind, std::move(scope), std::move(none), std::move(sink), std::move(context));
    co_return report;
}

Task<Result<WalkReport>>
Reads::walk(const Kind& kind, Scope scope, Narrowing narrowing, PageSink sink, CallContext context)
{
    if (!kind.list)
        co_return Error{Errc::invalid_input, "kind " + kind.name + " has no list"};
    auto known = co_await parameters(scope, "", context);
    if (!known)
        co_return known.error();
    Paginator pages(kind.list->paging);
    std::set<std::string> seen;
    while (auto query = pages.next()) {
        Call call = make_call(kind, kind.list->call, scope, context);
        call.parameters = *known;
        call.query = std::move(*query);
        std::ranges::copy(narrowing.query, std::back_inserter(call.query));
        call.body = narrowing.body ? narrowing.body : kind.list->call.body;
        auto answer = co_await transport_.send(std::move(call));
        if (!answer)
            co_return answer.error();
        const List* items = items_of(answer->body, kind.list->items);
        const std::size_t count = items != nullptr ? items->size() : 0;
        auto accepted = pages.accept(answer->body, count, answer->link);
        if (!accepted) {
            Error error = accepted.error();
            error.place = kind.list->call.route();
            co_return error;
        }
        auto page = decode_page(kind, scope, answer->body);
        if (!page)
            co_return page.error();
        // Pages may shift while they are read: what is seen twice is one object.
        std::erase_if(*page,
                      [&](const Observed& object) { return !seen.insert(object.uid).second; });
        auto taken = sink(std::move(*page));
        if (!taken)
            co_return taken.error();
    }
    WalkReport report;
    report.pages = pages.pages();
    report.items = seen.size();
    report.proves_absence = pages.was_single_page();
    co_return report;
}

// ---- one object -----------------------------------------------------------------------------------

Task<Result<std::optional<Observed>>>
Reads::read(const Kind& kind, Scope scope, std::string uid, CallContext context)
{
    if (kind.read.call.empty()) {
        auto listed =
            co_await read_from_list(kind, std::move(scope), std::move(uid), std::move(context));
        co_return listed;
    }
    auto known = co_await parameters(scope, uid, context);
    if (!known)
        co_return known.error();
    Call call = make_call(kind, kind.read.call, scope, context);
    call.parameters = *known;
    if (kind.read.call.body)
        call.body = kind.read.call.body;
    auto answer = co_await transport_.send(std::move(call));
    if (!answer) {
        if (means_absent(kind.absent, answer.error()))
            co_return std::optional<Observed>();
        co_return answer.error();
    }
    if (means_absent(kind.absent, answer->body))
        co_return std::optional<Observed>();
    Value item;
    put(item, kind.read.into, std::move(answer->body));
    Parameters with_uid = std::move(*known);
    auto more = co_await read_more(kind, scope, std::move(with_uid), item, context);
    if (!more)
        co_return more.error();
    auto observed = decode(kind, scope, std::move(item));
    if (!observed)
        co_return observed.error();
    if (!uid.empty() && !observed->uid.empty() && observed->uid != uid)
        co_return Error{Errc::rejected,
                        "asked for the uid " + uid + " and got " + observed->uid,
                        kind.read.call.route()};
    observed->uid = uid;
    co_return std::optional<Observed>(std::move(*observed));
}

Task<Result<std::optional<Observed>>>
Reads::read_from_list(const Kind& kind, Scope scope, std::string uid, CallContext context)
{
    // A walk of several pages can miss what shifts between them: only agreement proves absence.
    std::optional<bool> before;
    for (int walks = 0; walks < walks_max; ++walks) {
        std::optional<Observed> found;
        const auto keep = [&](std::vector<Observed> page) -> Result<void> {
            for (Observed& object : page)
                if (object.uid == uid)
                    found = std::move(object);
            return {};
        };
        PageSink sink = keep;
        auto report = co_await list(kind, scope, std::move(sink), context);
        if (!report)
            co_return report.error();
        if (found) {
            found->raw = found->value;
            co_return found;
        }
        if (report->proves_absence || before == false)
            co_return std::optional<Observed>();
        before = false;
    }
    co_return std::optional<Observed>();
}

Task<Result<void>> Reads::read_more(
    const Kind& kind, Scope scope, Parameters parameters, Value& item, CallContext context)
{
    for (const ExtraRead& more : kind.read.more) {
        if (more.for_each) {
            auto each = co_await read_each(kind, more, scope, parameters, item, context);
            if (!each)
                co_return each.error();
            continue;
        }
        Call call = make_call(kind, more.call, scope, context);
        call.parameters = parameters;
        auto answer = co_await transport_.send(std::move(call));
        if (!answer) {
            if (means_absent(kind.absent, answer.error()))
                continue;
            co_return answer.error();
        }
        if (const Value* value = find(answer->body, more.from))
            put(item, more.into, *value);
    }
    co_return Result<void>{};
}

Task<Result<void>> Reads::read_each(const Kind& kind,
                                    const ExtraRead& more,
                                    Scope scope,
                                    Parameters parameters,
                                    Value& item,
                                    CallContext context)
{
    Value* holder = find(item, *more.for_each);
    List* elements = holder != nullptr ? holder->if_list() : nullptr;
    if (elements == nullptr)
        co_return Result<void>{};
    for (Value& element : *elements) {
        const Map* map = element.if_map();
        if (map == nullptr)
            continue;
        if (more.when) {
            const Value* present = find(element, *more.when);
            const List* list = present != nullptr ? present->if_list() : nullptr;
            if (present == nullptr || present->is_null() || (list != nullptr && list->empty()))
                continue;
        }
        Call call = make_call(kind, more.call, scope, context);
        call.parameters = parameters;
        for (const auto& [name, value] : *map)
            if (value.if_string() != nullptr)
                call.parameters.insert_or_assign(name, *value.if_string());
        call.parameters.insert_or_assign("uid", parameters.at("uid"));
        auto answer = co_await transport_.send(std::move(call));
        if (!answer)
            co_return answer.error();
        if (const Value* value = find(answer->body, more.from))
            put(element, more.into, *value);
    }
    co_return Result<void>{};
}

// ---- look-up by natural key -----------------------------------------------------------------------

Task<Result<std::vector<Observed>>>
Reads::look_up(const Kind& kind, Scope scope, std::vector<std::string> key, CallContext context)
{
    if (!kind.list)
        co_return Error{Errc::invalid_input, "kind " + kind.name + " has no list to look into"};
    if (!kind.list->can_narrow()) {
        auto found =
            co_await stable_matches(kind, scope, std::move(key), context);
        if (!found)
            co_return found.error();
        auto full = co_await complete(kind, scope, std::move(*found), context);
        co_return full;
    }
    Parameters names;
    for (std::size_t i = 0; i < kind.key.size() && i < key.size(); ++i)
        names.emplace("key:" + kind.key[i].text(), key[i]);
    Narrowing narrowing;
    for (const QueryParameter& parameter : kind.list->narrow) {
        auto value = fill_text(parameter.value, names, false);
        if (!value)
            co_return value.error();
        narrowing.query.push_back({parameter.name, std::move(*value)});
    }
    if (kind.list->narrow_body) {
        auto body = fill_names(*kind.list->narrow_body, names);
        if (!body)
            co_return body.error();
        narrowing.body = std::move(*body);
    }
    WalkReport report;
    auto found = co_await matches(
        kind, scope, std::move(narrowing), key, context, report);
    if (!found)
        co_return found.error();
    if (found->empty() && !report.proves_absence) {
        // The API did not narrow the list after all.
        found = co_await stable_matches(kind, scope, std::move(key), context);
        if (!found)
            co_return found.error();
    }
    auto full = co_await complete(kind, scope, std::move(*found), context);
    co_return full;
}

Task<Result<std::vector<Observed>>> Reads::matches(const Kind& kind,
                                                   Scope scope,
                                                   Narrowing narrowing,
                                                   std::vector<std::string> key,
                                                   CallContext context,
                                                   WalkReport& report)
{
    std::vector<Observed> found;
    const auto keep = [&](std::vector<Observed> page) -> Result<void> {
        for (Observed& object : page)
            if (key_of(kind, object.value) == key)
                found.push_back(std::move(object));
        return {};
    };
    PageSink sink = keep;
    auto walked = co_await walk(
        kind, std::move(scope), std::move(narrowing), std::move(sink), std::move(context));
    if (!walked)
        co_return walked.error();
    report = *walked;
    co_return found;
}

Task<Result<std::vector<Observed>>> Reads::stable_matches(const Kind& kind,
                                                          Scope scope,
                                                          std::vector<std::string> key,
                                                          CallContext context)
{
    std::optional<std::set<std::string>> before;
    for (int walks = 0; walks < walks_max; ++walks) {
        WalkReport report;
        Narrowing none;
        auto found = co_await matches(kind, scope, std::move(none), key, context, report);
        if (!found)
            co_return found.error();
        std::set<std::string> uids;
        for (const Observed& object : *found)
            uids.insert(object.uid);
        if (report.proves_absence || (before && *before == uids))
            co_return found;
        before = std::move(uids);
    }
    co_return Error{Errc::rejected,
                    "the list changes with each reading: what exists cannot be told",
                    kind.list->call.route(),
                    "try again when less is going on"};
}

// What a list leaves out is read object by object.
Task<Result<std::vector<Observed>>>
Reads::complete(const Kind& kind, Scope scope, std::vector<Observed> found, CallContext context)
{
    std::vector<Observed> full;
    for (Observed& object : found) {
        if (object.complete) {
            full.push_back(std::move(object));
            continue;
        }
        std::string uid = object.uid;
        auto whole = co_await read(kind, scope, std::move(uid), context);
        if (!whole)
            co_return whole.error();
        if (*whole)
            full.push_back(std::move(**whole));
    }
    co_return full;
}

// ---- parameters -----------------------------------------------------------------------------------

Task<Result<std::map<std::string, std::string>>> Reads::bootstrap(CallContext context)
{
    if (bootstrap_)
        co_return *bootstrap_;
    std::map<std::string, std::string> values;
    for (const Bootstrap& one : transport_.catalogue().api.bootstrap) {
        Call call;
        call.operation = &one.call;
        call.kind = "bootstrap";
        call.context = context;
        auto answer = co_await transport_.send(std::move(call));
        if (!answer)
            co_return answer.error();
        const Value* value = find(answer->body, one.field);
        if (value == nullptr || value->string_or_empty().empty())
            co_return Error{
                Errc::rejected, "the answer has no " + one.field.text(), one.call.route()};
        values.emplace(one.name, value->string_or_empty());
    }
    bootstrap_ = values;
    co_return values;
}

Task<Result<Parameters>> Reads::parameters(Scope scope, std::string uid, CallContext context)
{
    auto values = co_await bootstrap(std::move(context));
    if (!values)
        co_return values.error();
    Parameters all = std::move(*values);
    all.emplace("uid", std::move(uid));
    all.emplace("scopeUid", scope.uid);
    co_return all;
}

} // namespace trueup
