// The coroutine type of everything that waits. One concrete executor: the daemon runs one
// io_context on one thread, and so does the simulation.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace trueup {

using Executor = boost::asio::io_context::executor_type;

template <class T>
using Task = boost::asio::awaitable<T, Executor>;

} // namespace trueup
