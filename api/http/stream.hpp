// The seam between the HTTP codec and the world: a stream of bytes, and whoever opens one.
//
// TCP, TLS and simulated streams stand behind it, so one compilation of Beast serves them all.

#pragma once

#include "state/model/result.hpp"
#include "state/model/task.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <string>

namespace trueup {

class ByteStream {
public:
    using Done = boost::asio::any_completion_handler<void(boost::system::error_code, std::size_t)>;

    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    // Destroying a stream closes it.
    virtual ~ByteStream() = default;

    // Completes from the event loop, never from inside the call. One read and one write at a time.
    virtual void read_some(boost::asio::mutable_buffer buffer, Done done) = 0;
    virtual void write_some(boost::asio::const_buffer buffer, Done done) = 0;
    // What waits completes with operation_aborted. May be called at any time and more than once.
    virtual void close() = 0;
    // False once the peer has closed or sent something unasked: an idle stream that must not be
    // reused.
    virtual bool is_idle() { return true; }
};

// Where requests go: scheme, host and port. The only place a credential may travel to.
struct Origin {
    Origin() = default;

    bool tls = true;
    std::string host;
    std::string port;
    bool operator==(const Origin&) const = default;
    // "https://api.example.com:443"
    std::string text() const;
};

// Reads "https://host[:port][/]"; plain "host" means https. Fails with invalid_input on user info,
// a path, a query or another scheme.
Result<Origin> parse_origin(std::string_view url);

class Dialer {
public:
    Dialer() = default;
    Dialer(const Dialer&) = delete;
    Dialer& operator=(const Dialer&) = delete;
    virtual ~Dialer() = default;

    // An open stream to `origin`, TLS handshake included. Fails with network or timed_out, effect
    // none.
    virtual Task<Result<std::unique_ptr<ByteStream>>> dial(Origin origin) = 0;
};

} // namespace trueup
