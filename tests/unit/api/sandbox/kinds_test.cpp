#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

std::string named(const std::string& name, const std::string& spec = "{}")
{
    return R"({"metadata":{"name":")" + name + R"("},"spec":)" + spec + "}";
}

} // namespace

TEST_SUITE("sandbox: kinds")
{
    TEST_CASE("project: logoUid is read as logoUrl, and a PUT without teams and users clears them")
    {
        SandboxCaller caller;
        const std::string user = caller.create("/v1/users", named("u", R"({"emailId":"u@x.org"})"));
        const std::string role = caller.create("/v1/roles", named("r"));
        const std::string members = R"({"userId":")" + user + R"(","roles":[")" + role + R"("]})";
        const std::string path =
            "/v1/projects/" +
            caller.create("/v1/projects",
                          named("p", R"({"logoUid":"logo-1","users":[)" + members + "]}"));

        Called read = caller.get(path);
        CHECK(read.text("spec.logoUrl").find("logo-1") != std::string::npos);
        CHECK(read.at("spec.logoUid").is_null());
        REQUIRE(read.items("spec.users").size() == 1);
        CHECK(read.at("spec.alerts") == Value(List{}));

        REQUIRE(caller.put(path + "/teams", R"({"teams":[]})").status == 204);
        CHECK(caller.get(path).items("spec.users").size() == 1);
        REQUIRE(caller.put(path, R"({"metadata":{"name":"p2"}})").status == 204);
        read = caller.get(path);
        CHECK(read.text("metadata.name") == "p2");
        CHECK(read.items("spec.users").empty());
        CHECK(read.text("spec.logoUrl").empty());
    }

    TEST_CASE(
        "project: PUT meta takes bare metadata and replaces labels and annotations as a whole")
    {
        SandboxCaller caller;
        const std::string uid = caller.create(
            "/v1/projects",
            R"({"metadata":{"name":"p","labels":{"a":"1"},"annotations":{"description":"d"}},"spec":{}})");
        const std::string path = "/v1/projects/" + uid;

        REQUIRE(caller.put(path + "/meta", R"({"name":"q","labels":{"b":"2"}})").status == 204);

        const Called read = caller.get(path);
        CHECK(read.text("metadata.name") == "q");
        CHECK(read.at("metadata.labels") == Value(Map{{"b", "2"}}));
        CHECK(read.at("metadata.annotations").is_null());
    }

    TEST_CASE("project: the list shows a summary with names, and the short list takes ?name=")
    {
        SandboxCaller caller;
        const std::string team = caller.create("/v1/teams", named("crew"));
        caller.create("/v1/projects", named("p", R"({"teams":[{"teamId":")" + team + R"("}]})"));
        caller.create("/v1/projects", named("q"));

        const Called list = caller.post("/v1/dashboard/projects");
        const Called brief = caller.get("/v1/dashboard/projects/metadata?name=q");

        REQUIRE(list.items().size() == 2);
        CHECK(find(list.items()[0], Path({"spec"})) == nullptr);
        const Value* teams = find(list.items()[0], Path({"specSummary", "teams"}));
        REQUIRE(teams != nullptr);
        CHECK(*teams == Value(List{Map{{"name", "crew"}, {"uid", team}}}));
        REQUIRE(brief.items().size() == 1);
        CHECK(find(brief.items()[0], Path({"metadata", "name"}))->string_or_empty() == "q");
    }

    TEST_CASE("project: it is not deleted while it holds something, unless asked to clean up")
    {
        SandboxCaller caller;
        const std::string uid = caller.create_project("p");
        const std::string path = "/v1/projects/" + uid;
        caller.project = uid;
        caller.create("/v1/cloudaccounts/aws", named("a"));
        caller.project = "";

        CHECK(caller.remove(path + "/validate").status == 200);
        const Called refused = caller.remove(path);
        CHECK(refused.status == 409);
        CHECK(caller.get(path).status == 200);
        CHECK(caller.remove(path + "?cleanupProjectResources=true").status == 204);
        CHECK(caller.get(path).status == 404);
        CHECK(caller.sandbox->count("cloudaccounts_aws") == 0);
    }

    TEST_CASE("names of projects, roles, ssh keys and tokens are refused twice in a scope; others "
              "are not")
    {
        SandboxCaller caller;
        const auto twice = [&](const std::string& path, const std::string& body) {
            REQUIRE(caller.post(path, body).status == 201);
            return caller.post(path, body);
        };
        CHECK(twice("/v1/projects", named("n")).text("code") == "ProjectAlreadyExists");
        CHECK(twice("/v1/roles", named("n")).status == 409);
        CHECK(twice("/v1/users/assets/sshkeys", named("n")).status == 409);
        CHECK(twice("/v1/edgehosts/tokens", named("n")).status == 409);
        CHECK(twice("/v1/clusterprofiles", named("n")).text("code") ==
              "ClusterProfileAlreadyExists");
        CHECK(caller.post("/v1/clusterprofiles", named("n", R"({"version":"1.0.1"})")).status ==
              201);
        CHECK(twice("/v1/teams", named("n")).status == 201);
        CHECK(twice("/v1/users", named("n", R"({"emailId":"n@x.org"})")).status == 201);
        CHECK(twice("/v1/cloudaccounts/aws", named("n")).status == 201);
        CHECK(twice("/v1/spcPolicies/maintenance", named("n")).status == 201);
        CHECK(twice("/v1/filters/tag", named("n")).status == 201);

        caller.project = caller.create_project("p");
        CHECK(caller.post("/v1/users/assets/sshkeys", named("n")).status == 201);
    }

    TEST_CASE("a rename to a name that is taken is refused as well")
    {
        SandboxCaller caller;
        caller.create("/v1/roles", named("a"));
        const std::string path = "/v1/roles/" + caller.create("/v1/roles", named("b"));

        CHECK(caller.put(path, named("a")).status == 409);
        CHECK(caller.get(path).text("metadata.name") == "b");
        CHECK(caller.put(path, named("b")).status == 204);
    }

    TEST_CASE("role: a dozen are built in; they can be read and cloned, not changed or deleted")
    {
        SandboxCaller caller;
        const Called all = caller.get("/v1/roles");
        CHECK(all.items().size() == 12);
        const std::string uid = caller.sandbox->uid_of("roles", "Project Admin");
        const std::string path = "/v1/roles/" + uid;

        CHECK(caller.get(path).text("spec.type") == "system");
        CHECK(caller.put(path, named("Project Admin")).status == 403);
        CHECK(caller.remove(path).status == 403);
        const std::string copy = caller.create(path + "/clone", R"({"metadata":{"name":"mine"}})");
        const Called cloned = caller.get("/v1/roles/" + copy);
        CHECK(cloned.text("spec.type") == "user");
        CHECK(cloned.at("spec.permissions") == caller.get(path).at("spec.permissions"));
        CHECK(cloned.text("spec.scope") == "project");
    }

    TEST_CASE("references must exist")
    {
        SandboxCaller caller;
        const std::string bad = R"(["0123456789abcdef01234567"])";
        const Called role = caller.post("/v1/teams", named("t", R"({"roles":)" + bad + "}"));
        const Called user = caller.post("/v1/teams", named("t", R"({"users":)" + bad + "}"));
        const Called project =
            caller.post("/v1/edgehosts/tokens",
                        named("t", R"({"defaultProjectUid":"0123456789abcdef01234567"})"));
        const Called nested = caller.post(
            "/v1/projects", named("p", R"({"teams":[{"teamId":"","roles":)" + bad + "}]}"));

        for (const Called* each : {&role, &user, &project, &nested}) {
            CHECK(each->status == 400);
            CHECK(each->text("code") == "InvalidReference");
        }
    }

    TEST_CASE("tag filter: the list carries the type only, the read the whole, the server fills in "
              "defaults")
    {
        SandboxCaller caller;
        const std::string uid = caller.create(
            "/v1/filters/tag",
            named("f", R"({"filterGroup":{"filters":[{"key":"env","values":["prod"]}]}})"));

        const Called list = caller.get("/v1/filters");
        const Called read = caller.get("/v1/filters/tag/" + uid);

        CHECK(*find(list.items()[0], Path({"spec"})) == Value(Map{{"filterType", "tag"}}));
        CHECK(read.text("spec.filterGroup.conjunction") == "and");
        const Value item =
            Map{{"key", "env"}, {"negation", false}, {"operator", "eq"}, {"values", List{"prod"}}};
        CHECK(read.at("spec.filterGroup.filters") == Value(List{item}));
    }

    TEST_CASE(
        "location: shared list with a discriminator, own read paths, one delete path, one default")
    {
        SandboxCaller caller;
        const std::string config =
            R"({"config":{"bucketName":"b","region":"r","credentials":{"secretKey":"s"}},"isDefault":true})";
        const std::string s3 = caller.create("/v1/users/assets/locations/s3", named("a", config));
        const std::string minio =
            caller.create("/v1/users/assets/locations/minio", named("b", config));

        const Called list = caller.get("/v1/users/assets/locations");
        CHECK(find(list.items()[0], Path({"spec", "storage"}))->string_or_empty() == "s3");
        CHECK(*find(list.items()[0], Path({"spec", "isDefault"})) == Value(false));
        CHECK(find(list.items()[1], Path({"spec", "storage"}))->string_or_empty() == "minio");
        const Called read = caller.get("/v1/users/assets/locations/s3/" + s3);
        CHECK(read.at("metadata.uid").is_null());
        CHECK(read.text("metadata.name") == "a");
        CHECK(read.at("spec.config.s3ForcePathStyle") == Value(true));
        CHECK(read.text("spec.config.credentials.partition") == "aws");
        CHECK(caller.get("/v1/users/assets/locations/s3/" + minio).status == 404);

        REQUIRE(caller.patch("/v1/users/assets/locations/s3/" + s3 + "/default").status == 204);
        CHECK(caller.get("/v1/users/assets/locations/minio/" + minio).at("spec.isDefault") ==
              Value(false));
        const std::string other_type =
            R"({"config":{"bucketName":"b","region":"r","credentials":{}},"type":"gcp"})";
        CHECK(caller.put("/v1/users/assets/locations/s3/" + s3, named("a", other_type)).status ==
              400);
        CHECK(caller.remove("/v1/users/assets/locations/" + s3).status == 204);
        CHECK(caller.remove("/v1/users/assets/locations/" + minio).status == 204);
    }

    TEST_CASE("team: JSON patch changes single fields; a bad one changes nothing")
    {
        SandboxCaller caller;
        const std::string user = caller.create("/v1/users", named("u", R"({"emailId":"u@x.org"})"));
        const std::string path = "/v1/teams/" + caller.create("/v1/teams", named("t"));

        REQUIRE(caller
                    .patch(path,
                           R"([{"op":"add","path":"/spec/users/-","value":")" + user +
                               R"("},{"op":"replace","path":"/metadata/name","value":"t2"},
                                 {"op":"add","path":"/metadata/labels","value":{"a/b":"1"}}])")
                    .status == 204);
        Called read = caller.get(path);
        CHECK(read.at("spec.users") == Value(List{Value(user)}));
        CHECK(read.text("metadata.name") == "t2");
        CHECK(read.at("metadata.labels") == Value(Map{{"a/b", "1"}}));

        CHECK(caller.patch(path, R"([{"op":"remove","path":"/metadata/labels/a~1b"}])").status ==
              204);
        CHECK(caller.get(path).at("metadata.labels").is_null());
        const Called bad = caller.patch(
            path,
            R"([{"op":"remove","path":"/spec/users/0"},{"op":"remove","path":"/spec/users/0"}])");
        CHECK(bad.status == 400);
        CHECK(caller.get(path).items("spec.users").size() == 1);
        CHECK(caller.patch(path, R"([{"op":"add","path":"/spec/users/-","value":"nobody"}])")
                  .status == 400);
        CHECK(caller.patch(path, R"({"spec":{}})").status == 400);
    }

    TEST_CASE("team: tenant roles and project roles have calls of their own")
    {
        SandboxCaller caller;
        const std::string path = "/v1/teams/" + caller.create("/v1/teams", named("t"));
        const std::string project = caller.create_project("p");
        const std::string role = caller.sandbox->uid_of("roles", "Project Viewer");

        REQUIRE(caller.put(path + "/roles", R"({"roles":[")" + role + R"("]})").status == 204);
        REQUIRE(caller
                    .put(path + "/projects",
                         R"({"projects":[{"projectUid":")" + project + R"(","roles":[")" + role +
                             R"("]}]})")
                    .status == 204);

        CHECK(caller.get(path).at("spec.roles") == Value(List{Value(role)}));
        const Value named_role = Map{{"name", "Project Viewer"}, {"uid", role}};
        CHECK(caller.get(path + "/roles").at("roles") == Value(List{named_role}));
        const Called projects = caller.get(path + "/projects");
        REQUIRE(projects.items("projects").size() == 1);
        CHECK(*find(projects.items("projects")[0], Path({"uid"})) == Value(project));
        CHECK(*find(projects.items("projects")[0], Path({"roles"})) == Value(List{named_role}));
    }

    TEST_CASE("user: the teams of a create are joined, never shown, and left on delete")
    {
        SandboxCaller caller;
        const std::string team = caller.create("/v1/teams", named("t"));
        const std::string user = caller.create(
            "/v1/users",
            R"({"metadata":{},"spec":{"emailId":"a@x.org","firstName":"A","lastName":"B","teams":[")" +
                team + R"("],"loginMode":"dev"}})");

        const Called read = caller.get("/v1/users/" + user);
        CHECK(read.text("metadata.name") == "A B");
        CHECK(read.at("spec.teams").is_null());
        CHECK(read.at("spec.loginMode").is_null());
        CHECK(read.text("status.lastSignIn") == "0001-01-01T00:00:00.000Z");
        CHECK(caller.get("/v1/teams/" + team).at("spec.users") == Value(List{Value(user)}));
        REQUIRE(caller.remove("/v1/users/" + user).status == 204);
        CHECK(caller.get("/v1/teams/" + team).items("spec.users").empty());
        CHECK(caller.post("/v1/users", named("x")).text("details.field") == "spec.emailId");
    }

    TEST_CASE("a deleted role is held by nobody")
    {
        SandboxCaller caller;
        const std::string role = caller.create("/v1/roles", named("r"));
        const std::string team =
            caller.create("/v1/teams", named("t", R"({"roles":[")" + role + R"("]})"));
        const std::string project = caller.create(
            "/v1/projects",
            named("p", R"({"teams":[{"teamId":")" + team + R"(","roles":[")" + role + R"("]}]})"));

        REQUIRE(caller.remove("/v1/roles/" + role).status == 204);

        CHECK(caller.get("/v1/teams/" + team).items("spec.roles").empty());
        const Called read = caller.get("/v1/projects/" + project);
        CHECK(*find(read.items("spec.teams")[0], Path({"roles"})) == Value(List{}));
        REQUIRE(caller.remove("/v1/teams/" + team).status == 204);
        CHECK(caller.get("/v1/projects/" + project).items("spec.teams").empty());
    }

    TEST_CASE("maintenance policy: create, read and delete live on different paths")
    {
        SandboxCaller caller;
        const std::string spec =
            R"({"schedules":[{"durationHrs":4,"name":"night","startCron":"0 1 * * *"}]})";
        const std::string uid = caller.create("/v1/spcPolicies/maintenance", named("m", spec));

        CHECK(caller.get("/v1/spcPolicies/maintenance/" + uid).items("spec.schedules").size() == 1);
        const Called list =
            caller.post("/v1/dashboard/spcPolicies",
                        R"({"filter":{"policyName":{"eq":"m"},"policyType":["maintenance"]}})");
        REQUIRE(list.items().size() == 1);
        CHECK(*find(list.items()[0], Path({"spec"})) == Value(Map{{"kind", "maintenance"}}));
        CHECK(caller.remove("/v1/spcPolicies/maintenance/" + uid).status == 405);
        CHECK(caller.remove("/v1/spcPolicies/" + uid).status == 204);
    }

    TEST_CASE(
        "edge token: the server makes the token, names the project, and has a call for the state")
    {
        SandboxCaller caller;
        const std::string project = caller.create_project("edge");
        const std::string body = named("t",
                                       R"({"defaultProjectUid":")" + project +
                                           R"(","expiry":"2027-01-01T00:00:00.000Z"})");
        const std::string path =
            "/v1/edgehosts/tokens/" + caller.create("/v1/edgehosts/tokens", body);

        Called read = caller.get(path);
        const std::string token = read.text("spec.token");
        CHECK(token.size() == 48);
        CHECK(read.at("spec.defaultProjectUid").is_null());
        CHECK(read.at("spec.defaultProject") == Value(Map{{"name", "edge"}, {"uid", project}}));
        CHECK(read.at("status.isActive") == Value(true));
        REQUIRE(caller.put(path + "/state", R"({"isActive":false})").status == 204);
        REQUIRE(caller.put(path, named("t")).status == 204);
        read = caller.get(path);
        CHECK(read.at("status.isActive") == Value(false));
        CHECK(read.text("spec.token") == token);
        CHECK(read.at("spec.defaultProject").is_null());
    }

    TEST_CASE("password policy: always there for its tenant, changed by POST, regex or counts")
    {
        SandboxCaller caller;
        const std::string tenant = caller.get("/v1/users/info").text("tenantUid");
        const std::string path = "/v1/tenants/" + tenant + "/password/policy";

        CHECK(caller.get(path).at("expiryDurationInDays") == Value(999));
        REQUIRE(caller.post(path, R"({"minLength":12,"expiryDurationInDays":90})").status == 204);
        const Called read = caller.get(path);
        CHECK(read.at("minLength") == Value(12));
        CHECK(read.at("minNumOfDigits") == Value(0));
        CHECK(read.text("updateTimestamp") == "2026-03-01T12:00:00.000Z");
        CHECK(caller.post(path, R"({"isRegex":true})").status == 400);
        CHECK(caller.get("/v1/tenants/other/password/policy").status == 404);
        CHECK(caller.remove(path).status == 405);
    }
}
