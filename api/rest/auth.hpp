// Who we are to the API: a key in a header, or a login whose token is renewed before it ends.
//
// Never two logins at once: whoever needs a token while one is fetched waits for that one (kinds.md a.1).

#pragma once

#include "api/http/message.hpp"
#include "api/rest/rest.hpp"
#include "state/model/clock.hpp"
#include "state/model/kind.hpp"


#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

class Authenticator {
public:
    // Sends one login or refresh call and returns the answer's body.
    using Ask = std::function<Task<Result<Value>>(const Operation& operation,
                                                  std::map<std::string, std::string> parameters,
                                                  std::optional<Value> body)>;

    // Everything passed by reference outlives the authenticator.
    Authenticator(const ApiRules& rules,
                  Credentials credentials,
                  std::function<Result<Credentials>()> reload,
                  Clock& clock,
                  Ask ask);

    // Puts the credential into the request. `generation` is what to hand to `rejected` when the API answers
    // 401. Fails as the login fails, and with unauthorized when there is no credential.
    Task<Result<void>> authorise(HttpRequest& request, int& generation);

    // The API refused the credential of `generation`: true when there is a newer one to try.
    Task<bool> rejected(int generation);

    // The secrets that may appear in answers.
    std::vector<Secret> secrets() const;

private:
    bool is_fresh() const;
    Task<Result<void>> sign_in();
    Task<Result<void>> sign_in_alone();

    const ApiRules& rules_;
    Credentials credentials_;
    std::function<Result<Credentials>()> reload_;
    Clock& clock_;
    Ask ask_;
    std::optional<Secret> token_;
    Instant token_ends_{};
    int generation_ = 0;
    int reloads_ = 0;
    bool signing_in_ = false;
    std::shared_ptr<void> done_; // wakes those who wait for the login
};

} // namespace trueup
