#include "reconciler/plan/render.hpp"
#include "state/model/random.hpp"
#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

// Something of everything.
Scene busy()
{
    Scene scene;
    scene.options.prune = true;
    scene.project("p", "s1");
    scene.project("q", "");
    scene.declare("Box/tenant/q");
    for (const char* name : {"e", "a", "d", "b", "c"})
        scene.declare(std::string("Widget/tenant/") + name, "spec: {note: n}");
    scene.declare("Widget/tenant/f", with(Map{}, "spec.ownerUid", reference("Widget/tenant/c")));
    scene.declare("Gadget/q/new", with(Map{}, "spec.password", secret("x")));
    scene.declare("Gadget/p/drifted", "spec: {settings: {a: x, b: y}}");
    scene.owned("Gadget/p/drifted", "u1", "spec: {settings: {a: x}}", "spec: {settings: {c: z}}");
    scene.owned("Widget/tenant/a", "u2", "spec: {note: n}");
    scene.exists("Widget/tenant/b", "u3", "spec: {note: m}");
    scene.exists("Widget/tenant/c", "u4");
    scene.exists("Widget/tenant/c", "u5");
    scene.owned("Widget/tenant/old", "u6");
    scene.owned("Widget/tenant/older", "u7");
    scene.records.back().depends_on = {"Widget/tenant/old"};
    scene.orphan("Widget/tenant/o1", "u8");
    scene.orphan("Widget/tenant/o2", "u9");
    scene.orphan("Widget/tenant/o2", "u10");
    scene.seen.failures["Widget/tenant/e"] = "the list said 500";
    return scene;
}

void shuffle(auto& items, Random& random)
{
    for (std::size_t i = items.size(); i > 1; --i)
        std::swap(items[i - 1], items[random.below(i)]);
}

} // namespace

TEST_SUITE("plan: determinism")
{
    TEST_CASE("the same inputs in any order give the same plan, byte for byte")
    {
        Scene scene = busy();
        const Plan first = scene.plan();
        const std::string document = json::write(plan_document(first, 0));
        const std::string text = render_text(first, {});
        REQUIRE(first.actions.size() == 13);

        for (std::uint64_t seed = 1; seed <= 50; ++seed) {
            CAPTURE(seed);
            const auto random = make_seeded_random(seed);
            shuffle(scene.manifests.manifests, *random);
            shuffle(scene.records, *random);
            shuffle(scene.seen.orphans, *random);
            for (auto& [address, sighting] : scene.seen.sightings)
                shuffle(sighting.by_key, *random);

            const Plan again = scene.plan();

            REQUIRE(again.digest == first.digest);
            REQUIRE(json::write(plan_document(again, 0)) == document);
            REQUIRE(render_text(again, {}) == text);
        }
    }

    TEST_CASE("the digest moves with what is declared, what exists and what is referred to")
    {
        const std::string before = busy().plan().digest;
        Scene declared = busy();
        Scene::redeclare(declared.manifests.manifests[5], "spec.note", "other");
        Scene drifted = busy();
        drifted.seen.sightings["Gadget/p/drifted"].by_uid->value =
            tree("{metadata: {name: drifted}, spec: {settings: {c: other}}}");
        Scene fewer = busy();
        fewer.options.prune = false;

        CHECK(declared.plan().digest != before);
        CHECK(drifted.plan().digest != before);
        CHECK(fewer.plan().digest != before);
    }

    TEST_CASE("the digest moves when a look-up leads elsewhere")
    {
        Scene scene;
        scene.declare("Widget/tenant/a",
                      with(Map{}, "spec.ownerUid", look_up("Widget", Map{{"name", "x"}})));
        scene.seen.lookups["Widget name=x"] = {"u1"};
        const std::string before = scene.plan().digest;
        scene.seen.lookups["Widget name=x"] = {"u2"};

        CHECK(scene.plan().digest != before);
    }
}
