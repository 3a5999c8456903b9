// What the loop is given by whoever starts it: the API, the manifests, the configuration, and a way
// to have all of that read anew. Real ones in cli/; fakes in tests and simulation.

#pragma once

#include "api/rest/provider.hpp"
#include "manifests/source.hpp"
#include "reconciler/daemon/config.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace trueup {

class Host {
public:
    Host() = default;
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;
    virtual ~Host() = default;

    // Everything that is handed out stays valid until the next take_reloaded that succeeds, which
    // happens between rounds alone.
    virtual Observer& observer() = 0;
    virtual Provider* provider() = 0; // null in a dry run: then nothing can be written
    virtual Source& source() = 0;
    virtual const RunConfig& config() const = 0;

    // Reads the configuration anew and keeps it for take_reloaded. When it fails everything stays
    // as it was. At any time.
    virtual Result<void> reload() = 0;
    // What was last read anew is what counts from now on; credentials are read for it. When it
    // fails everything stays as it was.
    virtual Result<void> take_reloaded() = 0;
    // Where changes are to be heard of from now on; heard means Loop::files_changed().
    virtual void watch(const std::vector<std::filesystem::path>& directories) = 0;
    // A plan was made, before anything is done about it.
    virtual void planned(const Plan&) {}
    // A round has ended; called once for each.
    virtual void round_ended(const RoundStatus&) {}
    // Where the manifests come from a git repository: how it is followed.
    virtual std::optional<GitStatus> git() const { return std::nullopt; }
};

} // namespace trueup
