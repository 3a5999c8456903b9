// The server's side of one connection, from its first request to its last: reads, asks the handler,
// answers. What listens for connections is server.cpp.

#pragma once

#include "api/http/codec.hpp"
#include "api/http/one_shot.hpp"
#include "api/http/server.hpp"
#include "api/http/watchdog.hpp"

namespace trueup {

// A wait that can be cut short. One coroutine waits at a time.
class Pause {
public:
    // `clock` must outlive it.
    explicit Pause(Clock& clock) : clock_(clock) {}

    // False when it was cut short.
    Task<bool> wait(Duration delay);
    void cut();

private:
    Clock& clock_;
    std::weak_ptr<OneShot<bool>> current_;
    bool cut_ = false;
};

class Session {
public:
    // `clock` must outlive it.
    Session(std::unique_ptr<ByteStream> stream, Clock& clock, const ServerLimits& limits);

    // Ends when the client goes or uses up its time, when the handler cuts it off, or after
    // close().
    Task<void> serve(const ServerHandler& handler);
    void close();

private:
    Task<Result<ReadState>> read_request();
    Task<Result<ReadState>> read_in_time();
    Task<bool> answer(const HttpRequest& request, ServerReply reply);
    Task<bool> stream_feed(const HttpResponse& head, std::shared_ptr<BodyFeed> feed);
    Task<bool> write_all(std::string bytes);
    std::unique_ptr<Watchdog> watch(Duration max);

    std::unique_ptr<ByteStream> stream_;
    Clock& clock_;
    ServerLimits limits_;
    RequestReader reader_;
    Pause pause_;
    std::weak_ptr<BodyFeed> feed_; // the one that is being sent
};

} // namespace trueup
