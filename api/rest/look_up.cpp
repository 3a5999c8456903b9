// Finding objects through a list: by natural key, and by uid where a kind has no read call.

#include "api/rest/codec.hpp"
#include "api/rest/merge.hpp"
#include "api/rest/object_call.hpp"
#include "api/rest/reader.hpp"
#include "api/rest/walk.hpp"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace trueup::rest {

namespace {

constexpr int walks_max = 5; // of one list, until enough in a row agree

// Some APIs count what they do not show: a list that says it holds more is asked once more, and
// believed then.
constexpr int agreeing = 2;
constexpr int agreeing_if_short = 3;

std::string without_outer_space(const std::string& text)
{
    constexpr std::string_view space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(space);
    if (first == std::string::npos)
        return {};
    return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// A key in the form in which two that mean the same are equal, as far as the kind says.
std::vector<std::string> comparable(const Kind& kind, std::vector<std::string> key)
{
    for (std::size_t i = 0; i < key.size() && i < kind.key.size(); ++i) {
        const Field* field = field_at(kind.schema, kind.key[i]);
        if (field == nullptr)
            continue;
        for (const Normaliser normaliser : field->normalise) {
            if (normaliser == Normaliser::trim)
                key[i] = without_outer_space(key[i]);
            if (normaliser == Normaliser::lower_case)
                std::ranges::transform(key[i], key[i].begin(), [](char c) {
                    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
                });
        }
    }
    return key;
}

// Completed with the defaults of the schema, as addresses leave them out.
std::vector<std::string> completed(const Kind& kind, std::vector<std::string> key)
{
    while (key.size() < kind.key.size()) {
        const Field* field = field_at(kind.schema, kind.key[key.size()]);
        if (field == nullptr || !field->default_value)
            break;
        key.push_back(field->default_value->string_or_empty());
    }
    return comparable(kind, std::move(key));
}

// Whether an entry of the list says its whole key: a default must not stand for a field that the
// list does not carry.
bool says_key(const Kind& kind, const Value& value)
{
    return std::ranges::all_of(kind.key, [&](const Path& path) {
        if (find(value, path) != nullptr)
            return true;
        const auto& covers = kind.list->covers;
        return !kind.list->index_only || std::ranges::any_of(covers, [&](const Path& covered) {
            return path.within(covered);
        });
    });
}

} // namespace

// What one walk saw.
struct Reader::Walked {
    Walked() = default;

