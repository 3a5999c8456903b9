// A whole client of the API against a server that answers what the input says: lists of any number
// of pages, reads, look-ups, creates, logins.
//
// Every call ends, within a bounded number of requests; a call that fails says why; an object of a
// walk has what its kind promises; and no event or error shows a credential.

#include "api/rest/rest.hpp"
#include "state/model/json.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/manual_clock.hpp"

#include <algorithm>
#include <charconv>

using namespace trueup;
using namespace trueup::fuzz;

namespace {

constexpr std::string_view key = "correct-horse-battery";
constexpr std::size_t requests_beyond_max = 10; // once the server has nothing more to say

// "200 Link: </v1/things?page=2>; rel=next" on the first line, the body below.
HttpResponse response_of(std::string_view text)
{
    std::string_view head = take_part(text, "\n");
    HttpResponse response;
    const std::string_view status = take_part(head, " ");
    std::from_chars(status.data(), status.data() + status.size(), response.status);
    response.status = std::clamp(response.status, 200, 599);
    while (!head.empty()) {
        const std::string_view name = take_part(head, ": ");
        response.headers.emplace_back(std::string(name), std::string(take_part(head, " | ")));
    }
    response.body = text;
    return response;
}

class World {
public:
    explicit World(std::string_view script) : script_(script)
    {
        RestOptions options;
        options.rate = 0.0;
        const SecretHasher hasher;
        options.credentials.api_key = hasher.make(std::string(key), "file:key");
        provider_ = make_rest_provider(
            shipped_catalogue(), http_, clock_, *random_, events_, std::move(options));
    }

    void walk(const Kind& kind)
    {
        if (!kind.list)
            return;
        std::size_t items = 0;
        const PageSink sink = [&](std::vector<Observed> page) -> Result<void> {
            for (const Observed& object : page)
                must(!object.uid.empty() || kind.list->uid.is_root(), "an object has its uid");
            items += page.size();
            return {};
        };
        const auto report = clock_.run(provider_->list(kind, scope_, sink, CallContext("x")));
        check(report);
        if (report)
            must(!report->proves_absence || report->pages == 1, "one page alone proves absence");
    }
    void read(const Kind& kind)
    {
        check(clock_.run(provider_->read(kind, scope_, "uid-1", CallContext("x"))));
    }
    void look_up(const Kind& kind)
    {
        if (kind.is_singleton())
            return;
        const std::vector<std::string> wanted(kind.key.size(), "name");
        check(clock_.run(provider_->look_up(kind, scope_, wanted, CallContext("x"))));
    }
    void create(const Kind& kind)
    {
        if (!kind.create)
            return;
        WriteCall call;
        call.operation = &kind.create->call;
        call.scope = scope_;
        call.has_body = true;
        call.body = Map{{"password", Secret(std::string(key), "", "test")}};
        check(clock_.run(provider_->create(kind, std::move(call), CallContext("x"))));
        std::size_t sent = 0;
        for (const SentRequest& request : http_.requests)
            sent += request.route == kind.create->call.route() ? 1U : 0U;
        // Only 429 says for certain that nothing was done.
        must(sent <= 1 + turned_away_, "a create is sent once");
    }
    void bootstrap() { check(clock_.run(provider_->bootstrap(CallContext("x")))); }

private:
    HttpResponse answer()
    {
        if (script_.empty()) {
            must(++requests_beyond_ <= requests_beyond_max, "a call that failed ends");
            return make_response(400, R"({"code": "NoMore"})");
        }
        HttpResponse response = response_of(take_part(script_, "\n===\n"));
        turned_away_ += response.status == 429 || response.status == 401 ? 1U : 0U;
        return response;
    }

    template <class T>
    void check(const Result<T>& result)
    {
        if (!result) {
            must(!result.error().message.empty(), "a failure says why");
            must(result.error().text().find(key) == std::string::npos,
                 "an error shows no credential: " + result.error().text());
        }
        for (const Event& event : events_.events)
            must(event.message.find(key) == std::string::npos &&
                     event.audit_uid.find(key) == std::string::npos,
                 "an event shows no credential: " + event.message + event.audit_uid);
    }

    std::string_view script_;
    std::size_t turned_away_ = 0;
    std::size_t requests_beyond_ = 0;
    boost::asio::io_context context_;
    ManualClock clock_{context_};
    FakeHttp http_{clock_, [this](const SentRequest&) -> Result<HttpResponse> { return answer(); }};
    std::unique_ptr<Random> random_ = make_seeded_random(1);
    EventList events_;
    Scope scope_{"team-a", "uid-of-team-a"};
    std::unique_ptr<Provider> provider_;
};

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // A letter for the call, the name of a kind, then answers between lines of ===.
    std::string_view text = text_of(data, size);
    const std::size_t call = take_choice(text, 5);
    const Kind& kind = take_kind(text);
    World world(text);
    switch (call) {
    case 0:
        world.walk(kind);
        break;
    case 1:
        world.read(kind);
        break;
    case 2:
        world.look_up(kind);
        break;
    case 3:
        world.create(kind);
        break;
    default:
        world.bootstrap();
        break;
    }
    return 0;
}
