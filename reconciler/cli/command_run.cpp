// run: the daemon, with everything real around its loop: files, inotify, signals, systemd.

#include "manifests/directory_source.hpp"
#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/control_client.hpp"
#include "reconciler/cli/run_config.hpp"
#include "reconciler/cli/run_git.hpp"
#include "reconciler/cli/workspace.hpp"
#include "reconciler/daemon/control_server.hpp"
#include "reconciler/daemon/inotify.hpp"
#include "reconciler/daemon/loop.hpp"
#include "reconciler/plan/render.hpp"

#include <boost/asio/signal_set.hpp>
#include <malloc.h>
#include <unistd.h>

namespace trueup {

namespace {

int fail(const Error& error)
{
    print_error(error);
    return exit_code_of(error);
}

// Hands events on to somebody who comes into being later than those who emit them.
class Relay final : public EventSink {
public:
    explicit Relay(EventSink& first) : next_(&first) {}
    void emit(const Event& event) override { next_->emit(event); }
    void lead_to(EventSink& next) { next_ = &next; }

private:
    EventSink* next_;
};

// Everything that a daemon works on.
class RealHost final : public Host {
public:
    RealHost(Workspace& workspace, Settings& settings, std::string key)
        : relay(*workspace.log), workspace_(workspace), settings_(settings), key_(std::move(key))
    {
    }

    Result<void> open()
    {
        auto config = read_run_config(settings_);
        if (!config)
            return config.error();
        config_ = std::move(*config);
        if (auto made = take_source(settings_); !made)
            return made;
        const Access access = config_.mode == RunMode::dry_run ? Access::read : Access::write;
        if (auto api = open_api(workspace_, settings_, access, &relay, rest::BreakerRules()); !api)
            return api;
        config_.request.endpoint = workspace_.http->origin().text();
        return {};
    }

    Observer& observer() override { return workspace_.reader(); }
    Provider* provider() override { return workspace_.provider.get(); }
    Source& source() override { return *source_; }
    const RunConfig& config() const override { return config_; }
    Result<void> reload() override;
    Result<void> take_reloaded() override;
    std::optional<GitStatus> git() const override
    {
        if (mirror == nullptr)
            return std::nullopt;
        return mirror->status();
    }
    void watch(const std::vector<std::filesystem::path>& directories) override
    {
        if (!inotify)
            return;
        const auto heard = inotify->watch(directories);
        if (!heard && heard.error().message != deaf_)
            relay.emit(Event(EventType::note, Level::warning, heard.error().text()));
        deaf_ = heard ? std::string() : heard.error().message;
    }
    // Who looks at plans before they are carried out sees them.
    void planned(const Plan& plan) override
    {
        if (config_.mode == RunMode::automatic || plan.digest == shown_)
            return;
        shown_ = plan.digest;
        RenderOptions how;
        how.colour = colour_of(settings_);
        print(render_text(plan, how) + "Plan " + plan.digest + "\n");
    }

    void round_ended(const RoundStatus& round) override
    {
        metrics.round_ended(round);
        // A round needs several times the memory that waiting for the next one does.
        ::malloc_trim(0);
    }

    Relay relay;
    Metrics metrics{TRUEUP_VERSION};
    std::unique_ptr<Inotify> inotify;
    const GitMirror* mirror = nullptr;

private:
    Result<void> take_source(const Settings& settings)
    {
        auto source = open_source(workspace_, settings, SecretMode::fetch, key_);
        if (!source)
            return source.error();
        source_ = std::move(*source);
        return {};
    }

