// Turns many commits into few transactions: what is handed over in one turn of the loop, or while
// the disk is busy, is stored together. It knows nothing of SQLite.
//
// Order is kept. A batch that need not be durable returns at once and rides with a later one; when
// it cannot be stored after all, the queue takes nothing more, as if the process had died: the next
// start finds out.

#pragma once

#include "state/store/sqlite_store.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>

namespace trueup {

// How a transaction ended.
struct CommitOutcome {
    CommitOutcome() = default;

    std::optional<Error> error; // then nothing of it is stored
    bool fatal = false;         // and nothing may be stored after it until the store is opened anew
};

class CommitQueue {
public:
    // Stores all of them or nothing. Never called twice at the same time; on the worker's thread
    // with SyncMode::worker, in the loop otherwise. Must not throw.
    using Run = std::function<CommitOutcome(const std::vector<Batch>&)>;

    // `context` must outlive it. Throws std::system_error when there is no thread to be had.
    CommitQueue(boost::asio::io_context& context, SyncMode sync, Run run);
    CommitQueue(const CommitQueue&) = delete;
    CommitQueue& operator=(const CommitQueue&) = delete;
    // Stores what is still waiting.
    ~CommitQueue();

    // See Store::commit.
    Task<Result<void>> commit(Batch batch);

    // Returns when every batch whose commit() has returned is stored, or never will be.
    void settle();
    // Set once a batch whose commit() had returned could not be stored after all.
    const std::optional<Error>& lost() const { return lost_; }
    // Nothing is stored any more.
    bool refuses() const { return refusal_.has_value(); }

    StoreCounters counters() const { return counters_; }

private:
    struct Transaction;

    Task<Result<void>> wait_for(Batch batch);
    void schedule();
    void start();
    void run_here();
    void finish(const std::shared_ptr<Transaction>& transaction);

    boost::asio::io_context& context_;
    Run run_;
    std::unique_ptr<boost::asio::thread_pool> worker_; // null with SyncMode::inline_
    std::shared_ptr<Transaction> next_;    // what is handed over and not yet being stored
    std::shared_ptr<Transaction> running_; // what the worker is storing
    bool scheduled_ = false;
    std::optional<Error> refusal_;
    std::optional<Error> lost_;
    StoreCounters counters_;
    std::shared_ptr<bool> alive_ =
        std::make_shared<bool>(true); // for what the loop still has queued
};

} // namespace trueup
