// Compares what the server of the kill storm saw with what the state says was done: promise H.
//
// Pure. It judges one stretch at a time, from one settled point to the next: there every call is
// known to have ended, and no intent is open.

#pragma once

#include "state/store/store.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace trueup::test {

// A call that changed something, as the server saw it.
struct StormEffect {
    std::string trace; // the API's own name for the request, which its answer carries
    std::string address;
    std::string method;
    std::size_t life = 0; // which process was running
};

struct AuditFigures {
    std::size_t named = 0;   // effects whose own record names them
    std::size_t found = 0;   // effects that were found later, their process being dead
    std::size_t records = 0; // that speak of an effect
};

// What does not fit. `killed`: the lives that ended in a kill. `seen`: the traces of all effects
// since the beginning.
inline std::vector<std::string> audit_faults(const std::vector<StormEffect>& effects,
                                             const std::vector<AuditRecord>& records,
                                             const std::set<std::string>& seen,
                                             const std::set<std::size_t>& killed,
                                             AuditFigures& figures)
{
    std::vector<std::string> faults;
    std::map<std::string, const AuditRecord*> named;
    std::map<std::string, std::size_t> looked; // by address: somebody looked what became of a call
    for (const AuditRecord& record : records) {
        const bool claims = record.outcome == "done" && record.attempt != 0; // is of a call
        figures.records += claims || record.outcome == "found" ? 1U : 0U;
        if (record.outcome == "found" || record.outcome == "unknown")
            ++looked[record.address];
        if (claims && !seen.contains(record.audit_uid))
            faults.push_back("H: a record of what never happened: " + record.address + ", " +
                             record.route + ", " + record.audit_uid);
        if (!record.audit_uid.empty() && !named.emplace(record.audit_uid, &record).second)
            faults.push_back("H: two records of one effect on " + record.address);
    }
    std::set<std::string> touched; // addresses
    for (const StormEffect& effect : effects) {
        touched.insert(effect.address);
        const auto record = named.find(effect.trace);
        if (record != named.end()) {
            ++figures.named;
            if (record->second->address != effect.address || record->second->outcome != "done")
                faults.push_back("H: the record of " + effect.method + " for " + effect.address +
                                 " says " + record->second->outcome + " for " +
                                 record->second->address);
            continue;
        }
        // Whoever made it is dead; then the next one says that it looked.
        ++figures.found;
        if (!killed.contains(effect.life) || !looked.contains(effect.address))
            faults.push_back("H: no record of " + effect.method + " for " + effect.address);
    }
    // It speaks of all calls of an intent, the first of which may have a record of its own.
    for (const AuditRecord& record : records)
        if (record.outcome == "found" && !touched.contains(record.address))
            faults.push_back("H: found, and never done: " + record.verb + " of " + record.address);
    return faults;
}

} // namespace trueup::test
