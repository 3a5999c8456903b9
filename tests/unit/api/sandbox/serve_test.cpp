#include "api/http/client.hpp"
#include "api/sandbox/serve.hpp"
#include "tests/support/run_task.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

// A sandbox behind a socket, and a client of it.
class Served {
public:
    explicit Served(const std::string& plan)
        : clock_(make_system_clock(context_)), sandbox(make_sandbox({}))
    {
        auto faults = parse_fault_plan(plan);
        REQUIRE(faults);
        auto server = make_sandbox_server(context_, *clock_, *sandbox, "127.0.0.1", 0, *faults);
        REQUIRE(server);
        server_ = std::move(*server);
        const HttpLimits limits;
        auto dialer = make_network_dialer(context_, *clock_, TlsOptions{}, limits);
        REQUIRE(dialer);
        dialer_ = std::move(*dialer);
        auto origin = parse_origin("http://127.0.0.1:" + std::to_string(server_->port()));
        REQUIRE(origin);
        client_ = make_http_client(*origin, *dialer_, *clock_, limits);
    }

    Result<HttpResponse>
    send(const std::string& method, const std::string& target, const std::string& body)
    {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.route = method + " " + target;
        request.body = body;
        request.credential_header = "ApiKey";
        request.credential = SecretHasher().make("sandbox", "test");
        return run_task(context_, client_->send(std::move(request)));
    }

private:
    boost::asio::io_context context_;
    std::unique_ptr<Clock> clock_;

public:
    std::unique_ptr<Sandbox> sandbox;

private:
    std::unique_ptr<HttpServer> server_;
    std::unique_ptr<Dialer> dialer_;
    std::unique_ptr<HttpClient> client_;
};

const std::string project = R"({"metadata":{"name":"p"}})";

} // namespace

TEST_SUITE("sandbox: served")
{
    TEST_CASE("a client over TCP is answered as one in memory would be")
    {
        Served served("");

        const auto made = served.send("POST", "/v1/projects", project);
        const auto list = served.send("POST", "/v1/dashboard/projects", "{}");

        REQUIRE(made);
        CHECK(made->status == 201);
        CHECK_FALSE(made->header("AuditUid").empty());
        REQUIRE(list);
        CHECK(list->body.find("\"name\":\"p\"") != std::string::npos);
    }

    TEST_CASE("an answer that is cut leaves the effect behind, and the server goes on")
    {
        Served served("cut-after-write:1");

        const auto lost = served.send("POST", "/v1/projects", project);
        const auto next = served.send("POST", "/v1/projects", project);

        REQUIRE_FALSE(lost);
        CHECK(lost.error().effect == Effect::unknown);
        CHECK(served.sandbox->count("projects") == 1);
        REQUIRE(next);
        CHECK(next->status == 409);
    }

    TEST_CASE("an address that cannot be listened on is an error")
    {
        boost::asio::io_context context;
        const auto clock = make_system_clock(context);
        const auto sandbox = make_sandbox({});

        CHECK_FALSE(make_sandbox_server(context, *clock, *sandbox, "not-an-address", 0, {}));
    }
}
