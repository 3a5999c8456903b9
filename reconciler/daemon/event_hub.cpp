#include "reconciler/daemon/event_hub.hpp"

#include "api/http/one_shot.hpp"
#include "state/model/event_value.hpp"
#include "state/model/json.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace trueup {

class EventHub::Feed final : public BodyFeed {
public:
    explicit Feed(Clock& clock) : clock_(clock) {}

    Task<std::optional<std::string>> next() override
    {
        const Executor executor = co_await boost::asio::this_coro::executor;
        if (queue_.empty() && !ended_) {
            const auto turn = std::make_shared<OneShot<bool>>(executor);
            turn_ = turn;
            const auto alarm = clock_.alarm(quiet_max, [turn] { turn->put(false); });
            co_await turn->take();
        }
        if (ended_)
            co_return std::nullopt;
        if (queue_.empty())
            co_return std::string(": nothing new\n\n");
        std::string piece;
        for (const std::string& text : queue_)
            piece += text;
        queue_.clear();
        co_return piece;
    }

    void end() override
    {
        ended_ = true;
        queue_.clear();
        wake();
    }

    void push(const std::string& text)
    {
        if (ended_)
            return;
        if (queue_.size() == queue_max) {
            end();
            return;
        }
        queue_.push_back(text);
        wake();
    }

private:
    void wake()
    {
        if (const auto turn = turn_.lock())
            turn->put(true);
    }

    Clock& clock_;
    std::vector<std::string> queue_;
    std::weak_ptr<OneShot<bool>> turn_;
    bool ended_ = false;
};

EventHub::EventHub(Clock& clock) : clock_(clock) {}

EventHub::~EventHub()
{
    for (const auto& weak : feeds_)
        if (const auto feed = weak.lock())
            feed->end();
}

void EventHub::emit(const Event& event)
{
    ++last_id_;
    Sent sent;
    sent.id = last_id_;
    sent.text = "id: " + std::to_string(last_id_) + "\nevent: " + std::string(name_of(event.type)) +
                "\ndata: " + json::write(event_value(event, clock_.wall())) + "\n\n";
    for (const auto& weak : feeds_)
        if (const auto feed = weak.lock())
            feed->push(sent.text);
    recent_.push_back(std::move(sent));
    if (recent_.size() > recent_max)
        recent_.pop_front();
}

Result<std::shared_ptr<BodyFeed>> EventHub::listen(std::optional<std::uint64_t> seen)
{
    std::erase_if(feeds_, [](const auto& weak) { return weak.expired(); });
    if (feeds_.size() >= listeners_max)
        return Error{Errc::busy,
                     "there are " + std::to_string(listeners_max) + " listeners already"};
    const auto feed = std::make_shared<Feed>(clock_);
    if (seen)
        for (const Sent& sent : recent_)
            if (sent.id > *seen)
                feed->push(sent.text);
    feeds_.push_back(feed);
    return std::shared_ptr<BodyFeed>(feed);
}

} // namespace trueup
