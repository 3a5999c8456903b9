// What import takes as ours, and what it leaves alone.

#include "tests/integration/live_api.hpp"
#include "tests/support/texts.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <memory>
#include <mutex>
#include <string>

using namespace trueup;
using namespace trueup::test;

namespace {

// An object that somebody else made.
std::string made(LiveApi& api,
                 const std::string& collection,
                 const std::string& name,
                 const std::string& spec,
                 const std::string& project_uid = {})
{
    const std::string uid = api.sandbox()->put_object(
        collection, project_uid, R"({"metadata":{"name":")" + name + R"("},"spec":)" + spec + "}");
    REQUIRE_FALSE(uid.empty());
    return uid;
}

constexpr const char* role_spec = R"({"scope":"project","permissions":["a.b"]})";
constexpr const char* account_spec = R"({"accessKey":"AKIA","secretKey":"hunter2"})";

std::string kept_role(const std::string& name)
{
    return role(name) + "lifecycle: {preventDestroy: true}\n";
}

// Keeps the methods of the requests, from now on, that are meant to change something: "POST PUT ".
void record_writes(LiveApi& api, std::string& methods)
{
    api.set_hook([&api, &methods](std::size_t, const HttpRequest& request, ServerReply&) {
        if (api.sandbox()->is_write(request))
            methods += request.method + " ";
    });
}

} // namespace

