// The Provider over HTTP: authentication, scope, rate limits, retries, pagination.

#pragma once

#include "api/http/client.hpp"
#include "api/rest/breaker.hpp"
#include "api/rest/provider.hpp"
#include "state/model/event.hpp"
#include "state/model/random.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace trueup {

struct Login {
    Login(std::string e, std::string o, Secret p)
        : email(std::move(e)), org(std::move(o)), password(std::move(p))
    {
    }

    std::string email;
    std::string org;
    Secret password;
};

// Either an API key or a login. Fetched anew by `reload` after a 401, when the source is a file.
struct Credentials {
    Credentials() = default;

    std::optional<Secret> api_key;
    std::optional<Login> login;
};

struct RestOptions {
    RestOptions() = default;

    Credentials credentials;
    // Reads the credentials again (a file that was rotated); may be empty.
    std::function<Result<Credentials>()> reload;
    // Requests a second for each rate-limit group: nothing as the catalogue says, 0 unlimited.
    std::optional<double> rate;
    int attempts_max = 6;
    Duration backoff_min = std::chrono::milliseconds(500);
    Duration backoff_max = std::chrono::seconds(30);
    Duration retry_after_max = std::chrono::minutes(5);
    // For who goes on for ever: while it is open, calls fail with network and nothing is sent.
    std::optional<rest::BreakerRules> breaker;
};

// Everything outlives the provider. Events get one api_call record for each request.
std::unique_ptr<Provider> make_rest_provider(const Catalogue& catalogue,
                                             HttpClient& http,
                                             Clock& clock,
                                             Random& random,
                                             EventSink& events,
                                             RestOptions options);

// The same, but its transport sends nothing except operations of class read and login whose method
// and path the catalogue lists as such: a kind that tries anything else fails with refused, and is
// named.
std::unique_ptr<Observer> make_rest_observer(const Catalogue& catalogue,
                                             HttpClient& http,
                                             Clock& clock,
                                             Random& random,
                                             EventSink& events,
                                             RestOptions options);

} // namespace trueup
