// Awaits the operations of a ByteStream.

#pragma once

#include "api/http/stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tuple>

namespace trueup {

// How an operation ended and how many bytes it moved.
using Transfer = std::tuple<boost::system::error_code, std::size_t>;
using TransferToken = boost::asio::as_tuple_t<boost::asio::use_awaitable_t<Executor>>;

// `stream` and the bytes behind `buffer` must live until the task is done.
inline Task<Transfer> read_some(ByteStream& stream, boost::asio::mutable_buffer buffer)
{
    const TransferToken token{boost::asio::use_awaitable_t<Executor>{}};
    return boost::asio::async_initiate<const TransferToken,
                                       void(boost::system::error_code, std::size_t)>(
        [&stream, buffer](auto handler) {
            stream.read_some(buffer, ByteStream::Done(std::move(handler)));
        },
        token);
}

inline Task<Transfer> write_some(ByteStream& stream, boost::asio::const_buffer buffer)
{
    const TransferToken token{boost::asio::use_awaitable_t<Executor>{}};
    return boost::asio::async_initiate<const TransferToken,
                                       void(boost::system::error_code, std::size_t)>(
        [&stream, buffer](auto handler) {
            stream.write_some(buffer, ByteStream::Done(std::move(handler)));
        },
        token);
}

} // namespace trueup
