// Watches manifests until they stand still, and loads them then: a tree that somebody is writing is
// never read as if it were whole.
//
// A tree counts as settled when two looks at it, a quiet period apart, agree, no checkout is under
// way, and a third look after loading agrees too. While it keeps changing the period grows, so that
// a slow copy is waited for.

#pragma once

#include "manifests/source.hpp"
#include "reconciler/daemon/bell.hpp"
#include "reconciler/daemon/host.hpp"

#include <functional>

namespace trueup {

struct SettledSnapshot {
    SettledSnapshot() = default;

    Snapshot snapshot;
    std::string content; // Scan::content that it was loaded from
};

class ManifestWatcher {
public:
    // All of it outlives the watcher.
    ManifestWatcher(Executor executor, Host& host, Clock& clock)
        : host_(host), clock_(clock), hints_(executor), pause_(executor)
    {
    }

    std::function<void(SettledSnapshot)> on_settled;
    // What the approval file holds, after on_settled of the tree that it lies in.
    std::function<void(const std::string& digest)> on_approval;
    std::function<void(const std::string& why)> on_unsettled; // it takes long

    // Until stop().
    Task<void> run();
    // Something may have changed.
    void hint() { hints_.ring(); }
    // Loads again even if nothing changed.
    void forget()
    {
        content_.clear();
        hints_.ring();
    }
    void stop()
    {
        stopping_ = true;
        hints_.ring();
        pause_.ring();
    }

private:
    Task<void> settle();
    Scan look();
    bool is_known(const Scan& scan) const
    {
        return scan.content == content_ && !scan.has_new_secrets;
    }
    void heed_approval(const Scan& scan);

    Host& host_;
    Clock& clock_;
    Bell hints_;
    Bell pause_;
    std::string content_; // of what was loaded last
    std::string approval_;
    bool stopping_ = false;
};

} // namespace trueup
