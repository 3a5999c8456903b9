// Sends one operation at a time, in as many attempts as its class allows: rate limit, credential,
// deadline of the client, one event for each attempt, and an Error that says what happened.
//
// It sends whatever it is given. Who may send what is decided one floor up, in transport.hpp.

#pragma once

#include "api/http/client.hpp"
#include "api/rest/auth.hpp"
#include "api/rest/breaker.hpp"
#include "api/rest/flight.hpp"
#include "api/rest/rate.hpp"
#include "api/rest/request.hpp"
#include "api/rest/rest.hpp"
#include "api/rest/retry.hpp"
#include "state/model/event.hpp"
#include "state/model/random.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace trueup::rest {

class Sender final : public LoginPort {
public:
    // Everything outlives it.
    Sender(const ApiRules& api,
           HttpClient& http,
           Clock& clock,
           Random& random,
           EventSink& events,
           RestOptions options);

    // The answer, once its status is one of success. Fails with what error_of (errors.hpp) makes of
    // the last attempt, and with the errors of make_request and of the login.
    Task<Result<HttpResponse>> send(Call call);
    Task<Result<HttpResponse>> send_login(Call call) override;

    // Asked when the credentials were exchanged for others, before anything but the API's own calls
    // is sent with them; while it fails, nothing else is sent.
    using IdentityCheck = std::function<Task<Result<void>>(CallContext)>;
    void check_identity_with(IdentityCheck check) { check_identity_ = std::move(check); }

    // Requests that went to the HTTP client, repeats and logins included.
    std::size_t requests_sent() const { return requests_sent_; }
    ApiTraffic traffic() const;

private:
    Task<Result<HttpResponse>>
    attempt_if_up(const Call& call, const Credential* credential, int number);
    void record(Breaker::Verdict verdict, Breaker::Outcome outcome);
    bool is_left_alone() const;
    Task<Result<HttpResponse>> attempt(const Call& call, const Credential* credential, int number);
    Task<Result<void>> make_ready(const Call& call);
    Task<Result<void>> compare_again(const Call& call);
    Task<Result<void>> ensure_identity(const Call& call);
    Task<Result<void>> wait_turn(const Call& call);
    void slow_down(const Call& call, const Error& error);
    void report(const Call& call,
                int number,
                Duration duration,
                const Result<HttpResponse>& outcome) const;

    const ApiRules& api_;
    HttpClient& http_;
    Clock& clock_;
    Random& random_;
    EventSink& events_;
    RetryRules retry_;
    RateLimiter limiter_;
    Authenticator auth_;
    std::optional<Breaker> breaker_;
    Flight probe_;
    IdentityCheck check_identity_;
    std::uint64_t identity_checked_ = 0;
    std::size_t requests_sent_ = 0;
};

} // namespace trueup::rest
