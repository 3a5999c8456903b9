#include "reconciler/plan/diff.hpp"
#include "tests/support/kinds.hpp"
#include "tests/support/values.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr std::string_view declared = "{metadata: {name: a, labels: {ours: x}}, spec: {note: n, "
                                      "values: 'a: 1', tags: [a, b], settings: {k: v}, "
                                      "pools: [{name: p, size: 1}], shared: [{name: s, value: v}], "
                                      "steps: [{run: r}], options: {mode: m}}}";

std::string pin(std::string_view observed,
                std::string_view desired = declared,
                std::string_view last = "",
                const std::vector<Path>& ignored = {})
{
    static const Kind kind = gadget_kind();
    const Value found = tree(observed);
    const Value before = last.empty() ? Value() : tree(last);
    return make_pin(kind, "u1", &found, tree(desired), last.empty() ? nullptr : &before, ignored);
}

// `declared` as the API shows it, with one part of the text replaced.
std::string shown_with(std::string_view from, std::string_view to)
{
    std::string text(declared);
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

} // namespace

TEST_SUITE("plan: pin")
{
    TEST_CASE("stable: what others add and what the server sets does not count")
    {
        const std::string before = pin(declared);

        CHECK(pin(shown_with("spec: {",
                             "status: {phase: Up}, spec: {seenAt: now, code: theirs, ")) == before);
        CHECK(pin(shown_with("labels: {", "labels: {theirs: z, ")) == before);
        CHECK(pin(shown_with("shared: [", "shared: [{name: theirs, value: z}, ")) == before);
        CHECK(pin(shown_with("{run: r}", "{run: r, id: 17}")) == before);
        CHECK(pin(shown_with("size: 1", "size: 1, id: 17")) == before);
    }

    TEST_CASE("stable: other ways to say the same do not count")
    {
        CHECK(pin(shown_with("tags: [a, b]", "tags: [b, a]")) == pin(declared));
        CHECK(pin(shown_with("'a: 1'", R"("# top\na: 1")")) == pin(declared));
    }

    TEST_CASE("stable: secrets and write-only fields cannot be read and do not count")
    {
        const Value observed = tree("spec: {note: n}");
        const Value masked = tree("spec: {note: n, password: '****', hint: x, options: {mode: z}}");
        const Value desired = with(tree("spec: {note: n, hint: y, options: {mode: m}}"),
                                   "spec.password",
                                   secret("hunter2"));
        const Kind kind = gadget_kind();

        CHECK(make_pin(kind, "u1", &observed, desired, nullptr) ==
              make_pin(kind, "u1", &masked, desired, nullptr));
    }

    TEST_CASE("it moves with each declared field, the uid and existence")
    {
        const std::string before = pin(declared);
        const Kind kind = gadget_kind();
        const Value observed = tree(declared);

        CHECK(pin(shown_with("note: n", "note: z")) != before);
        CHECK(pin(shown_with("note: n, ", "")) != before);
        CHECK(pin(shown_with("ours: x", "ours: z")) != before);
        CHECK(pin(shown_with("tags: [a, b]", "tags: [a]")) != before);
        CHECK(pin(shown_with("size: 1", "size: 2")) != before);
        CHECK(pin(shown_with("value: v", "value: z")) != before);
        CHECK(pin(shown_with("{run: r}", "{run: z}")) != before);
        CHECK(pin(shown_with("'a: 1'", "'a: 2'")) != before);
        CHECK(make_pin(kind, "u2", &observed, observed, nullptr) !=
              make_pin(kind, "u1", &observed, observed, nullptr));
        CHECK(make_pin(kind, "u1", nullptr, observed, nullptr) !=
              make_pin(kind, "u1", &observed, observed, nullptr));
    }

    TEST_CASE("it moves with what others add where there must be nothing of others")
    {
        const std::string before = pin(declared);
        const std::string added = shown_with("pools: [", "pools: [{name: q}, ");
        const std::string another = shown_with("pools: [", "pools: [{name: z}, ");

        CHECK(pin(shown_with("settings: {", "settings: {theirs: z, ")) != before);
        CHECK(pin(added) != before);
        CHECK(pin(added) != pin(another));
        CHECK(pin("spec: {settings: {}}", "spec: {settings: {}}") !=
              pin("spec: {settings: {a: b}}", "spec: {settings: {}}"));
        CHECK(pin("spec: {shared: []}", "spec: {shared: []}") !=
              pin("spec: {shared: [{name: a}]}", "spec: {shared: []}"));
    }

    TEST_CASE("an object that is declared empty speaks of nothing inside")
    {
        CHECK(pin("spec: {note: n}", "spec: {}") ==
              pin("spec: {note: z, seenAt: now}", "spec: {}"));
    }

    TEST_CASE("what was last applied counts too")
    {
        CHECK(pin("spec: {note: n}", "spec: {}", "spec: {note: n}") !=
              pin("spec: {note: z}", "spec: {}", "spec: {note: n}"));
    }

    TEST_CASE("ignored fields do not count")
    {
        const std::vector<Path> ignored{path("spec.note")};

        CHECK(pin("spec: {note: n, code: x}",
                  "spec: {note: m, code: x}",
                  "spec: {note: m}",
                  ignored) == pin("spec: {note: z, code: x}",
                                  "spec: {note: m, code: x}",
                                  "spec: {note: m}",
                                  ignored));
        CHECK(pin("spec: {note: n, code: x}", "spec: {note: m, code: x}", "", ignored) !=
              pin("spec: {note: n, code: y}", "spec: {note: m, code: x}", "", ignored));
    }

    TEST_CASE("it holds no secret and no clear text")
    {
        CHECK(pin(declared).size() == 64);
        CHECK(pin(declared).find_first_not_of("0123456789abcdef") == std::string::npos);
    }
}

namespace {

bool shows(std::string_view observed, std::string_view known = declared)
{
    static const Kind kind = gadget_kind();
    return shows_no_less(kind, tree(observed), tree(known));
}

} // namespace

TEST_SUITE("plan: what may stand for what is shown")
{
    TEST_CASE("what others add and what the server sets is no part of it")
    {
        CHECK(shows(declared));
        CHECK(shows(shown_with("spec: {", "status: {phase: Up}, spec: {seenAt: now, code: c, ")));
        CHECK(shows(shown_with("labels: {", "labels: {theirs: z, ")));
    }

    TEST_CASE("C: whatever a diff or a pin would tell is")
    {
        CHECK_FALSE(shows(shown_with("note: n, ", "")));
        CHECK_FALSE(shows(shown_with("note: n", "note: z")));
        CHECK_FALSE(shows(shown_with("settings: {", "settings: {theirs: z, ")));
        CHECK_FALSE(shows(shown_with("tags: [a, b]", "tags: [a]")));
        CHECK_FALSE(shows(shown_with("shared: [", "shared: [{name: theirs, value: z}, ")));
        CHECK_FALSE(shows("{metadata: {labels: {theirs: z}}}", "{metadata: {labels: {}}}"));
        CHECK_FALSE(shows("spec: {free: {a: 1.0}}", "spec: {free: {a: 1.00}}"));
        CHECK_FALSE(shows("spec: {}", "spec: {note: null}"));
    }
}
