#include "api/http/tcp.hpp"
#include "tests/unit/api/http/loopback_world.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

namespace trueup {

using namespace loopback_test;

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

// A port where connections are made and never accepted; once its queue is full, they are not even
// made.
struct DeafPort {
    explicit DeafPort(asio::io_context& context) : acceptor(context.get_executor())
    {
        const TcpEndpoint endpoint(asio::ip::address_v4::loopback(), 0);
        acceptor.open(endpoint.protocol());
        acceptor.bind(endpoint);
        acceptor.listen(0);
    }

    // Connects until the queue is full: from then on nothing answers.
    void fill(asio::io_context& context)
    {
        for (int i = 0; i < 4; ++i) {
            fillers.emplace_back(context.get_executor());
            fillers.back().async_connect(endpoint(), [](boost::system::error_code) {});
        }
        context.restart();
        context.poll();
    }
    TcpEndpoint endpoint() const { return acceptor.local_endpoint(); }

    Acceptor acceptor;
    std::vector<TcpSocket> fillers;
};

// Tries for five seconds.
void start_connect(asio::io_context& context,
                   Clock& clock,
                   std::vector<TcpEndpoint> endpoints,
                   std::optional<Result<TcpSocket>>& socket)
{
    asio::co_spawn(
        context.get_executor(),
        [](Clock& time,
           std::vector<TcpEndpoint> where,
           std::optional<Result<TcpSocket>>& slot) -> Task<void> {
            slot.emplace(co_await connect_any(time, std::move(where), seconds(5)));
        }(clock, std::move(endpoints), socket),
        [](std::exception_ptr) {});
}

TcpEndpoint closed_port(asio::io_context& context)
{
    Acceptor acceptor(context.get_executor());
    acceptor.open(asio::ip::tcp::v4());
    acceptor.bind(TcpEndpoint(asio::ip::address_v4::loopback(), 0));
    return acceptor.local_endpoint();
}

} // namespace

