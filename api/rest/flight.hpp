// Lets one coroutine do a job while all others that want it done wait for its end: a login, a fetch
// that is remembered.

#pragma once

#include "api/http/one_shot.hpp"
#include "state/model/task.hpp"

#include <boost/asio/this_coro.hpp>

#include <memory>
#include <vector>

namespace trueup::rest {

class Flight {
public:
    Flight() = default;
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;

    bool busy() const { return busy_; }

    // Returns when the job that is under way has ended, however it did. The Flight must live until
    // then. Only while busy().
    Task<void> wait()
    {
        const Executor executor = co_await boost::asio::this_coro::executor;
        const auto landed = std::make_shared<OneShot<bool>>(executor);
        waiting_.push_back(landed);
        co_await landed->take();
    }

    // Makes the Flight busy for as long as it lives. Only one at a time.
    class Seat {
    public:
        explicit Seat(Flight& flight) : flight_(flight) { flight_.busy_ = true; }
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat()
        {
            flight_.busy_ = false;
            for (const auto& landed : std::exchange(flight_.waiting_, {}))
                landed->put(true);
        }

    private:
        Flight& flight_;
    };

private:
    bool busy_ = false;
    std::vector<std::shared_ptr<OneShot<bool>>> waiting_;
};

} // namespace trueup::rest
