#include "api/rest/reader.hpp"

#include "api/rest/codec.hpp"
#include "api/rest/errors.hpp"
#include "api/rest/object_call.hpp"
#include "api/rest/walk.hpp"

#include <algorithm>
#include <unordered_set>

namespace trueup::rest {

namespace {

constexpr std::size_t elements_max = 10'000; // of one object that are read one by one

bool is_empty(const Value& value)
{
    if (const Map* map = value.if_map())
        return map->empty();
    if (const List* list = value.if_list())
        return list->empty();
    const std::string* text = value.if_string();
    return value.is_null() || (text != nullptr && text->empty());
}

// What tells the objects of a list apart: the uid, or the key where there is none.
std::string identity_of(const Kind& kind, const Observed& object)
{
    if (!object.uid.empty())
        return object.uid;
    std::string text;
    for (const std::string& part : key_of(kind, object.value))
        text += part + '\0';
    return text;
}

// The parameters of a read by uid. Where the uid is the key itself, it stands for that too.
Parameters object_parameters(const Kind& kind, const Scope& scope, const std::string& uid)
{
    Parameters parameters;
    if (!uid.empty())
        parameters.emplace("uid", uid);
    if (!scope.uid.empty())
        parameters.emplace("scopeUid", scope.uid);
    if (!uid.empty() && kind.key.size() == 1 && kind.list && kind.list->uid == kind.key.front())
        parameters.emplace("key:" + kind.key.front().text(), uid);
    return parameters;
}

// Whether an answer is about an object of the kind at all: it says its uid or a part of its key. An
// answer of another shape, which proxies give, would pass for an object that lacks every field.
bool is_about_object(const Kind& kind, const Value& raw, const Value& shape)
{
    if (kind.is_singleton() || kind.key.empty())
        return true;
    if (kind.list && !kind.list->uid.is_root() && find(raw, kind.list->uid) != nullptr)
        return true;
    return std::ranges::any_of(kind.key,
                               [&](const Path& part) { return find(shape, part) != nullptr; });
}

Error placed(Error error, const Operation& operation)
{
    if (error.place.empty())
        error.place = operation.route();
    return error;
}

} // namespace

Task<Result<WalkReport>>
Reader::list(const Kind& kind, Scope scope, PageSink sink, CallContext context)
{
    if (!kind.list)
        co_return Error{Errc::refused, kind.name + " has no list"};
    WalkRequest request;
    request.kind = &kind;
    request.scope = scope;
    request.context = std::move(context);
    std::unordered_set<std::string> seen;
    const auto take = [&](List items) -> Result<bool> {
        std::vector<Observed> page;
        page.reserve(items.size());
        for (Value& item : items) {
            auto object = decode(kind, scope, std::move(item));
            if (!object)
                return placed(object.error(), kind.list->call);
            object->complete = !kind.list->index_only && kind.read.more.empty();
            if (seen.insert(identity_of(kind, *object)).second)
                page.push_back(std::move(*object));
        }
        if (auto taken = sink(std::move(page)); !taken)
            return taken.error();
        return true;
    };
    ItemSink items = take;
    auto report = co_await walk_items(transport_, std::move(request), std::move(items));
    co_return report;
}

Task<Result<std::optional<Observed>>>
Reader::read(const Kind& kind, Scope scope, std::string uid, CallContext context)
{
    ObjectCall about(kind, std::move(scope), std::move(uid), std::move(context));
    if (kind.read.call.empty()) {
        auto object = co_await read_via_list(std::move(about));
        co_return object;
    }
    auto object = co_await read_directly(std::move(about));
    co_return object;
}

// The answer to one read; nothing when it says that there is no such object.
Task<Result<std::optional<Value>>>
Reader::read_answer(const ObjectCall& about, const Operation& operation, Parameters parameters)
{
    const Kind& kind = *about.kind;
    Call call;
    call.kind = &kind;
    call.operation = &operation;
    call.scope = about.scope;
    call.parameters = std::move(parameters);
    call.body_template = operation.body;
    call.absent = &kind.absent;
    call.context = about.context;
    auto answer = co_await transport_.send(std::move(call));
    if (!answer) {
        if (means_absent(kind.absent, answer.error()))
            co_return std::optional<Value>();
        co_return answer.error();
    }
    if (kind.absent.state && kind.absent.state->holds(answer->body))
        co_return std::optional<Value>();
    co_return std::optional<Value>(std::move(answer->body));
}

Task<Result<std::optional<Observed>>> Reader::read_directly(ObjectCall about)
{
    const Kind& kind = *about.kind;
    Parameters parameters = object_parameters(kind, about.scope, about.uid);
    auto answer = co_await read_answer(about, kind.read.call, std::move(parameters));
    if (!answer)
        co_return answer.error();
    if (!*answer)
        co_return std::optional<Observed>();
    Value object = Map{};
    put(object, kind.read.into, std::move(**answer));
    if (object.if_map() == nullptr)
        co_return Error{Errc::rejected, "the answer is not an object", kind.read.call.route()};
    for (const ExtraRead& extra : kind.read.more) {
        auto added = co_await read_more(about, extra, object);
        if (!added)
            co_return added.error();
    }
    auto observed = decode(kind, about.scope, object, about.uid);
    if (!observed)
        co_return placed(observed.error(), kind.read.call);
    if (!is_about_object(kind, object, observed->value))
        co_return Error{Errc::rejected,
                        "the answer is not about an object of " + kind.name,
                        kind.read.call.route()};
    observed->raw = std::move(object);
    co_return std::optional<Observed>(std::move(*observed));
}

Task<Result<void>> Reader::read_more(const ObjectCall& about, const ExtraRead& extra, Value& object)
{
    if (extra.for_each) {
        auto added = co_await read_each(about, extra, object);
        co_return added;
    }
    Parameters parameters = object_parameters(*about.kind, about.scope, about.uid);
    auto answer = co_await read_answer(about, extra.call, std::move(parameters));
    if (!answer)
        co_return answer.error();
    Value* part = *answer ? find(**answer, extra.from) : nullptr;
    if (part != nullptr && !part->is_null())
        put(object, extra.into, std::move(*part));
    co_return Result<void>{};
}

Task<Result<void>> Reader::read_each(const ObjectCall& about, const ExtraRead& extra, Value& object)
{
    Value* at = find(object, *extra.for_each);
    List* elements = at != nullptr ? at->if_list() : nullptr;
    if (elements == nullptr)
        co_return Result<void>{};
    if (elements->size() > elements_max)
        co_return Error{
            Errc::too_large, "there are too many elements to read one by one", extra.call.route()};
    for (Value& element : *elements) {
        const Value* needed = extra.when ? find(element, *extra.when) : nullptr;
        if (extra.when && (needed == nullptr || is_empty(*needed)))
            continue;
        Parameters parameters = object_parameters(*about.kind, about.scope, about.uid);
        for (const std::string& name : parameter_names(extra.call.path)) {
            const auto path = Path::parse(name);
            const Value* value = path ? find(element, *path) : nullptr;
            if (value != nullptr)
                parameters.emplace(name, *value);
        }
        auto answer = co_await read_answer(about, extra.call, std::move(parameters));
        if (!answer)
            co_return answer.error();
        Value* part = *answer ? find(**answer, extra.from) : nullptr;
        if (part != nullptr && !part->is_null())
            put(element, extra.into, std::move(*part));
    }
    co_return Result<void>{};
}

Task<Result<std::map<std::string, std::string>>> Reader::bootstrap(CallContext context)
{
    auto values = co_await transport_.bootstrap(std::move(context));
    if (!values)
        co_return values.error();
    std::map<std::string, std::string> texts;
    for (const auto& [name, value] : *values)
        texts.emplace(name, value.string_or_empty());
    co_return texts;
}

} // namespace trueup::rest
