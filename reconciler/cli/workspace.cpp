#include "reconciler/cli/workspace.hpp"

#include "api/kinds/catalogue.hpp"
#include "manifests/directory_source.hpp"
#include "reconciler/cli/console.hpp"
#include "state/model/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace trueup {

namespace {

constexpr std::size_t credential_bytes_max = 64U << 10U;

std::optional<std::string> environment(const std::string& name)
{
    const char* value = std::getenv(name.c_str()); // nothing here ever changes the environment
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

} // namespace

Result<void> check_settled(Store& store, const std::vector<std::string>& addresses)
{
    const auto intents = store.open_intents();
    if (!intents)
        return intents.error();
    for (const Intent& intent : *intents)
        if (std::ranges::find(addresses, intent.address) != addresses.end())
            return Error{Errc::conflict,
                         "a call for it was interrupted and is not settled yet",
                         intent.address,
                         "run trueup apply first"};
    return {};
}

Result<Duration>
option_duration(const Settings& settings, const std::string& option, const std::string& text)
{
    auto duration = parse_duration(text);
    if (!duration)
        return Error{Errc::invalid_input,
                     "--" + option + ": " + duration.error().message,
                     settings.place_of(option),
                     duration.error().advice};
    return duration;
}

Result<double> option_rate(const Settings& settings)
{
    const std::string& text = settings.rate;
    if (text == "unlimited")
        return 0.0;
    double rate = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, ec] = std::from_chars(text.data(), end, rate);
    // It reads "inf" and "nan" too, and what is not above 0 would never send anything.
    if (ec != std::errc{} || rest != end || !std::isfinite(rate) || rate <= 0)
        return Error{Errc::invalid_input,
                     "--rate is a number of requests a second above 0, or unlimited, not " + text,
                     settings.place_of("rate"),
                     "write it as 10 or 0.5"};
    return rate;
}

Result<std::string> read_credential_file(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in)
        return Error{Errc::invalid_input, "the credential file cannot be read", path};
    std::string text;
    char c = 0;
    while (text.size() <= credential_bytes_max && in.get(c))
        text += c;
    if (text.size() > credential_bytes_max)
        return Error{Errc::invalid_input, "the credential file is too large", path};
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.pop_back();
    if (text.empty())
        return Error{Errc::invalid_input, "the credential file is empty", path};
    return text;
}

namespace {

Result<Credentials> read_login(const std::string& path)
{
    auto text = read_credential_file(path);
    if (!text)
        return text.error();
    Diagnostics diagnostics;
    std::vector<Value> documents = yaml::parse(*text, path, diagnostics);
    wipe(*text);
    const Map* map = documents.empty() ? nullptr : documents.front().if_map();
    const auto field = [&](std::string_view name) {
        const Value* value = map != nullptr ? map->find(name) : nullptr;
        return value != nullptr ? value->string_or_empty() : std::string();
    };
    if (diagnostics.has_errors() || field("email").empty() || field("password").empty())
        return Error{Errc::invalid_input,
                     "the login file does not hold a login",
                     path,
                     "write email:, org: and password: in it"};
    const SecretHasher no_hash;
    Credentials credentials;
    credentials.login.emplace(
        field("email"), field("org"), no_hash.make(field("password"), "file:" + path));
    return credentials;
}

Result<Credentials> read_credentials(const Settings& settings)
{
    const SecretHasher no_hash;
    Credentials credentials;
    if (!settings.api_key_file.empty()) {
        auto key = read_credential_file(settings.api_key_file);
        if (!key)
            return key.error();
        credentials.api_key = no_hash.make(std::move(*key), "file:" + settings.api_key_file);
        return credentials;
    }
    if (!settings.login_file.empty())
        return read_login(settings.login_file);
    if (auto key = environment("SPECTROCLOUD_APIKEY"); key && !key->empty()) {
        credentials.api_key = no_hash.make(std::move(*key), "env:SPECTROCLOUD_APIKEY");
        return credentials;
    }
    return Error{Errc::invalid_input,
                 "there is no credential for the API",
                 "",
                 "set SPECTROCLOUD_APIKEY, or use --api-key-file or --login-file"};
}

Result<std::optional<double>> read_rate(const Settings& settings)
{
    if (settings.rate.empty())
        return std::optional<double>();
    const auto rate = option_rate(settings);
    if (!rate)
        return rate.error();
    return std::optional<double>(*rate);
}

// The deadlines of one call: --timeout bounds the whole of it, and with it each of its parts. Each
// action that runs has a connection: what a write rests on would be old when it had waited for one.
Result<HttpLimits> read_limits(const Settings& settings)
{
    HttpLimits limits;
    limits.connections_max = std::max(limits.connections_max, settings.parallelism);
    if (settings.timeout.empty())
        return limits;
    auto timeout = parse_duration(settings.timeout);
    if (!timeout || *timeout <= Duration::zero())
        return Error{Errc::invalid_input,
                     "--timeout is a duration above 0, not " + settings.timeout,
                     settings.place_of("timeout"),
                     "write it as 500ms, 30s or 2m"};
    limits.call_max = *timeout;
    limits.read_max = std::min(limits.read_max, *timeout);
    limits.connect_max = std::min(limits.connect_max, *timeout);
    return limits;
}

std::vector<std::filesystem::path> as_paths(const std::vector<std::string>& texts)
{
    return {texts.begin(), texts.end()};
}

} // namespace

