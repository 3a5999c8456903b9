// Proves who we are: an API key, or a login whose token is renewed before it ends.
//
// However many requests need it, there is never more than one login under way, and nothing here
// ever shows a secret: the path of a refresh holds a token, so only route templates are logged.

#pragma once

#include "api/rest/flight.hpp"
#include "api/rest/request.hpp"
#include "api/rest/rest.hpp"
#include "state/model/clock.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace trueup::rest {

// What goes into the header of a request.
struct Credential {
    Credential(std::string h, Secret s, std::uint64_t g)
        : header(std::move(h)), secret(std::move(s)), generation(g)
    {
    }

    std::string header;
    Secret secret;
    std::uint64_t generation; // changes whenever the secret does
};

// Sends a login operation, which needs no credential; repeats it as its class allows.
class LoginPort {
public:
    LoginPort() = default;
    LoginPort(const LoginPort&) = delete;
    LoginPort& operator=(const LoginPort&) = delete;
    virtual ~LoginPort() = default;

    virtual Task<Result<HttpResponse>> send_login(Call call) = 0;
};

class Authenticator {
public:
    // The references outlive it. `reload` may be empty.
    Authenticator(const ApiRules& api,
                  Clock& clock,
                  LoginPort& port,
                  Credentials credentials,
                  std::function<Result<Credentials>()> reload);

    // The credential for a request; logs in first when there is no token, and renews one that is
    // about to end. Fails with unauthorized, and with the errors of the login call. A login that
    // was refused is not tried again for a while, so that no account is locked.
    Task<Result<Credential>> credential(CallContext context);

    // After a 401 to a request with the credential of `generation`: reads the credentials anew and
    // logs in again, unless somebody did that already. False: there is nothing else to try.
    Task<Result<bool>> renew(std::uint64_t generation, CallContext context);

    // Counts how often the credentials themselves were exchanged for others: whose they are is not
    // known then.
    std::uint64_t identity() const { return identity_; }

    // What to do about credentials that the API refuses.
    std::string advice() const;

private:
    struct Token {
        Token(Secret s, Instant r, Instant e) : secret(std::move(s)), renew_at(r), ends_at(e) {}

        Secret secret;
        Instant renew_at;
        Instant ends_at;
    };

    std::optional<Credential> usable(Instant now) const;
    Credential current() const;
    Task<Result<void>> obtain(CallContext context);
    Task<Result<void>> log_in(CallContext context);
    Task<Result<void>> refresh(CallContext context);
    Result<void> keep(HttpResponse response, Instant asked_at);
    bool reload_changed();
    void remember(const Error& error);

    const ApiRules& api_;
    Clock& clock_;
    LoginPort& port_;
    Credentials credentials_;
    std::function<Result<Credentials>()> reload_;
    std::optional<Token> token_;
    std::uint64_t generation_ = 1;
    std::uint64_t identity_ = 0;
    Flight flight_;
    std::optional<Error> failure_; // of the last login
    Instant refused_until_{};
};

} // namespace trueup::rest
