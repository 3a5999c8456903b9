#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;

namespace {

// Answers by target; what it does not know does not exist.
FakeHttp::Handler answers(std::map<std::string, std::string> bodies)
{
    return [bodies = std::move(bodies)](const SentRequest& request) -> Result<HttpResponse> {
        const auto it = bodies.find(request.target);
        if (it == bodies.end())
            return make_response(404, R"({"code": "ResourceNotFound"})");
        return make_response(200, it->second);
    };
}

const std::string admin = R"({"metadata": {"uid": "u1", "name": "admin"}, "other": 1})";

} // namespace

TEST_SUITE("api: read")
{
    TEST_CASE("an object in full, with the answer as it came")
    {
        World world(catalogue_of({role()}), answers({{"/v1/roles/u1", admin}}));

        const auto object = world.read(world.kind("Role"), "u1");

        REQUIRE(object);
        REQUIRE(*object);
        CHECK((*object)->uid == "u1");
        CHECK((*object)->complete);
        CHECK((*object)->raw == from_json(admin));
        CHECK((*object)->value == from_json(R"({"metadata": {"uid": "u1", "name": "admin"}})"));
    }

    TEST_CASE("an answer without a uid is that of the uid that was asked for")
    {
        World world(catalogue_of({role()}),
                    answers({{"/v1/roles/u%2F1", R"({"metadata": {"name": "n"}})"}}));

        const auto object = world.read(world.kind("Role"), "u/1");

        REQUIRE(object);
        REQUIRE(*object);
        CHECK((*object)->uid == "u/1");
    }

    TEST_CASE(
        "an answer that is about no object of the kind is refused, not taken for an empty one")
    {
        for (const char* body : {"{}", R"({"items": [{"metadata": 7}]})", R"({"error": "no"})"}) {
            CAPTURE(body);
            World world(catalogue_of({role()}), answers({{"/v1/roles/u1", body}}));

            const auto object = world.read(world.kind("Role"), "u1");

            REQUIRE_FALSE(object);
            CHECK(object.error().code == Errc::rejected);
        }
    }

    TEST_CASE("absent: 404, a code, or a body that says so; nothing else")
    {
        Kind kind = role();
        kind.absent.state = Condition{path("status.state"), {Value("Deleted")}};
        int status = 404;
        std::string body;
        World world(catalogue_of({kind}), [&](const SentRequest&) -> Result<HttpResponse> {
            return make_response(status, body);
        });
        const auto is_absent = [&] {
            const auto object = world.read(world.kind("Role"), "u1");
            return object && !*object;
        };

        CHECK(is_absent());
        status = 500;
        body = R"({"code": "ResourceNotFound"})";
        CHECK(is_absent());
        CHECK(world.http.requests.size() == 2); // an absence is not asked for again
        status = 200;
        body = R"({"metadata": {"uid": "u1"}, "status": {"state": "Deleted"}})";
        CHECK(is_absent());
        status = 403;
        body = "{}";
        CHECK_FALSE(is_absent());
    }

    TEST_CASE("an absence is no warning in the log; a failure is")
    {
        World world(catalogue_of({role()}), answers({}));
        REQUIRE(world.read(world.kind("Role"), "u1"));
        CHECK(world.events.events.at(0).level == Level::debug);
        CHECK(world.events.events.at(0).status == 404);
    }

    TEST_CASE("a bare answer goes where the kind says, for a singleton without a uid")
    {
        Kind policy = role();
        policy.key.clear();
        policy.list.reset();
        policy.read.call = operation("read", OperationClass::read, "GET", "/v1/policy");
        policy.read.into = path("spec");
        World world(catalogue_of({policy}), answers({{"/v1/policy", R"({"level": 3})"}}));

        const auto object = world.read(world.kind("Role"), "");

        REQUIRE(object);
        REQUIRE(*object);
        CHECK((*object)->value == from_json(R"({"spec": {"level": 3}})"));
        CHECK((*object)->raw == from_json(R"({"spec": {"level": 3}})"));
    }

    TEST_CASE("further reads are grafted, one for each element that needs it")
    {
        Kind kind = plain_kind(
            "Role",
            "/v1/roles",
            {list_of("vars", object("", {text("name")}), ListOrder::keyed, "name"),
             list_of(
                 "packs",
                 object("", {text("name"), list_of("manifests", text(""), ListOrder::unordered)}),
                 ListOrder::keyed,
                 "name")});
        ExtraRead vars;
        vars.call = operation("vars", OperationClass::read, "GET", "/v1/roles/{uid}/vars");
        vars.from = path("variables");
        vars.into = path("spec.vars");
        ExtraRead manifests;
        manifests.call = operation(
            "manifests", OperationClass::read, "GET", "/v1/roles/{uid}/packs/{name}/manifests");
        manifests.for_each = path("spec.packs");
        manifests.when = path("manifests");
        manifests.from = path("items");
        manifests.into = path("manifests");
        kind.read.more = {vars, manifests};
        World world(catalogue_of({kind}),
                    answers({{"/v1/roles/u1",
                              R"({"metadata": {"uid": "u1"}, "spec": {"packs": [
                          {"name": "a b", "manifests": ["ref"]}, {"name": "none", "manifests": []},
                          {"name": "gone", "manifests": ["ref"]}]}})"},
                             {"/v1/roles/u1/vars", R"({"variables": [{"name": "v"}]})"},
                             {"/v1/roles/u1/packs/a%20b/manifests", R"({"items": ["text"]})"}}));

        const auto object = world.read(world.kind("Role"), "u1");

        REQUIRE(object);
        REQUIRE(*object);
        const std::string expected = R"({"vars": [{"name": "v"}], "packs": [
            {"name": "a b", "manifests": ["text"]}, {"name": "none", "manifests": []},
            {"name": "gone", "manifests": ["ref"]}]})";
        CHECK(*find((*object)->value, path("spec")) == from_json(expected));
        CHECK(*find((*object)->raw, path("spec")) == from_json(expected));
        CHECK(world.http.requests.size() == 4);
    }

    TEST_CASE("a further read that fails fails the read")
    {
        Kind kind = role();
        ExtraRead more;
        more.call = operation("more", OperationClass::read, "GET", "/v1/roles/{uid}/more");
        more.into = path("spec");
        kind.read.more = {more};
        World world(catalogue_of({kind}), [](const SentRequest& request) -> Result<HttpResponse> {
            return make_response(request.target == "/v1/roles/u1" ? 200 : 403, admin);
        });

        CHECK_FALSE(world.read(world.kind("Role"), "u1"));
    }

    TEST_CASE("without a read call the list is searched; absence needs proof")
    {
        Kind kind = role();
        kind.read.call = Operation();
        std::string body = R"({"items": [)" + admin + "]}";
        World world(catalogue_of({kind}), [&](const SentRequest&) -> Result<HttpResponse> {
            return make_response(200, body);
        });

        const auto object = world.read(world.kind("Role"), "u1");
        REQUIRE(object);
        REQUIRE(*object);
        CHECK((*object)->raw == from_json(admin));
        CHECK(world.http.requests.size() == 1);

        const auto gone = world.read(world.kind("Role"), "u2");
        REQUIRE(gone);
        CHECK_FALSE(*gone);
        CHECK(world.http.requests.size() == 2);
    }

    TEST_CASE("without a read call, a list of several pages is walked twice before it says absent")
    {
        Kind kind = role();
        kind.read.call = Operation();
        World world(catalogue_of({kind}), [](const SentRequest& request) -> Result<HttpResponse> {
            const bool second = request.target.find("continue") != std::string::npos;
            return make_response(200,
                                 second ? R"({"items": []})"
                                        : R"({"items": [)" + admin +
                                              R"(], "listmeta": {"continue": "t"}})");
        });

        const auto gone = world.read(world.kind("Role"), "u2");

        REQUIRE(gone);
        CHECK_FALSE(*gone);
        CHECK(world.http.requests.size() == 4);
        REQUIRE(world.read(world.kind("Role"), "u1"));
        CHECK(world.http.requests.size() == 5); // found on the first page
    }

    TEST_CASE("an answer that is no object is an error")
    {
        for (const char* body : {"[]", "3", ""}) {
            CAPTURE(body);
            World world(catalogue_of({role()}), answers({{"/v1/roles/u1", body}}));
            CHECK_FALSE(world.read(world.kind("Role"), "u1"));
        }
    }

    TEST_CASE("a read is repeated on 5xx and lost connections, with an event for each attempt")
    {
        int requests = 0;
        World world(catalogue_of({role()}), [&](const SentRequest&) -> Result<HttpResponse> {
            ++requests;
            if (requests == 1)
                return make_response(503, "", {Header("AuditUid", "a-1")});
            if (requests == 2)
                return broken_connection(Effect::unknown);
            return make_response(200, admin, {Header("AuditUid", "a-3")});
        });
        world.http.latency = std::chrono::milliseconds(40);

        const auto object = world.clock.run(world.provider->read(
            world.kind("Role"), Scope(), "u1", CallContext("Role/tenant/admin", "plan-9")));

        REQUIRE(object);
        REQUIRE(world.events.events.size() == 3);
        const Event& first = world.events.events[0];
        CHECK(first.type == EventType::api_call);
        CHECK(first.level == Level::warning);
        CHECK(first.call == "GET /v1/roles/{uid}");
        CHECK(first.operation == "read");
        CHECK(first.status == 503);
        CHECK(first.attempt == 1);
        CHECK(first.audit_uid == "a-1");
        CHECK(first.error == "server_failed");
        CHECK(first.address == "Role/tenant/admin");
        CHECK(first.plan_id == "plan-9");
        CHECK(first.duration == std::chrono::milliseconds(40));
        CHECK(world.events.events[1].status == 0);
        CHECK(world.events.events[1].error == "network");
        CHECK(world.events.events[2].attempt == 3);
        CHECK(world.events.events[2].audit_uid == "a-3");
        CHECK(world.provider->requests_sent() == 3);
        for (const Event& event : world.events.events)
            CHECK(event.message.find("u1") == std::string::npos);
    }

    TEST_CASE("a read that never succeeds gives up, with what was said last")
    {
        World world(catalogue_of({role()}), [](const SentRequest&) -> Result<HttpResponse> {
            return make_response(500, R"({"message": "broken"})");
        });

        const auto object = world.read(world.kind("Role"), "u1");

        REQUIRE_FALSE(object);
        CHECK(object.error().code == Errc::server_failed);
        CHECK(object.error().effect == Effect::none);
        CHECK(object.error().message.find("broken") != std::string::npos);
        CHECK(world.http.requests.size() == 6);
    }
}

} // namespace trueup
