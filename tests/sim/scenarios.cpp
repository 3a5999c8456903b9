#include "tests/sim/scenarios.hpp"

namespace trueup::sim {

namespace {

Declared declare(const char* kind, const char* name, const char* project = "")
{
    Declared d;
    d.kind = kind;
    d.name = name;
    d.project = project;
    return d;
}

ManifestText set_of(std::vector<Declared> resources)
{
    ManifestText manifests;
    manifests.resources = std::move(resources);
    return manifests;
}

Scenario scenario(const char* name, ManifestText first, ManifestText second)
{
    Scenario s;
    s.name = name;
    s.stages = {std::move(first), std::move(second)};
    return s;
}

Scenario replace_scenario(const char* name, const char* kind, ReplaceMode mode)
{
    Declared before = declare(kind, "a");
    before.replace = mode;
    Declared after = before;
    after.shape = 2;
    after.version = 2;
    return scenario(name, set_of({before}), set_of({after}));
}

std::vector<Scenario> make_scenarios()
{
    const Declared role = declare("Role", "a");
    const Declared filter = declare("TagFilter", "b");
    const Declared profile = declare("ClusterProfile", "d");
    Declared team = declare("Team", "c");
    team.refs = {role.address()};
    Declared role2 = role;
    Declared filter2 = filter;
    Declared team2 = team;
    Declared profile2 = profile;
    role2.version = filter2.version = team2.version = profile2.version = 2;
    Declared left = declare("Role", "d");
    left.abandon = true;
    Declared kept = filter;
    kept.prevent_destroy = true;
    const Declared registry = declare("RegistryHelm", "a");
    Declared after = profile;
    after.refs = {registry.address()};
    const Declared after2 = profile2;
    Declared policy = declare("PasswordPolicy", "m");
    policy.adopt = AdoptMode::take_over;
    const ManifestText three = set_of({role, filter, team});
    const ManifestText inside = set_of(
        {declare("Project", "pa"), declare("SshKey", "k", "pa"), declare("Macros", "m", "pa")});
    std::vector<Scenario> all{
        scenario("create", three, three),
        scenario("create where the server refuses duplicates", three, three),
        scenario("update", three, set_of({role2, filter2, team2})),
        scenario("delete", three, set_of({role})),
        scenario("create in several steps", set_of({profile}), set_of({profile2})),
        replace_scenario("replace, delete first", "TagFilter", ReplaceMode::delete_first),
        replace_scenario("replace, create first", "TagFilter", ReplaceMode::create_first),
        replace_scenario("replace in several steps", "ClusterProfile", ReplaceMode::delete_first),
        scenario("a project", inside, set_of({role})),
        // There are so many roles of the system that they fill more than one page.
        scenario("delete on a later page", set_of({role, declare("Role", "d")}), set_of({role})),
        scenario("what is to be left", set_of({role, left, kept}), set_of({role})),
        scenario("what must be ready first", set_of({registry, after}), set_of({after2, role})),
        scenario("a reset", set_of({policy, role}), set_of({role})),
        scenario("one that exists, on a later page", set_of({filter}), set_of({filter, role})),
        scenario(
            "another of its kind", set_of({filter}), set_of({filter, declare("TagFilter", "e")})),
    };
    all[1].trusting = true;
    all[13].before = {role};
    all[11].async_duration = std::chrono::seconds(25);
    return all;
}

Fault fault_at(FaultKind kind, Trigger trigger, std::uint64_t at, std::uint64_t seed)
{
    Fault fault;
    fault.kind = kind;
    fault.trigger = trigger;
    fault.at = at;
    fault.seed = seed;
    return fault;
}

// A crash at every event and effect, and a lost answer at every request, of those that `before` has
// not had.
std::vector<Fault> main_steps(const SimResult& run, const SimResult& before = {})
{
    std::vector<Fault> steps;
    for (std::size_t at = before.events + 1; at <= run.events; ++at)
        steps.push_back(fault_at(FaultKind::crash_event, Trigger::event, at, 2 * at));
    for (std::size_t at = before.writes_before_calm + 1; at <= run.writes_before_calm; ++at)
        steps.push_back(fault_at(FaultKind::crash_effect, Trigger::write, at, 2 * at));
    for (std::size_t at = before.requests_before_calm + 1; at <= run.requests_before_calm; ++at)
        steps.push_back(fault_at(FaultKind::cut_after, Trigger::request, at, 2 * at));
    return steps;
}

// What can befall any request and its answer.
void add_requests(const SimResult& calm, std::vector<Fault>& steps)
{
    for (std::size_t at = 1; at <= calm.requests_before_calm; ++at) {
        for (const FaultKind kind : {FaultKind::fail_before,
                                     FaultKind::truncate,
                                     FaultKind::cut_request,
                                     FaultKind::unauthorized,
                                     FaultKind::late_cut})
            steps.push_back(fault_at(kind, Trigger::request, at, 2 * at));
        steps.back().number = 5'000; // of the late one
        steps.push_back(fault_at(FaultKind::garbage, Trigger::request, at, 2 * at));
        steps.back().number = 1 + at % 7;
        steps.push_back(fault_at(FaultKind::throttle, Trigger::request, at, 2 * at));
        steps.back().number = 1 + at % 5;
    }
    for (std::size_t at = 1; at <= calm.rounds * 4; ++at)
        steps.push_back(fault_at(FaultKind::refuse, Trigger::dial, at, 2 * at));
}

// The same without power, and everything else that can befall one step.
std::vector<Fault> further_steps(const SimResult& calm)
{
    std::vector<Fault> steps;
    for (std::size_t at = 1; at <= calm.events; ++at)
        steps.push_back(fault_at(FaultKind::crash_event, Trigger::event, at, 2 * at + 1));
    for (std::size_t at = 1; at <= calm.writes_before_calm; ++at) {
        steps.push_back(fault_at(FaultKind::crash_effect, Trigger::write, at, 2 * at + 1));
        steps.push_back(fault_at(FaultKind::fail_after, Trigger::write, at, 2 * at));
        steps.push_back(fault_at(FaultKind::fail_before, Trigger::write, at, 2 * at));
        steps.push_back(fault_at(FaultKind::cut_before, Trigger::write, at, 2 * at));
        steps.push_back(fault_at(FaultKind::lost, Trigger::write, at, 2 * at));
        steps.push_back(fault_at(FaultKind::keep_other, Trigger::write, at, 2 * at));
        steps.push_back(fault_at(FaultKind::late, Trigger::write, at, 2 * at));
        steps.back().number = 27'000;
        steps.push_back(fault_at(FaultKind::garbage, Trigger::write, at, 2 * at));
        steps.back().number = 1 + at % 7;
    }
    // What others do between a plan and its first call; the seed says to which of the objects.
    for (std::size_t at = 1; at <= calm.rounds; ++at)
        for (const FaultKind kind : {FaultKind::other_take,
                                     FaultKind::other_edit,
                                     FaultKind::other_remove,
                                     FaultKind::other_clone})
            for (std::uint64_t seed = 1; seed <= 4; ++seed)
                steps.push_back(fault_at(kind, Trigger::plan, at, seed));
    for (std::size_t at = 1; at <= calm.requests_before_calm; ++at)
        for (std::uint64_t seed = 1; seed <= 4; ++seed)
            steps.push_back(fault_at(FaultKind::shift_pages, Trigger::request, at, seed));
    for (std::size_t at = 1; at <= calm.requests_before_calm; at += 4) {
        steps.push_back(fault_at(FaultKind::overlook, Trigger::request, at, at / 4));
        steps.back().number = 2'000;
        steps.back().last = at / 8 % 2;
    }
    add_requests(calm, steps);
    for (std::size_t at = 1; at <= calm.disk_operations; ++at) {
        steps.push_back(fault_at(FaultKind::crash_disk, Trigger::disk, at, 2 * at));
        steps.push_back(fault_at(FaultKind::crash_disk, Trigger::disk, at, 2 * at + 1));
        for (const FaultKind kind :
             {FaultKind::disk_fail, FaultKind::disk_full, FaultKind::disk_torn})
            steps.push_back(fault_at(kind, Trigger::disk, at, 2 * at));
    }
    return steps;
}

} // namespace

const std::vector<Scenario>& scenarios()
{
    static const std::vector<Scenario> all = make_scenarios();
    return all;
}

Exhausted exhaust(const Scenario& scenario, Depth depth, bool stop_at_first)
{
    Exhausted exhausted;
    SimOptions options;
    options.scenario = scenario;
    const auto run = [&](std::vector<Fault> faults) {
        options.faults = std::move(faults);
        SimResult result = simulate(options);
        ++exhausted.runs;
        if (!result.violations.empty() && ++exhausted.failing == 1) {
            exhausted.first_faults = *options.faults;
            exhausted.first = result;
        }
        return result;
    };
    const SimResult calm = run({});
    const std::vector<Fault> steps = main_steps(calm);
    const auto enough = [&] { return stop_at_first && exhausted.failing != 0; };
    for (const Fault& step : steps)
        if (!enough())
            run({step});
    for (const Fault& step : further_steps(calm))
        if (!enough())
            run({step});
    if (depth == Depth::single)
        return exhausted;
    for (std::size_t i = 0; i < steps.size() && !enough(); ++i) {
        for (std::size_t j = i + 1; j < steps.size() && !enough(); ++j)
            run({steps[i], steps[j]});
        // And what the first one adds: a look, another try, a recovery.
        for (const Fault& second : main_steps(run({steps[i]}), calm))
            if (!enough())
                run({steps[i], second});
    }
    return exhausted;
}

} // namespace trueup::sim
