#include "reconciler/engine/orphans.hpp"

#include "reconciler/engine/gather.hpp"
#include "reconciler/engine/task_group.hpp"

#include <boost/asio/this_coro.hpp>

#include <string>
#include <utility>

namespace trueup {

namespace {

// Leaves the orphan without a uid when it is gone, or not ours any more.
Task<void> read_orphan(const Kind& kind,
                       Observer& observer,
                       Orphan& orphan,
                       Observations& found,
                       std::optional<Error>& fatal)
{
    const std::string address = orphan.address.text();
    Scope scope = orphan.scope;
    std::string uid = orphan.object.uid;
    CallContext context(address);
    auto object =
        co_await observer.read(kind, std::move(scope), std::move(uid), std::move(context));
    if (!object) {
        if (is_fatal(object.error()))
            fatal = object.error();
        found.failures[address] = object.error().text();
        co_return;
    }
    if (*object && (*object)->mark == orphan.object.mark)
        orphan.object = std::move(**object);
    else
        orphan.object.uid.clear();
}

} // namespace

Task<std::optional<Error>> read_orphans(const Catalogue& catalogue,
                                        Observer& observer,
                                        const ObserveOptions& options,
                                        Observations& found)
{
    const Executor executor = co_await boost::asio::this_coro::executor;
    std::optional<Error> fatal;
    TaskGroup group(executor);
    for (Orphan& orphan : found.orphans) {
        const bool is_all = orphan.object.complete && options.refresh == Refresh::automatic;
        const Kind* kind = catalogue.find(orphan.address.kind());
        if (is_all || kind == nullptr || fatal)
            continue;
        co_await group.wait_below(options.parallelism);
        group.spawn(read_orphan(*kind, observer, orphan, found, fatal));
    }
    co_await group.wait_all();
    std::erase_if(found.orphans, [](const Orphan& orphan) { return orphan.object.uid.empty(); });
    co_return fatal;
}

} // namespace trueup
