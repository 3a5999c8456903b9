// Broken manifests: each with the one line that its author should read.

#include "tests/support/manifest_site.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

struct Broken {
    std::string what;
    std::string text;
    std::string said;
};

std::string member(const std::string& spec)
{
    return "apiVersion: library/v1\n"
           "kind: Member\n"
           "metadata: {name: ada}\n"
           "spec:\n"
           "  email: ada@example.org\n" +
           spec;
}

std::string shelf(const std::string& rest)
{
    return "apiVersion: library/v1\n"
           "kind: Shelf\n"
           "metadata: {name: a}\n" +
           rest;
}

const std::vector<Broken>& cases()
{
    static const std::vector<Broken> all{
        // The document.
        {"no map",
         "- a\n- b\n",
         "m.yaml:1:1: error: a manifest is a map, not a list; start with apiVersion: and kind:"},
        {"no kind",
         "apiVersion: library/v1\nmetadata: {name: a}\n",
         "m.yaml:1:1: error: kind: is required; add kind: and the name of a kind; trueup kinds "
         "list "
         "shows them"},
        {"misspelt kind",
         "apiVersion: library/v1\nkind: Shelv\n",
         "m.yaml:2:1: error: kind: there is no kind \"Shelv\"; did you mean \"Shelf\"?"},
        {"no apiVersion",
         "kind: Shelf\nmetadata: {name: a}\n",
         "m.yaml:1:1: error: apiVersion: is required; add apiVersion: library/v1"},
        {"other apiVersion",
         "apiVersion: library/v2\nkind: Shelf\nmetadata: {name: a}\n",
         "m.yaml:1:1: error: apiVersion: is not that of a Shelf; write apiVersion: library/v1"},
        {"misspelt section",
         shelf("spce: {}\n"),
         "m.yaml:4:1: error: spce: unknown field; did you mean \"spec\"?"},
        {"missing section",
         "apiVersion: library/v1\nkind: Member\nmetadata: {name: a}\n",
         "m.yaml:1:1: error: spec: is required; add spec: a map"},
        {"section of another type",
         shelf("spec: [edition]\n"),
         "m.yaml:4:1: error: spec: expected a map, found a list"},
        // The scope and the name.
        {"project where there is none",
         "apiVersion: library/v1\nkind: Branch\nmetadata:\n  name: a\n  project: b\n",
         "m.yaml:5:3: error: metadata.project: a Branch lives in the tenant, not in a project; "
         "remove it"},
        {"project is missing",
         "apiVersion: library/v1\nkind: Hours\nspec: {opens: \"9\"}\n",
         "m.yaml:1:1: error: metadata.project: is required: a Hours lives in a project; add "
         "project: "
         "and the name of the project"},
        {"project of another type",
         "apiVersion: library/v1\nkind: Shelf\nmetadata: {name: a, project: 12}\n",
         "m.yaml:3:21: error: metadata.project: expected a string, found an integer; write it in "
         "quotes"},
        {"name of a singleton",
         "apiVersion: library/v1\nkind: Hours\nmetadata: {name: a, project: b}\nspec: {opens: "
         "\"9\"}\n",
         "m.yaml:3:1: error: metadata: unknown field; it may be spec, apiVersion, kind or "
         "lifecycle"},
        {"no name",
         "apiVersion: library/v1\nkind: Shelf\nmetadata: {labels: {a: b}}\n",
         "m.yaml:3:1: error: metadata.name: is required; add name: a string"},
        {"empty name",
         "apiVersion: library/v1\nkind: Shelf\nmetadata: {name: \"\"}\n",
         "m.yaml:3:12: error: metadata.name: must not be empty: it names the resource"},
        {"name by reference",
         "apiVersion: library/v1\nkind: Shelf\nmetadata:\n  name: {$ref: Member/tenant/a}\n",
         "m.yaml:4:3: error: metadata.name: names the resource, so it must be known; write the "
         "text "
         "itself"},
        // Fields.
        {"misspelt field",
         "apiVersion: library/v1\nkind: Shelf\nmetadata:\n  name: a\n  lables: {env: prod}\n",
         "m.yaml:5:3: error: metadata.lables: unknown field; did you mean \"labels\"?"},
        {"number for a string",
         member("  note: 12\n"),
         "m.yaml:6:3: error: spec.note: expected a string, found an integer; write it in quotes"},
        {"boolean for a string in a map",
         "apiVersion: library/v1\nkind: Shelf\nmetadata:\n  name: a\n  labels:\n    new: true\n",
         "m.yaml:6:5: error: metadata.labels.new: expected a string, found a boolean; write it in "
         "quotes"},
        {"string for an integer",
         member("  books: \"3\"\n"),
         "m.yaml:6:3: error: spec.books: expected an integer, found a string; write it without "
         "quotes"},
        {"fraction for an integer",
         member("  books: 1.5\n"),
         "m.yaml:6:3: error: spec.books: expected an integer, found a number"},
        {"yes for a boolean",
         member("  active: yes\n"),
         "m.yaml:6:3: error: spec.active: expected true or false, found a string; write it without "
         "quotes"},
        {"value that is not allowed",
         member("  rank: libarian\n"),
         "m.yaml:6:3: error: spec.rank: the value is not one of those allowed; did you mean "
         "\"librarian\"?"},
        {"no time",
         member("  since: 2026-13-01T00:00:00Z\n"),
         "m.yaml:6:3: error: spec.since: expected a time; write it like 2026-03-01T12:00:00Z"},
        {"field of the server",
         "apiVersion: library/v1\nkind: Shelf\nmetadata:\n  name: a\n  uid: \"123\"\n",
         "m.yaml:5:3: error: metadata.uid: only the server sets this field; remove it"},
        {"required field of an inner map",
         member("  address: {city: Paris}\n"),
         "m.yaml:6:3: error: spec.address.street: is required; add street: a string"},
        {"null where a value is required",
         member("  address: {street: ~}\n"),
         "m.yaml:6:13: error: spec.address.street: is required, so it cannot be null; give it a "
         "string"},
        {"map for a list",
         member("  tags: {a: b}\n"),
         "m.yaml:6:3: error: spec.tags: expected a list, found a map"},
        {"mark of trueup",
         "apiVersion: library/v1\nkind: Shelf\nmetadata:\n  name: a\n  annotations: {trueup/owner: "
         "x}\n",
         "m.yaml:5:17: error: metadata.annotations.trueup/owner: trueup itself writes this, to "
         "know its "
         "own objects; remove it"},
        // Lists.
        {"required field of an element",
         member("  loans:\n    - days: 3\n"),
         "m.yaml:7:7: error: spec.loans[0].book: is required; add book: a string\n"
         "m.yaml:7:7: error: spec.loans[0]: the element has no book; add book: it tells the "
         "elements "
         "apart"},
        {"misspelt field of an element",
         member("  loans:\n    - {book: Emma, dayz: 3}\n"),
         "m.yaml:7:20: error: spec.loans[book=Emma].dayz: unknown field; did you mean \"days\"?"},
        {"elements with one key",
         member("  loans:\n    - book: Emma\n    - book: Emma\n"),
         "m.yaml:8:7: error: spec.loans[1]: another element has the same book; it is on line 7 "
         "already: "
         "keep one of them"},
        {"the same twice in a set",
         member("  tags: [a, b, a]\n"),
         "m.yaml:6:16: error: spec.tags[2]: the same element is there twice; it is on line 6 "
         "already: "
         "keep one of them"},
        {"empty element",
         member("  visits:\n    -\n"),
         "m.yaml:6:3: error: spec.visits[0]: the element is empty; give it a string, or remove it"},
        // Directives.
        {"misspelt directive",
         member("  home: {$reff: Branch/tenant/a}\n"),
         "m.yaml:6:10: error: spec.home: \"$reff\" is not understood; did you mean \"$ref\"?"},
        {"reference that is no address",
         member("  home: {$ref: Branch}\n"),
         "m.yaml:6:10: error: spec.home.$ref: \"Branch\" is not an address; write "
         "Kind/tenant/name, "
         "Kind/PROJECT/name or Kind/tenant"},
        {"reference to an unknown kind",
         member("  home: {$ref: Brunch/tenant/a}\n"),
         "m.yaml:6:10: error: spec.home.$ref: there is no kind \"Brunch\"; did you mean "
         "\"Branch\"?"},
        {"reference to another kind",
         member("  home: {$ref: Member/tenant/a}\n"),
         "m.yaml:6:10: error: spec.home.$ref: refers to a Member, but the field holds a Branch; "
         "name a "
         "Branch"},
        {"reference to another scope",
         member("  home: {$ref: Branch/north/a}\n"),
         "m.yaml:6:10: error: spec.home.$ref: \"Branch/north/a\" names a project, but a Branch "
         "lives in "
         "the tenant; write Branch/tenant/a"},
        {"reference to half a key",
         member("  note: {$ref: Shelf/north/a}\n"),
         "m.yaml:6:10: error: spec.note.$ref: \"Shelf/north/a\" does not name one Shelf; write "
         "Shelf/north/name@edition"},
        {"reference to a named singleton",
         member("  note: {$ref: Hours/north/a}\n"),
         "m.yaml:6:10: error: spec.note.$ref: \"Hours/north/a\" has a name, but there is one Hours "
         "in "
         "each scope; write Hours/north"},
        {"reference without a name",
         member("  home: {$ref: Branch/tenant}\n"),
         "m.yaml:6:10: error: spec.home.$ref: \"Branch/tenant\" has no name; write "
         "Branch/tenant/NAME"},
        {"reference for an integer",
         member("  books: {$ref: Branch/tenant/a}\n"),
         "m.yaml:6:3: error: spec.books: expected an integer, found a reference"},
        {"reference with more",
         member("  home: {$ref: Branch/tenant/a, feild: x}\n"),
         "m.yaml:6:33: error: spec.home.feild: does not belong beside $ref; did you mean "
         "\"field\"?"},
        {"look-up of nothing",
         member("  home: {$lookup: Branch}\n"),
         "m.yaml:6:10: error: spec.home: says nothing to look for; add what it is known by, such "
         "as "
         "name:"},
        {"look-up by a number",
         member("  home: {$lookup: Branch, name: 12}\n"),
         "m.yaml:6:27: error: spec.home.name: expected a string, found an integer; write it in "
         "quotes"},
        {"file that is not there",
         member("  note: {$file: nothing.txt}\n"),
         "m.yaml:6:10: error: spec.note.$file: the file nothing.txt cannot be read: No such file "
         "or "
         "directory"},
        {"file outside",
         member("  note: {$file: /etc/hostname}\n"),
         "m.yaml:6:10: error: spec.note.$file: the file /etc/hostname is an absolute path; write "
         "the "
         "path from the manifest's own directory"},
        {"secret from nowhere",
         member("  password: {$secret: hunter2}\n"),
         "m.yaml:6:14: error: spec.password.$secret: does not say where the secret is; write "
         "{$secret: "
         "{file: PATH}}, {env: NAME} or {credential: NAME}"},
        {"secret from an unknown source",
         member("  password: {$secret: {fille: x}}\n"),
         "m.yaml:6:24: error: spec.password.$secret.fille: is no source of secrets; did you mean "
         "\"file\"?"},
        {"secret of an unset variable",
         member("  password: {$secret: {env: NO_SUCH}}\n"),
         "m.yaml:6:24: error: spec.password.$secret.env: the environment has no variable NO_SUCH; "
         "set "
         "it before trueup starts"},
        {"credential without systemd",
         member("  password: {$secret: {credential: x}}\n"),
         "m.yaml:6:24: error: spec.password.$secret.credential: there are no credentials: "
         "CREDENTIALS_DIRECTORY is not set; add LoadCredential= to the unit, or use file:"},
        // Variables.
        {"unknown variable",
         member("  note: by ${OWNR}\n"),
         "m.yaml:6:3: error: spec.note: there is no variable OWNR; did you mean \"OWNER\"?"},
        {"variable that is not allowed",
         member("  note: ${HOME}\n"),
         "m.yaml:6:3: error: spec.note: there is no variable HOME; the environment has it: allow "
         "it with "
         "--env-var HOME"},
        {"brace that is never closed",
         member("  note: ${OWNER\n"),
         "m.yaml:6:3: error: spec.note: a ${ that names no variable; write ${NAME}, or $${ for a "
         "literal "
         "${"},
        // Life cycle.
        {"misspelt life cycle",
         shelf("lifecycle: {preventDestory: true}\n"),
         "m.yaml:4:13: error: lifecycle.preventDestory: unknown field; did you mean "
         "\"preventDestroy\"?"},
        {"life cycle of another type",
         shelf("lifecycle: true\n"),
         "m.yaml:4:1: error: lifecycle: expected a map, found a boolean"},
        {"protection of another type",
         shelf("lifecycle: {preventDestroy: \"yes\"}\n"),
         "m.yaml:4:13: error: lifecycle.preventDestroy: expected true or false"},
        {"misspelt adoption",
         shelf("lifecycle: {adopt: takeover2}\n"),
         "m.yaml:4:13: error: lifecycle.adopt: the value is not one of those allowed; did you mean "
         "\"takeOver\"?"},
        {"misspelt replacement",
         shelf("lifecycle: {replace: x}\n"),
         "m.yaml:4:13: error: lifecycle.replace: the value is not one of those allowed; it may be "
         "deleteFirst or createFirst"},
        {"misspelt deletion",
         shelf("lifecycle: {deletionPolicy: keep}\n"),
         "m.yaml:4:13: error: lifecycle.deletionPolicy: the value is not one of those allowed; it "
         "may be "
         "delete or abandon"},
        {"ignored field that is not there",
         shelf("lifecycle:\n  ignoreChanges: [spec.ownr]\n"),
         "m.yaml:5:19: error: lifecycle.ignoreChanges[0]: a Shelf has no field spec.ownr; did you "
         "mean "
         "\"owner\"?"},
        {"ignored everything",
         shelf("lifecycle:\n  ignoreChanges: [$]\n"),
         "m.yaml:5:19: error: lifecycle.ignoreChanges[0]: names the whole resource; write the path "
         "of a "
         "field, such as spec.size"},
        {"dependency that is no list",
         shelf("lifecycle: {dependsOn: Branch/tenant/a}\n"),
         "m.yaml:4:13: error: lifecycle.dependsOn: expected a list, found a string; write it as a "
         "list "
         "of addresses, such as [Project/tenant/team-a]"},
        {"dependency on an unknown kind",
         shelf("lifecycle: {dependsOn: [Brunch/tenant/a]}\n"),
         "m.yaml:4:25: error: lifecycle.dependsOn[0]: there is no kind \"Brunch\"; did you mean "
         "\"Branch\"?"},
        // The text itself.
        {"key that is there twice",
         shelf("metadata: {name: b}\n"),
         "m.yaml:4:1: error: the key \"metadata\" is there twice; it is on line 3 already: keep "
         "one of "
         "them"},
    };
    return all;
}

} // namespace

