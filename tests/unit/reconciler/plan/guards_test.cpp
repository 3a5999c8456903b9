#include "reconciler/plan/guards.hpp"
#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

Result<void> guard(const Scene& scene, const GuardOptions& options = {})
{
    return check_guards(scene.plan(), scene.manifests, scene.records, options);
}

// `owned` Widgets are ours; the last `gone` of them are no longer declared.
Scene pruned(int owned, int gone)
{
    Scene scene;
    scene.options.prune = true;
    for (int i = 0; i < owned; ++i) {
        const std::string address = "Widget/tenant/w" + std::to_string(i);
        if (i < owned - gone)
            scene.declare(address);
        scene.owned(address, "u" + std::to_string(i));
    }
    return scene;
}

// `owned` Widgets are ours and declared; the last `gone` of them do not exist any more.
Scene vanished(int owned, int gone)
{
    Scene scene;
    for (int i = 0; i < owned; ++i) {
        const std::string address = "Widget/tenant/w" + std::to_string(i);
        scene.declare(address);
        if (i < owned - gone)
            scene.owned(address, "u" + std::to_string(i));
        else
            scene.lost(address, "u" + std::to_string(i));
    }
    return scene;
}

void check_refused(const Result<void>& result, std::string_view part)
{
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::refused);
    CHECK(result.error().message.find(part) != std::string::npos);
    CHECK_FALSE(result.error().advice.empty());
}

} // namespace

TEST_SUITE("plan: guards")
{
    TEST_CASE("F03: thirty of a hundred deletes pass, thirty-one do not, and the way out is named")
    {
        CHECK(guard(pruned(100, 30)));

        const auto refused = guard(pruned(100, 31));
        check_refused(refused, "deletes 31 objects and the limit is 30");
        CHECK(refused.error().advice.find("--max-deletes 31") != std::string::npos);
    }

    TEST_CASE("F03: ten deletes always pass, eleven of twelve do not")
    {
        CHECK(guard(pruned(12, 10)));
        check_refused(guard(pruned(12, 11)), "11");
    }

    TEST_CASE("F03: --max-deletes replaces the limit, up and down")
    {
        GuardOptions options;
        options.deletes_max = *parse_limit("31");
        CHECK(guard(pruned(100, 31), options));

        options.deletes_max = *parse_limit("0");
        check_refused(guard(pruned(100, 1), options), "the limit is 0");

        options.deletes_max = *parse_limit("50%");
        CHECK(guard(pruned(20, 10), options));
        check_refused(guard(pruned(20, 11), options), "the limit is 10");
    }

    TEST_CASE("6.C: a replace counts as a delete")
    {
        Scene scene;
        for (int i = 0; i < 11; ++i) {
            const std::string address = "Widget/tenant/w" + std::to_string(i);
            scene.declare(address, "spec: {shape: square}").lifecycle.replace =
                Replacement::delete_first;
            scene.owned(address, "u" + std::to_string(i), "spec: {shape: round}");
        }

        check_refused(guard(scene), "deletes 11 objects");
    }

    TEST_CASE("--destroy asks for all of it")
    {
        Scene scene = pruned(100, 100);
        scene.options.destroy = true;
        GuardOptions options;
        options.destroy = true;

        CHECK(guard(scene, options));
    }

    TEST_CASE("F04: nothing declared at all is a mistake, not a wish")
    {
        check_refused(guard(pruned(2, 2)), "nothing is declared at all");
    }

    TEST_CASE("6.C: many of one kind missing at once are refused, not created anew")
    {
        CHECK(guard(vanished(100, 30)));
        check_refused(guard(vanished(100, 31)),
                      "31 of our 100 objects of kind Widget are missing at once");
    }

    TEST_CASE("6.C: all of one kind missing are refused even if they are few; one alone is not")
    {
        check_refused(guard(vanished(2, 2)), "2 of our 2");
        CHECK(guard(vanished(1, 1)));
    }

    TEST_CASE("6.C: --max-missing says that they were really deleted")
    {
        GuardOptions options;
        options.missing_max = *parse_limit("2");
        options.explicit_missing = true;

        CHECK(guard(vanished(2, 2), options));
        check_refused(guard(vanished(3, 3), options), "3 of our 3");
    }

    TEST_CASE("6.C: what is gone and no longer declared counts as missing too")
    {
        Scene scene;
        scene.declare("Widget/tenant/other");
        for (int i = 0; i < 11; ++i)
            scene.lost("Widget/tenant/w" + std::to_string(i), "u" + std::to_string(i));

        check_refused(guard(scene), "11 of our 11");
    }

    TEST_CASE("what we have asked to go ourselves is not missing when it is gone")
    {
        GuardOptions options;
        options.asked_to_go = {{"Widget/tenant/w0", "u0"}, {"Widget/tenant/w1", "another"}};

        CHECK(guard(vanished(2, 2)).has_value() == false);
        CHECK(guard(vanished(2, 2), options));
        options.asked_to_go["Widget/tenant/w0"] = "another";
        check_refused(guard(vanished(2, 2), options), "2 of our 2");
    }

    TEST_CASE("limits: what can be written")
    {
        CHECK(parse_limit("10")->of(1000) == 10);
        CHECK(parse_limit("30%")->of(10) == 3);
        CHECK(parse_limit("300%")->of(10) == 10);
        CHECK(Limit().of(10) == 10);
        CHECK(Limit().of(100) == 30);
        for (const char* bad : {"", "%", "-1", "1.5", "ten", "10 %", "99999999999999999999"}) {
            CAPTURE(bad);
            const auto limit = parse_limit(bad);
            REQUIRE_FALSE(limit.has_value());
            CHECK(limit.error().code == Errc::invalid_input);
        }
    }

    TEST_CASE("binding: a state belongs to one endpoint, tenant and owner")
    {
        Binding bound;
        bound.endpoint = "https://api.example.org";
        bound.tenant_uid = "t1";
        bound.owner_id = "me";
        CHECK(check_binding(std::nullopt, bound));
        CHECK(check_binding(bound, bound));

        Binding elsewhere = bound;
        elsewhere.endpoint = "https://api.example.com";
        check_refused(check_binding(bound, elsewhere), "https://api.example.org");
        elsewhere = bound;
        elsewhere.tenant_uid = "t2";
        check_refused(check_binding(bound, elsewhere), "tenant t1 and not t2");
        elsewhere = bound;
        elsewhere.owner_id = "you";
        check_refused(check_binding(bound, elsewhere), "owner me and not you");
    }
}
