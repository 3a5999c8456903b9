#include "tests/sim/process.hpp"

#include "tests/sim/fixtures.hpp"
#include "tests/sim/watched_store.hpp"

#include <boost/asio/co_spawn.hpp>

namespace trueup::sim {

Process::Process(Universe& universe,
                 Timeline& timeline,
                 Judge& judge,
                 Network& network,
                 Surroundings& surroundings,
                 const ProcessRules& rules,
                 Disk& disk,
                 ManifestCache& cache,
                 std::uint64_t seed)
    : universe_(universe),
      timeline_(timeline),
      judge_(judge),
      network_(network),
      surroundings_(surroundings),
      rules_(rules),
      disk_(disk),
      cache_(cache),
      clock_(universe, place_),
      random_(make_seeded_random(seed))
{
}

// In the order in which a dying process comes apart: nothing of it may run any more.
Process::~Process()
{
    universe_.purge(place_);
    network_.hang_up(place_);
    place_.drop();
    store_.reset();
    place_.drop();
    provider_.reset();
    http_.reset();
    dialer_.reset();
}

Result<void> Process::start(bool complete)
{
    auto store = open_watched(place_, judge_, disk_, complete);
    if (!store)
        return store.error();
    store_ = std::move(*store);
    dialer_ = network_.make_dialer(place_, clock_);
    http_ = make_simulated_client(*dialer_, clock_);
    RestOptions options;
    options.credentials = rules_.credentials;
    options.rate = rules_.rate;
    options.attempts_max = rules_.attempts_max;
    const Catalogue& catalogue = rules_.trusting ? fixtures().trusting : fixtures().catalogue;
    provider_ = make_rest_provider(catalogue, *http_, clock_, *random_, *this, std::move(options));
    auto rethrow = [](std::exception_ptr fault) {
        if (fault)
            std::rethrow_exception(fault);
    };
    boost::asio::co_spawn(place_.get_executor(), live(), rethrow);
    universe_.at(place_, Duration::zero(), [] {});
    return {};
}

void Process::die()
{
    if (dead_)
        return;
    dead_ = true;
    place_.stop();
}

void Process::emit(const Event& event)
{
    if (dead_)
        return;
    judge_.said(event);
    timeline_.add("trueup",
                  std::string(name_of(event.type)) + " " + event.address + ": " + event.message);
    surroundings_.heard(event);
}

Task<void> Process::live()
{
    for (;;) {
        RoundEnd end = co_await run_round();
        if (dead_)
            co_return;
        const bool broken = end.error && end.error->code == Errc::store_failed;
        bool failed_inside = false;
        for (const ActionResult& result : end.report.results)
            failed_inside =
                failed_inside || (result.error && result.error->code == Errc::store_failed);
        const auto pause = surroundings_.round_ended(std::move(end));
        if (!pause || broken || failed_inside) {
            ended_ = true;
            co_return;
        }
        co_await clock_.sleep(*pause);
    }
}

const Result<ManifestSet>& Process::read_manifests(const ManifestText& text)
{
    std::string key = text.text();
    key += "\n#" + std::to_string(surroundings_.secret_generation());
    const auto it = cache_.find(key);
    if (it != cache_.end())
        return it->second;
    Result<ManifestSet> set = load(text.text());
    return cache_.emplace(std::move(key), std::move(set)).first->second;
}

Result<ManifestSet> Process::load(std::string text)
{
    LoadOptions options;
    options.paths = {"-"};
    options.standard_input = std::move(text);
    options.environment = [this](const std::string&) -> std::optional<std::string> {
        return secret_text(surroundings_.secret_generation());
    };
    options.hasher = SecretHasher(std::string(32, 'k'));
    Diagnostics diagnostics;
    const Catalogue& catalogue = rules_.trusting ? fixtures().trusting : fixtures().catalogue;
    ManifestSet set = load_manifests(options, catalogue, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.all())
        judge_.printed("a diagnostic", diagnostic.text());
    if (diagnostics.has_errors())
        return Error{Errc::invalid_input, diagnostics.all().front().text()};
    return set;
}

// As the command line and the daemon do it: reads, prepares, plans, asks the guards, executes.
Task<RoundEnd> Process::run_round()
{
    RoundEnd end;
    const bool prune = surroundings_.prune();
    const ManifestText text = surroundings_.manifests();
    const Result<ManifestSet>& manifests = read_manifests(text);
    if (!manifests) {
        timeline_.add("trueup", "the manifests cannot be read: " + manifests.error().message);
        if (text.broken.empty())
            judge_.violation('E', "sound manifests are refused: " + manifests.error().text());
        end.unreadable = true;
        co_return end;
    }
    if (!text.broken.empty())
        judge_.violation('C', "broken manifests are read as sound ones");
    judge_.round_begins(text, prune);
    const Catalogue& catalogue = rules_.trusting ? fixtures().trusting : fixtures().catalogue;
    Engine engine(catalogue, *provider_, *store_, clock_, *random_, *this);
    engine.owner_id = rules_.owner;
    engine.plan_id = random_->hex(4);
    timeline_.add("trueup", "round " + engine.plan_id + (prune ? ", pruning" : ""));
    const std::size_t writes_before = judge_.writes();
    std::string endpoint = http_->origin().text();
    auto recovery = co_await prepare(engine, std::move(endpoint));
    if (!recovery) {
        end.error = recovery.error();
        judge_.printed("an error", end.error->text());
        timeline_.add("trueup", "preparing failed: " + end.error->text());
        co_return end;
    }
    for (const std::string& unresolved : recovery->unresolved)
        timeline_.add("trueup", "unresolved: " + unresolved);
    PlanRequest request;
    request.endpoint = http_->origin().text();
    request.plan.owner_id = rules_.owner;
    request.plan.prune = prune;
    request.plan.adoption = rules_.adoption;
    request.observe.owner_id = rules_.owner;
    request.observe.prune = prune;
    request.observe.now = clock_.wall();
    request.observe.refresh = rules_.full_refresh ? Refresh::full : Refresh::automatic;
    if (!rules_.default_guards) {
        request.guards.deletes_max = Limit(1000, 100);
        request.guards.missing_max = Limit(1000, 100);
        request.guards.explicit_missing = true;
    }
    const GuardOptions guards = request.guards;
    auto planned =
        co_await plan_now(catalogue, *manifests, *provider_, *store_, std::move(request));
    if (!planned) {
        end.error = planned.error();
        judge_.printed("an error", end.error->text());
        timeline_.add("trueup", "planning failed: " + end.error->text());
        co_return end;
    }
    auto noted = co_await note_protection(*store_, *manifests, planned->records);
    if (!noted) {
        end.error = noted.error();
        judge_.printed("an error", end.error->text());
        timeline_.add("trueup", "planning failed: " + end.error->text());
        co_return end;
    }
    if (auto allowed = check_guards(planned->plan, *manifests, planned->records, guards);
        !allowed) {
        timeline_.add("trueup", "refused: " + allowed.error().text());
        end.error = allowed.error();
        end.plan = std::move(planned->plan);
        co_return end;
    }
    judge_.planned(planned->plan);
    surroundings_.planned(planned->plan);
    end.plan = planned->plan;
    for (const Action& action : end.plan.actions)
        if (action.verb != Verb::no_op)
            timeline_.add("plan",
                          std::string(name_of(action.verb)) + " " + action.address.text() + " (" +
                              std::string(name_of(action.reason)) + ") " + action.message);
    ExecuteOptions options;
    options.parallelism = rules_.parallelism;
    std::vector<Action> actions = std::move(planned->plan.actions);
    end.report = co_await execute(engine, std::move(actions), std::move(options));
    judge_.executed(end.report);
    judge_.round_ended();
    end.writes = judge_.writes() - writes_before;
    co_return end;
}

} // namespace trueup::sim
