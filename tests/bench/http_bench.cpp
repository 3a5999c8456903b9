// What it costs the client to read one page of a listing, in CPU time of its own thread.
//
// The server runs on another thread, so the figure does not hold its work. CPU time varies less
// than elapsed time on a busy machine, but it still varies: take the best of several rounds.

#include "api/http/client.hpp"
#include "api/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <sys/resource.h>

#include <cstdio>
#include <thread>

namespace trueup {

namespace {

constexpr std::size_t page_bytes = 28'000;
constexpr int pages = 20'000;
constexpr int rounds = 5;

// CPU microseconds of the calling thread: all of it, and the part outside the kernel. The kernel's
// share swings with where the scheduler puts the two threads.
struct Cost {
    double total = 0;
    double user = 0;
};

double micros(const timeval& time)
{
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
}

Cost spent_so_far()
{
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return {micros(usage.ru_utime) + micros(usage.ru_stime), micros(usage.ru_utime)};
}

// A server of one page, on its own thread until it is destroyed.
class PageServer {
public:
    PageServer()
        : server_(make_http_server(context_, "127.0.0.1", 0, [](const HttpRequest&) {
              ServerReply reply;
              reply.response.status = 200;
              reply.response.headers.emplace_back("Content-Type", "application/json");
              reply.response.body.assign(page_bytes, 'x');
              return reply;
          }))
    {
        thread_ = std::thread([this] { context_.run(); });
    }
    PageServer(const PageServer&) = delete;
    PageServer& operator=(const PageServer&) = delete;
    ~PageServer()
    {
        context_.stop();
        thread_.join();
    }

    Origin origin() const
    {
        return *parse_origin("http://127.0.0.1:" + std::to_string((*server_)->port()));
    }

private:
    boost::asio::io_context context_{1};
    Result<std::unique_ptr<HttpServer>> server_;
    std::thread thread_;
};

Task<void> read_pages(HttpClient& client, int count, int& failures)
{
    for (int i = 0; i < count; ++i) {
        HttpRequest request;
        request.method = "GET";
        request.target = "/v1/things?limit=50";
        request.route = "GET /v1/things";
        request.repeatable = true;
        const auto answer = co_await client.send(std::move(request));
        if (!answer || answer->body.size() != page_bytes)
            ++failures;
    }
}

// CPU microseconds a page, with so many walks side by side.
Cost measure(const Origin& origin, int walks)
{
    boost::asio::io_context context{1};
    const auto clock = make_system_clock(context);
    HttpLimits limits;
    limits.connections_max = static_cast<std::size_t>(walks);
    limits.requests_per_connection_max = pages;
    auto dialer = make_network_dialer(context, *clock, TlsOptions(), limits);
    const auto client = make_http_client(origin, **dialer, *clock, limits);
    int failures = 0;
    for (int i = 0; i < walks; ++i)
        boost::asio::co_spawn(context.get_executor(),
                              read_pages(*client, pages / walks, failures),
                              [](std::exception_ptr) {});
    const Cost start = spent_so_far();
    context.run();
    const Cost end = spent_so_far();
    if (failures != 0)
        std::printf("%d calls failed\n", failures);
    return {(end.total - start.total) / pages, (end.user - start.user) / pages};
}

} // namespace

} // namespace trueup

int main()
{
    const trueup::PageServer server;
    for (const int walks : {1, 8}) {
        trueup::Cost best{1e9, 1e9};
        for (int round = 0; round < trueup::rounds; ++round) {
            const trueup::Cost cost = trueup::measure(server.origin(), walks);
            if (cost.total < best.total)
                best = cost;
        }
        std::printf(
            "%d connection(s): %.1f us of CPU a page of %zu bytes, %.1f of them outside the "
            "kernel\n",
            walks,
            best.total,
            trueup::page_bytes,
            best.user);
    }
    return 0;
}
