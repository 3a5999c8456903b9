#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

std::string named(const std::string& name)
{
    return R"({"metadata":{"name":")" + name + R"("},"spec":{}})";
}

} // namespace

TEST_SUITE("sandbox: the world from outside")
{
    TEST_CASE("a dump that is loaded makes the same world, which goes on as the first would have")
    {
        SandboxCaller first;
        first.project = first.create_project("p");
        for (const char* name : {"a", "b", "c"})
            first.create("/v1/users/assets/sshkeys", named(name));
        first.sandbox->shuffle("sshkeys", 3);
        const std::string dump = first.sandbox->dump();

        SandboxCaller second;
        REQUIRE(second.sandbox->load(dump));
        second.project = first.project;

        CHECK(second.sandbox->dump() == dump);
        CHECK(second.get("/v1/users/assets/sshkeys").response.body ==
              first.get("/v1/users/assets/sshkeys").response.body);
        CHECK(second.create("/v1/users/assets/sshkeys", named("d")) ==
              first.create("/v1/users/assets/sshkeys", named("d")));
        CHECK(second.post("/v1/users/assets/sshkeys", named("a")).status == 409);
    }

    TEST_CASE("what is not a dump is refused and changes nothing")
    {
        SandboxCaller caller;
        caller.create("/v1/roles", named("r"));
        const std::string before = caller.sandbox->dump();

        for (const char* text :
             {"",
              "{}",
              "[1]",
              R"({"format":2,"drawn":0,"objects":[]})",
              R"({"format":1,"drawn":0,"objects":[{"collection":"roles"}]})",
              R"({"format":1,"drawn":0,"objects":[{"collection":"moons","uid":"1","data":{}}]})"}) {
            const auto loaded = caller.sandbox->load(text);
            REQUIRE_FALSE(loaded);
            CHECK(loaded.error().code == Errc::invalid_input);
        }
        CHECK(caller.sandbox->dump() == before);
    }

    TEST_CASE("count counts live objects over all scopes")
    {
        SandboxCaller caller;
        const std::size_t roles = caller.sandbox->count("roles");
        const std::string uid = caller.create("/v1/roles", named("r"));
        CHECK(caller.sandbox->count("roles") == roles + 1);
        caller.remove("/v1/roles/" + uid);
        CHECK(caller.sandbox->count("roles") == roles);
        caller.create("/v1/users/assets/sshkeys", named("k"));
        caller.project = caller.create_project("p");
        caller.create("/v1/users/assets/sshkeys", named("k"));
        CHECK(caller.sandbox->count("sshkeys") == 2);
        CHECK(caller.sandbox->count("moons") == 0);
    }

    TEST_CASE("put_object puts what no client sent, duplicates and chosen uids included")
    {
        SandboxCaller caller;
        const std::string uid = caller.sandbox->put_object(
            "roles",
            "",
            R"({"metadata":{"uid":"feedfacefeedfacefeedface","name":"r"},"spec":{"permissions":["x"]}})");
        const std::string twin = caller.sandbox->put_object("roles", "", named("r"));

        CHECK(uid == "feedfacefeedfacefeedface");
        CHECK(twin != uid);
        CHECK(caller.get("/v1/roles/" + uid).at("spec.permissions") == Value(List{"x"}));
        CHECK(caller.get("/v1/roles?filters=metadata.name=r").items().size() == 2);
        CHECK(caller.sandbox->put_object("password_policy", "", "{}").empty());
        CHECK(caller.sandbox->put_object("moons", "", "{}").empty());
        CHECK(caller.sandbox->put_object("roles", "", "[]").empty());
        CHECK(caller.sandbox->log().size() == 2);
    }

    TEST_CASE("put_object into a project, remove_object and uid_of")
    {
        SandboxCaller caller;
        const std::string project = caller.create_project("p");
        const std::string uid = caller.sandbox->put_object("sshkeys", project, named("k"));

        CHECK(caller.sandbox->uid_of("sshkeys", "k") == uid);
        caller.project = project;
        CHECK(caller.get("/v1/users/assets/sshkeys/" + uid).text("metadata.annotations.scope") ==
              "project");
        CHECK(caller.sandbox->remove_object("sshkeys", uid));
        CHECK_FALSE(caller.sandbox->remove_object("sshkeys", uid));
        CHECK(caller.get("/v1/users/assets/sshkeys/" + uid).status == 404);
        CHECK(caller.sandbox->uid_of("sshkeys", "k").empty());
    }

    TEST_CASE("remove_object of a project takes what it holds along")
    {
        SandboxCaller caller;
        const std::string project = caller.create_project("p");
        caller.sandbox->put_object("sshkeys", project, named("k"));

        REQUIRE(caller.sandbox->remove_object("projects", project));

        CHECK(caller.sandbox->count("sshkeys") == 0);
    }

    TEST_CASE("patch_object merges into an object and moves its time and its name")
    {
        SandboxCaller caller;
        const std::string uid = caller.create(
            "/v1/roles",
            R"({"metadata":{"name":"r","labels":{"a":"1"}},"spec":{"permissions":["x"],"scope":"project"}})");
        caller.now += std::chrono::hours(1);
        caller.get("/v1/roles/" + uid);

        REQUIRE(caller.sandbox->patch_object(
            "roles",
            uid,
            R"({"metadata":{"name":"s","labels":null},"spec":{"permissions":["y"]}})"));

        const Called read = caller.get("/v1/roles/" + uid);
        CHECK(read.at("spec") ==
              Value(Map{{"permissions", List{"y"}}, {"scope", "project"}, {"type", "user"}}));
        CHECK(read.at("metadata.labels").is_null());
        CHECK(read.text("metadata.lastModifiedTimestamp") == "2026-03-01T13:00:00.000Z");
        CHECK(caller.get("/v1/roles?filters=metadata.name=s").items().size() == 1);
        CHECK(caller.get("/v1/roles?filters=metadata.name=r").items().empty());
        CHECK_FALSE(caller.sandbox->patch_object("roles", "unknown", "{}"));
        CHECK_FALSE(caller.sandbox->patch_object("roles", uid, "7"));
    }

    TEST_CASE("is_write goes by the route: searches and logins only read")
    {
        SandboxCaller caller;
        const auto writes = [&](const std::string& method, const std::string& target) {
            HttpRequest request;
            request.method = method;
            request.target = target;
            return caller.sandbox->is_write(request);
        };
        CHECK(writes("POST", "/v1/roles"));
        CHECK(writes("DELETE", "/v1/roles/abc"));
        CHECK(writes("PATCH", "/v1/projects/abc/macros"));
        CHECK_FALSE(writes("POST", "/v1/dashboard/projects?limit=2"));
        CHECK_FALSE(writes("POST", "/v1/auth/authenticate"));
        CHECK_FALSE(writes("DELETE", "/v1/projects/abc/validate"));
        CHECK_FALSE(writes("GET", "/v1/roles"));
        CHECK_FALSE(writes("POST", "/v1/nothing"));
    }
}
