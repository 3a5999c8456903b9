// doctor: looks at everything that a plan will need, one thing after the other, and says what to do
// about what is wrong. It changes nothing anywhere.

#include "reconciler/cli/commands.hpp"
#include "reconciler/cli/console.hpp"
#include "reconciler/cli/control_client.hpp"
#include "reconciler/cli/planning.hpp"
#include "reconciler/engine/round.hpp"
#include "reconciler/plan/render.hpp"
#include "state/model/json.hpp"
#include "state/store/writer_lock.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace trueup {

namespace {

constexpr std::chrono::seconds skew_notable{30};
constexpr std::chrono::seconds skew_max{300};

enum class Verdict { ok, warning, failed };

std::string_view word_of(Verdict verdict)
{
    switch (verdict) {
    case Verdict::ok:
        return "ok";
    case Verdict::warning:
        return "warning";
    case Verdict::failed:
        return "failed";
    }
    return "failed";
}

class Doctor {
public:
    explicit Doctor(Settings& settings) : settings_(settings) {}

    int run_all()
    {
        check_kinds();
        check_manifests();
        check_state();
        check_audit();
        check_daemon();
        if (check_client()) {
            check_endpoint();
            if (check_place_of_state())
                check_account();
        }
        return report();
    }

private:
    struct Finding {
        Finding(std::string c, Verdict v, std::string m, std::string a)
            : check(std::move(c)), verdict(v), message(std::move(m)), advice(std::move(a))
        {
        }
        std::string check;
        Verdict verdict;
        std::string message;
        std::string advice;
    };

    void say(std::string check, Verdict verdict, std::string message, std::string advice = {})
    {
        findings_.emplace_back(std::move(check), verdict, std::move(message), std::move(advice));
    }
    void say(std::string check, const Error& error, Verdict verdict = Verdict::failed)
    {
        const std::string place = error.place.empty() ? "" : error.place + ": ";
        say(std::move(check), verdict, place + error.message, error.advice);
    }

    void check_kinds();
    void check_manifests();
    void check_state();
    void check_audit();
    void check_daemon();
    bool check_client();
    void check_endpoint();
    void check_clock(const HttpResponse& answer);
    bool check_place_of_state();
    void check_account();
    void check_binding_of(const Binding& actual);
    int report() const;

