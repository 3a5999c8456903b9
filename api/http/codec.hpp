// The read half of HTTP/1.1: bytes in, whole messages out. It does no I/O, and hides Beast's
// parser, which nothing else in trueup sees.
//
// It refuses what a client must not guess at (hazards of the format): bodies that end where the
// connection ends, transfer codings other than chunked, unknown content codings, conflicting
// lengths; and it keeps no more than the limits it was given.

#pragma once

#include "api/http/message.hpp"
#include "state/model/result.hpp"

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <memory>

namespace trueup {

struct CodecLimits {
    CodecLimits(std::size_t header_max, std::size_t body_max)
        : header_bytes_max(header_max), body_bytes_max(body_max)
    {
    }

    std::size_t header_bytes_max;
    std::size_t body_bytes_max; // as sent, and again after decompression
};

enum class ReadState { more, complete };

// Reads the messages of one connection, one after the other. Message is HttpRequest or
// HttpResponse.
template <class Message>
class MessageReader {
public:
    explicit MessageReader(CodecLimits limits);
    ~MessageReader();
    MessageReader(const MessageReader&) = delete;
    MessageReader& operator=(const MessageReader&) = delete;

    // Where the next bytes of the connection belong. Large enough that a page of a listing takes
    // one or two reads.
    boost::asio::mutable_buffer space();
    // Parses `bytes` bytes that were put there, and whatever was left from before. Interim answers
    // (1xx) are passed over. Fails with rejected or too_large, after which the connection is of no
    // more use.
    Result<ReadState> take(std::size_t bytes);

    // The message, once take() said complete. Ready for the next one afterwards.
    Message release();

    // Of the message that is complete: whether another may follow on this connection.
    bool keep_alive() const;
    // Bytes that came after the end of the message. From a server they mean that it is out of step.
    std::size_t leftover_bytes() const;
    // A request whose sender waits for "100 Continue" before it sends the body.
    bool wants_continue() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

using ResponseReader = MessageReader<HttpResponse>;
using RequestReader = MessageReader<HttpRequest>;

} // namespace trueup
