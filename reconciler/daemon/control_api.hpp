// The control API: what each request over the control socket means. docs/guide.md is its reference.
//
// Decides nothing about who may ask; that was settled by control_server. A GET changes nothing.

#pragma once

#include "api/http/server.hpp"
#include "reconciler/daemon/control.hpp"
#include "reconciler/daemon/event_hub.hpp"
#include "reconciler/daemon/metrics.hpp"

#include <string>

namespace trueup {

class ControlApi {
public:
    static constexpr std::size_t history_default = 100;
    static constexpr std::size_t history_max = 10'000;

    // All must outlive it.
    ControlApi(Control& control, EventHub& events, Metrics& metrics, const Clock& clock)
        : control_(control), events_(events), metrics_(metrics), clock_(clock)
    {
    }

    // `by` names who asks, for the audit.
    ServerReply answer(const std::string& by, const HttpRequest& request);

private:
    struct Query;
    ServerReply get(const Query& query, const HttpRequest& request);
    ServerReply resource(const std::string& address);
    ServerReply resources(const Query& query);
    ServerReply history(const Query& query);
    ServerReply events(const HttpRequest& request);
    ServerReply post(const std::string& path, const std::string& by, const HttpRequest& request);
    Result<void> suspend(const Map& body, const std::string& by);

    Control& control_;
    EventHub& events_;
    Metrics& metrics_;
    const Clock& clock_;
};

// {"error": {"code": ..., "message": ..., "advice": ...}} with the status that fits.
ServerReply error_reply(const Error& error);

} // namespace trueup
