#include "reconciler/engine/task_group.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace trueup {

TaskGroup::TaskGroup(Executor executor) : executor_(executor), waiter_(executor) {}

void TaskGroup::spawn(Task<void> task)
{
    ++running_;
    const auto on_end = [this](std::exception_ptr error) {
        --running_;
        ++ended_count_;
        if (error)
            bug_ = error;
        waiter_.call({});
    };
    boost::asio::co_spawn(executor_, std::move(task), on_end);
}

Task<void> TaskGroup::wait_any()
{
    const std::size_t before = ended_count_;
    const auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
    const auto sit_down = [this](auto handler) { waiter_.take(std::move(handler)); };
    while (running_ != 0 && ended_count_ == before)
        co_await boost::asio::async_initiate<decltype(token), void(boost::system::error_code)>(
            sit_down, token);
}

Task<void> TaskGroup::wait_below(std::size_t limit)
{
    while (running_ >= limit && running_ != 0)
        co_await wait_any();
}

Task<void> TaskGroup::wait_all()
{
    while (running_ != 0)
        co_await wait_any();
    if (bug_)
        std::rethrow_exception(bug_);
}

} // namespace trueup
