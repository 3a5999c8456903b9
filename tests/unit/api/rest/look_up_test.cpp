#include "tests/unit/api/rest/sample_kinds.hpp"

#include <algorithm>

namespace trueup {

using namespace samples;

namespace {

std::string entry(const std::string& uid, const std::string& name, const std::string& more = {})
{
    return R"({"metadata": {"uid": ")" + uid + R"(", "name": ")" + name + "\"" + more + "}}";
}

std::string page(const std::vector<std::string>& items, const std::string& next = {})
{
    std::string text;
    for (const std::string& each : items)
        text += (text.empty() ? "" : ",") + each;
    return R"({"items": [)" + text + R"(], "listmeta": {"continue": ")" + next + "\"}}";
}

Kind narrowed()
{
    Kind kind = role();
    kind.list->narrow = {{"filters", "metadata.name={key:metadata.name}"}};
    return kind;
}

// A small API: `pages(request number, is it a second page)` answers lists, reads answer `objects`.
struct Api {
    Result<HttpResponse> answer(const SentRequest& request)
    {
        if (request.route == "GET /v1/roles/{uid}") {
            const auto it = objects.find(request.target.substr(10));
            return it != objects.end() ? make_response(200, it->second) : make_response(404);
        }
        const bool second = request.target.find("continue") != std::string::npos;
        if (!second)
            ++walks;
        return make_response(200, pages(walks, second));
    }

    std::function<std::string(int walk, bool second)> pages;
    std::map<std::string, std::string> objects;
    int walks = 0;
};

World world_of(Api& api, Kind kind)
{
    return World(catalogue_of({std::move(kind)}),
                 [&api](const SentRequest& request) { return api.answer(request); });
}

} // namespace

