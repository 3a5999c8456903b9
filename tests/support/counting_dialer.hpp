// Counts what goes through another dialer: connections, reads and writes.

#pragma once

#include "api/http/stream.hpp"

namespace trueup {

struct StreamCounts {
    std::size_t dials = 0;
    std::size_t reads = 0;
    std::size_t writes = 0;
};

class CountingStream final : public ByteStream {
public:
    CountingStream(std::unique_ptr<ByteStream> inner, StreamCounts& counts)
        : inner_(std::move(inner)), counts_(counts)
    {
    }

    void read_some(boost::asio::mutable_buffer buffer, Done done) override
    {
        ++counts_.reads;
        inner_->read_some(buffer, std::move(done));
    }
    void write_some(boost::asio::const_buffer buffer, Done done) override
    {
        ++counts_.writes;
        inner_->write_some(buffer, std::move(done));
    }
    void close() override { inner_->close(); }
    bool is_idle() override { return inner_->is_idle(); }

private:
    std::unique_ptr<ByteStream> inner_;
    StreamCounts& counts_;
};

class CountingDialer final : public Dialer {
public:
    // `inner` must outlive it.
    explicit CountingDialer(Dialer& inner) : inner_(inner) {}

    Task<Result<std::unique_ptr<ByteStream>>> dial(Origin origin) override
    {
        ++counts.dials;
        auto stream = co_await inner_.dial(std::move(origin));
        if (!stream)
            co_return stream.error();
        co_return std::make_unique<CountingStream>(std::move(*stream), counts);
    }

    StreamCounts counts;

private:
    Dialer& inner_;
};

} // namespace trueup
