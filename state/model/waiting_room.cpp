#include "state/model/waiting_room.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>

#include <utility>
#include <vector>

namespace trueup {

namespace asio = boost::asio;
using boost::system::error_code;

// All seats of one event loop that are taken.
class WaitingRoom final : public asio::execution_context::service {
public:
    using key_type = WaitingRoom;
    static inline asio::execution_context::id id;

    explicit WaitingRoom(asio::execution_context& context) : service(context) {}

    void add(Seat& seat) { taken_.push_back(seat); }

private:
    // Handlers own coroutines, and coroutines own seats: all must have stood up before the first of
    // them is destroyed.
    void shutdown() override
    {
        std::vector<Seat::Handler> waiting;
        while (!taken_.empty()) {
            waiting.push_back(std::move(*taken_.front().handler_));
            taken_.front().handler_.reset();
            taken_.pop_front();
        }
    }

    boost::intrusive::list<Seat, boost::intrusive::constant_time_size<false>> taken_;
};

void Seat::take(Handler handler)
{
    handler_.emplace(std::move(handler));
    work_.emplace(executor_);
    asio::use_service<WaitingRoom>(executor_.context()).add(*this);
    if (auto slot = asio::get_associated_cancellation_slot(*handler_); slot.is_connected())
        slot.assign([this](asio::cancellation_type) { call(asio::error::operation_aborted); });
}

void Seat::call(error_code why)
{
    if (!handler_)
        return;
    unlink();
    auto resume = [handler = std::move(*handler_), why]() mutable {
        // What is cancelled later is no longer this.
        asio::get_associated_cancellation_slot(handler).clear();
        std::move(handler)(why);
    };
    handler_.reset();
    asio::post(executor_, std::move(resume));
    work_.reset();
}

} // namespace trueup
