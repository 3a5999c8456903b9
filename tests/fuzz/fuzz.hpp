// What the fuzz targets share: how one says that a property does not hold, and how the bytes of an
// input are divided.
//
// Every target is a function of its input alone: no clock, no randomness, no network, and no file
// but those it makes itself.

#pragma once

#include "api/kinds/catalogue.hpp"
#include "state/model/diagnostic.hpp"
#include "state/model/value.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

// What libFuzzer calls with each input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace trueup::fuzz {

// Ends the program, which libFuzzer takes for a finding, when a property does not hold.
inline void must(bool holds, const std::string& what)
{
    if (holds)
        return;
    std::fprintf(stderr, "broken property: %s\n", what.c_str());
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size)
{
    return size == 0 ? std::string_view()
                     : std::string_view(reinterpret_cast<const char*>(data), size);
}

// Takes the first character of `text` as a choice among `count`: 'a' is the first. Letters keep the
// corpus readable.
inline std::size_t take_choice(std::string_view& text, std::size_t count)
{
    if (text.empty())
        return 0;
    const auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    return static_cast<unsigned char>(byte - 'a') % count;
}

// Takes what stands before the first `mark`, and the mark; everything when there is none.
inline std::string_view take_part(std::string_view& text, std::string_view mark)
{
    const std::size_t at = text.find(mark);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + mark.size());
    return part;
}

// Values in the tree, itself included.
inline std::size_t count_nodes(const Value& value)
{
    std::size_t count = 1;
    if (const Map* map = value.if_map())
        for (const auto& [name, member] : *map)
            count += count_nodes(member);
    if (const List* list = value.if_list())
        for (const Value& item : *list)
            count += count_nodes(item);
    return count;
}

// Levels of the tree: 1 for a scalar.
inline std::size_t depth_of(const Value& value)
{
    std::size_t below = 0;
    if (const Map* map = value.if_map())
        for (const auto& [name, member] : *map)
            below = std::max(below, depth_of(member));
    if (const List* list = value.if_list())
        for (const Value& item : *list)
            below = std::max(below, depth_of(item));
    return below + 1;
}

// Every message can be shown: it has words, and no line of its own.
inline void must_be_presentable(const Diagnostics& diagnostics)
{
    for (const Diagnostic& diagnostic : diagnostics.all())
        must(!diagnostic.message.empty(), "a diagnostic has no message");
}

// The shipped kinds, loaded once.
inline const Catalogue& shipped_catalogue()
{
    static const Catalogue catalogue = [] {
        Diagnostics diagnostics;
        const auto sources = catalogue_sources({});
        must(sources.has_value(), "the shipped kinds are there");
        Catalogue loaded = load_catalogue(*sources, diagnostics);
        must(!diagnostics.has_errors(), "the shipped kinds are sound");
        return loaded;
    }();
    return catalogue;
}

// Takes the first line of `text` for the name of a shipped kind; any other line stands for one of
// them too.
inline const Kind& take_kind(std::string_view& text)
{
    const Catalogue& catalogue = shipped_catalogue();
    const std::string_view name = take_part(text, "\n");
    const Kind* kind = catalogue.find(name);
    return kind != nullptr ? *kind : catalogue.kinds[name.size() % catalogue.kinds.size()];
}

} // namespace trueup::fuzz
