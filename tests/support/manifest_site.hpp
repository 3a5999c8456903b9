// A directory of manifests for one test, with kinds that have one of everything a schema can say.

#pragma once

#include "api/kinds/catalogue.hpp"
#include "manifests/load.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <string>
#include <string_view>

namespace trueup::test {

// A library with branches (the scopes), members, shelves and opening hours.
constexpr std::string_view library_kinds = R"yaml(
api: {version: library/v1, scopeHeader: Branch-Uid}
defaults:
  list: {items: items, uid: metadata.uid}
  create: {uid: uid}
  mark: {map: metadata.annotations, owner: trueup/owner, address: trueup/address}
types:
  Metadata:
    fields:
      name: {type: string, required: true}
      labels: {type: map, of: string}
      annotations: {type: map, of: string}
      uid: {type: string, serverSet: true}
---
kind: Branch
isScope: true
key: metadata.name
schema: {metadata: Metadata, spec: {fields: {manager: {type: string, refersTo: Member}}}}
list: GET /branches
read: GET /branches/{uid}
create: POST /branches
facets: [{name: all, fields: [metadata, spec], call: "PUT /branches/{uid}"}]
delete: DELETE /branches/{uid}
---
kind: Member
key: spec.email
schema:
  metadata: Metadata
  spec:
    required: true
    fields:
      email: {type: string, required: true}
      password: {type: string, sensitive: true}
      pin: {type: integer, sensitive: true}
      rate: {type: number, sensitive: true}
      armed: {type: boolean, sensitive: true}
      card: {type: string, refersTo: Member}
      home: {type: string, refersTo: Branch}
      since: {type: string, format: date-time}
      rank: {type: string, enum: [guest, reader, librarian]}
      books: integer
      fee: number
      active: boolean
      note: string
      essay: {type: string, embeddedText: true}
      tags: {type: set, of: string}
      extras: {type: object, open: true, fields: {shelf: integer}}
      anything: any
      address: {fields: {street: {type: string, required: true}, city: string}}
      loans:
        type: list
        key: book
        of:
          fields:
            book: {type: string, required: true}
            days: integer
      visits: {type: list, of: {type: string, format: date-time}}
      counts: {type: map, of: integer}
list: GET /members
read: GET /members/{uid}
create: POST /members
facets: [{name: all, fields: [metadata, spec], call: "PUT /members/{uid}"}]
delete: DELETE /members/{uid}
---
kind: Shelf
scope: any
key: [metadata.name, spec.edition]
schema:
  metadata: Metadata
  spec: {fields: {edition: {type: string, default: "1"}, owner: {type: string, refersTo: Member}}}
list: GET /shelves
read: GET /shelves/{uid}
create: POST /shelves
facets: [{name: all, fields: [metadata, spec], call: "PUT /shelves/{uid}"}]
delete: DELETE /shelves/{uid}
---
kind: Hours
scope: project
singleton: true
mark: null
schema: {spec: {required: true, fields: {opens: {type: string, required: true}, closes: string}}}
read: GET /branches/{scopeUid}/hours
facets: [{name: all, fields: spec, call: "PUT /branches/{scopeUid}/hours"}]
whenDeleted: leave
)yaml";

inline Catalogue library_catalogue()
{
    Diagnostics diagnostics;
    Catalogue catalogue =
        load_catalogue({{"library.yaml", std::string(library_kinds)}}, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.all())
        FAIL_CHECK(diagnostic.text());
    return catalogue;
}

class ManifestSite {
public:
    ManifestSite()
    {
        options.paths = {directory.path()};
        options.hasher = SecretHasher("a key");
        options.environment = [this](const std::string& name) -> std::optional<std::string> {
            const auto it = environment.find(name);
            return it != environment.end() ? std::optional(it->second) : std::nullopt;
        };
    }

    void write(const std::string& name, std::string_view text) const
    {
        const std::filesystem::path path = directory / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
    }

    // Loads everything; what was said is in `diagnostics`.
    ManifestSet load()
    {
        diagnostics = Diagnostics();
        return load_manifests(options, catalogue, diagnostics);
    }

    // The one manifest there is, which must be without fault.
    Manifest load_one()
    {
        ManifestSet set = load();
        REQUIRE_MESSAGE(diagnostics.all().empty(), said());
        REQUIRE(set.manifests.size() == 1);
        return std::move(set.manifests.front());
    }

    // What was said, a line each, with file names as they are below the directory.
    std::string said() const
    {
        const std::string prefix = directory.path().string() + "/";
        std::string text;
        for (const Diagnostic& diagnostic : diagnostics.all())
            text += diagnostic.text() + "\n";
        for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
            text.erase(at, prefix.size());
        return text;
    }

    TempDir directory;
    Catalogue catalogue = library_catalogue();
    LoadOptions options;
    std::map<std::string, std::string> environment;
    Diagnostics diagnostics;
};

} // namespace trueup::test
