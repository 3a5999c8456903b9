#include "api/http/wire.hpp"

#include <doctest/doctest.h>

namespace trueup {

namespace {

HttpRequest plain_request()
{
    HttpRequest request;
    request.method = "GET";
    request.target = "/v1/roles?limit=50";
    request.route = "GET /v1/roles";
    return request;
}

Origin origin()
{
    return *parse_origin("https://api.example.com");
}

} // namespace

TEST_SUITE("http: writing requests")
{
    TEST_CASE("a request without a body")
    {
        HttpRequest request = plain_request();
        request.headers.emplace_back("ProjectUid", "abc");
        REQUIRE(check_request(request));

        CHECK(write_request(origin(), request) == "GET /v1/roles?limit=50 HTTP/1.1\r\n"
                                                  "Host: api.example.com\r\n"
                                                  "User-Agent: trueup/0.1.0\r\n"
                                                  "Accept: application/json\r\n"
                                                  "Accept-Encoding: gzip\r\n"
                                                  "ProjectUid: abc\r\n"
                                                  "\r\n");
    }

    TEST_CASE("a request with a body and a credential")
    {
        HttpRequest request = plain_request();
        request.method = "POST";
        request.credential_header = "ApiKey";
        request.credential = SecretHasher().make("canary", "test");
        request.body = "{}";
        request.headers.emplace_back("content-type", "application/merge-patch+json");
        REQUIRE(check_request(request));

        const std::string wire = write_request(*parse_origin("http://[::1]:8080"), request);

        CHECK(wire == "POST /v1/roles?limit=50 HTTP/1.1\r\n"
                      "Host: [::1]:8080\r\n"
                      "User-Agent: trueup/0.1.0\r\n"
                      "Accept: application/json\r\n"
                      "Accept-Encoding: gzip\r\n"
                      "content-type: application/merge-patch+json\r\n"
                      "ApiKey: canary\r\n"
                      "Content-Length: 2\r\n"
                      "\r\n{}");
    }

    TEST_CASE("an empty POST says that it is empty, and a body is JSON unless it says otherwise")
    {
        HttpRequest request = plain_request();
        request.method = "POST";
        CHECK(write_request(origin(), request).find("Content-Length: 0\r\n") != std::string::npos);
        request.body = "{}";
        CHECK(write_request(origin(), request).find("Content-Type: application/json\r\n") !=
              std::string::npos);
    }

    TEST_CASE("what could be read as something else is refused")
    {
        const std::string nul("a\0b", 3);
        for (const std::string& value : {std::string("a\rb"), std::string("a\nb"), nul}) {
            CAPTURE(value);
            HttpRequest header_value = plain_request();
            header_value.headers.emplace_back("X", value);
            HttpRequest header_name = plain_request();
            header_name.headers.emplace_back(value, "x");
            HttpRequest target = plain_request();
            target.target = "/" + value;
            HttpRequest method = plain_request();
            method.method = value;
            HttpRequest credential = plain_request();
            credential.credential_header = "ApiKey";
            credential.credential = SecretHasher().make(value, "test");
            for (const HttpRequest& request :
                 {header_value, header_name, target, method, credential}) {
                const auto checked = check_request(request);
                REQUIRE_FALSE(checked);
                CHECK(checked.error().code == Errc::invalid_input);
                CHECK(checked.error().effect == Effect::none);
                CHECK(checked.error().text().find(value) == std::string::npos);
            }
        }
    }

    TEST_CASE("headers that decide where a message ends or who it is for are not the caller's")
    {
        for (const std::string name :
             {"Host", "content-length", "Transfer-Encoding", "Connection"}) {
            CAPTURE(name);
            HttpRequest request = plain_request();
            request.headers.emplace_back(name, "1");
            CHECK_FALSE(check_request(request));
        }
        HttpRequest twice = plain_request();
        twice.credential_header = "ApiKey";
        twice.credential = SecretHasher().make("k", "test");
        twice.headers.emplace_back("apikey", "other");
        CHECK_FALSE(check_request(twice));
    }

    TEST_CASE("a target must be a path that is already encoded")
    {
        for (const std::string target : {"", "v1", "http://evil/", "/a b", "/\xC3\xA9"}) {
            CAPTURE(target);
            HttpRequest request = plain_request();
            request.target = target;
            CHECK_FALSE(check_request(request));
        }
    }

    TEST_CASE("a credential that is only remembered cannot be sent")
    {
        HttpRequest request = plain_request();
        request.credential_header = "ApiKey";
        request.credential = Secret::remembered("0123");
        CHECK_FALSE(check_request(request));
    }
}

TEST_SUITE("http: origin")
{
    TEST_CASE("parse_origin: what people write")
    {
        CHECK(parse_origin("https://API.example.com/")->text() == "https://api.example.com:443");
        CHECK(parse_origin("api.example.com")->text() == "https://api.example.com:443");
        CHECK(parse_origin("api.example.com:8443")->text() == "https://api.example.com:8443");
        CHECK(parse_origin("http://127.0.0.1:80")->text() == "http://127.0.0.1:80");
        CHECK(parse_origin("http://localhost")->text() == "http://localhost:80");
        CHECK(parse_origin("https://[::1]:8443")->text() == "https://[::1]:8443");
        CHECK(parse_origin("https://[::1]:8443")->host == "::1");
    }

    TEST_CASE("parse_origin: what is refused, without quoting it")
    {
        for (const std::string url : {"https://user:canary@host",
                                      "https://host/v1",
                                      "https://host?canary",
                                      "https://host#canary",
                                      "ftp://host",
                                      "file:///etc/passwd",
                                      "https://",
                                      "",
                                      "https://host:0",
                                      "https://host:99999",
                                      "https://ho st",
                                      "https://h%6Fst"}) {
            CAPTURE(url);
            const auto origin = parse_origin(url);
            REQUIRE_FALSE(origin);
            CHECK(origin.error().code == Errc::invalid_input);
            CHECK(origin.error().text().find("canary") == std::string::npos);
        }
    }
}

} // namespace trueup
