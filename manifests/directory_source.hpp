// The Source that reads files and directory trees.

#pragma once

#include "manifests/load.hpp"
#include "manifests/source.hpp"
#include "state/model/clock.hpp"

#include <memory>

namespace trueup {

struct DirectorySourceOptions {
    DirectorySourceOptions() = default;

    LoadOptions load;
    // Files whose path starts so are no manifests: the state, where it lies among them.
    std::filesystem::path ours;
    // Where a digest that is agreed to can be written; "" : .trueup-approve in the first path.
    std::filesystem::path approval_file;
};

// `catalogue` and `clock` outlive the source, and `catalogue` what it loads.
std::unique_ptr<Source> make_directory_source(DirectorySourceOptions options,
                                              const Catalogue& catalogue,
                                              const Clock& clock);

} // namespace trueup
