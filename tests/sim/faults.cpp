#include "tests/sim/faults.hpp"

#include "tests/sim/weighted.hpp"

#include <array>

namespace trueup::sim {

const char* name_of(FaultKind kind)
{
    static constexpr std::array<const char*, fault_kinds> names{
        "cut-before",  "cut-after",    "truncate",     "fail-before",  "fail-after",
        "throttle",    "slow",         "garbage",      "unauthorized", "stale",
        "repeat-page", "shift-pages",  "expire-pages", "overlook",     "keep-other",
        "refuse",      "hang",         "late",         "late-cut",     "lost",
        "cut-request", "drip",         "crash-effect", "crash-event",  "crash-disk",
        "crash-time",  "second-start", "disk-fail",    "disk-full",    "disk-torn",
        "disk-read",   "disk-damage",  "state-lost",   "wall-jump",    "edit",
        "rotate",      "other-edit",   "other-take",   "other-remove", "other-create",
        "other-clone"};
    return names.at(static_cast<std::size_t>(kind));
}

std::string Fault::text() const
{
    static constexpr std::array<const char*, 8> triggers{
        "request", "write", "dial", "disk operation", "disk read", "event", "ms", "plan"};
    std::string line = name_of(kind);
    line += " at ";
    line += triggers.at(static_cast<std::size_t>(trigger));
    line += " " + std::to_string(at);
    if (number != 0)
        line += ", number " + std::to_string(number);
    if (last != 0)
        line += ", lasting " + std::to_string(last);
    return line;
}

namespace {

using Shape = Weighted<FaultKind>;

constexpr std::array shapes{Shape{FaultKind::cut_before, 4},    Shape{FaultKind::cut_after, 8},
                            Shape{FaultKind::truncate, 4},      Shape{FaultKind::fail_before, 3},
                            Shape{FaultKind::fail_after, 5},    Shape{FaultKind::throttle, 3},
                            Shape{FaultKind::slow, 4},          Shape{FaultKind::garbage, 4},
                            Shape{FaultKind::unauthorized, 2},  Shape{FaultKind::stale, 3},
                            Shape{FaultKind::repeat_page, 1},   Shape{FaultKind::shift_pages, 2},
                            Shape{FaultKind::overlook, 3},      Shape{FaultKind::refuse, 2},
                            Shape{FaultKind::late, 5},          Shape{FaultKind::late_cut, 4},
                            Shape{FaultKind::lost, 3},          Shape{FaultKind::cut_request, 3},
                            Shape{FaultKind::crash_effect, 10}, Shape{FaultKind::crash_event, 8},
                            Shape{FaultKind::crash_disk, 8},    Shape{FaultKind::crash_time, 3},
                            Shape{FaultKind::disk_fail, 2},     Shape{FaultKind::disk_full, 2},
                            Shape{FaultKind::disk_torn, 2},     Shape{FaultKind::disk_damage, 1},
                            Shape{FaultKind::state_lost, 1},    Shape{FaultKind::wall_jump, 2},
                            Shape{FaultKind::edit, 14},         Shape{FaultKind::rotate, 2},
                            Shape{FaultKind::other_edit, 4},    Shape{FaultKind::other_take, 4},
                            Shape{FaultKind::other_remove, 3},  Shape{FaultKind::other_create, 3},
                            Shape{FaultKind::other_clone, 2},   Shape{FaultKind::expire_pages, 2},
                            Shape{FaultKind::hang, 1},          Shape{FaultKind::drip, 3},
                            Shape{FaultKind::disk_read, 2}};

void draw_request(Fault& fault, Random& random)
{
    const bool write = random.below(2) == 0;
    fault.trigger = write ? Trigger::write : Trigger::request;
    fault.at = 1 + random.below(write ? 14 : 80);
    if (random.below(5) == 0)
        fault.last = 1 + random.below(8);
}

// A late effect that a read which is behind does not show: both together stay within `settle`.
constexpr std::uint64_t together_ms = 13'000;

std::uint64_t latest_ms(const FaultRules& rules)
{
    if (rules.beyond_settle)
        return 120'000;
    return rules.stale_reads ? together_ms : 27'000;
}

void draw_details(Fault& fault, Random& random, const FaultRules& rules)
{
    constexpr std::array<std::uint64_t, 4> slow_ms{5'000, 29'000, 31'000, 75'000};
    switch (fault.kind) {
    case FaultKind::throttle:
        draw_request(fault, random);
        fault.number = 1 + random.below(5);
        break;
    case FaultKind::slow:
        draw_request(fault, random);
        fault.number = slow_ms.at(random.below(slow_ms.size()));
        break;
    case FaultKind::garbage:
        draw_request(fault, random);
        fault.number = 1 + random.below(7);
        break;
    case FaultKind::stale:
        fault.trigger = Trigger::request;
        fault.at = 1 + random.below(80);
        fault.last = 1'000 + random.below(together_ms); // ms
        break;
    case FaultKind::overlook:
        fault.trigger = Trigger::request;
        fault.at = 1 + random.below(80);
        fault.number = 100 + random.below(20'000); // ms
        break;
    case FaultKind::drip:
        draw_request(fault, random);
        fault.number = 10 + random.below(4'000);
        break;
    case FaultKind::disk_read:
        fault.trigger = Trigger::read;
        fault.at = 1 + random.below(120);
        fault.last = random.below(10);
        break;
    case FaultKind::refuse:
    case FaultKind::hang:
        fault.trigger = Trigger::dial;
        fault.at = 1 + random.below(20);
        fault.last = random.below(8);
        break;
    case FaultKind::late:
    case FaultKind::late_cut:
        fault.trigger = Trigger::write;
        fault.at = 1 + random.below(14);
        fault.number = 1'000 + random.below(latest_ms(rules));
        break;
    case FaultKind::cut_request:
        fault.trigger = random.below(2) == 0 ? Trigger::write : Trigger::request;
        fault.at = 1 + random.below(fault.trigger == Trigger::write ? 14 : 80);
        fault.number = 1 + random.below(400);
        break;
    case FaultKind::crash_effect:
        fault.trigger = Trigger::write;
        fault.at = 1 + random.below(14);
        break;
    case FaultKind::crash_event:
        fault.trigger = Trigger::event;
        fault.at = 1 + random.below(160);
        break;
    case FaultKind::crash_disk:
    case FaultKind::disk_fail:
    case FaultKind::disk_torn:
        fault.trigger = Trigger::disk;
        fault.at = 1 + random.below(150);
        break;
    case FaultKind::disk_full:
        fault.trigger = Trigger::disk;
        fault.at = 1 + random.below(150);
        fault.last = 1 + random.below(60);
        break;
    case FaultKind::keep_other:
        fault.trigger = Trigger::write;
        fault.at = 1 + random.below(14);
        break;
    case FaultKind::crash_time:
    case FaultKind::second_start:
    case FaultKind::disk_damage:
    case FaultKind::state_lost:
    case FaultKind::rotate:
        fault.trigger = Trigger::time;
        fault.at = random.below(200'000);
        break;
    case FaultKind::wall_jump:
        fault.trigger = Trigger::time;
        fault.at = random.below(200'000);
        fault.number = random.below(7'200'000); // ms, an hour each way
        break;
    case FaultKind::edit:
    case FaultKind::other_take:
    case FaultKind::other_edit:
    case FaultKind::other_remove:
    case FaultKind::other_create:
    case FaultKind::other_clone:
        switch (random.below(3)) {
        case 0:
            fault.trigger = Trigger::request;
            fault.at = 1 + random.below(80);
            break;
        case 1:
            fault.trigger = Trigger::time;
            fault.at = random.below(200'000);
            break;
        default:
            fault.trigger = Trigger::plan;
            fault.at = 1 + random.below(4);
        }
        break;
    default:
        draw_request(fault, random);
    }
    if (fault.kind != FaultKind::stale && fault.kind != FaultKind::crash_effect &&
        fault.kind != FaultKind::late && fault.kind != FaultKind::late_cut)
        return;
    fault.number = std::max<std::uint64_t>(fault.number, 1);
}

} // namespace

std::vector<Fault> draw_faults(Random& random, const FaultRules& rules)
{
    // Few faults make clear stories, many make dense ones.
    constexpr std::array<std::uint64_t, 8> counts{0, 1, 2, 3, 4, 6, 9, 14};
    const std::uint64_t count = counts.at(random.below(counts.size()));
    std::vector<Fault> faults;
    for (std::uint64_t i = 0; i < count; ++i) {
        Fault fault;
        fault.kind = draw(shapes, random);
        draw_details(fault, random, rules);
        fault.seed = random.next();
        if (fault.kind == FaultKind::stale && !rules.stale_reads)
            continue;
        faults.push_back(fault);
    }
    // Drawn after all others, which are as they were without these two.
    constexpr std::uint64_t rare = 8;
    for (const FaultKind kind : {FaultKind::keep_other, FaultKind::second_start}) {
        if (random.below(rare) != 0)
            continue;
        Fault fault;
        fault.kind = kind;
        draw_details(fault, random, rules);
        fault.seed = random.next();
        faults.push_back(fault);
    }
    return faults;
}

} // namespace trueup::sim
