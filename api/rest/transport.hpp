// Who may send what, as types: a ReadTransport cannot send anything that changes something,
// whatever it is asked for, and planning is given nothing else (design.md 6.E).

#pragma once

#include "api/rest/request.hpp"
#include "api/rest/sender.hpp"
#include "state/model/kind.hpp"

#include <memory>
#include <set>
#include <string>

namespace trueup::rest {

// The answer to a read.
struct Answer {
    Answer() = default;

    int status = 0;
    Value body; // null when there is none
    std::string link;
};

// The routes of the catalogue's read and login operations, less those that any operation of
// another class has too.
std::set<std::string> readable_routes(const Catalogue& catalogue);

class ReadTransport {
public:
    // `catalogue` outlives it.
    ReadTransport(const Catalogue& catalogue, std::unique_ptr<Sender> sender);
    ReadTransport(const ReadTransport&) = delete;
    ReadTransport& operator=(const ReadTransport&) = delete;

    // Sends an operation of class read or login that the catalogue lists as such; anything else
    // fails with refused and names the kind and the operation, and nothing is sent. Fails with
    // rejected when the answer is not JSON, and as Sender::send does. Fetches what the catalogue's
    // bootstrap calls say when the call needs it.
    Task<Result<Answer>> send(Call call);

    // The values of the catalogue's bootstrap calls, fetched once. Fails as send does, and with
    // rejected when an answer does not have the value.
    Task<Result<Parameters>> bootstrap(CallContext context);

    const ApiRules& api() const { return catalogue_.api; }
    std::size_t requests_sent() const { return sender_->requests_sent(); }
    ApiTraffic traffic() const { return sender_->traffic(); }

private:
    friend class FullTransport;

    Result<void> check(const Call& call) const;
    Task<Result<Answer>> send_checked(Call call);
    Task<Result<void>> add_bootstrap(Call& call);
    Task<Result<Parameters>> ask_bootstrap(CallContext context);
    Task<Result<void>> compare_tenant(CallContext context);

    const Catalogue& catalogue_;
    std::unique_ptr<Sender> sender_;
    std::set<std::string> routes_;
    Flight flight_;
    std::optional<Parameters> bootstrap_;
    std::optional<Error> bootstrap_failure_;
};

// Sends everything. `reads` outlives it.
class FullTransport {
public:
    explicit FullTransport(ReadTransport& reads) : reads_(reads) {}

    // Fails as Sender::send does.
    Task<Result<HttpResponse>> send(Call call);

private:
    ReadTransport& reads_;
};

} // namespace trueup::rest