    bool sure = false;
    bool is_short = false; // the list says that it holds more
    // uid and key of everything, in the order of neither: what two walks must agree on.
    std::set<std::pair<std::string, std::vector<std::string>>> all;
    std::vector<Value> matches; // as the list has them
};

Task<Result<Reader::Walked>> Reader::walk_once(ObjectCall about, std::vector<std::string> key)
{
    const Kind& kind = *about.kind;
    Walked walked;
    std::unordered_set<std::string> matched;
    const auto take = [&](List items) -> Result<bool> {
        for (Value& item : items) {
            auto object = decode(kind, about.scope, item);
            if (!object)
                return object.error();
            std::vector<std::string> found = comparable(kind, key_of(kind, object->value));
            const bool by_uid = !about.uid.empty();
            const bool matches =
                by_uid ? object->uid == about.uid : found == key || !says_key(kind, object->value);
            walked.all.emplace(object->uid, std::move(found));
            const bool ours = by_uid || !object->foreign_scope;
            // A walk that had to begin anew shows the same once more.
            const bool is_new = matches && ours &&
                                (object->uid.empty() ? std::ranges::find(walked.matches, item) ==
                                                           walked.matches.end()
                                                     : matched.insert(object->uid).second);
            if (is_new)
                walked.matches.push_back(std::move(item));
            if (by_uid && matches)
                return false;
        }
        return true;
    };
    WalkRequest request;
    request.kind = &kind;
    request.scope = about.scope;
    if (about.uid.empty())
        request.key = key;
    request.context = about.context;
    ItemSink items = take;
    auto report = co_await walk_items(transport_, std::move(request), std::move(items));
    if (!report)
        co_return report.error();
    walked.is_short = report->is_short;
    walked.sure = report->proves_absence || (!about.uid.empty() && !walked.matches.empty());
    co_return walked;
}

Task<Result<Reader::Walked>> Reader::walk_until_sure(ObjectCall about, std::vector<std::string> key)
{
    std::optional<Walked> before;
    int same = 0; // walks in a row that saw the same
    for (int walk = 0; walk < walks_max; ++walk) {
        auto walked = co_await walk_once(about, key);
        if (!walked)
            co_return walked.error();
        same = before && before->all == walked->all ? same + 1 : 1;
        if (walked->sure || same >= (walked->is_short ? agreeing_if_short : agreeing))
            co_return walked;
        before = std::move(*walked);
    }
    co_return Error{Errc::rejected,
                    "too few of " + std::to_string(walks_max) + " walks over " + about.kind->name +
                        " in a row saw the same objects",
                    about.kind->list->call.route(),
                    "try again when fewer changes are made"};
}

Task<Result<std::optional<Observed>>> Reader::read_via_list(ObjectCall about)
{
    const Kind& kind = *about.kind;
    if (!kind.list)
        co_return Error{Errc::refused, kind.name + " has neither a read call nor a list"};
    if (about.uid.empty())
        co_return Error{Errc::internal, "a read of " + kind.name + " needs a uid"};
    std::vector<std::string> any_key;
    auto walked = co_await walk_until_sure(about, std::move(any_key));
    if (!walked)
        co_return walked.error();
    if (walked->matches.empty())
        co_return std::optional<Observed>();
    Value item = std::move(walked->matches.front());
    if (kind.absent.state && kind.absent.state->holds(item))
        co_return std::optional<Observed>();
    auto object = decode(kind, about.scope, item, about.uid);
    if (!object)
        co_return object.error();
    object->raw = std::move(item);
    co_return std::optional<Observed>(std::move(*object));
}

Task<Result<std::vector<Observed>>>
Reader::look_up(const Kind& kind, Scope scope, std::vector<std::string> key, CallContext context)
{
    ObjectCall about(kind, std::move(scope), std::string(), std::move(context));
    if (kind.is_singleton()) {
        std::vector<Observed> found;
        auto object = co_await read_directly(std::move(about));
        if (!object)
            co_return object.error();
        if (*object)
            found.push_back(std::move(**object));
        co_return found;
    }
    if (!kind.list)
        co_return Error{Errc::refused, kind.name + " has no list to look it up in"};
    std::vector<std::string> wanted = completed(kind, std::move(key));
    if (wanted.size() != kind.key.size())
        co_return Error{Errc::internal,
                        "the key of a " + kind.name + " has " + std::to_string(kind.key.size()) +
                            " parts"};
    auto walked = co_await walk_until_sure(about, wanted);
    if (!walked)
        co_return walked.error();
    Walked matches = std::move(*walked);
    auto found = co_await read_matches(std::move(about), std::move(matches), std::move(wanted));
    co_return found;
}

// The entries in full. An entry may be of another key than it said, or gone by now.
Task<Result<std::vector<Observed>>>
Reader::read_matches(ObjectCall about, Walked walked, std::vector<std::string> key)
{
    const Kind& kind = *about.kind;
    std::vector<Observed> found;
    for (Value& item : walked.matches) {
        auto entry = decode(kind, about.scope, item);
        if (!entry)
            co_return entry.error();
        if (!kind.read.call.empty()) {
            ObjectCall one(kind, about.scope, entry->uid, about.context);
            auto object = co_await read_directly(std::move(one));
            if (!object)
                co_return object.error();
            if (!*object)
                continue;
            (*object)->builtin = (*object)->builtin || entry->builtin;
            entry = std::move(**object);
        } else {
            entry->raw = std::move(item);
        }
        if (comparable(kind, key_of(kind, entry->value)) == key && !entry->foreign_scope)
            found.push_back(std::move(*entry));
    }
    co_return found;
}

} // namespace trueup::rest
