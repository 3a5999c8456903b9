// What a round is about: manifests and records, put together by their addresses.

#include "reconciler/engine/subjects.hpp"
#include "tests/support/scene.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr auto a = "Widget/tenant/a";
constexpr auto b = "Widget/tenant/b";
constexpr auto c = "Widget/tenant/c";

} // namespace

TEST_SUITE("engine: subjects")
{
    TEST_CASE("each address is there once, in order, with what declares and what remembers it")
    {
        Scene scene;
        scene.declare(c);
        scene.declare(b);
        scene.owned(b, "u1");
        scene.owned(a, "u2");
        scene.records.front().address = b;

        const Subjects subjects(scene.manifests, scene.records);

        REQUIRE(subjects.all().size() == 3);
        CHECK(subjects.all()[0].text == a);
        CHECK(subjects.all()[0].manifest == nullptr);
        CHECK(subjects.all()[0].record != nullptr);
        CHECK(subjects.all()[0].address->text() == a);
        CHECK(subjects.find(b)->manifest != nullptr);
        CHECK(subjects.find(b)->record != nullptr);
        CHECK(subjects.find(c)->record == nullptr);
        CHECK(subjects.find("Widget/tenant/d") == nullptr);
    }

    TEST_CASE("objects of two kinds may have the same uid")
    {
        Scene scene;
        scene.owned(a, "u1");
        scene.owned("Shelf/tenant/s", "u1");
        scene.owned(b, "");

        const Subjects subjects(scene.manifests, scene.records);

        CHECK(subjects.owner_of("Widget", "u1")->text == a);
        CHECK(subjects.owner_of("Shelf", "u1")->text == "Shelf/tenant/s");
        CHECK(subjects.owner_of("Widget", "u2") == nullptr);
        CHECK(subjects.owner_of("Widget", "") == nullptr);
    }

    TEST_CASE("a record whose address cannot be read is there, without one")
    {
        Scene scene;
        scene.owned(a, "u1");
        scene.records.front().address = "odd";

        const Subjects subjects(scene.manifests, scene.records);

        REQUIRE(subjects.all().size() == 1);
        CHECK(subjects.find("odd")->address == nullptr);
    }
}
