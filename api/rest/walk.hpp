// Walks a kind's list page by page.

#pragma once

#include "api/rest/provider.hpp"
#include "api/rest/transport.hpp"

#include <functional>
#include <string>
#include <vector>

namespace trueup::rest {

// Takes the items of one page that are of the kind, as the API sent them. False ends the walk
// early; an Error ends it with that error.
using ItemSink = std::function<Result<bool>(List items)>;

struct WalkRequest {
    WalkRequest() = default;

    const Kind* kind = nullptr; // has a list; outlives the walk
    Scope scope;
    std::vector<std::string> key; // narrows the list to this natural key, where it can be
    CallContext context;
};

// Every error of a page ends the walk, but for one that says that the listing expired: then it
// begins anew, three times at most, `sink` is handed some items again, and the walk proves nothing.
// Fails with rejected when it expires each time. A walk that its sink ends early proves nothing.
// `transport` outlives it.
Task<Result<WalkReport>> walk_items(ReadTransport& transport, WalkRequest request, ItemSink sink);

// `key` as parameters: "key:metadata.name". A key that is too short is completed with the defaults
// of the schema.
Parameters key_parameters(const Kind& kind, const std::vector<std::string>& key);

} // namespace trueup::rest
