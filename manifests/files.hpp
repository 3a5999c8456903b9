// Finds the manifest files below the given paths, and reads files without being led astray: nothing
// outside the tree, nothing that is not a regular file, nothing too large.

#pragma once

#include "manifests/load.hpp"
#include "state/model/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace trueup::manifests {

struct ManifestFile {
    ManifestFile(std::filesystem::path p, std::filesystem::path r)
        : path(std::move(p)), root(std::move(r))
    {
    }

    std::filesystem::path path; // as it is shown: the given path and what lies below it
    std::filesystem::path root; // the directory that $file may not leave
};

// The files of all given paths but "-", in the order in which they are read. Directories are walked
// in name order; a path that is missing, a link that loops or leaves the tree, and a directory that
// cannot be read are errors, a directory without manifests a warning.
std::vector<ManifestFile> find_manifest_files(const LoadOptions& options, Diagnostics& diagnostics);

struct FileText {
    std::string text;
    // What the file is, whatever path led to it.
    std::pair<std::uint64_t, std::uint64_t> identity;
};

// The content of a regular file. Fails with not_found, invalid_input (no regular file, not
// readable) or too_large. Never waits, on a named pipe neither.
Result<FileText> read_file(const std::filesystem::path& path, std::size_t bytes_max);

// The canonical path of `wanted`, which is relative to `directory`. Fails with not_found, and with
// invalid_input when it lies outside `root` or goes there through a link.
Result<std::filesystem::path> path_inside(const std::filesystem::path& root,
                                          const std::filesystem::path& directory,
                                          const std::filesystem::path& wanted);

} // namespace trueup::manifests
