// A value that one coroutine waits for and somebody else delivers once, later. What a promise is to
// a thread: the pool hands over connections with it, races report their winner.

#pragma once

#include "state/model/task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace trueup {

template <class T>
class OneShot {
public:
    explicit OneShot(Executor executor)
        : never_(executor, std::chrono::steady_clock::time_point::max())
    {
    }
    OneShot(const OneShot&) = delete;
    OneShot& operator=(const OneShot&) = delete;

    // Delivers `value`. The waiting coroutine resumes from the event loop, never from inside the
    // call. Only the first delivery counts; false says that this one was too late.
    bool put(T value)
    {
        if (delivered_)
            return false;
        delivered_ = true;
        value_.emplace(std::move(value));
        never_.cancel();
        return true;
    }

    // Waits for the value; at most once. The OneShot must live until then. A coroutine that is
    // cancelled meanwhile gets system_error(operation_aborted), as from Asio's own operations.
    Task<T> take()
    {
        const auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
        if (!value_)
            co_await never_.async_wait(token);
        if (!value_)
            throw boost::system::system_error(boost::asio::error::operation_aborted);
        co_return std::move(*value_);
    }

private:
    using SteadyClock = std::chrono::steady_clock;

    // It does not measure time. A timer is the one thing whose waiters the event loop itself owns,
    // and disposes of when it goes.
    boost::asio::basic_waitable_timer<SteadyClock, boost::asio::wait_traits<SteadyClock>, Executor>
        never_;
    std::optional<T> value_;
    bool delivered_ = false;
};

} // namespace trueup