Result<void> open_basics(Workspace& workspace, const Settings& settings)
{
    auto log = make_log_sink(settings, *workspace.clock);
    if (!log)
        return log.error();
    workspace.log = std::move(*log);
    workspace.events =
        std::make_unique<ProgressSink>(*workspace.log, *workspace.clock, stderr_is_terminal());
    auto sources = catalogue_sources(as_paths(settings.kinds));
    if (!sources)
        return sources.error();
    Diagnostics diagnostics;
    workspace.catalogue = load_catalogue(*sources, diagnostics);
    diagnostics.sort();
    print_diagnostics(diagnostics);
    if (diagnostics.has_errors())
        return Error{Errc::invalid_input, "the kind files have mistakes; nothing was sent"};
    if (settings.settle.empty())
        return {};
    auto settle = option_duration(settings, "settle", settings.settle);
    if (!settle)
        return settle.error();
    for (Kind& kind : workspace.catalogue.kinds)
        kind.settle = *settle;
    return {};
}

namespace {

// What shapes the reading of manifests. Fails with invalid_input.
Result<LoadOptions>
read_load_options(const Settings& settings, SecretMode mode, const std::string& key)
{
    LoadOptions options;
    options.paths = as_paths(settings.manifests);
    if (options.paths.empty())
        options.paths.emplace_back(".");
    for (const std::string& pair : settings.vars) {
        const std::size_t equals = pair.find('=');
        if (equals == std::string::npos || equals == 0)
            return Error{Errc::invalid_input, "--var is NAME=VALUE, not " + pair};
        options.variables[pair.substr(0, equals)] = pair.substr(equals + 1);
    }
    options.environment_allowed = settings.env_vars;
    options.environment = environment;
    options.secrets = mode;
    options.hasher = SecretHasher(key);
    return options;
}

} // namespace

bool reads_standard_input(const Settings& settings)
{
    return std::ranges::find(settings.manifests, "-") != settings.manifests.end();
}

Result<void> open_manifests(Workspace& workspace,
                            const Settings& settings,
                            SecretMode mode,
                            const std::string& key)
{
    auto options = read_load_options(settings, mode, key);
    if (!options)
        return options.error();
    // It can be read once, and the manifests twice.
    if (reads_standard_input(settings) && !workspace.standard_input) {
        std::stringstream text;
        text << std::cin.rdbuf();
        workspace.standard_input = text.str();
    }
    options->standard_input = workspace.standard_input.value_or("");
    Diagnostics diagnostics;
    workspace.manifests = load_manifests(*options, workspace.catalogue, diagnostics);
    diagnostics.sort();
    print_diagnostics(diagnostics);
    if (!diagnostics.has_errors())
        return {};
    return Error{Errc::invalid_input,
                 std::to_string(diagnostics.error_count()) +
                     " mistakes in the manifests; nothing was sent"};
}

