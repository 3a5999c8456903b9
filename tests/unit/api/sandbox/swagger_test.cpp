// Holds the sandbox against the vendor's own document, where that is at hand.

#include "api/sandbox/rules.hpp"
#include "tests/support/places.hpp"
#include "tests/support/sandbox_caller.hpp"
#include "tests/support/swagger_schema.hpp"

#include <doctest/doctest.h>

#include <iostream>
#include <set>

using namespace trueup;

namespace {

std::optional<SwaggerDocument> palette()
{
    auto document = SwaggerDocument::read(trueup::test::palette_spec());
    if (!document) {
        std::cout << "skipped: no Swagger document at TRUEUP_PALETTE_SPEC\n";
        return std::nullopt;
    }
    return std::move(*document);
}

std::string named(const std::string& name, const std::string& spec = "{}")
{
    return R"({"metadata":{"name":")" + name + R"(","labels":{"env":"x"}},"spec":)" + spec + "}";
}

std::string without_query(const std::string& target)
{
    return target.substr(0, target.find('?'));
}

// Reads an object, changes it with its own read shape where that is the write shape, and looks at
// its lists.
void tour_tenant(SandboxCaller& caller, const std::string& project)
{
    const std::string role =
        caller.create("/v1/roles", named("r", R"({"permissions":["a"],"scope":"project"})"));
    caller.put("/v1/roles/" + role, caller.get("/v1/roles/" + role).response.body);
    caller.post("/v1/roles/" + role + "/clone", R"({"metadata":{"name":"copy"}})");
    const std::string team =
        caller.create("/v1/teams", named("t", R"({"roles":[")" + role + R"("]})"));
    const std::string user = caller.create(
        "/v1/users",
        named(
            "u",
            R"({"emailId":"u@x.org","firstName":"U","lastName":"X","loginMode":"dev","teams":[")" +
                team + R"("],"roles":[")" + role + R"("]})"));
    caller.put("/v1/teams/" + team, named("t", R"({"sources":["saml"]})"));
    caller.patch("/v1/teams/" + team, R"([{"op":"replace","path":"/metadata/name","value":"t2"}])");
    caller.patch("/v1/users/" + user, R"([{"op":"replace","path":"/spec/firstName","value":"V"}])");
    caller.patch("/v1/users/" + user + "/status/loginMode", R"({"loginMode":"devops"})");
    caller.put("/v1/users/" + user, named("v", R"({"firstName":"V"})"));
    const std::string roles = R"({"roles":[")" + role + R"("]})";
    const std::string projects =
        R"({"projects":[{"projectUid":")" + project + R"(","roles":[")" + role + R"("]}]})";
    for (const std::string& holder : {"/v1/teams/" + team, "/v1/users/" + user}) {
        caller.put(holder + "/roles", roles);
        caller.put(holder + "/projects", projects);
        caller.get(holder);
        caller.get(holder + "/roles");
        caller.get(holder + "/projects");
    }
    caller.put("/v1/projects/" + project,
               named("p", R"({"logoUid":"l","teams":[{"teamId":")" + team + R"(","roles":[]}]})"));
    caller.put("/v1/projects/" + project + "/meta", R"({"name":"p"})");
    caller.put("/v1/projects/" + project + "/users",
               R"({"users":[{"userId":")" + user + R"(","roles":[")" + role + R"("]}]})");
    caller.put("/v1/projects/" + project + "/teams",
               R"({"teams":[{"teamId":")" + team + R"(","roles":[")" + role + R"("]}]})");
    caller.get("/v1/projects/" + project);
    caller.remove("/v1/projects/" + project + "/validate");
    for (const char* list : {"/v1/roles",
                             "/v1/teams",
                             "/v1/users",
                             "/v1/users/meta",
                             "/v1/users/info",
                             "/v1/dashboard/projects/metadata"})
        caller.get(list);
    for (const char* list : {"/v1/dashboard/projects", "/v1/teams/summary", "/v1/users/summary"})
        caller.post(
            list, R"({"filter":{"name":{"contains":""}},"sort":[{"field":"name","order":"asc"}]})");
}

