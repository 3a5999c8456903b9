#include "api/http/unix_socket.hpp"

#include "api/http/unix_dialer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace trueup {

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;
using Protocol = asio::local::stream_protocol;

constexpr std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t groups_max = 65536; // NGROUPS_MAX of Linux

class UnixStream final : public ByteStream {
public:
    explicit UnixStream(UnixSocket socket) : socket_(std::move(socket)) {}

    void read_some(asio::mutable_buffer buffer, Done done) override
    {
        socket_.async_read_some(buffer, std::move(done));
    }
    void write_some(asio::const_buffer buffer, Done done) override
    {
        socket_.async_write_some(buffer, std::move(done));
    }
    void close() override
    {
        error_code ignored;
        socket_.close(ignored);
    }
    bool is_idle() override
    {
        char byte = 0;
        const ssize_t count =
            ::recv(socket_.native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }

private:
    UnixSocket socket_;
};

std::string message_of(int error_number)
{
    return error_code(error_number, boost::system::system_category()).message();
}

Result<void> check_length(const fs::path& path)
{
    if (path.empty() || path.string().size() > path_bytes_max)
        return Error{Errc::invalid_input,
                     "the path of a socket has 1 to " + std::to_string(path_bytes_max) + " bytes",
                     path.string(),
                     "choose a shorter one"};
    return {};
}

// Nothing, or a socket that nobody listens on any more, may stand where ours is to be.
Result<void> check_vacant(const fs::path& path)
{
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
        return {};
    if (!S_ISSOCK(status.st_mode))
        return Error{
            Errc::invalid_input, "something that is no socket stands there", path.string()};
    // Never waits: one that is too busy to accept is alive.
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, path_bytes_max);
    const int connected =
        ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error_number = connected == 0 ? 0 : errno;
    ::close(probe);
    if (error_number == ECONNREFUSED)
        return {};
    if (error_number != 0 && error_number != EAGAIN)
        return Error{Errc::network,
                     "the socket cannot be tried: " + message_of(error_number),
                     path.string()};
    return Error{Errc::busy,
                 "another process listens there",
                 path.string(),
                 "stop it, or choose another --socket"};
}

// Gives `path` its mode and group, then `listen`s: before that, nobody can connect.
Result<void> open_up(UnixAcceptor& acceptor, const fs::path& path, const UnixPlace& place)
{
    const auto keep = static_cast<uid_t>(-1);
    if (place.group && ::chown(path.c_str(), keep, *place.group) != 0)
        return Error{Errc::network,
                     "the socket cannot be given to the group: " + message_of(errno),
                     place.path.string(),
                     "the user that it runs as must be a member of that group"};
    if (::chmod(path.c_str(), place.group ? 0660 : 0600) != 0)
        return Error{Errc::network,
                     "the mode of the socket cannot be set: " + message_of(errno),
                     place.path.string()};
    error_code ec;
    acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec)
        return Error{Errc::network, "cannot listen: " + ec.message(), place.path.string()};
    return {};
}

class UnixDialer final : public Dialer {
public:
    UnixDialer(Clock& clock, fs::path path, Duration connect_max)
        : clock_(clock), path_(std::move(path)), connect_max_(connect_max)
    {
    }

    Task<Result<std::unique_ptr<ByteStream>>> dial(Origin) override
    {
        return open(clock_, path_, connect_max_);
    }

private:
    // Static: a coroutine that outlives the dialer must not look at it.
    static Task<Result<std::unique_ptr<ByteStream>>> open(Clock& clock, fs::path path, Duration max)
    {
        if (auto fits = check_length(path); !fits)
            co_return fits.error();
        const Executor executor = co_await asio::this_coro::executor;
        UnixSocket socket(executor);
        const Protocol::endpoint endpoint(path.string());
        const auto token = asio::as_tuple(asio::use_awaitable_t<Executor>{});
        const auto alarm = clock.alarm(max, [&socket] {
            error_code ignored;
            socket.close(ignored);
        });
        const auto [ec] = co_await socket.async_connect(endpoint, token);
        if (ec == asio::error::operation_aborted)
            co_return Error{Errc::timed_out, "nobody answers at " + path.string()};
        if (ec)
            co_return Error{Errc::network,
                            "cannot connect to " + path.string() + ": " + ec.message()};
        co_return make_unix_stream(std::move(socket));
    }

    Clock& clock_;
    fs::path path_;
    Duration connect_max_;
};

} // namespace

std::unique_ptr<ByteStream> make_unix_stream(UnixSocket socket)
{
    return std::make_unique<UnixStream>(std::move(socket));
}

Result<Peer> peer_of(UnixSocket& socket)
{
    const int fd = socket.native_handle();
    const Error unknown{Errc::network, "the kernel does not say who is connected"};
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        return unknown;
    Peer peer;
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;
    peer.pid = credentials.pid;
    // The first call says how many there are.
    length = 0;
    const int counted = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, nullptr, &length);
    if (counted == 0 || length == 0)
        return peer;
    if (errno != ERANGE || length > groups_max * sizeof(gid_t))
        return unknown;
    peer.groups.resize(length / sizeof(gid_t));
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length) != 0)
        return unknown;
    peer.groups.resize(length / sizeof(gid_t));
    return peer;
}

BoundPath::BoundPath(BoundPath&& other) noexcept
    : path_(std::move(other.path_)), device_(other.device_), inode_(other.inode_)
{
    other.path_.clear();
}

BoundPath::~BoundPath()
{
    struct stat status {};
    if (!path_.empty() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_)
        ::unlink(path_.c_str());
}

Result<BoundPath> listen_unix(UnixAcceptor& acceptor, const UnixPlace& place)
{
    if (place.inherited) {
        error_code taken;
        acceptor.assign(Protocol(), *place.inherited, taken);
        if (taken)
            return Error{Errc::network, "cannot take over a socket: " + taken.message()};
        return BoundPath();
    }
    // Bound under another name and renamed when everything about it is right, over what a dead
    // server left.
    const fs::path fresh = place.path.string() + ".new";
    if (auto fits = check_length(fresh); !fits)
        return fits.error();
    if (auto vacant = check_vacant(place.path); !vacant)
        return vacant.error();
    ::unlink(fresh.c_str());
    error_code ec;
    acceptor.open(Protocol(), ec);
    if (!ec)
        acceptor.bind(Protocol::endpoint(fresh.string()), ec);
    if (ec)
        return Error{Errc::network,
                     "cannot listen on a socket: " + ec.message(),
                     place.path.string(),
                     "its directory must exist and be writable"};
    auto opened = open_up(acceptor, fresh, place);
    struct stat status {};
    if (opened &&
        (::lstat(fresh.c_str(), &status) != 0 || ::rename(fresh.c_str(), place.path.c_str()) != 0))
        opened = Error{Errc::network,
                       "the socket cannot be put in place: " + message_of(errno),
                       place.path.string()};
    if (!opened) {
        ::unlink(fresh.c_str());
        return opened.error();
    }
    return BoundPath(place.path, status.st_dev, status.st_ino);
}

std::unique_ptr<Dialer> make_unix_dialer(Clock& clock, const fs::path& path, Duration connect_max)
{
    return std::make_unique<UnixDialer>(clock, path, connect_max);
}

} // namespace trueup
