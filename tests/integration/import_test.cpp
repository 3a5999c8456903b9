// What import takes as ours, and what it leaves alone.

#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace trueup;
using namespace trueup::test;

namespace {

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

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
}
