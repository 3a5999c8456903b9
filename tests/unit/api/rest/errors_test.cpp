#include "api/rest/errors.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

namespace trueup {

using namespace samples;
using rest::error_of;
using rest::means_absent;
using rest::printable;
using rest::without_secrets;

namespace {

const Operation reading = operation("read", OperationClass::read, "GET", "/v1/roles/{uid}");
const Operation writing = operation("facet", OperationClass::idempotent, "PUT", "/v1/roles/{uid}");

Error answered(const Operation& operation,
               int status,
               std::string body = {},
               std::vector<Header> headers = {},
               const std::vector<Secret>& secrets = {})
{
    const HttpResponse response = make_response(status, std::move(body), std::move(headers));
    return error_of(api_rules(), operation, response, secrets, WallTime());
}

Secret secret(const std::string& text)
{
    return Secret(text, "", "test");
}

} // namespace

TEST_SUITE("api: errors")
{
    TEST_CASE("a status becomes a code")
    {
        const std::vector<std::pair<int, Errc>> expected{{301, Errc::rejected},
                                                         {400, Errc::rejected},
                                                         {401, Errc::unauthorized},
                                                         {403, Errc::forbidden},
                                                         {404, Errc::not_found},
                                                         {408, Errc::timed_out},
                                                         {409, Errc::conflict},
                                                         {410, Errc::not_found},
                                                         {412, Errc::conflict},
                                                         {422, Errc::rejected},
                                                         {423, Errc::conflict},
                                                         {429, Errc::throttled},
                                                         {500, Errc::server_failed},
                                                         {503, Errc::server_failed},
                                                         {999, Errc::rejected}};
        for (const auto& item : expected) {
            const auto status = item.first; // clang 14 captures no structured bindings
            CAPTURE(status);
            CHECK(answered(reading, status).code == item.second);
        }
    }

    TEST_CASE("code, message, ref and audit uid are kept and shown")
    {
        const Error error =
            answered(writing,
                     409,
                     R"({"code": "Exists", "message": "it is there", "ref": "r-1"})",
                     {Header("AuditUid", "audit-7")});

        CHECK(error.place == "PUT /v1/roles/{uid}");
        CHECK(error.message == "the API answered 409: Exists: it is there (ref r-1)");
        REQUIRE(error.api);
        CHECK(error.api->status == 409);
        CHECK(error.api->code == "Exists");
        CHECK(error.api->message == "it is there");
        CHECK(error.api->ref == "r-1");
        CHECK(error.api->audit_uid == "audit-7");
    }

    TEST_CASE("a body that is not the API's is left out")
    {
        for (const char* body :
             {"<html>secret proxy</html>", "", "[]", "{\"message\": 3.5}", "{"}) {
            CAPTURE(body);
            CHECK(answered(reading, 502, body).message == "the API answered 502");
        }
    }

    TEST_CASE("a redirect is refused, not followed")
    {
        const Error error =
            answered(reading, 302, "", {Header("Location", "https://evil.example/x")});

        CHECK(error.code == Errc::rejected);
        CHECK(error.message.find("redirect refused") != std::string::npos);
        CHECK(error.text().find("evil") == std::string::npos);
    }

    TEST_CASE("effect: reads have none; a write only after a 4xx that says so")
    {
        for (const int status : {302, 408, 429, 500, 503})
            CHECK(answered(reading, status).effect == Effect::none);
        for (const int status : {400, 401, 404, 409, 422, 429})
            CHECK(answered(writing, status).effect == Effect::none);
        for (const int status : {202, 303, 408, 500, 502, 503})
            CHECK(answered(writing, status).effect == Effect::unknown);
        CHECK(error_of(reading, broken_connection(Effect::unknown)).effect == Effect::none);
        CHECK(error_of(writing, broken_connection(Effect::unknown)).effect == Effect::unknown);
        CHECK(error_of(writing, broken_connection(Effect::none)).effect == Effect::none);
    }

    TEST_CASE("Retry-After is kept for whoever waits")
    {
        const Error error = answered(reading, 429, "", {Header("Retry-After", "12")});

        CHECK(error.retry_after == std::chrono::seconds(12));
    }

    TEST_CASE("messages are cut, and control characters escaped")
    {
        CHECK(printable("a\nb\tc\x1b[31m\x7f", 100) == "a\\nb\\tc\\x1b[31m\\x7f");
        CHECK(printable("\xC2\x9B"
                        "31m",
                        100) == "\\x9b31m");
        CHECK(printable(std::string(50, 'x'), 10) == "xxxxxxxxxx...");
        CHECK(printable("\xC3\xA4\xC3\xA4\xC3\xA4", 3) == "\xC3\xA4\xC3\xA4...");
        const Error error = answered(
            reading, 500, R"({"message": ")" + std::string(100'000, 'y') + R"(\u001b[2J"})");
        CHECK(error.message.size() < 600);
    }

    TEST_CASE("secrets that the server echoes are taken out, also from code and ref")
    {
        const std::vector<Secret> secrets{secret("hunter2hunter2")};

        const Error error = answered(
            writing,
            400,
            R"({"code": "Bad-hunter2hunter2", "message": "no: hunter2hunter2!", "ref": "hunter2hunter2"})",
            {},
            secrets);

        CHECK(error.text().find("hunter2") == std::string::npos);
        CHECK(error.api->code.find("hunter2") == std::string::npos);
        CHECK(error.api->message == "no: (sensitive)!");
        CHECK(error.api->ref == "(sensitive)");
    }

    TEST_CASE("a secret that the server echoes as its audit uid is taken out")
    {
        const Error error = answered(
            writing, 400, "", {Header("AuditUid", "for open sesame")}, {secret("open sesame")});

        CHECK(error.api->audit_uid == "for (sensitive)");
    }

    TEST_CASE("what is shown for a control character completes no secret")
    {
        const Error error = answered(writing,
                                     500,
                                     R"({"code": "X", "message": "\u009copen sesame"})",
                                     {},
                                     {secret("copen sesame")});
        CHECK(error.api->message == "\\x9(sensitive)");
        CHECK(error.text().find("copen sesame") == std::string::npos);
    }

    TEST_CASE("an echo is found escaped as in JSON, as in a URL, and line by line")
    {
        const std::string key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nline\"three\"/+=\n";
        const std::vector<Secret> secrets{secret(key), secret("p@ss/w\"ord")};

        const std::string shown = without_secrets(
            R"(body {"k":"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nline\"three\"/+=\n"} )"
            R"(and MIIEvQIBADANBgkqhkiG and p%40ss%2Fw%22ord and p@ss/w\"ord and p@ss/w"ord)",
            secrets);