    Workspace& workspace_;
    Settings& settings_;
    std::string key_;
    RunConfig config_;
    std::optional<std::pair<RunConfig, Settings>> fresh_; // was read, and does not count yet
    std::unique_ptr<Source> source_;
    std::string shown_;
    std::string deaf_;
};

Value section_of(const Settings& settings, const std::string& name)
{
    const auto found = settings.sections.find(name);
    return found != settings.sections.end() ? found->second : Value();
}

// What cannot change while the daemon holds the state that belongs to it.
Result<void>
check_unchanged(const Settings& before, RunMode mode_before, const Settings& now, RunMode mode_now)
{
    const std::pair<std::string_view, bool> same[] = {
        {"endpoint", before.endpoint == now.endpoint},
        {"owner", before.owner == now.owner},
        {"state", state_file(before) == state_file(now)},
        {"kinds", before.kinds == now.kinds},
        {"git", section_of(before, "git") == section_of(now, "git")},
        {"manifests", before.manifests == now.manifests},
        {"mode", mode_before == mode_now}};
    for (const auto& [name, equal] : same)
        if (!equal)
            return Error{Errc::invalid_input,
                         std::string(name) + " cannot change while trueup runs",
                         now.config_file.string(),
                         "restart it"};
    return {};
}

Result<void> RealHost::reload()
{
    CommandLine again;
    if (auto parsed = again.parse_again(settings_.arguments); !parsed)
        return parsed;
    Settings settings = again.settings();
    if (auto taken = take_manifests_from_git(settings); !taken)
        return taken;
    auto config = read_run_config(settings);
    if (!config)
        return config.error();
    if (auto same = check_unchanged(settings_, config_.mode, settings, config->mode); !same)
        return same;
    fresh_.emplace(std::move(*config), std::move(settings));
    return {};
}

Result<void> RealHost::take_reloaded()
{
    if (!fresh_)
        return {};
    auto [config, settings] = std::move(*fresh_);
    fresh_.reset();
    const Access access = config.mode == RunMode::dry_run ? Access::read : Access::write;
    if (auto api = open_api(workspace_, settings, access, &relay, rest::BreakerRules()); !api)
        return api;
    config.request.endpoint = workspace_.http->origin().text();
    if (auto made = take_source(settings); !made)
        return made;
    config_ = std::move(config);
    settings_ = std::move(settings);
    return {};
}

// SIGTERM and SIGINT stop, a second one at once; SIGHUP reads everything anew.
class RunSignals {
public:
    RunSignals(Workspace& workspace, Loop& loop, Duration stop_timeout)
        : workspace_(workspace),
          loop_(loop),
          stop_timeout_(stop_timeout),
          signals_(workspace.context, SIGINT, SIGTERM, SIGHUP)
    {
        wait();
    }

private:
    void wait()
    {
        signals_.async_wait([this](boost::system::error_code failure, int signal) {
            if (failure)
                return;
            handle(signal);
            wait();
        });
    }

    void handle(int signal)
    {
        if (signal == SIGHUP) {
            loop_.reload();
            return;
        }
        // What is open then is settled at the next start, by its intents.
        if (deadline_)
            _exit(1);
        say("stopping: what runs is finished, nothing new is started");
        deadline_ = workspace_.clock->alarm(stop_timeout_, [this] {
            say("stopped: what runs took too long");
            _exit(1);
        });
        loop_.stop();
    }

    void say(std::string text)
    {
        loop_.events().emit(Event(EventType::note, Level::warning, std::move(text)));
    }

    Workspace& workspace_;
    Loop& loop_;
    Duration stop_timeout_;
    std::unique_ptr<Alarm> deadline_;
    boost::asio::signal_set signals_;
};

Result<ControlOptions> read_control_options(const Settings& settings)
{
    ControlOptions options;
    options.socket = daemon_socket(settings);
    options.group = settings.socket_group;
    options.listen = settings.serve;
    if (!settings.serve_token_file.empty()) {
        auto token = read_credential_file(settings.serve_token_file);
        if (!token)
            return token.error();
        options.token = SecretHasher().make(std::move(*token), "file:" + settings.serve_token_file);
    }
    return options;
}

// Where people and machines see the daemon, and tell it what to do.
class ControlRoom {
public:
    ControlRoom(Workspace& workspace, Metrics& metrics)
        : hub(*workspace.clock),
          events({workspace.log.get(), &hub, &metrics}),
          workspace_(workspace),
          metrics_(metrics)
    {
    }

