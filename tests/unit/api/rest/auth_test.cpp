#include "tests/unit/api/rest/sample_kinds.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace trueup {

using namespace samples;
using namespace std::chrono_literals;

namespace {

const std::string login_route = "POST /v1/auth/authenticate";
const std::string refresh_route = "GET /v1/auth/refresh/{token}";
const std::string list_route = "GET /v1/roles";

// An API whose tokens live as long as the catalogue says and which counts what it hands out.
struct TokenApi {
    Result<HttpResponse> answer(const SentRequest& request)
    {
        if (request.route == login_route) {
            ++logins;
            if (request.body.find(password) == std::string::npos)
                return make_response(401, R"({"code": "UserUnauthorized", "message": "no"})");
            return hand_out(request.at);
        }
        if (request.route == refresh_route) {
            if (!refreshes)
                return make_response(500);
            return hand_out(request.at);
        }
        const bool good = request.credential_header == "Authorization" &&
                          request.credential == token && request.at < ends_at;
        if (!good)
            return make_response(401);
        return make_response(200, R"({"items": [], "listmeta": {"continue": ""}})");
    }

    HttpResponse hand_out(Instant now)
    {
        token = "token-" + std::to_string(++number);
        ends_at = now + 15min;
        return make_response(200, R"({"Authorization": ")" + token + "\"}");
    }

    std::string password = "pass-1";
    std::string token;
    Instant ends_at{};
    int number = 0;
    int logins = 0;
    bool refreshes = true;
};

RestOptions with_login(const std::string& password = "pass-1")
{
    RestOptions options = World::unlimited();
    options.credentials = login(password);
    options.attempts_max = 2;
    return options;
}

World world_of(TokenApi& api, RestOptions options)
{
    return World(
        catalogue_of({role()}),
        [&api](const SentRequest& request) { return api.answer(request); },
        std::move(options));
}

Result<WalkReport> list_once(World& world)
{
    std::vector<Observed> found;
    return world.list(world.kind("Role"), found);
}

// Lists the roles from `callers` coroutines at once; returns how many succeeded.
int list_at_once(World& world, int callers)
{
    int succeeded = 0;
    int ended = 0;
    const auto caller = [&]() -> Task<void> {
        PageSink sink = [](std::vector<Observed>) -> Result<void> { return {}; };
        CallContext context("x");
        Scope tenant;
        auto report = co_await world.provider->list(
            world.kind("Role"), tenant, std::move(sink), std::move(context));
        if (report)
            ++succeeded;
        ++ended;
    };
    const auto all = [&]() -> Task<void> {
        for (int i = 0; i < callers; ++i)
            boost::asio::co_spawn(world.context.get_executor(), caller(), boost::asio::detached);
        while (ended < callers)
            co_await world.clock.sleep(1ms);
    };
    world.clock.run(all());
    return succeeded;
}

} // namespace

