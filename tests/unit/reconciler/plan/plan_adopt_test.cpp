#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr const char* a = "Widget/tenant/a";

// One Widget is declared; `found` of them exist, unmarked; `body` is what they hold.
Scene scene(int found, const Body& body, Adoption policy)
{
    Scene made;
    made.declare(a, "spec: {note: mine}");
    made.options.adoption = policy;
    made.seen.sightings[a];
    for (int i = 1; i <= found; ++i)
        made.exists(a, "u" + std::to_string(i), body);
    return made;
}

constexpr Adoption policies[] = {Adoption::if_equal, Adoption::never, Adoption::take_over};

} // namespace

TEST_SUITE("plan: adoption")
{
    TEST_CASE("S03: nothing of this key exists: create, whatever the policy")
    {
        for (const Adoption policy : policies)
            CHECK(line_of(scene(0, "{}", policy).action(a)) ==
                  "create Widget/tenant/a (not_found)");
    }

    TEST_CASE("S03: one exists and is equal")
    {
        CHECK(line_of(scene(1, "spec: {note: mine}", Adoption::if_equal).action(a)) ==
              "adopt Widget/tenant/a (equal)");
        CHECK(line_of(scene(1, "spec: {note: mine}", Adoption::never).action(a)) ==
              "blocked Widget/tenant/a (adopt_never)");
        CHECK(line_of(scene(1, "spec: {note: mine}", Adoption::take_over).action(a)) ==
              "adopt Widget/tenant/a (equal)");
    }

    TEST_CASE("S03: one exists and differs")
    {
        CHECK(line_of(scene(1, "spec: {note: theirs}", Adoption::if_equal).action(a)) ==
              "blocked Widget/tenant/a (exists_differs)");
        CHECK(line_of(scene(1, "spec: {note: theirs}", Adoption::never).action(a)) ==
              "blocked Widget/tenant/a (adopt_never)");
        CHECK(line_of(scene(1, "spec: {note: theirs}", Adoption::take_over).action(a)) ==
              "update Widget/tenant/a (take_over)");
    }

    TEST_CASE("S03: two exist: refused with both uids, whatever the policy")
    {
        for (const Adoption policy : policies) {
            const Action action = scene(2, "spec: {note: mine}", policy).action(a);

            CHECK(line_of(action) == "blocked Widget/tenant/a (ambiguous)");
            CHECK(action.message.find("u1") != std::string::npos);
            CHECK(action.message.find("u2") != std::string::npos);
        }
    }

    TEST_CASE("the manifest's own policy beats the configuration's")
    {
        Scene made = scene(1, "spec: {note: theirs}", Adoption::never);
        made.manifests.manifests[0].lifecycle.adopt = Adoption::take_over;

        CHECK(made.action(a).verb == Verb::update);
    }

    TEST_CASE("what differs is shown, and only its dependents are blocked with it")
    {
        Scene made = scene(1, "spec: {note: theirs}", Adoption::if_equal);
        made.declare("Widget/tenant/b", with(Map{}, "spec.ownerUid", reference(a)));
        made.declare("Widget/tenant/c");

        const Plan plan = made.plan();

        CHECK(lines_of(plan) == Lines{"blocked Widget/tenant/a (exists_differs)",
                                      "blocked Widget/tenant/b (dependency)",
                                      "create Widget/tenant/c (not_found)"});
        CHECK(lines_of(plan.actions[0].changes) ==
              Lines{R"(change spec.note: "theirs" -> "mine" [new])"});
    }

    TEST_CASE("a mark of ours makes it ours again, without and with differences")
    {
        Scene made = scene(1, "spec: {note: theirs}", Adoption::never);
        made.seen.sightings[a].by_key[0].mark = Scene::ours(a);

        CHECK(line_of(made.action(a)) == "update Widget/tenant/a (marked)");

        made.seen.sightings[a].by_key[0].value = tree("{metadata: {name: a}, spec: {note: mine}}");
        CHECK(line_of(made.action(a)) == "adopt Widget/tenant/a (marked)");
    }

    TEST_CASE("a mark of ours tells ours from another of the same name")
    {
        Scene made = scene(2, "spec: {note: mine}", Adoption::if_equal);
        made.seen.sightings[a].by_key[1].mark = Scene::ours(a);

        CHECK(line_of(made.action(a)) == "adopt Widget/tenant/a (marked)");
        CHECK(made.action(a).uid == "u2");
    }

    TEST_CASE("S04: another owner's object is never touched")
    {
        for (const Adoption policy : policies) {
            Scene made = scene(1, "spec: {note: mine}", policy);
            made.seen.sightings[a].by_key[0].mark = Mark("team-b", address_mark(address(a)));

            CHECK(line_of(made.action(a)) == "blocked Widget/tenant/a (foreign)");
        }
    }

    TEST_CASE("S04: an object that another owner has taken over is not touched any more")
    {
        Scene made;
        made.declare(a, "spec: {note: mine}");
        made.owned(a, "u1", tree("spec: {note: mine}"), tree("spec: {note: theirs}")).mark =
            Mark("team-b", address_mark(address(a)));

        CHECK(line_of(made.action(a)) == "blocked Widget/tenant/a (foreign)");
    }

    TEST_CASE("a clone carries our mark for another address: it is no one's to adopt unasked")
    {
        const Mark copied = Scene::ours("Widget/tenant/original");
        Scene equal = scene(1, "spec: {note: mine}", Adoption::if_equal);
        Scene never = scene(1, "spec: {note: mine}", Adoption::never);
        Scene asked = scene(1, "spec: {note: theirs}", Adoption::take_over);
        for (Scene* made : {&equal, &never, &asked})
            made->seen.sightings[a].by_key[0].mark = copied;

        CHECK(line_of(equal.action(a)) == "blocked Widget/tenant/a (foreign)");
        CHECK(line_of(never.action(a)) == "blocked Widget/tenant/a (adopt_never)");
        CHECK(line_of(asked.action(a)) == "update Widget/tenant/a (take_over)");
    }

    TEST_CASE("6.A: two objects with our mark for one address are reported and left alone")
    {
        Scene made = scene(2, "spec: {note: theirs}", Adoption::take_over);
        for (Seen& object : made.seen.sightings[a].by_key)
            object.mark = Scene::ours(a);

        const Action action = made.action(a);

        CHECK(line_of(action) == "blocked Widget/tenant/a (duplicate_mark)");
        CHECK(action.message.find("u1 u2") != std::string::npos);
    }

    TEST_CASE("6.A: one that we remember and another with our mark are reported and left alone")
    {
        Scene made;
        made.declare(a, "spec: {note: mine}");
        made.owned(a, "u1", tree("spec: {note: mine}"), tree("spec: {note: theirs}"));
        made.exists(a, "u2", "spec: {note: mine}").mark = Scene::ours(a);

        CHECK(line_of(made.action(a)) == "blocked Widget/tenant/a (duplicate_mark)");
    }

    TEST_CASE("one that we remember and an unmarked one of the same name: ours is ours")
    {
        Scene made;
        made.declare(a, "spec: {note: mine}");
        made.owned(a, "u1", "spec: {note: mine}");
        made.exists(a, "u2", "spec: {note: theirs}");

        CHECK(line_of(made.action(a)) == "no-op Widget/tenant/a (unchanged)");
    }

    TEST_CASE("what is built in is never adopted or changed")
    {
        for (const Adoption policy : policies) {
            Scene made = scene(1, "spec: {note: mine}", policy);
            made.seen.sightings[a].by_key[0].builtin = true;

            CHECK(line_of(made.action(a)) == "blocked Widget/tenant/a (builtin)");
        }
    }

    TEST_CASE("an object that is not ours is never replaced, whoever asks")
    {
        Scene made = scene(1, "spec: {note: mine, shape: round}", Adoption::take_over);
        Manifest& manifest = made.manifests.manifests[0];
        Scene::redeclare(manifest, "spec.shape", "square");
        manifest.lifecycle.replace = Replacement::delete_first;

        CHECK(line_of(made.action(a)) == "blocked Widget/tenant/a (exists_differs)");
    }

    TEST_CASE("an interrupted create of a kind without marks took effect: it is ours")
    {
        Scene made = scene(1, "spec: {note: theirs}", Adoption::if_equal);
        for (Kind& kind : made.catalogue.kinds)
            kind.mark.reset();
        Intent intent;
        intent.address = a;
        intent.verb = "create";
        made.intents.push_back(intent);

        CHECK(line_of(made.action(a)) == "update Widget/tenant/a (marked)");
    }

    TEST_CASE("a remembered object that is gone, while another of its key exists: adoption decides")
    {
        Scene made;
        made.declare(a, "spec: {note: mine}");
        made.lost(a, "u1", "spec: {note: old}");
        made.exists(a, "u2", "spec: {note: theirs}").mark = Scene::ours(a);

        const Action action = made.action(a);

        CHECK(line_of(action) == "update Widget/tenant/a (marked)");
        CHECK(action.uid == "u2");
        CHECK(action.last == nullptr);
    }

    TEST_CASE(
        "a singleton is present, not created: what only adds is taken, what differs is asked for")
    {
        Scene equal;
        equal.declare("Setting/tenant", "spec: {level: 3}");
        equal.exists("Setting/tenant", "", "spec: {level: 3, motd: hi}");
        Scene adds;
        adds.declare("Setting/tenant", "spec: {level: 3, motd: hi}");
        adds.exists("Setting/tenant", "", "spec: {level: 3}");
        Scene differs;
        differs.declare("Setting/tenant", "spec: {level: 3}");
        differs.exists("Setting/tenant", "", "spec: {level: 2}");
        Scene asked = differs;
        asked.options.adoption = Adoption::take_over;

        CHECK(line_of(equal.action("Setting/tenant")) == "adopt Setting/tenant (equal)");
        CHECK(line_of(adds.action("Setting/tenant")) == "update Setting/tenant (equal)");
        CHECK(line_of(differs.action("Setting/tenant")) ==
              "blocked Setting/tenant (exists_differs)");
        CHECK(line_of(asked.action("Setting/tenant")) == "update Setting/tenant (take_over)");
    }

    TEST_CASE("entries keyed by name: ours are added beside those of others")
    {
        Scene made;
        made.project("p", "s1");
        made.declare("Shelf/p", "spec: {items: [{name: a, value: x}]}");
        made.exists("Shelf/p", "", "spec: {items: [{name: theirs, value: y}]}");
        Scene differs = made;
        differs.seen.sightings["Shelf/p"].by_key[0].value =
            tree("spec: {items: [{name: a, value: theirs}]}");

        CHECK(line_of(made.action("Shelf/p")) == "update Shelf/p (equal)");
        CHECK(line_of(differs.action("Shelf/p")) == "blocked Shelf/p (exists_differs)");
    }
}
