// Which commit a directory was checked out from. Reads repositories, never changes one, and runs
// nothing that one of them configures.

#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace trueup::manifests {

struct GitHead {
    GitHead() = default;

    std::string commit;
    bool dirty = false;              // only when asked for
    std::filesystem::path directory; // of the repository's own files, such as index.lock
    std::filesystem::path work_tree;
};

enum class GitLook { head, status };

// The commit that `path` belongs to; nothing when it is in no work tree, is ignored there, or
// nothing was committed yet. Hidden files do not make it dirty.
std::optional<GitHead> find_git_head(const std::filesystem::path& path, GitLook look);

} // namespace trueup::manifests
