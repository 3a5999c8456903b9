#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace std::chrono_literals;

namespace {

const std::string login = "/v1/auth/authenticate?setCookie=false";
const std::string credentials = R"({"emailId":"admin@example.com","password":"sandbox","org":""})";

} // namespace

TEST_SUITE("sandbox: auth")
{
    TEST_CASE("a call without a credential, or with a wrong key, gets a 401 with the error body")
    {
        SandboxCaller caller;
        caller.key = "";
        const Called without = caller.get("/v1/roles");
        caller.key = "wrong";
        const Called wrong = caller.get("/v1/roles");

        CHECK(without.status == 401);
        CHECK(wrong.status == 401);
        for (const char* field : {"code", "message", "ref"})
            CHECK_FALSE(wrong.text(field).empty());
        CHECK(wrong.at("details").if_map() != nullptr);
    }

    TEST_CASE("the key of the options is the one that is accepted, in any header case")
    {
        SandboxOptions options;
        options.api_key = "k-1";
        SandboxCaller caller(options);
        HttpRequest request;
        request.method = "GET";
        request.target = "/v1/roles";
        request.credential_header = "apikey";
        request.credential.emplace("k-1", "", "test");

        CHECK(caller.sandbox->handle(request, caller.now).status == 200);
        CHECK(caller.get("/v1/roles").status == 401);
    }

    TEST_CASE("login gives a token with a capital A that is good for 15 minutes")
    {
        SandboxCaller caller;
        caller.key = "";
        const Called token = caller.post(login, credentials);
        REQUIRE(token.status == 200);
        CHECK(token.at("isMfa") == Value(false));
        caller.authorization = token.text("Authorization");
        REQUIRE_FALSE(caller.authorization.empty());

        caller.now += 14min + 59s;
        CHECK(caller.get("/v1/roles").status == 200);
        caller.now += 1s;
        CHECK(caller.get("/v1/roles").status == 401);
    }

    TEST_CASE("a token is refreshed by the path before it ends, and not after")
    {
        SandboxCaller caller;
        caller.key = "";
        const std::string first = caller.post(login, credentials).text("Authorization");
        caller.now += 10min;
        const std::string second = caller.get("/v1/auth/refresh/" + first).text("Authorization");

        CHECK(second != first);
        caller.now += 10min;
        caller.authorization = second;
        CHECK(caller.get("/v1/roles").status == 200);
        CHECK(caller.get("/v1/auth/refresh/" + first).status == 401);
        CHECK(caller.get("/v1/auth/refresh/never-given").status == 401);
    }

    TEST_CASE("login with a wrong password or address is refused")
    {
        SandboxCaller caller;
        CHECK(caller.post(login, R"({"emailId":"admin@example.com","password":"x"})").status ==
              401);
        CHECK(caller.post(login, R"({"emailId":"eve@example.com","password":"sandbox"})").status ==
              401);
        CHECK(caller.post(login, R"({"emailId":7})").status == 400);
    }

    TEST_CASE("users/info names the tenant and the user who logged in")
    {
        SandboxOptions options;
        options.tenant_uid = "abcdef";
        SandboxCaller caller(options);

        const Called info = caller.get("/v1/users/info");

        CHECK(info.text("tenantUid") == "abcdef");
        CHECK(info.text("userUid").size() == 24);
        const Called user = caller.get("/v1/users/" + info.text("userUid"));
        CHECK(user.text("spec.emailId") == "admin@example.com");
    }

    TEST_CASE("requests over the rate of an endpoint prefix get 429 until time passes")
    {
        SandboxOptions options;
        options.rate = 2;
        SandboxCaller caller(options);
        for (int i = 0; i < 10; ++i)
            REQUIRE(caller.get("/v1/roles").status == 200);

        const Called refused = caller.get("/v1/roles");

        CHECK(refused.status == 429);
        CHECK(refused.text("code") == "TooManyRequests");
        CHECK(refused.response.header("Retry-After").empty());
        CHECK(caller.get("/v1/teams").status == 200);
        caller.now += 500ms;
        CHECK(caller.get("/v1/roles").status == 200);
        CHECK(caller.get("/v1/roles/unknown").status == 429);
    }
}
