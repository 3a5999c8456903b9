#include "api/http/tcp.hpp"

#include "api/http/host_lookup.hpp"
#include "api/http/one_shot.hpp"

#include <boost/asio/this_coro.hpp>
#include <sys/socket.h>

#include <algorithm>

namespace trueup {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Addresses that are tried for one host, and how long one may keep us waiting before the next joins
// in. Those that refuse cost nothing.
constexpr std::size_t addresses_max = 64;
constexpr Duration stagger = std::chrono::milliseconds(250);

class TcpStream final : public ByteStream {
public:
    explicit TcpStream(TcpSocket socket) : socket_(std::move(socket)) {}

    void read_some(asio::mutable_buffer buffer, Done done) override
    {
        socket_.async_read_some(buffer, std::move(done));
    }
    void write_some(asio::const_buffer buffer, Done done) override
    {
        socket_.async_write_some(buffer, std::move(done));
    }
    void close() override { close_socket(socket_); }
    bool is_idle() override { return is_quiet(socket_); }

private:
    TcpSocket socket_;
};

// Several connects at once; the first that succeeds ends the race. Handlers that are still under
// way keep it alive, so whoever waits may go.
class ConnectRace : public std::enable_shared_from_this<ConnectRace> {
public:
    ConnectRace(Executor executor, Clock& clock, std::vector<TcpEndpoint> endpoints)
        : executor_(executor), clock_(clock), endpoints_(std::move(endpoints)), result_(executor)
    {
        sockets_.reserve(endpoints_.size());
    }

    Task<Result<TcpSocket>> run(Duration max)
    {
        limit_ = clock_.alarm(max, [weak = weak_from_this()] {
            if (const auto self = weak.lock())
                self->finish(Error{Errc::timed_out, "no address answered in time"});
        });
        start_next();
        return result_.take();
    }

private:
    void start_next()
    {
        const std::size_t index = sockets_.size();
        if (index == endpoints_.size())
            return;
        ++pending_;
        sockets_.emplace_back(executor_);
        sockets_[index].async_connect(
            endpoints_[index],
            [self = shared_from_this(), index](error_code ec) { self->on_connect(index, ec); });
        next_ = clock_.alarm(stagger, [weak = weak_from_this()] {
            if (const auto self = weak.lock())
                self->start_next();
        });
    }

    void on_connect(std::size_t index, error_code ec)
    {
        --pending_;
        if (finished_)
            return;
        if (!ec) {
            finish(std::move(sockets_[index]));
            return;
        }
        close_socket(sockets_[index]); // of many dead ones, none keeps its descriptor
        start_next();
        if (pending_ == 0)
            finish(Error{Errc::network, ec.message()});
    }

    void finish(Result<TcpSocket> result)
    {
        finished_ = true;
        next_.reset();
        limit_.reset();
        for (TcpSocket& socket : sockets_)
            close_socket(socket);
        result_.put(std::move(result));
    }

    Executor executor_;
    Clock& clock_;
    std::vector<TcpEndpoint> endpoints_;
    std::vector<TcpSocket> sockets_;
    std::size_t pending_ = 0;
    bool finished_ = false;
    std::unique_ptr<Alarm> next_;
    std::unique_ptr<Alarm> limit_;
    OneShot<Result<TcpSocket>> result_;
};

} // namespace

void tune(TcpSocket& socket)
{
    // A socket that refuses an option still works.
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
}

bool is_quiet(TcpSocket& socket)
{
    char byte = 0;
    const ssize_t count =
        ::recv(socket.native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void close_socket(TcpSocket& socket)
{
    error_code ignored;
    socket.close(ignored);
}

std::unique_ptr<ByteStream> make_tcp_stream(TcpSocket socket)
{
    return std::make_unique<TcpStream>(std::move(socket));
}

std::vector<TcpEndpoint> interleave(const std::vector<TcpEndpoint>& found)
{
    std::vector<TcpEndpoint> first;
    std::vector<TcpEndpoint> second;
    for (const TcpEndpoint& endpoint : found) {
        const bool same = first.empty() || first.front().protocol() == endpoint.protocol();
        (same ? first : second).push_back(endpoint);
    }
    std::vector<TcpEndpoint> mixed;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size())
            mixed.push_back(first[i]);
        if (i < second.size())
            mixed.push_back(second[i]);
    }
    mixed.resize(std::min(mixed.size(), addresses_max));
    return mixed;
}

Task<Result<std::vector<TcpEndpoint>>> resolve(Clock& clock, Origin origin, Duration max)
{
    error_code not_literal;
    const auto address = asio::ip::make_address(origin.host, not_literal);
    if (!not_literal) {
        const auto port = static_cast<unsigned short>(std::stoul(origin.port));
        co_return std::vector<TcpEndpoint>{TcpEndpoint(address, port)};
    }
    std::string host = origin.host;
    std::function<Endpoints()> look_up = [origin = std::move(origin)] {
        return ask_system(origin);
    };
    auto found = co_await look_up_aside(clock, std::move(host), max, std::move(look_up));
    if (!found)
        co_return found.error();
    co_return interleave(*found);
}

Task<Result<TcpSocket>> connect_any(Clock& clock, std::vector<TcpEndpoint> endpoints, Duration max)
{
    if (endpoints.empty())
        co_return Error{Errc::network, "the host has no address"};
    const auto executor = co_await asio::this_coro::executor;
    const auto race = std::make_shared<ConnectRace>(executor, clock, std::move(endpoints));
    auto connected = co_await race->run(max);
    if (connected)
        tune(*connected);
    co_return connected;
}

} // namespace trueup