TEST_SUITE("api: look-up")
{
    TEST_CASE("the narrowed list is asked, filtered again by exact key, and matches read in full")
    {
        Api api;
        api.pages = [](int, bool) {
            return page({entry("u1", "admin"), entry("u2", "admin2"), entry("u3", "Admin")});
        };
        api.objects["u1"] = entry("u1", "admin");
        World world = world_of(api, narrowed());

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE(found);
        REQUIRE(found->size() == 1);
        CHECK(found->front().uid == "u1");
        CHECK_FALSE(found->front().raw.is_null());
        CHECK(world.http.requests.at(0).target ==
              "/v1/roles?filters=metadata.name%3Dadmin&limit=50");
        CHECK(world.http.requests.size() == 2);
    }

    TEST_CASE("a narrowed body takes the place of the usual one")
    {
        Kind kind = role();
        kind.list->call.method = "POST";
        kind.list->call.path = "/v1/dashboard/roles";
        kind.list->call.body = from_json("{}");
        kind.list->narrow_body =
            from_json(R"({"filter": {"name": {"eq": "{key:metadata.name}"}}})");
        Api api;
        api.pages = [](int, bool) { return page({}); };
        World world = world_of(api, kind);

        REQUIRE(world.look_up(world.kind("Role"), "a\"b"));

        CHECK(world.http.requests.at(0).body == R"({"filter":{"name":{"eq":"a\"b"}}})");
        CHECK(world.http.requests.at(0).target == "/v1/dashboard/roles?limit=50");
    }

    TEST_CASE("a list without uids that has to be walked anew shows nothing twice")
    {
        Kind kind = role();
        kind.list->uid = Path();
        kind.read.call = Operation();
        int firsts = 0;
        World world(catalogue_of({kind}), [&](const SentRequest& request) {
            const bool second = request.target.find("continue") != std::string::npos;
            if (second && firsts == 1)
                return make_response(410);
            firsts += second ? 0 : 1;
            return make_response(200, page({entry("", "admin")}, second ? "" : "t"));
        });

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE(found);
        CHECK(found->size() == 1);
        CHECK(firsts > 1);
    }

    TEST_CASE("several objects of one key are all found")
    {
        Api api;
        api.pages = [](int, bool) { return page({entry("u1", "admin"), entry("u2", "admin")}); };
        api.objects = {{"u1", entry("u1", "admin")}, {"u2", entry("u2", "admin")}};
        World world = world_of(api, narrowed());

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE(found);
        CHECK(found->size() == 2);
    }

    TEST_CASE("one that is gone by now, or has another key by now, is not found")
    {
        Api api;
        api.pages = [](int, bool) {
            return page({entry("gone", "admin"), entry("renamed", "admin")});
        };
        api.objects["renamed"] = entry("renamed", "boss");
        World world = world_of(api, narrowed());

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE(found);
        CHECK(found->empty());
    }

    TEST_CASE("a garbled item of a mixed list is no proof, however often it comes")
    {
        Kind kind = role();
        kind.list->only.push_back(Condition{path("spec.type"), {Value("tag")}});
        Api api;
        api.pages = [](int, bool) { return page({R"({"metadata": 7})"}); };
        World world = world_of(api, kind);

        CHECK_FALSE(world.look_up(world.kind("Role"), "admin"));
    }

    TEST_CASE("without narrowing, a list of one page is proof")
    {
        Api api;
        api.pages = [](int, bool) { return page({entry("u2", "other")}); };
        World world = world_of(api, role());

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE(found);
        CHECK(found->empty());
        CHECK(api.walks == 1);
    }

    TEST_CASE("several pages are walked until two walks in a row agree")
    {
        // An object slips from the second page to the first between the pages of walk 1: unseen.
        Api api;
        api.pages = [](int walk, bool second) {
            if (!second)
                return page({entry("u1", walk == 1 ? "a" : "admin")}, "t");
            return page({entry("u2", "b")});
        };
        api.objects["u1"] = entry("u1", "admin");
        World world = world_of(api, role());

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE(found);
        REQUIRE(found->size() == 1);
        CHECK(found->front().uid == "u1");
        CHECK(api.walks == 3);
    }

    TEST_CASE("A: a list that says it holds more than it shows is believed after three walks")
    {
        Api api;
        int seen_from = 3;
        api.pages = [&](int walk, bool second) {
            std::vector<std::string> items{entry("u1", "one")};
            if (second)
                items =
                    walk < seen_from ? std::vector<std::string>{} : std::vector{entry("u2", "two")};
            std::string text = page(items, second ? "" : "next");
            text.insert(text.find(R"("continue")"), R"("count": 2, )");
            return text;
        };
        api.objects["u2"] = entry("u2", "two");
        SUBCASE("what two walks miss is found")
        {
            World world = world_of(api, role());
            const auto found = world.look_up(world.kind("Role"), "two");
            REQUIRE(found);
            CHECK(found->size() == 1);
        }
        SUBCASE("an API that counts what it does not show can be worked with")
        {
            seen_from = 99;
            World world = world_of(api, role());
            const auto found = world.look_up(world.kind("Role"), "two");
            REQUIRE(found);
            CHECK(found->empty());
            CHECK(api.walks == 3);
        }
    }

    TEST_CASE("a server that ignores the narrowing is walked like any other")
    {
        Api api;
        api.pages = [](int, bool second) {
            return second ? page({entry("u2", "b")}) : page({entry("u1", "a")}, "t");
        };
        World world = world_of(api, narrowed());

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE(found);
        CHECK(found->empty());
        CHECK(api.walks == 2);
    }

    TEST_CASE("walks that never agree are an error after five")
    {
        Api api;
        api.pages = [](int walk, bool second) {
            return second ? page({}) : page({entry("u" + std::to_string(walk), "x")}, "t");
        };
        World world = world_of(api, role());

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE_FALSE(found);
        CHECK(found.error().code == Errc::rejected);
        CHECK(api.walks == 5);
    }

    TEST_CASE("a total that is larger than the page forbids the proof")
    {
        Api api;
        api.pages = [](int, bool) {
            return R"({"items": [], "listmeta": {"continue": "", "count": 3}})";
        };
        World world = world_of(api, role());

        REQUIRE(world.look_up(world.kind("Role"), "admin"));

        CHECK(api.walks == 3);
    }

    TEST_CASE("objects of another scope are not in this one")
    {
        Kind kind = role();
        kind.item_scope = path("metadata.annotations.scope");
        Api api;
        const std::string tenants = entry("u1", "admin", R"(, "annotations": {"scope": "tenant"})");
        api.pages = [&](int, bool) { return page({tenants}); };
        api.objects["u1"] = tenants;
        World world = world_of(api, kind);

        const auto in_project = world.look_up(world.kind("Role"), "admin", Scope("a", "p-1"));
        const auto in_tenant = world.look_up(world.kind("Role"), "admin");

        REQUIRE(in_project);
        CHECK(in_project->empty());
        REQUIRE(in_tenant);
        CHECK(in_tenant->size() == 1);
    }

    TEST_CASE("an index that does not carry the key has each entry read")
    {
        Kind kind = plain_kind("Role", "/v1/roles", {text("version")});
        kind.schema.fields[1].fields[0].default_value = Value("1.0.0");
        kind.key = {path("metadata.name"), path("spec.version")};
        kind.list->index_only = true;
        kind.list->covers = {path("metadata")};
        Api api;
        api.pages = [](int, bool) { return page({entry("u1", "p"), entry("u2", "p")}); };
        api.objects["u1"] =
            R"({"metadata": {"uid": "u1", "name": "p"}, "spec": {"version": "2.0.0"}})";
        api.objects["u2"] = R"({"metadata": {"uid": "u2", "name": "p"}, "spec": {}})";
        World world = world_of(api, kind);

        const auto found = world.look_up(world.kind("Role"), "p"); // version 1.0.0 by default

        REQUIRE(found);
        REQUIRE(found->size() == 1);
        CHECK(found->front().uid == "u2");
    }

    TEST_CASE("keys are compared as the kind says they mean the same")
    {
        Kind kind = role();
        kind.schema.fields[0].fields[0].normalise = {Normaliser::trim, Normaliser::lower_case};
        Api api;
        api.pages = [](int, bool) { return page({entry("u1", "ann@example.com ")}); };
        api.objects["u1"] = entry("u1", "ann@example.com ");
        World world = world_of(api, kind);

        CHECK(world.look_up(world.kind("Role"), "Ann@Example.com")->size() == 1);
    }

    TEST_CASE("a kind without a read call is found in full in its list")
    {
        Kind kind = role();
        kind.read.call = Operation();
        Api api;
        api.pages = [](int, bool) { return page({entry("u1", "admin")}); };
        World world = world_of(api, kind);

        const auto found = world.look_up(world.kind("Role"), "admin");

        REQUIRE(found);
        REQUIRE(found->size() == 1);
        CHECK(found->front().raw == from_json(entry("u1", "admin")));
        CHECK(world.http.requests.size() == 1);
    }

    TEST_CASE("a failing read or page fails the look-up")
    {
        World broken(catalogue_of({narrowed()}),
                     [](const SentRequest& request) -> Result<HttpResponse> {
                         if (request.route == "GET /v1/roles")
                             return make_response(200, page({entry("u1", "admin")}));
                         return make_response(403);
                     });

        const auto found = broken.look_up(broken.kind("Role"), "admin");

        REQUIRE_FALSE(found);
        CHECK(found.error().code == Errc::forbidden);
    }
}

} // namespace trueup
