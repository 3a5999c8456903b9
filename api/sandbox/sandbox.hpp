// An API with Palette's conventions, in memory: the demo, the test peer and the simulation's world.
//
// A pure state machine: the same requests at the same times give the same answers. Its routes,
// projections, masks and rules are its own data (api/sandbox/rules/), each with its source; it
// shares no code and no data with the client side (design.md 9).

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

namespace sandbox {
struct Rules;
}

struct SandboxOptions {
    SandboxOptions() = default;

    std::string api_key; // the key that is accepted; "" : "sandbox"
    std::string email = "admin@example.com";
    std::string password = "sandbox";
    std::string tenant_uid; // "" : a fixed one
    double rate = 0;        // requests a second per endpoint prefix; 0: unlimited
    std::uint64_t seed = 1; // of uids and page tokens
    Duration token_lifetime = std::chrono::minutes(15);
    Duration async_duration{}; // how long asynchronous states take; 0: immediate
    // The rules, already read: whoever makes many sandboxes reads them once. Null: they are read.
    std::shared_ptr<const sandbox::Rules> rules;
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
    // "macros" counts the macros of all projects.
    virtual std::size_t count(const std::string& collection) const = 0;

    // True when the request's route is one that is meant to change something; whether it will is
    // another matter.
    virtual bool is_write(const HttpRequest& request) const = 0;

    // What happens behind every client's back, between requests. No rule of the API is asked,
    // except that the body becomes an object in the same way.

    // Creates an object from the body that its create call would take; a metadata.uid in it is used
    // when it is free. Returns the uid, or "" when the collection has no create call or `json` is
    // not an object.
    virtual std::string put_object(const std::string& collection,
                                   const std::string& project_uid,
                                   const std::string& json) = 0;
    // False when there is no such object. Whatever a project holds goes with it.
    virtual bool remove_object(const std::string& collection, const std::string& uid) = 0;
    // Merges (RFC 7396) into the object as dump() shows its data. False when there is no such
    // object.
    virtual bool patch_object(const std::string& collection,
                              const std::string& uid,
                              const std::string& json) = 0;
    // Gives the lists of a collection another order.
    virtual void shuffle(const std::string& collection, std::uint64_t seed) = 0;
    // The uid of the first object whose metadata.name is `name`, in whatever scope; "" when there
    // is none.
    virtual std::string uid_of(const std::string& collection, const std::string& name) const = 0;
};

// The rules that are compiled in. Fails with invalid_input if one cannot be read, which a test
// rules out.
Result<std::shared_ptr<const sandbox::Rules>> read_sandbox_rules();

std::unique_ptr<Sandbox> make_sandbox(SandboxOptions options);

} // namespace trueup