TEST_SUITE("integration: import")
{
    TEST_CASE("an object that is there becomes ours, and is not made again")
    {
        LiveApi api;
        const std::string uid = made(api, "roles", "reader", role_spec);
        const std::size_t before = api.sandbox()->count("roles");
        Site site;
        site.write("roles.yaml", role("reader"));

        const Finished imported = site.run(api, {"import", "Role/tenant/reader", uid});
        CHECK_MESSAGE(imported.exit_code == 0, imported.out, imported.err);
        const Finished applied = site.run(api, {"apply", "--yes"});

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(contains(applied.out, "1 updated"));
        CHECK(api.sandbox()->count("roles") == before);
    }

    TEST_CASE("C: an object of the tenant is not taken as one of a project that sees it")
    {
        LiveApi api;
        made(api, "projects", "team-z", "{}");
        const std::string uid = made(api, "cloudaccounts_aws", "acct2", account_spec);
        Site site;
        site.write("role.yaml", role("reader"));
        std::string writes;
        record_writes(api, writes);

        const Finished refused = site.run(api, {"import", "CloudAccountAws/team-z/acct2", uid});

        CHECK_MESSAGE(refused.exit_code == 3, refused.out, refused.err);
        CHECK(contains(refused.err, "belongs to another scope"));
        CHECK(contains(refused.err, "its own scope"));
        CHECK(site.run(api, {"state", "list"}).out.empty());
        CHECK(site.run(api, {"apply", "--yes", "--prune"}).exit_code == 0);
        CHECK(writes == "POST "); // of the role alone, no DELETE
        const Finished imported = site.run(api, {"import", "CloudAccountAws/tenant/acct2", uid});
        CHECK_MESSAGE(imported.exit_code == 0, imported.out, imported.err);
    }

    TEST_CASE("what is ours already stays as it is remembered")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", kept_role("reader"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const std::string uid = api.sandbox()->uid_of("roles", "reader");
        const std::string before = site.run(api, {"state", "show", "Role/tenant/reader"}).out;
        REQUIRE(contains(before, "\"preventDestroy\": true"));
        REQUIRE(contains(before, "cluster.get"));

        SUBCASE("the same object once more changes nothing, and says so")
        {
            const Finished again = site.run(api, {"import", "Role/tenant/reader", uid});
            CHECK_MESSAGE(again.exit_code == 0, again.out, again.err);
            CHECK(contains(again.out, "Role/tenant/reader is ours already"));
        }
        SUBCASE("another object of the same name is refused")
        {
            const std::string other = made(api, "roles", "reader", role_spec);
            const Finished refused = site.run(api, {"import", "Role/tenant/reader", other});
            CHECK_MESSAGE(refused.exit_code == 1, refused.out, refused.err);
            CHECK(contains(refused.err, "the state has the object with the uid " + uid));
            CHECK(contains(refused.err, "trueup state rm Role/tenant/reader"));
        }
        SUBCASE("the same object under the name that somebody gave it is refused")
        {
            REQUIRE(api.sandbox()->patch_object("roles", uid, R"({"metadata":{"name":"other"}})"));
            const Finished refused = site.run(api, {"import", "Role/tenant/other", uid});
            CHECK_MESSAGE(refused.exit_code == 1, refused.out, refused.err);
            CHECK(contains(refused.err, "is ours as Role/tenant/reader"));
            CHECK(contains(refused.err, "trueup state mv"));
            CHECK_FALSE(contains(site.run(api, {"state", "list"}).out, "Role/tenant/other"));
        }
        CHECK(site.run(api, {"state", "show", "Role/tenant/reader"}).out == before);
    }

    TEST_CASE("a singleton has one object, which is ours or not, whatever uid is typed")
    {
        LiveApi api;
        const Site site;
        const std::string policy = "PasswordPolicy/tenant";

        const Finished first = site.run(api, {"import", policy, "one"});
        const Finished second = site.run(api, {"import", policy, "another"});

        CHECK_MESSAGE(first.exit_code == 0, first.out, first.err);
        CHECK(contains(first.out, "is ours now"));
        CHECK_MESSAGE(second.exit_code == 0, second.out, second.err);
        CHECK(contains(second.out, "is ours already"));
        CHECK(site.run(api, {"state", "list"}).out == policy + "\n");
    }

    TEST_CASE("A: what a crash left open is not answered by an import")
    {
        LiveApi api;
        Site site;
        site.write("roles.yaml", role("reader"));
        std::unique_ptr<Process> apply;
        api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply&) {
            if (api.sandbox()->is_write(request))
                apply->kill_now();
        });
        {
            const std::lock_guard held(api.mutex()); // nothing is answered before the hook knows it
            apply = std::make_unique<Process>(site.command(api, {"apply", "--yes"}),
                                              Site::environment());
        }
        REQUIRE(apply->wait().exit_code == 128 + SIGKILL);
        api.set_hook({});
        const std::string uid = api.sandbox()->uid_of("roles", "reader");
        REQUIRE_FALSE(uid.empty());

        const Finished refused = site.run(api, {"import", "Role/tenant/reader", uid});

        CHECK_MESSAGE(refused.exit_code == 1, refused.out, refused.err);
        CHECK(contains(refused.err, "a call for it was interrupted"));
        CHECK(contains(refused.err, "run trueup apply first"));
        CHECK(site.run(api, {"apply", "--yes"}).exit_code == 0);
        const Finished settled = site.run(api, {"import", "Role/tenant/reader", uid});
        CHECK_MESSAGE(settled.exit_code == 0, settled.out, settled.err);
        CHECK(contains(settled.out, "is ours already"));
    }

    TEST_CASE("what may not become ours is refused, says why, and leaves no record")
    {
        LiveApi api;
        const Site site;
        const auto refused = [&](const std::string& address, const std::string& uid) {
            return site.run(api, {"import", address, uid});
        };
        const std::string reader = made(api, "roles", "reader", role_spec);
        int exit_code = 1;
        std::string said;
        Finished finished;

        SUBCASE("an object that is built in")
        {
            const std::string uid = api.sandbox()->uid_of("roles", "Project Viewer");
            finished = refused("Role/tenant/Project%20Viewer", uid);
            exit_code = 3;
            said = "it is built into the system";
        }
        SUBCASE("an object with the mark of another owner")
        {
            Site theirs;
            theirs.write("trueup.yaml", "owner: somebody-else\n");
            theirs.write("roles.yaml", role("writer"));
            REQUIRE(theirs.run(api, {"apply", "--yes"}).exit_code == 0);
            const std::string uid = api.sandbox()->uid_of("roles", "writer");
            finished = refused("Role/tenant/writer", uid);
            exit_code = 3;
            said = "it belongs to the owner somebody-else";
        }
        SUBCASE("an object of another address")
        {
            finished = refused("Role/tenant/writer", reader);
            said = "is Role/tenant/reader (import it under that address)";
        }
        SUBCASE("a uid that nothing has")
        {
            finished = refused("Role/tenant/reader", "0123456789abcdef01234567");
            said = "there is no object with the uid 0123456789abcdef01234567";
        }
        SUBCASE("the uid of an object of another kind")
        {
            finished = refused("Team/tenant/reader", reader);
            said = "there is no object with the uid " + reader;
        }
        SUBCASE("a project that does not exist")
        {
            const std::string uid = made(api, "cloudaccounts_aws", "prod", account_spec);
            finished = refused("CloudAccountAws/nowhere/prod", uid);
            said = "its project nowhere does not exist";
        }
        SUBCASE("a kind that does not exist")
        {
            finished = refused("Roll/tenant/reader", reader);
            said = "there is no kind Roll (did you mean \"Role\"?)";
        }

        CHECK_MESSAGE(finished.exit_code == exit_code, finished.out, finished.err);
        CHECK_MESSAGE(contains(finished.err, said), finished.err);
        CHECK(finished.out.empty());
        CHECK(site.run(api, {"state", "list"}).out.empty());
    }
}
