#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

const std::string role =
    R"({"metadata":{"name":"ops"},"spec":{"permissions":["a.get"],"scope":"tenant"}})";

} // namespace

TEST_SUITE("sandbox: protocol")
{
    TEST_CASE("an unknown route is a 404, a wrong method a 405, each with the error body")
    {
        SandboxCaller caller;
        const Called unknown = caller.get("/v1/nothing/here");
        const Called method = caller.call("PATCH", "/v1/roles/abc");

        CHECK(unknown.status == 404);
        CHECK_FALSE(unknown.text("code").empty());
        CHECK(method.status == 405);
        CHECK_FALSE(method.text("message").empty());
    }

    TEST_CASE("a body that is not JSON is a 400 and changes nothing")
    {
        SandboxCaller caller;
        const std::string before = caller.sandbox->dump();

        CHECK(caller.post("/v1/roles", R"({"metadata":)").status == 400);
        CHECK(caller.post("/v1/roles", R"([])").status == 400);
        CHECK(caller.sandbox->dump() == before);
    }

    TEST_CASE("a create answers 201 with a uid of 24 hex digits and an AuditUid")
    {
        SandboxCaller caller;

        const Called made = caller.post("/v1/roles", role);

        CHECK(made.status == 201);
        CHECK(made.uid().size() == 24);
        CHECK(made.uid().find_first_not_of("0123456789abcdef") == std::string::npos);
        CHECK_FALSE(made.response.header("AuditUid").empty());
        CHECK(made.response.header("Content-Type") == "application/json");
    }

    TEST_CASE("an update and a delete answer 204 without a body, with an AuditUid")
    {
        SandboxCaller caller;
        const std::string path = "/v1/roles/" + caller.create("/v1/roles", role);

        const Called updated = caller.put(path, role);
        const Called removed = caller.remove(path);

        CHECK(updated.status == 204);
        CHECK(updated.response.body.empty());
        CHECK_FALSE(updated.response.header("AuditUid").empty());
        CHECK(removed.status == 204);
        CHECK(caller.get(path).status == 404);
        CHECK(caller.remove(path).status == 404);
    }

    TEST_CASE("reading leaves no AuditUid and no trace in the world")
    {
        SandboxCaller caller;
        caller.create("/v1/roles", role);
        const std::string before = caller.sandbox->dump();

        CHECK(caller.get("/v1/roles").response.header("AuditUid").empty());
        caller.get("/v1/roles/unknown");
        caller.post("/v1/dashboard/projects");

        CHECK(caller.sandbox->dump() == before);
    }

    TEST_CASE("the server sets uid and times; a time that was never set is the year 1")
    {
        SandboxCaller caller;
        const std::string uid = caller.create("/v1/roles", role);
        const std::string path = "/v1/roles/" + uid;
        caller.now += std::chrono::minutes(1);
        caller.put(path, role);

        const Called read = caller.get(path);

        CHECK(read.text("metadata.uid") == uid);
        CHECK(read.text("metadata.creationTimestamp") == "2026-03-01T12:00:00.000Z");
        CHECK(read.text("metadata.lastModifiedTimestamp") == "2026-03-01T12:01:00.000Z");
        CHECK(read.text("metadata.deletionTimestamp") == "0001-01-01T00:00:00.000Z");
    }

    TEST_CASE("wrong types, words outside an enum and missing required fields are refused by name")
    {
        SandboxCaller caller;
        const Called type =
            caller.post("/v1/roles", R"({"metadata":{"name":"a"},"spec":{"permissions":"x"}})");
        const Called word =
            caller.post("/v1/roles", R"({"metadata":{"name":"a"},"spec":{"scope":"galaxy"}})");
        const Called name = caller.post("/v1/roles", R"({"metadata":{},"spec":{}})");
        const Called azure =
            caller.post("/v1/cloudaccounts/azure",
                        R"({"metadata":{"name":"a"},"spec":{"clientId":"c","tenantId":"t"}})");
        const Called hours = caller.post(
            "/v1/spcPolicies/maintenance",
            R"({"metadata":{"name":"p"},"spec":{"schedules":[{"durationHrs":25,"name":"n","startCron":"* * * * *"}]}})");
        const Called time = caller.post(
            "/v1/edgehosts/tokens", R"({"metadata":{"name":"t"},"spec":{"expiry":"tomorrow"}})");

        CHECK(type.text("details.field") == "spec.permissions");
        CHECK(word.text("details.field") == "spec.scope");
        CHECK(name.text("details.field") == "metadata.name");
        CHECK(azure.text("details.field") == "spec.clientSecret");
        CHECK(hours.text("details.field") == "spec.schedules[0].durationHrs");
        CHECK(time.text("details.field") == "spec.expiry");
        for (const Called* each : {&type, &word, &name, &azure, &hours, &time})
            CHECK(each->status == 400);
    }

    TEST_CASE("a null counts as absent, and an unknown field is ignored")
    {
        SandboxCaller caller;

        const std::string uid = caller.create(
            "/v1/roles",
            R"({"metadata":{"name":"n","labels":null},"spec":{"scope":null,"other":1}})");

        const Called read = caller.get("/v1/roles/" + uid);
        CHECK(read.text("spec.scope") == "tenant");
        CHECK(read.at("spec.other").is_null());
    }

    TEST_CASE("the log keeps what was asked, in order, and what it changed")
    {
        SandboxCaller caller;
        caller.get("/v1/roles?limit=5");
        caller.post("/v1/roles", role);
        caller.post("/v1/roles", role);

        const auto& log = caller.sandbox->log();

        REQUIRE(log.size() == 3);
        CHECK(log[0].path == "/v1/roles");
        CHECK(log[0].query == "limit=5");
        CHECK_FALSE(log[0].writes);
        CHECK(log[1].writes);
        CHECK(log[1].body == role);
        CHECK(log[2].status == 409);
        CHECK_FALSE(log[2].writes);
        caller.sandbox->clear_log();
        CHECK(caller.sandbox->log().empty());
    }

    TEST_CASE("the same requests at the same times give the same answers")
    {
        const auto run = [](std::uint64_t seed) {
            SandboxOptions options;
            options.seed = seed;
            SandboxCaller caller(options);
            std::string all;
            all += caller.post("/v1/roles", role).response.body;
            all += caller.get("/v1/nothing").response.body;
            all += caller.get("/v1/roles").response.body;
            return all;
        };
        CHECK(run(7) == run(7));
        CHECK(run(7) != run(8));
    }
}
