// The git repository that a daemon takes its manifests from, where trueup.yaml names one.

#pragma once

#include "reconciler/cli/settings.hpp"
#include "reconciler/daemon/git_mirror.hpp"

#include <optional>

namespace trueup {

// What the section "git" says; nothing without one. Fails with invalid_input.
Result<std::optional<GitOptions>> read_git(const Settings& settings);

// Makes the checkout the place of the manifests. Fails with invalid_input when they have another.
Result<void> take_manifests_from_git(Settings& settings);

} // namespace trueup