TEST_SUITE("manifests: broken")
{
    TEST_CASE("load: each mistake is told with its place, its field and what would be right")
    {
        for (const Broken& broken : cases()) {
            CAPTURE(broken.what);
            ManifestSite site;
            site.options.variables = {{"OWNER", "ada"}};
            site.environment = {{"HOME", "/root"}};
            site.write("m.yaml", broken.text);

            const ManifestSet set = site.load();

            CHECK(site.said() == broken.said + "\n");
            CHECK(set.manifests.empty());
        }
    }

    TEST_CASE("load: all mistakes are told at once, in the order of the text")
    {
        ManifestSite site;
        site.write("b.yaml", member("  bookz: 1\n  rank: king\n"));
        site.write("a.yaml",
                   member("  active: 1\n") + "---\napiVersion: library/v1\nkind: Shell\n");

        site.load();

        CHECK(
            site.said() ==
            "a.yaml:6:3: error: spec.active: expected true or false, found an integer\n"
            "a.yaml:9:1: error: kind: there is no kind \"Shell\"; did you mean \"Shelf\"?\n"
            "b.yaml:1:1: error: Member/tenant/ada@example.org is declared twice; it is declared in "
            "a.yaml:1 already: keep one of them\n"
            "b.yaml:6:3: error: spec.bookz: unknown field; did you mean \"books\"?\n"
            "b.yaml:7:3: error: spec.rank: the value is not one of those allowed; it may be guest, "
            "reader or librarian\n");
    }

    TEST_CASE("load: a broken manifest does not take the others with it")
    {
        ManifestSite site;
        site.write("a.yaml", shelf("") + "---\n" + member("  bookz: 1\n"));

        const ManifestSet set = site.load();

        CHECK(site.diagnostics.error_count() == 1);
        REQUIRE(set.manifests.size() == 1);
        CHECK(set.manifests.front().address.text() == "Shelf/tenant/a@1");
    }
}
