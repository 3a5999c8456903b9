#include "tests/sim/rules.hpp"

#include <chrono>

namespace trueup::sim {

void set_secrets(ServerRules& server)
{
    server.api_key = std::string(canary.substr(0, 7)) + "KEY";
    server.password = std::string(canary.substr(0, 7)) + "PASSWORD";
}

void draw_connection(Random& random, std::uint64_t guarded, WorldRules& rules)
{
    ProcessRules& process = rules.process;
    ServerRules& server = rules.server;
    rules.faults.beyond_settle = random.below(8) == 0;
    rules.faults.stale_reads = random.below(4) == 0;
    process.trusting = random.below(3) == 0;
    process.full_refresh = random.below(2) == 0;
    process.default_guards = random.below(guarded) == 0;
    process.parallelism = 1 + random.below(6);
    if (random.below(3) != 0)
        process.rate = 0;
    if (random.below(8) == 0)
        process.adoption = random.below(2) == 0 ? Adoption::never : Adoption::take_over;
    server.seed = random.next() % 1'000'000;
    set_secrets(server);
    server.stale_reads = rules.faults.stale_reads;
    if (random.below(3) != 0)
        server.async_duration = std::chrono::seconds(random.below(90));
    if (random.below(3) == 0) {
        server.token_lifetime = std::chrono::seconds(30 + random.below(900));
        process.credentials.login.emplace(
            "admin@example.com", "org", Secret(server.password, "", "test"));
    } else {
        process.credentials.api_key.emplace(server.api_key, "", "test");
    }
}

void draw_before(Random& random, WorldRules& rules)
{
    for (const Declared& declared : rules.manifests.resources)
        if (declared.project.empty() && !facts_of(declared.kind).is_singleton() &&
            random.below(6) == 0) {
            rules.before.push_back(declared);
            if (random.below(2) == 0)
                rules.before.back().version = 55;
        }
}

void draw_broken_kind(Random& random, std::uint64_t broken, WorldRules& rules)
{
    const std::vector<Declared>& declared = rules.manifests.resources;
    if (random.below(broken) != 0 || declared.empty())
        return;
    const std::string& kind = declared[random.below(declared.size())].kind;
    if (!facts_of(kind).is_singleton() && kind != "Project")
        rules.server.broken_kind = kind;
}

void tell_judge(WorldRules& rules)
{
    JudgeRules& judge = rules.judge;
    judge.owner = rules.process.owner;
    judge.duplicates_possible = rules.faults.beyond_settle;
    judge.takes_over = rules.process.adoption == Adoption::take_over;
    judge.broken_kind = rules.server.broken_kind;
    judge.stale_reads = rules.faults.stale_reads;
    judge.trusting = rules.process.trusting;
    judge.async_duration = rules.server.async_duration;
}

} // namespace trueup::sim
