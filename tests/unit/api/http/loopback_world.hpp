// A real server and a real client on the loopback interface, for the tests of both.

#pragma once

#include "api/http/client.hpp"
#include "api/http/server.hpp"
#include "tests/support/counting_dialer.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

namespace trueup::loopback_test {

namespace asio = boost::asio;

inline ServerReply reply(int status, std::string body = "")
{
    ServerReply reply;
    reply.response.status = status;
    reply.response.body = std::move(body);
    return reply;
}

inline HttpRequest request(std::string method, std::string target, std::string body = "")
{
    HttpRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.route = request.method + " " + request.target;
    request.body = std::move(body);
    return request;
}

inline Origin loopback(unsigned short port)
{
    return *parse_origin("http://127.0.0.1:" + std::to_string(port));
}

// A real server and a real client; only time stands still.
struct World {
    explicit World(ServerHandler handler)
        : server(std::move(*make_http_server(context, "127.0.0.1", 0, std::move(handler)))),
          network(std::move(*make_network_dialer(context, clock, TlsOptions(), limits))),
          client(make_http_client(loopback(server->port()), dialer, clock, limits))
    {
    }

    Result<HttpResponse> send(HttpRequest call)
    {
        return run_task(context, client->send(std::move(call)));
    }
    // Starts a call that is not expected to end by itself.
    void start(HttpRequest call, std::optional<Result<HttpResponse>>& answer)
    {
        asio::co_spawn(context.get_executor(),
                       client->send(std::move(call)),
                       [&](std::exception_ptr, Result<HttpResponse> result) {
                           answer.emplace(std::move(result));
                       });
    }
    void run_until(const std::function<bool()>& done)
    {
        context.restart();
        while (!done())
            REQUIRE(context.run_one_for(std::chrono::seconds(60)) != 0);
    }

    asio::io_context context;
    ManualClock clock{context};
    HttpLimits limits;
    std::unique_ptr<HttpServer> server;
    std::unique_ptr<Dialer> network;
    CountingDialer dialer{*network};
    std::unique_ptr<HttpClient> client;
};

} // namespace trueup::loopback_test
