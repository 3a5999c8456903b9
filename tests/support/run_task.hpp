// Runs a task over real sockets to its end.

#pragma once

#include "state/model/task.hpp"

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace trueup {

// Throws std::logic_error when the task hangs.
template <class T>
T run_task(boost::asio::io_context& context, Task<T> task)
{
    constexpr auto hang_max = std::chrono::seconds(60);
    std::optional<T> result;
    std::exception_ptr fault;
    bool finished = false;
    boost::asio::co_spawn(
        context.get_executor(),
        [](Task<T> inner, std::optional<T>& slot) -> Task<void> {
            slot.emplace(co_await std::move(inner));
        }(std::move(task), result),
        [&](std::exception_ptr thrown) {
            fault = thrown;
            finished = true;
        });
    context.restart();
    while (!finished) {
        if (context.run_one_for(hang_max) == 0)
            throw std::logic_error("the task hangs");
    }
    if (fault)
        std::rethrow_exception(fault);
    return std::move(*result);
}

} // namespace trueup
