#include "api/rest/request.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;
using rest::Call;
using rest::make_request;

namespace {

Call call_of(const Kind& kind, const Operation& operation)
{
    Call call;
    call.kind = &kind;
    call.operation = &operation;
    return call;
}

} // namespace

TEST_SUITE("api: request")
{
    TEST_CASE("the scope header is sent for projects, never for the tenant or a kind without it")
    {
        Kind kind = role();
        Call call = call_of(kind, kind.list->call);
        CHECK(make_request(api_rules(), call)->headers.empty());

        call.scope = Scope("team-a", "p-1");
        const auto scoped = make_request(api_rules(), call);
        REQUIRE(scoped->headers.size() == 1);
        CHECK(scoped->headers[0].name == "ProjectUid");
        CHECK(scoped->headers[0].value == "p-1");

        kind.scope_header = false;
        CHECK(make_request(api_rules(), call)->headers.empty());
    }

    TEST_CASE("a project that does not exist yet is no scope to send to")
    {
        const Kind kind = role();
        Call call = call_of(kind, kind.list->call);
        call.scope = Scope("team-a", "");

        const auto request = make_request(api_rules(), call);

        REQUIRE_FALSE(request);
        CHECK(request.error().code == Errc::refused);
    }

    TEST_CASE("query: the operation's, the narrowing and the page, encoded, later ones winning")
    {
        const Kind kind = role();
        Operation list = kind.list->call;
        list.query = {{"limit", "5"}, {"fields", "a,b"}};
        Call call = call_of(kind, list);
        call.narrow = {{"filters", "metadata.name={key:metadata.name}"}};
        call.parameters.emplace("key:metadata.name", Value("a&b=c d+e"));
        call.page.query = {{"limit", "50"}, {"continue", "t/1="}};

        const auto request = make_request(api_rules(), call);

        REQUIRE(request);
        CHECK(request->target == "/v1/roles?limit=50&fields=a%2Cb&"
                                 "filters=metadata.name%3Da%26b%3Dc%20d%2Be&continue=t%2F1%3D");
    }

    TEST_CASE("a link of the page before replaces the query, never the path")
    {
        const Kind kind = role();
        Call call = call_of(kind, kind.list->call);
        call.page.link = "page=2";

        CHECK(make_request(api_rules(), call)->target == "/v1/roles?page=2");
    }

    TEST_CASE("bodies: secrets go out in clear and mark the request; nothing has no body")
    {
        const Kind kind = role();
        Call call = call_of(kind, kind.create->call);
        CHECK(make_request(api_rules(), call)->body.empty());

        Value body;
        put(body, path("spec.secret"), Value(Secret("s3cret", "", "test")));
        call.body = body;
        const auto request = make_request(api_rules(), call);

        REQUIRE(request);
        CHECK(request->body == R"({"spec":{"secret":"s3cret"}})");
        CHECK(request->sensitive_body);
        call.body = from_json(R"({"a": 1})");
        CHECK_FALSE(make_request(api_rules(), call)->sensitive_body);
    }

    TEST_CASE("only what changes nothing is sent again unseen, and errors name the route")
    {
        Kind kind = role();
        CHECK(make_request(api_rules(), call_of(kind, kind.list->call))->repeatable);
        CHECK_FALSE(make_request(api_rules(), call_of(kind, kind.create->call))->repeatable);
        kind.create->call.operation_class = OperationClass::idempotent;
        CHECK_FALSE(make_request(api_rules(), call_of(kind, kind.create->call))->repeatable);

        const auto failed = make_request(api_rules(), call_of(kind, kind.read.call));
        REQUIRE_FALSE(failed);
        CHECK(failed.error().place == "GET /v1/roles/{uid}");
    }
}

} // namespace trueup