Result<std::unique_ptr<Source>>
open_source(Workspace& workspace, const Settings& settings, SecretMode mode, const std::string& key)
{
    auto load = read_load_options(settings, mode, key);
    if (!load)
        return load.error();
    DirectorySourceOptions options;
    options.load = std::move(*load);
    options.ours = state_file(settings);
    options.approval_file = settings.approve_file;
    return make_directory_source(std::move(options), workspace.catalogue, *workspace.clock);
}

std::filesystem::path state_file(const Settings& settings)
{
    if (!settings.state.empty())
        return settings.state;
    std::filesystem::path first = settings.manifests.empty() ? "." : settings.manifests.front();
    if (first == "-")
        first = ".";
    std::error_code ignored;
    if (!std::filesystem::is_directory(first, ignored))
        first = first.parent_path();
    return first / ".trueup" / "state.db";
}

Result<std::string> open_state(Workspace& workspace, const Settings& settings, Access access)
{
    const std::filesystem::path file = state_file(settings);
    const bool writes = access == Access::write;
    auto store = open_sqlite_store(workspace.context,
                                   file,
                                   writes ? StoreMode::writer : StoreMode::read_only,
                                   SyncMode::worker);
    if (!store)
        return store.error();
    workspace.store = std::move(*store);
    return load_secret_key(file, writes);
}

Result<void> open_api(Workspace& workspace,
                      const Settings& settings,
                      Access access,
                      EventSink* events,
                      std::optional<rest::BreakerRules> breaker)
{
    std::string url = settings.endpoint;
    if (url.empty())
        url = environment("SPECTROCLOUD_HOST").value_or("");
    if (url.empty())
        return Error{Errc::invalid_input,
                     "there is no endpoint",
                     "",
                     "use --endpoint URL, or set SPECTROCLOUD_HOST"};
    auto origin = parse_origin(url);
    if (!origin)
        return origin.error();
    auto credentials = read_credentials(settings);
    if (!credentials)
        return credentials.error();
    auto rate = read_rate(settings);
    if (!rate)
        return rate.error();
    TlsOptions tls;
    tls.ca_file = settings.ca_file;
    tls.client_cert = settings.client_cert;
    tls.client_key = settings.client_key;
    const auto limits = read_limits(settings);
    if (!limits)
        return limits.error();
    workspace.limits = *limits;
    auto dialer = make_network_dialer(workspace.context, *workspace.clock, tls, *limits);
    if (!dialer)
        return dialer.error();
    EventSink& sink = events != nullptr ? *events : *workspace.events;
    // In the order in which they need each other: what was there goes the other way round.
    workspace.provider.reset();
    workspace.observer.reset();
    workspace.http.reset();
    workspace.dialer = std::move(*dialer);
    workspace.http = make_http_client(*origin, *workspace.dialer, *workspace.clock, *limits);
    RestOptions options;
    options.credentials = std::move(*credentials);
    options.reload = [settings] { return read_credentials(settings); };
    options.rate = *rate;
    options.breaker = breaker;
    if (access == Access::write)
        workspace.provider = make_rest_provider(workspace.catalogue,
                                                *workspace.http,
                                                *workspace.clock,
                                                *workspace.random,
                                                sink,
                                                std::move(options));
    else
        workspace.observer = make_rest_observer(workspace.catalogue,
                                                *workspace.http,
                                                *workspace.clock,
                                                *workspace.random,
                                                sink,
                                                std::move(options));
    return {};
}

} // namespace trueup
