#include "reconciler/daemon/memory.hpp"

#include "state/model/digest.hpp"

#include <algorithm>
#include <array>

namespace trueup {

namespace {

constexpr std::string_view suspension_kind = "suspension";
constexpr std::string_view tombstone_kind = "tombstone";
constexpr std::string_view going_kind = "going";
constexpr std::string_view failure_kind = "failure";
constexpr std::string_view writes_kind = "writes";
constexpr std::string_view pending_kind = "pending";
constexpr std::string_view expired_kind = "expired";
constexpr std::size_t expired_max = 100;
constexpr std::array kinds{suspension_kind,
                           tombstone_kind,
                           going_kind,
                           failure_kind,
                           writes_kind,
                           pending_kind,
                           expired_kind};

std::string text_at(const Map& map, std::string_view name)
{
    const Value* value = map.find(name);
    return value != nullptr ? value->string_or_empty() : std::string();
}

std::size_t count_at(const Map& map, std::string_view name)
{
    const Value* value = map.find(name);
    const std::int64_t* number = value != nullptr ? value->if_integer() : nullptr;
    return number != nullptr && *number > 0 ? static_cast<std::size_t>(*number) : 0;
}

WallTime time_at(const Map& map, std::string_view name)
{
    const auto time = parse_time(text_at(map, name));
    return time ? *time : WallTime();
}

Value number(std::size_t count)
{
    return static_cast<std::int64_t>(count);
}

std::map<std::string, std::size_t> counts_of(const Map& map)
{
    std::map<std::string, std::size_t> counts;
    const Value* all = map.find("counts");
    if (const Map* members = all != nullptr ? all->if_map() : nullptr)
        for (const auto& [verb, count] : *members)
            counts[verb] = count_at(*members, verb);
    return counts;
}

void read_suspension(const Map& map, const std::string& target, Memory& memory)
{
    Suspension suspension;
    suspension.target = target;
    suspension.reason = text_at(map, "reason");
    suspension.by = text_at(map, "by");
    suspension.since = time_at(map, "since");
    if (map.contains("until"))
        suspension.until = time_at(map, "until");
    memory.suspensions[target] = std::move(suspension);
}

Tombstone read_tombstone(const Map& map)
{
    Tombstone tombstone;
    tombstone.uid = text_at(map, "uid");
    tombstone.since = time_at(map, "since");
    return tombstone;
}

void read_failure(const Map& map, const std::string& address, Memory& memory)
{
    Failure failure;
    failure.count = count_at(map, "count");
    failure.next = time_at(map, "next");
    failure.error = text_at(map, "error");
    failure.manifest_digest = text_at(map, "manifest");
    memory.failures[address] = std::move(failure);
}

void read_writes(const Map& map, const std::string& address, Memory& memory)
{
    ResourceWrites& all = memory.writes[address];
    for (const auto& [path, entry] : map) {
        const Map* fields = entry.if_map();
        if (fields == nullptr)
            continue;
        FieldWrites writes;
        writes.digest = text_at(*fields, "digest");
        writes.count = count_at(*fields, "count");
        const Value* kept = fields->find("kept");
        writes.kept = kept == nullptr || kept->if_bool() == nullptr || *kept->if_bool();
        writes.last = time_at(*fields, "last");
        all[path] = std::move(writes);
    }
}

void read_pending(const Map& map, Memory& memory)
{
    auto plan = read_saved_plan(text_at(map, "plan"));
    if (!plan)
        return;
    Pending pending;
    pending.plan = std::move(*plan);
    pending.digest = text_at(map, "digest");
    pending.revision = text_at(map, "revision");
    pending.reason = text_at(map, "reason");
    pending.since = time_at(map, "since");
    pending.expires = time_at(map, "expires");
    pending.approved_by = text_at(map, "approvedBy");
    pending.counts = counts_of(map);
    memory.pending = std::move(pending);
}

Memo memo_of(const Pending& pending)
{
    Map map;
    map.set("plan", write_saved_plan(pending.plan));
    map.set("digest", pending.digest);
    map.set("revision", pending.revision);
    map.set("reason", pending.reason);
    map.set("since", format_time(pending.since));
    map.set("expires", format_time(pending.expires));
    map.set("approvedBy", pending.approved_by);
    Map counts;
    for (const auto& [verb, count] : pending.counts)
        counts.set(verb, number(count));
    map.set("counts", std::move(counts));
    return {std::string(pending_kind), "", std::move(map)};
}

Memo memo_of(const Suspension& suspension)
{
    Map map;
    map.set("reason", suspension.reason);
    map.set("by", suspension.by);
    map.set("since", format_time(suspension.since));
    if (suspension.until)
        map.set("until", format_time(*suspension.until));
    return {std::string(suspension_kind), suspension.target, std::move(map)};
}

Memo memo_of(const std::string& address, const Failure& failure)
{
    Map map;
    map.set("count", number(failure.count));
    map.set("next", format_time(failure.next));
    map.set("error", failure.error);
    map.set("manifest", failure.manifest_digest);
    return {std::string(failure_kind), address, std::move(map)};
}

Memo memo_of(const std::string& address, const ResourceWrites& writes)
{
    Map all;
    for (const auto& [path, entry] : writes) {
        Map map;
        map.set("digest", entry.digest);
        map.set("count", number(entry.count));
        map.set("kept", entry.kept);
        map.set("last", format_time(entry.last));
        all.set(path, std::move(map));
    }
    return {std::string(writes_kind), address, std::move(all)};
}

Memo memo_of(std::string_view kind, const std::string& address, const Tombstone& tombstone)
{
    Map map;
    map.set("uid", tombstone.uid);
    map.set("since", format_time(tombstone.since));
    return {std::string(kind), address, std::move(map)};
}

} // namespace

Memory read_memory(const std::vector<Memo>& memos)
{
    Memory memory;
    for (const Memo& memo : memos) {
        const Map* map = memo.value.if_map();
        if (map == nullptr)
            continue;
        if (memo.kind == suspension_kind)
            read_suspension(*map, memo.key, memory);
        else if (memo.kind == failure_kind)
            read_failure(*map, memo.key, memory);
        else if (memo.kind == writes_kind)
            read_writes(*map, memo.key, memory);
        else if (memo.kind == pending_kind)
            read_pending(*map, memory);
        else if (memo.kind == expired_kind)
            memory.expired[memo.key] = time_at(*map, "at");
        else if (memo.kind == tombstone_kind)
            memory.tombstones[memo.key] = read_tombstone(*map);
        else if (memo.kind == going_kind)
            memory.going[memo.key] = read_tombstone(*map);
    }
    return memory;
}

std::vector<Memo> write_memory(const Memory& memory)
{
    std::vector<Memo> memos;
    for (const auto& [target, suspension] : memory.suspensions)
        memos.push_back(memo_of(suspension));
    for (const auto& [address, tombstone] : memory.tombstones)
        memos.push_back(memo_of(tombstone_kind, address, tombstone));
    for (const auto& [address, tombstone] : memory.going)
        memos.push_back(memo_of(going_kind, address, tombstone));
    for (const auto& [address, failure] : memory.failures)
        memos.push_back(memo_of(address, failure));
    for (const auto& [address, writes] : memory.writes)
        if (!writes.empty())
            memos.push_back(memo_of(address, writes));
    if (memory.pending)
        memos.push_back(memo_of(*memory.pending));
    for (const auto& [plan, at] : memory.expired) {
        Map map;
        map.set("at", format_time(at));
        memos.push_back({std::string(expired_kind), plan, std::move(map)});
    }
    return memos;
}

void note_expired(Memory& memory, const std::string& plan, WallTime now)
{
    memory.expired[plan] = now;
    if (memory.expired.size() <= expired_max)
        return;
    memory.expired.erase(std::ranges::min_element(
        memory.expired, {}, [](const auto& entry) { return entry.second; }));
}

std::string offer_of(const Memory& memory, const std::string& plan)
{
    const auto it = memory.expired.find(plan);
    if (it == memory.expired.end())
        return plan;
    Digest digest;
    digest.add(plan + " " + format_time(it->second));
    return digest.hex();
}

std::vector<Memo> with_decisions(const std::vector<Memo>& stored, const Memory& memory)
{
    std::vector<Memo> memos;
    for (const Memo& memo : stored)
        if (memo.kind != suspension_kind)
            memos.push_back(memo);
    for (const auto& [target, suspension] : memory.suspensions)
        memos.push_back(memo_of(suspension));
    return memos;
}

Batch memory_changes(const std::vector<Memo>& then, const std::vector<Memo>& now, WallTime at)
{
    std::map<std::pair<std::string, std::string>, const Value*> stored;
    for (const Memo& memo : then)
        stored.emplace(std::pair(memo.kind, memo.key), &memo.value);
    Batch batch;
    for (const Memo& memo : now) {
        const auto it = stored.find(std::pair(memo.kind, memo.key));
        const bool same = it != stored.end() && *it->second == memo.value;
        if (it != stored.end())
            stored.erase(it);
        if (same)
            continue;
        batch.note.push_back(memo);
        batch.note.back().updated_at = format_time(at);
    }
    for (const auto& [key, value] : stored)
        if (std::ranges::find(kinds, key.first) != kinds.end())
            batch.erase.push_back(key);
    return batch;
}

} // namespace trueup
