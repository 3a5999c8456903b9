// Kills the real program with SIGKILL at random times, again and again, while it creates, updates,
// replaces and deletes, and checks what is left: nothing lost, nothing twice, nothing deleted that
// was declared, no write without a cause or a record, no secret on the disk, and nobody who had to
// help.
//
//   kill_storm [--kills N] [--seconds T] [--seed S] [--create-first 0|1]
//
// It goes on until N kills (200) were made and T seconds (0) have passed. With --create-first 0, no
// replace creates before it deletes.

#define DOCTEST_CONFIG_IMPLEMENT
#include "state/store/sqlite_store.hpp"
#include "tests/integration/live_api.hpp"
#include "tests/integration/world.hpp"
#include "tests/process/storm_judge.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <iterator>
#include <set>

using namespace trueup;
using namespace trueup::test;

namespace {

using std::chrono::microseconds;
using Steady = std::chrono::steady_clock;

struct StormOptions {
    std::size_t kills = 200;
    std::size_t seconds = 0;
    std::uint64_t seed = 1;
    bool create_first = true;
};

StormOptions options; // written by main alone

constexpr std::size_t rounds_max = 3;    // applies until the plan is empty (promise D)
constexpr std::size_t removals_max = 8;  // between two empty plans: below the guard's limit of 10
constexpr std::size_t foreign_count = 5; // objects that are not ours
constexpr std::size_t audit_lines_max = 10'000'000;

struct Figures {
    std::size_t kills = 0, mid_apply = 0, in_call = 0, ended_first = 0;
    std::size_t cycles = 0, rounds = 0, most_rounds = 0;
    std::size_t lost = 0, manual = 0;
    AuditFigures audit;
};

class Storm {
public:
    Storm()
        : world_(options.seed, options.create_first),
          judge_(world_),
          random_(make_seeded_random(options.seed + 1))
    {
        site_.write(".kinds/filter.yaml", std::string(storm_kinds));
        add_foreign(api_, &judge_);
        api_.set_hook([this](std::size_t, const HttpRequest& request, ServerReply& reply) {
            on_request(request, reply);
        });
        write_manifests(site_);
    }

    Figures run()
    {
        const auto end = Steady::now() + std::chrono::seconds(options.seconds);
        while (figures_.kills < options.kills || Steady::now() < end) {
            CAPTURE(figures_.kills);
            const std::size_t hundreds = figures_.kills / 100;
            cycle();
            if (judge_.faults.size() + figures_.lost + figures_.manual != 0)
                break;
            if (figures_.kills / 100 != hundreds)
                std::fprintf(stderr,
                             "%zu kills, %zu of them in the middle of changes; nothing lost\n",
                             figures_.kills,
                             figures_.mid_apply);
        }
        return figures_;
    }

    const StormJudge& judge() const { return judge_; }
    std::string reader_faults;

private:
    // Edits, some kills, more edits between them, then whatever it takes to have an empty plan.
    void cycle()
    {
        std::size_t removals = edit(removals_max);
        const std::size_t kills = 1 + random_->below(6);
        {
            std::unique_ptr<std::jthread> reader;
            if (random_->below(3) == 0)
                reader = std::make_unique<std::jthread>(
                    [this](const std::stop_token& stop) { read_beside(stop); });
            for (std::size_t i = 0; i < kills; ++i) {
                kill_one();
                if (random_->below(4) == 0)
                    removals += edit(removals_max - removals);
            }
        }
        converge();
        check_world();
        ++figures_.cycles;
    }

    std::size_t edit(std::size_t removals_left)
    {
        const std::lock_guard lock(api_.mutex());
        const std::size_t removals = world_.edit(removals_left);
        write_manifests(site_);
        return removals;
    }

    void write_manifests(const Site& site) const
    {
        std::set<std::string> names;
        for (const auto& [name, text] : world_.manifests()) {
            // Whole or not at all: a reader may be at it.
            site.write(".new", text);
            std::filesystem::rename(site.directory() / ".new", site.directory() / name);
            names.insert(name);
        }
        for (const char* kind :
             {"Role", "TagFilter", "CloudAccountAws", "ClusterProfile", "Project"})
            if (names.count(kind + std::string(".yaml")) == 0)
                site.remove(kind + std::string(".yaml"));
    }

