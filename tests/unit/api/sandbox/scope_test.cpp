#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

const std::string account =
    R"({"metadata":{"name":"a","annotations":{"scope":"forged","x":"1"}},"spec":{}})";

} // namespace

TEST_SUITE("sandbox: scope")
{
    TEST_CASE(
        "calls of tenant kinds take no ProjectUid; some ignore it; an unknown project is a 404")
    {
        SandboxCaller caller;
        caller.project = caller.create_project("p");

        for (const char* path :
             {"/v1/roles", "/v1/teams", "/v1/users", "/v1/filters", "/v1/edgehosts/tokens"})
            CHECK(caller.get(path).status == 400);
        CHECK(caller.post("/v1/dashboard/projects").status == 400);
        CHECK(caller.get("/v1/registries/helm").status == 200);
        caller.project = "0123456789abcdef01234567";
        CHECK(caller.get("/v1/cloudaccounts/aws").status == 404);
    }

    TEST_CASE("an object of a project is seen with that project's header only")
    {
        SandboxCaller caller;
        const std::string p = caller.create_project("p");
        const std::string q = caller.create_project("q");
        caller.project = p;
        const std::string path =
            "/v1/users/assets/sshkeys/" + caller.create("/v1/users/assets/sshkeys", account);

        CHECK(caller.get(path).status == 200);
        CHECK(caller.get("/v1/users/assets/sshkeys").items().size() == 1);
        for (const std::string& other : {std::string(), q}) {
            caller.project = other;
            CHECK(caller.get(path).status == 404);
            CHECK(caller.put(path, account).status == 404);
            CHECK(caller.remove(path).status == 404);
            CHECK(caller.get("/v1/users/assets/sshkeys").items().empty());
        }
    }

    TEST_CASE("the query form of the header works too")
    {
        SandboxCaller caller;
        const std::string p = caller.create_project("p");
        caller.create("/v1/users/assets/sshkeys?projectUid=" + p, account);

        CHECK(caller.get("/v1/users/assets/sshkeys").items().empty());
        caller.project = p;
        CHECK(caller.get("/v1/users/assets/sshkeys").items().size() == 1);
    }

    TEST_CASE("the server says in annotations.scope whose an object is, whatever was sent")
    {
        SandboxCaller caller;
        const std::string tenant = caller.create("/v1/cloudaccounts/aws", account);
        CHECK(caller.get("/v1/cloudaccounts/aws/" + tenant).at("metadata.annotations") ==
              Value(Map{{"scope", "tenant"}, {"x", "1"}}));
        caller.project = caller.create_project("p");
        const std::string own = caller.create("/v1/cloudaccounts/aws", account);
        CHECK(caller.get("/v1/cloudaccounts/aws/" + own).text("metadata.annotations.scope") ==
              "project");
        REQUIRE(caller.put("/v1/cloudaccounts/aws/" + own, R"({"metadata":{"name":"b"},"spec":{}})")
                    .status == 204);
        CHECK(caller.get("/v1/cloudaccounts/aws/" + own).at("metadata.annotations") ==
              Value(Map{{"scope", "project"}}));
    }

    TEST_CASE("a project sees the tenant's cloud accounts, and cannot change them")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/cloudaccounts/aws/" + caller.create("/v1/cloudaccounts/aws", account);
        caller.project = caller.create_project("p");
        caller.create("/v1/cloudaccounts/aws", account);

        CHECK(caller.get("/v1/cloudaccounts/aws").items().size() == 2);
        CHECK(caller.get("/v1/cloudaccounts/aws?filters=metadata.name=a").items().size() == 2);
        CHECK(caller.get(path).status == 200);
        CHECK(caller.put(path, account).status == 403);
        CHECK(caller.remove(path).status == 403);
        caller.project = "";
        CHECK(caller.get("/v1/cloudaccounts/aws").items().size() == 1);
    }
}
