// Watches a simulated world from outside and says which promise was broken (design: A to I).
//
// It sees what the server saw and what the program said, and shares nothing with the engine: what
// exists is worked out from the requests themselves.

#pragma once

#include "api/http/message.hpp"
#include "reconciler/engine/execute.hpp"
#include "tests/sim/timeline.hpp"
#include "tests/sim/world.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trueup::sim {

// One object of the simulated API.
struct Thing {
    std::string kind;
    std::string uid;
    std::string project_uid;
    std::string name; // or what else its key is
    std::string mark_owner;
    std::string mark_address; // hash
    std::string content;      // of the last write that the server took, for tokens
    bool by_client = false;   // created by trueup
    bool adopted = false;     // said to be ours since
    bool alive = true;
    Instant appeared_at{};
    Instant taken_at{}; // by another owner
    bool twin = false;  // a copy, with our mark, under the very name that the mark is for
    Instant others_wrote_at{};
    Instant asked_at{};          // it was read by uid, and something was answered
    Instant read_at{};           // ... that it was at that time
    bool kept_otherwise = false; // the API kept something else of our last update
    bool outlived = false;       // made by a call that was under way for longer than `settle` bears
};

// A write that the server took.
struct EffectSeen {
    std::string address; // "" when nobody knows
    std::string method;
    std::string path;
    std::string trace;  // the AuditUid of the answer
    std::string sender; // the life of trueup in which it was asked for
    Instant sent{};
};

struct JudgeRules {
    std::string owner;
    bool duplicates_possible = false; // requests may be later than `settle`
    std::string broken_kind;          // every write of it fails, for ever
    bool takes_over = false;          // adoption as configured
    bool stale_reads = false;         // reads may show the past
    bool trusting = false; // where the server refuses duplicates, the create itself is the look
    bool guarded_later = false; // plans are told before the guards are asked
    Duration async_duration{};  // until what is made is ready
};

class Judge {
public:
    // `timeline` and `universe` outlive it.
    Judge(const Universe& universe, Timeline& timeline, JudgeRules rules);

    // Manifests that are or may become in force: makes their addresses known.
    void learn(const ManifestText& manifests);

    // ---- what the program sends
    // A request begins. A write needs an intent that is on the disk.
    void sending(std::string_view head);
    void intent_opened(const Intent& intent, bool durable);
    void intent_closed(const std::string& id);
    // The state says that these are open: closing them did not succeed.
    void intents_read(const std::vector<Intent>& intents);
    // What a new life finds. `complete`: nothing was lost on purpose.
    void intents_found(const std::vector<Intent>& intents, bool complete);
    // What the state remembers from now on, and what it does not any more.
    void remembered(const std::string& address, const std::string& uid);
    void forgotten(const std::string& address);
    // What is in the audit from now on.
    void audited(const AuditRecord& record);

    // ---- what the server saw
    void seen(const HttpRequest& request, const HttpResponse& response);
    // The object that a request changes, or null.
    Thing* written(const HttpRequest& request);
    // A read is served, by whatever answer.
    void looked(const HttpRequest& request);
    // What others did.
    void others_created(const std::string& kind,
                        const std::string& uid,
                        const std::string& project_uid,
                        const Declared& as,
                        bool clone_of_ours);
    void others_removed(const std::string& uid);
    void others_wrote(const std::string& uid);
    void others_took(const std::string& uid); // with a mark of their own

    // ---- what the program did
    void round_begins(const ManifestText& manifests, bool prune);
    void planned(const Plan& plan);
    void executed(const Report& report);
    void round_ended();
    void said(const Event& event);
    void stored(std::string_view bytes);
    void printed(std::string_view where, std::string_view text);
    void died()
    {
        planned_ = false;
        answered_.clear();
        ++lives_;
    }
    // The state is opened again: what was acknowledged and need not be durable may be lost, as by a
    // crash.
    void reopened()
    {
        answered_.clear();
        ++lives_;
    }
    // The state is lost, on purpose.
    void state_lost()
    {
        settled_.clear();
        state_lost_at_ = universe_.now();
        // Which of the two is the old one of an open replace, only the state could tell.
        for (const auto& [id, intent] : intents_)
            duplicates_excused_ = duplicates_excused_ || intent.verb == name_of(Verb::replace);
    }

    // ---- the verdict at the end
    // The state that the program has, and the last plan, after three undisturbed rounds and one
    // more.
    struct Final {
        const ManifestText* manifests = nullptr;
        bool prune = false;
        const Plan* plan = nullptr;
        const Report* report = nullptr;
        std::vector<Record> records;
        std::vector<Intent> intents;
        std::vector<AuditRecord> audit;
        bool audit_complete = true; // no state was lost on purpose
        std::size_t writes_before_last_round = 0;
        std::map<std::string, std::string> world; // what the server has: JSON, by uid
    };
    void conclude(const Final& end);
    // The same where a guard refused the last round, and nobody came to say that it may go on.
    void conclude_refused(const Final& end);

