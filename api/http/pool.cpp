#include "api/http/pool.hpp"

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace trueup {

ConnectionPool::Lease::~Lease()
{
    if (!pool_)
        return;
    if (!keep_)
        connection_.reset();
    pool_->take_back(std::move(connection_));
}

Task<ConnectionPool::Lease> ConnectionPool::borrow()
{
    const auto self = shared_from_this();
    if (closed_)
        co_return Lease(nullptr, nullptr);
    if (lent_ < limits_.connections_max) {
        ++lent_;
        co_return Lease(self, newest_usable());
    }
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto turn = std::make_shared<Turn>(executor);
    waiting_.push_back(turn);
    co_return co_await turn->take();
}

void ConnectionPool::close()
{
    closed_ = true;
    idle_.clear();
    for (const std::weak_ptr<Turn>& waiting : std::exchange(waiting_, {})) {
        if (const auto turn = waiting.lock())
            turn->put(Lease(nullptr, nullptr));
    }
}

std::unique_ptr<Connection> ConnectionPool::newest_usable()
{
    drop_expired();
    while (!idle_.empty()) {
        std::unique_ptr<Connection> connection = std::move(idle_.back());
        idle_.pop_back();
        if (connection->stream->is_idle())
            return connection;
    }
    return nullptr;
}

void ConnectionPool::drop_expired()
{
    if (idle_.empty())
        return;
    // The longest idle are in front.
    const Instant now = clock_.now();
    while (!idle_.empty() && now - idle_.front()->idle_since >= limits_.idle_max)
        idle_.erase(idle_.begin());
}

void ConnectionPool::take_back(std::unique_ptr<Connection> connection)
{
    if (connection && !closed_ && connection->requests < limits_.requests_per_connection_max) {
        connection->idle_since = clock_.now();
        idle_.push_back(std::move(connection));
    }
    while (!waiting_.empty()) {
        const std::shared_ptr<Turn> next = waiting_.front().lock();
        waiting_.pop_front();
        if (!next)
            continue;
        // The place passes from hand to hand and stays lent.
        next->put(Lease(shared_from_this(), newest_usable()));
        return;
    }
    --lent_;
}

} // namespace trueup
