// Whoever started the daemon and wants to know how it fares: systemd, or nobody.

#pragma once

#include "state/model/clock.hpp"
#include "state/model/result.hpp"

#include <memory>
#include <optional>
#include <string>

namespace trueup {

class Supervisor {
public:
    Supervisor() = default;
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;
    virtual ~Supervisor() = default;

    virtual void ready() {}
    virtual void reloading() {}
    virtual void stopping() {}
    virtual void status(const std::string&) {} // one line for people
    virtual void alive() {}
    // Within which alive() is to be called; nothing when nobody counts.
    virtual std::optional<Duration> watchdog() const { return std::nullopt; }
    // The control socket, when it has made that and listens on it already (systemd.socket(5)).
    // Fails with invalid_input on anything else that it has handed over.
    virtual Result<std::optional<int>> given_socket() { return std::optional<int>(); }
};

// Speaks sd_notify(3) to the socket that systemd named in the environment; without one it is
// silent.
std::unique_ptr<Supervisor> make_systemd_supervisor();

} // namespace trueup
