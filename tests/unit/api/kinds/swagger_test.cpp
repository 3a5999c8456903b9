#include "tests/support/catalogues.hpp"
#include "tests/support/places.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

using namespace trueup;
using trueup::test::load_sources;
using trueup::test::shipped_sources;
using trueup::test::with;

namespace {

// The vendor's own document; empty when this machine does not have it.
std::string palette_document()
{
    const std::string path = trueup::test::palette_spec();
    if (path.empty())
        return {};
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string findings(const std::vector<CatalogueSource>& sources, const std::string& document)
{
    const auto loaded = load_sources(sources);
    REQUIRE(loaded.said() == "");
    test::Loaded checked;
    const auto done = check_against_swagger(loaded.catalogue, document, checked.diagnostics);
    REQUIRE(done.has_value());
    return checked.said();
}

struct Mutation {
    std::string file;
    std::string from;
    std::string to;
    std::string said;
};

const Mutation mutations[] = {
    {"role.yaml",
     "GET /v1/roles\n",
     "GET /v1/rolls\n",
     "Role list: the document has no GET /v1/rolls"},
    {"role.yaml",
     "POST /v1/roles",
     "PUT /v1/roles",
     "Role create: the document has no PUT /v1/roles"},
    {"role.yaml",
     "{filters:",
     "{filter:",
     "GET /v1/roles takes no query parameter \"filter\"; did you mean \"filters\"?"},
    {"role.yaml",
     "[system, user]",
     "[system, user, custom]",
     "Role spec.type: its choices here are (system, user, custom), in the body of create (system, "
     "user)"},
    {"role.yaml",
     "builtin: {path: spec.type",
     "builtin: {path: spec.kind",
     "Role builtin: \"spec.kind\" is not in what is read"},
    {"ssh_key.yaml",
     "publicKey:",
     "pubKey:",
     "SshKey spec.pubKey: is not in the body of facet whole"},
    {"ssh_key.yaml",
     "  paging: null # kinds.md a.2\n",
     "",
     "SshKey list paging: GET /v1/users/assets/sshkeys takes no query parameter \"continue\""},
    {"maintenance_policy.yaml",
     "durationHrs: {type: integer",
     "durationHrs: {type: string",
     "MaintenancePolicy spec.schedules[].durationHrs: is string here and integer in the body of "
     "create"},
    {"maintenance_policy.yaml",
     "startCron: {type: string, required: true,",
     "startCron: {type: string,",
     "MaintenancePolicy spec.schedules[].startCron: is required in the body of create"},
    {"maintenance_policy.yaml",
     "policyName:",
     "name:",
     "MaintenancePolicy list narrowBody: its body has no \"name\""},
    {"maintenance_policy.yaml",
     "  indexOnly: true\n  covers: metadata\n",
     "",
     "MaintenancePolicy spec.schedules: is not in what is read"},
    {"edge_registration_token.yaml",
     "spec.defaultProject.uid",
     "spec.defaultProject.id",
     "EdgeRegistrationToken spec.defaultProjectUid: readFrom: \"spec.defaultProject.id\" is not in "
     "what is read"},
    {"edge_registration_token.yaml",
     "body: {isActive:",
     "body: {active:",
     "EdgeRegistrationToken facet state: its body has no \"active\""},
    {"cluster_profile.yaml",
     "readFrom: packUid",
     "readFrom: uid",
     "ClusterProfile spec.template.packs[].uid: readFrom: \"uid\" is not in what is read"},
    {"cluster_profile.yaml",
     "into: spec.variables",
     "into: spec.vars",
     "ClusterProfile spec.variables: is not in what is read"},
    {"cluster_profile.yaml",
     "packs/{name}/manifests",
     "packs/{title}/manifests",
     "ClusterProfile read more: \"title\" is not in the elements of spec.published.packs"},
    {"cluster_profile.yaml",
     "from: items",
     "from: manifests",
     "ClusterProfile read more: \"manifests\" is not in the answer"},
    {"cluster_profile.yaml",
     "default: spectro",
     "default: helm",
     "its default differs from that in the body of"},
    {"project.yaml",
     "body: {users:",
     "body: {members:",
     "Project facet users: its body has no \"members\""},
    {"project.yaml",
     "covers: metadata",
     "covers: [metadata, spec.teams]",
     "Project list covers: \"spec.teams\" is not in the items of the list"},
    {"macros.yaml",
     "body: macros",
     "body: entries",
     "Macros child add: \"entries\" is no list in the body of"},
    {"registry_helm.yaml",
     "status.helmSyncStatus.status",
     "status.syncStatus.status",
     "RegistryHelm readiness state: \"status.syncStatus.status\" is not in what is read"},
    {"password_policy.yaml",
     "into: spec",
     "into: policy",
     "PasswordPolicy spec.minLength: is not in what is read"},
    {"team.yaml",
     "  call: GET /v1/teams\n",
     "  call: GET /v1/teams\n  paging: null\n",
     "Team list paging: GET /v1/teams takes \"continue\": it comes in pages"},
    {"tag_filter.yaml",
     "only: {path: spec.filterType",
     "only: {path: spec.type",
     "TagFilter list only: \"spec.type\" is not in the items of the list"},
    {"_api.yaml",
     "items: items",
     "items: summaries",
     "Role list items: \"summaries\" is no list in the answer to GET /v1/roles"},
    {"_api.yaml",
     "token: listmeta.continue",
     "token: listMeta.continue",
     "Role list paging token: \"listMeta.continue\" is not in the answer"},
    {"_api.yaml",
     "success: 201, uid: uid",
     "success: 200, uid: uid",
     "Role create: the document knows no answer 200 to POST /v1/roles; it may be 201"},
    {"_api.yaml",
     "success: 201, uid: uid",
     "success: 201, uid: id",
     "Role create uid: \"id\" is not in the answer to POST /v1/roles"},
    {"_api.yaml",
     "field: tenantUid",
     "field: tenantId",
     "api bootstrap tenantUid: \"tenantId\" is not in the answer"},
    {"_api.yaml",
     "size: 50",
     "size: 51",
     "ClusterProfile list paging size: the document allows at most 50"},
};

const std::string tiny_document = R"({"swagger": "2.0", "basePath": "/v1", "paths": {
  "/items": {
    "get": {"responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/Item"}}}}},
    "post": {"parameters": [{"in": "body", "name": "body", "schema": {"$ref": "#/definitions/Item"}}],
             "responses": {"201": {"schema": {"$ref": "#/definitions/Id"}}}}},
  "/items/{number}": {
    "parameters": [{"in": "query", "name": "full", "type": "boolean"}],
    "get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Item"}}}}}},
 "definitions": {
  "Id": {"properties": {"id": {"type": "string"}}},
  "Item": {"allOf": [{"$ref": "#/definitions/Id"}, {"properties": {"name": {"type": "string"}}}]},
  "Loop": {"$ref": "#/definitions/Loop"}}})";

