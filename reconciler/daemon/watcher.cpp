#include "reconciler/daemon/watcher.hpp"

#include <algorithm>

namespace trueup {

namespace {

constexpr std::chrono::minutes patience{1}; // after which somebody is told that it does not settle

} // namespace

Task<void> ManifestWatcher::run()
{
    while (!stopping_) {
        co_await hints_.wait(clock_, std::nullopt);
        if (!stopping_)
            co_await settle();
    }
}

Scan ManifestWatcher::look()
{
    Scan scan = host_.source().scan();
    host_.watch(scan.directories);
    return scan;
}

// Only with a tree that has been read: whoever agreed in one that says something else now agreed to
// what is no longer declared.
void ManifestWatcher::heed_approval(const Scan& scan)
{
    if (scan.approval == approval_)
        return;
    approval_ = scan.approval;
    if (!approval_.empty() && on_approval)
        on_approval(approval_);
}

Task<void> ManifestWatcher::settle()
{
    Scan before = look();
    if (is_known(before) && before.busy.empty()) {
        heed_approval(before);
        co_return;
    }
    const Instant begun = clock_.now();
    bool told = false;
    Duration quiet = host_.config().quiet;
    while (true) {
        co_await pause_.wait(clock_, quiet);
        if (stopping_)
            co_return;
        if (!told && clock_.now() - begun > patience) {
            told = true;
            if (on_unsettled)
                on_unsettled(before.busy.empty() ? "the manifests keep changing" : before.busy);
        }
        Scan now = look();
        if (!now.busy.empty() || now.fingerprint != before.fingerprint) {
            if (now.busy.empty())
                quiet = std::min<Duration>(quiet * 2, host_.config().quiet_max);
            before = std::move(now);
            continue;
        }
        if (is_known(now)) {
            heed_approval(now);
            co_return;
        }
        SettledSnapshot settled;
        settled.snapshot = host_.source().load();
        settled.content = now.content;
        Scan after = look();
        if (after.fingerprint != now.fingerprint) {
            before = std::move(after);
            continue;
        }
        content_ = now.content;
        if (on_settled)
            on_settled(std::move(settled));
        heed_approval(after);
        co_return;
    }
}

} // namespace trueup
