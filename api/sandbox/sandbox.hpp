// An API with Palette's conventions, in memory: the demo, the test peer and the simulation's world.
//
// A pure state machine: the same requests at the same times give the same answers. Its routes, projections,
// masks and rules are its own data (api/sandbox/rules/), each with its source; it shares no code and no data
// with the client side (design.md 9).

#pragma once

#include "api/http/message.hpp"
#include "api/http/server.hpp"
#include "state/model/clock.hpp"
#include "state/model/result.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace trueup {

struct SandboxOptions {
    SandboxOptions() = default;

    std::string api_key;             // the key that is accepted; "" : "sandbox"
    std::string email = "admin@example.com";
    std::string password = "sandbox";
    std::string tenant_uid;          // "" : a fixed one
    double rate = 0;                 // requests a second per endpoint prefix; 0: unlimited
    std::uint64_t seed = 1;          // of uids and page tokens
    Duration token_lifetime = std::chrono::minutes(15);
    Duration async_duration{};       // how long asynchronous states take; 0: immediate
};

// One request that the sandbox saw, for tests and reports.
struct SandboxRequest {
    SandboxRequest() = default;

    std::string method;
    std::string path;
    std::string query;
    std::string project_uid;
    std::string body;
    int status = 0;
    bool writes = false; // it changed an object
};

class Sandbox {
public:
    Sandbox() = default;
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;
    virtual ~Sandbox() = default;

    // Answers one request at time `now`.
    virtual HttpResponse handle(const HttpRequest& request, WallTime now) = 0;

    // Everything that was asked so far; cleared by clear_log.
    virtual const std::vector<SandboxRequest>& log() const = 0;
    virtual void clear_log() = 0;

    // Every object, as JSON text, in a stable order: for comparing worlds and for --data.
    virtual std::string dump() const = 0;
    // Fails with invalid_input.
    virtual Result<void> load(const std::string& text) = 0;
    // How many live objects a collection of the rules (such as "roles") holds, over all scopes.
    virtual std::size_t count(const std::string& collection) const = 0;
};

std::unique_ptr<Sandbox> make_sandbox(SandboxOptions options);

} // namespace trueup
