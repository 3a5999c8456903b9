// What the engine works with: everything that touches the outside, as parameters.

#pragma once

#include "api/rest/provider.hpp"
#include "state/model/address.hpp"
#include "state/model/clock.hpp"
#include "state/model/event.hpp"
#include "state/model/random.hpp"
#include "state/store/store.hpp"

#include <functional>
#include <set>
#include <string>

namespace trueup {

// All of it outlives whoever holds an Engine.
struct Engine {
    Engine(const Catalogue& c, Provider& p, Store& s, Clock& k, Random& r, EventSink& e)
        : catalogue(c), provider(p), store(s), clock(k), random(r), events(e)
    {
    }

    const Catalogue& catalogue;
    Provider& provider;
    Store& store;
    Clock& clock;
    Random& random;
    EventSink& events;
    std::string owner_id;
    std::string plan_id;
    std::string revision; // of the manifests; "" where nobody keeps count
    // What recovery leaves as it is, its intents open: what may not be written to now. Empty:
    // nothing.
    std::function<bool(const Address&)> hands_off;
    // Ids of the intents of which recovery has written down what became of the calls before it. Who
    // recovers more than once in one life of the program keeps it, from the opening of the state to
    // the next; it outlives the engine. Null: nobody does.
    std::set<std::string>* told = nullptr;
};

} // namespace trueup
