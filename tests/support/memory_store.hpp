// A Store in memory that can fail at a step and forgets, when the process dies, what need not have
// been durable by then.

#pragma once

#include "state/store/store.hpp"
#include "tests/support/every_step.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace trueup::test {

class MemoryStore final : public Store {
public:
    // `steps` outlives the store.
    explicit MemoryStore(Steps& steps) : steps_(steps) {}

    Result<std::optional<Binding>> binding() override { return now_.binding; }

    Result<std::vector<Record>> records() override
    {
        std::vector<Record> all;
        for (const auto& [address, record] : now_.records)
            all.push_back(record);
        return all;
    }

    Result<std::optional<Record>> record(const std::string& address) override
    {
        const auto it = now_.records.find(address);
        if (it == now_.records.end())
            return std::optional<Record>();
        return std::optional<Record>(it->second);
    }

    Result<std::vector<Intent>> open_intents() override { return now_.intents; }

    Result<std::vector<AuditRecord>> audit(std::size_t newest_max) override
    {
        std::vector<AuditRecord> newest(now_.audit.rbegin(), now_.audit.rend());
        if (newest.size() > newest_max)
            newest.resize(newest_max);
        return newest;
    }

    Result<std::vector<Memo>> memos() override
    {
        std::vector<Memo> all;
        for (const auto& [key, memo] : now_.memos)
            all.push_back(memo);
        return all;
    }

    Task<Result<void>> commit(Batch batch) override
    {
        const Fault fault = steps_.next();
        if (fault == Fault::crash_before)
            steps_.crash();
        if (broken_ || (fault != Fault::none && fault != Fault::crash_after)) {
            broken_ = true; // as a disk that failed once: nothing is taken until it is opened again
            co_return Error{Errc::store_failed, "the disk is broken"};
        }
        apply(batch);
        if (batch.must_be_durable || fault == Fault::crash_after)
            durable_ = now_;
        if (fault == Fault::crash_after)
            steps_.crash();
        co_return Result<void>{};
    }

    // What a new process finds: nothing but what was durable.
    void reopen_after_crash()
    {
        now_ = durable_;
        broken_ = false;
    }

    std::optional<Record> find(const std::string& address) const
    {
        const auto it = now_.records.find(address);
        return it == now_.records.end() ? std::nullopt : std::optional<Record>(it->second);
    }

    // What was done to `address`, oldest first: "create done".
    std::vector<std::string> history(const std::string& address) const
    {
        std::vector<std::string> lines;
        for (const AuditRecord& record : now_.audit)
            if (record.address == address)
                lines.push_back(record.verb + " " + record.outcome);
        return lines;
    }

private:
    struct Contents {
        std::optional<Binding> binding;
        std::map<std::string, Record> records;
        std::vector<Intent> intents;
        std::vector<AuditRecord> audit;
        std::map<std::pair<std::string, std::string>, Memo> memos; // by kind and key
    };

    void apply(const Batch& batch)
    {
        if (batch.bind)
            now_.binding = batch.bind;
        now_.intents.insert(now_.intents.end(), batch.open.begin(), batch.open.end());
        for (const Record& record : batch.put)
            now_.records.insert_or_assign(record.address, record);
        for (const std::string& address : batch.forget)
            now_.records.erase(address);
        for (const std::string& id : batch.close)
            std::erase_if(now_.intents, [&](const Intent& intent) { return intent.id == id; });
        now_.audit.insert(now_.audit.end(), batch.audit.begin(), batch.audit.end());
        for (const Memo& memo : batch.note)
            now_.memos.insert_or_assign(std::pair(memo.kind, memo.key), memo);
        for (const auto& key : batch.erase)
            now_.memos.erase(key);
    }

    Steps& steps_;
    Contents now_;
    Contents durable_;
    bool broken_ = false;
};

} // namespace trueup::test
