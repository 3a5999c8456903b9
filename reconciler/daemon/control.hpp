// What may be asked of a running daemon: the seam between its loop and whoever speaks for people
// (the control socket, signals, metrics).
//
// Everything is called from the daemon's own event loop, answers from memory at once, and never
// waits for the API.

#pragma once

#include "reconciler/daemon/status.hpp"
#include "state/model/result.hpp"
#include "state/model/value.hpp"
#include "state/store/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

class Control {
public:
    Control() = default;
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;
    virtual ~Control() = default;

    virtual DaemonStatus status() const = 0;
    // By address.
    virtual std::vector<ResourceStatus> resources() const = 0;
    virtual std::optional<ResourceStatus> resource(const std::string& address) const = 0;
    // The plan of the last round, as `plan --json` prints it, less what is unchanged; "" before the
    // first.
    virtual std::string plan() const = 0;
    // The newest first, from the store.
    virtual Result<std::vector<AuditRecord>> history(std::size_t newest_max) const = 0;
    // True while the loop makes progress; false when it has stopped reconciling for good.
    virtual bool alive() const = 0;
    // True once a round has ended well enough to speak for the manifests in force.
    virtual bool ready() const = 0;

    // Asks for a round as soon as one can start. `by` names who asks, for the audit.
    virtual void reconcile(const std::string& by) = 0;
    // Agrees to the pending plan. Fails with not_found (nothing waits), conflict (it is another
    // one), or refused (expired).
    virtual Result<void> approve(const std::string& digest, const std::string& by) = 0;
    // Fails with invalid_input on a target that is no address, project or "".
    virtual Result<void> suspend(Suspension suspension) = 0;
    // Fails with not_found.
    virtual Result<void> resume(const std::string& target, const std::string& by) = 0;
};

} // namespace trueup
