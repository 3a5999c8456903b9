// Look-ups that never come back, and what becomes of those who wait for them.

#include "api/http/host_lookup.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>

namespace trueup {

namespace {

using namespace std::chrono_literals;

Origin origin(std::string host)
{
    Origin made;
    made.host = std::move(host);
    made.port = "4000";
    return made;
}

// A look-up that hangs until the test lets it go, and says when it has come back.
class HangingLookUp {
public:
    std::function<Endpoints()> call()
    {
        return [gate = gate_, back = back_]() -> Endpoints {
            gate->get_future().wait();
            // The last thing that it does with what the test shares.
            back->set_value();
            return std::vector<TcpEndpoint>{};
        };
    }
    void release() { gate_->set_value(); }
    bool came_back() { return back_->get_future().wait_for(60s) == std::future_status::ready; }

private:
    std::shared_ptr<std::promise<void>> gate_ = std::make_shared<std::promise<void>>();
    std::shared_ptr<std::promise<void>> back_ = std::make_shared<std::promise<void>>();
};

} // namespace

TEST_SUITE("http: host look-up")
{
    TEST_CASE("one that hangs is given up in time, and neither loop nor process waits for it")
    {
        HangingLookUp hanging;
        {
            boost::asio::io_context context;
            ManualClock clock(context);

            const auto found = clock.run(look_up_aside(clock, "slow.test", 5s, hanging.call()));

            REQUIRE_FALSE(found);
            CHECK(found.error().code == Errc::timed_out);
            CHECK(found.error().message.find("slow.test") != std::string::npos);
            CHECK(clock.now().time_since_epoch() == 5s);
        } // with the thread joined here, the test would hang
        hanging.release();
        CHECK(hanging.came_back());
    }

    TEST_CASE("a loop that goes while somebody waits is not touched when the look-up comes back")
    {
        HangingLookUp hanging;
        {
            boost::asio::io_context context;
            ManualClock clock(context);
            boost::asio::co_spawn(context.get_executor(),
                                  look_up_aside(clock, "slow.test", 5s, hanging.call()),
                                  [](const std::exception_ptr&, const Endpoints&) {});
            context.poll();
        }
        hanging.release();
        CHECK(hanging.came_back());
    }

    TEST_CASE("what is found is handed over, and what is not is an error with the host's name")
    {
        boost::asio::io_context context;
        ManualClock clock(context);
        const TcpEndpoint somewhere(boost::asio::ip::address_v4::loopback(), 4000);
        const auto finds = [somewhere]() -> Endpoints { return std::vector{somewhere}; };

        const auto found = run_task(context, look_up_aside(clock, "here.test", 5s, finds));

        REQUIRE(found);
        CHECK(*found == std::vector{somewhere});

        const auto none = ask_system(origin("no..such..host"));
        REQUIRE_FALSE(none);
        CHECK(none.error().code == Errc::network);
        CHECK(none.error().message.find("no..such..host") != std::string::npos);
    }

    TEST_CASE("the system knows this machine")
    {
        const auto found = ask_system(origin("localhost"));

        REQUIRE_MESSAGE(found, (found ? "" : found.error().text()));
        REQUIRE_FALSE(found->empty());
        CHECK(found->front().address().is_loopback());
        CHECK(found->front().port() == 4000);
    }
}

} // namespace trueup