void tour_singles(SandboxCaller& caller, const std::string& project)
{
    const std::string filter =
        "/v1/filters/tag/" +
        caller.create("/v1/filters/tag",
                      named("f", R"({"filterGroup":{"filters":[{"key":"k","values":["v"]}]}})"));
    caller.put(filter, named("g", R"({"filterGroup":{"conjunction":"or","filters":[]}})"));
    caller.get(filter);
    caller.get("/v1/filters");
    caller.get("/v1/filters/metadata?filterType=tag");
    const std::string token =
        "/v1/edgehosts/tokens/" +
        caller.create("/v1/edgehosts/tokens",
                      named("e", R"({"defaultProjectUid":")" + project + R"("})"));
    caller.get(token);
    caller.put(token, named("e2"));
    caller.put(token + "/state", R"({"isActive":false})");
    caller.get("/v1/edgehosts/tokens");
    const std::string registry =
        "/v1/registries/helm/" +
        caller.create(
            "/v1/registries/helm",
            named("h",
                  R"({"endpoint":"https://x","auth":{"type":"basic","username":"u","password":"p"},
                                    "createOption":{"skipSync":false}})"));
    caller.put(registry, caller.get(registry).response.body);
    caller.post(registry + "/sync", "");
    caller.get(registry + "/sync/status");
    caller.post("/v1/registries/helm/validate", R"({"endpoint":"e","auth":{"type":"noAuth"}})");
    for (const char* list :
         {"/v1/registries/helm", "/v1/registries/helm/summary", "/v1/registries/metadata"})
        caller.get(list);
    const std::string tenant = "/v1/tenants/" + caller.get("/v1/users/info").text("tenantUid");
    caller.post(tenant + "/password/policy", R"({"minLength":10})");
    caller.get(tenant + "/password/policy");
    for (const std::string& macros : {tenant + "/macros", "/v1/projects/" + project + "/macros"}) {
        caller.post(macros, R"({"macros":[{"name":"a","value":"1"}]})");
        caller.patch(macros, R"({"macros":[{"name":"a","value":"2"}]})");
        caller.get(macros);
        caller.remove(macros, R"({"macros":[{"name":"a","value":""}]})");
        caller.put(macros, R"({"macros":[]})");
    }
    caller.post("/v1/auth/authenticate",
                R"({"emailId":"admin@example.com","password":"sandbox","org":"o"})");
    caller.remove(filter);
    caller.remove(token);
    caller.remove(registry);
}

void tour_scoped(SandboxCaller& caller)
{
    const auto round = [&](const std::string& path, const std::string& body) {
        const std::string object = path + "/" + caller.create(path, body);
        caller.put(object, body);
        caller.get(object);
        return object;
    };
    const std::string aws = round(
        "/v1/cloudaccounts/aws",
        named(
            "a",
            R"({"credentialType":"sts","sts":{"arn":"x","externalId":"y"},"policyARNs":["p"],"secretKey":"s"})"));
    const std::string azure =
        round("/v1/cloudaccounts/azure",
              named("a", R"({"clientId":"c","clientSecret":"s","tenantId":"t"})"));
    const std::string gcp =
        round("/v1/cloudaccounts/gcp", named("a", R"({"jsonCredentials":"{}"})"));
    const std::string key = round("/v1/users/assets/sshkeys", named("k", R"({"publicKey":"ssh"})"));
    const std::string location =
        R"({"config":{"bucketName":"b","region":"r","credentials":{"accessKey":"a"}}})";
    const std::string s3 = round("/v1/users/assets/locations/s3", named("l", location));
    round("/v1/users/assets/locations/minio", named("l", location));
    caller.patch(s3 + "/default");
    const std::string policy = round(
        "/v1/spcPolicies/maintenance",
        named("m", R"({"schedules":[{"durationHrs":4,"name":"n","startCron":"0 1 * * *"}]})"));
    for (const char* list : {"/v1/cloudaccounts/aws",
                             "/v1/cloudaccounts/azure",
                             "/v1/cloudaccounts/gcp",
                             "/v1/users/assets/sshkeys",
                             "/v1/users/assets/locations",
                             "/v1/dashboard/spcPolicies/metadata"})
        caller.get(list);
    caller.post("/v1/dashboard/spcPolicies", R"({"filter":{"policyName":{"eq":"m"}}})");
    for (const std::string& object : {aws, azure, gcp, key, s3})
        caller.remove(object);
    caller.remove("/v1/spcPolicies/" + policy.substr(policy.rfind('/') + 1));
    caller.remove("/v1/users/assets/locations/" + caller.sandbox->uid_of("locations", "l"));
}

