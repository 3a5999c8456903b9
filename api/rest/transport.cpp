#include "api/rest/transport.hpp"

#include "api/rest/failures.hpp"
#include "state/model/json.hpp"

namespace trueup {

namespace {

constexpr Duration pause_after_429 = std::chrono::seconds(1);
constexpr int reauthorisations_max = 2;

void collect_secrets(const Value& value, std::vector<Secret>& secrets)
{
    if (const Secret* secret = value.if_secret())
        secrets.push_back(*secret);
    if (const Map* map = value.if_map())
        for (const auto& [name, member] : *map)
            collect_secrets(member, secrets);
    if (const List* list = value.if_list())
        for (const Value& item : *list)
            collect_secrets(item, secrets);
}

RetryPolicy policy_of(const RestOptions& options)
{
    RetryPolicy policy;
    policy.attempts_max = options.attempts_max;
    policy.backoff_min = options.backoff_min;
    policy.backoff_max = options.backoff_max;
    policy.retry_after_max = options.retry_after_max;
    return policy;
}

// "GET /v1/roles/{}": two names of one parameter make one route.
std::string shape_of(const Operation& operation)
{
    std::string shape;
    bool inside = false;
    for (const char c : operation.route()) {
        if (!inside || c == '}')
            shape += c;
        if (c == '{' || c == '}')
            inside = c == '{';
    }
    return shape;
}

bool is_read(const Operation& operation)
{
    return operation.operation_class == OperationClass::read ||
           operation.operation_class == OperationClass::login;
}

} // namespace

Transport::Transport(const Catalogue& catalogue,
                     HttpClient& http,
                     Clock& clock,
                     Random& random,
                     EventSink& events,
                     RestOptions options)
    : catalogue_(catalogue), http_(http), clock_(clock), random_(random), events_(events),
      policy_(policy_of(options)), rate_(catalogue.api, options.rate, clock),
      auth_(catalogue.api,
            std::move(options.credentials),
            std::move(options.reload),
            clock,
            [this](const Operation& operation, Parameters parameters, std::optional<Value> body) {
                return ask_login(operation, std::move(parameters), std::move(body));
            })
{
}

Task<Result<Value>>
Transport::ask_login(const Operation& operation, Parameters parameters, std::optional<Value> body)
{
    Call call;
    call.operation = &operation;
    call.kind = "login";
    if (body) {
        auto filled = fill_names(*body, parameters);
        if (!filled)
            co_return filled.error();
        // The password travels as a secret, so that nothing on the way shows it.
        const SecretHasher no_hash;
        if (Map* map = filled->if_map())
            for (auto& [name, value] : *map)
                if (value.string_or_empty() == parameters["password"])
                    value = no_hash.make(value.string_or_empty(), "login");
        call.body = std::move(*filled);
    }
    call.parameters = std::move(parameters);
    auto answer = co_await attempt_all(std::move(call), Signing::off);
    if (!answer)
        co_return answer.error();
    co_return std::move(answer->body);
}

Result<HttpRequest> Transport::prepare(const Call& call, std::vector<Secret>& secrets) const
{
    const Operation& operation = *call.operation;
    HttpRequest request;
    request.method = operation.method;
    request.route = operation.route();
    auto path = fill_text(operation.path, call.parameters, true);
    if (!path)
        return path.error();
    request.target = std::move(*path);
    char separator = '?';
    const auto add = [&](const std::string& name, const std::string& value) {
        request.target += separator + percent_encode(name) + "=" + percent_encode(value, "+=:@");
        separator = '&';
    };
    for (const QueryParameter& parameter : operation.query) {
        auto value = fill_text(parameter.value, call.parameters, false);
        if (!value)
            return value.error();
        add(parameter.name, *value);
    }
    for (const QueryParameter& parameter : call.query)
        add(parameter.name, parameter.value);
    if (call.scope_header && call.scope.project)
        request.headers.emplace_back(catalogue_.api.scope_header, call.scope.uid);
    if (call.body) {
        collect_secrets(*call.body, secrets);
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = json::write(*call.body, json::Secrets::reveal);
        request.sensitive_body = !secrets.empty();
    }
    request.repeatable = operation.operation_class != OperationClass::create &&
                         operation.operation_class != OperationClass::action;
    return request;
}

Task<Result<Answer>> Transport::send(Call call)
{
    auto answer = co_await attempt_all(std::move(call), Signing::on);
    co_return answer;
}

Task<Result<Answer>> Transport::attempt_all(Call call, Signing signing)
{
    if (call.scope_header && call.scope.project && call.scope.uid.empty())
        co_return Error{Errc::internal, "the project has no uid yet", call.context.address};
    int reauthorisations = 0;
    for (int number = 1;; ++number) {
        std::vector<Secret> secrets;
        auto request = prepare(call, secrets);
        if (!request)
            co_return request.error();
        int generation = 0;
        if (signing == Signing::on) {
            auto authorised = co_await auth_.authorise(*request, generation);
            if (!authorised)
                co_return authorised.error();
        }
        for (Secret& secret : auth_.secrets())
            secrets.push_back(std::move(secret));
        HttpRequest ready = std::move(*request);
        auto answer = co_await attempt(call, std::move(ready), number, secrets);
        if (answer)
            co_return answer;
        const Error& error = answer.error();
        if (error.code == Errc::unauthorized && signing == Signing::on &&
            reauthorisations < reauthorisations_max) {
            ++reauthorisations;
            const bool renewed = co_await auth_.rejected(generation);
            if (renewed)
                continue;
            co_return answer;
        }
        const auto wait = wait_before_retry(
            policy_, call.operation->operation_class, number, error, random_);
        if (!wait)
            co_return answer;
        co_await clock_.sleep(*wait);
    }
}

Task<Result<Answer>> Transport::attempt(const Call& call,
                                        HttpRequest request,
                                        int number,
                                        const std::vector<Secret>& secrets)
{
    const Operation& operation = *call.operation;
    co_await rate_.acquire(operation.path);
    const Instant begin = clock_.now();
    ++requests_sent_;
    auto response = co_await http_.send(std::move(request));
    const Duration duration = clock_.now() - begin;
    if (!response) {
        Error error = response.error();
        error.place = operation.route();
        emit(call, 0, number, duration, "", &error);
        co_return error;
    }
    const std::string audit_uid = tame(response->header(catalogue_.api.audit_header));
    if (!is_success(operation, response->status)) {
        Error error = failure_of(catalogue_.api, operation, *response, secrets);
        if (response->status == 429 || response->status == 503)
            error.retry_after = [&]() -> std::optional<std::chrono::milliseconds> {
                const auto asked = parse_retry_after(
                    response->header("Retry-After"), clock_.wall(), policy_.retry_after_max);
                if (!asked)
                    return std::nullopt;
                return std::chrono::ceil<std::chrono::milliseconds>(*asked);
            }();
        if (response->status == 429) {
            Duration pause = pause_after_429;
            if (error.retry_after)
                pause = *error.retry_after;
            rate_.slow_down(operation.path, pause);
        }
        if (error.code == Errc::unauthorized)
            error.advice = "check the API key or login, and that it is for this tenant";
        emit(call, response->status, number, duration, audit_uid, &error);
        co_return error;
    }
    rate_.succeeded(operation.path);
    Answer answer;
    answer.status = response->status;
    answer.link = std::string(response->header("Link"));
    answer.audit_uid = audit_uid;
    if (!response->body.empty()) {
        auto body = json::parse(response->body);
        if (!body) {
            Error error(Errc::rejected, "the answer is not what it should be: " + body.error().message,
                        operation.route());
            // The status said that it was done; what exactly, nobody knows.
            error.effect = is_read(operation) ? Effect::none : Effect::unknown;
            emit(call, response->status, number, duration, audit_uid, &error);
            co_return error;
        }
        answer.body = std::move(*body);
    }
    emit(call, response->status, number, duration, audit_uid, nullptr);
    co_return answer;
}

void Transport::emit(const Call& call,
                     int status,
                     int attempt,
                     Duration duration,
                     const std::string& audit_uid,
                     const Error* error)
{
    Event event(EventType::api_call,
                error == nullptr ? Level::info : Level::warning,
                error == nullptr ? std::string() : error->message);
    event.address = call.context.address.empty() ? call.kind : call.context.address;
    event.plan_id = call.context.plan_id;
    event.call = call.operation->route();
    event.operation = name_of(call.operation->operation_class);
    event.status = status;
    event.attempt = attempt;
    event.duration = duration;
    event.audit_uid = audit_uid;
    if (error != nullptr)
        event.error = name_of(error->code);
    events_.emit(event);
}

// ---- reads only -----------------------------------------------------------------------------------

ReadTransport::ReadTransport(Transport& transport) : transport_(transport)
{
    const auto allow = [this](const Operation& operation) {
        if (!operation.empty() && is_read(operation))
            allowed_.insert(shape_of(operation));
    };
    const Catalogue& catalogue = transport.catalogue();
    for (const Bootstrap& bootstrap : catalogue.api.bootstrap)
        allow(bootstrap.call);
    for (const Kind& kind : catalogue.kinds) {
        if (kind.list)
            allow(kind.list->call);
        allow(kind.read.call);
        for (const ExtraRead& more : kind.read.more)
            allow(more.call);
        if (kind.readiness && kind.readiness->call)
            allow(*kind.readiness->call);
    }
}

Task<Result<Answer>> ReadTransport::send(Call call)
{
    if (!is_read(*call.operation) || !allowed_.contains(shape_of(*call.operation)))
        co_return Error{Errc::refused,
                        "kind " + call.kind + " wants to send " + call.operation->route() +
                            " (" + call.operation->name + "), which is no read",
                        call.context.address,
                        "its kind file must list it with class read, if it is one"};
    auto answer = co_await transport_.send(std::move(call));
    co_return answer;
}

} // namespace trueup
