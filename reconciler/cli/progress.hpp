// A progress bar on a terminal: how many actions are done, and how long the rest may take.

#pragma once

#include "state/model/event.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace trueup {

// Hands every event on to `next`, and draws on stderr when `draw` is true. Both outlive it.
class ProgressSink final : public EventSink {
public:
    ProgressSink(EventSink& next, const Clock& clock, bool draw)
        : next_(next), clock_(clock), draw_(draw)
    {
    }
    ~ProgressSink() override;

    // How many actions the apply that starts now has.
    void begin(std::size_t total);
    void end();
    void emit(const Event& event) override;
    // What every event carries from now on that says no revision itself.
    void stamp_with(std::string revision) { revision_ = std::move(revision); }

private:
    void clear();
    void show();

    EventSink& next_;
    const Clock& clock_;
    bool draw_;
    std::string revision_;
    bool shown_ = false;
    std::size_t total_ = 0;
    std::size_t ended_ = 0;
    std::size_t failed_ = 0;
    Instant begun_;
};

} // namespace trueup
