#include "api/rest/sender.hpp"

#include "api/rest/errors.hpp"
#include "state/model/json.hpp"
#include "state/model/mutation.hpp"

#include <algorithm>

namespace trueup::rest {

namespace {

constexpr int waits_max = 10'000; // for one turn under the rate limit
// What was compared longer ago is compared again: somebody may have changed it meanwhile.
constexpr std::chrono::seconds comparison_holds{5};
constexpr std::chrono::seconds pause_unstated{1}; // after a 429 without Retry-After

RetryRules rules_of(const RestOptions& options)
{
    RetryRules rules;
    rules.attempts_max = options.attempts_max;
    rules.backoff_min = options.backoff_min;
    rules.backoff_max = options.backoff_max;
    rules.retry_after_max = options.retry_after_max;
    return rules;
}

bool is_success(const Operation& operation, int status)
{
    if (operation.success.empty())
        return status >= 200 && status < 300;
    return std::ranges::find(operation.success, status) != operation.success.end();
}

bool changes_something(const Operation& operation)
{
    return operation.operation_class != OperationClass::read &&
           operation.operation_class != OperationClass::login;
}

// What a request says about the host: whoever refuses it is there.
Breaker::Outcome outcome_of(const Result<HttpResponse>& response)
{
    if (response)
        return Breaker::Outcome::answered;
    switch (response.error().code) {
    case Errc::network:
    case Errc::timed_out:
    case Errc::server_failed:
        return Breaker::Outcome::failed;
    case Errc::cancelled:
        return Breaker::Outcome::unknown;
    default:
        return Breaker::Outcome::answered;
    }
}

CallAttempt attempt_of(const Event& event, const Error* error)
{
    CallAttempt attempt;
    attempt.number = event.attempt;
    attempt.status = event.status;
    attempt.audit_uid = event.audit_uid;
    attempt.duration = event.duration;
    if (error != nullptr) {
        attempt.error = error->code;
        attempt.message = error->message;
        attempt.effect = error->effect;
    }
    return attempt;
}

} // namespace

Sender::Sender(const ApiRules& api,
               HttpClient& http,
               Clock& clock,
               Random& random,
               EventSink& events,
               RestOptions options)
    : api_(api),
      http_(http),
      clock_(clock),
      random_(random),
      events_(events),
      retry_(rules_of(options)),
      limiter_(api, options.rate),
      auth_(api, clock, *this, std::move(options.credentials), std::move(options.reload))
{
    if (options.breaker)
        breaker_.emplace(*options.breaker);
}

ApiTraffic Sender::traffic() const
{
    const Instant now = clock_.now();
    ApiTraffic traffic;
    traffic.tokens = limiter_.tokens(now);
    if (!breaker_)
        return traffic;
    traffic.breaker = name_of(breaker_->state(now));
    if (is_left_alone())
        traffic.breaker_until = breaker_->open_until();
    return traffic;
}

bool Sender::is_left_alone() const
{
    return breaker_ && breaker_->state(clock_.now()) == Breaker::State::open;
}

Task<Result<HttpResponse>> Sender::send(Call call)
{
    bool renewed = false;
    bool lost = false; // an earlier attempt may have taken effect, whatever a later one says
    for (int number = 1;; ++number) {
        CallContext context = call.context;
        context.comparison = nullptr; // that of the call, not of a login: it would wait for itself
        auto credential = co_await auth_.credential(std::move(context));
        if (!credential) {
            Error error = credential.error();
            error.effect = lost ? Effect::unknown : Effect::none;
            co_return error;
        }
        auto ready = co_await make_ready(call);
        if (!ready) {
            Error error = ready.error();
            error.effect = lost ? Effect::unknown : Effect::none;
            co_return error;
        }
        auto response = co_await attempt_if_up(call, &*credential, number);
        if (response)
            co_return response;
        Error error = response.error();
        lost = lost || error.effect == Effect::unknown;
        error.effect = lost ? Effect::unknown : Effect::none;
        if (call.absent != nullptr && means_absent(*call.absent, error))
            co_return error;
        if (error.code == Errc::unauthorized && !mutated(Mutation::no_renewal)) {
            error.advice = auth_.advice();
            if (renewed)
                co_return error;
            renewed = true;
            CallContext again = call.context;
            again.comparison = nullptr;
            auto other = co_await auth_.renew(credential->generation, std::move(again));
            if (!other) {
                error = other.error();
                error.effect = lost ? Effect::unknown : Effect::none;
                co_return error;
            }
            if (!*other)
                co_return error;
            continue;
        }
        const auto wait =
            retry_wait(retry_, call.operation->operation_class, number, error, random_.next());
        if (!wait || is_left_alone())
            co_return error;
        co_await clock_.sleep(*wait);
    }
}

// What must hold before a request goes out, in the order in which it takes time.
Task<Result<void>> Sender::make_ready(const Call& call)
{
    auto known = co_await ensure_identity(call);
    if (!known)
        co_return known.error();
    auto turn = co_await wait_turn(call);
    if (!turn)
        co_return turn.error();
    auto holds = co_await compare_again(call);
    co_return holds;
}

// Makes anew what the call rests on, when it is long ago.
Task<Result<void>> Sender::compare_again(const Call& call)
{
    Comparison* comparison = call.context.comparison;
    const Instant now = clock_.now();
    if (comparison == nullptr || now - comparison->at < comparison_holds)
        co_return Result<void>{};
    auto again = comparison->again();
    auto holds = co_await std::move(again);
    comparison->at = now; // what is seen may be as old as the question
    co_return holds;
}

// The API's own calls are what the check itself is made with.
Task<Result<void>> Sender::ensure_identity(const Call& call)
{
    const std::uint64_t identity = auth_.identity();
    if (identity == identity_checked_ || !check_identity_ || call.kind == nullptr)
        co_return Result<void>{};
    CallContext context = call.context;
    context.comparison = nullptr; // that of the call, not of what is asked first
    auto same = co_await check_identity_(std::move(context));
    if (same)
        identity_checked_ = identity;
    co_return same;
}

Task<Result<HttpResponse>> Sender::send_login(Call call)
{
    for (int number = 1;; ++number) {
        auto turn = co_await wait_turn(call);
        if (!turn)
            co_return turn.error();
        auto response = co_await attempt_if_up(call, nullptr, number);
        if (response)
            co_return response;
        const auto wait = retry_wait(
            retry_, call.operation->operation_class, number, response.error(), random_.next());
        if (!wait || is_left_alone())
            co_return response.error();
        co_await clock_.sleep(*wait);
    }
}

// The attempt, unless the circuit breaker is open. It waits for the outcome of a probe.
Task<Result<HttpResponse>>
Sender::attempt_if_up(const Call& call, const Credential* credential, int number)
{
    if (!breaker_) {
        auto response = co_await attempt(call, credential, number);
        co_return response;
    }
    Breaker::Verdict verdict = breaker_->ask(clock_.now());
    while (verdict == Breaker::Verdict::wait) {
        co_await probe_.wait();
        auto holds = co_await compare_again(call);
        if (!holds) {
            Error error = holds.error();
            error.effect = Effect::none;
            co_return error;
        }
        verdict = breaker_->ask(clock_.now());
    }
    if (verdict == Breaker::Verdict::refuse)
        co_return Error{Errc::network,
                        "the API fails again and again, and is left alone for a while",
                        call.operation->route()};
    std::optional<Flight::Seat> seat;
    if (verdict == Breaker::Verdict::probe)
        seat.emplace(probe_);
    auto response = co_await attempt(call, credential, number);
    record(verdict, outcome_of(response));
    co_return response;
}

void Sender::record(Breaker::Verdict verdict, Breaker::Outcome outcome)
{
    const Instant now = clock_.now();
    const Breaker::State before = breaker_->state(now);
    breaker_->record(now, verdict, outcome);
    const Breaker::State after = breaker_->state(now);
    if (after == Breaker::State::open && before != after) {
        const auto pause =
            std::chrono::duration_cast<std::chrono::seconds>(breaker_->open_until() - now);
        events_.emit(Event(EventType::note,
                           Level::warning,
                           "the API fails again and again: it is left alone for " +
                               std::to_string(pause.count()) + "s"));
    }
    if (after == Breaker::State::closed && before != after)
        events_.emit(Event(EventType::note, Level::info, "the API answers again"));
}

Task<Result<HttpResponse>>
Sender::attempt(const Call& call, const Credential* credential, int number)
{
    auto request = make_request(api_, call);
    if (!request)
        co_return request.error();
    if (credential != nullptr) {
        request->credential_header = credential->header;
        request->credential = credential->secret;
    }
    ++requests_sent_;
    const Instant begin = clock_.now();
    auto response = co_await http_.send(std::move(*request));
    const Duration duration = clock_.now() - begin;
    if (!response) {
        const Error error = error_of(*call.operation, response.error());
        report(call, number, duration, error);
        co_return error;
    }
    std::vector<Secret> secrets;
    if (call.body)
        collect_secrets(*call.body, secrets);
    for (const auto& [name, value] : call.parameters)
        collect_secrets(value, secrets);
    if (credential != nullptr)
        secrets.push_back(credential->secret);
    clean_audit_uid(*response, api_, secrets);
    if (is_success(*call.operation, response->status)) {
        report(call, number, duration, response);
        co_return response;
    }
    Error error = error_of(api_, *call.operation, *response, secrets, clock_.wall());
    if (mutated(Mutation::secret_in_message) && call.body)
        error.message += " for " + json::write(*call.body, json::Secrets::reveal);
    slow_down(call, error);
    report(call, number, duration, error);
    co_return error;
}

Task<Result<void>> Sender::wait_turn(const Call& call)
{
    TokenBucket& bucket = limiter_.bucket(call.operation->path);
    const Reservation place(bucket, clock_.now());
    for (int waits = 0; waits < waits_max; ++waits) {
        const Instant now = clock_.now();
        if (place.due() <= now)
            co_return Result<void>{};
        co_await clock_.sleep(place.due() - now);
    }
    co_return Error{Errc::throttled,
                    "the API's rate limit never let the request through",
                    call.operation->route()};
}

// The limit belongs to the group of paths, so the whole group slows down.
void Sender::slow_down(const Call& call, const Error& error)
{
    if (error.code != Errc::throttled && !error.retry_after)
        return;
    Duration pause = pause_unstated;
    if (error.retry_after)
        pause = std::min<Duration>(*error.retry_after, retry_.retry_after_max);
    const Instant now = clock_.now();
    limiter_.bucket(call.operation->path).penalise(now, now + pause);
}

void Sender::report(const Call& call,
                    int number,
                    Duration duration,
                    const Result<HttpResponse>& outcome) const
{
    const Operation& operation = *call.operation;
    const Error* error = outcome ? nullptr : &outcome.error();
    const ApiFailure* failure = error != nullptr && error->api ? &*error->api : nullptr;
    const bool absent =
        error != nullptr && call.absent != nullptr && means_absent(*call.absent, *error);
    Level level = changes_something(operation) ? Level::info : Level::debug;
    if (error != nullptr && !absent)
        level = Level::warning;
    std::string text = operation.route();
    if (outcome)
        text += " answered " + std::to_string(outcome->status);
    else
        text += ": " + error->message;
    Event event(EventType::api_call, level, std::move(text));
    event.address = call.context.address;
    event.plan_id = call.context.plan_id;
    event.call = operation.route();
    event.operation = name_of(operation.operation_class);
    event.duration = duration;
    event.attempt = number;
    if (outcome) {
        event.status = outcome->status;
        event.audit_uid = outcome->header(api_.audit_header);
    } else {
        event.error = name_of(error->code);
        if (failure != nullptr) {
            event.status = failure->status;
            event.audit_uid = failure->audit_uid;
        }
    }
    if (call.context.attempts != nullptr && changes_something(operation))
        call.context.attempts->push_back(attempt_of(event, error));
    events_.emit(event);
}

} // namespace trueup::rest
