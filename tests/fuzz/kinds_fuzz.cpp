// Kind files as --kinds reads them: alone, or laid over a small API.
//
// A catalogue without errors can be used: its kinds are sorted, each has what planning calls, and
// no operation that reads is also one that changes something.

#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <set>

using namespace trueup;
using namespace trueup::fuzz;

namespace {

constexpr std::string_view base =
    R"yaml(api: {version: shop/v1, keyHeader: Key, scopeHeader: Shop-Uid}
defaults:
  list: {items: items, uid: metadata.uid}
  create: {uid: uid}
  mark: {map: metadata.annotations, owner: shop/owner, address: shop/address}
types:
  Metadata:
    fields:
      name: {type: string, required: true}
      annotations: {type: map, of: string}
      uid: {type: string, serverSet: true}
)yaml";

void collect(const Kind& kind, std::set<std::string>& reads, std::set<std::string>& changes)
{
    const auto add = [&](const Operation& operation) {
        if (operation.empty())
            return;
        const bool is_read = operation.operation_class == OperationClass::read ||
                             operation.operation_class == OperationClass::login;
        (is_read ? reads : changes).insert(operation.route());
    };
    if (kind.list)
        add(kind.list->call);
    add(kind.read.call);
    for (const ExtraRead& extra : kind.read.more)
        add(extra.call);
    if (kind.create) {
        add(kind.create->call);
        std::ranges::for_each(kind.create->then, add);
    }
    for (const Facet& facet : kind.facets) {
        add(facet.call);
        std::ranges::for_each(facet.then, add);
    }
    for (const ChildSet& children : kind.children) {
        add(children.add);
        add(children.change);
        add(children.remove);
    }
    if (kind.remove)
        add(*kind.remove);
}

void check_catalogue(const Catalogue& catalogue)
{
    std::set<std::string> reads;
    std::set<std::string> changes;
    for (const Kind& kind : catalogue.kinds) {
        must(!kind.name.empty() && catalogue.find(kind.name) == &kind, "a kind can be found");
        must(kind.list.has_value() || !kind.read.call.empty(), "a kind can be read");
        must(kind.settle >= Duration::zero() && kind.gone_within >= Duration::zero(),
             "no wait is negative");
        if (kind.list)
            must(kind.list->paging.pages_max > 0, "a walk has a bound");
        collect(kind, reads, changes);
    }
    for (const std::string& route : reads)
        must(!changes.contains(route), "what reads changes nothing: " + route);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view text = text_of(data, size);
    const bool alone = take_choice(text, 2) == 1;
    std::vector<CatalogueSource> sources;
    if (!alone)
        sources.emplace_back("base.yaml", std::string(base));
    sources.emplace_back("input.yaml", std::string(text), 1);
    Diagnostics diagnostics;
    const Catalogue catalogue = load_catalogue(sources, diagnostics);
    must_be_presentable(diagnostics);
    if (!diagnostics.has_errors())
        check_catalogue(catalogue);
    return 0;
}
