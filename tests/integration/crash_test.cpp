// Cuts an apply of the examples short at each of its calls, in two ways, and applies again: the end
// is the same, nothing exists twice, nothing is lost, and nobody is asked.

#include "tests/integration/live_api.hpp"
#include "tests/integration/world.hpp"
#include "tests/support/places.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

using namespace trueup;
using namespace trueup::test;

namespace {

const std::filesystem::path examples =
    std::filesystem::path(trueup::test::source_dir()) / "manifests" / "examples";

struct Reference {
    std::size_t calls = 0;
    std::size_t writes = 0;
    std::string world;
};

std::size_t writes_seen(LiveApi& api)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(api.sandbox()->log(), &SandboxRequest::writes));
}

Reference undisturbed()
{
    LiveApi api;
    Site site;
    site.copy_from(examples);
    const Finished applied = site.run(api, {"apply", "--yes"});
    REQUIRE_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
    Reference reference;
    reference.calls = api.requests();
    reference.writes = writes_seen(api);
    reference.world = comparable(api.sandbox()->dump());
    return reference;
}

// A second apply, with nothing in its way, must lead to the undisturbed end.
void check_second_apply(LiveApi& api, const Site& site, const Reference& reference)
{
    const Finished again = site.run(api, {"apply", "--yes"});
    CHECK_MESSAGE(again.exit_code == 0, again.out, again.err);
    CHECK(first_difference(comparable(api.sandbox()->dump()), reference.world) == "");
    const Finished plan = site.run(api, {"plan", "--detailed-exitcode"});
    CHECK_MESSAGE(plan.exit_code == 0, plan.out, plan.err);
}

} // namespace

TEST_SUITE("integration: crash")
{
    TEST_CASE("the connection is cut after the effect of each call of an apply")
    {
        const Reference reference = undisturbed();
        REQUIRE(reference.calls > 100);
        for (std::size_t n = 1; n <= reference.calls; ++n) {
            CAPTURE(n);
            LiveApi api;
            Site site;
            site.copy_from(examples);
            api.set_hook([n](std::size_t call, const HttpRequest&, ServerReply& reply) {
                reply.cut = call == n;
            });
            // It may end well in spite of the cut; what counts is what the next one finds.
            const Finished first = site.run(api, {"apply", "--yes"});
            CHECK(first.exit_code <= 1);
            api.set_hook({});
            check_second_apply(api, site, reference);
        }
    }

    TEST_CASE("kill -9 after the effect of each call of an apply")
    {
        const Reference reference = undisturbed();
        for (std::size_t n = 1; n <= reference.calls; ++n) {
            CAPTURE(n);
            LiveApi api;
            Site site;
            site.copy_from(examples);
            std::atomic<pid_t> victim = 0;
            api.set_hook([&, n](std::size_t call, const HttpRequest&, ServerReply& reply) {
                if (call < n)
                    return;
                reply.cut = true;
                if (victim != 0)
                    kill(victim, SIGKILL);
            });
            Process first(site.command(api, {"apply", "--yes"}), Site::environment());
            victim = first.pid();
            const Finished killed = first.wait();
            CHECK(killed.exit_code == 128 + SIGKILL);
            api.set_hook({});
            check_second_apply(api, site, reference);
        }
    }

    TEST_CASE("SIGTERM at each call of an apply that changes something")
    {
        const Reference reference = undisturbed();
        for (std::size_t n = 1; n <= reference.writes; ++n) {
            CAPTURE(n);
            LiveApi api;
            Site site;
            site.copy_from(examples);
            std::atomic<pid_t> victim = 0;
            std::atomic<bool> told = false;
            api.set_hook([&, n](std::size_t, const HttpRequest&, ServerReply&) {
                if (victim != 0 && writes_seen(api) >= n && !told.exchange(true))
                    kill(victim, SIGTERM);
            });
            Process first(site.command(api, {"apply", "--yes"}), Site::environment());
            victim = first.pid();
            const Finished stopped = first.wait();
            api.set_hook({});
            // One that has nothing left to begin may end as if nothing had been.
            CHECK_MESSAGE(stopped.exit_code <= 1, stopped.out, stopped.err);
            check_second_apply(api, site, reference);
            // What was under way was brought to its end and recorded: nothing is sent again.
            CHECK(writes_seen(api) == reference.writes);
        }
    }
}
