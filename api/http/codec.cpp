#include "api/http/codec.hpp"

#include "api/http/inflate.hpp"
#include "api/http/wire.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <optional>
#include <type_traits>

namespace trueup {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

// One allocation for the life of a connection, made when space() is first asked for all of it.
// Beast would read 512 bytes at a time into a buffer that grows; and a trailer or a chunk extension
// must fit in here whole, which bounds it.
constexpr std::size_t buffer_bytes = 61440;
// Interim answers before the real one.
constexpr int interim_max = 8;
// A length that the peer merely claims reserves no more than this.
constexpr std::size_t reserve_bytes_max = 1U << 20U;

std::string to_string(string_view text)
{
    return {text.data(), text.size()};
}

// Collects what Beast's parser finds straight into our own message. Fields of a trailer are
// dropped: they come after decisions were made from the header.
template <class Message>
class Parser final : public http::basic_parser<std::is_same_v<Message, HttpRequest>> {
public:
    using Base = http::basic_parser<std::is_same_v<Message, HttpRequest>>;

    explicit Parser(const CodecLimits& limits)
    {
        this->header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
        this->body_limit(limits.body_bytes_max);
        this->eager(true);
    }

    Message message;
    std::string content_encoding;
    bool expects_continue = false;
    // Why the message is refused, in words of ours; "" when Beast's will do.
    std::string refusal;

private:
    void
    on_request_impl(http::verb, string_view method, string_view target, int, error_code&) override
    {
        if constexpr (std::is_same_v<Message, HttpRequest>) {
            message.method = to_string(method);
            message.target = to_string(target);
        }
    }

    void on_response_impl(int status, string_view, int, error_code& ec) override
    {
        if constexpr (std::is_same_v<Message, HttpResponse>) {
            message.status = status;
            if (status < 100 || status > 599)
                refuse("the status " + std::to_string(status) + " does not exist", ec);
            if (status == 101)
                refuse("the server switches to another protocol unasked", ec);
        }
    }

    void
    on_field_impl(http::field field, string_view name, string_view value, error_code& ec) override
    {
        if (header_done_)
            return;
        message.headers.emplace_back(to_string(name), to_string(value));
        const std::string& text = message.headers.back().value;
        if (field == http::field::transfer_encoding && !same_name(text, "chunked"))
            refuse("only chunked is understood as a transfer coding", ec);
        if (field == http::field::content_encoding) {
            if (!content_encoding.empty())
                refuse("the body is encoded more than once", ec);
            content_encoding = text;
        }
        if (field == http::field::expect)
            expects_continue = same_name(text, "100-continue");
    }

    void on_header_impl(error_code& ec) override
    {
        header_done_ = true;
        // Where the connection ends says nothing about whether the body was whole.
        if (this->need_eof())
            refuse("the answer does not say how long it is", ec);
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override
    {
        if (length)
            message.body.reserve(std::min(static_cast<std::size_t>(*length), reserve_bytes_max));
    }

    std::size_t on_body_impl(string_view body, error_code&) override
    {
        message.body.append(body.data(), body.size());
        return body.size();
    }

    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override
    {
        message.body.append(body.data(), body.size());
        return body.size();
    }

    void on_finish_impl(error_code&) override {}

    void refuse(std::string why, error_code& ec)
    {
        refusal = std::move(why);
        ec = http::error::bad_value;
    }

    bool header_done_ = false;
};

} // namespace

template <class Message>
struct MessageReader<Message>::State {
    explicit State(CodecLimits l) : limits(l), buffer(buffer_bytes) { parser.emplace(limits); }

    Result<ReadState> parse();
    Result<ReadState> finish();
    Error failure(const error_code& ec) const;
    bool waits_for_last_chunk() const;

