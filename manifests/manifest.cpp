#include "manifests/manifest.hpp"

#include <algorithm>

namespace trueup {

const Manifest* ManifestSet::find(const Address& address) const
{
    const auto it = std::ranges::lower_bound(manifests, address, {}, &Manifest::address);
    return it != manifests.end() && it->address == address ? &*it : nullptr;
}

} // namespace trueup
