// Unix sockets: how one is listened on so that nobody unasked can ever connect, who is at the other
// end, and as a ByteStream.

#pragma once

#include "api/http/server.hpp"
#include "api/http/stream.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace trueup {

using UnixSocket = boost::asio::basic_stream_socket<boost::asio::local::stream_protocol, Executor>;
using UnixAcceptor =
    boost::asio::basic_socket_acceptor<boost::asio::local::stream_protocol, Executor>;

// Takes over an open socket.
std::unique_ptr<ByteStream> make_unix_stream(UnixSocket socket);

// Fails with network when the kernel does not say.
Result<Peer> peer_of(UnixSocket& socket);

// A path that a socket was bound to. Removes it at its end, unless another one stands there by now.
class BoundPath {
public:
    BoundPath() = default;
    BoundPath(std::filesystem::path path, dev_t device, ino_t inode)
        : path_(std::move(path)), device_(device), inode_(inode)
    {
    }
    BoundPath(BoundPath&& other) noexcept;
    BoundPath& operator=(BoundPath&&) = delete;
    BoundPath(const BoundPath&) = delete;
    BoundPath& operator=(const BoundPath&) = delete;
    ~BoundPath();

private:
    std::filesystem::path path_; // "" : nothing to remove
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

// Binds and listens, or takes over what already does; make_unix_server says how it fails.
Result<BoundPath> listen_unix(UnixAcceptor& acceptor, const UnixPlace& place);

} // namespace trueup