    Settings& settings_;
    Workspace workspace_;
    std::vector<Finding> findings_;
};

void Doctor::check_kinds()
{
    if (auto basics = open_basics(workspace_, settings_); !basics)
        return say("kinds", basics.error());
    say("kinds",
        Verdict::ok,
        std::to_string(workspace_.catalogue.kinds.size()) + " kinds are known");
}

void Doctor::check_manifests()
{
    if (settings_.owner.empty())
        say("owner",
            Verdict::failed,
            "there is no owner name to mark objects with",
            "write \"owner: some-name\" into trueup.yaml beside the manifests");
    if (auto read = open_manifests(workspace_, settings_, SecretMode::leave, ""); !read)
        return say("manifests", read.error());
    const std::size_t count = workspace_.manifests.manifests.size();
    say("manifests",
        count == 0 ? Verdict::warning : Verdict::ok,
        std::to_string(count) + " manifests are valid",
        count == 0 ? "name their directory with -f" : "");
}

void Doctor::check_state()
{
    const std::filesystem::path file = state_file(settings_);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
        return say(
            "state", Verdict::ok, "there is none yet; the first apply makes " + file.string());
    if (auto key = open_state(workspace_, settings_, Access::read); !key)
        return say("state", key.error());
    const auto records = workspace_.store->records();
    if (!records)
        return say("state", records.error());
    const auto intents = workspace_.store->open_intents();
    if (!intents)
        return say("state", intents.error());
    const std::string sound =
        file.string() + " is sound, " + std::to_string(records->size()) + " resources are ours";
    if (!intents->empty())
        return say("state",
                   Verdict::warning,
                   sound + "; " + std::to_string(intents->size()) + " calls are unsettled",
                   "the next apply finds out what became of them");
    say("state", Verdict::ok, sound);
    const auto lock = WriterLock::acquire(std::filesystem::weakly_canonical(file, ignored));
    if (!lock && lock.error().code != Errc::busy)
        return say("lock", lock.error());
    if (!lock)
        return say("lock", Verdict::ok, lock.error().message);
    say("lock", Verdict::ok, "nobody else writes the state");
}

void Doctor::check_audit()
{
    const std::filesystem::path file = state_file(settings_);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
        return;
    const auto lines = verify_audit(file);
    if (!lines)
        return say("audit", lines.error());
    say("audit", Verdict::ok, std::to_string(*lines) + " lines, an unbroken chain");
}

void Doctor::check_daemon()
{
    const auto answer = ask_daemon(settings_, "/v1/status");
    if (answer)
        return say("daemon", Verdict::ok, "one answers at " + command_socket(settings_).string());
    if (answer.error().code == Errc::network)
        return say("daemon", Verdict::ok, "none runs");
    say("daemon", answer.error(), Verdict::warning);
}

bool Doctor::check_client()
{
    if (!workspace_.events)
        return false; // the settings of the log are wrong, and that was said
    auto api = open_api(workspace_, settings_, Access::read);
    if (!api)
        say("endpoint", api.error());
    return api.has_value();
}

Task<Result<HttpResponse>> ask_root(HttpClient& client)
{
    HttpRequest request;
    request.method = "GET";
    request.target = "/";
    request.route = "GET /";
    request.repeatable = true;
    auto answer = co_await client.send(std::move(request));
    co_return answer;
}

void Doctor::check_endpoint()
{
    const Origin& origin = workspace_.http->origin();
    const auto answer = run(workspace_, ask_root(*workspace_.http));
    if (!answer)
        return say("endpoint", answer.error());
    if (origin.tls)
        say("endpoint", Verdict::ok, origin.text() + " answers, and its certificate is good");
    else
        say("endpoint",
            Verdict::warning,
            origin.text() + " answers, without TLS",
            "use https:// for anything but a sandbox");
    check_clock(*answer);
}

// The Date of an answer is that of the API's clock, to the second.
std::optional<std::int64_t> seconds_of(std::string_view date)
{
    std::tm parts{};
    const std::string text(date);
    const char* rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (rest == nullptr || *rest != '\0')
        return std::nullopt;
    return static_cast<std::int64_t>(::timegm(&parts));
}

void Doctor::check_clock(const HttpResponse& answer)
{
    const auto theirs = seconds_of(answer.header("Date"));
    if (!theirs)
        return say("clock", Verdict::warning, "the API does not say what time it is");
    const auto ours = std::chrono::duration_cast<std::chrono::seconds>(
        workspace_.clock->wall().time_since_epoch());
    const std::chrono::seconds skew(std::abs(ours.count() - *theirs));
    const Verdict verdict = skew > skew_max       ? Verdict::failed
                            : skew > skew_notable ? Verdict::warning
                                                  : Verdict::ok;
    say("clock",
        verdict,
        "it differs from the API's by " + std::to_string(skew.count()) + " s",
        verdict == Verdict::ok ? "" : "synchronise it: timedatectl set-ntp true");
}

// No credential goes to a host that the state does not belong to.
bool Doctor::check_place_of_state()
{
    if (!workspace_.store)
        return true;
    const auto stored = workspace_.store->binding();
    if (!stored)
        return true; // which is said beside the credential
    const std::string endpoint = workspace_.http->origin().text();
    auto here = check_place(*stored, endpoint, settings_.owner);
    if (!here)
        say("binding", here.error());
    return here.has_value();
}

void Doctor::check_account()
{
    std::string endpoint = workspace_.http->origin().text();
    const auto actual =
        run(workspace_,
            find_binding(
                workspace_.catalogue, workspace_.reader(), std::move(endpoint), settings_.owner));
    if (!actual) {
        const bool throttled = actual.error().code == Errc::throttled;
        return say(throttled ? "rate limits" : "credential", actual.error());
    }
    say("credential",
        Verdict::ok,
        "the API takes it" +
            (actual->tenant_uid.empty() ? "" : ", in the tenant " + actual->tenant_uid));
    check_binding_of(*actual);
    say("rate limits",
        Verdict::ok,
        "nothing was refused for asking too fast, in " +
            std::to_string(workspace_.reader().requests_sent()) + " requests");
}

void Doctor::check_binding_of(const Binding& actual)
{
    if (!workspace_.store)
        return;
    const auto stored = workspace_.store->binding();
    if (!stored)
        return say("binding", stored.error());
    if (auto ours = check_binding(*stored, actual); !ours)
        return say("binding", ours.error());
    say("binding",
        Verdict::ok,
        *stored ? "the state belongs to this endpoint, tenant and owner"
                : "the state belongs to nobody yet");
}

int Doctor::report() const
{
    const bool bad = std::ranges::any_of(
        findings_, [](const Finding& finding) { return finding.verdict == Verdict::failed; });
    List list;
    for (const Finding& finding : findings_) {
        if (settings_.json) {
            Map map;
            map.set("check", finding.check);
            map.set("verdict", std::string(word_of(finding.verdict)));
            map.set("message", finding.message);
            if (!finding.advice.empty())
                map.set("advice", finding.advice);
            list.emplace_back(std::move(map));
            continue;
        }
        std::string line(word_of(finding.verdict));
        line.resize(9, ' ');
        line += finding.check + ": " + printable(finding.message);
        if (!finding.advice.empty())
            line += " (" + printable(finding.advice) + ")";
        print(line + "\n");
    }
    if (settings_.json)
        print(json::write_pretty(list) + "\n");
    return bad ? 1 : 0;
}

} // namespace

int run_doctor(Settings& settings)
{
    return Doctor(settings).run_all();
}

} // namespace trueup
