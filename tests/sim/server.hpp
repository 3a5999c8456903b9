// The simulated API: the sandbox, with faults between it and the network, and with other people
// who change things behind trueup's back.

#pragma once

#include "api/http/server.hpp"
#include "api/sandbox/sandbox.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/judge.hpp"
#include "tests/sim/network.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace trueup::sim {

struct ServerRules {
    std::uint64_t seed = 1;
    std::string api_key;
    std::string password;
    Duration token_lifetime = std::chrono::minutes(15);
    Duration async_duration{}; // until what is made is ready
    double rate = 0;
    bool stale_reads = false;
    std::string broken_kind;         // every write of it is refused, for ever
    std::size_t foreign_objects = 0; // of each kind, besides what is built in
};

class Server {
public:
    // All but the rules outlive it.
    Server(Universe& universe, Timeline& timeline, Judge& judge, ServerRules rules);

    ServerReply serve(const HttpRequest& request);
    // What becomes of a request on its way here.
    Fate send(std::string_view head);
    Network::Dialled dialled();

    // Told of each fault that strikes and is not the server's own affair.
    std::function<void(const Fault&)> on_fault;

    void arm(std::vector<Fault> faults) { faults_ = std::move(faults); }
    void disarm() { faults_.clear(); }
    // More of them, whose counts of requests, writes and dials begin now.
    void arm_from_now(std::vector<Fault> faults);
    // The first armed fault of `trigger` that strikes at this count. Each strikes once, or as long
    // as it lasts.
    const Fault* striking(Trigger trigger, std::uint64_t count, bool (*wanted)(FaultKind));

    // What others do. `manifests` say what there is to meddle with, `targets` which objects above
    // all.
    void
    meddle(const Fault& fault, const ManifestText& manifests, const std::set<std::string>& targets);
    // An object that exists before trueup first looks.
    void preexist(const Declared& declared);

    Sandbox& sandbox() { return *sandbox_; }
    // All that there is, as JSON, by uid.
    std::map<std::string, std::string> objects() const;
    std::size_t requests() const { return requests_; }
    std::size_t writes() const { return writes_; }
    const std::array<std::size_t, fault_kinds>& struck() const { return struck_; }
    void count(const Fault& fault) { ++struck_[static_cast<std::size_t>(fault.kind)]; }

private:
    HttpResponse handle(const HttpRequest& request, bool write);
    HttpResponse handle_stale(const HttpRequest& request);
    void change_both(std::function<void(Sandbox&)> change);
    static void repeat_token(const HttpRequest& request, std::string& body);
    ServerReply with_fault(const Fault& fault, const HttpRequest& request, bool write);
    void keep_other(const HttpRequest& request, const HttpResponse& response, std::uint64_t seed);
    bool breaks_for_ever(const HttpRequest& request, bool write) const;
    bool is_unreadable(const HttpRequest& request) const;
    void overlook_one(const HttpRequest& request, HttpResponse& response);
    bool carries_mark(const Thing& thing);
    std::string create_elsewhere(const Declared& declared, const std::string& body, bool clone);

    Universe& universe_;
    Timeline& timeline_;
    Judge& judge_;
    ServerRules rules_;
    std::unique_ptr<Sandbox> sandbox_;
    // How things were: the same sandbox, told everything later.
    std::unique_ptr<Sandbox> replica_;
    std::vector<std::function<void(Sandbox&)>> untold_;
    std::optional<Instant> stale_until_;
    std::string unreadable_uid_;
    Instant unreadable_until_{};
    bool hidden_too_ = false; // from look-ups by name, as by an index that is behind
    std::vector<Fault> faults_;
    std::array<std::size_t, fault_kinds> struck_{};
    std::size_t requests_ = 0;
    std::size_t writes_ = 0;
    std::size_t sent_ = 0;
    std::size_t sent_writes_ = 0;
    std::size_t dials_ = 0;
};

} // namespace trueup::sim
