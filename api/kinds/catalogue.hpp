// Reads kind catalogues: the one compiled in, and files or directories given with --kinds.

#pragma once

#include "state/model/diagnostic.hpp"
#include "state/model/kind.hpp"
#include "state/model/result.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace trueup {

struct CatalogueSource {
    CatalogueSource(std::string n, std::string t, std::size_t l = 0)
        : name(std::move(n)), text(std::move(t)), layer(l)
    {
    }

    std::string name; // for messages
    std::string text;
    // 0: shipped, then one for each path given. Between layers the later wins; within one, two
    // kinds of a name are a mistake. A layer with an `api` section begins a catalogue of its own.
    std::size_t layer = 0;
};

// The shipped sources, then those of `paths` (files, or directories of *.yaml): a kind of the same
// name replaces the earlier one, and a path with an `api` section replaces everything before it.
// `only_paths` leaves the shipped ones out. Fails with invalid_input.
Result<std::vector<CatalogueSource>>
catalogue_sources(const std::vector<std::filesystem::path>& paths, bool only_paths = false);

// Everything that is wrong is added to `diagnostics` with file, line and key. Checked here: types,
// names, required parts, references between kinds, path parameters, and that no `read` or `login`
// operation has the method and path of a call that changes something, in any kind (design.md 4).
Catalogue load_catalogue(const std::vector<CatalogueSource>& sources, Diagnostics& diagnostics);

// Verifies each path, method, items path and field of `catalogue` against a Swagger 2.0 document.
// Findings are added to `diagnostics`. Fails with invalid_input when the text is no such document.
Result<void> check_against_swagger(const Catalogue& catalogue,
                                   std::string_view swagger,
                                   Diagnostics& diagnostics);

} // namespace trueup
