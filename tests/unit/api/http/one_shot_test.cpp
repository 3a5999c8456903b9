#include "api/http/one_shot.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace trueup;
namespace asio = boost::asio;

namespace {

using Text = OneShot<std::string>;

Task<void> wait_for(std::shared_ptr<Text> shot, std::string& seen)
{
    seen = "waits";
    seen = co_await shot->take();
}

} // namespace

TEST_SUITE("api: one shot")
{
    TEST_CASE("what is delivered before anybody waits is there at once")
    {
        asio::io_context loop;
        const auto shot = std::make_shared<Text>(loop.get_executor());
        std::string seen;

        CHECK(shot->put("early"));
        asio::co_spawn(loop, wait_for(shot, seen), asio::detached);
        loop.run();

        CHECK(seen == "early");
    }

    TEST_CASE("who waits keeps the loop, and is resumed by it and not by the delivery")
    {
        asio::io_context loop;
        const auto shot = std::make_shared<Text>(loop.get_executor());
        std::string seen;
        asio::co_spawn(loop, wait_for(shot, seen), asio::detached);

        loop.poll();
        CHECK_FALSE(loop.stopped());
        CHECK(shot->put("later"));
        CHECK(seen == "waits");
        loop.run();

        CHECK(seen == "later");
    }

    TEST_CASE("only the first delivery counts")
    {
        asio::io_context loop;
        const auto shot = std::make_shared<Text>(loop.get_executor());
        std::string seen;
        asio::co_spawn(loop, wait_for(shot, seen), asio::detached);
        loop.poll();

        CHECK(shot->put("first"));
        CHECK_FALSE(shot->put("second"));
        loop.run();

        CHECK(seen == "first");
    }

    TEST_CASE("who is cancelled gets an error, and what is delivered then disturbs nobody")
    {
        asio::io_context loop;
        const auto shot = std::make_shared<Text>(loop.get_executor());
        std::string seen;
        std::string end;
        asio::cancellation_signal signal;
        const auto finished = [&end](std::exception_ptr fault) {
            try {
                if (fault)
                    std::rethrow_exception(fault);
            } catch (const boost::system::system_error& error) {
                end = error.code() == asio::error::operation_aborted ? "aborted" : "another error";
            }
        };
        asio::co_spawn(
            loop, wait_for(shot, seen), asio::bind_cancellation_slot(signal.slot(), finished));
        loop.poll();

        signal.emit(asio::cancellation_type::terminal);
        signal.emit(asio::cancellation_type::terminal);
        loop.run();
        shot->put("too late");
        loop.restart();
        loop.run();

        CHECK(seen == "waits");
        CHECK(end == "aborted");
    }

    TEST_CASE("a cancellation after the delivery comes to nothing")
    {
        asio::io_context loop;
        auto shot = std::make_shared<Text>(loop.get_executor());
        std::string seen;
        asio::cancellation_signal signal;
        asio::co_spawn(loop,
                       wait_for(shot, seen),
                       asio::bind_cancellation_slot(signal.slot(), asio::detached));
        loop.poll();

        shot->put("in time");
        shot.reset();
        signal.emit(asio::cancellation_type::terminal);
        loop.run();
        signal.emit(asio::cancellation_type::terminal);

        CHECK(seen == "in time");
    }

    TEST_CASE("a loop that goes takes along who waits, each with what it owns")
    {
        std::string first_seen;
        std::string second_seen;
        std::weak_ptr<Text> first_left;
        std::weak_ptr<Text> second_left;
        {
            asio::io_context loop;
            auto first = std::make_shared<Text>(loop.get_executor());
            auto second = std::make_shared<Text>(loop.get_executor());
            first_left = first;
            second_left = second;
            asio::co_spawn(loop, wait_for(std::move(first), first_seen), asio::detached);
            asio::co_spawn(loop, wait_for(std::move(second), second_seen), asio::detached);
            loop.poll();
            CHECK_FALSE(first_left.expired());
        }

        CHECK(first_seen == "waits");
        CHECK(second_seen == "waits");
        CHECK(first_left.expired());
        CHECK(second_left.expired());
    }
}
