// A value that one coroutine waits for and somebody else delivers once, later. What a promise is to
// a thread: the pool hands over connections with it, races report their winner.

#pragma once

#include "state/model/task.hpp"
#include "state/model/waiting_room.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <optional>
#include <utility>

namespace trueup {

template <class T>
class OneShot {
public:
    explicit OneShot(Executor executor) : seat_(executor) {}
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
        seat_.call({});
        return true;
    }

    // Waits for the value; at most once. The OneShot must live until then. A coroutine that is
    // cancelled meanwhile gets system_error(operation_aborted), as from Asio's own operations.
    Task<T> take()
    {
        const auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
        const auto sit_down = [this](auto handler) { seat_.take(std::move(handler)); };
        if (!value_)
            co_await boost::asio::async_initiate<decltype(token), void(boost::system::error_code)>(
                sit_down, token);
        if (!value_)
            throw boost::system::system_error(boost::asio::error::operation_aborted);
        co_return std::move(*value_);
    }

private:
    Seat seat_;
    std::optional<T> value_;
    bool delivered_ = false;
};

} // namespace trueup
