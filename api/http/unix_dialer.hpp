// Dials a Unix socket instead of a host.

#pragma once

#include "api/http/stream.hpp"
#include "state/model/clock.hpp"

#include <filesystem>
#include <memory>

namespace trueup {

// Connects to the socket at `path`, whatever the origin. `clock` must outlive it.
std::unique_ptr<Dialer>
make_unix_dialer(Clock& clock, const std::filesystem::path& path, Duration connect_max);

} // namespace trueup
