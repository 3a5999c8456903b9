#include "tests/support/diffs.hpp"
#include "tests/support/kinds.hpp"
#include "tests/support/values.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

// The diff of a Gadget; an empty text stands for "nothing of it".
Lines diff(std::string_view desired,
           std::string_view observed,
           std::string_view last = "",
           const std::vector<Path>& ignored = {})
{
    static const Kind kind = gadget_kind();
    const Value wanted = tree(desired);
    const Value found = observed.empty() ? Value() : tree(observed);
    const Value before = last.empty() ? Value() : tree(last);
    return lines_of(make_diff(kind,
                              wanted,
                              observed.empty() ? nullptr : &found,
                              last.empty() ? nullptr : &before,
                              ignored));
}

} // namespace

TEST_SUITE("plan: diff")
{
    TEST_CASE("M11: an absent field is not managed, whatever the API says")
    {
        CHECK(diff("spec: {code: x}",
                   "spec: {code: x, note: theirs, tags: [a], settings: {k: v}}") == Lines{});
    }

    TEST_CASE("M11: null resets a field that has a value")
    {
        CHECK(diff("spec: {note: null}", "spec: {note: theirs}") ==
              Lines{R"(remove spec.note: "theirs" -> - [new])"});
    }

    TEST_CASE("M11: null is content with a field that is absent, empty or at its default")
    {
        CHECK(diff("spec: {note: null}", "spec: {}") == Lines{});
        CHECK(diff("spec: {note: null}", "spec: {note: ''}") == Lines{});
        CHECK(diff("spec: {note: null}", "spec: {note: null}") == Lines{});
        CHECK(diff("spec: {colour: null}", "spec: {colour: red}") == Lines{});
        CHECK(diff("spec: {tags: null}", "spec: {tags: []}") == Lines{});
    }

    TEST_CASE("M11: null is content with an object of which every member is at its default")
    {
        Kind kind = gadget_kind();
        Field switched = field("switched", FieldType::boolean);
        switched.default_value = Value(false);
        Field secret = field("secret");
        secret.sensitive = true;
        kind.schema =
            object("", {object("spec", {object("block", {field("ca"), switched, secret})})});
        const auto changes = [&](const char* observed, const char* last) {
            const Value found = tree(observed);
            const Value before = tree(last);
            std::vector<std::string> paths;
            const Value desired = tree("spec: {block: null}");
            for (const FieldChange& change : make_diff(kind, desired, &found, &before, {}).changes)
                paths.push_back(change.path);
            return paths;
        };
        const Lines reset{"spec.block"};

        CHECK(changes("spec: {block: {ca: '', switched: false, secret: ''}}", "spec: {}").empty());
        CHECK(changes("spec: {block: {switched: true}}", "spec: {}") == reset);
        CHECK(changes("spec: {block: {ca: x, switched: false}}", "spec: {}") == reset);
        // Whose secret it is that is masked cannot be seen.
        CHECK(changes("spec: {block: {secret: '********'}}", "spec: {}").empty());
        CHECK(changes("spec: {block: {ca: ''}}", "spec: {block: {secret: x}}") == reset);
    }

    TEST_CASE("M11: where others have entries too, null takes back ours alone")
    {
        const std::string_view now = "metadata: {labels: {ours: x, theirs: y}}";

        CHECK(diff("metadata: {labels: null}", now, "metadata: {labels: {ours: x, gone: z}}") ==
              Lines{R"(remove metadata.labels.ours: "x" -> - [declared])"});
        CHECK(diff("metadata: {labels: null}", now, "metadata: {labels: null}") == Lines{});
        CHECK(diff("metadata: {labels: null}", now) == Lines{});
        CHECK(diff("spec: {shared: null}",
                   "spec: {shared: [{name: ours}, {name: theirs}]}",
                   "spec: {shared: [{name: ours}]}") ==
              Lines{R"(remove spec.shared[name=ours]: {"name":"ours"} -> - [declared])"});
    }

    TEST_CASE("M11: a map that must be empty may hold what the server itself keeps there")
    {
        Kind kind = gadget_kind();
        kind.item_scope = path("metadata.annotations.scope");
        const Value observed = tree("metadata: {annotations: {scope: tenant, theirs: x}}");

        const Diff diff =
            make_diff(kind, tree("metadata: {annotations: {}}"), &observed, nullptr, {});

        REQUIRE(diff.changes.size() == 1);
        CHECK(diff.changes.front().path == "metadata.annotations.theirs");
    }

    TEST_CASE("M11: an empty list or map must be empty")
    {
        CHECK(diff("spec: {tags: []}", "spec: {tags: [a]}") ==
              Lines{R"(change spec.tags: ["a"] -> [] [new])"});
        CHECK(diff("spec: {tags: []}", "spec: {}") == Lines{});
        CHECK(diff("spec: {settings: {}}", "spec: {settings: {k: v}}") ==
              Lines{R"(remove spec.settings.k: "v" -> - [new])"});
        CHECK(diff("spec: {settings: {}}", "spec: {}") == Lines{});
        CHECK(diff("spec: {pools: []}", "spec: {pools: [{name: a}]}") ==
              Lines{R"(remove spec.pools[name=a]: {"name":"a"} -> - [new])"});
        CHECK(diff("metadata: {labels: {}}", "metadata: {labels: {theirs: x}}") ==
              Lines{R"(remove metadata.labels.theirs: "x" -> - [new])"});
        CHECK(diff("spec: {shared: []}", "spec: {shared: [{name: a}]}") ==
              Lines{R"(remove spec.shared[name=a]: {"name":"a"} -> - [new])"});
    }

    TEST_CASE("M11: the three ways to leave a field empty give three plans")
    {
        const std::string_view now = "spec: {tags: [a]}";
        const Lines absent = diff("spec: {}", now);
        const Lines null = diff("spec: {tags: null}", now);
        const Lines empty = diff("spec: {tags: []}", now);

        CHECK(absent == Lines{});
        CHECK(null == Lines{R"(remove spec.tags: ["a"] -> - [new])"});
        CHECK(empty == Lines{R"(change spec.tags: ["a"] -> [] [new])"});
    }

    TEST_CASE("causes: the manifest changed")
    {
        CHECK(diff("spec: {note: new}", "spec: {note: old}", "spec: {note: old}") ==
              Lines{R"(change spec.note: "old" -> "new" [declared])"});
        CHECK(diff("spec: {note: new}", "spec: {}", "spec: {code: x}") ==
              Lines{
                  R"(add spec.note: - -> "new" [declared])",
              });
    }

    TEST_CASE("causes: someone changed it remotely")
    {
        CHECK(diff("spec: {note: ours}", "spec: {note: theirs}", "spec: {note: ours}") ==
              Lines{R"(change spec.note: "theirs" -> "ours" [drifted])"});
        CHECK(diff("spec: {note: ours}", "spec: {}", "spec: {note: ours}") ==
              Lines{R"(add spec.note: - -> "ours" [drifted])"});
        CHECK(diff("spec: {note: null}", "spec: {note: theirs}", "spec: {note: null}") ==
              Lines{R"(remove spec.note: "theirs" -> - [drifted])"});
    }

    TEST_CASE("causes: both changed, to different values")
    {
        CHECK(diff("spec: {note: new}", "spec: {note: theirs}", "spec: {note: old}") ==
              Lines{R"(change spec.note: "theirs" -> "new" [both])"});
    }

    TEST_CASE("causes: both changed to the same value is no change")
    {
        CHECK(diff("spec: {note: new}", "spec: {note: new}", "spec: {note: old}") == Lines{});
    }

    TEST_CASE("causes: without a memory everything is new")
    {
        CHECK(diff("spec: {note: ours}", "spec: {note: theirs}") ==
              Lines{R"(change spec.note: "theirs" -> "ours" [new])"});
    }

    TEST_CASE("causes: a field that joins the manifest is declared, not drifted")
    {
        CHECK(diff("spec: {note: ours}", "spec: {note: theirs}", "spec: {code: x}").front() ==
              R"(change spec.note: "theirs" -> "ours" [declared])");
    }

    TEST_CASE("removed: a field that was last applied and is gone from the manifest goes remotely")
    {
        CHECK(diff("spec: {}", "spec: {note: ours}", "spec: {note: ours}") ==
              Lines{R"(remove spec.note: "ours" -> - [declared])"});
        CHECK(diff("spec: {}", "spec: {note: theirs}", "spec: {note: ours}") ==
              Lines{R"(remove spec.note: "theirs" -> - [both])"});
    }

    TEST_CASE("removed: nothing is left to do when it is gone remotely or at its default")
    {
        CHECK(diff("spec: {}", "spec: {}", "spec: {note: ours}") == Lines{});
        CHECK(diff("spec: {}", "spec: {colour: red}", "spec: {colour: blue}") == Lines{});
    }

    TEST_CASE("removed: of an object only what we wrote goes")
    {
        CHECK(diff("metadata: {name: a}",
                   "metadata: {name: a, labels: {ours: x, theirs: y}}",
                   "metadata: {name: a, labels: {ours: x}}") ==
              Lines{R"(remove metadata.labels.ours: "x" -> - [declared])"});
    }

    TEST_CASE("removed: a list without a key goes as a whole")
    {
        CHECK(diff("spec: {}", "spec: {tags: [a, b]}", "spec: {tags: [b, a]}") ==
              Lines{R"(remove spec.tags: ["a","b"] -> - [declared])"});
    }

    TEST_CASE("defaults: absence and the default are the same")
    {
        CHECK(diff("spec: {colour: red}", "spec: {}") == Lines{});
        CHECK(diff("spec: {colour: blue}", "spec: {}") ==
              Lines{R"(add spec.colour: - -> "blue" [new])"});
    }

    TEST_CASE("ignoreChanges: a path and all below it are left alone")
    {
        const std::vector<Path> ignored{
            path("spec.note"), path("spec.pools"), path("metadata.labels")};

        CHECK(diff("{metadata: {labels: {a: b}}, spec: {note: ours, code: x, pools: [{name: p, "
                   "size: 1}]}}",
                   "spec: {note: theirs, code: y, pools: [{name: p, size: 2}, {name: q}]}",
                   "",
                   ignored) == Lines{R"(change spec.code: "y" -> "x" [new])"});
    }

    TEST_CASE("ignoreChanges: a longer name that starts alike is not ignored")
    {
        CHECK(diff("spec: {settings: {a: x}}",
                   "spec: {settings: {a: y}}",
                   "",
                   {path("spec.setting"), path("spec.settings.aa")}) ==
              Lines{R"(change spec.settings.a: "y" -> "x" [new])"});
    }

    TEST_CASE("ignoreChanges: a field that left the manifest stays too")
    {
        CHECK(diff("spec: {}", "spec: {note: x}", "spec: {note: x}", {path("spec.note")}) ==
              Lines{});
    }

    TEST_CASE("fields of the server are never compared")
    {
        CHECK(diff("spec: {seenAt: x}", "spec: {seenAt: y}", "spec: {seenAt: z}") == Lines{});
    }

    TEST_CASE("create-only fields are sent with the create and never compared")
    {
        CHECK(diff("spec: {first: x}", "") == Lines{R"(add spec.first: - -> "x" [new])"});
        CHECK(diff("spec: {first: x}", "spec: {first: y}", "spec: {first: z}") == Lines{});
        CHECK(diff("spec: {}", "spec: {first: y}", "spec: {first: y}") == Lines{});
    }

    TEST_CASE("an object that does not exist: every declared field is an addition")
    {
        CHECK(diff("{metadata: {name: a}, spec: {note: null, colour: red, tags: [], pools: [{name: "
                   "p}]}}",
                   "") == Lines{R"(add metadata.name: - -> "a" [new])",
                                R"(add spec.colour: - -> "red" [new])",
                                R"(add spec.pools[name=p]: - -> {"name":"p"} [new])",
                                R"(add spec.tags: - -> [] [new])"});
    }

    TEST_CASE("immutable: a change inside needs a replace, wherever in the object it is")
    {
        CHECK(
            diff("spec: {frame: {kind: oak, width: 2}}", "spec: {frame: {kind: oak, width: 1}}") ==
            Lines{"change spec.frame.width: 1 -> 2 [new] replaces"});
    }

    TEST_CASE("immutable: a create is no replace")
    {
        CHECK(diff("spec: {frame: {kind: oak}}", "") ==
              Lines{R"(add spec.frame.kind: - -> "oak" [new])"});
    }

    TEST_CASE("unknown: what is known after apply is a change")
    {
        const Kind kind = widget_kind();
        const Value desired = with(tree("{}"), "spec.ownerUid", reference("Widget/tenant/b"));
        const Value observed = tree("spec: {ownerUid: u1}");

        const Diff changed = make_diff(kind, desired, &observed, nullptr, {});
        const Diff added = make_diff(kind, desired, nullptr, nullptr, {});

        CHECK(lines_of(changed) == Lines{R"(change spec.ownerUid: "u1" -> ? [new])"});
        CHECK(lines_of(added) == Lines{"add spec.ownerUid: - -> ? [new]"});
    }

    TEST_CASE("origin: each change says where its value was written")
    {
        const Kind kind = gadget_kind();
        const Value desired = tree("spec:\n  note: a\n  pools:\n  - name: p\n    size: 3\n");
        const Value observed = tree("spec: {note: b, pools: [{name: p, size: 2}], code: x}");
        const Value last = tree("spec: {code: x}");

        const Diff diff = make_diff(kind, desired, &observed, &last, {});

        REQUIRE(diff.changes.size() == 3);
        CHECK(diff.changes[0].path == "spec.note");
        CHECK(diff.changes[0].origin.line == 2);
        CHECK(diff.changes[0].origin.column == 3);
        CHECK(diff.changes[1].path == "spec.pools[name=p].size");
        CHECK(diff.changes[1].origin.line == 5);
        CHECK(diff.changes[2].path == "spec.code");
        CHECK(diff.changes[2].origin.line == 0);
    }

    TEST_CASE("open text: names that need it are quoted in paths")
    {
        CHECK(diff("metadata: {labels: {a.b/c: x}}", "metadata: {labels: {a.b/c: y}}") ==
              Lines{R"(change metadata.labels["a.b/c"]: "y" -> "x" [new])"});
    }

    TEST_CASE("P11: twenty fields that the server adds make no difference")
    {
        std::string observed = "metadata: {name: a, annotations: {x: y}}\nspec:\n  note: n\n";
        for (int i = 0; i < 20; ++i)
            observed += "  added" + std::to_string(i) + ": " + std::to_string(i) + "\n";

        CHECK(diff("{metadata: {name: a}, spec: {note: n}}", observed) == Lines{});
    }

    TEST_CASE("free-form fields: what is declared inside is compared, by name and by place")
    {
        CHECK(diff("spec: {free: {a: 1, b: [x, {c: 2}]}}",
                   "spec: {free: {a: 1, b: [x, {c: 2}]}}") == Lines{});
        CHECK(diff("spec: {free: {a: 1}}", "spec: {free: {a: 2}}") ==
              Lines{"change spec.free.a: 2 -> 1 [new]"});
    }

    TEST_CASE("a value of another type than declared is a change, not a fault")
    {
        CHECK(diff("spec: {settings: {a: x}}", "spec: {settings: text}") ==
              Lines{R"(add spec.settings.a: - -> "x" [new])"});
        CHECK(diff("spec: {note: x}", "spec: {note: {a: 1}}") ==
              Lines{R"(change spec.note: {"a":1} -> "x" [new])"});
    }
}