    static void add_foreign(LiveApi& api, StormJudge* judge)
    {
        const std::lock_guard lock(api.mutex());
        for (std::size_t i = 0; i < foreign_count; ++i) {
            const std::string name = "foreign-" + std::to_string(i);
            const std::string uid = api.sandbox()->put_object(
                i % 2 == 0 ? "roles" : "filters",
                "",
                i % 2 == 0 ? R"({"metadata":{"name":")" + name +
                                 R"("},"spec":{"scope":"project","permissions":["cluster.get"]}})"
                           : R"({"metadata":{"name":")" + name +
                                 R"("},"spec":{"filterGroup":{"conjunction":"and"}}})");
            REQUIRE(!uid.empty());
            if (judge != nullptr)
                judge->protect(uid);
        }
    }

    std::vector<std::string>
    command(const Site& site, const LiveApi& api, std::vector<std::string> arguments) const
    {
        arguments.emplace_back("--kinds");
        arguments.push_back((site_.directory() / ".kinds").string());
        return site.command(api, std::move(arguments));
    }
    static std::map<std::string, std::string> environment()
    {
        auto all = Site::environment();
        all["STORM_SECRET"] = storm_canary;
        return all;
    }
    Finished run_on(const Site& site, const LiveApi& api, std::vector<std::string> arguments) const
    {
        Finished finished = run_process(command(site, api, std::move(arguments)), environment());
        CHECK((finished.out + finished.err).find(storm_canary) == std::string::npos);
        return finished;
    }

    // In the server's thread.
    void on_request(const HttpRequest& request, ServerReply& reply)
    {
        const std::size_t before = judge_.writes;
        judge_.see(request, reply.response);
        writes_ = judge_.writes;
        reply.delay = microseconds(latency_->below(2000));
        if (judge_.writes != before && judge_.writes == kill_at_write_ && victim_ != 0) {
            ++figures_.in_call;
            kill(victim_, SIGKILL);
        }
    }

    // Starts an apply and kills it: a quarter of them at any time at all, the others while or soon
    // after it changes something.
    void kill_one()
    {
        const std::size_t before = writes_;
        const std::size_t target = before + 1 + random_->below(6);
        const bool at_any_time = random_->below(4) == 0;
        const bool in_call = !at_any_time && random_->below(3) == 0;
        kill_at_write_ = in_call ? target : 0;
        const auto begun = Steady::now();
        const std::size_t life = begin_life();
        Process process(command(site_, api_, {"apply", "--yes", "--prune"}), environment());
        victim_ = process.pid();
        std::optional<Finished> finished;
        if (at_any_time)
            finished = process.wait_for(random_duration(usual_));
        while (!at_any_time && !finished && (in_call || writes_ < target))
            finished = process.wait_for(microseconds(200));
        if (!finished && !at_any_time)
            finished = process.wait_for(random_duration(microseconds(3000)));
        if (!finished) {
            process.kill_now();
            finished = process.wait();
        }
        victim_ = 0;
        CHECK((finished->out + finished->err).find(storm_canary) == std::string::npos);
        if (finished->exit_code == 128 + SIGKILL) {
            ++figures_.kills;
            killed_lives_.insert(life);
            figures_.mid_apply += writes_ != before ? 1U : 0U;
        } else {
            ++figures_.ended_first;
            usual_ = std::chrono::duration_cast<microseconds>(Steady::now() - begun);
            CHECK_MESSAGE(finished->exit_code == 0, finished->out, finished->err);
        }
        check_state();
    }

    // Of a process that may write, which begins now.
    std::size_t begin_life()
    {
        const std::lock_guard lock(api_.mutex());
        return ++judge_.life;
    }

    microseconds random_duration(microseconds most)
    {
        return microseconds(random_->below(static_cast<std::uint64_t>(most.count()) + 1));
    }

    std::filesystem::path state_file() const { return site_.directory() / ".trueup" / "state.db"; }

    // Whatever the moment of the kill was, the state can be read and its audit is whole.
    void check_state() const
    {
        const auto lines = verify_audit(state_file());
        if (!lines)
            CHECK_MESSAGE(lines.error().code == Errc::not_found, lines.error().text());
    }

    void converge()
    {
        kill_at_write_ = 0;
        for (std::size_t round = 1; round <= rounds_max; ++round) {
            begin_life();
            const Finished applied = run_on(site_, api_, {"apply", "--yes", "--prune"});
            const Finished plan = run_on(site_, api_, {"plan", "--detailed-exitcode", "--prune"});
            if (applied.exit_code == 0 && plan.exit_code == 0) {
                figures_.rounds += round;
                figures_.most_rounds = std::max(figures_.most_rounds, round);
                return;
            }
            last_words_ = applied.out + applied.err + plan.out + plan.err;
        }
        ++figures_.manual;
        FAIL_CHECK("no empty plan after " << rounds_max << " rounds:\n" << last_words_);
    }

    void check_world()
    {
        const std::size_t before = writes_;
        const Finished once_more = run_on(site_, api_, {"apply", "--yes", "--prune"});
        CHECK_MESSAGE(once_more.exit_code == 0, once_more.err);
        CHECK(writes_ == before);
        check_state();
        check_ownership();
        check_audit();
        check_secrets();
        const std::string difference = first_difference(dump_of(api_), undisturbed());
        CHECK_MESSAGE(difference.empty(), difference);
        figures_.manual += difference.empty() ? 0U : 1U;
        for (const std::string& fault : judge_.faults)
            FAIL_CHECK(fault);
    }

    // H, for all that happened since the last time.
    void check_audit()
    {
        boost::asio::io_context context{1};
        const auto store =
            open_sqlite_store(context, state_file(), StoreMode::read_only, SyncMode::inline_);
        REQUIRE_MESSAGE(store, (store ? "" : store.error().text()));
        const auto open = (*store)->open_intents();
        CHECK((open && open->empty()));
        auto records = (*store)->audit(audit_lines_max);
        REQUIRE(records);
        const std::size_t all = records->size();
        records->resize(all - audit_seen_); // the newest come first
        audit_seen_ = all;
        const std::lock_guard lock(api_.mutex());
        for (std::string& fault :
             audit_faults(judge_.effects, *records, judge_.traces, killed_lives_, figures_.audit))
            judge_.faults.push_back(std::move(fault));
        judge_.settle();
    }

    static std::string dump_of(LiveApi& api)
    {
        const std::lock_guard lock(api.mutex());
        return comparable(api.sandbox()->dump());
    }

    // The end of one apply of the same manifests that nobody interrupts.
    std::string undisturbed() const
    {
        LiveApi api;
        Site site;
        add_foreign(api, nullptr);
        write_manifests(site);
        const Finished applied = run_on(site, api, {"apply", "--yes"});
        REQUIRE_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        return dump_of(api);
    }

    // What the server holds of ours is what the state calls ours, and what is declared.
    void check_ownership()
    {
        const Finished list = run_process(site_.command(api_, {"state", "list"}), environment());
        std::set<std::string> remembered;
        std::istringstream lines(list.out);
        for (std::string line; std::getline(lines, line);)
            remembered.insert(line.substr(line.rfind(' ') + 1));
        const std::lock_guard lock(api_.mutex());
        for (const auto& [uid, object] : judge_.live()) {
            if (remembered.erase(uid) == 0) {
                ++figures_.lost;
                FAIL_CHECK("lost: " << object.key << " is not in the state");
            }
            if (world_.find(object.key) == nullptr)
                FAIL_CHECK("an orphan: " << object.key << " is not declared and still there");
        }
        CHECK(remembered.empty());
        CHECK(judge_.live().size() == world_.size());
    }

    void check_secrets() const
    {
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(site_.directory() / ".trueup")) {
            if (!entry.is_regular_file())
                continue;
            std::ifstream in(entry.path(), std::ios::binary);
            const std::string text{std::istreambuf_iterator<char>(in), {}};
            CHECK_MESSAGE(text.find(storm_canary) == std::string::npos, entry.path().string());
        }
    }

    // Plans and lists beside the one that is being killed.
    void read_beside(const std::stop_token& stop)
    {
        while (!stop.stop_requested()) {
            for (const auto& arguments :
                 std::vector<std::vector<std::string>>{{"plan", "--prune"}, {"state", "list"}}) {
                const Finished seen = run_process(command(site_, api_, arguments), environment());
                for (const char* word : {"damaged", "cut off", "bug", "not a state"})
                    if (seen.exit_code > 3 || seen.err.find(word) != std::string::npos)
                        reader_faults += seen.err;
                if ((seen.out + seen.err).find(storm_canary) != std::string::npos)
                    reader_faults += "a reader shows a secret";
            }
        }
    }

    LiveApi api_;
    Site site_;
    StormWorld world_;
    StormJudge judge_;
    std::unique_ptr<Random> random_;
    std::unique_ptr<Random> latency_ = make_seeded_random(options.seed + 2);
    std::atomic<std::size_t> writes_ = 0;
    std::atomic<std::size_t> kill_at_write_ = 0;
    std::atomic<pid_t> victim_ = 0;
    std::set<std::size_t> killed_lives_;
    std::size_t audit_seen_ = 0; // lines
    microseconds usual_{300'000};
    std::string last_words_;
    Figures figures_;
};

} // namespace

