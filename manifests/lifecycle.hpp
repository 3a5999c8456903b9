// Reads the lifecycle section of a manifest: how trueup treats the resource. It is never sent.

#pragma once

#include "manifests/body.hpp"
#include "manifests/context.hpp"
#include "manifests/manifest.hpp"

#include <vector>

namespace trueup::manifests {

class LifecycleReader {
public:
    // Everything outlives the reader. `reader` substitutes variables.
    LifecycleReader(const Surroundings& surroundings,
                    const Kind& kind,
                    Complaints& complaints,
                    BodyReader& reader)
        : surroundings_(surroundings), kind_(kind), complaints_(complaints), reader_(reader)
    {
    }

    // What `section` says, with the defaults for what it leaves out. Each dependsOn is added to
    // `references`.
    Lifecycle read(const Value& section, std::vector<Reference>& references);

private:
    void entry(const std::string& name,
               const Value& value,
               Lifecycle& lifecycle,
               std::vector<Reference>& references);
    void ignore_changes(const Value& value, const Step& at, Lifecycle& lifecycle);
    void depends_on(const Value& value, const Step& at, std::vector<Reference>& references);
    const List* list_of(const Value& value, const Step& at, const std::string& what);
    template <class T>
    std::optional<T>
    word(const Value& value, const Step& at, const std::vector<std::pair<std::string, T>>& words);

    const Surroundings& surroundings_;
    const Kind& kind_;
    Complaints& complaints_;
    BodyReader& reader_;
};

} // namespace trueup::manifests
