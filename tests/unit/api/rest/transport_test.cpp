#include "api/rest/transport.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;

namespace {

Result<HttpResponse> empty_list(const SentRequest&)
{
    return make_response(200, R"({"items": []})");
}

// An observer over a fake API.
struct ReadOnly {
    explicit ReadOnly(Catalogue all, FakeHttp::Handler handler = empty_list)
        : catalogue(std::move(all)),
          clock(context),
          http(clock, std::move(handler)),
          random(make_seeded_random(1)),
          observer(make_rest_observer(catalogue, http, clock, *random, events, World::unlimited()))
    {
    }

    Result<WalkReport> list(const Kind& kind)
    {
        PageSink sink = [](std::vector<Observed>) -> Result<void> { return {}; };
        return clock.run(observer->list(kind, Scope(), sink, CallContext(kind.name)));
    }

    boost::asio::io_context context;
    Catalogue catalogue;
    ManualClock clock;
    FakeHttp http;
    EventList events;
    std::unique_ptr<Random> random;
    std::unique_ptr<Observer> observer;
};

} // namespace

TEST_SUITE("api: transport")
{
    TEST_CASE("a kind whose list is an action is stopped in the transport, and named")
    {
        Kind buggy = role();
        buggy.name = "Buggy";
        buggy.file = "kinds/buggy.yaml";
        buggy.list->call =
            operation("list", OperationClass::action, "POST", "/v1/clusters/{scopeUid}/upgrade");
        ReadOnly world(catalogue_of({buggy}));

        const auto report = world.list(world.catalogue.kinds.front());

        REQUIRE_FALSE(report);
        CHECK(report.error().code == Errc::refused);
        CHECK(report.error().message.find("Buggy") != std::string::npos);
        CHECK(report.error().message.find("\"list\"") != std::string::npos);
        CHECK(report.error().message.find("class action") != std::string::npos);
        CHECK(report.error().advice.find("kinds/buggy.yaml") != std::string::npos);
        CHECK(world.http.requests.empty());
        CHECK(world.observer->requests_sent() == 0);
    }

    TEST_CASE("a read that is no operation of the catalogue is stopped, whatever class it claims")
    {
        Kind forged = role();
        forged.list->call = operation("list", OperationClass::read, "DELETE", "/v1/roles");
        ReadOnly world(catalogue_of({role()}));

        const auto report = world.list(forged);

        REQUIRE_FALSE(report);
        CHECK(report.error().code == Errc::refused);
        CHECK(world.http.requests.empty());
    }

    TEST_CASE("a route that is a read in one kind and a create in another is no read")
    {
        Kind liar = role();
        liar.name = "Liar";
        liar.list->call = operation("list", OperationClass::read, "POST", "/v1/roles");
        ReadOnly world(catalogue_of({liar, role()}));

        CHECK_FALSE(world.list(world.catalogue.kinds[0]));
        CHECK(world.http.requests.empty());
        CHECK(world.list(world.catalogue.kinds[1]));
    }

    TEST_CASE("a list by POST is a read, because its class says so")
    {
        Kind searched = role();
        searched.list->call =
            operation("list", OperationClass::read, "POST", "/v1/dashboard/roles");
        searched.list->call.body = from_json("{}");
        ReadOnly world(catalogue_of({searched}));

        CHECK(world.list(world.catalogue.kinds.front()));
        CHECK(world.http.requests.at(0).method == "POST");
        CHECK(world.http.requests.at(0).body == "{}");
    }

    TEST_CASE("the routes that may be read are those of all reading calls, logins and bootstrap")
    {
        Kind kind = role();
        ExtraRead extra;
        extra.call = operation("more", OperationClass::read, "GET", "/v1/roles/{uid}/more");
        kind.read.more.push_back(extra);

        const auto routes = rest::readable_routes(catalogue_of({kind}));

        CHECK(routes == std::set<std::string>{"GET /v1/auth/refresh/{token}",
                                              "GET /v1/roles",
                                              "GET /v1/roles/{uid}",
                                              "GET /v1/roles/{uid}/more",
                                              "GET /v1/users/info",
                                              "POST /v1/auth/authenticate"});
    }

    TEST_CASE("a provider's reads are held to the same rule")
    {
        Kind buggy = role();
        buggy.read.call =
            operation("read", OperationClass::idempotent, "PUT", "/v1/roles/{uid}/touch");
        World world(catalogue_of({buggy}), empty_list);

        const auto object = world.read(world.kind("Role"), "u1");

        REQUIRE_FALSE(object);
        CHECK(object.error().code == Errc::refused);
        CHECK(world.http.requests.empty());
    }

    TEST_CASE("bootstrap: fetched once, when a path needs it, and shared")
    {
        Kind policy = role();
        policy.read.call =
            operation("read", OperationClass::read, "GET", "/v1/tenants/{tenantUid}/policy/{uid}");
        ReadOnly world(catalogue_of({policy}),
                       [](const SentRequest& request) -> Result<HttpResponse> {
                           if (request.target == "/v1/users/info")
                               return make_response(200, R"({"tenantUid": "t 1"})");
                           return make_response(200, R"({"metadata": {"uid": "u"}})");
                       });
        const Kind& kind = world.catalogue.kinds.front();
        const auto read = [&] {
            return world.clock.run(world.observer->read(kind, Scope(), "u", CallContext("x")));
        };

        REQUIRE(read());
        REQUIRE(read());
        const auto values = world.clock.run(world.observer->bootstrap(CallContext("x")));

        REQUIRE(values);
        CHECK(values->at("tenantUid") == "t 1");
        CHECK(world.http.count("GET /v1/users/info") == 1);
        CHECK(world.http.requests.at(1).target == "/v1/tenants/t%201/policy/u");
    }

    TEST_CASE("bootstrap: an answer without the value is an error, and asked for again")
    {
        int asked = 0;
        ReadOnly world(catalogue_of({}), [&](const SentRequest&) -> Result<HttpResponse> {
            return make_response(200, ++asked == 1 ? "{}" : R"({"tenantUid": "t"})");
        });

        const auto first = world.clock.run(world.observer->bootstrap(CallContext("x")));
        const auto second = world.clock.run(world.observer->bootstrap(CallContext("x")));

        REQUIRE_FALSE(first);
        CHECK(first.error().code == Errc::rejected);
        CHECK(second);
    }
}

} // namespace trueup
