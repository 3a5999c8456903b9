#include "tests/sim/network.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace trueup::sim {

namespace asio = boost::asio;
using boost::system::error_code;

// One connection: two ends, each with what has arrived there.
struct Network::Link : std::enable_shared_from_this<Network::Link> {
    enum Side : std::size_t { client, server };

    struct End {
        Place* place = nullptr; // null: nobody is there any more
        std::string arrived;
        error_code over; // what comes after the bytes
        bool closed = false;
        Instant last_arrival{};
        asio::mutable_buffer buffer;
        std::optional<ByteStream::Done> reading;
    };

    Link(Network& n, Place& c, Place& s) : network(n), universe(n.universe_)
    {
        ends[client].place = &c;
        ends[server].place = &s;
    }

    // Bytes or the end of them travel to `to`.
    void send(Side to, std::string bytes, error_code over, Duration extra)
    {
        End& end = ends[to];
        if (end.place == nullptr)
            return;
        const Instant arrival =
            std::max(universe.now() + network.latency + extra, end.last_arrival);
        end.last_arrival = arrival;
        auto arrive = [self = shared_from_this(), to, bytes = std::move(bytes), over]() mutable {
            self->arrive(to, std::move(bytes), over);
        };
        universe.at(*end.place, arrival - universe.now(), std::move(arrive));
    }

    void arrive(Side to, std::string bytes, error_code over)
    {
        End& end = ends[to];
        if (end.place == nullptr || end.closed)
            return;
        if (to == client && !bytes.empty())
            requesting = false;
        end.arrived += bytes;
        if (over && !end.over)
            end.over = over;
        serve_reader(end);
    }

    void serve_reader(End& end)
    {
        if (!end.reading)
            return;
        if (!end.arrived.empty()) {
            const std::size_t count = std::min(end.buffer.size(), end.arrived.size());
            std::memcpy(end.buffer.data(), end.arrived.data(), count);
            end.arrived.erase(0, count);
            finish(end, {}, count);
        } else if (end.over) {
            finish(end, end.over, 0);
        }
    }

    static void finish(End& end, error_code ec, std::size_t count)
    {
        if (!end.reading)
            return;
        asio::post(*end.place, [handler = std::move(*end.reading), ec, count]() mutable {
            std::move(handler)(ec, count);
        });
        end.reading.reset();
    }

    void close(Side side)
    {
        End& end = ends[side];
        if (end.closed)
            return;
        end.closed = true;
        if (end.place != nullptr)
            finish(end, asio::error::operation_aborted, 0);
        const Side other = side == client ? server : client;
        if (!(side == client && swallowed))
            send(other, {}, asio::error::eof, {});
    }

    Network& network;
    Universe& universe;
    std::array<End, 2> ends;
    bool requesting = false; // a request was begun and no byte of its answer has come
    bool swallowed = false;
    Fate fate;
    std::size_t sent = 0; // of the request
};

class Network::Stream final : public ByteStream {
public:
    Stream(std::shared_ptr<Link> link, Link::Side side) : link_(std::move(link)), side_(side) {}
    ~Stream() override { close(); }

    void read_some(asio::mutable_buffer buffer, Done done) override
    {
        Link::End& end = link_->ends[side_];
        end.buffer = buffer;
        end.reading.emplace(std::move(done));
        if (end.closed)
            Link::finish(end, asio::error::operation_aborted, 0);
        else
            link_->serve_reader(end);
    }

    void write_some(asio::const_buffer buffer, Done done) override
    {
        Link::End& end = link_->ends[side_];
        error_code ec;
        std::size_t count = 0;
        if (end.closed)
            ec = asio::error::operation_aborted;
        else if (end.over == asio::error::connection_reset)
            ec = asio::error::broken_pipe;
        else
            count = side_ == Link::client ? send_request(buffer) : send_answer(buffer);
        asio::post(*end.place, [handler = std::move(done), ec, count]() mutable {
            std::move(handler)(ec, count);
        });
    }

    void close() override { link_->close(side_); }

