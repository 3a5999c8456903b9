#include "api/sandbox/sandbox.hpp"

#include "api/sandbox/dump.hpp"
#include "api/sandbox/engine.hpp"
#include "api/sandbox/router.hpp"
#include "api/sandbox/sessions.hpp"
#include "state/model/json.hpp"

#include <boost/assert.hpp>
#include <boost/url/grammar/ci_string.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace trueup {

namespace {

using sandbox::Answer;
using sandbox::Call;
using sandbox::Deed;
using sandbox::refusal;

constexpr std::size_t log_entries_max = 200'000;
constexpr std::size_t trace_bytes = 16;

SandboxOptions with_defaults(SandboxOptions options)
{
    if (options.api_key.empty())
        options.api_key = "sandbox";
    if (options.tenant_uid.empty())
        options.tenant_uid = "5f0c0de00000000000000001";
    if (options.rules == nullptr) {
        auto rules = read_sandbox_rules();
        BOOST_VERIFY(rules);
        options.rules = *rules;
    }
    return options;
}

sandbox::Setting setting_of(const SandboxOptions& options)
{
    return {options.seed, options.email, options.tenant_uid, options.async_duration};
}

bool equal_names(std::string_view a, std::string_view b)
{
    return boost::urls::grammar::ci_is_equal(a, b);
}

// The value of a request header, the credential included, or "".
std::string header_of(const HttpRequest& request, std::string_view name)
{
    if (request.credential && equal_names(request.credential_header, name))
        return std::string(request.credential->reveal());
    for (const Header& header : request.headers)
        if (equal_names(header.name, name))
            return header.value;
    return "";
}

// Where a request goes, taken apart and decoded.
struct Target {
    std::string path;
    std::string query;
    std::vector<std::string> steps;
    Map parameters;
};

std::optional<Target> parse_target(const std::string& text)
{
    const auto url = boost::urls::parse_origin_form(text);
    if (!url)
        return std::nullopt;
    Target target;
    const boost::urls::string_view path = url->encoded_path();
    const boost::urls::string_view query = url->encoded_query();
    target.path.assign(path.data(), path.size());
    target.query.assign(query.data(), query.size());
    for (const auto& segment : url->segments())
        target.steps.emplace_back(segment.data(), segment.size());
    for (const auto& parameter : url->params())
        target.parameters.set(std::string(parameter.key.data(), parameter.key.size()),
                              std::string(parameter.value.data(), parameter.value.size()));
    return target;
}

HttpResponse to_http(const Answer& answer, const std::string& trace)
{
    HttpResponse response;
    response.status = answer.status;
    if (answer.wrote)
        response.headers.emplace_back("AuditUid", trace);
    if (!answer.body)
        return response;
    response.headers.emplace_back("Content-Type", "application/json");
    if (answer.status < 400) {
        response.body = json::write(*answer.body);
        return response;
    }
    Value body = *answer.body;
    body.if_map()->set("ref", trace);
    response.body = json::write(body);
    return response;
}

class RuledSandbox final : public Sandbox {
public:
    explicit RuledSandbox(SandboxOptions options)
        : options_(with_defaults(std::move(options))),
          router_(*options_.rules),
          engine_(options_.rules, setting_of(options_)),
          sessions_(options_.seed + 1, options_.token_lifetime),
          limits_(options_.rate),
          traces_(options_.seed + 2)
    {
    }

    HttpResponse handle(const HttpRequest& request, WallTime now) override;
    const std::vector<SandboxRequest>& log() const override { return log_; }
    void clear_log() override { log_.clear(); }
    std::string dump() const override { return dump_world(engine_.world()); }
    Result<void> load(const std::string& text) override;
    std::size_t count(const std::string& collection) const override;
    bool is_write(const HttpRequest& request) const override;
    std::string put_object(const std::string& collection,
                           const std::string& project_uid,
                           const std::string& text) override;
    bool remove_object(const std::string& collection, const std::string& uid) override;
    bool patch_object(const std::string& collection,
                      const std::string& uid,
                      const std::string& text) override;
    void shuffle(const std::string& collection, std::uint64_t seed) override;
    std::string uid_of(const std::string& collection, const std::string& name) const override;

private:
    Answer answer(const HttpRequest& request, const Target& target, WallTime now);
    Answer answer_route(const HttpRequest& request, Call call);
    Answer login(const Call& call);
    Answer token(WallTime now);
    bool is_known(const HttpRequest& request, WallTime now) const;
    std::optional<Answer> refuse_scope(const Call& call) const;

