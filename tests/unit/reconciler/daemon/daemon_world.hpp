// A daemon on virtual time: the real loop, engine, store and client, against a sandbox that is
// called directly, over manifests in a directory of their own.

#pragma once

#include "api/rest/rest.hpp"
#include "manifests/directory_source.hpp"
#include "reconciler/daemon/loop.hpp"
#include "state/model/json.hpp"
#include "state/store/sqlite_store.hpp"
#include "tests/support/catalogues.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/sandbox_caller.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <fstream>

namespace trueup::test {

using namespace std::chrono_literals;

// What the supervisor was told, a word each.
class SupervisorList final : public Supervisor {
public:
    void ready() override { told.emplace_back("ready"); }
    void reloading() override { told.emplace_back("reloading"); }
    void stopping() override { told.emplace_back("stopping"); }
    void status(const std::string& text) override { line = text; }
    void alive() override { ++beats; }
    std::optional<Duration> watchdog() const override { return within; }

    std::vector<std::string> told;
    std::string line;
    std::size_t beats = 0;
    std::optional<Duration> within;
};

inline std::string role(const std::string& name, const std::string& permission = "cluster.get")
{
    return "apiVersion: palette/v1\nkind: Role\nmetadata: {name: " + name +
           "}\nspec: {scope: project, type: user, permissions: [" + permission + "]}\n";
}

// The shipped kinds, read once.
inline const Catalogue& palette()
{
    static const Loaded loaded = load_sources(shipped_sources());
    return loaded.catalogue;
}

class DaemonWorld final : public Host {
public:
    DaemonWorld() : DaemonWorld(SandboxOptions()) {}
    // `with` outlives it.
    explicit DaemonWorld(SandboxOptions options, const Catalogue& with = palette())
        : kinds(with),
          api(std::move(options)),
          http(clock, [this](const SentRequest& sent) { return answer(sent); })
    {
        settings.request.plan.owner_id = "me";
        settings.request.observe.owner_id = "me";
        settings.request.endpoint = "http://sandbox";
        settings.jitter_percent = 0;
        REQUIRE_FALSE(kinds.kinds.empty());
    }
    ~DaemonWorld() override { stop(); }

    // ---- the manifests
    void write(const std::string& file, const std::string& text)
    {
        std::filesystem::create_directories((manifests() / file).parent_path());
        std::ofstream(manifests() / file, std::ios::binary) << text;
        hint();
    }
    void remove(const std::string& file)
    {
        std::filesystem::remove(manifests() / file);
        hint();
    }
    std::filesystem::path manifests() const { return directory / "manifests"; }

    // ---- its life
    void start()
    {
        begin();
        pass(2s); // the manifests settle, the first round runs
    }
    // Each call takes so long from the start.
    void start_slowly(Duration latency)
    {
        http.latency = latency;
        begin();
    }
    void begin()
    {
        std::filesystem::create_directories(manifests());
        auto opened = open_sqlite_store(
            context, directory / "state.db", StoreMode::writer, SyncMode::inline_);
        REQUIRE(opened);
        store = std::move(*opened);
        make_clients();
        loop = std::make_unique<Loop>(LoopParts(
            context.get_executor(), *this, kinds, *store, clock, *random, events, supervisor));
        relay.next = &loop->events();
        exit_code.reset();
        boost::asio::co_spawn(
            context.get_executor(), loop->run(), [this](const std::exception_ptr& bug, int code) {
                if (bug)
                    std::rethrow_exception(bug);
                exit_code = code;
            });
    }
    void stop()
    {
        if (!loop)
            return;
        loop->stop();
        pass(0s);
        if (!exit_code)
            pass(2h);
        CHECK(exit_code.has_value());
        relay.next = &events;
        loop.reset();
        provider_.reset();
        observer_.reset();
        store.reset();
    }
    // As a crash that loses nothing that was acknowledged.
    void restart()
    {
        stop();
        start();
    }
    void pass(Duration time) { clock.advance(time); }
    void hint()
    {
        if (loop)
            loop->files_changed();
    }

