#include "reconciler/cli/log.hpp"

#include "reconciler/cli/console.hpp"
#include "reconciler/cli/journal.hpp"
#include "state/model/event_value.hpp"
#include "state/model/json.hpp"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace trueup {

namespace {

spdlog::level::level_enum level_of(Level level)
{
    switch (level) {
    case Level::debug:
        return spdlog::level::debug;
    case Level::info:
        return spdlog::level::info;
    case Level::warning:
        return spdlog::level::warn;
    case Level::error:
        return spdlog::level::err;
    }
    return spdlog::level::info;
}

// As syslog(3) numbers them.
std::string priority_of(Level level)
{
    switch (level) {
    case Level::debug:
        return "7";
    case Level::info:
        return "6";
    case Level::warning:
        return "4";
    case Level::error:
        return "3";
    }
    return "6";
}

// True when stderr leads to the journal: systemd names the stream's device and inode.
bool is_journal_stderr()
{
    const char* stream = std::getenv("JOURNAL_STREAM"); // nothing here changes the environment
    struct stat status {};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0)
        return false;
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

// A name=value pair; values with blanks are quoted, control characters escaped.
void pair(std::string& line, std::string_view name, const std::string& value)
{
    if (value.empty())
        return;
    line += " " + std::string(name) + "=";
    const bool plain = value.find_first_of(" \"=\\") == std::string::npos &&
                       std::ranges::all_of(value, [](char c) { return c > 0x20 && c != 0x7F; });
    line += plain ? value : json::write(Value(value));
}

std::string milliseconds(Duration duration)
{
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

// Writes lines to stderr. A reader that stops reading costs one short wait; until it reads again,
// records are dropped, and then their number is told: no work waits for its log.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
protected:
    void sink_it_(const spdlog::details::log_msg& message) override
    {
        std::string line(message.payload.data(), message.payload.size());
        line += '\n';
        if (lost_ != 0)
            line.insert(0,
                        "trueup: warning: " + std::to_string(lost_) +
                            " log records were dropped because nobody read them\n");
        if (print_error(line, lost_ == 0 ? std::chrono::seconds(2) : std::chrono::seconds(0)))
            lost_ = 0;
        else
            ++lost_;
    }
    void flush_() override {}

private:
    std::uint64_t lost_ = 0;
};

class LogSink final : public EventSink {
public:
    LogSink(const Clock& clock, bool json, spdlog::level::level_enum level)
        : clock_(clock), json_(json), logger_("trueup", std::make_shared<StderrSink>())
    {
        if (is_journal_stderr())
            journal_.emplace();
        logger_.set_pattern("%v");
        logger_.set_level(level);
        logger_.flush_on(spdlog::level::info);
    }

    void emit(const Event& event) override
    {
        if (!logger_.should_log(level_of(event.level)))
            return;
        if (journal_ && journal_->send(fields_of(event)))
            return;
        logger_.log(level_of(event.level), spdlog::string_view_t(line_of(event)));
    }

private:
    std::string line_of(const Event& event) const
    {
        // journald takes the priority from the front of a line, and puts its own time to it.
        const std::string priority = journal_ ? "<" + priority_of(event.level) + ">" : "";
        return priority + message_of(event);
    }

    std::string message_of(const Event& event) const
    {
        return json_ ? json::write(event_value(event, clock_.wall())) : as_text(event);
    }

    // What `journalctl TRUEUP_ADDRESS=...` finds.
    JournalFields fields_of(const Event& event) const
    {
        const bool is_call = event.type == EventType::api_call;
        return {{"MESSAGE", message_of(event)},
                {"PRIORITY", priority_of(event.level)},
                {"SYSLOG_IDENTIFIER", "trueup"},
                {"TRUEUP_EVENT", std::string(name_of(event.type))},
                {"TRUEUP_ADDRESS", event.address},
                {"TRUEUP_VERB", event.verb},
                {"TRUEUP_CALL", event.call},
                {"TRUEUP_STATUS", is_call ? std::to_string(event.status) : std::string()},
                {"TRUEUP_ATTEMPT", is_call ? std::to_string(event.attempt) : std::string()},
                {"TRUEUP_MS", milliseconds(event.duration)},
                {"TRUEUP_AUDIT", event.audit_uid},
                {"TRUEUP_PLAN", event.plan_id},
                {"TRUEUP_REVISION", event.revision},
                {"TRUEUP_ERROR", event.error}};
    }

    std::string as_text(const Event& event) const
    {
        std::string line = (journal_ ? "" : format_time(clock_.wall()) + " ") +
                           std::string(name_of(event.level)) + " " +
                           std::string(name_of(event.type));
        pair(line, "address", event.address);
        pair(line, "verb", event.verb);
        pair(line, "call", event.call);
        pair(line, "class", event.operation);
        if (event.type == EventType::api_call) {
            pair(line, "status", std::to_string(event.status));
            pair(line, "attempt", std::to_string(event.attempt));
        }
        if (event.duration != Duration::zero())
            pair(line, "ms", milliseconds(event.duration));
        pair(line, "audit", event.audit_uid);
        pair(line, "plan", event.plan_id);
        pair(line, "revision", event.revision);
        pair(line, "error", event.error);
        pair(line, "message", event.message);
        return line;
    }

    const Clock& clock_;
    bool json_;
    std::optional<Journal> journal_;
    spdlog::logger logger_;
};

} // namespace

Result<std::unique_ptr<EventSink>> make_log_sink(const Settings& settings, const Clock& clock)
{
    if (!settings.log_format.empty() && settings.log_format != "text" &&
        settings.log_format != "json")
        return Error{Errc::invalid_input,
                     "--log-format is text or json, not " + settings.log_format};
    spdlog::level::level_enum level =
        stderr_is_terminal() ? spdlog::level::warn : spdlog::level::info;
    if (!settings.log_level.empty()) {
        static const std::pair<std::string_view, spdlog::level::level_enum> words[] = {
            {"debug", spdlog::level::debug},
            {"info", spdlog::level::info},
            {"warning", spdlog::level::warn},
            {"error", spdlog::level::err}};
        const auto* it = std::ranges::find(
            words, settings.log_level, [](const auto& word) { return word.first; });
        if (it == std::end(words))
            return Error{Errc::invalid_input,
                         "--log-level is debug, info, warning or error, not " + settings.log_level};
        level = it->second;
    }
    return std::unique_ptr<EventSink>(
        std::make_unique<LogSink>(clock, settings.log_format == "json", level));
}

} // namespace trueup