    bool is_idle() override
    {
        const Link::End& end = link_->ends[side_];
        return !end.closed && !end.over && end.arrived.empty();
    }

private:
    std::size_t send_request(asio::const_buffer buffer)
    {
        const std::string_view bytes(static_cast<const char*>(buffer.data()), buffer.size());
        Link& link = *link_;
        if (!link.requesting) {
            link.requesting = true;
            link.sent = 0;
            link.fate = link.network.on_request ? link.network.on_request(bytes) : Fate();
            link.swallowed = link.swallowed || link.fate.lost;
        }
        const std::size_t room = link.fate.cut_after_bytes - link.sent;
        const std::size_t count = std::min({bytes.size(), link.fate.write_max, room});
        link.sent += count;
        if (!link.swallowed)
            link.send(Link::server, std::string(bytes.substr(0, count)), {}, link.fate.delay);
        if (link.fate.reset)
            link.send(Link::client, {}, asio::error::connection_reset, {});
        if (count == room && room != 0) {
            link.send(Link::server, {}, asio::error::connection_reset, {});
            link.send(Link::client, {}, asio::error::connection_reset, {});
        }
        return count == 0 ? std::min<std::size_t>(bytes.size(), 1) : count;
    }

    std::size_t send_answer(asio::const_buffer buffer)
    {
        constexpr std::size_t piece = 64;
        const std::string_view bytes(static_cast<const char*>(buffer.data()), buffer.size());
        const Duration each = link_->fate.piece_delay;
        const std::size_t count = each == Duration::zero() ? bytes.size() : piece;
        Duration extra{};
        for (std::size_t at = 0; at < bytes.size(); at += count) {
            extra += each;
            link_->send(Link::client, std::string(bytes.substr(at, count)), {}, extra);
        }
        return buffer.size();
    }

    std::shared_ptr<Link> link_;
    Link::Side side_;
};

class Network::SimDialer final : public Dialer {
public:
    SimDialer(Network& network, Place& client, Clock& clock)
        : network_(network), client_(client), clock_(clock)
    {
    }

    Task<Result<std::unique_ptr<ByteStream>>> dial(Origin) override
    {
        co_await clock_.sleep(network_.latency);
        const Dialled dialled = network_.on_dial ? network_.on_dial() : Dialled::accepted;
        if (dialled == Dialled::hung) {
            co_await clock_.sleep(network_.connect_max);
            co_return Error{Errc::timed_out, "nobody takes the connection"};
        }
        if (dialled == Dialled::refused)
            co_return Error{Errc::network, "the connection is refused"};
        co_return network_.connect(client_);
    }

private:
    Network& network_;
    Place& client_;
    Clock& clock_;
};

Network::Network(Universe& universe, Place& server, Clock& server_clock, ServerHandler handler)
    : universe_(universe),
      server_(server),
      server_clock_(server_clock),
      handler_(std::move(handler))
{
}

// Coroutines that wait on a connection own it: closing lets the event loop dispose of them.
Network::~Network()
{
    hang_up(server_);
}

std::unique_ptr<Dialer> Network::make_dialer(Place& client, Clock& clock)
{
    return std::make_unique<SimDialer>(*this, client, clock);
}

std::unique_ptr<ByteStream> Network::connect(Place& client)
{
    std::erase_if(links_, [](const auto& link) { return link.expired(); });
    const auto link = std::make_shared<Link>(*this, client, server_);
    links_.push_back(link);
    universe_.at(server_, latency, [this, link] {
        auto rethrow = [](std::exception_ptr fault) {
            if (fault)
                std::rethrow_exception(fault);
        };
        auto told_of_sender = [this, link](const HttpRequest& request) {
            HttpRequest told = request;
            told.headers.emplace_back(std::string(sender_header), link->fate.sender);
            return handler_(told);
        };
        asio::co_spawn(server_.get_executor(),
                       serve_stream(std::make_unique<Stream>(link, Link::server),
                                    told_of_sender,
                                    server_clock_),
                       rethrow);
    });
    return std::make_unique<Stream>(link, Link::client);
}

void Network::hang_up(const Place& place)
{
    for (const auto& weak : links_) {
        const auto link = weak.lock();
        if (!link)
            continue;
        for (const Link::Side side : {Link::client, Link::server})
            if (link->ends[side].place == &place) {
                link->close(side);
                link->ends[side].place = nullptr;
            }
    }
}

std::unique_ptr<HttpClient> make_simulated_client(Dialer& dialer, Clock& clock)
{
    Origin origin;
    origin.tls = false;
    origin.host = "api.example.com";
    origin.port = "80";
    HttpLimits limits;
    limits.body_bytes_max = 200U << 10U;
    return make_http_client(std::move(origin), dialer, clock, limits);
}

} // namespace trueup::sim
