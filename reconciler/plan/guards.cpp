#include "reconciler/plan/guards.hpp"

#include "state/model/mutation.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace trueup {

std::size_t Limit::of(std::size_t total) const
{
    return std::max(count, total * percent / 100);
}

Result<Limit> parse_limit(std::string_view text)
{
    const bool is_percent = text.ends_with('%');
    const std::string_view digits = is_percent ? text.substr(0, text.size() - 1) : text;
    std::size_t amount = 0;
    const auto [rest, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), amount);
    if (digits.empty() || ec != std::errc{} || rest != digits.data() + digits.size())
        return Error{Errc::invalid_input,
                     "\"" + std::string(text) + "\" is not a limit",
                     "",
                     "write a number such as 10, or a share such as 30%"};
    if (is_percent)
        return Limit(0, std::min<std::size_t>(amount, 100));
    return Limit(amount, 0);
}

namespace {

Result<void>
check_deletes(const Plan& plan, const std::vector<Record>& records, const GuardOptions& options)
{
    const std::size_t deletes = plan.counts.remove + plan.counts.replace;
    const std::size_t allowed =
        options.deletes_max.of(std::max(records.size(), plan.actions.size()));
    if (deletes <= allowed || options.destroy)
        return {};
    return Error{Errc::refused,
                 "this plan deletes " + std::to_string(deletes) + " objects and the limit is " +
                     std::to_string(allowed),
                 "",
                 "if that is meant, run again with --max-deletes " + std::to_string(deletes)};
}

Result<void>
check_missing(const Plan& plan, const std::vector<Record>& records, const GuardOptions& options)
{
    std::map<std::string, std::size_t> owned;
    std::map<std::string, std::size_t> missing;
    for (const Record& record : records)
        ++owned[record.kind];
    for (const Action& action : plan.actions) {
        if (!action.last ||
            (action.reason != Reason::missing && action.reason != Reason::already_gone))
            continue;
        const auto asked = options.asked_to_go.find(action.address.text());
        if (asked == options.asked_to_go.end() || asked->second != action.last->uid)
            ++missing[action.address.kind()];
    }
    for (const auto& [kind, count] : missing) {
        const bool all = count == owned[kind] && count > 1 && !options.explicit_missing;
        if (count <= options.missing_max.of(owned[kind]) && !all)
            continue;
        return Error{Errc::refused,
                     std::to_string(count) + " of our " + std::to_string(owned[kind]) +
                         " objects of kind " + kind + " are missing at once",
                     "",
                     "a lost permission or a wrong tenant looks like this; if they were really "
                     "deleted, run again with --max-missing " +
                         std::to_string(count)};
    }
    return {};
}

using What = BlastLimit::What;
using Per = BlastLimit::Per;

std::string_view name_of(What what)
{
    switch (what) {
    case What::deletes:
        return "deletes";
    case What::updates:
        return "updates";
    case What::replaces:
        return "replaces";
    case What::creates:
        return "creates";
    }
    return "deletes";
}

bool counts(What what, Verb verb)
{
    switch (what) {
    case What::deletes:
        return verb == Verb::remove || verb == Verb::replace;
    case What::updates:
        return verb == Verb::update;
    case What::replaces:
        return verb == Verb::replace;
    case What::creates:
        return verb == Verb::create;
    }
    return false;
}

std::string group_of(Per per, const Address& address)
{
    switch (per) {
    case Per::plan:
        return {};
    case Per::kind:
        return "of kind " + address.kind();
    case Per::scope:
        return "in " + address.scope_text();
    }
    return {};
}

Result<void> check_limit(const Plan& plan, const std::vector<Record>& records, const BlastLimit& it)
{
    std::map<std::string, std::set<std::string>> all;
    std::map<std::string, std::size_t> done;
    for (const Record& record : records)
        if (auto address = Address::parse(record.address))
            all[group_of(it.per, *address)].insert(record.address);
    for (const Action& action : plan.actions) {
        const std::string group = group_of(it.per, action.address);
        all[group].insert(action.address.text());
        if (counts(it.what, action.verb))
            ++done[group];
    }
    for (const auto& [group, count] : done) {
        const std::size_t allowed = it.limit.of(all[group].size());
        if (count > allowed)
            return Error{Errc::refused,
                         "this plan has " + std::to_string(count) + " " +
                             std::string(name_of(it.what)) + (group.empty() ? "" : " ") + group +
                             ", and the configuration allows " + std::to_string(allowed),
                         "",
                         "if that is meant, raise limits in trueup.yaml; a running daemon also "
                         "takes an approval of exactly this plan"};
    }
    return {};
}

} // namespace

Result<void> check_guards(const Plan& plan,
                          const ManifestSet& manifests,
                          const std::vector<Record>& records,
                          const GuardOptions& options)
{
    if (mutated(Mutation::no_guards))
        return {};
    if (manifests.manifests.empty() && plan.counts.remove != 0 && !options.destroy)
        return Error{Errc::refused,
                     "nothing is declared at all, and pruning would delete everything that is ours",
                     "",
                     "check the manifest path; to delete everything on purpose use --destroy"};
    if (auto fine = check_missing(plan, records, options); !fine)
        return fine;
    for (const BlastLimit& limit : options.limits)
        if (auto fine = check_limit(plan, records, limit); !fine)
            return fine;
    return check_deletes(plan, records, options);
}

Result<void> check_binding(const std::optional<Binding>& stored, const Binding& now)
{
    if (!stored || *stored == now)
        return {};
    std::string what;
    const auto differs =
        [&](std::string_view name, const std::string& then, const std::string& here) {
            if (then != here)
                what += (what.empty() ? "" : ", ") + std::string(name) + " " + then + " and not " +
                        here;
        };
    differs("endpoint", stored->endpoint, now.endpoint);
    differs("tenant", stored->tenant_uid, now.tenant_uid);
    differs("owner", stored->owner_id, now.owner_id);
    return Error{Errc::refused,
                 "this state belongs to " + what,
                 "",
                 "use the state of this tenant (--state), or mend the endpoint, key or owner"};
}

} // namespace trueup
