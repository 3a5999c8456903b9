#include "state/store/commit_queue.hpp"

#include "state/model/mutation.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <future>

namespace trueup {

namespace {

namespace asio = boost::asio;

using Waiter = asio::any_completion_handler<void(Result<void>)>;

// Batches that wait for company.
constexpr std::size_t lazy_batches_max = 64;
// Batches that wait while the disk is slow. Callers are few (the parallelism of a round): more is a
// bug.
constexpr std::size_t waiting_batches_max = 65536;

} // namespace

struct CommitQueue::Transaction {
    Transaction() = default;

    std::vector<Batch> batches;
    std::vector<Waiter> waiters;
    bool acknowledged = false; // holds a batch whose commit() has returned
    CommitOutcome outcome;
    std::promise<void> stored;

    // Resumes who waits, from the loop. The loop owns the transaction until then.
    static void answer(asio::io_context& context, std::shared_ptr<Transaction> transaction)
    {
        asio::post(context, [transaction = std::move(transaction)] {
            for (Waiter& waiter : transaction->waiters) {
                Result<void> result;
                if (transaction->outcome.error)
                    result = *transaction->outcome.error;
                std::move(waiter)(std::move(result));
            }
        });
    }
};

CommitQueue::CommitQueue(asio::io_context& context, SyncMode sync, Run run)
    : context_(context), run_(std::move(run)), next_(std::make_shared<Transaction>())
{
    if (sync == SyncMode::worker)
        worker_ = std::make_unique<asio::thread_pool>(1);
}

CommitQueue::~CommitQueue()
{
    alive_.reset();
    if (running_) {
        running_->stored.get_future().wait();
        finish(running_);
    }
    if (!next_->batches.empty())
        run_here();
}

Task<Result<void>> CommitQueue::commit(Batch batch)
{
    if (refusal_)
        co_return *refusal_;
    if (next_->batches.size() >= waiting_batches_max)
        co_return Error(Errc::store_failed, "too many changes wait for the disk");
    if (batch.must_be_durable) {
        auto stored = wait_for(std::move(batch));
        co_return co_await std::move(stored);
    }
    next_->batches.push_back(std::move(batch));
    next_->acknowledged = true;
    ++counters_.batches;
    if (next_->batches.size() >= lazy_batches_max)
        schedule();
    co_return Result<void>();
}

Task<Result<void>> CommitQueue::wait_for(Batch batch)
{
    const asio::use_awaitable_t<Executor> token;
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(Result<void>)>(
        [this](auto handler, Batch queued) {
            next_->batches.push_back(std::move(queued));
            next_->waiters.emplace_back(std::move(handler));
            ++counters_.batches;
            schedule();
        },
        token,
        std::move(batch));
}

// Stores what waits at the end of this turn, when all that is ready now has had its say.
void CommitQueue::schedule()
{
    if (scheduled_ || running_)
        return;
    scheduled_ = true;
    asio::post(context_, [this, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.expired())
            return;
        scheduled_ = false;
        start();
    });
}

void CommitQueue::start()
{
    if (running_ || next_->batches.empty())
        return;
    if (!worker_ || refusal_) {
        run_here();
        return;
    }
    running_ = std::exchange(next_, std::make_shared<Transaction>());
    // The guard keeps the loop from ending while the worker owes it an answer.
    asio::post(*worker_,
               [this,
                transaction = running_,
                guard = asio::make_work_guard(context_),
                alive = std::weak_ptr<bool>(alive_)]() mutable {
                   transaction->outcome = run_(transaction->batches);
                   asio::post(context_, [this, transaction, alive] {
                       if (!alive.expired())
                           finish(transaction);
                   });
                   transaction->stored.set_value();
               });
}

// Stores what waits, on this thread; the worker is idle.
void CommitQueue::run_here()
{
    running_ = std::exchange(next_, std::make_shared<Transaction>());
    if (refusal_)
        running_->outcome.error = refusal_;
    else
        running_->outcome = run_(running_->batches);
    if (mutated(Mutation::lose_commit))
        running_->outcome = CommitOutcome();
    finish(running_);
}

void CommitQueue::finish(const std::shared_ptr<Transaction>& transaction)
{
    if (transaction != running_)
        return;
    const std::shared_ptr<Transaction> finished = std::exchange(running_, nullptr);
    ++counters_.transactions;
    const CommitOutcome& outcome = finished->outcome;
    if (outcome.error && (outcome.fatal || finished->acknowledged) && !refusal_) {
        refusal_ = *outcome.error;
        refusal_->message += "; the state takes no more changes until it is opened again";
    }
    if (outcome.error && finished->acknowledged && !lost_)
        lost_ = refusal_;
    if (!next_->waiters.empty() || next_->batches.size() >= lazy_batches_max)
        schedule();
    Transaction::answer(context_, finished);
}

void CommitQueue::settle()
{
    if (running_ && (running_->acknowledged || next_->acknowledged)) {
        running_->stored.get_future().wait();
        finish(running_);
    }
    if (next_->acknowledged)
        run_here();
}

} // namespace trueup
