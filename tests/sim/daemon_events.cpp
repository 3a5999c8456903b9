// What happens in a day: to manifests, to the daemon, and by people.

#include "tests/sim/daemon_world.hpp"

#include <algorithm>

namespace trueup::sim {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// ---- manifests
// -------------------------------------------------------------------------------------------------

void Day::happen(DayThing thing, std::uint64_t seed)
{
    const auto random = make_seeded_random(seed);
    if (thing <= DayThing::move) {
        if (writing_) // one author at a time
            later(seconds(20 + random->below(40)), [this, thing, seed] { happen(thing, seed); });
        else
            happen_to_manifests(thing, *random);
    } else if (thing <= DayThing::other_clone) {
        Fault fault;
        fault.kind = static_cast<FaultKind>(static_cast<int>(FaultKind::other_edit) +
                                            static_cast<int>(thing) -
                                            static_cast<int>(DayThing::other_edit));
        fault.seed = seed;
        server_.meddle(fault, wanted_, targets_);
    } else if (thing < DayThing::restart) {
        happen_to_daemon(thing, seed);
    } else {
        people_do(thing, *random);
    }
}

void Day::edit(Random& random)
{
    timeline_.add("editor", "the manifests: " + edit_manifests(wanted_, random));
    judge_.learn(wanted_);
}

void Day::happen_to_manifests(DayThing thing, Random& random)
{
    switch (thing) {
    case DayThing::edit:
        edit(random);
        write_at_once();
        break;
    case DayThing::checkout:
    case DayThing::locked:
        for (std::uint64_t i = 0; i < 2 + random.below(4); ++i)
            edit(random);
        write_slowly(random, thing == DayThing::locked);
        return;
    case DayThing::flip:
        for (std::uint64_t i = 0; i < 2 + random.below(6); ++i)
            edit(random);
        write_at_once();
        break;
    case DayThing::take_away:
        take_away(random);
        write_at_once();
        break;
    case DayThing::empty:
    case DayThing::unreadable: {
        writing_ = true;
        if (thing == DayThing::empty)
            tree_.replace({});
        else
            tree_.set_unreadable("teams");
        later(seconds(1 + random.below(random.below(2) == 0 ? 5 : 2400)), [this] {
            writing_ = false;
            tree_.set_unreadable("");
            write_at_once();
            if (runs())
                life_->loop().files_changed();
        });
        break;
    }
    default:
        if (!wanted_.resources.empty())
            ++moved_[wanted_.resources[random.below(wanted_.resources.size())].address()];
        write_slowly(random, false);
        return;
    }
    tell_of_changes(random);
}

void Day::write_at_once()
{
    tree_.replace(lay_out(wanted_, moved_));
}

// File after file, with pauses that are too short for the tree to count as settled; or as long as
// it takes, while git says that it is at work.
void Day::write_slowly(Random& random, bool locked)
{
    writing_ = true;
    const TreeFiles target = lay_out(wanted_, moved_);
    std::set<std::string> names;
    for (const auto& [name, file] : target)
        if (!tree_.files().contains(name) || tree_.files().at(name).text() != file.text())
            names.insert(name);
    for (const auto& [name, file] : tree_.files())
        if (!target.contains(name))
            names.insert(name);
    Duration at{};
    if (locked)
        tree_.set_busy("a checkout is under way");
    for (const std::string& name : names) {
        at += milliseconds(locked ? 100 + random.below(20'000) : 20 + random.below(200));
        std::optional<TreeFile> file;
        if (const auto it = target.find(name); it != target.end())
            file = it->second;
        later(at, [this, name, file] {
            timeline_.add("editor", "writes " + name);
            if (file)
                tree_.put(name, *file);
            else
                tree_.erase(name);
            if (runs())
                life_->loop().files_changed();
        });
    }
    later(at + milliseconds(locked ? 50 : 0), [this] {
        writing_ = false;
        if (!tree_.busy().empty())
            tree_.set_busy("");
        if (runs())
            life_->loop().files_changed();
    });
}

// One file goes, and nobody declares any more what was in it.
void Day::take_away(Random& random)
{
    const TreeFiles files = lay_out(wanted_, moved_);
    if (files.empty())
        return;
    auto chosen = files.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(random.below(files.size())));
    timeline_.add("editor", "takes " + chosen->first + " away");
    for (const Declared& gone : chosen->second.resources) {
        const std::string address = gone.address();
        std::erase_if(wanted_.resources, [&](const Declared& declared) {
            return declared.address() == address ||
                   (gone.kind == "Project" && declared.project == gone.name);
        });
        for (Declared& declared : wanted_.resources)
            std::erase(declared.refs, address);
    }
}

// The kernel mostly says so; else the next interval finds it.
void Day::tell_of_changes(Random& random)
{
    if (random.below(10) == 0)
        return;
    later(milliseconds(random.below(50)), [this] {
        if (runs())
            life_->loop().files_changed();
    });
}

// ---- what goes wrong
// ---------------------------------------------------------------------------------------------

void Day::happen_to_daemon(DayThing thing, std::uint64_t seed)
{
    Fault fault;
    fault.seed = seed;
    switch (thing) {
    case DayThing::faults:
        arm(*make_seeded_random(seed));
        return;
    case DayThing::crash:
        kill(DiskLoss::nothing);
        return;
    case DayThing::power_loss:
        kill(DiskLoss::unsynced);
        return;
    case DayThing::state_lost:
        fault.kind = FaultKind::state_lost;
        break;
    case DayThing::state_damaged:
        fault.kind = FaultKind::disk_damage;
        break;
    default:
        fault.kind = FaultKind::wall_jump;
        fault.number = seed % 7'200'000;
    }
    strike(fault);
}

// A bundle of faults whose counts begin now.
void Day::arm(Random& random)
{
    std::vector<Fault> armed;
    for (Fault& fault : draw_faults(random, setting_.faults)) {
        switch (fault.trigger) {
        case Trigger::disk:
            fault.at += disk_.operations();
            break;
        case Trigger::read:
            fault.at += disk_.reads();
            break;
        case Trigger::event:
            fault.at += events_said_;
            break;
        case Trigger::plan:
            fault.at += plans_;
            break;
        case Trigger::time:
            later(milliseconds(fault.at), [this, fault] {
                server_.count(fault);
                timeline_.add("fault", fault.text());
                strike(fault);
            });
            continue;
        default:
            break;
        }
        armed.push_back(fault);
    }
    server_.arm_from_now(std::move(armed));
}

void Day::strike(const Fault& fault)
{
    const DiskLoss loss = fault.seed % 2 == 0 ? DiskLoss::nothing : DiskLoss::unsynced;
    const auto random = make_seeded_random(fault.seed);
    switch (fault.kind) {
    case FaultKind::crash_effect:
    case FaultKind::crash_event:
    case FaultKind::crash_time:
        kill(loss);
        break;
    case FaultKind::second_start:
        if (life_ && !life_->dead())
            start_second(judge_, disk_);
        break;
    case FaultKind::disk_damage:
    case FaultKind::state_lost:
        kill(DiskLoss::nothing);
        if (life_ && life_->dead())
            bury();
        if (fault.kind == FaultKind::state_lost) {
            replace_state();
        } else {
            disk_.damage(state_name, *random);
            damaged_ = true;
            audit_complete_ = false;
        }
        break;
    case FaultKind::wall_jump: {
        const auto by = milliseconds(static_cast<std::int64_t>(fault.number) - 3'600'000);
        wall_wrong_ += by;
        wall_back_ += std::max(-by, milliseconds(0));
        if (life_)
            life_->clock().shift_wall(by);
        break;
    }
    case FaultKind::edit:
        happen(DayThing::edit, fault.seed);
        break;
    case FaultKind::rotate:
        ++tree_.secret_generation;
        break;
    case FaultKind::other_edit:
    case FaultKind::other_take:
    case FaultKind::other_remove:
    case FaultKind::other_create:
    case FaultKind::other_clone:
        server_.meddle(fault, wanted_, targets_);
        break;
    default:
        break;
    }
}

DiskVerdict Day::disk_verdict()
{
    const auto wanted = [](FaultKind kind) {
        return kind == FaultKind::crash_disk ||
               (kind >= FaultKind::disk_fail && kind <= FaultKind::disk_torn);
    };
    const Fault* fault = server_.striking(Trigger::disk, disk_.operations(), wanted);
    if (fault == nullptr)
        return DiskVerdict::fine;
    disk_failed_at_ = disk_.operations();
    if (fault->kind == FaultKind::crash_disk) {
        kill(fault->seed % 2 == 0 ? DiskLoss::nothing : DiskLoss::unsynced);
        return DiskVerdict::power_cut;
    }
    rules_.disk_failed();
    if (!disk_hurt_) {
        disk_hurt_ = true;
        // Somebody frees the disk, and starts the daemon anew.
        const std::size_t life = result_.lives;
        universe_.at(server_place_, minutes(1 + fault->seed % 30), [this, life] {
            if (life == result_.lives)
                stop();
        });
    }
    if (fault->kind == FaultKind::disk_fail)
        return DiskVerdict::fail;
    return fault->kind == FaultKind::disk_full ? DiskVerdict::full : DiskVerdict::torn;
}

bool Day::reads_fail()
{
    const auto wanted = [](FaultKind kind) { return kind == FaultKind::disk_read; };
    if (server_.striking(Trigger::read, disk_.reads(), wanted) == nullptr)
        return false;
    read_failed_at_ = universe_.now();
    rules_.disk_failed();
    return true;
}

// ---- people
// --------------------------------------------------------------------------------------------------

void Day::people_do(DayThing thing, Random& random)
{
    if (thing == DayThing::rotate)
        ++tree_.secret_generation;
    if (!runs() || stopping_)
        return;
    Loop& loop = life_->loop();
    switch (thing) {
    case DayThing::restart:
        if (random.below(2) == 0)
            config_ = draw_run_config(random, setting_.process);
        stop();
        break;
    case DayThing::rotate:
    case DayThing::reload:
        if (thing == DayThing::reload)
            life_->set_next_config(draw_run_config(random, setting_.process));
        else
            life_->set_next_config(config_);
        loop.reload();
        break;
    case DayThing::bad_reload:
        life_->set_next_config(std::nullopt);
        loop.reload();
        break;
    case DayThing::approve:
        approve();
        break;
    case DayThing::approve_file:
        if (const auto status = loop.status(); status.approval && !wanted_.resources.empty()) {
            tree_.set_approval(status.approval->digest);
            agreed_ = status.approval->digest;
            rules_.approved(*status.approval, std::nullopt);
            loop.files_changed();
        }
        break;
    case DayThing::approve_wrong:
        old_digests_.insert(random.hex(32));
        for (const std::string& digest : old_digests_) {
            const auto status = loop.status();
            if (digest == agreed_ || rules_.is_approved(digest) ||
                (status.approval && status.approval->digest == digest))
                continue;
            if (loop.approve(digest, "bob"))
                judge_.violation('S', "agreement to a plan that does not wait is taken");
        }
        break;
    case DayThing::suspend:
        suspend(random);
        break;
    case DayThing::resume: {
        const auto status = loop.status();
        if (status.suspensions.empty())
            break;
        const std::string target =
            status.suspensions[random.below(status.suspensions.size())].target;
        if (loop.resume(target, "ann"))
            rules_.resumed(target);
        break;
    }
    default:
        loop.reconcile("ann");
    }
}

// Whoever agrees has looked: never to what follows from an empty tree.
void Day::approve()
{
    const auto status = life_->look().status();
    if (!status.approval || in_force_.declared().resources.empty())
        return;
    old_digests_.insert(status.approval->digest);
    if (!life_->loop().approve(status.approval->digest, "ann")) {
        timeline_.add("people", "the plan expired");
        return;
    }
    ++result_.approvals;
    agreed_ = status.approval->digest;
    timeline_.add("people", "agree to " + status.approval->digest.substr(0, 8));
    rules_.approved(*status.approval, status.approval->expires);
}

void Day::suspend(Random& random)
{
    Suspension suspension;
    suspension.by = "ann";
    const std::uint64_t choice = random.below(4);
    if (choice == 1)
        suspension.target = random.below(2) == 0 ? "project:pa" : "project:pb";
    else if (choice > 1 && !wanted_.resources.empty())
        suspension.target = wanted_.resources[random.below(wanted_.resources.size())].address();
    if (random.below(2) == 0)
        suspension.until = wall() + minutes(1 + random.below(120));
    const std::string target = suspension.target;
    const std::size_t forgotten_after = 10 + random.below(180); // minutes
    if (!life_->loop().suspend(suspension))
        return;
    timeline_.add("people", "suspend " + (target.empty() ? std::string("everything") : target));
    rules_.suspended(suspension);
    later(minutes(forgotten_after), [this, target] {
        if (runs() && life_->loop().resume(target, "ann"))
            rules_.resumed(target);
    });
}

} // namespace trueup::sim
