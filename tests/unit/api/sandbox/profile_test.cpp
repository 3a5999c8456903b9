#include "tests/support/sandbox_caller.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

const std::string profile =
    R"({"metadata":{"name":"infra","labels":{"env":"dev"}},"spec":{"version":"1.0.0",
    "template":{"type":"infra","cloudType":"aws","packs":[
        {"name":"k8s","tag":"1.29","uid":"pack-1","registryUid":"reg-1","layer":"k8s","values":"a: 1",
         "manifests":[{"name":"m","content":"kind: A"}]},
        {"name":"extra","type":"manifest"}]}}})";

std::string update(const std::string& packs)
{
    return R"({"metadata":{"name":"infra"},"spec":{"template":{"packs":)" + packs + "}}}";
}

const Value& pack(const Called& read, const std::string& part, std::size_t index)
{
    return read.items("spec." + part + ".packs")[index];
}

std::string field(const Value& value, const char* name)
{
    const Value* found = find(value, Path({name}));
    return found != nullptr ? found->string_or_empty() : "(absent)";
}

} // namespace

TEST_SUITE("sandbox: cluster profiles")
{
    TEST_CASE("a create makes a draft whose packs are read under other names")
    {
        SandboxCaller caller;
        const Called read =
            caller.get("/v1/clusterprofiles/" + caller.create("/v1/clusterprofiles", profile));

        CHECK(read.at("spec.template").is_null());
        CHECK(read.at("spec.published").is_null());
        CHECK(read.at("status.isPublished") == Value(false));
        CHECK(read.text("spec.draft.type") == "infra");
        CHECK(read.text("spec.draft.cloudType") == "aws");
        REQUIRE(read.items("spec.draft.packs").size() == 2);
        CHECK(field(pack(read, "draft", 0), "packUid") == "pack-1");
        CHECK(field(pack(read, "draft", 0), "values") == "a: 1");
        CHECK(field(pack(read, "draft", 1), "layer") == "addon");
        const Value* manifests = find(pack(read, "draft", 0), Path({"manifests"}));
        CHECK(field((*manifests->if_list())[0], "content") == "(absent)");
        CHECK(read.at("spec.variables").is_null());
    }

    TEST_CASE("publish moves the draft; a later PUT makes a new draft beside it")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/clusterprofiles/" + caller.create("/v1/clusterprofiles", profile);
        REQUIRE(caller.patch(path + "/publish").status == 204);
        Called read = caller.get(path);
        CHECK(read.at("spec.draft").is_null());
        CHECK(read.items("spec.published.packs").size() == 2);
        CHECK(read.at("status.isPublished") == Value(true));

        REQUIRE(caller.put(path, update(R"([{"name":"k8s","tag":"1.30","layer":"k8s"}])")).status ==
                204);
        read = caller.get(path);
        CHECK(read.items("spec.draft.packs").size() == 1);
        CHECK(field(pack(read, "draft", 0), "tag") == "1.30");
        CHECK(read.text("spec.draft.cloudType") == "aws");
        CHECK(read.items("spec.published.packs").size() == 2);
        REQUIRE(caller.patch(path + "/publish").status == 204);
        CHECK(caller.get(path).items("spec.published.packs").size() == 1);
    }

    TEST_CASE("create with publish=true is published at once")
    {
        SandboxCaller caller;
        const Called read = caller.get("/v1/clusterprofiles/" +
                                       caller.create("/v1/clusterprofiles?publish=true", profile));

        CHECK(read.at("spec.draft").is_null());
        CHECK(read.items("spec.published.packs").size() == 2);
    }

    TEST_CASE("the content of manifests has a read of its own, and a PUT keeps their uids by name")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/clusterprofiles/" + caller.create("/v1/clusterprofiles", profile);
        const Called before = caller.get(path + "/packs/k8s/manifests");
        REQUIRE(before.items().size() == 1);
        CHECK(find(before.items()[0], Path({"spec", "draft", "content"}))->string_or_empty() ==
              "kind: A");
        CHECK(find(before.items()[0], Path({"spec", "published"})) == nullptr);

        REQUIRE(caller.patch(path + "/publish").status == 204);
        REQUIRE(
            caller
                .put(
                    path,
                    update(
                        R"([{"name":"k8s","manifests":[{"name":"m","content":"kind: B"},{"name":"n","content":"c"}]}])"))
                .status == 204);

        const Called after = caller.get(path + "/packs/k8s/manifests");
        REQUIRE(after.items().size() == 2);
        const Value* uid = find(before.items()[0], Path({"metadata", "uid"}));
        CHECK(*find(after.items()[0], Path({"metadata", "uid"})) == *uid);
        CHECK(find(after.items()[0], Path({"spec", "draft", "content"}))->string_or_empty() ==
              "kind: B");
        CHECK(find(after.items()[0], Path({"spec", "published", "content"}))->string_or_empty() ==
              "kind: A");
        const Called one = caller.get(path + "/packs/k8s/manifests/" + uid->string_or_empty());
        CHECK(one.text("spec.draft.content") == "kind: B");
        CHECK(caller.get(path + "/packs/other/manifests").status == 404);
        CHECK(caller.get(path + "/packs/k8s/manifests/other").status == 404);
    }

    TEST_CASE("type and cloud cannot be changed; PATCH metadata changes what it names")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/clusterprofiles/" + caller.create("/v1/clusterprofiles", profile);

        const Called refused = caller.put(
            path, R"({"metadata":{"name":"infra"},"spec":{"template":{"type":"add-on"}}})");
        CHECK(refused.status == 400);
        REQUIRE(
            caller
                .patch(
                    path + "/metadata",
                    R"({"metadata":{"name":"renamed","annotations":{"description":"d"}},"spec":{"version":"2.0.0"}})")
                .status == 204);
        const Called read = caller.get(path);
        CHECK(read.text("metadata.name") == "renamed");
        CHECK(read.text("spec.version") == "2.0.0");
        CHECK(read.text("metadata.annotations.description") == "d");
        CHECK(read.text("metadata.labels.env") == "dev");
        CHECK(caller.patch(path + "/metadata", "{}").status == 400);
    }

    TEST_CASE("the versions of one name know each other; the list carries a summary")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/clusterprofiles/" + caller.create("/v1/clusterprofiles", profile);
        const std::string second = caller.create(
            "/v1/clusterprofiles", R"({"metadata":{"name":"infra"},"spec":{"version":"1.1.0"}})");

        const Called read = caller.get(path);
        REQUIRE(read.items("spec.versions").size() == 2);
        CHECK(read.items("spec.versions")[1] == Value(Map{{"uid", second}, {"version", "1.1.0"}}));
        const Called list = caller.post("/v1/dashboard/clusterprofiles");
        REQUIRE(list.items().size() == 2);
        CHECK(find(list.items()[0], Path({"spec"})) == nullptr);
        const Value* packs = find(list.items()[0], Path({"specSummary", "draft", "packs"}));
        CHECK(field((*packs->if_list())[0], "values") == "(absent)");
        CHECK(field((*packs->if_list())[0], "tag") == "1.29");
    }

    TEST_CASE("variables are replaced, upserted and removed by name")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/clusterprofiles/" + caller.create("/v1/clusterprofiles", profile) + "/variables";
        const auto names = [&] {
            const Called variables = caller.get(path);
            std::string all;
            for (const Value& each : variables.items("variables"))
                all += field(each, "name") + "=" + field(each, "defaultValue") + " ";
            return all;
        };
        REQUIRE(caller.put(path, R"({"variables":[{"name":"a","defaultValue":"1"},{"name":"b"}]})")
                    .status == 204);
        CHECK(names() == "a=1 b= ");
        REQUIRE(
            caller.patch(path, R"({"variables":[{"name":"a","defaultValue":"2"},{"name":"c"}]})")
                .status == 204);
        CHECK(names() == "a=2 b= c= ");
        REQUIRE(caller.remove(path, R"({"variables":["b"]})").status == 204);
        CHECK(names() == "a=2 c= ");
        CHECK(caller.put(path, R"({"variables":[{"name":"a"},{"name":"a"}]})").status == 422);
        CHECK(caller.put(path, R"({"variables":[{}]})").status == 400);
        CHECK(names() == "a=2 c= ");
    }
}
