// The network between simulated processes and the simulated server: connections as pairs of byte
// streams whose bytes arrive after a while, late, in part, or never.
//
// It knows nothing of HTTP but where a request begins: the first bytes that a client sends after
// the answer to the request before.

#pragma once

#include "api/http/client.hpp"
#include "api/http/server.hpp"
#include "api/http/stream.hpp"
#include "tests/sim/universe.hpp"

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace trueup::sim {

inline constexpr std::string_view sender_header = "Sim-Sender";

// What becomes of one request on its way.
struct Fate {
    Fate() = default;

    Duration delay{};   // later than usual; it arrives even when its sender is gone by then
    bool reset = false; // the sender is told that the connection broke, once all is on its way
    bool lost = false;  // swallowed, with everything that follows on this connection
    std::size_t cut_after_bytes = std::numeric_limits<std::size_t>::max(); // then a reset
    std::size_t write_max = std::numeric_limits<std::size_t>::max();       // bytes taken at once
    Duration piece_delay{}; // of each piece of the answer; zero: it comes in one
    std::string sender;     // told to the server in `sender_header`
};

class Network {
public:
    // Asked when a request begins; `head` starts with "METHOD /target".
    using OnRequest = std::function<Fate(std::string_view head)>;
    enum class Dialled { accepted, refused, hung };
    // Asked for each connection.
    using OnDial = std::function<Dialled()>;

    // All outlive the network.
    Network(Universe& universe, Place& server, Clock& server_clock, ServerHandler handler);
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    ~Network();

    // A dialer for the process at `client`; it, the clock and the network outlive the dialer.
    std::unique_ptr<Dialer> make_dialer(Place& client, Clock& clock);
    // The process at `client` is dead: its ends of all connections close.
    void hang_up(const Place& client);

    OnRequest on_request;
    OnDial on_dial;
    Duration latency = std::chrono::milliseconds(5);
    Duration connect_max = std::chrono::seconds(10); // how long a dial may hang

private:
    struct Link;
    class Stream;
    class SimDialer;

    std::unique_ptr<ByteStream> connect(Place& client);

    Universe& universe_;
    Place& server_;
    Clock& server_clock_;
    ServerHandler handler_;
    std::vector<std::weak_ptr<Link>> links_;
};

// The real client, of the one server there is. Everything passed in outlives it.
std::unique_ptr<HttpClient> make_simulated_client(Dialer& dialer, Clock& clock);

} // namespace trueup::sim