    CodecLimits limits;
    boost::beast::flat_buffer buffer;
    std::optional<Parser<Message>> parser;
    int interim = 0;
};

template <class Message>
Error MessageReader<Message>::State::failure(const error_code& ec) const
{
    if (ec == http::error::body_limit)
        return {Errc::too_large,
                "the body is longer than " + std::to_string(limits.body_bytes_max) + " bytes"};
    if (ec == http::error::header_limit)
        return {Errc::too_large,
                "the header is longer than " + std::to_string(limits.header_bytes_max) + " bytes"};
    if (!parser->refusal.empty())
        return {Errc::rejected, parser->refusal};
    return {Errc::rejected, "this is not HTTP/1.1: " + ec.message()};
}

// Beast asserts that it is given five bytes of a last chunk, which has only three when the body is
// empty and the line that ends the trailer has not arrived. Five bytes are still to come wherever
// a reader is within a chunked body (0 CR LF CR LF), so that waiting for them is never too long.
template <class Message>
bool MessageReader<Message>::State::waits_for_last_chunk() const
{
    constexpr std::size_t last_chunk_bytes_min = 5;
    return parser->is_header_done() && parser->chunked() && !parser->is_done() &&
           buffer.size() < last_chunk_bytes_min;
}

template <class Message>
Result<ReadState> MessageReader<Message>::State::parse()
{
    while (buffer.size() != 0 && !waits_for_last_chunk()) {
        error_code ec;
        buffer.consume(parser->put(buffer.data(), ec));
        if (ec == http::error::need_more)
            break;
        if (ec)
            return failure(ec);
        if (!parser->is_done())
            continue;
        if constexpr (std::is_same_v<Message, HttpResponse>) {
            if (parser->message.status < 200) {
                if (++interim > interim_max)
                    return Error{Errc::rejected, "too many interim answers"};
                parser.emplace(limits);
                continue;
            }
        }
        return finish();
    }
    if (buffer.size() >= buffer_bytes)
        return Error{Errc::too_large, "a trailer or a chunk extension has no end"};
    return ReadState::more;
}

template <class Message>
Result<ReadState> MessageReader<Message>::State::finish()
{
    const std::string& encoding = parser->content_encoding;
    Message& message = parser->message;
    if (encoding.empty() || same_name(encoding, "identity") || message.body.empty())
        return ReadState::complete;
    if (!same_name(encoding, "gzip") && !same_name(encoding, "x-gzip") &&
        !same_name(encoding, "deflate"))
        return Error{Errc::rejected, "the body is in an encoding that was not asked for"};
    auto plain = inflate_body(message.body, limits.body_bytes_max);
    if (!plain)
        return plain.error();
    message.body = std::move(*plain);
    return ReadState::complete;
}

template <class Message>
MessageReader<Message>::MessageReader(CodecLimits limits) : state_(std::make_unique<State>(limits))
{
}

template <class Message>
MessageReader<Message>::~MessageReader() = default;

template <class Message>
boost::asio::mutable_buffer MessageReader<Message>::space()
{
    return state_->buffer.prepare(buffer_bytes - state_->buffer.size());
}

template <class Message>
Result<ReadState> MessageReader<Message>::take(std::size_t bytes)
{
    // The only call into Beast's parser, and so the only place where it can throw
    // (std::length_error on some trailers) or run out of memory.
    try {
        state_->buffer.commit(bytes);
        return state_->parse();
    } catch (const std::exception& fault) {
        return Error{Errc::rejected, std::string("the message cannot be read: ") + fault.what()};
    }
}

template <class Message>
Message MessageReader<Message>::release()
{
    Message message = std::move(state_->parser->message);
    state_->parser.emplace(state_->limits);
    state_->interim = 0;
    return message;
}

template <class Message>
bool MessageReader<Message>::keep_alive() const
{
    return state_->parser->is_done() && state_->parser->keep_alive();
}

template <class Message>
std::size_t MessageReader<Message>::leftover_bytes() const
{
    return state_->buffer.size();
}

template <class Message>
bool MessageReader<Message>::wants_continue() const
{
    return state_->parser->expects_continue && state_->parser->is_header_done() &&
           !state_->parser->is_done();
}

template class MessageReader<HttpRequest>;
template class MessageReader<HttpResponse>;

} // namespace trueup
