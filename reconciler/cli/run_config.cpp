#include "reconciler/cli/run_config.hpp"

#include "reconciler/cli/config_file.hpp"
#include "reconciler/cli/planning.hpp"
#include "reconciler/cli/workspace.hpp"

#include <algorithm>
#include <charconv>

namespace trueup {

namespace {

Error at(const Settings& settings, const Value& value, Error error)
{
    error.place = settings.config_file.string() + ":" + std::to_string(value.place().line);
    return error;
}

// Fails with the first member of `map` that is none of `known`.
Result<void> only(const Settings& settings, const Map& map, const std::vector<std::string>& known)
{
    for (const auto& [name, member] : map)
        if (std::ranges::find(known, name) == known.end())
            return at(
                settings,
                member,
                Error{
                    Errc::invalid_input, "unknown setting " + name, "", did_you_mean(name, known)});
    return {};
}

// The text of that name in `map`; "" when there is none.
Result<std::string> text_at(const Settings& settings, const Map& map, const std::string& name)
{
    const Value* value = map.find(name);
    if (value == nullptr)
        return std::string();
    if (value->if_string() == nullptr)
        return at(settings, *value, Error{Errc::invalid_input, name + " is a text"});
    return *value->if_string();
}

Result<void> read_duration(const Settings& settings,
                           const std::string& text,
                           const std::string& option,
                           Duration& into)
{
    if (text.empty())
        return {};
    auto duration = option_duration(settings, option, text);
    if (!duration)
        return duration.error();
    into = *duration;
    return {};
}

Result<void> read_jitter(const Settings& settings, unsigned& into)
{
    const std::string& text = settings.jitter;
    if (text.empty())
        return {};
    const auto limit = parse_limit(text);
    if (!limit || !text.ends_with('%') || limit->percent > 50)
        return Error{Errc::invalid_input,
                     "--jitter is a share up to 50%, not " + text,
                     settings.place_of("jitter")};
    into = static_cast<unsigned>(limit->percent);
    return {};
}

Result<FreezeWindow> read_window(const Settings& settings, const Value& value)
{
    const Map* map = value.if_map();
    if (map == nullptr)
        return at(settings,
                  value,
                  Error{Errc::invalid_input,
                        "a freeze window is a map",
                        "",
                        "write {days: [Fri], from: \"18:00\", to: \"08:00\", zone: UTC}"});
    if (auto fine = only(settings, *map, {"days", "from", "to", "zone"}); !fine)
        return fine.error();
    std::vector<std::string> days;
    if (const Value* listed = map->find("days")) {
        const List* list = listed->if_list();
        if (list == nullptr)
            return at(settings,
                      *listed,
                      Error{Errc::invalid_input, "days is a list, such as [Sat, Sun]"});
        for (const Value& day : *list)
            days.push_back(text_of_scalar(day).value_or(""));
    }
    const auto from = text_at(settings, *map, "from");
    const auto to = text_at(settings, *map, "to");
    const auto zone = text_at(settings, *map, "zone");
    for (const auto* text : {&from, &to, &zone})
        if (!*text)
            return text->error();
    auto window = make_freeze_window(days, *from, *to, *zone);
    if (!window)
        return at(settings, value, window.error());
    return window;
}

Result<void> read_limits_of(const Settings& settings,
                            const Map& map,
                            BlastLimit::Per per,
                            std::vector<BlastLimit>& limits)
{
    using What = BlastLimit::What;
    static const std::vector<std::pair<std::string, What>> words{{"deletes", What::deletes},
                                                                 {"updates", What::updates},
                                                                 {"replaces", What::replaces},
                                                                 {"creates", What::creates}};
    for (const auto& [name, value] : map) {
        const auto word = std::ranges::find(words, name, [](const auto& w) { return w.first; });
        if (word == words.end())
            continue;
        auto limit = parse_limit(text_of_scalar(value).value_or(""));
        if (!limit)
            return at(settings, value, limit.error());
        limits.emplace_back(word->second, per, *limit);
    }
    return {};
}

Result<RunMode> read_mode(const Settings& settings)
{
    if (settings.dry_run && !settings.mode.empty() && settings.mode != "dry-run")
        return Error{Errc::invalid_input,
                     "--dry-run and --mode " + settings.mode +
                         " exclude each "
                         "other"};
    if (settings.dry_run || settings.mode == "dry-run")
        return RunMode::dry_run;
    return settings.mode == "approve" ? RunMode::approve : RunMode::automatic;
}

} // namespace

Result<std::vector<FreezeWindow>> read_freeze(const Settings& settings)
{
    std::vector<FreezeWindow> windows;
    const auto section = settings.sections.find("freeze");
    if (section == settings.sections.end())
        return windows;
    const List* list = section->second.if_list();
    if (list == nullptr)
        return at(
            settings, section->second, Error{Errc::invalid_input, "freeze is a list of windows"});
    for (const Value& value : *list) {
        auto window = read_window(settings, value);
        if (!window)
            return window.error();
        windows.push_back(std::move(*window));
    }
    return windows;
}

Result<std::vector<BlastLimit>> read_limits(const Settings& settings)
{
    std::vector<BlastLimit> limits;
    const auto section = settings.sections.find("limits");
    if (section == settings.sections.end())
        return limits;
    const Map* map = section->second.if_map();
    if (map == nullptr)
        return at(settings, section->second, Error{Errc::invalid_input, "limits is a map"});
    const std::vector<std::string> words{"deletes", "updates", "replaces", "creates"};
    std::vector<std::string> all = words;
    all.insert(all.end(), {"perKind", "perScope"});
    if (auto fine = only(settings, *map, all); !fine)
        return fine.error();
    if (auto fine = read_limits_of(settings, *map, BlastLimit::Per::plan, limits); !fine)
        return fine.error();
    for (const auto& [name, per] : {std::pair("perKind", BlastLimit::Per::kind),
                                    std::pair("perScope", BlastLimit::Per::scope)}) {
        const Value* value = map->find(name);
        if (value == nullptr)
            continue;
        const Map* inner = value->if_map();
        if (inner == nullptr)
            return at(
                settings, *value, Error{Errc::invalid_input, std::string(name) + " is a map"});
        if (auto fine = only(settings, *inner, words); !fine)
            return fine.error();
        if (auto fine = read_limits_of(settings, *inner, per, limits); !fine)
            return fine.error();
    }
    return limits;
}

Result<Duration> read_stop_timeout(const Settings& settings)
{
    Duration timeout = std::chrono::seconds(80); // below systemd's own 90 s
    if (auto fine = read_duration(settings, settings.stop_timeout, "stop-timeout", timeout); !fine)
        return fine.error();
    return timeout;
}

Result<RunConfig> read_run_config(const Settings& settings)
{
    RunConfig config;
    if (reads_standard_input(settings))
        return Error{Errc::invalid_input,
                     "standard input is read once: nobody could keep watching it",
                     "",
                     "give files or directories"};
    auto mode = read_mode(settings);
    if (!mode)
        return mode.error();
    config.mode = *mode;
    config.once = settings.once;
    const std::pair<const std::string&, std::pair<std::string_view, Duration*>> durations[] = {
        {settings.interval, {"interval", &config.interval}},
        {settings.quiet_period, {"quiet-period", &config.quiet}},
        {settings.grace, {"grace", &config.grace}},
        {settings.approval_expiry, {"approval-expiry", &config.approval_expiry}},
        {settings.backoff_min, {"backoff-min", &config.backoff.min}},
        {settings.backoff_max, {"backoff-max", &config.backoff.max}}};
    for (const auto& [text, option] : durations)
        if (auto fine = read_duration(settings, text, std::string(option.first), *option.second);
            !fine)
            return fine.error();
    constexpr Duration interval_min = std::chrono::seconds(1);
    if (config.interval < interval_min)
        return Error{
            Errc::invalid_input, "--interval is at least 1s", settings.place_of("interval")};
    config.quiet_max = std::max<Duration>(config.quiet_max, config.quiet);
    config.backoff.max = std::max(config.backoff.max, config.backoff.min);
    if (auto fine = read_jitter(settings, config.jitter_percent); !fine)
        return fine.error();
    if (settings.on_bad_manifest == "revision")
        config.on_bad = BadManifest::revision;
    auto freeze = read_freeze(settings);
    if (!freeze)
        return freeze.error();
    config.freeze = std::move(*freeze);
    if (!settings.override_freeze.empty()) {
        config.freeze_override.emplace();
        config.freeze_override->reason = settings.override_freeze;
    }
    auto request = read_plan_request(settings, Refresh::automatic);
    if (!request)
        return request.error();
    config.request = std::move(*request);
    config.parallelism = settings.parallelism;
    config.version = TRUEUP_VERSION;
    return config;
}

} // namespace trueup
