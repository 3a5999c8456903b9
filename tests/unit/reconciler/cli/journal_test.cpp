#include "reconciler/cli/journal.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <optional>

using namespace trueup;

namespace {

// A journald that reads nothing until it is asked to.
class Listener {
public:
    explicit Listener(const std::filesystem::path& path)
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0))
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        void* const any = &address;
        REQUIRE(::bind(socket_, static_cast<sockaddr*>(any), sizeof address) == 0);
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { ::close(socket_); }

    std::string read() const
    {
        char buffer[4096];
        const ssize_t length = ::recv(socket_, buffer, sizeof buffer, 0);
        return length > 0 ? std::string(buffer, static_cast<std::size_t>(length)) : std::string();
    }

private:
    int socket_;
};

} // namespace

TEST_SUITE("cli: journal")
{
    TEST_CASE("a record is one datagram of fields; values with line breaks say their length")
    {
        const TempDir directory;
        const Listener listener(directory / "socket");
        const Journal journal(directory / "socket");

        CHECK(journal.send({{"MESSAGE", "done"}, {"TRUEUP_VERB", ""}, {"PRIORITY", "6"}}));
        CHECK(listener.read() == "MESSAGE=done\nPRIORITY=6\n");
        CHECK(journal.send({{"MESSAGE", "two\nlines=x"}}));
        using namespace std::string_literals;
        CHECK(listener.read() == "MESSAGE\n\x0b\0\0\0\0\0\0\0two\nlines=x\n"s);
    }

    TEST_CASE("nobody there, nobody who reads, or too long a record: it says so and does not wait")
    {
        const TempDir directory;
        CHECK_FALSE(Journal(directory / "socket").send({{"MESSAGE", "done"}}));
        const Listener listener(directory / "socket");
        const Journal journal(directory / "socket");
        CHECK_FALSE(journal.send({{"MESSAGE", std::string(16U << 20U, 'x')}}));
        int sent = 0;
        while (sent < 1'000'000 && journal.send({{"MESSAGE", "done"}}))
            ++sent;
        CHECK(sent > 0);
        CHECK(sent < 1'000'000);
        listener.read();
        CHECK(journal.send({{"MESSAGE", "done"}}));
    }

    TEST_CASE("a journal that is gone by now does not take it either, and ends nothing")
    {
        const TempDir directory;
        std::optional<Listener> listener(std::in_place, directory / "socket");
        const Journal journal(directory / "socket");
        CHECK(journal.send({{"MESSAGE", "done"}}));

        listener.reset();

        CHECK_FALSE(journal.send({{"MESSAGE", "done"}}));
    }
}
