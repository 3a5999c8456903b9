// Kind catalogues for tests: from text, from text with one thing changed, and the shipped one.

#pragma once

#include "api/kinds/catalogue.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace trueup::test {

struct Loaded {
    Catalogue catalogue;
    Diagnostics diagnostics;

    // All that was said, a line each.
    std::string said() const
    {
        std::string lines;
        for (const Diagnostic& diagnostic : diagnostics.all())
            lines += diagnostic.text() + "\n";
        return lines;
    }
};

inline Loaded load_sources(const std::vector<CatalogueSource>& sources)
{
    Loaded loaded;
    loaded.catalogue = load_catalogue(sources, loaded.diagnostics);
    return loaded;
}

inline Loaded load_text(const std::string& text)
{
    return load_sources({{"shop.yaml", text}});
}

// `text` with `from`, which must be in it, replaced by `to`.
inline std::string with(std::string text, std::string_view from, std::string_view to)
{
    const std::size_t at = text.find(from);
    REQUIRE_MESSAGE(at != std::string::npos, "not in the text: ", std::string(from));
    return text.replace(at, from.size(), to);
}

inline std::vector<CatalogueSource> shipped_sources()
{
    auto sources = catalogue_sources({});
    REQUIRE(sources.has_value());
    return *sources;
}

} // namespace trueup::test
