// The connections of one client: lends at most so many at a time, the most recently used first, and
// queues those who come when all are lent.
//
// It never dials: whoever borrows a place without a connection brings one. A connection goes back
// into the pool only when the borrower says that it is in step; in every other case, exceptions
// included, it is closed.

#pragma once

#include "api/http/client.hpp"
#include "api/http/codec.hpp"
#include "api/http/one_shot.hpp"

#include <deque>
#include <memory>
#include <vector>

namespace trueup {

struct Connection {
    Connection(std::unique_ptr<ByteStream> s, const HttpLimits& limits)
        : stream(std::move(s)), reader(CodecLimits(limits.header_bytes_max, limits.body_bytes_max))
    {
    }

    std::unique_ptr<ByteStream> stream;
    ResponseReader reader;
    Instant idle_since{};
    std::size_t requests = 0;
};

class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
public:
    // The right to use one connection. Gives the place back when it goes.
    class Lease {
    public:
        Lease(std::shared_ptr<ConnectionPool> pool, std::unique_ptr<Connection> connection)
            : pool_(std::move(pool)), connection_(std::move(connection))
        {
        }
        Lease(Lease&&) = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease();

        // False when the pool was closed before a place became free.
        bool granted() const { return pool_ != nullptr; }
        // Nothing when a connection must be dialled first.
        Connection* connection() { return connection_.get(); }
        void attach(std::unique_ptr<Connection> connection) { connection_ = std::move(connection); }
        // Closes the connection and keeps the place.
        void drop() { connection_.reset(); }
        // The exchange is over and the connection is in step: it may serve another call.
        void keep() { keep_ = true; }

    private:
        std::shared_ptr<ConnectionPool> pool_;
        std::unique_ptr<Connection> connection_;
        bool keep_ = false;
    };

    // `clock` must outlive it.
    ConnectionPool(Clock& clock, const HttpLimits& limits) : clock_(clock), limits_(limits) {}

    // Waits for a place, first come first served.
    Task<Lease> borrow();
    // Closes what is idle, now and from now on, and turns away who waits. A lease that is out stays
    // good.
    void close();

private:
    using Turn = OneShot<Lease>;

    std::unique_ptr<Connection> newest_usable();
    void drop_expired();
    void take_back(std::unique_ptr<Connection> connection);

    Clock& clock_;
    HttpLimits limits_;
    std::vector<std::unique_ptr<Connection>> idle_; // the most recently used last
    std::deque<std::weak_ptr<Turn>> waiting_;       // expired: its coroutine is gone
    std::size_t lent_ = 0;
    bool closed_ = false;
};

} // namespace trueup
