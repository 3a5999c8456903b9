// What containers hold: the objects that live in a scope, and those that name it in a field.

#pragma once

#include "api/rest/provider.hpp"
#include "reconciler/plan/plan.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

// An object that holds others: of a kind that is a container.
struct Container {
    Container() = default;

    const Kind* kind = nullptr;
    Address address;
    Scope scope; // that it is in
    std::string uid;
};

// Asks each list once, however many containers ask for it.
class Inventory {
public:
    // Both outlive it.
    Inventory(const Catalogue& catalogue, Observer& observer)
        : catalogue_(catalogue), observer_(observer)
    {
    }

    // Everything in it, but for what is built in; nothing when that cannot be told: a list cannot
    // be read, says that it holds more than it shows, never shows the same twice, or does not show
    // what its objects are in. One call at a time.
    Task<std::optional<std::vector<Held>>> contents_of(Container container);

private:
    // An object, and what its field says that it is in.
    struct Entry {
        explicit Entry(Held h) : held(std::move(h)) {}

        bool operator==(const Entry& other) const
        {
            return held.uid == other.held.uid && in == other.in && unread == other.unread;
        }

        Held held;
        std::vector<std::string> in;
        bool unread = false; // the list does not show the field
    };
    struct Listing {
        Listing() = default;

        std::vector<Entry> entries; // in the order of their uids
        bool told = false;          // it could be read, and shows what it should
        bool sure = false;          // and proves that there is nothing else
    };

    Task<const Listing*> listing_of(const Kind& kind, Scope scope, const Path* field);
    Task<Listing> walk(const Kind& kind, Scope scope, const Path* field);
    Task<Listing> walk_until_sure(const Kind& kind, Scope scope, const Path* field);

    const Catalogue& catalogue_;
    Observer& observer_;
    std::map<std::string, Listing> listings_; // by kind, scope and field
};

} // namespace trueup