TEST_SUITE("process: kill storm")
{
    TEST_CASE("kill -9 at random loses nothing, doubles nothing, and needs nobody's help")
    {
        const auto begun = Steady::now();
        Storm storm;
        const Figures figures = storm.run();
        const StormJudge& judge = storm.judge();
        const std::chrono::duration<double> spent = Steady::now() - begun;
        std::printf(
            "seed %llu: %zu kills in %.0f s, %zu of them after the apply had begun to change "
            "something, %zu of these between an effect and its answer; %zu applies ended "
            "before their kill\n"
            "%zu creates, %zu deletes, %zu replaces under way twice; %zu writes; %zu times "
            "to an empty plan, in %.2f applies each (at most %zu)\n"
            "%zu effects with a record that names them, %zu found after a kill; %zu records that "
            "speak of an effect\n"
            "lost objects %zu, duplicates %zu, faults %zu, manual steps %zu\n",
            static_cast<unsigned long long>(options.seed),
            figures.kills,
            spent.count(),
            figures.mid_apply,
            figures.in_call,
            figures.ended_first,
            judge.creates,
            judge.deletes,
            judge.replaces,
            judge.writes,
            figures.cycles,
            static_cast<double>(figures.rounds) /
                static_cast<double>(std::max<std::size_t>(figures.cycles, 1)),
            figures.most_rounds,
            figures.audit.named,
            figures.audit.found,
            figures.audit.records,
            figures.lost,
            judge.duplicates,
            judge.faults.size(),
            figures.manual);
        CHECK(figures.kills >= options.kills);
        CHECK(figures.lost == 0);
        CHECK(judge.duplicates == 0);
        CHECK(judge.faults.empty());
        CHECK(figures.manual == 0);
        CHECK_MESSAGE(storm.reader_faults.empty(), storm.reader_faults);
        // A storm that hits nothing proves nothing.
        CHECK(figures.mid_apply > figures.kills / 3);
    }
}

int main(int argc, char** argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string name = argv[i];
        const std::uint64_t value = std::strtoull(argv[i + 1], nullptr, 10);
        if (name == "--kills")
            options.kills = value;
        else if (name == "--seconds")
            options.seconds = value;
        else if (name == "--seed")
            options.seed = value;
        else if (name == "--create-first")
            options.create_first = value != 0;
        else {
            std::fprintf(stderr,
                         "usage: %s [--kills N] [--seconds T] [--seed S] [--create-first 0|1]\n",
                         argv[0]);
            return 1;
        }
    }
    doctest::Context context;
    return context.run();
}