    // ---- what can be seen
    std::size_t writes() const
    {
        std::size_t count = 0;
        for (const SandboxRequest& request : api.sandbox->log())
            count += request.writes ? 1U : 0U;
        return count;
    }
    void forget_requests() { api.sandbox->clear_log(); }
    bool exists(const std::string& name) const
    {
        return !api.sandbox->uid_of("roles", name).empty();
    }
    std::string permissions(const std::string& name)
    {
        const std::string uid = api.sandbox->uid_of("roles", name);
        if (uid.empty())
            return "none";
        std::string all;
        const Called shown = api.get("/v1/roles/" + uid); // outlives the loop over its items
        for (const Value& permission : shown.items("spec.permissions"))
            all += (all.empty() ? "" : ",") + permission.string_or_empty();
        return all;
    }
    // Somebody else changes it.
    void meddle(const std::string& name, const std::string& permission)
    {
        REQUIRE(api.sandbox->patch_object("roles",
                                          api.sandbox->uid_of("roles", name),
                                          R"({"spec":{"permissions":[")" + permission + R"("]}})"));
    }
    std::string health(const std::string& name) const
    {
        const auto status = loop->resource("Role/tenant/" + name);
        if (!status)
            return "unknown";
        return std::string(trueup::name_of(status->condition)) + " " + status->reason;
    }
    std::string last_result() const
    {
        const auto status = loop->status();
        return status.last_round ? status.last_round->result : std::string("none");
    }
    bool said(const std::string& words) const
    {
        return std::ranges::any_of(events.events, [&](const Event& event) {
            return event.message.find(words) != std::string::npos;
        });
    }

    // ---- Host
    Observer& observer() override
    {
        if (provider_)
            return *provider_;
        return *observer_;
    }
    Provider* provider() override { return provider_.get(); }
    Source& source() override { return *source_; }
    const RunConfig& config() const override { return settings; }
    Result<void> reload() override
    {
        ++reloads;
        return {};
    }
    Result<void> take_reloaded() override
    {
        ++reloads_taken;
        return {};
    }
    void watch(const std::vector<std::filesystem::path>& directories) override
    {
        watched = directories;
    }
    void planned(const Plan&) override { ++plans; }

    const Catalogue& kinds;
    TempDir directory;
    boost::asio::io_context context{1};
    ManualClock clock{context};
    std::unique_ptr<Random> random = make_seeded_random(1);
    SandboxCaller api;
    FakeHttp http;
    EventList events;
    SupervisorList supervisor;
    RunConfig settings;
    std::unique_ptr<Store> store;
    std::unique_ptr<Loop> loop;
    std::optional<int> exit_code;
    std::vector<std::filesystem::path> watched;
    int attempts = 1; // of a call
    std::optional<rest::BreakerRules> breaker;
    std::size_t plans = 0;
    std::size_t reloads = 0;
    std::size_t reloads_taken = 0;
    // Looks at each request after it had its effect; what it returns is the answer, if anything.
    std::function<std::optional<HttpResponse>(const SentRequest&)> hook;

private:
    struct Relay final : public EventSink {
        void emit(const Event& event) override { next->emit(event); }
        EventSink* next = nullptr;
    };

    void make_clients()
    {
        relay.next = &events;
        DirectorySourceOptions options;
        options.load.paths.push_back(manifests());
        options.load.hasher = SecretHasher("0123456789abcdef0123456789abcdef");
        source_ = make_directory_source(std::move(options), kinds, clock);
        const SecretHasher hasher;
        RestOptions rest;
        rest.credentials.api_key = hasher.make("sandbox", "test");
        rest.rate = 0;
        rest.attempts_max = attempts;
        rest.breaker = breaker;
        if (settings.mode == RunMode::dry_run)
            observer_ = make_rest_observer(kinds, http, clock, *random, relay, std::move(rest));
        else
            provider_ = make_rest_provider(kinds, http, clock, *random, relay, std::move(rest));
    }

    Result<HttpResponse> answer(const SentRequest& sent)
    {
        HttpRequest request;
        request.method = sent.method;
        request.target = sent.target;
        request.body = sent.body;
        request.headers = sent.headers;
        request.headers.emplace_back(sent.credential_header, sent.credential);
        HttpResponse response = api.sandbox->handle(request, clock.wall());
        if (hook)
            if (auto other = hook(sent))
                return *other;
        return response;
    }

    Relay relay;
    std::unique_ptr<Source> source_;
    std::unique_ptr<Provider> provider_;
    std::unique_ptr<Observer> observer_;
};

} // namespace trueup::test
