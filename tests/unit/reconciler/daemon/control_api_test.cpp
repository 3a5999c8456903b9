#include "reconciler/daemon/control_api.hpp"
#include "reconciler/daemon/status_json.hpp"
#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/unit/reconciler/daemon/control_fake.hpp"

namespace trueup {

using namespace control_test;

namespace {

struct ApiWorld {
    HttpResponse
    send(const std::string& method, const std::string& target, const std::string& body = "")
    {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.body = body;
        return api.answer("uid:7", request).response;
    }
    HttpResponse get(const std::string& target) { return send("GET", target); }
    HttpResponse post(const std::string& target, const std::string& body = "")
    {
        return send("POST", target, body);
    }

    boost::asio::io_context context;
    ManualClock clock{context};
    FakeControl control;
    EventHub events{clock};
    Metrics metrics{"0.1.0"};
    ControlApi api{control, events, metrics, clock};
};

std::string text_at(const std::string& body, const std::string& path)
{
    const auto value = json::parse(body);
    REQUIRE(value);
    const auto parsed = Path::parse(path);
    REQUIRE(parsed);
    const Value* found = find(*value, *parsed);
    return found != nullptr ? found->string_or_empty() : std::string();
}

const std::vector<std::string>& readable()
{
    static const std::vector<std::string> all{"/healthz",
                                              "/readyz",
                                              "/metrics",
                                              "/v1/status",
                                              "/v1/plan",
                                              "/v1/resources",
                                              "/v1/resources/Role/tenant/auditor",
                                              "/v1/history",
                                              "/v1/events"};
    return all;
}

} // namespace

TEST_SUITE("daemon: control API")
{
    TEST_CASE("health and readiness are told by the status alone")
    {
        ApiWorld world;
        CHECK(world.get("/healthz").status == 200);
        CHECK(world.get("/readyz").status == 200);

        world.control.is_alive = false;
        world.control.is_ready = false;

        CHECK(world.get("/healthz").status == 503);
        CHECK(world.get("/readyz").status == 503);
        CHECK(world.get("/readyz").body == "not ready\n");
    }

    TEST_CASE("no GET changes anything, and none shows a secret")
    {
        ApiWorld world;
        world.control.planned = json::write(Value(Map{{"x", test::secret(canary)}}));

        for (const std::string& path : readable()) {
            CAPTURE(path);
            const HttpResponse answer = world.get(path);
            CHECK(answer.status == 200);
            CHECK(answer.header("Cache-Control") == "no-store");
            CHECK(answer.body.find(canary) == std::string::npos);
            CHECK(world.post(path).status == 405);
            CHECK(world.post(path).header("Allow") == "GET, HEAD");
        }
        CHECK(world.control.asked.empty());
    }

    TEST_CASE("what changes something is never done by GET")
    {
        ApiWorld world;

        for (const std::string path :
             {"/v1/reconcile", "/v1/approve", "/v1/suspend", "/v1/resume"}) {
            CAPTURE(path);
            CHECK(world.get(path).status == 405);
            CHECK(world.send("PUT", path).status == 405);
        }
        CHECK(world.control.asked.empty());
        CHECK(world.get("/v2/status").status == 404);
        CHECK(world.get("/").status == 404);
    }

    TEST_CASE("a resource is found under its address, as printed or encoded once more")
    {
        ApiWorld world;
        world.control.all.push_back(ready_resource("Role/tenant/Project%20Viewer"));

        const HttpResponse printed = world.get("/v1/resources/Role/tenant/Project%20Viewer");
        const HttpResponse encoded = world.get("/v1/resources/Role%2Ftenant%2FProject%2520Viewer");
        const HttpResponse unknown = world.get("/v1/resources/Role/tenant/nobody");

        CHECK(text_at(printed.body, "address") == "Role/tenant/Project%20Viewer");
        CHECK(encoded.body == printed.body);
        CHECK(unknown.status == 404);
        CHECK(text_at(unknown.body, "error.code") == "not_found");
        CHECK(text_at(unknown.body, "error.place") == "Role/tenant/nobody");
    }

    TEST_CASE("resources can be narrowed to a condition")
    {
        ApiWorld world;

        const HttpResponse stalled = world.get("/v1/resources?condition=Stalled");

        CHECK(stalled.body.find("Role/tenant/auditor") != std::string::npos);
        CHECK(stalled.body.find("\"address\":\"Role/tenant/base\"") == std::string::npos);
        CHECK(world.get("/v1/resources?condition=Odd").body == "{\"resources\":[]}\n");
        const auto all = json::parse(world.get("/v1/resources").body);
        REQUIRE(all.has_value());
        REQUIRE(items_of(*all, "resources").size() > 1);
        CHECK(json::write(*all) + "\n" == world.get("/v1/resources").body);
    }

    TEST_CASE("history takes a limit within bounds, and passes failures on")
    {
        ApiWorld world;
        world.control.audit.resize(3);

        CHECK(world.get("/v1/history?limit=2").body.find("},{") != std::string::npos);
        for (const std::string limit : {"0", "-1", "x", "10001", "1x", "99999999999999999999"}) {
            CAPTURE(limit);
            CHECK(world.get("/v1/history?limit=" + limit).status == 400);
        }
        world.control.history_error = Error{Errc::store_failed, "the disk failed"};
        CHECK(world.get("/v1/history").status == 500);
    }

    TEST_CASE("there is no plan before the first round")
    {
        ApiWorld world;
        CHECK(world.get("/v1/plan").status == 404);
    }

    TEST_CASE("requests reach the daemon with the name of who asked")
    {
        ApiWorld world;

        CHECK(world.post("/v1/reconcile").status == 202);
        CHECK(world.post("/v1/approve", R"({"digest": "9c1f"})").status == 200);
        CHECK(
            world.post("/v1/suspend", R"({"target": "Role/tenant/a", "reason": "r", "for": "2h"})")
                .status == 200);
        CHECK(world.post("/v1/resume", R"({"target": "Role/tenant/a"})").status == 200);

        CHECK(world.control.asked == std::vector<std::string>{"reconcile by uid:7",
                                                              "approve 9c1f by uid:7",
                                                              "suspend Role/tenant/a by uid:7",
                                                              "resume Role/tenant/a by uid:7"});
        REQUIRE(world.control.suspended);
        CHECK(world.control.suspended->reason == "r");
        CHECK(world.control.suspended->since == world.clock.wall());
        CHECK(world.control.suspended->until == world.clock.wall() + std::chrono::hours(2));
    }

    TEST_CASE("a body that is not understood changes nothing")
    {
        ApiWorld world;

        for (const std::string body : {"[]",
                                       "{",
                                       R"({"digest": 7})",
                                       R"({"digest": "x", "digets": "y"})",
                                       R"({"digest": ""})",
                                       ""}) {
            CAPTURE(body);
            CHECK(world.post("/v1/approve", body).status == 400);
        }
        CHECK(world.post("/v1/suspend", R"({"target": "", "for": "two hours"})").status == 400);
        CHECK(world.post("/v1/suspend", R"({"by": "root"})").status == 400);
        CHECK(world.control.asked.empty());
    }

    TEST_CASE("what the daemon refuses is told with a status of its own")
    {
        ApiWorld world;
        const auto approve = [&](Errc code) {
            world.control.answer = Error{code, "because"};
            const HttpResponse answer = world.post("/v1/approve", R"({"digest": "x"})");
            CHECK(text_at(answer.body, "error.message") == "because");
            return answer.status;
        };

        CHECK(approve(Errc::not_found) == 404);
        CHECK(approve(Errc::conflict) == 409);
        CHECK(approve(Errc::refused) == 422);
    }
}

} // namespace trueup
