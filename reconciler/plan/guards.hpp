// The last word before anything is written: is this plan what a person can have meant?
//
// Pure. A refusal is exit code 3, with the reason and the way to say "yes, I mean it".

#pragma once

#include "reconciler/plan/plan.hpp"

#include <map>
#include <string>

namespace trueup {

// "10", "30%" or both in one: the larger of the two counts.
struct Limit {
    Limit() = default;
    Limit(std::size_t n, std::size_t p) : count(n), percent(p) {}

    std::size_t count = 10;
    std::size_t percent = 30;

    // How many of `total` are allowed.
    std::size_t of(std::size_t total) const;
};

// Reads "N" or "N%". Fails with invalid_input.
Result<Limit> parse_limit(std::string_view text);

// How much of one sort a plan may do at once.
struct BlastLimit {
    enum class What { deletes, updates, replaces, creates };
    enum class Per { plan, kind, scope };

    BlastLimit(What w, Per p, Limit l) : what(w), per(p), limit(l) {}

    What what;
    Per per;
    Limit limit; // a share is of what is declared or ours in the plan, kind or scope
};

struct GuardOptions {
    GuardOptions() = default;

    Limit deletes_max;             // --max-deletes; replaces count
    Limit missing_max;             // owned objects of one kind that are gone at once
    bool explicit_missing = false; // --max-missing was given: all of a kind may be missing
    bool destroy = false;
    // Uids, by address, of what we have asked to go ourselves: it is not missing when it is gone.
    std::map<std::string, std::string> asked_to_go;
    std::vector<BlastLimit> limits; // from the configuration
};

// Fails with refused: too many deletes, too many of one kind missing at once, more than one of
// `limits` allows, or a prune with nothing declared at all.
Result<void> check_guards(const Plan& plan,
                          const ManifestSet& manifests,
                          const std::vector<Record>& records,
                          const GuardOptions& options);

// Fails with refused when the state belongs to another endpoint, tenant or owner.
Result<void> check_binding(const std::optional<Binding>& stored, const Binding& now);

} // namespace trueup
