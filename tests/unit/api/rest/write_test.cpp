#include "api/rest/codec.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;
using namespace std::chrono_literals;

namespace {

const Value desired = from_json(R"({"metadata": {"name": "admin"}, "spec": {"level": 1}})");

Result<Created> create(World& world, Scope scope = {})
{
    const Kind& kind = world.kind("Role");
    auto call = encode_create(kind, scope, desired, mark());
    REQUIRE(call);
    return world.clock.run(
        world.provider->create(kind, *call, CallContext("Role/tenant/admin", "plan-1")));
}

Result<Written> remove(World& world)
{
    const Kind& kind = world.kind("Role");
    auto calls = encode_delete(kind, {}, "u1", desired);
    REQUIRE(calls);
    return world.clock.run(
        world.provider->write(kind, calls->front(), CallContext("Role/tenant/admin", "plan-1")));
}

// Answers the requests one after the other; the last answer goes on for ever.
FakeHttp::Handler script(std::vector<Result<HttpResponse>> answers)
{
    auto at = std::make_shared<std::size_t>(0);
    return [at, answers = std::move(answers)](const SentRequest&) {
        return answers[std::min((*at)++, answers.size() - 1)];
    };
}

Result<HttpResponse> throttled(const std::string& after = {})
{
    std::vector<Header> headers;
    if (!after.empty())
        headers.emplace_back("Retry-After", after);
    return make_response(429, R"({"code": "TooManyRequests"})", headers);
}

} // namespace

