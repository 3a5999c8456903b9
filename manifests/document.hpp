// One YAML document to one manifest.

#pragma once

#include "manifests/context.hpp"
#include "manifests/manifest.hpp"

#include <optional>

namespace trueup::manifests {

struct ReadDocument {
    ReadDocument() = default;

    Manifest manifest;
    bool sound = false; // false: only the address may be used, to find the same one elsewhere
};

// The manifest that `document` declares. Everything that is wrong is added to the diagnostics;
// nothing comes back when not even an address could be read.
std::optional<ReadDocument>
read_document(Value document, const Origin& origin, const Surroundings& surroundings);

} // namespace trueup::manifests
