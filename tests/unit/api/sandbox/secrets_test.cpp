#include "tests/support/sandbox_caller.hpp"
#include "tests/support/texts.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using trueup::test::contains;

namespace {

const std::string mask = "********";

std::string aws(const std::string& secret)
{
    return R"({"metadata":{"name":"a"},"spec":{"accessKey":"AK","secretKey":")" + secret + R"("}})";
}

} // namespace

TEST_SUITE("sandbox: secrets")
{
    TEST_CASE("a secret is masked on read and in lists, and kept as it was sent")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/cloudaccounts/aws/" + caller.create("/v1/cloudaccounts/aws", aws("s3cr3t"));

        const Called read = caller.get(path);

        CHECK(read.text("spec.secretKey") == mask);
        CHECK(read.text("spec.accessKey") == "AK");
        CHECK_FALSE(contains(caller.get("/v1/cloudaccounts/aws").response.body, "s3cr3t"));
        CHECK(contains(caller.sandbox->dump(), "s3cr3t"));
    }

    TEST_CASE("a mask that is sent back destroys the secret, and the dump shows it")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/cloudaccounts/aws/" + caller.create("/v1/cloudaccounts/aws", aws("s3cr3t"));

        REQUIRE(caller.put(path, caller.get(path).response.body).status == 204);

        CHECK_FALSE(contains(caller.sandbox->dump(), "s3cr3t"));
        CHECK(contains(caller.sandbox->dump(), R"("secretKey":"********")"));
    }

    TEST_CASE("a PUT without the secret loses it, and nothing is masked that is not there")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/cloudaccounts/aws/" + caller.create("/v1/cloudaccounts/aws", aws("s3cr3t"));

        REQUIRE(caller.put(path, R"({"metadata":{"name":"b"},"spec":{"accessKey":"AK"}})").status ==
                204);

        CHECK(caller.get(path).at("spec.secretKey").is_null());
    }

    TEST_CASE(
        "each kind masks its own: clientSecret, credentials that come back empty, registry auth")
    {
        SandboxCaller caller;
        const std::string azure = caller.create(
            "/v1/cloudaccounts/azure",
            R"({"metadata":{"name":"a"},"spec":{"clientId":"c","clientSecret":"azure-s","tenantId":"t"}})");
        const std::string gcp =
            caller.create("/v1/cloudaccounts/gcp",
                          R"({"metadata":{"name":"g"},"spec":{"jsonCredentials":"gcp-s"}})");
        const std::string helm = caller.create(
            "/v1/registries/helm",
            R"({"metadata":{"name":"h"},"spec":{"endpoint":"https://x","auth":{"type":"basic","username":"u","password":"helm-s"}}})");
        const std::string s3 = caller.create(
            "/v1/users/assets/locations/s3",
            R"({"metadata":{"name":"l"},"spec":{"config":{"bucketName":"b","region":"r","credentials":{"secretKey":"loc-s"}}}})");

        CHECK(caller.get("/v1/cloudaccounts/azure/" + azure).text("spec.clientSecret") == mask);
        CHECK(caller.get("/v1/cloudaccounts/gcp/" + gcp).at("spec.jsonCredentials") == Value(""));
        const Called registry = caller.get("/v1/registries/helm/" + helm);
        CHECK(registry.text("spec.auth.password") == mask);
        CHECK(registry.at("spec.auth.token").is_null());
        CHECK(registry.at("spec.auth.tls.key") == Value(""));
        CHECK(caller.get("/v1/users/assets/locations/s3/" + s3)
                  .text("spec.config.credentials.secretKey") == mask);
        for (const char* secret : {"azure-s", "gcp-s", "helm-s", "loc-s"})
            CHECK(contains(caller.sandbox->dump(), secret));
    }

    TEST_CASE("a profile variable is masked when it is sensitive, and only then")
    {
        SandboxCaller caller;
        const std::string path =
            "/v1/clusterprofiles/" + caller.create("/v1/clusterprofiles",
                                                   R"({"metadata":{"name":"p"},"spec":{"variables":[
                             {"name":"open","defaultValue":"seen"},
                             {"name":"hush","defaultValue":"unseen","isSensitive":true}]}})");

        const Called variables = caller.get(path + "/variables");

        REQUIRE(variables.items("variables").size() == 2);
        CHECK(*find(variables.items("variables")[0], Path({"defaultValue"})) == Value("seen"));
        CHECK(*find(variables.items("variables")[1], Path({"defaultValue"})) == Value(mask));
    }

    TEST_CASE("what is readable stays readable: ssh public keys and edge tokens")
    {
        SandboxCaller caller;
        const std::string key =
            caller.create("/v1/users/assets/sshkeys",
                          R"({"metadata":{"name":"k"},"spec":{"publicKey":"ssh-rsa AAA"}})");
        CHECK(caller.get("/v1/users/assets/sshkeys/" + key).text("spec.publicKey") ==
              "ssh-rsa AAA");
    }
}
