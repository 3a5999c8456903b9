#include "state/model/digest.hpp"
#include "state/model/shared_value.hpp"

#include <doctest/doctest.h>

using namespace trueup;

namespace {

Value role(const char* name)
{
    return Map{{"metadata", Map{{"name", name}}}, {"spec", Map{{"sizes", List{1, 2}}}}};
}

} // namespace

TEST_SUITE("model: shared values")
{
    TEST_CASE("a copy is the same tree")
    {
        const SharedValue one = role("a");
        const SharedValue copy = one;

        CHECK(copy.is(one));
        CHECK(&*copy == &*one);
        CHECK(copy == one);
        CHECK(copy == role("a"));
    }

    TEST_CASE("an assignment leaves the other copies alone")
    {
        SharedValue one = role("a");
        const SharedValue copy = one;

        one = role("b");

        CHECK(copy == role("a"));
        CHECK(one == role("b"));
    }

    TEST_CASE("null needs no tree")
    {
        const SharedValue nothing;

        CHECK(nothing->is_null());
        CHECK(nothing.is(SharedValue(Value())));
    }

    TEST_CASE("what is the same is kept once, what differs is not")
    {
        const SharedValue known = role("a");

        CHECK(keep_once(role("a"), known).is(known));
        CHECK(keep_once(role("b"), known) == role("b"));
        CHECK(keep_once(role("a"), SharedValue()) == role("a"));
        CHECK(keep_once(Value(), known)->is_null());
    }

    TEST_CASE("E: numbers that are equal and written differently keep their digits")
    {
        const SharedValue known = Value(List{Value(Decimal("1.00"))});

        const SharedValue kept = keep_once(Value(List{Value(Decimal("1.0"))}), known);

        CHECK(kept == known);
        CHECK_FALSE(kept.is(known));
        CHECK(kept->if_list()->front().if_decimal()->text == "1.0");
    }

    TEST_CASE("F: secrets without hashes are never taken for each other")
    {
        const SharedValue known = Value(Secret::remembered(""));

        CHECK_FALSE(keep_once(Value(Secret::remembered("")), known).is(known));
    }
}

TEST_SUITE("model: digests")
{
    TEST_CASE("a digest of parts is the digest of the whole")
    {
        Digest digest;
        digest.add("one ");
        digest.add("");
        digest.add("two");

        CHECK(digest.hex() == sha256_hex("one two"));
    }

    TEST_CASE("the digest is SHA-256")
    {
        CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
