// What the daemon does and how it fares, as numbers for Prometheus.
//
// Counts events as they pass, and takes the rest from the daemon's status when it is asked. Labels
// are words of ours or route templates, so there are only so many of them.

#pragma once

#include "reconciler/daemon/control.hpp"
#include "state/model/event.hpp"

#include <memory>
#include <string>

namespace trueup {

class Metrics final : public EventSink {
public:
    explicit Metrics(const std::string& version);
    ~Metrics() override;

    void emit(const Event& event) override;
    // A round has ended; called once for each.
    void round_ended(const RoundStatus& round);

    // Everything in Prometheus' text format 0.0.4.
    std::string text(const Control& control, WallTime now);

private:
    struct Families;
    std::unique_ptr<Families> families_;
};

} // namespace trueup
