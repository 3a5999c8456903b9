// The store of a simulated process, with the judge looking on: what becomes durable, what is open,
// and what is remembered.

#pragma once

#include "state/store/store.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/judge.hpp"

#include <functional>
#include <memory>

namespace trueup::sim {

// The store, with somebody who looks on.
class WatchedStore final : public Store {
public:
    WatchedStore(std::unique_ptr<Store> store, Judge& judge, const Disk& disk)
        : store_(std::move(store)), judge_(judge), disk_(disk)
    {
    }

    // Told of each read that a round begins with or makes.
    std::function<void()> on_read;

    Result<std::optional<Binding>> binding() override
    {
        tell();
        return store_->binding();
    }
    Result<std::vector<Record>> records() override
    {
        tell();
        return store_->records();
    }
    Result<std::optional<Record>> record(const std::string& address) override
    {
        return store_->record(address);
    }
    Result<std::vector<Intent>> open_intents() override
    {
        tell();
        auto intents = store_->open_intents();
        if (intents)
            judge_.intents_read(*intents);
        return intents;
    }
    Result<std::vector<AuditRecord>> audit(std::size_t newest_max) override
    {
        return store_->audit(newest_max);
    }
    Result<std::vector<Memo>> memos() override { return store_->memos(); }
    Task<Result<void>> commit(Batch batch) override
    {
        const std::vector<Intent> opened = batch.open;
        const std::vector<Record> put = batch.put;
        const std::vector<std::string> forgotten = batch.forget;
        const std::vector<AuditRecord> written = batch.audit;
        // Closing is no promise: what is closed may be open again after a crash.
        for (const std::string& id : batch.close)
            judge_.intent_closed(id);
        const std::uint64_t syncs_before = disk_.syncs();
        auto stored = co_await store_->commit(std::move(batch));
        const bool synced = disk_.syncs() > syncs_before;
        if (!stored)
            co_return stored;
        for (const Intent& intent : opened)
            judge_.intent_opened(intent, synced);
        for (const Record& record : put)
            judge_.remembered(record.address, record.uid);
        for (const std::string& address : forgotten)
            judge_.forgotten(address);
        for (const AuditRecord& record : written)
            judge_.audited(record);
        co_return stored;
    }
    Result<bool> mend() override
    {
        auto mended = store_->mend();
        if (mended && *mended)
            judge_.reopened();
        return mended;
    }
    StoreCounters counters() const override { return store_->counters(); }

private:
    void tell() const
    {
        if (on_read)
            on_read();
    }

    std::unique_ptr<Store> store_;
    Judge& judge_;
    const Disk& disk_;
};

// Opens the state of a life that begins, and tells the judge what it found there. Fails as opening
// the state does. `complete`: nothing of the state was lost on purpose. All outlive the store.
Result<std::unique_ptr<WatchedStore>>
open_watched(Place& place, Judge& judge, Disk& disk, bool complete);

// Somebody starts the program a second time on the state of one that lives: it must be turned away,
// with nothing changed.
void start_second(Judge& judge, Disk& disk);

// What a world has come to, for the judge; false, and a violation, when the state cannot be read.
bool read_end(Store& store, Judge& judge, Judge::Final& last);

} // namespace trueup::sim
