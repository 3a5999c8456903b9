// What null in a manifest stands for where a kind says more of it than "absent".

#include "state/model/json.hpp"
#include "tests/support/manifest_site.hpp"

using namespace trueup;
using namespace trueup::test;

TEST_SUITE("manifests: reset")
{
    TEST_CASE("load: null stands for what its kind states that it is reset to")
    {
        ManifestSite site;
        Diagnostics none;
        site.catalogue = load_catalogue({{"office.yaml", R"yaml(
api: {version: office/v1}
---
kind: Policy
singleton: true
schema: {spec: {required: true, fields: {length: integer, note: string}}}
read: GET /policy
facets: [{name: all, fields: spec, call: "PUT /policy"}]
whenDeleted: reset
resetTo: {spec: {length: 6}}
)yaml"}},
                                        none);
        REQUIRE(none.all().empty());
        site.write("m.yaml",
                   "apiVersion: office/v1\nkind: Policy\nspec:\n  length: null\n  note: null\n");

        const Manifest manifest = site.load_one();

        CHECK(json::write(*find(manifest.body, *Path::parse("spec"))) ==
              R"({"length":6,"note":null})");
        CHECK(find(manifest.body, *Path::parse("spec.length"))->place().line == 4);
    }

    TEST_CASE("load: null is refused where the kind says that nothing is known to reset it to")
    {
        ManifestSite site;
        Diagnostics none;
        site.catalogue = load_catalogue({{"office.yaml", R"yaml(
api: {version: office/v1}
---
kind: Desk
key: name
schema:
  name: {type: string, required: true}
  spec: {fields: {title: {type: string, default: null}}}
list: {call: GET /desks, items: items, uid: uid}
read: GET /desks/{uid}
create: {call: POST /desks, uid: uid}
facets: [{name: all, fields: [name, spec], call: "PUT /desks/{uid}"}]
delete: DELETE /desks/{uid}
)yaml"}},
                                        none);
        REQUIRE(none.all().empty());
        site.write("m.yaml", "apiVersion: office/v1\nkind: Desk\nname: a\nspec:\n  title: ~\n");

        site.load();

        CHECK(
            site.said() ==
            "m.yaml:5:3: error: spec.title: cannot be null: what the API takes in its place is not "
            "known; give it a value, or leave it out to leave it alone\n");
    }
}
