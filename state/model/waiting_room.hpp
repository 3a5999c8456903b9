// Where coroutines wait for other coroutines: those who wait belong to the event loop, which
// disposes of them when it goes. It measures no time, asks the kernel for nothing, and never
// resumes anybody from inside a call.

#pragma once

#include "state/model/task.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/system/error_code.hpp>

#include <optional>

namespace trueup {

// Room for one who waits. Belongs to one event loop, which outlives it.
class Seat : public boost::intrusive::list_base_hook<
                 boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
    using Handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;

    explicit Seat(Executor executor) : executor_(executor) {}
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat() = default;

    // `handler` waits from now on, and keeps the event loop running. A cancellation calls it with
    // operation_aborted.
    void take(Handler handler);
    // Lets the event loop call the one who waits. Without one nothing happens.
    void call(boost::system::error_code why);

private:
    friend class WaitingRoom;

    Executor executor_;
    std::optional<Handler> handler_; // of who waits; Boost 1.81 cannot assign one
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
};

} // namespace trueup
