// Lists that change while they are read: what a walk misses is not gone, and what it sees twice is
// one.

#include "api/kinds/catalogue.hpp"
#include "api/rest/rest.hpp"
#include "api/sandbox/sandbox.hpp"
#include "manifests/load.hpp"
#include "reconciler/engine/observe.hpp"
#include "tests/support/manual_clock.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

constexpr std::size_t declared_roles = 110;
constexpr const char* owner = "test-owner";

// An HttpClient whose server is a sandbox in this process; `between` runs before each request.
class SandboxHttp final : public HttpClient {
public:
    SandboxHttp(Sandbox& sandbox, std::function<void(const HttpRequest&)> between)
        : sandbox_(sandbox), between_(std::move(between))
    {
    }

    Task<Result<HttpResponse>> send(HttpRequest request) override
    {
        between_(request);
        if (request.credential)
            request.headers.emplace_back(request.credential_header,
                                         std::string(request.credential->reveal()));
        co_return sandbox_.handle(request,
                                  WallTime{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1}});
    }
    const Origin& origin() const override { return origin_; }

private:
    Sandbox& sandbox_;
    std::function<void(const HttpRequest&)> between_;
    Origin origin_;
};

std::string body_of(const std::string& name, bool marked)
{
    const Address address("Role", std::nullopt, {name});
    std::string annotations;
    if (marked)
        annotations = R"(,"annotations":{"trueup.io/owner":")" + std::string(owner) +
                      R"(","trueup.io/address":")" + address_mark(address) + R"("})";
    return R"({"metadata":{"name":")" + name + R"(")" + annotations +
           R"(},"spec":{"scope":"project","type":"user","permissions":["cluster.get"]}})";
}

ManifestSet declare(const Catalogue& catalogue)
{
    std::string text;
    for (std::size_t i = 0; i < declared_roles; ++i)
        text += "---\napiVersion: palette/v1\nkind: Role\nmetadata: {name: role-" +
                std::to_string(i) +
                "}\nspec: {scope: project, type: user, permissions: [cluster.get]}\n";
    LoadOptions options;
    options.paths = {"-"};
    options.standard_input = text;
    Diagnostics diagnostics;
    ManifestSet set = load_manifests(options, catalogue, diagnostics);
    REQUIRE(diagnostics.error_count() == 0);
    return set;
}

Catalogue shipped()
{
    auto sources = catalogue_sources({});
    REQUIRE(sources);
    Diagnostics diagnostics;
    return load_catalogue(*sources, diagnostics);
}

// What one seed does to the world while a list is read.
class Disturbance {
public:
    Disturbance(Sandbox& sandbox, std::uint64_t seed)
        : sandbox_(sandbox), random_(make_seeded_random(seed))
    {
    }

    void add_foreign() { add("early-" + std::to_string(added_)); }

    void operator()(const HttpRequest& request)
    {
        // Between the pages of a walk, and not during what follows it: a world that never stands
        // still cannot be known at all.
        if (request.target.find("continue=") == std::string::npos || ++shifts_ > 12)
            return;
        switch (random_->below(4)) {
        case 0:
            add("foreign-" + std::to_string(added_));
            break;
        case 1:
            if (!foreign_.empty()) {
                const std::size_t which = random_->below(foreign_.size());
                sandbox_.remove_object("roles", foreign_[which]);
                foreign_.erase(foreign_.begin() + static_cast<std::ptrdiff_t>(which));
            }
            break;
        case 2:
            sandbox_.shuffle("roles", random_->next());
            break;
        default:
            break;
        }
    }

private:
    void add(const std::string& name)
    {
        foreign_.push_back(sandbox_.put_object("roles", "", body_of(name, false)));
        ++added_;
    }

    Sandbox& sandbox_;
    std::unique_ptr<Random> random_;
    std::vector<std::string> foreign_;
    std::size_t added_ = 0;
    std::size_t shifts_ = 0;
};

} // namespace

TEST_SUITE("integration: shifting lists")
{
    TEST_CASE("objects that move between pages are never created again and never deleted")
    {
        const Catalogue catalogue = shipped();
        const ManifestSet manifests = declare(catalogue);
        auto rules = read_sandbox_rules();
        REQUIRE(rules);
        std::size_t false_creates = 0;
        std::size_t false_deletes = 0;
        for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
            CAPTURE(seed);
            SandboxOptions options;
            options.rules = *rules;
            const std::unique_ptr<Sandbox> sandbox = make_sandbox(options);
            Disturbance disturbance(*sandbox, seed);
            for (int i = 0; i < 20; ++i)
                disturbance.add_foreign();
            std::vector<Record> records;
            for (std::size_t i = 0; i <= declared_roles; ++i) {
                // The last one is no longer declared: the one delete that is right.
                const std::string name = "role-" + std::to_string(i);
                const std::string uid = sandbox->put_object("roles", "", body_of(name, true));
                if (i % 2 == 1 && i != declared_roles)
                    continue; // known by its mark alone
                Record record;
                record.address = "Role/tenant/" + name;
                record.kind = "Role";
                record.uid = uid;
                record.last_applied = Value(Map{});
                records.push_back(std::move(record));
            }
            sandbox->shuffle("roles", seed);
            boost::asio::io_context context{1};
            ManualClock clock(context);
            const auto random = make_seeded_random(seed);
            NullSink events;
            SandboxHttp http(*sandbox, [&](const HttpRequest& request) { disturbance(request); });
            RestOptions rest;
            rest.credentials.api_key = SecretHasher().make("sandbox", "test");
            rest.rate = 0.0;
            const auto observer =
                make_rest_observer(catalogue, http, clock, *random, events, std::move(rest));
            ObserveOptions looking;
            looking.owner_id = owner;
            looking.prune = true;
            auto observed =
                clock.run(observe(catalogue, manifests, records, *observer, std::move(looking)));
            REQUIRE(observed);
            PlanOptions planning;
            planning.owner_id = owner;
            planning.prune = true;
            const auto plan = make_plan(catalogue, manifests, records, {}, *observed, planning);
            REQUIRE(plan);

            false_creates += plan->counts.create;
            for (const Action& action : plan->actions)
                false_deletes += action.verb == Verb::remove &&
                                         action.address.text() !=
                                             "Role/tenant/role-" + std::to_string(declared_roles)
                                     ? 1U
                                     : 0U;
            CHECK(plan->counts.remove >= 1);
            CHECK(plan->counts.blocked == 0);
        }
        CHECK(false_creates == 0);
        CHECK(false_deletes == 0);
    }
}
