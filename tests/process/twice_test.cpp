// Something between us and the API that delivers a request twice, as proxies do that repeat what
// they believe is lost: what the server keeps unique stays one, and of what it does not both are
// reported and neither is touched.

#include "tests/integration/live_api.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace trueup;
using namespace trueup::test;

namespace {

enum class Answered { first, second };

constexpr Answered both[] = {Answered::first, Answered::second};

std::string filter(const std::string& name)
{
    return "---\napiVersion: palette/v1\nkind: TagFilter\nmetadata: {name: " + name +
           "}\nspec:\n  filterGroup:\n    conjunction: and\n    filters: [{key: a, negation: "
           "false, "
           "operator: eq, values: [b]}]\n";
}

bool is_write(const HttpRequest& request)
{
    return request.method != "GET" && !request.target.starts_with("/v1/dashboard/") &&
           !request.target.starts_with("/v1/auth/");
}

// An API that is sent each write twice, until it is told otherwise.
struct Scene {
    explicit Scene(Answered answered)
    {
        api.set_hook([this, answered](std::size_t, const HttpRequest& request, ServerReply& reply) {
            if (!is_write(request))
                return;
            ++writes;
            if (!twice)
                return;
            const WallTime now = std::chrono::time_point_cast<std::chrono::milliseconds>(
                std::chrono::system_clock::now());
            HttpResponse again = api.sandbox()->handle(request, now);
            statuses.push_back(again.status);
            if (answered == Answered::second)
                reply.response = std::move(again);
        });
    }

    Finished apply() const { return site.run(api, {"apply", "--yes", "--prune"}); }

    LiveApi api;
    Site site;
    bool twice = true;
    std::size_t writes = 0;
    std::vector<int> statuses; // of the second delivery
};

} // namespace

TEST_SUITE("process: twice")
{
    TEST_CASE("A: writes that arrive twice make nothing twice where names are unique")
    {
        for (const Answered answered : both) {
            CAPTURE(static_cast<int>(answered));
            Scene scene(answered);
            const std::size_t before = scene.api.sandbox()->count("roles");

            for (const std::string& manifests : {role("one") + role("two"),
                                                 role("one", "cluster.list") + role("two"),
                                                 role("one", "cluster.list")}) {
                scene.site.write("roles.yaml", manifests);
                const Finished applied = scene.apply();
                CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
            }

            // Two creates, an update, a delete: each did arrive twice.
            CHECK(scene.statuses == std::vector<int>{409, 409, 204, 404});
            CHECK(scene.api.sandbox()->count("roles") == before + 1);
            CHECK(scene.site.run(scene.api, {"plan", "--prune", "--detailed-exitcode"}).exit_code ==
                  0);
        }
    }

    TEST_CASE("A: two of what the server does not keep unique are reported, and neither is touched")
    {
        for (const Answered answered : both) {
            CAPTURE(static_cast<int>(answered));
            Scene scene(answered);
            const std::size_t before = scene.api.sandbox()->count("filters");
            scene.site.write("filters.yaml", filter("one"));
            scene.site.write("roles.yaml", role("other"));
            const Finished created = scene.apply();
            // It was told of one alone, and by then that is all that it can know.
            CHECK_MESSAGE(created.exit_code == 0, created.out, created.err);
            CHECK(scene.api.sandbox()->count("filters") == before + 2);
            scene.twice = false;
            scene.writes = 0;

            const Finished next = scene.apply();
            scene.site.remove("filters.yaml");
            const Finished undeclared = scene.apply();

            for (const Finished& finished : {next, undeclared}) {
                CHECK(finished.exit_code == 1);
                CHECK_MESSAGE(finished.out.find("TagFilter/tenant/one (duplicate mark): several "
                                                "objects carry our mark for it: ") !=
                                  std::string::npos,
                              finished.out);
            }
            CHECK(scene.writes == 0);
            CHECK(scene.api.sandbox()->count("filters") == before + 2);
        }
    }
}
