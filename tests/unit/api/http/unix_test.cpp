#include "api/http/client.hpp"
#include "api/http/server.hpp"
#include "api/http/unix_dialer.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/api/http/loopback_world.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace trueup {

using namespace loopback_test;

namespace {

namespace fs = std::filesystem;

UnixPlace at(const fs::path& path)
{
    UnixPlace place;
    place.path = path;
    return place;
}

unsigned mode_of(const fs::path& path)
{
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

int bound_socket(const fs::path& path)
{
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

int listening_socket(const fs::path& path)
{
    const int fd = bound_socket(path);
    REQUIRE(::listen(fd, 8) == 0);
    return fd;
}

// What a process leaves that was killed: a socket that nobody listens on.
void leave_dead_socket(const fs::path& path)
{
    ::close(bound_socket(path));
}

struct UnixWorld {
    Result<HttpResponse> get(const fs::path& path, const std::string& target)
    {
        const auto dialer = make_unix_dialer(clock, path, std::chrono::seconds(5));
        const auto client =
            make_http_client(*parse_origin("http://localhost"), *dialer, clock, HttpLimits());
        return run_task(context, client->send(request("GET", target)));
    }

    TempDir dir;
    asio::io_context context;
    ManualClock clock{context};
};

} // namespace

TEST_SUITE("http: unix sockets")
{
    TEST_CASE("a request over a Unix socket is answered, and the kernel says who asked")
    {
        UnixWorld world;
        const fs::path path = world.dir / "s";
        Peer seen;
        const auto server = make_unix_server(
            world.context, at(path), [&](const Peer& peer, const HttpRequest& call) {
                seen = peer;
                return reply(200, call.target);
            });
        REQUIRE(server);

        const auto answer = world.get(path, "/a");

        REQUIRE(answer);
        CHECK(answer->body == "/a");
        CHECK(seen.uid == ::getuid());
        CHECK(seen.gid == ::getgid());
        CHECK(seen.pid == ::getpid());
        std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
        ::getgroups(static_cast<int>(groups.size()), groups.data());
        std::ranges::sort(groups);
        std::ranges::sort(seen.groups);
        CHECK(seen.groups == groups);
    }

    TEST_CASE("the socket is for its user alone, or for a group too, and goes with the server")
    {
        UnixWorld world;
        const fs::path path = world.dir / "s";
        const PeerHandler handler = [](const Peer&, const HttpRequest&) { return reply(204); };
        {
            const auto own = make_unix_server(world.context, at(path), handler);
            REQUIRE(own);
            CHECK(mode_of(path) == 0600);
        }
        CHECK_FALSE(fs::exists(path));
        UnixPlace shared = at(path);
        shared.group = ::getgid();
        const auto server = make_unix_server(world.context, shared, handler);
        REQUIRE(server);
        CHECK(mode_of(path) == 0660);
        CHECK_FALSE(fs::exists(path.string() + ".new"));
    }

    TEST_CASE("a socket that already listens is taken over, and stays when the server goes")
    {
        UnixWorld world;
        const fs::path path = world.dir / "s";
        const PeerHandler handler = [](const Peer& peer, const HttpRequest&) {
            return reply(peer.uid == ::geteuid() ? 204 : 403);
        };
        UnixPlace given;
        given.inherited = listening_socket(path);
        {
            const auto server = make_unix_server(world.context, given, handler);
            REQUIRE(server);
            const auto answer = world.get(path, "/");
            REQUIRE(answer);
            CHECK(answer->status == 204);
        }
        CHECK(fs::exists(path));
    }

    TEST_CASE("a dead socket is replaced; a living one, a file or a long path is refused")
    {
        UnixWorld world;
        const fs::path path = world.dir / "s";
        const PeerHandler handler = [](const Peer&, const HttpRequest&) { return reply(204); };
        leave_dead_socket(path);

        auto first = make_unix_server(world.context, at(path), handler);
        REQUIRE(first);
        CHECK(world.get(path, "/"));
        const auto second = make_unix_server(world.context, at(path), handler);
        REQUIRE_FALSE(second);
        CHECK(second.error().code == Errc::busy);
        CHECK(world.get(path, "/"));

        std::ofstream(world.dir / "file") << "precious";
        const auto file = make_unix_server(world.context, at(world.dir / "file"), handler);
        REQUIRE_FALSE(file);
        CHECK(file.error().code == Errc::invalid_input);
        CHECK(fs::file_size(world.dir / "file") == 8);
        const auto deep =
            make_unix_server(world.context, at(world.dir / std::string(120, 'x')), handler);
        REQUIRE_FALSE(deep);
        CHECK(deep.error().code == Errc::invalid_input);
        const auto nowhere = make_unix_server(world.context, at(world.dir / "no/s"), handler);
        REQUIRE_FALSE(nowhere);
        CHECK(nowhere.error().code == Errc::network);
    }

    TEST_CASE("a server that goes leaves the socket of its successor alone")
    {
        UnixWorld world;
        const fs::path path = world.dir / "s";
        const PeerHandler handler = [](const Peer&, const HttpRequest&) { return reply(204); };
        auto first = make_unix_server(world.context, at(path), handler);
        REQUIRE(first);
        fs::remove(path);
        const auto second = make_unix_server(world.context, at(path), handler);
        REQUIRE(second);

        first->reset();

        CHECK(world.get(path, "/"));
    }

    TEST_CASE("without a server the dialer says so")
    {
        UnixWorld world;

        const auto answer = world.get(world.dir / "none", "/");

        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == Errc::network);
        CHECK(answer.error().text().find((world.dir / "none").string()) != std::string::npos);
    }
}

} // namespace trueup
