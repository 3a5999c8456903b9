// Speaks to a running daemon over its control socket.

#pragma once

#include "reconciler/cli/settings.hpp"
#include "state/model/result.hpp"
#include "state/model/value.hpp"

#include <filesystem>
#include <string>

namespace trueup {

// Where a daemon with these settings listens: --socket, else control.sock in $RUNTIME_DIRECTORY,
// else beside the state.
std::filesystem::path daemon_socket(const Settings& settings);

// Where a command looks for one: the same, and in the end where the systemd unit has it.
std::filesystem::path command_socket(const Settings& settings);

// What the daemon answers to a GET of `target`. Fails with network (no daemon answers there), or as
// the daemon says.
Result<Value> ask_daemon(const Settings& settings, const std::string& target);

// The same for a POST of `body`.
Result<Value> tell_daemon(const Settings& settings, const std::string& target, const Map& body);

} // namespace trueup
