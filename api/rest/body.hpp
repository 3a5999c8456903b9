// The bodies of the calls that write facets, in each of the shapes of BodyShape.
//
// Pure.

#pragma once

#include "api/rest/change_path.hpp"
#include "api/rest/template.hpp"
#include "state/model/kind.hpp"
#include "state/model/resource.hpp"
#include "state/model/result.hpp"

#include <vector>

namespace trueup::rest {

// What an update starts from and where it should lead, both in write shape. The references outlive
// it.
struct UpdateGoal {
    UpdateGoal(const Kind& k, const Value& b, const Value& t) : kind(k), base(b), target(t) {}

    const Kind& kind;
    const Value& base;   // what was read
    const Value& target; // what should be there, mark included
};

// The paths that the shapes that send changes only have to send for `facet`: what `changes` name
// within it, without stepping into lists.
std::vector<Path>
paths_to_send(const Kind& kind, const Facet& facet, const std::vector<ChangePath>& changes);

// The body of `facet`. `send` matters to the shapes that send changes only; `parameters` to
// templates. Fails with refused when something in it must not be sent (check_sendable).
Result<Value> facet_body(const UpdateGoal& goal,
                         const Facet& facet,
                         const std::vector<Path>& send,
                         const Parameters& parameters);

// An operation's body template, filled from `target`. Fails as check_sendable and expand_body do.
Result<Value> body_from_template(const Kind& kind,
                                 const Value& body,
                                 const Value& target,
                                 const Parameters& parameters);

} // namespace trueup::rest
