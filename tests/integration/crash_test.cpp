// Cuts an apply of the examples short at each of its calls, in two ways, and applies again: the end
// is the same, nothing exists twice, nothing is lost, and nobody is asked.

#include "tests/integration/live_api.hpp"
#include "tests/integration/world.hpp"
#include "tests/support/places.hpp"

#include <doctest/doctest.h>

#include <csignal>

using namespace trueup;
using namespace trueup::test;

namespace {

const std::filesystem::path examples =
    std::filesystem::path(trueup::test::source_dir()) / "manifests" / "examples";

struct Reference {
    std::size_t calls = 0;
    std::string world;
};

Reference undisturbed()
{
    LiveApi api;
    Site site;
    site.copy_from(examples);
    const Finished applied = site.run(api, {"apply", "--yes"});
    REQUIRE_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
    Reference reference;
    reference.calls = api.requests();
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
}
