// How a plan is made, step by step. Private to this room: make_plan is the way in.
//
// plan.cpp has the order of things, plan_declared.cpp what becomes of what is declared,
// plan_removal.cpp what becomes of what is not.

#pragma once

#include "reconciler/plan/plan.hpp"

#include <functional>
#include <string_view>
#include <unordered_map>

namespace trueup {

// Lets a map of strings be asked with a piece of text.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const
    {
        return std::hash<std::string_view>{}(text);
    }
};

class Planner {
public:
    // Everything outlives the planner.
    Planner(const Catalogue& catalogue,
            const ManifestSet& manifests,
            const std::vector<Record>& records,
            const std::vector<Intent>& intents,
            const Observations& observations,
            const PlanOptions& options);

    Result<Plan> run();

private:
    using Edges = std::vector<std::vector<std::size_t>>;

    // ---- plan.cpp: the whole
    Result<std::vector<std::size_t>> manifest_order() const;
    std::vector<std::string> prerequisites(const Manifest& manifest) const;
    static std::string scope_of(const Kind& kind, const Address& address);
    std::string scope_uid(const std::string& scope) const;
    void add(Action&& action);
    const Action* planned(const std::string& address) const;
    const Sighting& sighting(const std::string& address) const;
    const std::string* failure(const std::string& address) const;
    bool marked_ours(const Address& address, const Seen& object) const;
    static void block(Action& action, Reason reason, std::string message);
    void block_dependents();
    enum class RecordedUse { follow, leave };
    Edges edges_of_actions(RecordedUse recorded) const;
    void add_delete_edges(Edges& edges, RecordedUse recorded) const;
    void add_container_edges(Edges& edges) const;
    Result<void> order_actions();
    void move_actions(const std::vector<std::size_t>& order);
    void keep_what_is_used();
    void warn_of_idle_targets();
    void finish();

    // ---- plan_declared.cpp: what is declared
    Action plan_declared(const Manifest& manifest);
    void warn_of_sunset(const Kind& kind);
    void find_scope(Action& action) const;
    void resolve_desired(Action& action) const;
    void resolve(Action& action, Value& value) const;
    std::optional<Value> look_up(Action& action, const Unknown& unknown) const;
    std::optional<Value> follow(Action& action, const Unknown& unknown) const;
    std::optional<Value> field_of(Action& action,
                                  const Unknown& unknown,
                                  const std::string& uid,
                                  const Action* target) const;
    void decide(Action& action) const;
    void plan_create(Action& action, Reason reason) const;
    static void plan_pending_singleton(Action& action);
    static bool differs_from_record(const Action& action);
    void adopt(Action& action, const std::vector<Seen>& found) const;
    void adopt_unmarked(Action& action, const Seen& object) const;
    void take(Action& action, const Seen& object) const;
    void compare(Action& action, const Seen& object, const Value* last, Reason why) const;
    static void plan_replace(Action& action);
    void keep_beside_namesake(Action& action) const;
    static void keep_masks_back(Action& action);

    // ---- plan_removal.cpp: what is no longer declared
    void plan_destroy(const Manifest& manifest);
    void plan_undeclared();
    void plan_remembered();
    void plan_remembered(const Record& record);
    void plan_orphans();
    void plan_removal(Action action);
    void remove_or_show(Action action);
    std::string referrer(const std::string& address) const;
    void protect_containers();
    std::string what_stays(const std::vector<Held>& contents) const;

    const Catalogue& catalogue_;
    const ManifestSet& manifests_;
    const Observations& observations_;
    const PlanOptions& options_;
    // Their keys are the addresses in the records and manifests themselves.
    std::unordered_map<std::string_view, const Record*> records_;
    std::unordered_map<std::string_view, const Manifest*> declared_;
    std::set<std::string> creating_; // addresses with an open create
    std::set<std::string> replaced_; // uids that an open replace is about to remove
    std::set<std::string> kept_; // addresses of which an open call says that they are to be kept
    std::set<std::string> warned_;
    std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> index_;
    Plan plan_;
};

} // namespace trueup
