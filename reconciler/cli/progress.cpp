#include "reconciler/cli/progress.hpp"

#include "reconciler/cli/console.hpp"

#include <algorithm>

namespace trueup {

ProgressSink::~ProgressSink()
{
    clear();
}

void ProgressSink::begin(std::size_t total)
{
    total_ = total;
    ended_ = 0;
    failed_ = 0;
    begun_ = clock_.now();
    show();
}

void ProgressSink::end()
{
    clear();
    total_ = 0;
}

void ProgressSink::emit(const Event& event)
{
    const bool ended =
        event.type == EventType::action_done || event.type == EventType::action_failed ||
        event.type == EventType::action_skipped || event.type == EventType::action_waiting;
    clear();
    if (revision_.empty() || !event.revision.empty()) {
        next_.emit(event);
    } else {
        Event stamped = event;
        stamped.revision = revision_;
        next_.emit(stamped);
    }
    if (ended)
        ++ended_;
    if (event.type == EventType::action_failed)
        ++failed_;
    show();
}

void ProgressSink::clear()
{
    if (shown_)
        print_error("\r\x1b[K", Duration::zero());
    shown_ = false;
}

void ProgressSink::show()
{
    if (!draw_ || total_ == 0)
        return;
    constexpr std::size_t width = 30;
    const std::size_t done = std::min(ended_, total_);
    const std::size_t filled = width * done / total_;
    std::string line = "[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " +
                       std::to_string(done) + "/" + std::to_string(total_);
    if (failed_ != 0)
        line += ", " + std::to_string(failed_) + " failed";
    if (done != 0 && done < total_) {
        const auto spent =
            std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - begun_);
        const auto left =
            spent * static_cast<std::int64_t>(total_ - done) / static_cast<std::int64_t>(done);
        line += ", about " + std::to_string(std::chrono::ceil<std::chrono::seconds>(left).count()) +
                " s left";
    }
    print_error("\r" + line + "\x1b[K", Duration::zero());
    shown_ = true;
}

} // namespace trueup