    Result<void> open(Loop& loop, const Settings& settings, Supervisor& supervisor)
    {
        auto options = read_control_options(settings);
        if (!options)
            return options.error();
        const auto given = supervisor.given_socket();
        if (!given)
            return given.error();
        options->given_socket = *given;
        if (*given)
            options->socket.clear();
        if (settings.socket.empty() && options->socket.string().size() > socket_bytes_max) {
            // Nobody chose it: a deep directory is no reason not to run.
            say(Level::warning,
                "the path " + options->socket.string() +
                    " is too long for a socket; nobody can ask this daemon, unless --socket "
                    "names a shorter one");
            options->socket.clear();
        }
        api_.emplace(loop, hub, metrics_, *workspace_.clock);
        auto made = make_control_server(workspace_.context, *workspace_.random, *api_, *options);
        if (!made)
            return made.error();
        server_ = std::move(*made);
        if (*given)
            say(Level::info, "listening on the socket that it was started with");
        if (!options->socket.empty())
            say(Level::info, "listening on " + options->socket.string());
        if (server_->port() != 0)
            say(Level::info, "listening on loopback port " + std::to_string(server_->port()));
        return {};
    }

    EventHub hub;
    FanOut events;

private:
    // What a socket's path may have, less the suffix that it is made under.
    static constexpr std::size_t socket_bytes_max = 100;

    void say(Level level, std::string text)
    {
        events.emit(Event(EventType::note, level, std::move(text)));
    }

    Workspace& workspace_;
    Metrics& metrics_;
    std::optional<ControlApi> api_;
    std::unique_ptr<ControlServer> server_;
};

} // namespace

namespace {

// Follows the repository beside the loop, for as long as that runs.
Task<int> run_with_git(Loop& loop, GitMirror& mirror, ChildRunner& runner, TaskGroup& group)
{
    group.spawn(mirror.run());
    const int exit_code = co_await loop.run();
    mirror.stop();
    runner.stop();
    co_await group.wait_all();
    co_return exit_code;
}

// With `once` the checkout comes first, and then the round.
Task<int> run_once_with_git(Loop& loop, GitMirror& mirror)
{
    auto synced = co_await mirror.sync();
    if (!synced)
        co_return 1; // the log says why
    const int exit_code = co_await loop.run();
    co_return exit_code;
}

// Runs the loop to its end, and whatever feeds it.
int run_all(Workspace& workspace,
            Loop& loop,
            RealHost& host,
            const std::optional<GitOptions>& git,
            bool once)
{
    if (!git)
        return run(workspace, loop.run());
    const auto runner = make_child_runner(workspace.context, *workspace.clock);
    GitMirror mirror(
        workspace.context.get_executor(), *git, *runner, *workspace.clock, loop.events());
    mirror.on_moved = [&loop] { loop.files_changed(); };
    host.mirror = &mirror;
    TaskGroup group(workspace.context.get_executor());
    const int exit_code = once ? run(workspace, run_once_with_git(loop, mirror))
                               : run(workspace, run_with_git(loop, mirror, *runner, group));
    host.mirror = nullptr;
    return exit_code;
}

} // namespace

int run_daemon(Settings& settings)
{
    Workspace workspace;
    if (auto taken = take_manifests_from_git(settings); !taken)
        return fail(taken.error());
    const auto git = read_git(settings);
    if (!git)
        return fail(git.error());
    if (auto basics = open_basics(workspace, settings); !basics)
        return fail(basics.error());
    if (auto config = read_run_config(settings); !config)
        return fail(config.error());
    const auto stop_timeout = read_stop_timeout(settings);
    if (!stop_timeout)
        return fail(stop_timeout.error());
    auto key = open_state(workspace, settings, Access::write);
    if (!key)
        return fail(key.error());
    RealHost host(workspace, settings, *key);
    if (auto opened = host.open(); !opened)
        return fail(opened.error());
    const auto supervisor = make_systemd_supervisor();
    ControlRoom control(workspace, host.metrics);
    Loop loop(LoopParts(workspace.context.get_executor(),
                        host,
                        workspace.catalogue,
                        *workspace.store,
                        *workspace.clock,
                        *workspace.random,
                        control.events,
                        *supervisor));
    host.relay.lead_to(loop.events());
    if (!settings.once)
        if (auto opened = control.open(loop, settings, *supervisor); !opened)
            return fail(opened.error());
    auto inotify = Inotify::open(workspace.context, [&loop] { loop.files_changed(); });
    if (inotify)
        host.inotify = std::move(*inotify);
    else
        print_error(inotify.error()); // each interval looks all the same
    const RunSignals signals(workspace, loop, *stop_timeout);
    const int exit_code = run_all(workspace, loop, host, *git, settings.once);
    host.inotify.reset();
    host.relay.lead_to(*workspace.log);
    return exit_code;
}

} // namespace trueup
