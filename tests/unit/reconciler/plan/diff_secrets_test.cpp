#include "tests/support/diffs.hpp"
#include "tests/support/kinds.hpp"
#include "tests/support/values.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

using Maybe = std::optional<Value>;

Lines diff(const Value& desired, const Maybe& observed, const Maybe& last)
{
    static const Kind kind = gadget_kind();
    return lines_of(
        make_diff(kind, desired, observed ? &*observed : nullptr, last ? &*last : nullptr, {}));
}

Value bare()
{
    return tree("spec: {code: x}");
}

Value gadget(std::string_view at, Value value)
{
    return with(bare(), at, std::move(value));
}

// As the API shows an object that has a password.
Value masked()
{
    return gadget("spec.password", "********");
}

} // namespace

TEST_SUITE("plan: diff of secrets")
{
    TEST_CASE("a secret whose hash is as last applied is no change, whatever mask is read")
    {
        const Value desired = gadget("spec.password", secret("hunter2"));
        const Value last = gadget("spec.password", remembered_secret("hunter2"));

        CHECK(diff(desired, masked(), last) == Lines{});
        CHECK(diff(desired, bare(), last) == Lines{});
    }

    TEST_CASE("E03: a secret whose hash differs is one declared change, shown without its text")
    {
        const Value desired = gadget("spec.password", secret("hunter3"));
        const Value last = gadget("spec.password", remembered_secret("hunter2"));

        CHECK(diff(desired, masked(), last) ==
              Lines{R"(change spec.password: *** -> *** [declared])"});
    }

    TEST_CASE("6.F: a lost hash is unverified and never a reason to write")
    {
        const Value desired = gadget("spec.password", secret("hunter2"));
        const Value no_hash = gadget("spec.password", forgotten_secret());

        CHECK(diff(desired, masked(), std::nullopt) == Lines{"unverified spec.password"});
        CHECK(diff(desired, masked(), no_hash) == Lines{"unverified spec.password"});
    }

    TEST_CASE("6.F: without a key nothing can be compared, and nothing is written")
    {
        const Value desired = gadget("spec.password", SecretHasher().make("hunter2", "env:X"));
        const Value last = gadget("spec.password", remembered_secret("hunter2"));

        CHECK(diff(desired, masked(), last) == Lines{"unverified spec.password"});
    }

    TEST_CASE("6.F: a lost hash deep inside a write-only object is no reason to write either")
    {
        const Value desired = gadget("spec.options.password", secret("hunter2"));
        const Value last = gadget("spec.options.password", forgotten_secret());
        const Value known = gadget("spec.options.password", remembered_secret("hunter2"));
        const Value other = gadget("spec.options.password", remembered_secret("hunter1"));

        CHECK(diff(desired, bare(), last) == Lines{"unverified spec.options"});
        CHECK(diff(desired, bare(), known) == Lines{});
        CHECK(diff(desired, bare(), other).size() == 1);
    }

    TEST_CASE("a secret that joins the manifest of an object that we know is written")
    {
        const Value desired = gadget("spec.password", secret("hunter2"));

        CHECK(diff(desired, masked(), bare()) ==
              Lines{R"(add spec.password: - -> *** [declared])"});
    }

    TEST_CASE("a secret that left the manifest is taken away")
    {
        const Value last = gadget("spec.password", remembered_secret("hunter2"));

        CHECK(diff(bare(), masked(), last) ==
              Lines{R"(remove spec.password: *** -> - [declared])"});
    }

    TEST_CASE("a secret of a new object is added")
    {
        const Value desired = with(tree("{}"), "spec.password", secret("hunter2"));

        CHECK(diff(desired, std::nullopt, std::nullopt) ==
              Lines{R"(add spec.password: - -> *** [new])"});
    }

    TEST_CASE("write-only fields are compared with what was last applied")
    {
        const Value desired = gadget("spec.hint", "a");
        const Value same_hint = gadget("spec.hint", "a");
        const Value other_hint = gadget("spec.hint", "b");

        CHECK(diff(desired, bare(), same_hint) == Lines{});
        CHECK(diff(desired, bare(), other_hint) ==
              Lines{R"(change spec.hint: "b" -> "a" [declared])"});
        CHECK(diff(desired, bare(), std::nullopt) == Lines{"unverified spec.hint"});
        CHECK(diff(desired, other_hint, same_hint) == Lines{});
    }

    TEST_CASE("a secret inside an element that comes or goes is never shown")
    {
        const Kind kind = gadget_kind();
        const Value desired = tree("spec: {pools: [], shared: [{name: s, value: v}]}");
        const Value observed =
            tree("spec: {pools: [{name: p, token: in-the-clear}], shared: [{name: s, value: v}]}");

        const Diff diff = make_diff(kind, desired, &observed, nullptr, {});

        REQUIRE(diff.changes.size() == 1);
        CHECK(json::write(*diff.changes[0].before) == R"x({"name":"p","token":"(sensitive)"})x");
        CHECK(json::write(*diff.changes[0].before, json::Secrets::hash).find("clear") ==
              std::string::npos);
    }
}
