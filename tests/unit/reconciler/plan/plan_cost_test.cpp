// What a plan keeps in memory of each object, told by what it holds and not by the clock.

#include "tests/support/diffs.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr const char* a = "Widget/tenant/a";
constexpr const char* b = "Widget/tenant/b";

} // namespace

TEST_SUITE("plan: what it costs")
{
    TEST_CASE("a no-op holds no tree but the manifest's own")
    {
        Scene scene;
        scene.declare(a, "spec: {note: mine}");
        scene.owned(a, "u1", "spec: {note: mine}");

        const Action action = scene.action(a);

        REQUIRE(action.verb == Verb::no_op);
        CHECK(action.desired.is(scene.manifests.manifests.front().body));
        CHECK(action.last == nullptr);
        CHECK_FALSE(action.observed.has_value());
        CHECK(action.changes.empty());
        CHECK(action.pin.empty());
    }

    TEST_CASE("what changes still holds what was applied and what is there")
    {
        Scene scene;
        scene.declare(a, "spec: {note: new}");
        scene.owned(a, "u1", tree("spec: {note: old}"), tree("spec: {note: other}"));

        const Action action = scene.action(a);

        REQUIRE(action.verb == Verb::update);
        REQUIRE(action.last != nullptr);
        CHECK(action.last->last_applied.is(scene.records.front().last_applied));
        CHECK(action.observed.has_value());
        CHECK(action.desired.is(scene.manifests.manifests.front().body));
    }

    TEST_CASE("a no-op that the record knows too little of keeps what it knows")
    {
        Scene scene;
        scene.declare(a).lifecycle.prevent_destroy = true;
        scene.owned(a, "u1");

        const Action action = scene.action(a);

        REQUIRE(action.verb == Verb::no_op);
        REQUIRE(action.remember);
        CHECK(action.last != nullptr);
    }

    TEST_CASE("H: a reference that came out as it was applied still names its line")
    {
        Scene scene;
        Value declared = with(Map{}, "spec.ownerUid", reference(a));
        find(declared, path("spec.ownerUid"))->set_place(Place{7, 3});
        scene.declare(a);
        scene.owned(a, "u1");
        scene.declare(b, std::move(declared));
        scene.owned(b, "u2", tree("spec: {ownerUid: u1}"), tree("spec: {ownerUid: u9}"));

        const Action action = scene.action(b);

        REQUIRE(action.changes.size() == 1);
        CHECK(action.changes.front().cause == Cause::drifted);
        CHECK(action.changes.front().origin.line == 7);
    }

    TEST_CASE(
        "E: the pin is the same whether what was applied is one tree with the manifest or not")
    {
        Scene apart;
        apart.declare(a, "spec: {note: mine, size: 3}");
        apart.owned(a, "u1", tree("spec: {note: mine, size: 3}"), tree("spec: {note: theirs}"));
        Scene together = apart;
        together.records.front().last_applied = together.manifests.manifests.front().body;

        REQUIRE(apart.action(a).pin.size() == 64);
        CHECK(together.action(a).pin == apart.action(a).pin);
        CHECK(together.plan().digest == apart.plan().digest);
    }
}