    SandboxOptions options_;
    sandbox::Router router_;
    sandbox::Engine engine_;
    sandbox::Sessions sessions_;
    sandbox::RateLimits limits_;
    sandbox::Supply traces_; // of AuditUid and ref, apart: reading leaves no trace in the world
    std::vector<SandboxRequest> log_;
    WallTime now_{};
};

HttpResponse RuledSandbox::handle(const HttpRequest& request, WallTime now)
{
    now_ = now;
    SandboxRequest entry;
    entry.method = request.method;
    entry.body = request.body;
    entry.project_uid = header_of(request, "ProjectUid");
    Answer result = refusal(400, "InvalidRequest", "the request's target cannot be read");
    if (const auto target = parse_target(request.target)) {
        entry.path = target->path;
        entry.query = target->query;
        result = answer(request, *target, now);
    }
    entry.status = result.status;
    entry.writes = result.wrote;
    if (log_.size() == log_entries_max)
        log_.erase(log_.begin(), log_.begin() + log_entries_max / 2);
    log_.push_back(std::move(entry));
    return to_http(result, traces_.hex(trace_bytes));
}

bool RuledSandbox::is_known(const HttpRequest& request, WallTime now) const
{
    const std::string key = header_of(request, "ApiKey");
    if (!key.empty())
        return key == options_.api_key;
    return sessions_.is_open(header_of(request, "Authorization"), now);
}

Answer RuledSandbox::answer(const HttpRequest& request, const Target& target, WallTime now)
{
    if (!limits_.take(sandbox::rate_prefix(target.steps), now))
        return refusal(429, "TooManyRequests", "too many requests");
    sandbox::Router::Match match = router_.match(request.method, target.steps);
    const bool is_login = match.route != nullptr &&
                          (match.route->deed == Deed::login || match.route->deed == Deed::refresh);
    if (!is_login && !is_known(request, now))
        return refusal(401, "Unauthorized", "the credential is missing, wrong or expired");
    if (match.route == nullptr && match.allowed.empty())
        return refusal(404, "RouteNotFound", "no route is " + target.path);
    if (match.route == nullptr)
        return refusal(405, "MethodNotAllowed", "the route takes " + match.allowed);
    Call call;
    call.route = match.route;
    call.params = std::move(match.params);
    call.query = target.parameters;
    call.now = now;
    call.project = header_of(request, "ProjectUid");
    // kinds.md a.1: the documents' samples also show a query form.
    for (const char* name : {"ProjectUid", "projectUid"})
        if (const Value* value = target.parameters.find(name); value && call.project.empty())
            call.project = value->string_or_empty();
    return answer_route(request, std::move(call));
}

Answer RuledSandbox::answer_route(const HttpRequest& request, Call call)
{
    if (auto refused = refuse_scope(call))
        return *refused;
    const sandbox::Route& route = *call.route;
    const bool takes_body = route.body || !route.search.empty() || route.patches;
    if (takes_body && !request.body.empty()) {
        auto body = json::parse(request.body);
        if (!body)
            return refusal(400, "InvalidRequest", "the body is not JSON: " + body.error().message);
        // A patch keeps its nulls: they are values.
        call.body =
            route.deed == Deed::json_patch ? std::move(*body) : sandbox::without_nulls(*body);
    }
    if (route.deed == Deed::login)
        return login(call);
    if (route.deed == Deed::refresh) {
        const Value* old = call.params.if_map()->find("token");
        if (!sessions_.is_open(old->string_or_empty(), call.now))
            return refusal(401, "Unauthorized", "the token is unknown or expired");
        return token(call.now);
    }
    return engine_.perform(call);
}

std::optional<Answer> RuledSandbox::refuse_scope(const Call& call) const
{
    if (call.project.empty())
        return std::nullopt;
    const sandbox::Collection& collection = *call.route->collection;
    if (collection.scope == sandbox::Scope::tenant) {
        if (collection.project_header == sandbox::ProjectHeader::refuse)
            return refusal(400, "InvalidScope", "the call takes no ProjectUid");
        return std::nullopt;
    }
    if (engine_.world().shelf("projects")->find(call.project) == nullptr)
        return sandbox::not_found("the project " + call.project);
    return std::nullopt;
}

Answer RuledSandbox::token(WallTime now)
{
    return sandbox::shown(Map{{"Authorization", sessions_.open(now)}, {"isMfa", false}});
}

Answer RuledSandbox::login(const Call& call)
{
    if (const auto fault = find_fault(call.body, *call.route->body))
        return sandbox::bad_field(fault->field, fault->reason);
    const auto text = [&](const char* name) { return sandbox::text_at(call.body, Path({name})); };
    if (text("emailId") != options_.email || text("password") != options_.password)
        return refusal(401, "InvalidCredentials", "the email address or the password is wrong");
    return token(call.now);
}

Result<void> RuledSandbox::load(const std::string& text)
{
    return load_world(text, engine_.world());
}

std::size_t RuledSandbox::count(const std::string& name) const
{
    if (const sandbox::Shelf* shelf = engine_.world().shelf(name))
        if (options_.rules->find(name)->entry_lists.empty() ||
            !options_.rules->find(name)->singleton)
            return shelf->size();
    std::size_t total = 0;
    for (const auto& collection : options_.rules->collections)
        for (const auto& [list_name, path] : collection->entry_lists)
            if (list_name == name)
                for (const sandbox::Object* object : engine_.world().shelf(collection->name)->all())
                    if (const Value* list = find(object->data, path); list && list->if_list())
                        total += list->if_list()->size();
    return total;
}

bool RuledSandbox::is_write(const HttpRequest& request) const
{
    const auto target = parse_target(request.target);
    if (!target)
        return false;
    const sandbox::Router::Match match = router_.match(request.method, target->steps);
    return match.route != nullptr && match.route->writes();
}

std::string RuledSandbox::put_object(const std::string& collection,
                                     const std::string& project_uid,
                                     const std::string& text)
{
    auto body = json::parse(text);
    if (!body || body->if_map() == nullptr)
        return "";
    return engine_.put(collection, project_uid, std::move(*body), now_);
}

bool RuledSandbox::remove_object(const std::string& collection, const std::string& uid)
{
    return engine_.remove(collection, uid);
}

bool RuledSandbox::patch_object(const std::string& collection,
                                const std::string& uid,
                                const std::string& text)
{
    const auto merge = json::parse(text);
    return merge && merge->if_map() != nullptr && engine_.patch(collection, uid, *merge, now_);
}

void RuledSandbox::shuffle(const std::string& collection, std::uint64_t seed)
{
    if (sandbox::Shelf* shelf = engine_.world().shelf(collection))
        shelf->shuffle(sandbox::Supply(seed));
}

std::string RuledSandbox::uid_of(const std::string& collection, const std::string& name) const
{
    const sandbox::Shelf* shelf = engine_.world().shelf(collection);
    const Path path({"metadata", "name"});
    const auto row = shelf != nullptr ? shelf->with_text(path, name) : std::nullopt;
    for (const sandbox::Object* object : row ? *row : sandbox::Shelf::Row{})
        if (sandbox::text_at(object->data, path) == name)
            return object->uid;
    return "";
}

} // namespace

Result<std::shared_ptr<const sandbox::Rules>> read_sandbox_rules()
{
    auto rules = sandbox::read_rules(sandbox::embedded_rules());
    if (!rules)
        return rules.error();
    return std::shared_ptr<const sandbox::Rules>(
        std::make_shared<sandbox::Rules>(std::move(*rules)));
}

std::unique_ptr<Sandbox> make_sandbox(SandboxOptions options)
{
    return std::make_unique<RuledSandbox>(std::move(options));
}

} // namespace trueup
