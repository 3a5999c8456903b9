// Reads manifest files and directory trees into a ManifestSet, and says everything that is wrong
// with them at once. Sends nothing anywhere.

#pragma once

#include "manifests/manifest.hpp"
#include "state/model/secret.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

// Whether secrets are fetched from their sources. Offline checks only look at how they are written.
enum class SecretMode { fetch, leave };

struct LoadOptions {
    LoadOptions() = default;

    std::vector<std::filesystem::path> paths;     // files, directories, or "-" for standard input
    std::map<std::string, std::string> variables; // --var
    std::vector<std::string> environment_allowed; // names that ${VAR} may take from the environment
    // Looks a variable of the environment up; a parameter so that tests own it.
    std::function<std::optional<std::string>(const std::string&)> environment;
    SecretMode secrets = SecretMode::fetch;
    SecretHasher hasher;
    // Told of each file that a secret is about to be read from; it may not be there. May be empty.
    std::function<void(const std::filesystem::path&)> on_secret_file;
    std::string standard_input; // text for "-"
    std::size_t files_max = 100'000;
};

// Reads all paths: directories recursively in name order, *.yaml, *.yml and *.json, without what
// .trueupignore names, hidden files, vars.yaml and trueup.yaml. Symbolic links that leave the tree
// are refused. On any error diagnostic the set must not be used to send anything.
ManifestSet
load_manifests(const LoadOptions& options, const Catalogue& catalogue, Diagnostics& diagnostics);

} // namespace trueup
