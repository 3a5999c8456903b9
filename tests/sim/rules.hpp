// What a seed draws for every simulated world, be it of rounds or of days: who is connected how,
// what the server is like, what is declared first and what was there before.

#pragma once

#include "tests/sim/faults.hpp"
#include "tests/sim/judge.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/server.hpp"
#include "tests/sim/world.hpp"

#include <vector>

namespace trueup::sim {

struct WorldRules {
    ProcessRules process;
    ServerRules server;
    JudgeRules judge;
    FaultRules faults;
    ManifestText manifests;
    std::vector<Declared> before; // what exists when trueup first looks
};

// The client, its credentials, and the server; one in `guarded` has the guards as they are shipped.
void draw_connection(Random& random, std::uint64_t guarded, WorldRules& rules);
// Some of what is declared exists already, as it is declared or otherwise.
void draw_before(Random& random, WorldRules& rules);
// In one of `broken`, every write of one kind fails for ever.
void draw_broken_kind(Random& random, std::uint64_t broken, WorldRules& rules);
// Without a draw: the secrets of the server and how it is reached, by key; what the judge must
// know.
void set_secrets(ServerRules& server);
void tell_judge(WorldRules& rules);

} // namespace trueup::sim
