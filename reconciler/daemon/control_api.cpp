#include "reconciler/daemon/control_api.hpp"

#include "reconciler/daemon/status_json.hpp"
#include "state/model/address.hpp"
#include "state/model/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace trueup {

namespace {

constexpr std::string_view resources_path = "/v1/resources";

constexpr std::array<std::string_view, 9> readable{"/healthz",
                                                   "/readyz",
                                                   "/metrics",
                                                   "/v1/status",
                                                   "/v1/plan",
                                                   resources_path,
                                                   "/v1/history",
                                                   "/v1/events",
                                                   "/v1/resources/"};
constexpr std::array<std::string_view, 4> changing{
    "/v1/reconcile", "/v1/approve", "/v1/suspend", "/v1/resume"};

ServerReply reply_of(int status, std::string type, std::string body)
{
    ServerReply reply;
    reply.response.status = status;
    reply.response.headers.emplace_back("Content-Type", std::move(type));
    reply.response.headers.emplace_back("Cache-Control", "no-store");
    reply.response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    reply.response.body = std::move(body);
    return reply;
}

ServerReply json_reply(const Value& value, int status = 200)
{
    return reply_of(status, "application/json", json::write(value) + "\n");
}

ServerReply yes_or_no(bool yes, std::string_view word)
{
    return reply_of(yes ? 200 : 503,
                    "text/plain; charset=utf-8",
                    (yes ? "" : "not ") + std::string(word) + "\n");
}

int status_of(Errc code)
{
    switch (code) {
    case Errc::invalid_input:
        return 400;
    case Errc::unauthorized:
        return 401;
    case Errc::forbidden:
        return 403;
    case Errc::not_found:
        return 404;
    case Errc::conflict:
        return 409;
    case Errc::refused:
        return 422;
    case Errc::busy:
        return 503;
    default:
        return 500;
    }
}

// The address that the rest of a path stands for: as it is printed, or with everything encoded once
// more.
std::string address_in(std::string_view rest)
{
    if (const auto address = Address::parse(rest))
        return address->text();
    const auto decoded = percent_decode(rest);
    const auto address = decoded ? Address::parse(*decoded) : Result<Address>(decoded.error());
    return address ? address->text() : std::string(rest);
}

std::string header_of(const HttpRequest& request, std::string_view name)
{
    HttpResponse lookup;
    lookup.headers = request.headers;
    return std::string(lookup.header(name));
}

// A body is a JSON object with no member but these.
Result<Map> read_body(const std::string& text, const std::vector<std::string>& members)
{
    if (text.empty())
        return Map();
    json::Limits limits;
    limits.bytes_max = 64U << 10U;
    limits.depth_max = 4;
    auto value = json::parse(text, limits);
    if (!value)
        return Error{Errc::invalid_input, "the body is not JSON: " + value.error().message};
    const Map* map = value->if_map();
    if (map == nullptr)
        return Error{Errc::invalid_input, "the body is not a JSON object"};
    for (const auto& [name, member] : *map) {
        if (std::ranges::find(members, name) == members.end())
            return Error{Errc::invalid_input,
                         "the body has an unknown member " + json::write(Value(name)),
                         "",
                         did_you_mean(name, members)};
        if (member.if_string() == nullptr)
            return Error{Errc::invalid_input, name + " is not a string"};
    }
    return *map;
}

std::string text_of(const Map& map, std::string_view name)
{
    const Value* value = map.find(name);
    return value != nullptr ? value->string_or_empty() : std::string();
}

} // namespace

// The parts of "/v1/history?limit=5".
struct ControlApi::Query {
    explicit Query(std::string_view target)
    {
        const std::size_t mark = std::min(target.find('?'), target.size());
        path = target.substr(0, mark);
        std::string_view rest = target.substr(std::min(mark + 1, target.size()));
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('&'), rest.size());
            const std::string_view pair = rest.substr(0, end);
            const std::size_t equals = std::min(pair.find('='), pair.size());
            const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())));
            parameters[std::string(pair.substr(0, equals))] = value ? *value : std::string();
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }

    // "" when it was not given.
    std::string parameter(const std::string& name) const
    {
        const auto found = parameters.find(name);
        return found != parameters.end() ? found->second : std::string();
    }

    std::string path;
    std::map<std::string, std::string> parameters;
};

ServerReply error_reply(const Error& error)
{
    Map inner;
    inner.set("code", std::string(name_of(error.code)));
    inner.set("message", error.message);
    if (!error.place.empty())
        inner.set("place", error.place);
    if (!error.advice.empty())
        inner.set("advice", error.advice);
    Map outer;
    outer.set("error", std::move(inner));
    return json_reply(outer, status_of(error.code));
}

ServerReply ControlApi::answer(const std::string& by, const HttpRequest& request)
{
    const Query query(request.target);
    const bool known = std::ranges::find(readable, query.path) != readable.end() ||
                       query.path.starts_with("/v1/resources/");
    const bool changes = std::ranges::find(changing, query.path) != changing.end();
    if (!known && !changes)
        return error_reply(
            Error{Errc::not_found, "there is no such path", "", "see the guide for what there is"});
    const bool gets = request.method == "GET" || request.method == "HEAD";
    if (changes ? request.method != "POST" : !gets) {
        ServerReply reply = error_reply(
            Error{Errc::invalid_input, "this path takes " + std::string(changes ? "POST" : "GET")});
        reply.response.status = 405;
        reply.response.headers.emplace_back("Allow", changes ? "POST" : "GET, HEAD");
        return reply;
    }
    return changes ? post(query.path, by, request) : get(query, request);
}

