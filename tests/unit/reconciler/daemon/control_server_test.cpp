// The control server over real sockets.

#include "api/http/client.hpp"
#include "api/http/stream_io.hpp"
#include "api/http/unix_dialer.hpp"
#include "reconciler/daemon/control_server.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/reconciler/daemon/control_fake.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace trueup {

using namespace control_test;

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr const char* token_text = "t0ken-abcdef";

struct ServerWorld {
    ServerWorld() { options.socket = dir / "control.sock"; }

    void with_tcp()
    {
        options.listen = "127.0.0.1:0";
        options.token = test_token();
    }
    static Secret test_token() { return SecretHasher().make(token_text, "file:/token"); }

    void start()
    {
        auto made = make_control_server(context, *random, api, options);
        REQUIRE(made);
        server = std::move(*made);
    }

    // Says `text` to whoever `dialer` reaches, and returns what comes until `enough`, or the end.
    static Task<std::string>
    converse(Dialer& dialer, Origin origin, std::string text, std::string enough)
    {
        auto stream = co_await dialer.dial(std::move(origin));
        if (!stream)
            co_return "no connection: " + stream.error().text();
        const asio::const_buffer all = asio::buffer(text);
        co_await write_some(**stream, all);
        std::string heard;
        std::array<char, 4096> block{};
        const asio::mutable_buffer space = asio::buffer(block);
        while (enough.empty() || heard.find(enough) == std::string::npos) {
            const auto [ec, count] = co_await read_some(**stream, space);
            heard.append(block.data(), count);
            if (ec)
                break;
        }
        co_return heard;
    }

    std::string over_socket(std::string text, std::string enough = "")
    {
        const auto dialer = make_unix_dialer(clock, options.socket, std::chrono::seconds(5));
        return run_task(context, converse(*dialer, Origin(), std::move(text), std::move(enough)));
    }
    std::string over_tcp(const std::string& headers, const std::string& target = "/v1/status")
    {
        auto network = make_network_dialer(context, clock, TlsOptions(), HttpLimits());
        REQUIRE(network);
        auto origin = parse_origin("http://127.0.0.1:" + std::to_string(server->port()));
        REQUIRE(origin);
        return run_task(
            context,
            converse(**network,
                     *origin,
                     "GET " + target + " HTTP/1.1\r\nConnection: close\r\n" + headers + "\r\n",
                     ""));
    }

    TempDir dir;
    asio::io_context context;
    ManualClock clock{context};
    std::unique_ptr<Random> random = make_seeded_random(1);
    FakeControl control;
    EventHub events{clock};
    Metrics metrics{"0.1.0"};
    ControlApi api{control, events, metrics, clock};
    ControlOptions options;
    std::unique_ptr<ControlServer> server;
};

const std::string bearer = std::string("Authorization: Bearer ") + token_text + "\r\n";

// Connects to `path` as the user `nobody` and returns what a request is answered with. Only root
// can become somebody else.
std::string ask_as_nobody(ServerWorld& world)
{
    constexpr uid_t nobody = 65534;
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, world.options.socket.c_str(), sizeof address.sun_path - 1);
        const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const bool there =
            ::setgid(nobody) == 0 && ::setuid(nobody) == 0 &&
            ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        const std::string request = "GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n";
        std::array<char, 4096> answer{};
        ssize_t count = 0;
        if (there && ::write(fd, request.data(), request.size()) > 0)
            count = ::read(fd, answer.data(), answer.size());
        if (count > 0)
            count = ::write(ends[1], answer.data(), static_cast<std::size_t>(count));
        ::_exit(count > 0 ? 0 : 1);
    }
    ::close(ends[1]);
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        world.context.restart();
        world.context.run_one_for(std::chrono::milliseconds(20));
    }
    std::array<char, 4096> answer{};
    const ssize_t count = ::read(ends[0], answer.data(), answer.size());
    ::close(ends[0]);
    return {answer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
}

} // namespace

