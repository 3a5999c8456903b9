// Whether an update would have to send a mask in the place of a secret, for those who plan it.
//
// Pure. It tells what the encoder (codec.hpp) would refuse, and no more: what is not known yet will
// be.

#pragma once

#include "state/model/error.hpp"
#include "state/model/kind.hpp"
#include "state/model/value.hpp"

#include <optional>
#include <string>
#include <vector>

namespace trueup {

// Why encode_update will refuse to send a secret of which only a mask is at hand, as far as
// `observed`, an Observed::value, shows it. `changed` are the path texts of a Diff. Nothing when it
// will send what it must, or refuses for another reason.
std::optional<Error> find_withheld(const Kind& kind,
                                   const Value& observed,
                                   const Value& desired,
                                   const std::vector<std::string>& changed);

} // namespace trueup
