// A sandbox behind a socket, or behind a simulated stream, with the faults of a plan.

#pragma once

#include "api/http/server.hpp"
#include "api/sandbox/faults.hpp"
#include "api/sandbox/sandbox.hpp"
#include "state/model/clock.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace trueup {

// Stands between the connections and a sandbox: counts requests, serves the faults of its plan, and
// passes the rest on at the clock's time. One front for all connections, so that the plan counts
// them together.
class SandboxFront {
public:
    // `clock` and `sandbox` must outlive the front.
    SandboxFront(Clock& clock, Sandbox& sandbox, FaultPlan plan);
    SandboxFront(const SandboxFront&) = delete;
    SandboxFront& operator=(const SandboxFront&) = delete;

    ServerReply serve(const HttpRequest& request);
    // For make_http_server and serve_stream; the front must outlive it.
    ServerHandler handler();
    // How many requests came so far.
    std::size_t requests() const { return requests_; }

private:
    const Fault* striking(const HttpRequest& request);

    Clock& clock_;
    Sandbox& sandbox_;
    FaultPlan plan_;
    std::size_t requests_ = 0;
    std::size_t writes_ = 0;
};

// Serves `sandbox` at `address` (an IP literal) and `port` (0: any free one). `context`, `clock`
// and `sandbox` must outlive the server. Fails with network or invalid_input.
Result<std::unique_ptr<HttpServer>> make_sandbox_server(boost::asio::io_context& context,
                                                        Clock& clock,
                                                        Sandbox& sandbox,
                                                        const std::string& address,
                                                        unsigned short port,
                                                        FaultPlan plan);

} // namespace trueup
