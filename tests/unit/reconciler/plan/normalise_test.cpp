#include "reconciler/plan/normalise.hpp"
#include "tests/support/kinds.hpp"
#include "tests/support/values.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

bool alike(const char* member, Value a, Value b)
{
    static const Field spec = gadget_spec();
    return same(*spec.find(member), &a, &b);
}

} // namespace

TEST_SUITE("plan: normalise")
{
    TEST_CASE("trim: blanks around a text mean nothing, inside they do")
    {
        CHECK(alike("code", "x y", " x y\n"));
        CHECK_FALSE(alike("code", "x y", "x  y"));
        CHECK_FALSE(alike("note", "x", "x "));
    }

    TEST_CASE("lower case")
    {
        CHECK(alike("host", "Example.ORG", "example.org"));
        CHECK_FALSE(alike("host", "example.org", "example.com"));
    }

    TEST_CASE("number: compared by value, whether text, integer or decimal")
    {
        CHECK(alike("ratio", "1", "1.0"));
        CHECK(alike("ratio", "1.50", Decimal("1.5")));
        CHECK(alike("ratio", "2", 2));
        CHECK_FALSE(alike("ratio", "1", "2"));
        CHECK_FALSE(alike("ratio", "null", "other"));
        CHECK(alike("weight", 1, Decimal("1.0")));
        CHECK_FALSE(alike("weight", 1, Decimal("1.1")));
    }

    TEST_CASE("quantity: by amount")
    {
        CHECK(alike("memory", "1Gi", "1024Mi"));
        CHECK(alike("memory", "500m", "0.5"));
        CHECK(alike("memory", 2048, "2Ki"));
        CHECK(alike("memory", "1E", "1000P"));
        CHECK(alike("memory", "1Ei", "1024Pi"));
        CHECK_FALSE(alike("memory", "1G", "1Gi"));
        CHECK_FALSE(alike("memory", "1Gi", "lots"));
        CHECK_FALSE(alike("memory", "1u", "2u"));
        CHECK_FALSE(alike("memory", "1e4931E", "2e4931E"));
        CHECK(alike("memory", "1000n", "1u"));
    }

    TEST_CASE("time: the same instant in any zone")
    {
        CHECK(alike("until", "2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"));
        CHECK(alike("until", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"));
        CHECK_FALSE(alike("until", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.5Z"));
        CHECK_FALSE(alike("until", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00+01:00"));
        CHECK_FALSE(alike("until", "2026-03-01T12:00:00Z", "soon"));
        CHECK_FALSE(alike("until", "2026-03-01T12:00:00+01:00", "2026-03-01T12:00:00+01:00 or so"));
    }

    TEST_CASE("embedded YAML: comments, order and style mean nothing")
    {
        CHECK(alike("values", "a: 1\nb: {c: x}\n", "# top\nb:\n  c: \"x\"\na: 1\n"));
        CHECK_FALSE(alike("values", "a: 1", "a: 2"));
        CHECK(alike("values", "a: [1\n", "a: [1"));
        CHECK_FALSE(alike("values", "a: [1", "a: [2"));
    }

    TEST_CASE("embedded JSON: order and blanks mean nothing")
    {
        CHECK(alike("document", R"({"a":1,"b":[1,2]})", R"({ "b": [1, 2], "a": 1 })"));
        CHECK_FALSE(alike("document", R"({"b":[1,2]})", R"({"b":[2,1]})"));
    }

    TEST_CASE("unordered lists are the same in any order, keyed ones too")
    {
        CHECK(alike("tags", tree("[a, b]"), tree("[b, a]")));
        CHECK_FALSE(alike("steps", tree("[{run: a}, {run: b}]"), tree("[{run: b}, {run: a}]")));
        CHECK(alike("pools", tree("[{name: a}, {name: b}]"), tree("[{name: b}, {name: a}]")));
    }

    TEST_CASE("absence, null, the empty text and the default are the same")
    {
        const Field spec = gadget_spec();
        const Value red = "red";
        const Value null;
        const Value empty = "";

        CHECK(same(*spec.find("colour"), &red, nullptr));
        CHECK(same(*spec.find("colour"), nullptr, &red));
        CHECK(same(*spec.find("note"), &null, nullptr));
        CHECK(same(*spec.find("note"), &empty, nullptr));
        CHECK_FALSE(same(*spec.find("note"), &red, nullptr));
        CHECK_FALSE(same(*spec.find("colour"), nullptr, std::make_unique<Value>("blue").get()));
    }
}
