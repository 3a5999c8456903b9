#include "api/http/client.hpp"
#include "tests/support/scripted_stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

namespace trueup {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const std::string canary = "canary-5f1d";

HttpLimits small_limits()
{
    HttpLimits limits;
    limits.read_max = seconds(30);
    limits.call_max = seconds(60);
    limits.idle_max = seconds(20);
    limits.connections_max = 2;
    return limits;
}

// A client whose far ends are scripts, in virtual time.
struct World {
    explicit World(const HttpLimits& limits = small_limits())
        : client(make_http_client(*parse_origin("http://api.test"), dialer, clock, limits))
    {
    }

    Result<HttpResponse> send(HttpRequest request)
    {
        return clock.run(client->send(std::move(request)));
    }

    boost::asio::io_context context;
    ManualClock clock{context};
    ScriptedDialer dialer{context, clock};
    std::unique_ptr<HttpClient> client;
};

HttpRequest get()
{
    HttpRequest request;
    request.method = "GET";
    request.target = "/v1/things?token=" + canary;
    request.route = "GET /v1/things";
    request.credential_header = "ApiKey";
    request.credential = SecretHasher().make(canary, "test");
    request.repeatable = true;
    return request;
}

HttpRequest post()
{
    HttpRequest request = get();
    request.method = "POST";
    request.route = "POST /v1/things";
    request.body = "{\"password\":\"" + canary + "\"}";
    request.sensitive_body = true;
    request.repeatable = false;
    return request;
}

void check_failure(const Result<HttpResponse>& answer, Errc code, Effect effect)
{
    REQUIRE_FALSE(answer);
    CHECK_MESSAGE(answer.error().code == code, answer.error().text());
    CHECK(answer.error().effect == effect);
    CHECK(answer.error().text().find(canary) == std::string::npos);
    CHECK(answer.error().place.find("/v1/things") != std::string::npos);
}

} // namespace

