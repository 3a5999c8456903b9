#include "tests/support/diffs.hpp"
#include "tests/support/kinds.hpp"
#include "tests/support/values.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

Lines diff(std::string_view desired, std::string_view observed, std::string_view last = "")
{
    static const Kind kind = gadget_kind();
    const Value wanted = tree(desired);
    const Value found = tree(observed);
    const Value before = last.empty() ? Value() : tree(last);
    return lines_of(make_diff(kind, wanted, &found, last.empty() ? nullptr : &before, {}));
}

} // namespace

TEST_SUITE("plan: diff of lists and maps")
{
    TEST_CASE(
        "M12: a keyed list that others share: shuffled and with a foreign element is no change")
    {
        CHECK(diff("spec: {shared: [{name: a, value: x}, {name: b, value: y}]}",
                   "spec: {shared: [{name: b, value: y}, {name: theirs, value: z}, {name: a, "
                   "value: x}]}",
                   "spec: {shared: [{name: a, value: x}, {name: b, value: y}]}") == Lines{});
    }

    TEST_CASE("keyed and shared: an element that left the manifest goes, those of others stay")
    {
        CHECK(diff("spec: {shared: [{name: a}]}",
                   "spec: {shared: [{name: b}, {name: theirs}, {name: a}]}",
                   "spec: {shared: [{name: a}, {name: b}]}") ==
              Lines{R"(remove spec.shared[name=b]: {"name":"b"} -> - [declared])"});
    }

    TEST_CASE("keyed and shared: when the list leaves the manifest, only our elements go")
    {
        CHECK(diff("spec: {}",
                   "spec: {shared: [{name: theirs}, {name: a}]}",
                   "spec: {shared: [{name: a}]}") ==
              Lines{R"(remove spec.shared[name=a]: {"name":"a"} -> - [declared])"});
    }

    TEST_CASE("keyed and all ours: a foreign element is removed, in any order")
    {
        CHECK(diff("spec: {pools: [{name: a}, {name: b}]}",
                   "spec: {pools: [{name: b}, {name: theirs}, {name: a}]}",
                   "spec: {pools: [{name: a}, {name: b}]}") ==
              Lines{R"(remove spec.pools[name=theirs]: {"name":"theirs"} -> - [drifted])"});
    }

    TEST_CASE("keyed: one field of one element")
    {
        CHECK(diff("spec: {pools: [{name: a, size: 1}, {name: b, size: 3}]}",
                   "spec: {pools: [{name: b, size: 2, id: 7}, {name: a, size: 1, id: 8}]}",
                   "spec: {pools: [{name: a, size: 1}, {name: b, size: 2}]}") ==
              Lines{"change spec.pools[name=b].size: 2 -> 3 [declared]"});
    }

    TEST_CASE("keyed: a field of an element that left the manifest, and one that is at its default")
    {
        CHECK(diff("spec: {pools: [{name: a, zone: a}]}",
                   "spec: {pools: [{name: a, size: 1}]}",
                   "spec: {pools: [{name: a, zone: a, size: 1}]}") ==
              Lines{"remove spec.pools[name=a].size: 1 -> - [declared]"});
    }

    TEST_CASE("keyed: a new element is one addition")
    {
        CHECK(diff("spec: {pools: [{name: a}, {name: b, size: 1}]}",
                   "spec: {pools: [{name: a}]}",
                   "spec: {pools: [{name: a}]}") ==
              Lines{R"(add spec.pools[name=b]: - -> {"name":"b","size":1} [declared])"});
    }

    TEST_CASE("keyed: our element that someone removed is drift")
    {
        CHECK(
            diff("spec: {pools: [{name: a}]}", "spec: {pools: []}", "spec: {pools: [{name: a}]}") ==
            Lines{R"(add spec.pools[name=a]: - -> {"name":"a"} [drifted])"});
    }

    TEST_CASE("unordered: order is nothing, number is")
    {
        CHECK(diff("spec: {tags: [a, b]}", "spec: {tags: [b, a]}") == Lines{});
        CHECK(diff("spec: {tags: [a, a]}", "spec: {tags: [a, b]}") ==
              Lines{R"(change spec.tags: ["a","b"] -> ["a","a"] [new])"});
        CHECK(diff("spec: {tags: [a]}", "spec: {tags: [a, b]}") ==
              Lines{R"(change spec.tags: ["a","b"] -> ["a"] [new])"});
    }

    TEST_CASE("ordered: order is something, and fields that the server adds are not")
    {
        CHECK(diff("spec: {steps: [{run: a}, {run: b}]}",
                   "spec: {steps: [{run: a, id: 1}, {run: b, id: 2}]}") == Lines{});
        CHECK(
            diff("spec: {steps: [{run: a}, {run: b}]}", "spec: {steps: [{run: b}, {run: a}]}") ==
            Lines{
                R"(change spec.steps: [{"run":"b"},{"run":"a"}] -> [{"run":"a"},{"run":"b"}] [new])"});
    }

    TEST_CASE("maps that others share: only declared and last applied entries count")
    {
        CHECK(diff("metadata: {labels: {a: x}}",
                   "metadata: {labels: {a: x, b: y, theirs: z}}",
                   "metadata: {labels: {a: x, b: y}}") ==
              Lines{R"(remove metadata.labels.b: "y" -> - [declared])"});
    }

    TEST_CASE("maps that are all ours have no other entries")
    {
        CHECK(diff("spec: {settings: {a: x}}",
                   "spec: {settings: {a: x, b: y, theirs: z}}",
                   "spec: {settings: {a: x, b: y}}") ==
              Lines{R"(remove spec.settings.b: "y" -> - [declared])",
                    R"(remove spec.settings.theirs: "z" -> - [drifted])"});
    }

    TEST_CASE("maps that are all ours: an entry that was reset before is still not theirs to keep")
    {
        CHECK(diff("spec: {settings: {a: x}}",
                   "spec: {settings: {a: x, b: theirs}}",
                   "spec: {settings: {a: x, b: null}}") ==
              Lines{R"(remove spec.settings.b: "theirs" -> - [drifted])"});
    }
}
