#include "api/sandbox/serve.hpp"
#include "state/model/json.hpp"
#include "tests/support/manual_clock.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace std::chrono_literals;

namespace {

// A front with a plan, called as a connection would.
class Fronted {
public:
    explicit Fronted(const std::string& plan, FaultPlan::Hook hook = nullptr)
        : clock_(context_), sandbox(make_sandbox({})), front(clock_, *sandbox, read(plan, hook))
    {
    }

    ServerReply
    send(const std::string& method, const std::string& target, const std::string& body = "")
    {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.body = body;
        request.headers.emplace_back("ApiKey", "sandbox");
        return front.serve(request);
    }
    ServerReply create(const std::string& name)
    {
        return send("POST", "/v1/projects", R"({"metadata":{"name":")" + name + R"("}})");
    }
    ServerReply list() { return send("GET", "/v1/roles"); }

private:
    static FaultPlan read(const std::string& text, const FaultPlan::Hook& hook)
    {
        auto plan = parse_fault_plan(text);
        REQUIRE(plan);
        plan->after_effect = hook;
        return std::move(*plan);
    }

    boost::asio::io_context context_;
    ManualClock clock_;

public:
    std::unique_ptr<Sandbox> sandbox;
    SandboxFront front;
};

} // namespace

TEST_SUITE("sandbox: faults")
{
    TEST_CASE("without faults everything passes")
    {
        Fronted fronted("");
        CHECK(fronted.create("a").response.status == 201);
        CHECK_FALSE(fronted.list().cut);
        CHECK(fronted.front.requests() == 2);
    }

    TEST_CASE("cut-before has no effect, cut-after keeps it, truncate answers in part")
    {
        Fronted fronted("cut-before:1,cut-after:2,truncate:3");

        CHECK(fronted.create("a").cut);
        CHECK(fronted.sandbox->count("projects") == 0);
        CHECK(fronted.create("b").cut);
        CHECK(fronted.sandbox->count("projects") == 1);
        const ServerReply part = fronted.create("c");
        CHECK(part.cut_after_bytes.has_value());
        CHECK(part.response.status == 201);
        CHECK(fronted.sandbox->count("projects") == 2);
        CHECK_FALSE(fronted.create("d").cut);
    }

    TEST_CASE("with -write only writing requests are counted")
    {
        Fronted fronted("cut-after-write:2");

        CHECK_FALSE(fronted.create("a").cut);
        CHECK_FALSE(fronted.list().cut);
        CHECK(fronted.create("b").cut);
        CHECK(fronted.sandbox->count("projects") == 2);
    }

    TEST_CASE("a status is answered without the effect, or with it")
    {
        Fronted fronted("status-503:1,status-500-after:2,status-500-after-write:3");

        const ServerReply before = fronted.create("a");
        CHECK(before.response.status == 503);
        CHECK(fronted.sandbox->count("projects") == 0);
        CHECK(json::parse(before.response.body));
        CHECK(fronted.create("b").response.status == 500);
        CHECK(fronted.sandbox->count("projects") == 1);
        CHECK(fronted.create("c").response.status == 500);
        CHECK(fronted.sandbox->count("projects") == 2);
    }

    TEST_CASE("throttle answers 429 with Retry-After, slow and latency delay the answer")
    {
        Fronted fronted("throttle:1:30,throttle:2,slow:3:2s,latency:50ms");

        const ServerReply first = fronted.list();
        CHECK(first.response.status == 429);
        CHECK(first.response.header("retry-after") == "30");
        CHECK(fronted.list().response.header("Retry-After") == "1");
        CHECK(fronted.list().delay == Duration(2050ms));
        CHECK(fronted.list().delay == Duration(50ms));
    }

    TEST_CASE("ranges and every N-th")
    {
        Fronted range("status-500:2-3");
        Fronted every("status-500:%3");
        std::string statuses;
        for (int i = 0; i < 6; ++i) {
            statuses += range.list().response.status == 500 ? 'x' : '.';
            statuses += every.list().response.status == 500 ? 'x' : '.';
        }
        CHECK(statuses == "..x.xx.....x");
    }

    TEST_CASE("the hook sees each request after its effect, and not those that had none")
    {
        std::vector<std::string> seen;
        Fronted fronted("cut-before:1", [&](std::size_t number, const SandboxRequest& request) {
            seen.push_back(std::to_string(number) + " " + request.method + " " +
                           std::to_string(request.status));
        });
        fronted.create("a");
        fronted.create("b");
        fronted.list();

        CHECK(seen == std::vector<std::string>{"2 POST 201", "3 GET 200"});
    }

    TEST_CASE("a plan that cannot be read is refused with advice")
    {
        for (const char* text : {"cut",
                                 "cut-after",
                                 "cut-after:",
                                 "cut-after:0",
                                 "cut-after:x",
                                 "cut-after:3-2",
                                 "status-200:1",
                                 "status-:1",
                                 "explode:1",
                                 "slow:1",
                                 "slow:1:soon",
                                 "throttle:1:x",
                                 "latency:x",
                                 "cut-after:1:2",
                                 "cut-after:%0",
                                 "cut-after:1,,cut-after:2"}) {
            CAPTURE(text);
            const auto plan = parse_fault_plan(text);
            REQUIRE_FALSE(plan);
            CHECK(plan.error().code == Errc::invalid_input);
            CHECK_FALSE(plan.error().advice.empty());
        }
    }
}