void tour_profiles(SandboxCaller& caller)
{
    const std::string profile =
        "/v1/clusterprofiles/" +
        caller.create(
            "/v1/clusterprofiles?publish=true",
            named("infra",
                  R"({"version":"1.0.0","template":{"type":"infra","cloudType":"aws","packs":[
                            {"name":"k8s","layer":"k8s","tag":"1.29","uid":"p","values":"v","type":"spectro",
                             "manifests":[{"name":"m","content":"c"}]}]},
                          "variables":[{"name":"v","isSensitive":true,"defaultValue":"d"}]})"));
    caller.put(profile, named("infra", R"({"template":{"packs":[{"name":"k8s","layer":"k8s",
                                          "manifests":[{"name":"m","content":"d"}]}]}})"));
    const Called manifests = caller.get(profile + "/packs/k8s/manifests");
    const Value* uid = find(manifests.items()[0], Path({"metadata", "uid"}));
    caller.get(profile + "/packs/k8s/manifests/" + uid->string_or_empty());
    caller.get(profile);
    caller.get("/v1/dashboard" + profile.substr(3));
    caller.patch(profile + "/metadata", R"({"metadata":{"name":"infra2"}})");
    caller.put(profile + "/variables", R"({"variables":[{"name":"w","options":[{"value":"1"}]}]})");
    caller.patch(profile + "/variables", R"({"variables":[{"name":"x"}]})");
    caller.get(profile + "/variables");
    caller.remove(profile + "/variables", R"({"variables":["x"]})");
    caller.patch(profile + "/publish");
    caller.post("/v1/dashboard/clusterprofiles", R"({"filter":{"profileName":{"eq":"infra2"}}})");
    caller.get("/v1/dashboard/clusterprofiles/metadata");
    caller.remove(profile);
}

} // namespace

