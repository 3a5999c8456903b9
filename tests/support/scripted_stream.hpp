// A far end that does what a script says, byte by byte, without sockets; and a dialer that hands
// such connections out. Time passes on a ManualClock.

#pragma once

#include "api/http/stream.hpp"
#include "tests/support/manual_clock.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <vector>

namespace trueup {

// What one connection's far end does, and what it has seen. Each read of the client gets the next
// step; when there is none, the far end is silent and the read waits.
class Script {
public:
    Script& bytes(std::string text) { return add(std::move(text), {}, {}); }
    // One byte at a time, with a wait before each.
    Script& trickle(const std::string& text, Duration wait)
    {
        for (const char c : text)
            add(std::string(1, c), {}, wait);
        return *this;
    }
    Script& fail(boost::system::error_code ec) { return add({}, ec, {}); }
    Script& end() { return fail(boost::asio::error::eof); }
    Script& reset() { return fail(boost::asio::error::connection_reset); }

    // Writes fail with `ec` once so many bytes were taken.
    Script& fail_writes_after(std::size_t bytes, boost::system::error_code ec)
    {
        write_room = bytes;
        write_error = ec;
        return *this;
    }
    // Writes wait for ever once so many bytes were taken.
    Script& stall_writes_after(std::size_t bytes)
    {
        write_room = bytes;
        return *this;
    }

    struct Step {
        std::string text;
        boost::system::error_code ec;
        Duration wait{};
    };
    std::deque<Step> steps;
    std::size_t write_room = std::numeric_limits<std::size_t>::max();
    boost::system::error_code write_error;
    // At most so many bytes a write.
    std::size_t write_max = std::numeric_limits<std::size_t>::max();
    // What is_idle() says.
    bool idle = true;

    std::string received;
    std::size_t reads = 0;
    bool closed = false;
    // Of the stream that plays it, while there is one.
    ByteStream* stream = nullptr;

private:
    Script& add(std::string text, boost::system::error_code ec, Duration wait)
    {
        steps.push_back({std::move(text), ec, wait});
        return *this;
    }
};

class ScriptedStream final : public ByteStream {
public:
    ScriptedStream(boost::asio::io_context& context, Clock& clock, std::shared_ptr<Script> script)
        : context_(context), clock_(clock), script_(std::move(script))
    {
        script_->stream = this;
    }
    ~ScriptedStream() override
    {
        close();
        script_->stream = nullptr;
    }

    void read_some(boost::asio::mutable_buffer buffer, Done done) override
    {
        ++script_->reads;
        reading_.emplace(std::move(done));
        buffer_ = buffer;
        if (script_->closed)
            finish(reading_, boost::asio::error::operation_aborted, 0);
        else if (!script_->steps.empty())
            begin_step();
    }

    void write_some(boost::asio::const_buffer buffer, Done done) override
    {
        writing_.emplace(std::move(done));
        const std::size_t count =
            std::min({buffer.size(), script_->write_max, script_->write_room});
        if (script_->closed) {
            finish(writing_, boost::asio::error::operation_aborted, 0);
        } else if (count != 0) {
            script_->received.append(static_cast<const char*>(buffer.data()), count);
            script_->write_room -= count;
            finish(writing_, {}, count);
        } else if (script_->write_error) {
            finish(writing_, script_->write_error, 0);
        }
    }

    void close() override
    {
        script_->closed = true;
        alarm_.reset();
        finish(reading_, boost::asio::error::operation_aborted, 0);
        finish(writing_, boost::asio::error::operation_aborted, 0);
    }

    bool is_idle() override { return script_->idle && !script_->closed; }

private:
    void begin_step()
    {
        const Duration wait = script_->steps.front().wait;
        if (wait > Duration::zero())
            alarm_ = clock_.alarm(wait, [this] { end_step(); });
        else
            end_step();
    }

    void end_step()
    {
        Script::Step& step = script_->steps.front();
        const std::size_t count = std::min(step.text.size(), buffer_.size());
        std::memcpy(buffer_.data(), step.text.data(), count);
        const boost::system::error_code ec = step.ec;
        step.text.erase(0, count);
        step.wait = {};
        if (step.text.empty())
            script_->steps.pop_front();
        finish(reading_, ec, count);
    }

    void finish(std::optional<Done>& done, boost::system::error_code ec, std::size_t count)
    {
        if (!done)
            return;
        boost::asio::post(context_, [handler = std::move(*done), ec, count]() mutable {
            std::move(handler)(ec, count);
        });
        done.reset();
    }

    boost::asio::io_context& context_;
    Clock& clock_;
    std::shared_ptr<Script> script_;
    boost::asio::mutable_buffer buffer_;
    std::optional<Done> reading_;
    std::optional<Done> writing_;
    std::unique_ptr<Alarm> alarm_;
};

// Hands out the scripted connections in order. When they are used up, dialling is refused.
class ScriptedDialer final : public Dialer {
public:
    ScriptedDialer(boost::asio::io_context& context, Clock& clock)
        : context_(context), clock_(clock)
    {
    }

    // Closes what is still open, so that coroutines which wait there are disposed of with the event
    // loop.
    ~ScriptedDialer() override
    {
        for (const auto& script : scripts_) {
            if (script->stream != nullptr)
                script->stream->close();
        }
    }

    // The next connection. The reference stays good for the life of the dialer.
    Script& add()
    {
        scripts_.push_back(std::make_shared<Script>());
        return *scripts_.back();
    }

    Task<Result<std::unique_ptr<ByteStream>>> dial(Origin origin) override
    {
        dialled.push_back(std::move(origin));
        if (dialled.size() > scripts_.size())
            co_return Error{Errc::network, "connection refused by the script"};
        co_return std::make_unique<ScriptedStream>(context_, clock_, scripts_[dialled.size() - 1]);
    }

    std::vector<Origin> dialled;

private:
    boost::asio::io_context& context_;
    Clock& clock_;
    std::vector<std::shared_ptr<Script>> scripts_;
};

} // namespace trueup