const std::string tiny_catalogue = R"(api: {version: shop/v1}
---
kind: Item
key: name
schema: {name: string, id: {type: string, serverSet: true}}
list: {call: GET /v1/items, items: $, uid: id}
read: {call: "GET /v1/items/{uid}", query: {full: true}}
create: {call: POST /v1/items, success: 201, uid: id}
whenDeleted: leave
)";

} // namespace

TEST_SUITE("kinds: against the API's own description")
{
    TEST_CASE("the shipped catalogue agrees with the vendor's document in everything")
    {
        const std::string document = palette_document();
        if (document.empty()) {
            MESSAGE("skipped: TRUEUP_PALETTE_SPEC names no document");
            return;
        }

        CHECK(findings(shipped_sources(), document) == "");
    }

    TEST_CASE("each thing that no longer agrees is a finding that names the kind and the key")
    {
        const std::string document = palette_document();
        if (document.empty()) {
            MESSAGE("skipped: TRUEUP_PALETTE_SPEC names no document");
            return;
        }
        for (const Mutation& mutation : mutations) {
            CAPTURE(mutation.file);
            CAPTURE(mutation.to);
            std::vector<CatalogueSource> sources = shipped_sources();
            for (CatalogueSource& source : sources)
                if (source.name == mutation.file)
                    source.text = with(source.text, mutation.from, mutation.to);

            const std::string said = findings(sources, document);

            CHECK_MESSAGE(
                said.find(mutation.said) != std::string::npos, said, "lacks ", mutation.said);
        }
    }

    TEST_CASE("base paths, root arrays, references and allOf are understood")
    {
        CHECK(findings({{"shop.yaml", tiny_catalogue}}, tiny_document) == "");
    }

    TEST_CASE(
        "a field that the document has nowhere is found where it is written and where it is read")
    {
        const std::string said =
            findings({{"shop.yaml",
                       with(tiny_catalogue,
                            "{name: string,",
                            "{name: string, price: {type: integer, immutable: true},")}},
                     tiny_document);

        CHECK(said.find("Item price: is not in what is read") != std::string::npos);
        CHECK(said.find("Item price: no body of a create or a facet takes it") !=
              std::string::npos);
    }

    TEST_CASE("what is no Swagger 2.0 document is refused")
    {
        for (const std::string& text :
             std::vector<std::string>{"",
                                      "{}",
                                      "[]",
                                      R"({"openapi": "3.0.0", "paths": {}})",
                                      R"({"swagger": "2.0", "paths": 7})"}) {
            CAPTURE(text);
            Diagnostics diagnostics;
            const auto done = check_against_swagger({}, text, diagnostics);

            REQUIRE_FALSE(done.has_value());
            CHECK(done.error().code == Errc::invalid_input);
        }
    }
}
