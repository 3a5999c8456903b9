#include "api/rest/withheld.hpp"
#include "tests/unit/api/rest/update_samples.hpp"

namespace trueup {

using namespace samples;

TEST_SUITE("api: update with secrets")
{
    const Kind account =
        plain_kind("Account", "/v1/accounts", {text("key"), sensitive(text("secretKey"))});
    const std::string masked =
        R"({"metadata": {"name": "a", "uid": "u"}, "spec": {"key": "k", "secretKey": "********"}})";

    TEST_CASE("a mask is replaced by the declared secret")
    {
        Value desired = from_json(R"({"metadata": {"name": "a"}, "spec": {"key": "k2"}})");
        put(desired, path("spec.secretKey"), secret("s3cret"));

        const auto calls = updated(account, masked, desired, {"spec.key"});

        REQUIRE(calls.size() == 1);
        CHECK(text_of(calls[0].body).find(R"("secretKey":"s3cret")") != std::string::npos);
        CHECK(json::write(calls[0].body).find("s3cret") == std::string::npos);
    }

    TEST_CASE("a mask or an empty text without a source of the secret blocks the update")
    {
        const Value desired = from_json(R"({"metadata": {"name": "a"}, "spec": {"key": "k2"}})");
        for (const char* shown : {"********", "AKIA****", ""}) {
            CAPTURE(shown);
            Value answer = from_json(masked);
            put(answer, path("spec.secretKey"), Value(shown));

            const auto calls = encode_update(
                account, {}, observed(account, json::write(answer)), desired, {"spec.key"}, mark());

            REQUIRE_FALSE(calls);
            CHECK(calls.error().code == Errc::refused);
            CHECK(calls.error().message.find("spec.secretKey") != std::string::npos);
        }
    }

    TEST_CASE(
        "an empty secret in an object that says nothing else is none, and held against nobody")
    {
        Field enabled = text("enabled");
        enabled.type = FieldType::boolean;
        enabled.default_value = Value(false);
        Field key = sensitive(text("key"));
        key.default_value = Value("");
        Field needed = key;
        needed.required = true;
        const Kind kind = plain_kind("Registry",
                                     "/v1/registries",
                                     {text("url"),
                                      object("tls", {text("certificate"), enabled, key}),
                                      object("proxy", {text("host"), sensitive(text("key"))}),
                                      object("login", {text("name"), object("inner", {needed})}),
                                      object("secrets", {key})});
        const Value desired = from_json(R"({"metadata": {"name": "a"}, "spec": {"url": "x"}})");
        const auto is_sent = [&](const std::string& spec) {
            const Value answer =
                from_json(R"({"metadata": {"name": "a", "uid": "u"}, "spec": )" + spec + "}");
            const Observed object = observed(kind, json::write(answer));
            const bool sent =
                encode_update(kind, {}, object, desired, {"spec.url"}, mark()).has_value();
            // Whoever plans it sees the same.
            CHECK(find_withheld(kind, object.value, desired, {"spec.url"}).has_value() != sent);
            return sent;
        };

        CHECK(is_sent(R"({"tls": {"certificate": "", "enabled": false, "key": ""}})"));
        CHECK_FALSE(is_sent(R"({"tls": {"certificate": "c", "enabled": false, "key": ""}})"));
        CHECK_FALSE(is_sent(R"({"tls": {"certificate": "", "enabled": true, "key": ""}})"));
        CHECK_FALSE(is_sent(R"({"tls": {"certificate": "", "enabled": false, "key": "****"}})"));
        // The kind does not say that it reads so where there is none, or that there may be none.
        CHECK_FALSE(is_sent(R"({"proxy": {"host": "", "key": ""}})"));
        CHECK_FALSE(is_sent(R"({"login": {"name": "", "inner": {"key": ""}}})"));
        CHECK_FALSE(is_sent(R"({"secrets": {"key": ""}})"));
    }

    TEST_CASE("a mask that a flag beside it tells of, or that nothing tells of, blocks it too")
    {
        Field flagged = text("value");
        flagged.sensitive_when = "hidden";
        Field hidden = text("hidden");
        hidden.type = FieldType::boolean;
        const Kind kind = plain_kind("Note", "/v1/notes", {text("key"), flagged, hidden});
        const Value desired = from_json(R"({"metadata": {"name": "a"}, "spec": {"key": "k2"}})");
        const auto update_of = [&](const std::string& spec) {
            const std::string answer =
                R"({"metadata": {"name": "a", "uid": "u"}, "spec": )" + spec + "}";
            return encode_update(kind, {}, observed(kind, answer), desired, {"spec.key"}, mark());
        };

        CHECK_FALSE(update_of(R"({"key": "k", "value": "ab**", "hidden": true})"));
        CHECK_FALSE(update_of(R"({"key": "k", "value": "********", "hidden": false})"));
        CHECK(update_of(R"({"key": "k", "value": "ab**", "hidden": false})"));
        CHECK(update_of(R"({"key": "k", "value": "", "hidden": true})"));
        CHECK(update_of(R"({"key": "k", "value": "*", "hidden": false})"));
    }

    TEST_CASE("a secret that is only remembered cannot be sent")
    {
        Value desired = from_json(R"({"metadata": {"name": "a"}, "spec": {"key": "k2"}})");
        put(desired, path("spec.secretKey"), Value(Secret::remembered("h")));

        const auto calls =
            encode_update(account, {}, observed(account, masked), desired, {"spec.key"}, mark());

        REQUIRE_FALSE(calls);
        CHECK(calls.error().code == Errc::refused);
    }

    TEST_CASE("a declared empty secret says that there is none")
    {
        Value answer = from_json(masked);
        put(answer, path("spec.secretKey"), Value(""));
        Value desired = from_json(R"({"metadata": {"name": "a"}, "spec": {"key": "k2"}})");
        put(desired, path("spec.secretKey"), secret(""));

        const auto calls = updated(account, json::write(answer), desired, {"spec.key"});

        CHECK(text_of(calls.at(0).body).find(R"("secretKey":"")") != std::string::npos);
    }

    TEST_CASE("a secret that is no longer declared is removed, mask and all")
    {
        const Value desired = from_json(R"({"metadata": {"name": "a"}, "spec": {"key": "k"}})");

        const auto calls = updated(account, masked, desired, {"spec.secretKey"});

        CHECK(find(calls.at(0).body, path("spec.secretKey")) == nullptr);
    }

    TEST_CASE("a facet that has nothing to do with the secret does not need it")
    {
        Kind kind = account;
        kind.facets = {facet("metadata", {path("metadata")}, "PUT", "/v1/accounts/{uid}/meta"),
                       facet("spec", {path("spec")}, "PUT", "/v1/accounts/{uid}/spec")};

        const auto calls =
            updated(kind,
                    masked,
                    from_json(R"({"metadata": {"name": "a", "labels": {"x": "y"}}})"),
                    {"metadata.labels.x"});

        CHECK(calls.size() == 1);
    }

    TEST_CASE("secrets inside list elements are found too, also in templates")
    {
        Kind kind = plain_kind("Profile",
                               "/v1/profiles",
                               {list_of("vars",
                                        object("", {text("name"), sensitive(text("value"))}),
                                        ListOrder::keyed,
                                        "name")});
        const std::string answer = R"({"metadata": {"name": "p", "uid": "u"},
            "spec": {"vars": [{"name": "a", "value": "****"}, {"name": "b", "value": "clear"}]}})";
        const Value desired = from_json(
            R"({"metadata": {"name": "p"}, "spec": {"vars": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}})");
        const Observed object = observed(kind, answer);
        const Changed changed{"spec.vars[name=c]"};

        CHECK_FALSE(encode_update(kind, {}, object, desired, changed, mark()));
        kind.facets.front().shape = BodyShape::body_template;
        kind.facets.front().call.body = from_json(R"({"v": {"$field": "spec.vars"}})");
        CHECK_FALSE(encode_update(kind, {}, object, desired, changed, mark()));
    }

    TEST_CASE("a value that is not known yet is not sent")
    {
        Value desired = from_json(R"({"metadata": {"name": "a"}})");
        put(desired, path("spec.key"), Value(Unknown{"Project/tenant/x", "", nullptr}));
        put(desired, path("spec.secretKey"), secret("s"));

        const auto calls =
            encode_update(account, {}, observed(account, masked), desired, {"spec.key"}, mark());

        REQUIRE_FALSE(calls);
        CHECK(calls.error().message.find("Project/tenant/x") != std::string::npos);
    }
}

} // namespace trueup
