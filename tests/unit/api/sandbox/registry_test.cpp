#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace std::chrono_literals;

namespace {

std::string registry(const std::string& options = "{}")
{
    return R"({"metadata":{"name":"charts"},"spec":{"endpoint":"https://charts.example.com","auth":{"type":"noAuth"},"createOption":)" +
           options + "}}";
}

SandboxOptions slow()
{
    SandboxOptions options;
    options.async_duration = 30s;
    return options;
}

} // namespace

TEST_SUITE("sandbox: helm registries")
{
    TEST_CASE("a create starts a synchronisation that takes its time")
    {
        SandboxCaller caller(slow());
        const std::string path =
            "/v1/registries/helm/" + caller.create("/v1/registries/helm", registry());

        CHECK(caller.get(path + "/sync/status").text("status") == "InProgress");
        CHECK(caller.get(path).text("status.helmSyncStatus.status") == "InProgress");
        caller.now += 29s;
        CHECK(caller.get(path + "/sync/status").text("status") == "InProgress");
        caller.now += 1s;
        CHECK(caller.get(path + "/sync/status").text("status") == "Success");
        CHECK(caller.get("/v1/registries/helm/summary").items().size() == 1);

        CHECK(caller.post(path + "/sync").status == 202);
        CHECK(caller.get(path + "/sync/status").text("status") == "InProgress");
    }

    TEST_CASE("without a duration it is done at once, and skipSync leaves it out")
    {
        SandboxCaller caller;
        const std::string done = caller.create("/v1/registries/helm", registry());
        const std::string skipped =
            caller.create("/v1/registries/helm", registry(R"({"skipSync":true})"));

        CHECK(caller.get("/v1/registries/helm/" + done + "/sync/status").text("status") ==
              "Success");
        CHECK(caller.get("/v1/registries/helm/" + skipped + "/sync/status").text("status").empty());
    }

    TEST_CASE("a synchronisation can be made to fail")
    {
        SandboxCaller caller;
        const std::string uid = caller.create("/v1/registries/helm", registry());

        REQUIRE(
            caller.sandbox->patch_object("registries_helm", uid, R"({"hidden":{"failed":true}})"));

        CHECK(caller.get("/v1/registries/helm/" + uid + "/sync/status").text("status") == "Failed");
    }

    TEST_CASE("the server adds fields that were never sent, and never shows createOption")
    {
        SandboxCaller caller;
        const std::string uid = caller.create("/v1/registries/helm", registry());

        const Called read = caller.get("/v1/registries/helm/" + uid);

        CHECK(read.text("spec.name") == "charts");
        CHECK(read.text("spec.scope") == "tenant");
        CHECK(read.text("spec.registryUid") == uid);
        CHECK(read.at("spec.isPrivate") == Value(false));
        CHECK(read.at("spec.auth.tls.enabled") == Value(false));
        CHECK(read.at("spec.createOption").is_null());
        CHECK(
            caller
                .post("/v1/registries/helm", R"({"metadata":{"name":"x"},"spec":{"endpoint":"e"}})")
                .text("details.field") == "spec.auth");
        CHECK(caller.post("/v1/registries/helm/validate", R"({"endpoint":"e","auth":{}})").status ==
              204);
        CHECK(caller.post("/v1/registries/helm/validate", R"({"endpoint":"e"})").status == 400);
    }
}
