#include "reconciler/plan/saved_plan.hpp"
#include "state/model/json.hpp"
#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

Binding here()
{
    Binding binding;
    binding.endpoint = "https://api.example.org";
    binding.tenant_uid = "t1";
    binding.owner_id = "me";
    return binding;
}

SavedPlan saved(const Scene& scene)
{
    return save_plan(scene.plan(), scene.options, here(), "2026-03-01T12:00:00.000Z");
}

// Ten Widgets are to be updated; w1 refers to w0.
Scene ten()
{
    Scene scene;
    for (int i = 0; i < 10; ++i) {
        const std::string name = "Widget/tenant/w" + std::to_string(i);
        Manifest& manifest = scene.declare(name, "spec: {note: mine}");
        if (i == 1)
            scene.depend(manifest, "Widget/tenant/w0");
        scene.owned(name, "u" + std::to_string(i), "spec: {note: old}");
    }
    return scene;
}

Lines refused(const Agreement& agreement)
{
    Lines lines;
    for (const Action& action : agreement.actions)
        if (action.verb == Verb::blocked)
            lines.push_back(action.address.text() + ": " + action.message);
    return lines;
}

std::size_t applied(const Agreement& agreement)
{
    return static_cast<std::size_t>(std::ranges::count_if(agreement.actions, &Action::writes));
}

} // namespace

