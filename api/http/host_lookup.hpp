// Waits for a look-up of a host that can block, such as getaddrinfo, without holding up the event
// loop or the end of the process.
//
// Each look-up has a thread of its own that nobody joins: one that hangs is left behind, and
// touches nothing of ours when it comes back.

#pragma once

#include "api/http/tcp.hpp"

#include <functional>

namespace trueup {

using Endpoints = Result<std::vector<TcpEndpoint>>;

// Asks the system for the addresses of `origin`. Blocks. Fails with network.
Endpoints ask_system(const Origin& origin);

// What `look_up` returns, which may block for ever: it runs on another thread and owns all that it
// needs. Fails with timed_out after `max`, and with network when too many look-ups hang already or
// no thread is to be had. `clock` must outlive the task.
Task<Endpoints>
look_up_aside(Clock& clock, std::string host, Duration max, std::function<Endpoints()> look_up);

} // namespace trueup