TEST_SUITE("api: write")
{
    TEST_CASE("create: the uid comes from the answer")
    {
        World world(
            catalogue_of({role()}),
            script({make_response(201, R"({"uid": "u9"})", {Header("AuditUid", "audit-1")})}));

        const auto created = create(world, Scope("team-a", "p-1"));

        REQUIRE(created);
        CHECK(created->uid == "u9");
        CHECK(created->status == 201);
        CHECK(created->audit_uid == "audit-1");
        const SentRequest& sent = world.http.requests.at(0);
        CHECK(sent.method == "POST");
        CHECK(sent.target == "/v1/roles");
        CHECK(sent.header("ProjectUid") == "p-1");
        CHECK_FALSE(sent.repeatable);
        CHECK(from_json(sent.body) == encode_create(world.kind("Role"), {}, desired, mark())->body);
        CHECK(world.events.events.at(0).level == Level::info);
        CHECK(world.events.events.at(0).plan_id == "plan-1");
    }

    TEST_CASE("create: a credential that is echoed as the audit uid is kept nowhere")
    {
        World world(
            catalogue_of({role()}),
            script({make_response(201, R"({"uid": "u9"})", {Header("AuditUid", "key-1")})}));

        const auto created = create(world);

        REQUIRE(created);
        CHECK(created->audit_uid == "(sensitive)");
        CHECK(world.events.events.at(0).audit_uid == "(sensitive)");
    }

    TEST_CASE("create: an answer without a uid, or without JSON, is still a success")
    {
        for (const char* body : {"", "{}", "created!", R"({"uid": null})"}) {
            CAPTURE(body);
            World world(catalogue_of({role()}), script({make_response(201, body)}));
            const auto created = create(world);
            REQUIRE(created);
            CHECK(created->uid.empty());
        }
    }

    TEST_CASE("create: a uid that we chose stands in where the answer has none")
    {
        Kind kind = role();
        kind.create->client_uid = path("metadata.name");
        kind.create->uid = Path();
        World world(catalogue_of({kind}), script({make_response(204)}));

        CHECK(create(world)->uid == "admin");
    }

    TEST_CASE("create: never sent again once it may have taken effect")
    {
        const std::vector<Result<HttpResponse>> outcomes{
            broken_connection(Effect::unknown),
            make_response(500),
            make_response(502),
            make_response(503, "", {Header("Retry-After", "1")}),
            make_response(504),
            make_response(408),
            make_response(202)};
        Kind kind = role();
        kind.create->call.success = {201};
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            CAPTURE(i);
            World world(catalogue_of({kind}), script({outcomes[i]}));

            const auto created = create(world);

            REQUIRE_FALSE(created);
            CHECK(created.error().effect == Effect::unknown);
            CHECK(world.http.requests.size() == 1);
        }
    }

    TEST_CASE("create: sent again when nothing was sent, or the API refused for the rate")
    {
        World world(catalogue_of({role()}),
                    script({broken_connection(Effect::none),
                            throttled("2"),
                            make_response(201, R"({"uid": "u1"})")}));

        const auto created = create(world);

        REQUIRE(created);
        CHECK(created->uid == "u1");
        CHECK(world.http.requests.size() == 3);
    }

    TEST_CASE("create: a connection that breaks after a refusal for the rate is the end of it")
    {
        World world(catalogue_of({role()}),
                    script({throttled(), broken_connection(Effect::unknown)}));

        const auto created = create(world);

        REQUIRE_FALSE(created);
        CHECK(created.error().effect == Effect::unknown);
        CHECK(world.http.requests.size() == 2);
    }

    TEST_CASE("create: a refusal has no effect and is not repeated")
    {
        for (const int status : {400, 403, 409, 422}) {
            CAPTURE(status);
            World world(catalogue_of({role()}), script({make_response(status)}));
            const auto created = create(world);
            REQUIRE_FALSE(created);
            CHECK(created.error().effect == Effect::none);
            CHECK(world.http.requests.size() == 1);
        }
    }

    TEST_CASE("an action is held to the same rule as a create")
    {
        Kind kind = role();
        kind.remove->operation_class = OperationClass::action;
        World world(catalogue_of({kind}), script({make_response(503)}));

        CHECK_FALSE(remove(world));
        CHECK(world.http.requests.size() == 1);
    }

    TEST_CASE("idempotent: repeated, and what an earlier attempt may have done is not forgotten")
    {
        World world(catalogue_of({role()}),
                    script({broken_connection(Effect::unknown), make_response(404)}));

        const auto removed = remove(world);

        REQUIRE_FALSE(removed);
        CHECK(world.http.requests.size() == 2);
        CHECK(removed.error().code == Errc::not_found);
        CHECK(removed.error().effect == Effect::unknown);
    }

    TEST_CASE("idempotent: succeeds after failures that pass")
    {
        World world(catalogue_of({role()}),
                    script({make_response(500), throttled(), make_response(204)}));

        const auto removed = remove(world);

        REQUIRE(removed);
        CHECK(removed->status == 204);
        CHECK(world.http.requests.size() == 3);
        CHECK(world.http.requests.back().target == "/v1/roles/u1");
    }

    TEST_CASE("E: what is sent long after it was compared is compared again, and only then sent")
    {
        const auto write = [](World& world, bool holds) {
            const Kind& kind = world.kind("Role");
            auto calls = encode_delete(kind, {}, "u1", desired);
            REQUIRE(calls);
            int asked = 0;
            Comparison comparison;
            comparison.at = world.clock.now();
            comparison.again = [&]() -> Task<Result<void>> {
                ++asked;
                if (!holds)
                    co_return Error(Errc::conflict, "it changed");
                co_return Result<void>{};
            };
            CallContext context("Role/tenant/admin", "plan-1");
            context.comparison = &comparison;
            auto written = world.clock.run(world.provider->write(kind, calls->front(), context));
            return std::pair(std::move(written), asked);
        };
        SUBCASE("a quick repeat needs none")
        {
            World world(catalogue_of({role()}), script({make_response(503), make_response(204)}));
            const auto [written, asked] = write(world, false);
            CHECK(written.has_value());
            CHECK(asked == 0);
        }
        SUBCASE("it holds")
        {
            World world(catalogue_of({role()}), script({throttled("60"), make_response(204)}));
            const auto [written, asked] = write(world, true);
            CHECK(written.has_value());
            CHECK(asked == 1);
        }
        SUBCASE("it does not, and nothing was done")
        {
            World world(catalogue_of({role()}), script({throttled("60"), make_response(204)}));
            const auto [written, asked] = write(world, false);
            REQUIRE_FALSE(written.has_value());
            CHECK(written.error().code == Errc::conflict);
            CHECK(written.error().effect == Effect::none);
            CHECK(world.http.requests.size() == 1);
        }
        SUBCASE("it does not, and nobody knows what was done")
        {
            World world(
                catalogue_of({role()}),
                script({broken_connection(Effect::unknown), throttled("60"), make_response(204)}));
            const auto [written, asked] = write(world, false);
            REQUIRE_FALSE(written.has_value());
            CHECK(written.error().effect == Effect::unknown);
            CHECK(world.http.requests.size() == 2);
        }
    }

    TEST_CASE("H: each attempt that went out is told to who asked, reads and logins are not")
    {
        World world(catalogue_of({role()}),
                    script({broken_connection(Effect::unknown),
                            make_response(503, "", {Header("AuditUid", "audit-2")}),
                            make_response(204, "", {Header("AuditUid", "audit-3")})}));
        const Kind& kind = world.kind("Role");
        auto calls = encode_delete(kind, {}, "u1", desired);
        REQUIRE(calls);
        std::vector<CallAttempt> attempts;
        CallContext context("Role/tenant/admin", "plan-1");
        context.attempts = &attempts;

        REQUIRE(world.clock.run(world.provider->write(kind, calls->front(), context)));
        const auto seen = world.clock.run(world.provider->read(kind, {}, "u1", context));
        static_cast<void>(seen.has_value());

        REQUIRE(attempts.size() == 3);
        CHECK(attempts[0].number == 1);
        CHECK(attempts[0].error == Errc::network);
        CHECK(attempts[0].effect == Effect::unknown);
        CHECK(attempts[0].status == 0);
        CHECK(attempts[1].number == 2);
        CHECK(attempts[1].error == Errc::server_failed);
        CHECK(attempts[1].status == 503);
        CHECK(attempts[1].audit_uid == "audit-2");
        CHECK(attempts[2].number == 3);
        CHECK_FALSE(attempts[2].error);
        CHECK(attempts[2].status == 204);
        CHECK(attempts[2].audit_uid == "audit-3");
    }

    TEST_CASE("a body that still is the kind's template is refused, as is an unknown value")
    {
        Kind kind = role();
        kind.remove->body = from_json(R"({"x": {"$field": "spec.level"}})");
        World world(catalogue_of({kind}), script({make_response(204)}));
        WriteCall call;
        call.operation = &*world.kind("Role").remove;
        call.uid = "u1";
        call.body = *call.operation->body;
        call.has_body = true;
        const auto template_left =
            world.clock.run(world.provider->write(world.kind("Role"), call, CallContext("x")));
        call.body = Value(Unknown{"Role/tenant/x", "", nullptr});
        const auto unknown =
            world.clock.run(world.provider->write(world.kind("Role"), call, CallContext("x")));

        REQUIRE_FALSE(template_left);
        CHECK(template_left.error().code == Errc::internal);
        REQUIRE_FALSE(unknown);
        CHECK(unknown.error().code == Errc::refused);
        CHECK(world.http.requests.empty());
    }

    TEST_CASE("a secret that the API echoes is in no error and no event")
    {
        const Kind kind = plain_kind("Role", "/v1/roles", {sensitive(text("key"))});
        World world(catalogue_of({kind}), [](const SentRequest& request) -> Result<HttpResponse> {
            Map body;
            body.set("message", "cannot use " + request.body + " with " + request.credential);
            return make_response(400, json::write(Value(body)));
        });
        Value wanted = desired;
        put(wanted, path("spec.key"), Value(Secret("canary\"secret", "", "test")));
        auto call = encode_create(world.kind("Role"), {}, wanted, mark());
        REQUIRE(call);

        const auto created =
            world.clock.run(world.provider->create(world.kind("Role"), *call, CallContext("x")));

        REQUIRE_FALSE(created);
        CHECK(world.http.requests.at(0).body.find("canary") != std::string::npos);
        CHECK(created.error().text().find("canary") == std::string::npos);
        CHECK(created.error().text().find("key-1") == std::string::npos);
        CHECK(created.error().api->message.find("canary") == std::string::npos);
        CHECK(world.events.events.at(0).message.find("canary") == std::string::npos);
    }
}

