// The vendor's API description as `trueup kinds check --spec` reads it: references that lead in
// circles, schemas of any shape.

#include "tests/fuzz/fuzz.hpp"

using namespace trueup;
using namespace trueup::fuzz;

namespace {

constexpr std::string_view kinds = R"yaml(api: {version: shop/v1, scopeHeader: Shop-Uid}
---
kind: Book
key: metadata.name
schema:
  metadata: {fields: {name: {type: string, required: true}, labels: {type: map, of: string}}}
  spec:
    fields:
      pages: integer
      tags: {type: set, of: string}
      state: {type: string, enum: [new, old]}
      parts: {type: list, key: name, of: {fields: {name: {type: string, required: true}, n: integer}}}
list: {call: GET /v1/books, items: items, uid: metadata.uid}
read: GET /v1/books/{uid}
create: {call: POST /v1/books, uid: uid}
facets: [{name: all, fields: [metadata, spec], call: "PUT /v1/books/{uid}"}]
delete: DELETE /v1/books/{uid}
)yaml";

const Catalogue& shop()
{
    static const Catalogue catalogue = [] {
        Diagnostics diagnostics;
        Catalogue loaded = load_catalogue({{"shop.yaml", std::string(kinds)}}, diagnostics);
        for (const Diagnostic& diagnostic : diagnostics.all())
            must(false, diagnostic.text());
        return loaded;
    }();
    return catalogue;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    Diagnostics diagnostics;
    const auto checked = check_against_swagger(shop(), text_of(data, size), diagnostics);
    must_be_presentable(diagnostics);
    must(checked.has_value() || !checked.error().message.empty(), "a refusal says why");
    return 0;
}
