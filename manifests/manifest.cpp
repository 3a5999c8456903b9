#include "manifests/manifest.hpp"

#include <algorithm>
#include <array>

namespace trueup {

namespace {

constexpr std::array<std::string_view, 3> adoptions{"ifEqual", "never", "takeOver"};

bool is_same_place(Place a, Place b)
{
    return a.line == b.line && a.column == b.column;
}

bool is_same_reference(const Reference& a, const Reference& b)
{
    return a.target == b.target && a.path == b.path && is_same_place(a.place, b.place);
}

// Of two values that are identical otherwise. The depth is bounded by the limits of the parsers.
bool stand_at_the_same_places(const Value& a, const Value& b)
{
    if (!is_same_place(a.place(), b.place()))
        return false;
    if (const Map* map = a.if_map())
        return std::ranges::equal(
            *map, *b.if_map(), stand_at_the_same_places, &Map::Entry::second, &Map::Entry::second);
    if (const List* list = a.if_list())
        return std::ranges::equal(*list, *b.if_list(), stand_at_the_same_places);
    return true;
}

} // namespace

std::string_view name_of(Adoption adoption)
{
    return adoptions[static_cast<std::size_t>(adoption)];
}

std::optional<Adoption> adoption_called(std::string_view name)
{
    const auto it = std::ranges::find(adoptions, name);
    if (it == adoptions.end())
        return std::nullopt;
    return static_cast<Adoption>(it - adoptions.begin());
}

bool reads_the_same(const Manifest& a, const Manifest& b)
{
    return a.address == b.address && a.kind == b.kind && a.file == b.file &&
           is_same_place(a.place, b.place) && a.digest == b.digest && a.lifecycle == b.lifecycle &&
           std::ranges::equal(a.references, b.references, is_same_reference) &&
           identical(a.body, b.body) && stand_at_the_same_places(a.body, b.body);
}

const Manifest* ManifestSet::find(const Address& address) const
{
    const auto it = std::ranges::lower_bound(manifests, address, {}, &Manifest::address);
    return it != manifests.end() && it->address == address ? &*it : nullptr;
}

} // namespace trueup