    // Whether people agreed to what is planned for an address, guards or not. May be empty.
    std::function<bool(const std::string& address)> is_agreed;

    void violation(char promise, const std::string& what);
    const std::vector<std::string>& violations() const { return violations_; }

    std::map<std::string, Thing>& things() { return things_; }
    const Thing*
    alive(const std::string& kind, const std::string& project_uid, const std::string& name) const;
    // Of a live project; "" when there is none.
    std::string project_uid(const std::string& name) const;
    std::size_t writes() const { return effects_.size(); }
    // Who sends now, and when: "LIFE@NANOSECONDS". A life ends by a death, or when the state is
    // opened again.
    std::string sender() const;

private:
    void created(const HttpRequest& request, const HttpResponse& response, const KindFacts& facts);
    void changed(const HttpRequest& request, Thing& thing, const std::string& step);
    void removed(Thing& thing, const HttpRequest& request);
    void note_effect(const HttpRequest& request,
                     const HttpResponse& response,
                     const std::string& address);
    void check_planned(const std::string& address, const HttpRequest& request);
    // The state remembers of it what the manifests say.
    void settle(const Declared& declared);
    void protect(const Declared& declared);
    void check_order(const std::string& address, const HttpRequest& request);
    void check_delete(const Thing& thing, const HttpRequest& request);
    void check_absent(const Action& action);
    void check_kept(const ActionResult& result);
    void check_looked(const HttpRequest& request,
                      const Thing& thing,
                      const KindFacts& facts,
                      const std::string& address);
    // True when it may be taken over from somebody else, or nobody could know whose it was.
    bool check_touch(const HttpRequest& request, Thing& thing);
    bool is_ours(const Thing& thing) const;
    static Instant sent_at(const HttpRequest& request);
    // Whether it was on its way already at that time.
    static bool is_late(const HttpRequest& request, Instant since)
    {
        return sent_at(request) < since;
    }
    bool is_intended(const std::string& method, const std::string& path) const;
    bool is_replaced(const std::string& address,
                     const std::string& uid,
                     const HttpRequest& request) const;
    bool is_successor(const std::string& address,
                      const std::string& uid,
                      const HttpRequest& request) const;
    void check_intended(const std::string& address, const HttpRequest& request);
    bool is_dependent(const Action& action, const Final& end) const;
    void check_resource(const Declared& declared, const Final& end);
    void check_content(const Declared& declared, const std::string& uid, const Final& end);
    void check_orphans(const Final& end);
    void check_audit(const Final& end);
    bool excused(const Action& action, const Final& end) const;
    std::string address_of(const Thing& thing) const;

    const Universe& universe_;
    Timeline& timeline_;
    JudgeRules rules_;
    std::map<std::string, std::string> addresses_; // hash -> address
    std::map<std::string, Thing> things_;
    std::vector<EffectSeen> effects_;
    std::map<std::vector<std::string>, Instant> audited_at_; // by what the record says
    std::vector<std::string> violations_;

    struct PlannedAction {
        Verb verb = Verb::no_op;
        std::string uid;
    };
    ManifestText in_force_;
    bool prune_ = false;
    bool planned_ = false; // a plan is being carried out
    std::map<std::string, PlannedAction> plan_;
    // Replaces that were begun: the address and the uid of the one that is to go; when that was
    // planned.
    std::map<std::pair<std::string, std::string>, Instant> replacing_;
    std::map<std::string, std::string> remembered_;                    // address -> uid
    std::map<std::pair<std::string, std::string>, Instant> last_look_; // by kind and project
    Instant round_began_{};
    std::optional<Instant> state_lost_at_;
    bool duplicates_excused_ = false; // there are some that nobody could have prevented
    std::set<std::pair<std::string, std::string>> referred_; // address -> by which kind
    std::set<std::string> abandoned_; // addresses that were declared with deletionPolicy: abandon
    std::set<std::string> protected_; // ... with preventDestroy
    Instant planned_at_{};
    std::map<std::string, Intent> intents_;           // open and durable, by id
    std::map<std::string, Instant> unintended_since_; // by address: when the last one of it ended
    std::set<std::string>
        closings_; // intents whose end was asked for, and may have come in spite of an error
    // Effects whose answer was received, and those of them that must be in the audit by now.
    std::set<std::string> answered_;
    std::set<std::string> audited_;
    std::size_t lives_ = 0;
    // What the state remembers of the manifests of resources that are as declared.
    struct Settled {
        bool abandon = false;
        bool prevent_destroy = false;
        Instant at{}; // what was made later is another object
    };
    std::map<std::string, Settled> settled_;
};

} // namespace trueup::sim
