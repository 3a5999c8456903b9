#include "api/rest/auth.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace trueup {

namespace {

// A token is renewed this long before it ends.
constexpr Duration renewal_margin = std::chrono::minutes(1);
constexpr int reloads_max = 3; // of a credential that the API goes on refusing

// A timer that never expires and is cancelled to wake everybody: no clock is involved.
using Signal = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                 boost::asio::wait_traits<std::chrono::steady_clock>,
                                                 Executor>;

} // namespace

Authenticator::Authenticator(const ApiRules& rules,
                             Credentials credentials,
                             std::function<Result<Credentials>()> reload,
                             Clock& clock,
                             Ask ask)
    : rules_(rules), credentials_(std::move(credentials)), reload_(std::move(reload)),
      clock_(clock), ask_(std::move(ask))
{
}

std::vector<Secret> Authenticator::secrets() const
{
    std::vector<Secret> all;
    if (credentials_.api_key)
        all.push_back(*credentials_.api_key);
    if (credentials_.login)
        all.push_back(credentials_.login->password);
    if (token_)
        all.push_back(*token_);
    return all;
}

bool Authenticator::is_fresh() const
{
    return token_ && clock_.now() + renewal_margin < token_ends_;
}

Task<Result<void>> Authenticator::authorise(HttpRequest& request, int& generation)
{
    if (credentials_.api_key) {
        request.credential_header = rules_.key_header;
        request.credential = *credentials_.api_key;
        generation = generation_;
        co_return Result<void>{};
    }
    if (!credentials_.login || !rules_.login)
        co_return Error{Errc::unauthorized,
                        "there is no credential that this API takes",
                        "",
                        "use an API key"};
    if (!is_fresh()) {
        auto signed_in = co_await sign_in();
        if (!signed_in)
            co_return signed_in.error();
    }
    request.credential_header = rules_.login->header;
    request.credential = *token_;
    generation = generation_;
    co_return Result<void>{};
}

Task<bool> Authenticator::rejected(int generation)
{
    if (generation != generation_)
        co_return true; // somebody renewed it meanwhile
    if (credentials_.login && !signing_in_)
        token_.reset();
    if (reload_ && reloads_ < reloads_max) {
        ++reloads_;
        auto fresh = reload_();
        if (fresh)
            credentials_ = std::move(*fresh);
        if (fresh && credentials_.api_key) {
            ++generation_;
            co_return true;
        }
    }
    if (!credentials_.login)
        co_return false;
    auto signed_in = co_await sign_in();
    co_return signed_in.has_value();
}

Task<Result<void>> Authenticator::sign_in()
{
    const Executor executor = co_await boost::asio::this_coro::executor;
    while (signing_in_) {
        const auto signal = std::static_pointer_cast<Signal>(done_);
        const auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
        co_await signal->async_wait(token);
    }
    if (is_fresh())
        co_return Result<void>{};
    signing_in_ = true;
    const auto signal =
        std::make_shared<Signal>(executor, std::chrono::steady_clock::time_point::max());
    done_ = signal;
    auto signed_in = co_await sign_in_alone();
    signing_in_ = false;
    signal->cancel();
    co_return signed_in;
}

Task<Result<void>> Authenticator::sign_in_alone()
{
    const LoginRules& rules = *rules_.login;
    std::map<std::string, std::string> parameters;
    std::optional<Value> body;
    const bool renews = token_ && rules.refresh && clock_.now() < token_ends_;
    if (renews) {
        parameters.emplace("token", std::string(token_->reveal()));
    } else {
        const Login& login = *credentials_.login;
        parameters.emplace("email", login.email);
        parameters.emplace("org", login.org);
        parameters.emplace("password", std::string(login.password.reveal()));
        body = rules.call.body;
    }
    const Operation& operation = renews ? *rules.refresh : rules.call;
    auto answer = co_await ask_(operation, std::move(parameters), std::move(body));
    if (!answer && renews) {
        token_.reset();
        auto again = co_await sign_in_alone();
        co_return again;
    }
    if (!answer)
        co_return answer.error();
    const Value* token = find(*answer, rules.token);
    if (token == nullptr || token->string_or_empty().empty())
        co_return Error{Errc::rejected, "the login answer has no token", operation.route()};
    const SecretHasher no_hash;
    token_ = no_hash.make(token->string_or_empty(), "login");
    token_ends_ = clock_.now() + rules.lifetime;
    ++generation_;
    co_return Result<void>{};
}

} // namespace trueup
