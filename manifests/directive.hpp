// Maps that stand for a value: {$ref: ...}, {$lookup: ...}, {$file: ...} and {$secret: ...}.

#pragma once

#include "manifests/context.hpp"
#include "manifests/manifest.hpp"

#include <optional>
#include <vector>

namespace trueup::manifests {

// True when `map` has a member named $word, which no declared value may have.
bool is_directive(const Map& map);

class Directives {
public:
    // Everything outlives the object. Each $ref is added to `references`.
    Directives(const Surroundings& surroundings,
               Complaints& complaints,
               std::vector<Reference>& references)
        : surroundings_(surroundings), complaints_(complaints), references_(references)
    {
    }

    // What `value`, a directive, stands for: an Unknown, a Secret, or the text of a file. Nothing
    // after a mistake, which is reported. `refers_to` is the kind that the field holds the uid of,
    // or "".
    std::optional<Value> resolve(const Value& value, const std::string& refers_to, const Step& at);

private:
    std::optional<Value> reference(const Map& map, const std::string& refers_to, const Step& at);
    std::optional<Value> lookup(const Map& map, const std::string& refers_to, const Step& at);
    std::optional<Value> file(const Map& map, const Step& at);
    std::optional<Value> secret(const Map& map, const Step& at);
    std::optional<Value>
    fetch(const std::string& from, const std::string& name, Place place, const Step& at);

    bool only(const Map& map, const std::vector<std::string>& allowed, const Step& at);
    bool may_refer(const std::string& kind, const std::string& wanted, Place place, const Step& at);
    std::optional<std::string> text_of(const Value& value, const Step& at);

    const Surroundings& surroundings_;
    Complaints& complaints_;
    std::vector<Reference>& references_;
};

// Reads an address and checks it against the kinds: that there is such a kind, that it lives in
// such a scope, and that the name has as many parts as its key. Fails with invalid_input.
Result<Address> read_address(const std::string& text, const Catalogue& catalogue);

} // namespace trueup::manifests
