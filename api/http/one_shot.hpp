// A value that one coroutine waits for and somebody else delivers once, later. What a promise is to
// a thread: the pool hands over connections with it, races report their winner.

#pragma once

#include "state/model/task.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <utility>

namespace trueup {

template <class T>
class OneShot {
public:
    OneShot() = default;
    OneShot(const OneShot&) = delete;
    OneShot& operator=(const OneShot&) = delete;

    // Delivers `value`. The waiting coroutine resumes from the event loop, never from inside the
    // call. Only the first delivery counts; false says that this one was too late.
    bool put(T value)
    {
        if (delivered_)
            return false;
        delivered_ = true;
        if (waiter_)
            waiter_->resume(std::move(value));
        else
            value_.emplace(std::move(value));
        return true;
    }

    // Waits for the value; at most once. The OneShot must live until then.
    Task<T> take()
    {
        const boost::asio::use_awaitable_t<Executor> token;
        return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void(T)>(
            [this](auto handler) {
                // The executor is asked for while its type is still known: the erased one cannot
                // post.
                const Executor executor = boost::asio::get_associated_executor(handler);
                waiter_.emplace(executor, std::move(handler));
                if (value_)
                    waiter_->resume(std::move(*value_));
            },
            token);
    }

private:
    using Handler = boost::asio::any_completion_handler<void(T)>;

    struct Waiter {
        Waiter(Executor e, Handler h) : executor(e), handler(std::move(h)) {}

        void resume(T value)
        {
            boost::asio::post(executor,
                              [handler = std::move(handler), value = std::move(value)]() mutable {
                                  std::move(handler)(std::move(value));
                              });
        }

        Executor executor;
        Handler handler;
    };

    std::optional<T> value_;
    std::optional<Waiter> waiter_;
    bool delivered_ = false;
};

} // namespace trueup
