#include "tests/sim/fixtures.hpp"

#include "api/kinds/catalogue.hpp"
#include "state/store/sqlite_store.hpp"
#include "tests/sim/world.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/io_context.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace trueup::sim {

namespace {

Catalogue shipped()
{
    auto sources = catalogue_sources({});
    if (!sources)
        throw std::runtime_error(sources.error().text());
    // Few objects shall fill several pages, and settling is to be waited for.
    for (CatalogueSource& source : *sources) {
        const std::string from = "size: 50";
        if (const std::size_t at = source.text.find(from); at != std::string::npos)
            source.text.replace(at, from.size(), "size: 8");
        const std::string field = "conjunction: {type: string, ";
        if (const std::size_t at = source.text.find(field); at != std::string::npos)
            source.text.replace(at, field.size(), field + "immutable: true, ");
    }
    Diagnostics diagnostics;
    Catalogue catalogue = load_catalogue(*sources, diagnostics);
    if (diagnostics.has_errors())
        throw std::runtime_error(diagnostics.all().front().text());
    // Listing kinds that no simulated world has would only cost time.
    std::erase_if(catalogue.kinds, [](const Kind& kind) {
        return std::ranges::none_of(
            kind_facts(), [&](const KindFacts& facts) { return kind.name == facts.kind; });
    });
    return catalogue;
}

std::string make_empty_state()
{
    const TempDir directory;
    const auto file = directory.path() / "state.db";
    boost::asio::io_context context;
    auto store = open_sqlite_store(context, file, StoreMode::writer, SyncMode::inline_);
    if (!store)
        throw std::runtime_error(store.error().text());
    store->reset();
    // Opened once before any world does: what is worked out the first time is no part of a seed.
    if (!open_sqlite_store(context, file, StoreMode::writer, SyncMode::inline_))
        throw std::runtime_error("the empty state cannot be opened");
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// One thread needs no locks, and nobody asks how much memory SQLite has. Only before it is first
// used can it be told.
void lighten_sqlite()
{
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

Fixtures make_fixtures()
{
    lighten_sqlite();
    Fixtures made;
    made.catalogue = shipped();
    made.trusting = made.catalogue;
    for (Kind& kind : made.trusting.kinds)
        kind.refuses_duplicates = !kind.is_singleton() && facts_of(kind.name).unique;
    auto rules = read_sandbox_rules();
    if (!rules)
        throw std::runtime_error(rules.error().text());
    made.rules = *rules;
    made.empty_state = make_empty_state();
    return made;
}

} // namespace

const Fixtures& fixtures()
{
    static const Fixtures made = make_fixtures();
    return made;
}

} // namespace trueup::sim