        CHECK(shown.find("MIIE") == std::string::npos);
        CHECK(shown.find("ss/w") == std::string::npos);
        CHECK(shown.find("ss%2Fw") == std::string::npos);
        CHECK(shown.starts_with("body "));
    }

    TEST_CASE("an echo is found in each way that servers encode it")
    {
        const std::vector<Secret> secrets{secret("open sesame/~1")};
        for (const char* echo : {"open%20sesame%2F~1",
                                 "open%20sesame%2f~1",
                                 "open%20sesame%2F%7E1",
                                 "open%20sesame%2f%7e1",
                                 "open+sesame%2F~1",
                                 "open+sesame%2F%7E1"}) {
            CAPTURE(echo);
            CHECK(without_secrets(echo, secrets) == "(sensitive)");
        }
    }

    TEST_CASE("a text with a very short secret in it is dropped whole; empty secrets mean nothing")
    {
        CHECK(without_secrets("the value ab is bad", {secret("ab")}) == "(sensitive)");
        CHECK(without_secrets("nothing here", {secret("ab"), secret("")}) == "nothing here");
    }

    TEST_CASE("absent: by status, by code, by a part of the message, and by nothing else")
    {
        Absent absent;
        absent.codes = {"UserNotFound"};
        absent.messages = {"Failed to get virtual machine"};

        CHECK(means_absent(absent, answered(reading, 404)));
        CHECK(means_absent(absent, answered(reading, 400, R"({"code": "UserNotFound"})")));
        CHECK(means_absent(
            absent, answered(reading, 500, R"({"message": "Failed to get virtual machine 'x'"})")));
        CHECK_FALSE(means_absent(absent, answered(reading, 500, R"({"message": "Failed"})")));
        CHECK_FALSE(means_absent(absent, answered(reading, 403)));
        CHECK_FALSE(means_absent(absent, broken_connection(Effect::none)));
        absent.statuses.clear();
        CHECK_FALSE(means_absent(absent, answered(reading, 404)));
    }
}

} // namespace trueup
