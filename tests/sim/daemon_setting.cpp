#include "tests/sim/daemon_setting.hpp"

#include "tests/sim/weighted.hpp"

#include <algorithm>

namespace trueup::sim {

using std::chrono::minutes;

const char* name_of(DayThing thing)
{
    static constexpr std::array<const char*, day_things> names{
        "edit",          "checkout", "locked",     "flip",         "take-away",     "empty",
        "unreadable",    "move",     "other-edit", "other-remove", "other-create",  "other-clone",
        "faults",        "crash",    "power-loss", "state-lost",   "state-damaged", "wall-jump",
        "restart",       "reload",   "bad-reload", "rotate",       "approve",       "approve-file",
        "approve-wrong", "suspend",  "resume",     "reconcile"};
    return names.at(static_cast<std::size_t>(thing));
}

std::string DayEvent::text() const
{
    return std::string(name_of(thing)) + " at " + std::to_string(at_ms / 60'000) + " min";
}

namespace {

using Weight = Weighted<DayThing>;

constexpr std::array weights{Weight{DayThing::edit, 24},         Weight{DayThing::checkout, 6},
                             Weight{DayThing::locked, 3},        Weight{DayThing::flip, 5},
                             Weight{DayThing::take_away, 2},     Weight{DayThing::empty, 3},
                             Weight{DayThing::unreadable, 3},    Weight{DayThing::move, 3},
                             Weight{DayThing::other_edit, 8},    Weight{DayThing::other_remove, 5},
                             Weight{DayThing::other_create, 4},  Weight{DayThing::other_clone, 3},
                             Weight{DayThing::faults, 16},       Weight{DayThing::crash, 5},
                             Weight{DayThing::power_loss, 4},    Weight{DayThing::state_lost, 1},
                             Weight{DayThing::state_damaged, 1}, Weight{DayThing::wall_jump, 1},
                             Weight{DayThing::restart, 5},       Weight{DayThing::reload, 5},
                             Weight{DayThing::bad_reload, 1},    Weight{DayThing::rotate, 2},
                             Weight{DayThing::approve, 10},      Weight{DayThing::approve_file, 2},
                             Weight{DayThing::approve_wrong, 2}, Weight{DayThing::suspend, 6},
                             Weight{DayThing::resume, 4},        Weight{DayThing::reconcile, 3}};

std::string clock_text(std::uint64_t minute)
{
    const auto two = [](std::uint64_t number) {
        std::string text = std::to_string(number);
        text.insert(0, text.size() < 2 ? 1 : 0, '0');
        return text;
    };
    return two(minute / 60) + ":" + two(minute % 60);
}

} // namespace

RunConfig draw_run_config(Random& random, const ProcessRules& rules)
{
    RunConfig config;
    constexpr std::array intervals{minutes(5), minutes(10), minutes(20), minutes(30)};
    constexpr std::array graces{minutes(0), minutes(0), minutes(10), minutes(90)};
    const std::uint64_t mode = random.below(12);
    if (mode < 4)
        config.mode = RunMode::approve;
    else if (mode == 4)
        config.mode = RunMode::dry_run;
    config.interval = intervals.at(random.below(intervals.size()));
    config.grace = graces.at(random.below(graces.size()));
    config.on_bad = random.below(4) == 0 ? BadManifest::revision : BadManifest::resource;
    config.approval_expiry = minutes(15 + random.below(240));
    config.parallelism = rules.parallelism;
    const std::uint64_t windows = random.below(4);
    for (std::uint64_t i = 1; i < windows; ++i) {
        const std::uint64_t from = random.below(24 * 60);
        const std::uint64_t length = 10 + random.below(150);
        auto window = make_freeze_window(
            {}, clock_text(from), clock_text((from + length) % (24 * 60)), "UTC");
        if (window)
            config.freeze.push_back(std::move(*window));
    }
    config.request.plan.owner_id = rules.owner;
    config.request.plan.prune = random.below(3) != 0;
    config.request.plan.adoption = rules.adoption;
    config.request.observe.owner_id = rules.owner;
    config.request.observe.prune = config.request.plan.prune;
    config.request.observe.refresh = rules.full_refresh ? Refresh::full : Refresh::automatic;
    if (!rules.default_guards) {
        config.request.guards.deletes_max = Limit(1000, 100);
        config.request.guards.missing_max = Limit(1000, 100);
        config.request.guards.explicit_missing = true;
    }
    return config;
}

DaySetting draw_day_setting(Random& random)
{
    DaySetting s;
    s.world_seed = random.next();
    draw_connection(random, 3, s);
    s.config = draw_run_config(random, s.process);
    s.manifests = draw_manifests(random, 2 + random.below(9));
    draw_before(random, s);
    draw_broken_kind(random, 5, s);
    tell_judge(s);
    s.judge.guarded_later = true;
    return s;
}

std::vector<DayEvent> draw_day_events(Random& random)
{
    constexpr std::array<std::uint64_t, 4> counts{15, 40, 80, 140};
    const std::uint64_t count = counts.at(random.below(counts.size()));
    const auto length = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(day_length).count());
    std::vector<DayEvent> events;
    for (std::uint64_t i = 0; i < count; ++i) {
        DayEvent event;
        event.thing = draw(weights, random);
        // Half of them shortly after another: what comes together is what goes wrong.
        event.at_ms = !events.empty() && random.below(2) == 0
                          ? events.back().at_ms + random.below(120'000)
                          : random.below(length - 600'000);
        event.at_ms = std::min(event.at_ms, length - 1);
        event.seed = random.next();
        events.push_back(event);
    }
    return events;
}

} // namespace trueup::sim