TEST_SUITE("daemon: control server")
{
    TEST_CASE("the socket answers, and knows who asks")
    {
        ServerWorld world;
        world.start();

        const std::string status =
            world.over_socket("GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n");
        const std::string asked =
            world.over_socket("POST /v1/reconcile HTTP/1.1\r\nConnection: close\r\n"
                              "Content-Length: 0\r\n\r\n");

        CHECK(status.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(status.find("\"owner\":\"payments-prod\"") != std::string::npos);
        CHECK(asked.starts_with("HTTP/1.1 202 "));
        CHECK(world.control.asked ==
              std::vector<std::string>{"reconcile by uid:" + std::to_string(::getuid())});
    }

    TEST_CASE("who may speak: root, the daemon's user, and the group")
    {
        Peer peer;
        peer.uid = 1000;
        peer.gid = 1000;
        peer.groups = {4, 24};
        CHECK_FALSE(admits(peer, 990, std::nullopt));
        CHECK_FALSE(admits(peer, 990, 990));
        CHECK(admits(peer, 1000, std::nullopt));
        CHECK(admits(peer, 990, 1000));
        CHECK(admits(peer, 990, 24));
        peer.uid = 0;
        CHECK(admits(peer, 990, std::nullopt));
    }

    TEST_CASE("a user who has no business here is turned away by the kernel's word")
    {
        if (::getuid() != 0) {
            MESSAGE("skipped: only root can become another user");
            return;
        }
        ServerWorld world;
        world.start();
        // As if somebody had opened the directory and the socket to all.
        fs::permissions(world.dir.path(), fs::perms::all);
        fs::permissions(world.options.socket, fs::perms::all);

        const std::string answer = ask_as_nobody(world);

        CHECK(answer.starts_with("HTTP/1.1 403 "));
        CHECK(answer.find("payments-prod") == std::string::npos);
    }

    TEST_CASE("TCP wants the token and a Host of its own")
    {
        ServerWorld world;
        world.with_tcp();
        world.start();
        const std::string host = "Host: 127.0.0.1:" + std::to_string(world.server->port()) + "\r\n";

        CHECK(world.over_tcp(host + bearer).starts_with("HTTP/1.1 200 "));
        CHECK(world.over_tcp("Host: localhost\r\n" + bearer).starts_with("HTTP/1.1 200 "));
        CHECK(world.over_tcp("Host: [::1]:80\r\n" + bearer).starts_with("HTTP/1.1 200 "));

        CHECK(world.over_tcp(host).starts_with("HTTP/1.1 401 "));
        CHECK(world.over_tcp(host, "/healthz").starts_with("HTTP/1.1 401 "));
        CHECK(world.over_tcp(host + "Authorization: Bearer \r\n").starts_with("HTTP/1.1 401 "));
        CHECK(world.over_tcp(host + "Authorization: Bearer t0ken-abcdeg\r\n")
                  .starts_with("HTTP/1.1 401 "));
        CHECK(world.over_tcp(host + "Authorization: Basic t0ken-abcdef\r\n")
                  .starts_with("HTTP/1.1 401 "));
        for (const std::string evil : {"Host: evil.example:80\r\n",
                                       "Host: 127.0.0.1.evil.example\r\n",
                                       "Host: localhost.evil.example:1\r\n",
                                       "Host: \r\n",
                                       ""}) {
            CAPTURE(evil);
            const std::string answer = world.over_tcp(evil + bearer);
            CHECK(answer.starts_with("HTTP/1.1 403 "));
            CHECK(answer.find("payments-prod") == std::string::npos);
        }
    }

    TEST_CASE("TCP is loopback with a token, or not at all")
    {
        ServerWorld world;
        const auto code_of = [&](const std::string& listen, std::optional<Secret> token) {
            world.options.listen = listen;
            world.options.token = std::move(token);
            const auto made =
                make_control_server(world.context, *world.random, world.api, world.options);
            return made ? Errc::internal : made.error().code;
        };

        for (const std::string address : {"0.0.0.0:0",
                                          "192.0.2.1:80",
                                          "[::]:80",
                                          "localhost:80",
                                          "127.0.0.1",
                                          "127.0.0.1:x",
                                          "127.0.0.1:70000",
                                          ":80"}) {
            CAPTURE(address);
            CHECK(code_of(address, ServerWorld::test_token()) == Errc::invalid_input);
        }
        CHECK(code_of("127.0.0.1:0", std::nullopt) == Errc::invalid_input);
        CHECK_FALSE(fs::exists(world.options.socket));
    }

    TEST_CASE("an unknown group is an error before anything listens")
    {
        ServerWorld world;
        world.options.group = "no-such-group";
        const auto made =
            make_control_server(world.context, *world.random, world.api, world.options);
        REQUIRE_FALSE(made);
        CHECK(made.error().code == Errc::invalid_input);
        CHECK_FALSE(fs::exists(world.options.socket));
    }

    TEST_CASE("too much is refused, however it comes")
    {
        ServerWorld world;
        world.start();

        const std::string body =
            world.over_socket("POST /v1/approve HTTP/1.1\r\nContent-Length: 65537\r\n\r\n");
        const std::string header = world.over_socket(
            "GET /v1/status HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
        const std::string nonsense = world.over_socket("EHLO trueup\r\n\r\n");

        CHECK(body.starts_with("HTTP/1.1 413 "));
        CHECK(header.starts_with("HTTP/1.1 413 "));
        CHECK(nonsense.starts_with("HTTP/1.1 400 "));
        CHECK(world.control.asked.empty());
    }

    TEST_CASE("events stream over the socket as they happen")
    {
        ServerWorld world;
        world.start();
        std::string heard;
        bool over = false;
        const auto dialer =
            make_unix_dialer(world.clock, world.options.socket, std::chrono::seconds(5));
        asio::co_spawn(world.context,
                       ServerWorld::converse(*dialer,
                                             Origin(),
                                             "GET /v1/events HTTP/1.1\r\nLast-Event-ID: 0\r\n\r\n",
                                             "number three"),
                       [&](std::exception_ptr, std::string text) {
                           heard = std::move(text);
                           over = true;
                       });
        int emitted = 0;
        const std::vector<std::string> words{"number one", "number two", "number three"};
        while (!over) {
            REQUIRE(world.context.run_one_for(std::chrono::seconds(30)) != 0);
            if (emitted < 3)
                world.events.emit(Event(
                    EventType::note, Level::info, words[static_cast<std::size_t>(emitted++)]));
        }

        CHECK(heard.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"));
        CHECK(heard.find("Transfer-Encoding: chunked\r\n") != std::string::npos);
        CHECK(heard.find("number one") < heard.find("number two"));
        CHECK(heard.find("number three") != std::string::npos);
    }

    TEST_CASE("the server can go while somebody listens")
    {
        ServerWorld world;
        world.start();
        std::string heard;
        bool over = false;
        const auto dialer =
            make_unix_dialer(world.clock, world.options.socket, std::chrono::seconds(5));
        asio::co_spawn(
            world.context,
            ServerWorld::converse(*dialer, Origin(), "GET /v1/events HTTP/1.1\r\n\r\n", "never"),
            [&](std::exception_ptr, std::string text) {
                heard = std::move(text);
                over = true;
            });
        for (int i = 0; i < 20; ++i)
            world.context.run_one_for(std::chrono::milliseconds(20));

        world.server.reset();
        while (!over)
            REQUIRE(world.context.run_one_for(std::chrono::seconds(30)) != 0);

        CHECK(heard.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK_FALSE(fs::exists(world.options.socket));
    }
}

} // namespace trueup
