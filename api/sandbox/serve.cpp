#include "api/sandbox/serve.hpp"

#include <algorithm>

namespace trueup {

namespace {

HttpResponse failure(int status, const std::string& code)
{
    HttpResponse response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/json");
    response.body =
        R"({"code":")" + code + R"(","details":{},"message":"a fault on purpose","ref":""})";
    return response;
}

// The server and the front that it answers from.
class SandboxServer final : public HttpServer {
public:
    SandboxServer(std::unique_ptr<SandboxFront> front, std::unique_ptr<HttpServer> server)
        : front_(std::move(front)), server_(std::move(server))
    {
    }

    unsigned short port() const override { return server_->port(); }

private:
    std::unique_ptr<SandboxFront> front_; // destroyed after the server
    std::unique_ptr<HttpServer> server_;
};

} // namespace

SandboxFront::SandboxFront(Clock& clock, Sandbox& sandbox, FaultPlan plan)
    : clock_(clock), sandbox_(sandbox), plan_(std::move(plan))
{
}

const Fault* SandboxFront::striking(const HttpRequest& request)
{
    ++requests_;
    const bool writes = sandbox_.is_write(request);
    if (writes)
        ++writes_;
    const auto fault = std::ranges::find_if(plan_.faults, [&](const Fault& each) {
        return each.writes_only ? writes && each.strikes(writes_) : each.strikes(requests_);
    });
    return fault == plan_.faults.end() ? nullptr : &*fault;
}

ServerReply SandboxFront::serve(const HttpRequest& request)
{
    using Kind = Fault::Kind;
    const Fault* fault = striking(request);
    ServerReply reply;
    reply.delay = plan_.latency;
    if (fault != nullptr && fault->kind == Kind::cut_before) {
        reply.cut = true;
        return reply;
    }
    if (fault != nullptr && fault->kind == Kind::status_before) {
        reply.response = failure(fault->status, "FaultOnPurpose");
        return reply;
    }
    if (fault != nullptr && fault->kind == Kind::throttle) {
        reply.response = failure(429, "TooManyRequests");
        reply.response.headers.emplace_back("Retry-After",
                                            std::to_string(fault->retry_after.count()));
        return reply;
    }
    reply.response = sandbox_.handle(request, clock_.wall());
    if (plan_.after_effect)
        plan_.after_effect(requests_, sandbox_.log().back());
    if (fault == nullptr)
        return reply;
    if (fault->kind == Kind::cut_after)
        reply.cut = true;
    else if (fault->kind == Kind::truncate)
        reply.cut_after_bytes = reply.response.body.size() / 2 + 1;
    else if (fault->kind == Kind::status_after)
        reply.response = failure(fault->status, "FaultOnPurpose");
    else
        reply.delay += fault->delay;
    return reply;
}

ServerHandler SandboxFront::handler()
{
    return [this](const HttpRequest& request) { return serve(request); };
}

Result<std::unique_ptr<HttpServer>> make_sandbox_server(boost::asio::io_context& context,
                                                        Clock& clock,
                                                        Sandbox& sandbox,
                                                        const std::string& address,
                                                        unsigned short port,
                                                        FaultPlan plan)
{
    auto front = std::make_unique<SandboxFront>(clock, sandbox, std::move(plan));
    auto server = make_http_server(context, address, port, front->handler());
    if (!server)
        return server.error();
    return std::unique_ptr<HttpServer>(
        std::make_unique<SandboxServer>(std::move(front), std::move(*server)));
}

} // namespace trueup