ServerReply ControlApi::get(const Query& query, const HttpRequest& request)
{
    if (query.path == "/healthz")
        return yes_or_no(control_.alive(), "alive");
    if (query.path == "/readyz")
        return yes_or_no(control_.ready(), "ready");
    if (query.path == "/metrics")
        return reply_of(200,
                        "text/plain; version=0.0.4; charset=utf-8",
                        metrics_.text(control_, clock_.wall()));
    if (query.path == "/v1/status")
        return json_reply(status_value(control_.status()));
    if (query.path == "/v1/history")
        return history(query);
    if (query.path == "/v1/events")
        return events(request);
    if (query.path == resources_path)
        return resources(query);
    if (query.path == "/v1/plan") {
        std::string plan = control_.plan();
        if (plan.empty())
            return error_reply(Error{Errc::not_found, "no round has made a plan yet"});
        return reply_of(200, "application/json", std::move(plan));
    }
    return resource(query.path.substr(resources_path.size() + 1));
}

ServerReply ControlApi::resource(const std::string& address)
{
    const std::string wanted = address_in(address);
    const auto found = control_.resource(wanted);
    if (!found)
        return error_reply(Error{Errc::not_found,
                                 "nothing of that address is declared or remembered",
                                 wanted,
                                 "see trueup status --all"});
    return json_reply(resource_value(*found));
}

ServerReply ControlApi::resources(const Query& query)
{
    const std::string condition = query.parameter("condition");
    // One after the other: the tree of all of them would take ten times the memory of the text.
    std::string text = "{\"resources\":[";
    const std::size_t start = text.size();
    for (const ResourceStatus& each : control_.resources()) {
        if (!condition.empty() && condition != name_of(each.condition))
            continue;
        text += text.size() == start ? "" : ",";
        text += json::write(resource_value(each));
    }
    return reply_of(200, "application/json", std::move(text += "]}\n"));
}

ServerReply ControlApi::history(const Query& query)
{
    std::size_t limit = history_default;
    if (const std::string text = query.parameter("limit"); !text.empty()) {
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), limit);
        if (failure != std::errc{} || end != text.data() + text.size() || limit == 0 ||
            limit > history_max)
            return error_reply(Error{Errc::invalid_input,
                                     "limit is a number from 1 to " + std::to_string(history_max)});
    }
    const std::string address = query.parameter("address");
    const auto records = control_.history(address.empty() ? limit : audit_search_max);
    if (!records)
        return error_reply(records.error());
    List list;
    for (const AuditRecord& record : *records)
        if ((address.empty() || record.address == address) && list.size() < limit)
            list.push_back(audit_value(record));
    Map map;
    map.set("records", std::move(list));
    return json_reply(map);
}

ServerReply ControlApi::events(const HttpRequest& request)
{
    ServerReply reply = reply_of(200, "text/event-stream", "");
    if (request.method == "HEAD")
        return reply;
    std::optional<std::uint64_t> seen;
    if (const std::string text = header_of(request, "Last-Event-ID"); !text.empty()) {
        std::uint64_t id = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
        if (failure == std::errc{} && end == text.data() + text.size())
            seen = id;
    }
    auto feed = events_.listen(seen);
    if (!feed)
        return error_reply(feed.error());
    reply.feed = std::move(*feed);
    return reply;
}

ServerReply
ControlApi::post(const std::string& path, const std::string& by, const HttpRequest& request)
{
    std::vector<std::string> members;
    if (path == "/v1/approve")
        members = {"digest"};
    else if (path == "/v1/suspend")
        members = {"target", "reason", "for"};
    else if (path == "/v1/resume")
        members = {"target"};
    const auto body = read_body(request.body, members);
    if (!body)
        return error_reply(body.error());
    Result<void> done;
    if (path == "/v1/reconcile")
        control_.reconcile(by);
    else if (path == "/v1/suspend")
        done = suspend(*body, by);
    else if (path == "/v1/resume")
        done = control_.resume(text_of(*body, "target"), by);
    else if (text_of(*body, "digest").empty())
        done = Error{Errc::invalid_input, "the body names no digest"};
    else
        done = control_.approve(text_of(*body, "digest"), by);
    if (!done)
        return error_reply(done.error());
    return json_reply(Map{{"accepted", true}}, path == "/v1/reconcile" ? 202 : 200);
}

Result<void> ControlApi::suspend(const Map& body, const std::string& by)
{
    Suspension suspension;
    suspension.target = text_of(body, "target");
    suspension.reason = text_of(body, "reason");
    suspension.by = by;
    suspension.since = clock_.wall();
    if (const std::string length = text_of(body, "for"); !length.empty()) {
        const auto duration = parse_duration(length);
        if (!duration)
            return duration.error();
        suspension.until =
            suspension.since + std::chrono::duration_cast<std::chrono::milliseconds>(*duration);
    }
    return control_.suspend(std::move(suspension));
}

} // namespace trueup