TEST_SUITE("plan: saved plans")
{
    TEST_CASE("what is written is read back")
    {
        Scene scene = ten();
        scene.options.prune = true;
        scene.options.adoption = Adoption::take_over;
        scene.options.project = "p";
        scene.options.targets = {address("Widget/tenant/w1")};
        scene.options.excludes = {address("Widget/tenant/w9")};
        scene.options.project.reset();
        const SavedPlan before = saved(scene);

        const auto after = read_saved_plan(write_saved_plan(before));

        REQUIRE(after.has_value());
        CHECK(after->binding == here());
        CHECK(after->adoption == Adoption::take_over);
        CHECK(after->prune);
        CHECK_FALSE(after->destroy);
        CHECK_FALSE(after->project.has_value());
        CHECK(after->targets == Lines{"Widget/tenant/w1"});
        CHECK(after->excludes == Lines{"Widget/tenant/w9"});
        CHECK(after->digest == before.digest);
        CHECK(after->created_at == "2026-03-01T12:00:00.000Z");
        REQUIRE(after->actions.size() == 2);
        CHECK(after->actions[1].address == "Widget/tenant/w1");
        CHECK(after->actions[1].verb == "update");
        CHECK(after->actions[1].uid == "u1");
        CHECK(after->actions[1].pin == before.actions[1].pin);
        CHECK(after->actions[1].manifest_digest == before.actions[1].manifest_digest);
        CHECK(write_saved_plan(*after) == write_saved_plan(before));
    }

    TEST_CASE(
        "a file that does not say what to adopt means what is equal; a word of its own is refused")
    {
        const auto file = [](Map content) {
            content.set("actions", List{});
            Map document;
            document.set("checksum", sha256_hex(json::write(content)));
            document.set("content", std::move(content));
            document.set("format", "trueup-plan/1");
            return json::write(document);
        };

        const auto silent = read_saved_plan(file(Map{}));
        const auto never = read_saved_plan(file(Map{{"adopt", "never"}}));

        REQUIRE(silent.has_value());
        CHECK(silent->adoption == Adoption::if_equal);
        REQUIRE(never.has_value());
        CHECK(never->adoption == Adoption::never);
        for (const Value& odd : {Value("takeover"), Value(""), Value(1), Value()})
            CHECK_FALSE(read_saved_plan(file(Map{{"adopt", odd}})).has_value());
    }

    TEST_CASE("no value and no secret is in the file")
    {
        Scene scene;
        scene.project("p", "s1");
        scene.declare("Gadget/p/g",
                      with(tree("spec: {note: in-the-clear}"), "spec.password", secret("hunter2")));

        const std::string text = write_saved_plan(saved(scene));

        CHECK(text.find("hunter2") == std::string::npos);
        CHECK(text.find("in-the-clear") == std::string::npos);
        CHECK(text.find(test_hasher().hash("hunter2")) == std::string::npos);
    }

    TEST_CASE("a file that was changed is refused, wherever it was changed")
    {
        const std::string text = write_saved_plan(saved(ten()));
        std::size_t changed = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (std::isalnum(static_cast<unsigned char>(text[i])) == 0)
                continue;
            std::string tampered = text;
            tampered[i] = tampered[i] == 'a' ? 'b' : 'a';
            ++changed;
            CAPTURE(i);
            REQUIRE_FALSE(read_saved_plan(tampered).has_value());
        }
        CHECK(changed > 1000);
        CHECK(read_saved_plan(text).has_value());
    }

    TEST_CASE("what is no plan at all is refused")
    {
        for (const char* text : {"",
                                 "{}",
                                 "[]",
                                 "null",
                                 "not json",
                                 R"({"format":"trueup-plan/1"})",
                                 R"({"content":{},"format":"trueup-plan/1","checksum":""})"}) {
            CAPTURE(text);
            const auto plan = read_saved_plan(text);
            REQUIRE_FALSE(plan.has_value());
            CHECK(plan.error().code == Errc::invalid_input);
        }
        const std::string whole = write_saved_plan(saved(ten()));
        for (std::size_t cut = 0; cut + 2 < whole.size(); cut += 7)
            REQUIRE_FALSE(read_saved_plan(std::string_view(whole).substr(0, cut)).has_value());
    }

    TEST_CASE("nothing changed: all of it is done")
    {
        const Scene scene = ten();

        const Agreement agreement = agree(saved(scene), scene.plan());

        CHECK(agreement.refused == 0);
        CHECK(applied(agreement) == 10);
    }

    TEST_CASE("P03: one of ten objects moved: it is refused with its dependent, eight are applied")
    {
        Scene scene = ten();
        const SavedPlan plan = saved(scene);
        scene.seen.sightings["Widget/tenant/w0"].by_uid->value =
            tree("{metadata: {name: w0}, spec: {note: theirs}}");

        const Agreement agreement = agree(plan, scene.plan());

        CHECK(agreement.refused == 2);
        CHECK(applied(agreement) == 8);
        CHECK(refused(agreement) ==
              Lines{"Widget/tenant/w0: the object changed since the plan",
                    "Widget/tenant/w1: it depends on Widget/tenant/w0, which is not applied"});
    }

    TEST_CASE("a manifest that changed is refused, even where the change looks the same")
    {
        Scene scene = ten();
        const SavedPlan plan = saved(scene);
        scene.manifests.manifests[3].digest = "other";

        const Agreement agreement = agree(plan, scene.plan());

        CHECK(refused(agreement) == Lines{"Widget/tenant/w3: the manifest changed since the plan"});
    }

    TEST_CASE("another object in its place is refused")
    {
        Scene scene;
        scene.declare("Widget/tenant/a", "spec: {note: mine}");
        scene.exists("Widget/tenant/a", "u1", "spec: {note: old}").mark =
            Scene::ours("Widget/tenant/a");
        const SavedPlan plan = saved(scene);
        scene.seen.sightings["Widget/tenant/a"].by_key[0].uid = "u2";

        CHECK(refused(agree(plan, scene.plan())) ==
              Lines{"Widget/tenant/a: another object stands in its place since the plan"});
    }

    TEST_CASE("another verb is refused: an update does not become a create")
    {
        Scene scene;
        scene.declare("Widget/tenant/a");
        const SavedPlan plan = saved(scene);
        scene.exists("Widget/tenant/a", "u1");

        const Agreement agreement = agree(plan, scene.plan());

        CHECK(agreement.refused == 1);
        CHECK(applied(agreement) == 0);
    }

    TEST_CASE("a look-up that leads elsewhere is refused")
    {
        Scene scene;
        scene.declare("Widget/tenant/a",
                      with(Map{}, "spec.ownerUid", look_up("Widget", Map{{"name", "x"}})));
        scene.seen.lookups["Widget name=x"] = {"u1"};
        const SavedPlan plan = saved(scene);
        scene.seen.lookups["Widget name=x"] = {"u2"};

        CHECK(refused(agree(plan, scene.plan())) ==
              Lines{"Widget/tenant/a: what it refers to changed since the plan"});
    }

    TEST_CASE("E: a secret whose source gives another text now is still what was agreed")
    {
        Scene scene;
        scene.project("p", "s1");
        scene.declare("Gadget/p/g", with(Map{}, "spec.password", secret("one")));
        const SavedPlan plan = saved(scene);
        Scene::redeclare(scene.manifests.manifests[0], "spec.password", secret("two"));

        CHECK(agree(plan, scene.plan()).refused == 0);
    }

    TEST_CASE("what was not agreed is not done, nor what needs it")
    {
        Scene scene;
        scene.declare("Widget/tenant/b");
        const SavedPlan plan = saved(scene);
        scene.declare("Widget/tenant/a");
        scene.depend(scene.manifests.manifests[0], "Widget/tenant/a");

        const Agreement agreement = agree(plan, scene.plan());

        CHECK(applied(agreement) == 0);
        CHECK(refused(agreement) ==
              Lines{"Widget/tenant/b: it depends on Widget/tenant/a, which is not applied"});
    }

    TEST_CASE(
        "what depends on one that is not ready waits for it, though nothing is to be done there")
    {
        Scene scene;
        scene.declare("Widget/tenant/a");
        scene.owned("Widget/tenant/a", "u1");
        scene.records[0].waiting = "it is in the state Pending";
        scene.depend(scene.declare("Widget/tenant/b"), "Widget/tenant/a");
        const SavedPlan plan = saved(scene);
        REQUIRE(plan.actions.size() == 1);

        const Agreement agreement = agree(plan, scene.plan());

        REQUIRE(agreement.actions.size() == 2);
        CHECK(agreement.actions[0].verb == Verb::waiting);
        CHECK(agreement.actions[1].depends_on == Lines{"Widget/tenant/a"});
    }

    TEST_CASE("what was agreed and is nowhere any more is said, not silently left out")
    {
        Scene scene = ten();
        const SavedPlan plan = saved(scene);
        scene.manifests.manifests.pop_back();

        const Agreement agreement = agree(plan, scene.plan());

        CHECK(applied(agreement) == 9);
        CHECK(refused(agreement) == Lines{"Widget/tenant/w9: it is no longer part of the plan"});
    }

    TEST_CASE("deletes are pinned too")
    {
        Scene scene;
        scene.options.prune = true;
        scene.declare("Widget/tenant/keep");
        scene.owned("Widget/tenant/a", "u1", "spec: {note: x}");
        const SavedPlan plan = saved(scene);
        CHECK(agree(plan, scene.plan()).refused == 0);

        scene.seen.sightings["Widget/tenant/a"].by_uid->value =
            tree("{metadata: {name: a}, spec: {note: used by others now}}");
        CHECK(refused(agree(plan, scene.plan())) ==
              Lines{"Widget/tenant/a: the object changed since the plan"});
    }
}
