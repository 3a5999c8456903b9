#include "api/http/host_lookup.hpp"

#include "api/http/one_shot.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <netdb.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

namespace trueup {

namespace {

// Threads are the process's, so their number is too.
constexpr int lookups_max = 32;
std::atomic<int> lookups_running = 0;

// What the thread and the waiting coroutine share. The thread posts to the loop only while somebody
// waits there, which the lock makes sure of: the loop may be gone when it comes back.
struct Shared {
    Shared(Executor e) : executor(e), result(std::make_shared<OneShot<Endpoints>>(e)) {}

    std::mutex mutex;
    Executor executor;
    std::shared_ptr<OneShot<Endpoints>> result; // null when nobody waits any more
};

void deliver(Shared& shared, Endpoints found)
{
    const std::lock_guard lock(shared.mutex);
    if (!shared.result)
        return;
    auto hand_over = [result = shared.result, found = std::move(found)]() mutable {
        result->put(std::move(found));
    };
    boost::asio::post(shared.executor, std::move(hand_over));
}

// Ends the waiting, whichever way the coroutine goes: also when its loop is destroyed.
class Waiting {
public:
    explicit Waiting(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting()
    {
        const std::lock_guard lock(shared_->mutex);
        shared_->result.reset();
    }

private:
    std::shared_ptr<Shared> shared_;
};

// False when there is no thread to be had.
bool start(const std::shared_ptr<Shared>& shared, std::function<Endpoints()> look_up)
{
    if (lookups_running.fetch_add(1) >= lookups_max) {
        lookups_running.fetch_sub(1);
        return false;
    }
    auto work = [shared, look_up = std::move(look_up)] {
        auto found = look_up();
        lookups_running.fetch_sub(1);
        deliver(*shared, std::move(found));
    };
    try {
        std::thread(std::move(work)).detach();
    } catch (const std::system_error&) {
        lookups_running.fetch_sub(1);
        return false;
    }
    return true;
}

} // namespace

Endpoints ask_system(const Origin& origin)
{
    addrinfo wanted{};
    wanted.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int failure = ::getaddrinfo(origin.host.c_str(), origin.port.c_str(), &wanted, &list);
    if (failure != 0)
        return Error{Errc::network,
                     "cannot find the host " + origin.host + ": " + ::gai_strerror(failure)};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
    std::vector<TcpEndpoint> found;
    for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
        TcpEndpoint endpoint;
        if (entry->ai_addrlen > endpoint.capacity())
            continue;
        endpoint.resize(entry->ai_addrlen);
        std::copy_n(reinterpret_cast<const char*>(entry->ai_addr),
                    entry->ai_addrlen,
                    reinterpret_cast<char*>(endpoint.data()));
        found.push_back(endpoint);
    }
    return found;
}

Task<Endpoints>
look_up_aside(Clock& clock, std::string host, Duration max, std::function<Endpoints()> look_up)
{
    const auto executor = co_await boost::asio::this_coro::executor;
    const auto shared = std::make_shared<Shared>(executor);
    const auto result = shared->result;
    const Waiting waiting(shared);
    if (!start(shared, std::move(look_up)))
        co_return Error{Errc::network, "cannot look up the host " + host + ": no thread is free"};
    const auto alarm = clock.alarm(max, [result, host] {
        result->put(Error{Errc::timed_out, "looking up the host " + host + " took too long"});
    });
    co_return co_await result->take();
}

} // namespace trueup
