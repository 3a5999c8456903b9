// TCP as a ByteStream, and how a connection to a host that has several addresses is made.

#pragma once

#include "api/http/stream.hpp"
#include "state/model/clock.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <vector>

namespace trueup {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using TcpEndpoint = boost::asio::ip::tcp::endpoint;

// No delay for small writes, and keep-alive probes against peers that vanished.
void tune(TcpSocket& socket);
// False when something can be read from it: data or the end.
bool is_quiet(TcpSocket& socket);
void close_socket(TcpSocket& socket);

// Takes over an open socket.
std::unique_ptr<ByteStream> make_tcp_stream(TcpSocket socket);

// The addresses of a host in the order in which they are tried: families interleaved, 64 at most.
std::vector<TcpEndpoint> interleave(const std::vector<TcpEndpoint>& found);

// The addresses of a host, families interleaved. An IP literal is not looked up. Fails with network
// when there are none and with timed_out; a look-up that hangs is left behind. `clock` must outlive
// the task.
Task<Result<std::vector<TcpEndpoint>>> resolve(Clock& clock, Origin origin, Duration max);

// A socket that is connected to one of `endpoints`: they are tried in order, the next one as soon
// as the last failed or has kept us waiting (RFC 8305), and the first to answer wins. Fails with
// network when all have failed and with timed_out. `clock` must outlive the task.
Task<Result<TcpSocket>> connect_any(Clock& clock, std::vector<TcpEndpoint> endpoints, Duration max);

} // namespace trueup
