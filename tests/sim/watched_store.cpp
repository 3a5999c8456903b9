#include "tests/sim/watched_store.hpp"

#include "state/store/sqlite_store.hpp"

namespace trueup::sim {

namespace {

constexpr std::size_t audit_max = 1'000'000; // more than any world writes

} // namespace

Result<std::unique_ptr<WatchedStore>>
open_watched(Place& place, Judge& judge, Disk& disk, bool complete)
{
    auto store = open_simulated_store(
        place, state_name, [&disk](const std::filesystem::path&) { return disk.lock_writer(); });
    if (!store)
        return store.error();
    auto intents = (*store)->open_intents();
    if (!intents)
        return intents.error();
    judge.intents_found(*intents, complete);
    auto records = (*store)->records();
    if (!records)
        return records.error();
    for (const Record& record : *records)
        judge.remembered(record.address, record.uid);
    return std::make_unique<WatchedStore>(std::move(*store), judge, disk);
}

void start_second(Judge& judge, Disk& disk)
{
    const std::uint64_t operations_before = disk.operations();
    Place place;
    const auto store = open_simulated_store(
        place, state_name, [&disk](const std::filesystem::path&) { return disk.lock_writer(); });
    if (store || store.error().code != Errc::busy)
        judge.violation('A', "a second process is not kept from the state of the first");
    if (disk.operations() != operations_before)
        judge.violation('G', "a second process changes the state of the first");
}

bool read_end(Store& store, Judge& judge, Judge::Final& last)
{
    auto records = store.records();
    auto intents = store.open_intents();
    auto audit = store.audit(audit_max);
    if (!records || !intents || !audit) {
        judge.violation('G', "the state cannot be read at the end");
        return false;
    }
    last.records = std::move(*records);
    last.intents = std::move(*intents);
    last.audit = std::move(*audit);
    return true;
}

} // namespace trueup::sim