TEST_SUITE("http: client")
{
    TEST_CASE("a call goes out whole and its answer comes back")
    {
        World world;
        Script& script = world.dialer.add().bytes(ok);
        script.write_max = 7;

        const auto answer = world.send(post());

        REQUIRE(answer);
        CHECK(answer->status == 200);
        CHECK(answer->body == "ok");
        CHECK(script.received.ends_with("\r\n\r\n{\"password\":\"" + canary + "\"}"));
        CHECK(script.received.find("ApiKey: " + canary + "\r\n") != std::string::npos);
        CHECK(world.dialer.dialled == std::vector{world.client->origin()});
        CHECK(world.clock.pending() == 0);
    }

    TEST_CASE("one connection serves a hundred calls")
    {
        World world;
        Script& script = world.dialer.add();
        for (int i = 0; i < 100; ++i)
            script.bytes(ok);

        for (int i = 0; i < 100; ++i)
            REQUIRE(world.send(get()));

        CHECK(world.dialer.dialled.size() == 1);
    }

    TEST_CASE("a connection that is out of step is not used again")
    {
        const std::string out_of_step[] = {
            ok + "x",
            "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        };
        for (const std::string& wire : out_of_step) {
            CAPTURE(wire);
            World world;
            Script& first = world.dialer.add().bytes(wire).bytes(ok);
            Script& second = world.dialer.add().bytes(ok);

            REQUIRE(world.send(get()));
            CHECK(first.closed);
            REQUIRE(world.send(get()));

            CHECK(world.dialer.dialled.size() == 2);
            CHECK_FALSE(second.received.empty());
        }
    }

    TEST_CASE("a connection is not used again after idle_max, after its last call, or when it is "
              "not quiet")
    {
        HttpLimits limits = small_limits();
        limits.requests_per_connection_max = 3;
        World world(limits);
        Script& first = world.dialer.add().bytes(ok).bytes(ok);
        Script& second = world.dialer.add().bytes(ok).bytes(ok).bytes(ok).bytes(ok);
        Script& third = world.dialer.add().bytes(ok);
        world.dialer.add().bytes(ok);

        REQUIRE(world.send(get()));
        world.clock.advance(limits.idle_max - milliseconds(1));
        REQUIRE(world.send(get()));
        CHECK(world.dialer.dialled.size() == 1);

        world.clock.advance(limits.idle_max);
        for (int i = 0; i < 3; ++i)
            REQUIRE(world.send(get()));
        CHECK(world.dialer.dialled.size() == 2);
        CHECK(first.closed);
        CHECK(second.closed);

        REQUIRE(world.send(get()));
        CHECK(world.dialer.dialled.size() == 3);
        third.idle = false;
        REQUIRE(world.send(get()));
        CHECK(world.dialer.dialled.size() == 4);
    }

    TEST_CASE("no more connections than allowed; who waits is served in turn")
    {
        World world;
        for (int i = 0; i < 2; ++i) {
            Script& script = world.dialer.add();
            for (int j = 0; j < 10; ++j)
                script.trickle("H", milliseconds(10)).bytes(ok.substr(1));
        }
        std::vector<int> finished;
        std::size_t most = 0;
        for (int i = 0; i < 10; ++i) {
            boost::asio::co_spawn(world.context.get_executor(),
                                  world.client->send(get()),
                                  [&finished, i](std::exception_ptr, Result<HttpResponse> answer) {
                                      if (answer)
                                          finished.push_back(i);
                                  });
        }
        for (int step = 0; step < 100; ++step) {
            world.clock.advance(milliseconds(1));
            most = std::max(most, world.dialer.dialled.size());
        }

        CHECK(finished == std::vector{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        CHECK(most == 2);
    }

    TEST_CASE("a place is given back when a call fails")
    {
        World world;
        for (int i = 0; i < 5; ++i)
            world.dialer.add().reset();
        world.dialer.add().bytes(ok);

        for (int i = 0; i < 5; ++i)
            REQUIRE_FALSE(world.send(get()));

        CHECK(world.send(get()));
    }

    TEST_CASE("a connection that ends at any byte of the answer gives a typed error")
    {
        const std::string answers[] = {
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n" + ok,
        };
        for (const std::string& wire : answers) {
            for (std::size_t k = 0; k < wire.size(); ++k) {
                CAPTURE(k);
                for (const bool politely : {true, false}) {
                    World world;
                    Script& script = world.dialer.add();
                    if (k != 0)
                        script.bytes(wire.substr(0, k));
                    politely ? script.end() : script.reset();

                    const auto answer = world.send(get());

                    check_failure(answer, Errc::network, Effect::unknown);
                    CHECK(world.dialer.dialled.size() == 1);
                    CHECK(script.closed);
                }
            }
        }
    }

    TEST_CASE("the effect is none only when not one byte was sent")
    {
        World world;
        world.dialer.add().fail_writes_after(0, boost::asio::error::broken_pipe);
        world.dialer.add().fail_writes_after(1, boost::asio::error::broken_pipe);

        check_failure(world.send(post()), Errc::network, Effect::none);
        check_failure(world.send(post()), Errc::network, Effect::unknown);
        check_failure(world.send(post()), Errc::network, Effect::none); // nobody answers the dialer
    }

    TEST_CASE(
        "a reused connection that turns out dead is replaced once, if the call may be repeated")
    {
        World world;
        world.dialer.add().bytes(ok).end();
        Script& fresh = world.dialer.add().bytes(ok);

        REQUIRE(world.send(get()));
        const auto answer = world.send(get());

        REQUIRE(answer);
        CHECK(world.dialer.dialled.size() == 2);
        CHECK(fresh.received.starts_with("GET "));
    }

    TEST_CASE("a call that must not be repeated is not repeated")
    {
        World world;
        world.dialer.add().bytes(ok).end();
        Script& fresh = world.dialer.add().bytes(ok);

        REQUIRE(world.send(get()));
        check_failure(world.send(post()), Errc::network, Effect::unknown);

        CHECK(world.dialer.dialled.size() == 1);
        CHECK(fresh.received.empty());
    }

    TEST_CASE("a call of which nothing was sent goes to a fresh connection whatever it is")
    {
        World world;
        Script& first = world.dialer.add().bytes(ok);
        Script& fresh = world.dialer.add().bytes(ok);
        REQUIRE(world.send(get()));
        first.fail_writes_after(0, boost::asio::error::broken_pipe);

        REQUIRE(world.send(post()));

        CHECK(fresh.received.starts_with("POST "));
    }

    TEST_CASE("a repeated call does not forget that it was sent before")
    {
        World world;
        world.dialer.add().bytes(ok).end();
        REQUIRE(world.send(get()));

        check_failure(world.send(get()), Errc::network, Effect::unknown);
        CHECK(world.dialer.dialled.size() == 2);
    }

    TEST_CASE("nothing is repeated once a byte of the answer came, or on a fresh connection")
    {
        World world;
        world.dialer.add().bytes(ok).bytes("H").end();
        world.dialer.add().end();
        world.dialer.add().bytes(ok);

        REQUIRE(world.send(get()));
        check_failure(world.send(get()), Errc::network, Effect::unknown);
        CHECK(world.dialer.dialled.size() == 1);
        check_failure(world.send(get()), Errc::network, Effect::unknown);
        CHECK(world.dialer.dialled.size() == 2);
    }

    TEST_CASE("a silent server is left after read_max")
    {
        World world;
        Script& script = world.dialer.add();
        const Instant start = world.clock.now();

        check_failure(world.send(get()), Errc::timed_out, Effect::unknown);

        CHECK(world.clock.now() - start == seconds(30));
        CHECK(script.closed);
    }

    TEST_CASE("a silent reused connection is not tried again: the call may have arrived")
    {
        World world;
        world.dialer.add().bytes(ok);
        world.dialer.add().bytes(ok);

        REQUIRE(world.send(get()));
        check_failure(world.send(get()), Errc::timed_out, Effect::unknown);
        CHECK(world.dialer.dialled.size() == 1);
    }

    TEST_CASE("a server that drips bytes is left after call_max")
    {
        World world;
        world.dialer.add().trickle(ok, seconds(5));
        const Instant start = world.clock.now();

        check_failure(world.send(get()), Errc::timed_out, Effect::unknown);

        CHECK(world.clock.now() - start == seconds(60));
    }

    TEST_CASE("a slow server that keeps within the limits is heard out")
    {
        World world;
        world.dialer.add().trickle(ok, seconds(1));

        CHECK(world.send(get()));
    }

    TEST_CASE("a server that takes no bytes is left after read_max")
    {
        World world;
        world.dialer.add().stall_writes_after(0);
        world.dialer.add().stall_writes_after(10);

        check_failure(world.send(post()), Errc::timed_out, Effect::none);
        check_failure(world.send(post()), Errc::timed_out, Effect::unknown);
    }

    TEST_CASE("a redirect is handed back, and nobody goes there")
    {
        for (const std::string where : {"https://evil.test/",
                                        "http://127.0.0.1:1/",
                                        "http://169.254.169.254/latest",
                                        "file:///etc/passwd",
                                        "/v1/things"}) {
            for (const int status : {301, 302, 303, 307, 308}) {
                World world;
                Script& script = world.dialer.add().bytes("HTTP/1.1 " + std::to_string(status) +
                                                          " Moved\r\nLocation: " + where +
                                                          "\r\nContent-Length: 0\r\n\r\n");

                const auto answer = world.send(get());

                REQUIRE(answer);
                CHECK(answer->status == status);
                CHECK(answer->header("location") == where);
                CHECK(world.dialer.dialled == std::vector{world.client->origin()});
                CHECK(script.received.find("GET ", 1) == std::string::npos);
            }
        }
    }

    TEST_CASE(
        "an answer that breaks the protocol or a limit ends the connection and is not repeated")
    {
        const std::pair<std::string, Errc> cases[] = {
            {"HTTP/1.1 200 OK\r\n\r\nuntil the end", Errc::rejected},
            {"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n", Errc::rejected},
            {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", Errc::rejected},
            {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", Errc::too_large},
            {"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", Errc::too_large},
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " +
                 std::string(70'000, 'x') + "\r\n\r\n",
             Errc::too_large},
            {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(1 << 20, 'x') +
                 "\r\na\r\n0\r\n\r\n",
             Errc::too_large},
        };
        for (const auto& item : cases) {
            const auto& [wire, code] = item;
            CAPTURE(item.first.substr(0, 60));
            World world;
            Script& first = world.dialer.add().bytes(ok).bytes(wire);
            world.dialer.add().bytes(ok);

            REQUIRE(world.send(get()));
            check_failure(world.send(get()), code, Effect::unknown);

            CHECK(first.closed);
            CHECK(world.dialer.dialled.size() == 1);
        }
    }

    TEST_CASE("a request that could smuggle another is not sent")
    {
        World world;
        HttpRequest request = get();
        request.headers.emplace_back("X", "a\r\nGET /evil HTTP/1.1");

        check_failure(world.send(std::move(request)), Errc::invalid_input, Effect::none);

        CHECK(world.dialer.dialled.empty());
    }

    TEST_CASE("a client may go while its calls wait")
    {
        World world;
        world.dialer.add();
        world.dialer.add();
        std::vector<Errc> ends;
        for (int i = 0; i < 4; ++i) {
            boost::asio::co_spawn(world.context.get_executor(),
                                  world.client->send(get()),
                                  [&](std::exception_ptr, Result<HttpResponse> answer) {
                                      if (!answer)
                                          ends.push_back(answer.error().code);
                                  });
        }
        world.clock.advance(seconds(1));
        CHECK(ends.empty());

        world.client.reset();
        world.clock.advance(seconds(1));
        CHECK(ends == std::vector{Errc::cancelled, Errc::cancelled});

        world.clock.advance(seconds(30));
        CHECK(ends.size() == 4);
        CHECK(ends.back() == Errc::timed_out);
    }

    TEST_CASE("everything may go at once with calls under way")
    {
        int ended = 0;
        {
            World world;
            world.dialer.add();
            world.dialer.add();
            for (int i = 0; i < 4; ++i) {
                boost::asio::co_spawn(world.context.get_executor(),
                                      world.client->send(get()),
                                      [&](std::exception_ptr, Result<HttpResponse>) { ++ended; });
            }
            world.clock.advance(seconds(1));
        }
        CHECK(ended == 0);
    }
}

} // namespace trueup