TEST_SUITE("http: sockets")
{
    TEST_CASE("what the handler sees and what the client gets")
    {
        std::vector<HttpRequest> seen;
        World world([&](const HttpRequest& call) {
            seen.push_back(call);
            ServerReply answer = reply(201, "{\"uid\":\"1\"}");
            answer.response.headers.emplace_back("AuditUid", "a-1");
            return answer;
        });
        HttpRequest call = request("POST", "/v1/things?x=1", "{}");
        call.headers.emplace_back("ProjectUid", "p-1");
        call.credential_header = "ApiKey";
        call.credential = SecretHasher().make("key", "test");

        const auto answer = world.send(std::move(call));

        REQUIRE(answer);
        CHECK(answer->status == 201);
        CHECK(answer->header("audituid") == "a-1");
        CHECK(answer->body == "{\"uid\":\"1\"}");
        REQUIRE(seen.size() == 1);
        CHECK(seen[0].method == "POST");
        CHECK(seen[0].target == "/v1/things?x=1");
        CHECK(seen[0].body == "{}");
        const auto has = [&](const std::string& name, const std::string& value) {
            return std::ranges::any_of(seen[0].headers, [&](const Header& header) {
                return header.name == name && header.value == value;
            });
        };
        CHECK(has("ProjectUid", "p-1"));
        CHECK(has("ApiKey", "key"));
        CHECK(has("Host", "127.0.0.1:" + std::to_string(world.server->port())));
    }

    TEST_CASE("a hundred pages take one connection and a few reads each")
    {
        const std::string page(28'000, 'x');
        World world([&](const HttpRequest&) { return reply(200, page); });

        for (int i = 0; i < 100; ++i) {
            const auto answer = world.send(request("GET", "/"));
            REQUIRE(answer);
            REQUIRE(answer->body == page);
        }

        CHECK(world.dialer.counts.dials == 1);
        CHECK(world.dialer.counts.writes == 100);
        // A buffer that grows from 512 bytes would take 56 reads a page.
        CHECK(world.dialer.counts.reads <= 400);
    }

    TEST_CASE("bodies of megabytes pass both ways")
    {
        World world([](const HttpRequest& call) { return reply(200, call.body); });
        const std::string body(5U << 20U, 'b');

        const auto answer = world.send(request("PUT", "/", body));

        REQUIRE(answer);
        CHECK(answer->body == body);
    }

    TEST_CASE("an idle connection that the server closed is noticed before a call is lost on it")
    {
        World world([](const HttpRequest&) {
            ServerReply answer;
            answer.verbatim = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            answer.cut_after_bytes = answer.verbatim->size();
            return answer;
        });

        for (int i = 0; i < 3; ++i) {
            REQUIRE(world.send(request("POST", "/")));
            world.context.restart();
            world.context.poll();
        }

        CHECK(world.dialer.counts.dials == 3);
    }

    TEST_CASE("a reply that is cut off anywhere is an error whose effect is unknown")
    {
        const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        std::size_t keep = 0;
        std::size_t effects = 0;
        World world([&](const HttpRequest&) {
            ++effects;
            ServerReply answer;
            answer.verbatim = whole;
            answer.cut_after_bytes = keep;
            return answer;
        });

        for (keep = 0; keep < whole.size(); ++keep) {
            const auto answer = world.send(request("POST", "/"));
            REQUIRE_FALSE(answer);
            CHECK(answer.error().code == Errc::network);
            CHECK(answer.error().effect == Effect::unknown);
        }
        CHECK(effects == whole.size());
    }

    TEST_CASE("a handler can cut the connection, and its effect stays")
    {
        int effects = 0;
        World world([&](const HttpRequest&) {
            ++effects;
            ServerReply answer;
            answer.cut = true;
            return answer;
        });

        const auto answer = world.send(request("POST", "/"));

        REQUIRE_FALSE(answer);
        CHECK(answer.error().effect == Effect::unknown);
        CHECK(effects == 1);
    }

    TEST_CASE(
        "a delayed reply runs into the client's deadline; the server goes without waiting for it")
    {
        int calls = 0;
        World world([&](const HttpRequest&) {
            ++calls;
            ServerReply answer = reply(200);
            answer.delay = hours(1);
            return answer;
        });
        std::optional<Result<HttpResponse>> answer;
        world.start(request("GET", "/"), answer);
        world.run_until([&] { return calls == 1; });

        world.clock.advance(world.limits.read_max);

        REQUIRE(answer);
        REQUIRE_FALSE(*answer);
        CHECK(answer->error().code == Errc::timed_out);
        CHECK(answer->error().effect == Effect::unknown);
        world.server.reset();
        world.context.restart();
        world.context.run_for(seconds(60));
        CHECK(world.context.stopped()); // nothing is left to wait for
    }

    TEST_CASE("a short delay only delays")
    {
        World world([](const HttpRequest&) {
            ServerReply answer = reply(200, "late");
            answer.delay = milliseconds(1);
            return answer;
        });

        const auto answer = world.send(request("GET", "/"));

        REQUIRE(answer);
        CHECK(answer->body == "late");
    }

    TEST_CASE("the server may go while clients are connected, and a new one is found dead politely")
    {
        World world([](const HttpRequest&) { return reply(200); });
        REQUIRE(world.send(request("GET", "/")));

        world.server.reset();
        world.context.restart();
        world.context.run_for(seconds(60));

        const auto answer = world.send(request("GET", "/"));
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Errc::network);
        CHECK(answer.error().effect == Effect::none);
    }

    TEST_CASE("everything may go at once with calls under way")
    {
        auto world = std::make_unique<World>([](const HttpRequest&) {
            ServerReply answer = reply(200);
            answer.delay = hours(1);
            return answer;
        });
        std::optional<Result<HttpResponse>> answers[12];
        for (auto& answer : answers)
            world->start(request("GET", "/"), answer);
        world->context.restart();
        world->context.poll();

        world.reset();

        for (const auto& answer : answers)
            CHECK_FALSE(answer);
    }

    TEST_CASE("nobody listens: the error says where, and that nothing was sent")
    {
        World world([](const HttpRequest&) { return reply(200); });
        const auto port = closed_port(world.context).port();
        const auto client =
            make_http_client(loopback(port), *world.network, world.clock, world.limits);

        const auto answer = run_task(world.context, client->send(request("POST", "/")));

        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Errc::network);
        CHECK(answer.error().effect == Effect::none);
        CHECK(answer.error().message.find("http://127.0.0.1:" + std::to_string(port)) !=
              std::string::npos);
        CHECK(answer.error().message.find("refused") != std::string::npos);
    }

    TEST_CASE("a host that does not answer is left after connect_max")
    {
        World world([](const HttpRequest&) { return reply(200); });
        DeafPort deaf(world.context);
        deaf.fill(world.context);
        world.client = make_http_client(
            loopback(deaf.endpoint().port()), *world.network, world.clock, world.limits);
        std::optional<Result<HttpResponse>> answer;
        world.start(request("POST", "/"), answer);

        world.clock.advance(world.limits.connect_max - milliseconds(1));
        CHECK_FALSE(answer);
        world.clock.advance(milliseconds(1));

        REQUIRE(answer);
        REQUIRE_FALSE(*answer);
        CHECK(answer->error().code == Errc::timed_out);
        CHECK(answer->error().effect == Effect::none);
    }

    TEST_CASE("connect_any: a refused address costs nothing, a deaf one a moment")
    {
        asio::io_context context;
        ManualClock clock(context);
        DeafPort deaf(context);
        deaf.fill(context);
        Acceptor good(context.get_executor(), TcpEndpoint(asio::ip::address_v4::loopback(), 0));

        std::vector<TcpEndpoint> refused{closed_port(context), good.local_endpoint()};
        const auto first = run_task(context, connect_any(clock, refused, seconds(5)));
        REQUIRE(first);
        CHECK(first->remote_endpoint() == good.local_endpoint());

        std::vector<TcpEndpoint> waiting{deaf.endpoint(), good.local_endpoint()};
        const Instant start = clock.now();
        std::optional<Result<TcpSocket>> second;
        start_connect(context, clock, waiting, second);
        clock.advance(milliseconds(249));
        CHECK_FALSE(second);
        clock.advance(milliseconds(1));
        context.restart();
        while (!second)
            REQUIRE(context.run_one_for(seconds(60)) != 0);
        REQUIRE(*second);
        CHECK((*second)->remote_endpoint() == good.local_endpoint());
        CHECK(clock.now() - start == milliseconds(250));
    }

    TEST_CASE("connect_any: when all addresses fail, so does it")
    {
        asio::io_context context;
        ManualClock clock(context);
        std::vector<TcpEndpoint> refused{closed_port(context), closed_port(context)};

        const auto none = run_task(context, connect_any(clock, refused, seconds(5)));
        const auto empty = run_task(context, connect_any(clock, {}, seconds(5)));

        REQUIRE_FALSE(none);
        CHECK(none.error().code == Errc::network);
        REQUIRE_FALSE(empty);
        CHECK(empty.error().code == Errc::network);
    }

    TEST_CASE("of fifty addresses the one that lives is found, wherever it stands")
    {
        asio::io_context context;
        ManualClock clock(context);
        Acceptor good(context.get_executor(), TcpEndpoint(asio::ip::address_v4::loopback(), 0));
        // Nobody listens on the other addresses of the loopback.
        const auto port = good.local_endpoint().port();
        const auto dead = [port](unsigned char last) {
            const asio::ip::address_v4::bytes_type bytes{127, 0, 1, last};
            return TcpEndpoint(asio::ip::address_v4(bytes), port);
        };
        for (const std::size_t place : {0U, 15U, 16U, 49U}) {
            CAPTURE(place);
            std::vector<TcpEndpoint> found;
            for (unsigned char i = 0; i < 50; ++i)
                found.push_back(i == place ? good.local_endpoint() : dead(i));
            const Instant start = clock.now();

            const auto connected =
                run_task(context, connect_any(clock, interleave(found), seconds(5)));

            REQUIRE(connected);
            CHECK(connected->remote_endpoint() == good.local_endpoint());
            CHECK(clock.now() == start); // what refuses costs no time
        }
    }

    TEST_CASE("of fifty addresses that are deaf some are tried, and then the time is over")
    {
        asio::io_context context;
        ManualClock clock(context);
        DeafPort deaf(context);
        deaf.fill(context);
        const std::vector<TcpEndpoint> found(50, deaf.endpoint());
        std::optional<Result<TcpSocket>> none;
        start_connect(context, clock, interleave(found), none);

        clock.advance(seconds(5) - milliseconds(1));
        CHECK_FALSE(none);
        clock.advance(milliseconds(1));

        REQUIRE(none);
        REQUIRE_FALSE(*none);
        CHECK(none->error().code == Errc::timed_out);
    }

    TEST_CASE("the addresses of a host are tried family by family in turns, and not all of many")
    {
        const TcpEndpoint four(asio::ip::address_v4::loopback(), 1);
        const TcpEndpoint six(asio::ip::address_v6::loopback(), 1);
        CHECK(interleave({four, four, four, six, six}) ==
              std::vector<TcpEndpoint>{four, six, four, six, four});
        CHECK(interleave(std::vector<TcpEndpoint>(1000, four)).size() == 64);
    }

    TEST_CASE("a host name is looked up; one that does not exist is named in the error")
    {
        World world([](const HttpRequest&) { return reply(200, "found"); });
        Origin origin = loopback(world.server->port());
        origin.host = "localhost";
        auto client = make_http_client(origin, *world.network, world.clock, world.limits);
        const auto answer = run_task(world.context, client->send(request("GET", "/")));
        REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().text()));
        CHECK(answer->body == "found");

        origin.host = "no..such..host";
        client = make_http_client(origin, *world.network, world.clock, world.limits);
        const auto lost = run_task(world.context, client->send(request("GET", "/")));
        REQUIRE_FALSE(lost);
        CHECK(lost.error().code == Errc::network);
        CHECK(lost.error().effect == Effect::none);
        CHECK(lost.error().message.find("no..such..host") != std::string::npos);
    }
}

} // namespace trueup