TEST_SUITE("sandbox: the vendor's document")
{
    TEST_CASE("every route of the rules is an operation of the document")
    {
        const auto document = palette();
        if (!document)
            return;
        const auto rules = sandbox::read_rules(sandbox::embedded_rules());
        REQUIRE(rules);
        std::size_t routes = 0;
        for (const auto& collection : rules->collections) {
            for (const sandbox::Route& route : collection->routes) {
                CAPTURE(route.method);
                CAPTURE(route.path);
                const auto operation = document->find_operation(route.method, route.path);
                REQUIRE(operation);
                ++routes;
                CHECK(document->has_parameter(*operation, "query", "filters") == route.filtered);
                CHECK(document->has_parameter(*operation, "query", "continue") == route.paged);
                if (route.ordered)
                    CHECK(document->has_parameter(*operation, "query", "orderBy"));
                for (const auto& [name, path] : route.query)
                    CHECK(document->has_parameter(*operation, "query", name));
            }
        }
        CHECK(routes > 100);
    }

    TEST_CASE("every request and answer of a tour over all routes fits the document's schemas")
    {
        const auto document = palette();
        if (!document)
            return;
        SandboxCaller caller;
        std::set<std::string> toured;
        caller.observe = [&](const HttpRequest& request, const HttpResponse& response) {
            const std::string path = without_query(request.target);
            CAPTURE(request.method);
            CAPTURE(path);
            CAPTURE(request.body);
            CAPTURE(response.body);
            CHECK(response.status < 300);
            const auto operation = document->match(request.method, path);
            REQUIRE(operation);
            toured.insert(operation->method + " " + operation->path);
            for (const std::string& fault : document->check_request(*operation, request.body))
                FAIL_CHECK("request: " << fault);
            for (const std::string& fault :
                 document->check_response(*operation, response.status, response.body))
                FAIL_CHECK("answer: " << fault);
        };

        const std::string project = caller.create_project("p");
        tour_tenant(caller, project);
        tour_singles(caller, project);
        for (const std::string& scope : {std::string(), project}) {
            caller.project = scope;
            tour_scoped(caller);
            tour_profiles(caller);
        }
        caller.project = "";
        for (const char* collection : {"users", "teams", "roles"})
            caller.remove("/v1/" + std::string(collection) + "/" +
                          caller.sandbox->uid_of(collection,
                                                 collection[0] == 'u'   ? "v"
                                                 : collection[0] == 't' ? "t2"
                                                                        : "r"));
        caller.remove("/v1/projects/" + project + "?cleanupProjectResources=true");
        const Called token = caller.post("/v1/auth/authenticate",
                                         R"({"emailId":"admin@example.com","password":"sandbox"})");
        caller.get("/v1/auth/refresh/" + token.text("Authorization"));

        const auto rules = sandbox::read_rules(sandbox::embedded_rules());
        for (const auto& collection : rules->collections)
            for (const sandbox::Route& route : collection->routes) {
                const std::string name = route.method + " " + route.path;
                CAPTURE(name);
                // The two delete paths of a location are one in the tour.
                if (name != "DELETE /v1/users/assets/locations/s3/{uid}")
                    CHECK(toured.contains(name));
            }
    }

    TEST_CASE("error bodies fit the document's error definition")
    {
        const auto document = palette();
        if (!document)
            return;
        SandboxCaller caller;
        const auto fits = [&](const Called& called) {
            CAPTURE(called.response.body);
            CHECK(called.status >= 400);
            CHECK(document->check_definition("v1Error", called.body).empty());
        };
        fits(caller.get("/v1/nothing"));
        fits(caller.get("/v1/roles/unknown"));
        fits(caller.post("/v1/roles", "{"));
        fits(caller.post("/v1/roles", R"({"spec":{"scope":"x"}})"));
        fits(caller.patch("/v1/roles/x"));
    }

    TEST_CASE("the check finds what does not fit")
    {
        const auto document = palette();
        if (!document)
            return;
        const auto faults =
            [&](const std::string& method, const std::string& path, const std::string& body) {
                const auto operation = document->match(method, path);
                REQUIRE(operation);
                return document->check_request(*operation, body).size();
            };
        CHECK(faults("POST",
                     "/v1/roles",
                     R"({"metadata":{"name":"r"},"spec":{"scope":"tenant"}})") == 0);
        CHECK(faults("POST", "/v1/roles", R"({"metadata":{"name":7}})") == 1);
        CHECK(faults("POST", "/v1/roles", R"({"colour":"red"})") == 1);
        CHECK(faults("POST", "/v1/roles", R"({"spec":{"scope":"galaxy"}})") == 1);
        CHECK(faults("POST", "/v1/cloudaccounts/azure", R"({"spec":{"clientId":"c"}})") == 2);
        CHECK(faults("POST", "/v1/projects", R"({"metadata":{"labels":{"a":1}}})") == 1);
        CHECK(faults("GET", "/v1/roles", "{}") == 1);
        CHECK(faults("PATCH", "/v1/teams/abc", R"([{"op":"add","path":"/a","value":"b"}])") == 0);
        CHECK(faults("PATCH", "/v1/teams/abc", R"([{"op":"test","path":"/a"}])") == 1);
        CHECK_FALSE(document->match("GET", "/v1/not/there"));
        CHECK_FALSE(
            document->check_response(*document->match("GET", "/v1/roles"), 200, "{}").empty());
        CHECK_FALSE(
            document->check_response(*document->match("GET", "/v1/roles"), 202, "").empty());
        CHECK(document->match("GET", "/v1/users/info")->path == "/v1/users/info");
    }
}