TEST_SUITE("api: auth")
{
    TEST_CASE("an API key goes into its header")
    {
        World world(catalogue_of({role()}), [](const SentRequest&) -> Result<HttpResponse> {
            return make_response(200, R"({"items": []})");
        });

        REQUIRE(list_once(world));

        CHECK(world.http.requests.at(0).credential_header == "ApiKey");
        CHECK(world.http.requests.at(0).credential == "key-1");
    }

    TEST_CASE("login: once, then the token serves until it is about to end")
    {
        TokenApi api;
        World world = world_of(api, with_login());

        REQUIRE(list_once(world));
        world.clock.advance(13min);
        REQUIRE(list_once(world));

        CHECK(world.http.count(login_route) == 1);
        CHECK(world.http.requests.at(0).body ==
              R"({"emailId":"a@example.com","org":"acme","password":"pass-1"})");
        CHECK(world.http.requests.at(0).sensitive_body);
        CHECK(world.http.requests.at(0).credential.empty());
    }

    TEST_CASE("a token is refreshed before it ends; no call ever fails for it")
    {
        TokenApi api;
        World world = world_of(api, with_login());

        for (int minute = 0; minute < 60; ++minute) {
            REQUIRE(list_once(world));
            world.clock.advance(1min);
        }

        CHECK(world.http.count(login_route) == 1);
        CHECK(world.http.count(refresh_route) == 4);
        for (const Event& event : world.events.events)
            CHECK(event.status == 200);
    }

    TEST_CASE("a refresh that fails falls back to a login")
    {
        TokenApi api;
        api.refreshes = false;
        World world = world_of(api, with_login());
        REQUIRE(list_once(world));
        world.clock.advance(14min + 1s);

        REQUIRE(list_once(world));

        CHECK(world.http.count(login_route) == 2);
    }

    TEST_CASE("a refresh happens between the pages of one walk")
    {
        TokenApi api;
        int page = 0;
        std::vector<std::string> credentials;
        World world(
            catalogue_of({role()}),
            [&](const SentRequest& request) -> Result<HttpResponse> {
                if (request.route != list_route)
                    return api.answer(request);
                credentials.push_back(request.credential);
                const std::string next = ++page < 3 ? "t" + std::to_string(page) : "";
                return make_response(200,
                                     R"({"items": [{"metadata": {"name": "r)" +
                                         std::to_string(page) + R"(", "uid": "u)" +
                                         std::to_string(page) +
                                         R"("}}], "listmeta": {"continue": ")" + next + "\"}}");
            },
            with_login());
        world.http.latency = 8min;
        std::vector<Observed> found;

        REQUIRE(world.list(world.kind("Role"), found));

        CHECK(found.size() == 3);
        CHECK(credentials.front() == "token-1");
        CHECK(credentials.back() != "token-1");
    }

    TEST_CASE("16 callers at once: one login, no failed call")
    {
        TokenApi api;
        World world = world_of(api, with_login());
        world.http.latency = 20ms;

        CHECK(list_at_once(world, 16) == 16);

        CHECK(api.logins == 1);
    }

    TEST_CASE("16 callers meet a revoked token: one login more, no failed call")
    {
        TokenApi api;
        World world = world_of(api, with_login());
        world.http.latency = 20ms;
        REQUIRE(list_once(world));
        api.token = "revoked";

        CHECK(list_at_once(world, 16) == 16);

        CHECK(api.logins == 2);
        CHECK(world.http.count(list_route) == 1 + 16 + 16);
    }

    TEST_CASE("16 callers and a token that runs out in between: never two logins at once")
    {
        TokenApi api;
        api.refreshes = false;
        World world = world_of(api, with_login());
        world.http.latency = 20ms;
        for (int hour = 0; hour < 4; ++hour) {
            CHECK(list_at_once(world, 16) == 16);
            world.clock.advance(15min);
        }

        CHECK(api.logins == 4);
    }

    TEST_CASE("a wrong password: all fail with advice, after one login, and none follows at once")
    {
        TokenApi api;
        api.password = "another";
        World world = world_of(api, with_login());
        world.http.latency = 20ms;

        CHECK(list_at_once(world, 16) == 0);
        CHECK(api.logins == 1);
        const auto report = list_once(world);

        REQUIRE_FALSE(report);
        CHECK(report.error().code == Errc::unauthorized);
        CHECK(report.error().advice.find("--login-file") != std::string::npos);
        CHECK(api.logins == 1);
        CHECK(world.http.count(list_route) == 0);
        world.clock.advance(1min);
        CHECK_FALSE(list_once(world));
        CHECK(api.logins == 2);
    }

    TEST_CASE("a password that was changed in its file is picked up")
    {
        TokenApi api;
        api.password = "pass-2";
        RestOptions options = with_login("pass-1");
        options.reload = [] { return Result<Credentials>(login("pass-2")); };
        World world = world_of(api, std::move(options));

        REQUIRE(list_once(world));

        CHECK(api.logins == 2);
    }

    TEST_CASE("an API key that was rotated in its file is read again, once")
    {
        int reloads = 0;
        std::string on_disk = "key-1";
        RestOptions options = World::unlimited();
        options.reload = [&] {
            ++reloads;
            return Result<Credentials>(api_key(on_disk));
        };
        World world(
            catalogue_of({role()}),
            [](const SentRequest& request) -> Result<HttpResponse> {
                return make_response(request.credential == "key-2" ? 200 : 401, R"({"items": []})");
            },
            std::move(options));

        const auto refused = list_once(world);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::unauthorized);
        CHECK(refused.error().advice.find("--api-key-file") != std::string::npos);
        CHECK(reloads == 1);
        CHECK(world.http.requests.size() == 1);

        on_disk = "key-2";
        CHECK(list_once(world));
        CHECK(reloads == 2);
        CHECK(world.http.requests.size() == 3);
    }

    TEST_CASE("a key that was exchanged for another tenant's: nothing is sent with it")
    {
        std::string on_disk = "key-1";
        std::string tenant_of_key_2 = "t-1";
        RestOptions options = World::unlimited();
        options.reload = [&] { return Result<Credentials>(api_key(on_disk)); };
        std::string valid = "key-1";
        World world(
            catalogue_of({role()}),
            [&](const SentRequest& request) -> Result<HttpResponse> {
                if (request.credential != valid)
                    return make_response(401);
                if (request.target == "/v1/users/info")
                    return make_response(200,
                                         R"({"tenantUid": ")" +
                                             (valid == "key-1" ? "t-1" : tenant_of_key_2) + "\"}");
                return make_response(200, R"({"items": []})");
            },
            std::move(options));
        REQUIRE(world.clock.run(world.provider->bootstrap(CallContext("x"))));
        REQUIRE(list_once(world));
        const std::size_t lists = world.http.count("GET /v1/roles");

        on_disk = valid = "key-2";
        tenant_of_key_2 = "t-2";
        for (int time = 0; time < 2; ++time) {
            const auto refused = list_once(world);
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code == Errc::refused);
            CHECK(refused.error().message.find("another tenant") != std::string::npos);
        }
        CHECK(world.http.count("GET /v1/roles") == lists + 1); // the one that met the 401

        tenant_of_key_2 = "t-1"; // as it is after an ordinary rotation
        CHECK(list_once(world));
        CHECK(list_once(world));
    }

    TEST_CASE("a second 401 after a new login is final")
    {
        int logins = 0;
        World world(
            catalogue_of({role()}),
            [&](const SentRequest& request) -> Result<HttpResponse> {
                if (request.route == login_route)
                    return make_response(
                        200, R"({"Authorization": "t)" + std::to_string(++logins) + "\"}");
                return make_response(401);
            },
            with_login());

        const auto report = list_once(world);

        REQUIRE_FALSE(report);
        CHECK(report.error().code == Errc::unauthorized);
        CHECK(logins == 2);
        CHECK(world.http.count(list_route) == 2);
    }

    TEST_CASE("no credentials at all: nothing is sent")
    {
        RestOptions options = World::unlimited();
        options.credentials = Credentials();
        World world(
            catalogue_of({role()}),
            [](const SentRequest&) -> Result<HttpResponse> { return make_response(200); },
            std::move(options));

        const auto report = list_once(world);

        REQUIRE_FALSE(report);
        CHECK(report.error().code == Errc::unauthorized);
        CHECK(world.http.requests.empty());
    }

    TEST_CASE("an answer to the login without a token is an error that names its place")
    {
        World world(
            catalogue_of({role()}),
            [](const SentRequest&) -> Result<HttpResponse> {
                return make_response(200, R"({"isMfa": true})");
            },
            with_login());

        const auto report = list_once(world);

        REQUIRE_FALSE(report);
        CHECK(report.error().code == Errc::rejected);
        CHECK(report.error().place == login_route);
    }

    TEST_CASE("neither tokens nor passwords reach events or errors")
    {
        TokenApi api;
        World world = world_of(api, with_login());
        REQUIRE(list_once(world));
        world.clock.advance(14min + 1s);
        REQUIRE(list_once(world));
        api.password = "other";
        api.token = "revoked";
        const auto failed = list_once(world);

        CHECK(world.http.count(refresh_route) == 1);
        REQUIRE_FALSE(failed);
        std::string everything = failed.error().text();
        for (const Event& event : world.events.events)
            everything += event.message + event.call + event.address + event.error;
        CHECK(everything.find("token-") == std::string::npos);
        CHECK(everything.find("pass-1") == std::string::npos);
        CHECK(everything.find(refresh_route) != std::string::npos);
    }
}

} // namespace trueup