TEST_SUITE("api: rates and refusals")
{
    TEST_CASE("10 a second: 100 calls take the ideal time and at most 3% more")
    {
        RestOptions options = World::unlimited();
        options.rate = 10;
        World world(catalogue_of({role()}), script({make_response(204)}), std::move(options));
        const Instant start = world.clock.now();

        for (int i = 0; i < 100; ++i)
            REQUIRE(remove(world));

        const double taken = std::chrono::duration<double>(world.clock.now() - start).count();
        CHECK(taken >= 9.9);
        CHECK(taken <= 9.9 * 1.03);
    }

    TEST_CASE("unlimited: no time passes but that of the calls")
    {
        World world(catalogue_of({role()}), script({make_response(204)}));
        const Instant start = world.clock.now();

        for (int i = 0; i < 1000; ++i)
            REQUIRE(remove(world));

        CHECK(world.clock.now() == start);
    }

    TEST_CASE("Retry-After holds back every request of the group, not only the one that met it")
    {
        World world(catalogue_of({role()}), script({throttled("20"), make_response(204)}));

        REQUIRE(remove(world));
        const Instant refused_at = world.http.requests.at(0).at;

        CHECK(world.http.requests.at(1).at >= refused_at + 20s);
        CHECK(world.http.requests.at(1).at <= refused_at + 20s + 1s);
    }

    TEST_CASE("a Retry-After of ten years is waited for as long as the cap says")
    {
        RestOptions options = World::unlimited();
        options.retry_after_max = 5min;
        World world(catalogue_of({role()}),
                    script({throttled("315360000"), make_response(204)}),
                    std::move(options));

        REQUIRE(remove(world));

        CHECK(world.http.requests.at(1).at >= Instant() + 5min);
        CHECK(world.http.requests.at(1).at <= Instant() + 5min + 1s);
    }

    TEST_CASE("a storm of 429: bounded attempts, then an error that says so")
    {
        RestOptions options = World::unlimited();
        options.attempts_max = 4;
        World world(catalogue_of({role()}), script({throttled()}), std::move(options));

        const auto removed = remove(world);

        REQUIRE_FALSE(removed);
        CHECK(removed.error().code == Errc::throttled);
        CHECK(world.http.requests.size() == 4);
    }

    TEST_CASE("a server that refuses past its rate is found and kept to, without a lost call")
    {
        // The server allows 5 a second, the client starts with 20.
        RestOptions options = World::unlimited();
        options.rate = 20;
        options.attempts_max = 10;
        std::vector<Instant> accepted;
        World world(
            catalogue_of({role()}),
            [&](const SentRequest& request) -> Result<HttpResponse> {
                const auto recent = std::count_if(accepted.begin(),
                                                  accepted.end(),
                                                  [&](Instant at) { return request.at - at < 1s; });
                if (recent >= 5)
                    return throttled();
                accepted.push_back(request.at);
                return make_response(204);
            },
            std::move(options));

        for (int i = 0; i < 100; ++i)
            REQUIRE(remove(world));

        CHECK(accepted.size() == 100);
        CHECK(world.http.requests.size() < 150);
    }
}

} // namespace trueup
