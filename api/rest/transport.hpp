// Sends one operation of a kind: fills its templates, waits for the rate limit, signs it, repeats it where
// that is safe, and writes one event for each attempt.

#pragma once

#include "api/http/client.hpp"
#include "api/rest/auth.hpp"
#include "api/rest/provider.hpp"
#include "api/rest/rate.hpp"
#include "api/rest/rest.hpp"
#include "api/rest/retry.hpp"
#include "api/rest/template.hpp"
#include "state/model/event.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trueup {

struct Call {
    Call() = default;

    const Operation* operation = nullptr; // outlives the call
    std::string kind;                     // for messages
    bool scope_header = false;
    Scope scope;
    Parameters parameters;
    std::vector<QueryParameter> query; // added to the operation's own; values are sent as they are
    std::optional<Value> body;
    CallContext context;
};

struct Answer {
    Answer() = default;

    int status = 0;
    Value body; // null when there was none
    std::string link;
    std::string audit_uid;
};

// Everything passed by reference outlives the transport.
class Transport {
public:
    Transport(const Catalogue& catalogue,
              HttpClient& http,
              Clock& clock,
              Random& random,
              EventSink& events,
              RestOptions options);

    // Fails as HttpClient::send, with what failure_of makes of an answer that is no success, and with
    // invalid_input when a template cannot be filled.
    Task<Result<Answer>> send(Call call);

    const Catalogue& catalogue() const { return catalogue_; }
    std::size_t requests_sent() const { return requests_sent_; }

private:
    enum class Signing { on, off };

    Result<HttpRequest> prepare(const Call& call, std::vector<Secret>& secrets) const;
    Task<Result<Answer>> attempt_all(Call call, Signing signing);
    Task<Result<Answer>> attempt(const Call& call, HttpRequest request, int number,
                                 const std::vector<Secret>& secrets);
    Task<Result<Value>> ask_login(const Operation& operation, Parameters parameters,
                                  std::optional<Value> body);
    void emit(const Call& call, int status, int attempt, Duration duration,
              const std::string& audit_uid, const Error* error);

    const Catalogue& catalogue_;
    HttpClient& http_;
    Clock& clock_;
    Random& random_;
    EventSink& events_;
    RetryPolicy policy_;
    RateLimiter rate_;
    Authenticator auth_;
    std::size_t requests_sent_ = 0;
};

// The only transport that planning has: it cannot send anything but reads. What counts as a read is what the
// catalogue lists as one, by class, method and path (design.md 6.E).
class ReadTransport {
public:
    explicit ReadTransport(Transport& transport);

    // Fails with refused, naming the kind and the operation, on anything else; nothing is sent then.
    Task<Result<Answer>> send(Call call);

    const Catalogue& catalogue() const { return transport_.catalogue(); }
    std::size_t requests_sent() const { return transport_.requests_sent(); }

private:
    Transport& transport_;
    std::set<std::string> allowed_; // routes with their parameters' names left out
};

} // namespace trueup
