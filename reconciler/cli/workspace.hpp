// What the commands work on: the kinds, the manifests, the state and the API, opened as the
// settings say.

#pragma once

#include "api/http/client.hpp"
#include "api/rest/rest.hpp"
#include "manifests/load.hpp"
#include "manifests/source.hpp"
#include "reconciler/cli/log.hpp"
#include "reconciler/cli/progress.hpp"
#include "reconciler/cli/settings.hpp"
#include "state/store/sqlite_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <memory>
#include <optional>

namespace trueup {

enum class Access { read, write };

// Members are opened by the functions below, in the order in which they stand; destroyed in
// reverse.
struct Workspace {
    Workspace() = default;
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;

    boost::asio::io_context context{1};
    std::unique_ptr<Clock> clock = make_system_clock(context);
    std::unique_ptr<Random> random = make_system_random();
    std::unique_ptr<EventSink> log;
    std::unique_ptr<ProgressSink> events;
    Catalogue catalogue;
    std::optional<std::string> standard_input; // what it held, once somebody wanted it
    ManifestSet manifests;
    std::string revision; // of the manifests, where they are applied; "" otherwise
    std::unique_ptr<Store> store;
    HttpLimits limits;
    std::unique_ptr<Dialer> dialer;
    std::unique_ptr<HttpClient> http;
    std::unique_ptr<Provider> provider; // with Access::write
    std::unique_ptr<Observer> observer; // with Access::read: cannot send anything that writes

    Observer& reader() { return provider ? *provider : *observer; }
};

// Logging and the kinds. What is wrong with kind files was printed when it fails.
Result<void> open_basics(Workspace& workspace, const Settings& settings);

// Reads and checks the manifests; what is wrong with them was printed when it fails.
Result<void> open_manifests(Workspace& workspace,
                            const Settings& settings,
                            SecretMode mode,
                            const std::string& key);

// True when "-" is among the manifests. Only open_manifests reads it.
bool reads_standard_input(const Settings& settings);

// For looking at the files that open_manifests reads, again and again. The workspace outlives it.
Result<std::unique_ptr<Source>> open_source(Workspace& workspace,
                                            const Settings& settings,
                                            SecretMode mode,
                                            const std::string& key);

std::filesystem::path state_file(const Settings& settings);

// The state, and the key of its secret hashes ("" when there is none and it is only read).
Result<std::string> open_state(Workspace& workspace, const Settings& settings, Access access);

// Whether no call for any of `addresses` was interrupted and is open still. Fails with conflict.
Result<void> check_settled(Store& store, const std::vector<std::string>& addresses);

// The duration that an option was given. Fails with invalid_input, and says where it was set.
Result<Duration>
option_duration(const Settings& settings, const std::string& option, const std::string& text);

// What --rate was given: requests a second, 0 for unlimited. Fails with invalid_input, and says
// where it was set.
Result<double> option_rate(const Settings& settings);

// The text of a credential file, without the end of its line. Fails with invalid_input. Wipe it
// after use.
Result<std::string> read_credential_file(const std::string& path);

// The API client, whose events go to `events` (which outlives the workspace), or to the workspace's
// own. Nothing is sent yet. When it fails the workspace is as it was. `breaker`: what makes it
// leave an API alone that is down.
Result<void> open_api(Workspace& workspace,
                      const Settings& settings,
                      Access access,
                      EventSink* events = nullptr,
                      std::optional<rest::BreakerRules> breaker = {});

// Runs `task` to its end on the workspace's event loop.
template <class T>
T run(Workspace& workspace, Task<T> task)
{
    std::optional<T> result;
    std::exception_ptr bug;
    boost::asio::co_spawn(
        workspace.context, std::move(task), [&](std::exception_ptr error, T value) {
            if (error)
                bug = error;
            else
                result.emplace(std::move(value));
        });
    workspace.context.restart();
    while (!result && !bug && workspace.context.run_one() != 0) {
    }
    if (bug)
        std::rethrow_exception(bug);
    return std::move(*result);
}

} // namespace trueup
