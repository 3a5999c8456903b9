#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

std::string macros(std::initializer_list<std::pair<std::string, std::string>> entries)
{
    std::string text;
    for (const auto& [name, value] : entries)
        text += (text.empty() ? "" : ",") +
                (R"({"name":")" + name + R"(","value":")" + value + R"("})");
    return R"({"macros":[)" + text + "]}";
}

std::string shown(SandboxCaller& caller, const std::string& path)
{
    const Called read = caller.get(path);
    std::string all;
    for (const Value& each : read.items("macros"))
        all += find(each, Path({"name"}))->string_or_empty() + "=" +
               find(each, Path({"value"}))->string_or_empty() + " ";
    return all;
}

} // namespace

TEST_SUITE("sandbox: macros")
{
    TEST_CASE("POST adds, PATCH changes, DELETE removes by name, PUT replaces all")
    {
        SandboxCaller caller;
        const std::string path = "/v1/projects/" + caller.create_project("p") + "/macros";
        CHECK(shown(caller, path) == "");

        const Called added = caller.post(path, macros({{"a", "1"}, {"b", "2"}}));
        CHECK(added.status == 204);
        CHECK(added.response.body.empty());
        REQUIRE(caller.patch(path, macros({{"a", "3"}})).status == 204);
        CHECK(shown(caller, path) == "a=3 b=2 ");
        REQUIRE(caller.remove(path, macros({{"a", ""}})).status == 204);
        CHECK(shown(caller, path) == "b=2 ");
        REQUIRE(caller.put(path, macros({{"c", "4"}})).status == 204);
        CHECK(shown(caller, path) == "c=4 ");
        CHECK(caller.sandbox->count("macros") == 1);
    }

    TEST_CASE("what cannot be done changes nothing")
    {
        SandboxCaller caller;
        const std::string path = "/v1/projects/" + caller.create_project("p") + "/macros";
        REQUIRE(caller.post(path, macros({{"a", "1"}})).status == 204);

        CHECK(caller.post(path, macros({{"b", "2"}, {"a", "2"}})).text("code") ==
              "MacroAlreadyExists");
        CHECK(caller.put(path, macros({{"x", "1"}, {"x", "2"}})).status == 422);
        CHECK(caller.patch(path, macros({{"a", "9"}, {"missing", "9"}})).status == 404);
        CHECK(caller.remove(path, macros({{"a", ""}, {"missing", ""}})).status == 404);
        CHECK(caller.post(path, R"({"macros":[{"value":"1"}]})").status == 400);
        CHECK(shown(caller, path) == "a=1 ");
        CHECK(caller.get("/v1/projects/unknown/macros").status == 404);
    }

    TEST_CASE("the tenant has a set of its own")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/tenants/" + caller.get("/v1/users/info").text("tenantUid") + "/macros";

        REQUIRE(caller.post(path, macros({{"t", "1"}})).status == 204);

        CHECK(shown(caller, path) == "t=1 ");
        CHECK(caller.sandbox->count("tenant_macros") == 1);
        CHECK(caller.sandbox->count("macros") == 0);
        caller.project = caller.create_project("p");
        CHECK(caller.get(path).status == 400);
    }
}
