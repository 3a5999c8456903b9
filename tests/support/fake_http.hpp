// An HttpClient without a network: a test answers each request, and looks at what was sent.

#pragma once

#include "api/http/client.hpp"
#include "state/model/clock.hpp"
#include "state/model/event.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace trueup {

// One request as it arrived.
struct SentRequest {
    SentRequest() = default;

    std::string method;
    std::string target;
    std::string credential_header;
    std::string credential;
    std::string body;
    std::string route;
    std::vector<Header> headers;
    bool repeatable = false;
    bool sensitive_body = false;
    Instant at{};

    // The value of the header, or "".
    std::string header(const std::string& name) const
    {
        for (const Header& entry : headers)
            if (entry.name == name)
                return entry.value;
        return {};
    }
};

class FakeHttp final : public HttpClient {
public:
    using Handler = std::function<Result<HttpResponse>(const SentRequest&)>;

    // `clock` must outlive it.
    FakeHttp(Clock& clock, Handler handler) : clock_(clock), handler_(std::move(handler)) {}

    Task<Result<HttpResponse>> send(HttpRequest request) override
    {
        SentRequest sent;
        sent.method = request.method;
        sent.target = request.target;
        sent.credential_header = request.credential_header;
        if (request.credential)
            sent.credential = std::string(request.credential->reveal());
        sent.body = request.body;
        sent.route = request.route;
        sent.headers = request.headers;
        sent.repeatable = request.repeatable;
        sent.sensitive_body = request.sensitive_body;
        sent.at = clock_.now();
        requests.push_back(sent);
        ++running;
        running_max = std::max(running_max, running);
        if (latency > Duration::zero())
            co_await clock_.sleep(latency);
        --running;
        auto response = handler_(sent);
        co_return response;
    }

    const Origin& origin() const override { return origin_; }

    // How many requests of this route ("GET /v1/roles") were sent.
    std::size_t count(const std::string& route) const
    {
        std::size_t number = 0;
        for (const SentRequest& request : requests)
            if (request.route == route)
                ++number;
        return number;
    }

    std::vector<SentRequest> requests;
    Duration latency{};
    int running = 0;
    int running_max = 0;

private:
    Clock& clock_;
    Handler handler_;
    Origin origin_;
};

inline HttpResponse
make_response(int status, std::string body = {}, std::vector<Header> headers = {})
{
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    response.headers = std::move(headers);
    return response;
}

// A connection that broke; `effect` says whether the request was on its way.
inline Error broken_connection(Effect effect)
{
    Error error(Errc::network, "the connection broke");
    error.effect = effect;
    return error;
}

// Keeps every event.
class EventList final : public EventSink {
public:
    void emit(const Event& event) override { events.push_back(event); }

    std::vector<Event> events;
};

} // namespace trueup
