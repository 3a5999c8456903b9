#include "api/rest/auth.hpp"

#include "state/model/json.hpp"

#include <algorithm>

namespace trueup::rest {

namespace {

constexpr std::chrono::minutes renew_before{1};
constexpr std::chrono::seconds renew_again_after{10}; // while the old token is still good
constexpr std::chrono::seconds refusal_lasts{30};
constexpr int turns_max = 8; // of waiting for logins of others

bool same_text(const Secret& a, const Secret& b)
{
    return a.reveal() == b.reveal();
}

bool same(const Credentials& a, const Credentials& b)
{
    if (a.api_key.has_value() != b.api_key.has_value() ||
        a.login.has_value() != b.login.has_value())
        return false;
    if (a.api_key && !same_text(*a.api_key, *b.api_key))
        return false;
    return !a.login || (a.login->email == b.login->email && a.login->org == b.login->org &&
                        same_text(a.login->password, b.login->password));
}

bool is_refusal(const Error& error)
{
    return error.api && error.api->status >= 400 && error.api->status < 500 &&
           error.code != Errc::throttled && error.code != Errc::timed_out;
}

} // namespace

Authenticator::Authenticator(const ApiRules& api,
                             Clock& clock,
                             LoginPort& port,
                             Credentials credentials,
                             std::function<Result<Credentials>()> reload)
    : api_(api),
      clock_(clock),
      port_(port),
      credentials_(std::move(credentials)),
      reload_(std::move(reload))
{
}

std::string Authenticator::advice() const
{
    if (credentials_.api_key)
        return "check that the API key is valid: --api-key-file or SPECTROCLOUD_APIKEY";
    if (credentials_.login)
        return "check the email, the organisation and the password in --login-file";
    return "give --api-key-file or --login-file, or set SPECTROCLOUD_APIKEY";
}

Credential Authenticator::current() const
{
    return Credential(api_.login->header, token_->secret, generation_);
}

// A credential that needs no waiting.
std::optional<Credential> Authenticator::usable(Instant now) const
{
    if (credentials_.api_key)
        return Credential(api_.key_header, *credentials_.api_key, generation_);
    if (!token_ || now >= token_->ends_at)
        return std::nullopt;
    // While somebody renews it, the others go on with the old one.
    if (now >= token_->renew_at && !flight_.busy())
        return std::nullopt;
    return current();
}

Task<Result<Credential>> Authenticator::credential(CallContext context)
{
    for (int turn = 0; turn < turns_max; ++turn) {
        if (auto ready = usable(clock_.now()))
            co_return *ready;
        if (!credentials_.login)
            co_return Error{Errc::unauthorized, "there are no credentials", "", advice()};
        if (!api_.login)
            co_return Error{
                Errc::invalid_input, "the catalogue describes no login", "", "use an API key"};
        if (flight_.busy()) {
            co_await flight_.wait();
            if (failure_ && !usable(clock_.now()))
                co_return *failure_;
            continue;
        }
        if (failure_ && clock_.now() < refused_until_)
            co_return *failure_;
        const Flight::Seat seat(flight_);
        auto obtained = co_await obtain(std::move(context));
        if (obtained)
            co_return current();
        if (token_ && clock_.now() < token_->ends_at) {
            token_->renew_at = clock_.now() + renew_again_after;
            co_return current();
        }
        co_return obtained.error();
    }
    co_return Error{Errc::timed_out, "no login came to an end"};
}

Task<Result<bool>> Authenticator::renew(std::uint64_t generation, CallContext context)
{
    for (int turn = 0; flight_.busy() && turn < turns_max; ++turn) {
        co_await flight_.wait();
        if (generation == generation_ && failure_)
            co_return *failure_;
    }
    if (generation != generation_)
        co_return true;
    const Flight::Seat seat(flight_);
    const bool changed = reload_changed();
    if (credentials_.api_key) {
        if (changed)
            ++generation_;
        co_return changed;
    }
    token_.reset();
    if (!credentials_.login || !api_.login)
        co_return false;
    if (failure_ && !changed && clock_.now() < refused_until_)
        co_return *failure_;
    auto logged_in = co_await log_in(std::move(context));
    if (!logged_in)
        co_return logged_in.error();
    co_return true;
}

// Reads the credentials again; a source that cannot be read leaves those that we have.
bool Authenticator::reload_changed()
{
    if (!reload_)
        return false;
    auto fresh = reload_();
    if (!fresh || same(*fresh, credentials_))
        return false;
    credentials_ = std::move(*fresh);
    ++identity_;
    return true;
}

Task<Result<void>> Authenticator::obtain(CallContext context)
{
    if (token_ && clock_.now() < token_->ends_at && api_.login->refresh) {
        auto refreshed = co_await refresh(context);
        if (refreshed)
            co_return refreshed;
    }
    auto logged_in = co_await log_in(context);
    if (!logged_in && is_refusal(logged_in.error()) && reload_changed() && credentials_.login)
        logged_in = co_await log_in(std::move(context));
    co_return logged_in;
}

Task<Result<void>> Authenticator::log_in(CallContext context)
{
    Call call;
    call.operation = &api_.login->call;
    call.body_template = api_.login->call.body;
    call.parameters.emplace("email", credentials_.login->email);
    call.parameters.emplace("org", credentials_.login->org);
    call.parameters.emplace("password", credentials_.login->password);
    call.context = std::move(context);
    const Instant asked_at = clock_.now();
    auto response = co_await port_.send_login(std::move(call));
    if (!response) {
        Error error = response.error();
        if (is_refusal(error))
            error.advice = advice();
        remember(error);
        co_return error;
    }
    auto kept = keep(std::move(*response), asked_at);
    if (!kept)
        remember(kept.error());
    co_return kept;
}

Task<Result<void>> Authenticator::refresh(CallContext context)
{
    Call call;
    call.operation = &*api_.login->refresh;
    call.parameters.emplace("token", token_->secret);
    call.context = std::move(context);
    const Instant asked_at = clock_.now();
    auto response = co_await port_.send_login(std::move(call));
    if (!response)
        co_return response.error();
    auto kept = keep(std::move(*response), asked_at);
    co_return kept;
}

// Takes the token out of an answer to a login.
Result<void> Authenticator::keep(HttpResponse response, Instant asked_at)
{
    auto body = json::parse(response.body);
    wipe(response.body);
    Value* at = body ? find(*body, api_.login->token) : nullptr;
    std::string* text = at != nullptr ? at->if_string() : nullptr;
    if (text == nullptr || text->empty())
        return Error{Errc::rejected,
                     "the answer to the login has no token at " + api_.login->token.text(),
                     api_.login->call.route()};
    const Duration lifetime = api_.login->lifetime;
    const Duration margin = std::min<Duration>(renew_before, lifetime / 4);
    Secret secret(std::move(*text), "", "login");
    token_.emplace(std::move(secret), asked_at + lifetime - margin, asked_at + lifetime);
    ++generation_;
    failure_.reset();
    return {};
}

void Authenticator::remember(const Error& error)
{
    failure_ = error;
    refused_until_ = is_refusal(error) ? clock_.now() + refusal_lasts : Instant{};
}

} // namespace trueup::rest
