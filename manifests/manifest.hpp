// What is wanted: one manifest, and the set of all of them.

#pragma once

#include "state/model/address.hpp"
#include "state/model/diagnostic.hpp"
#include "state/model/kind.hpp"
#include "state/model/shared_value.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trueup {

enum class Adoption { if_equal, never, take_over };
enum class Replacement { forbidden, delete_first, create_first };
enum class DeletionPolicy { remove, abandon };

// As people write it: ifEqual, never, takeOver.
std::string_view name_of(Adoption adoption);
std::optional<Adoption> adoption_called(std::string_view name);

struct Lifecycle {
    bool prevent_destroy = false;
    std::vector<Path> ignore_changes;
    std::optional<Adoption> adopt; // nothing: as the configuration says
    Replacement replace = Replacement::forbidden;
    DeletionPolicy deletion = DeletionPolicy::remove;

    bool operator==(const Lifecycle&) const = default;
};

// A dependency and where it was written.
struct Reference {
    Reference(Address t, std::string p, Place at)
        : target(std::move(t)), path(std::move(p)), place(at)
    {
    }

    Address target;
    std::string path; // of the field that holds it, or "lifecycle.dependsOn"
    Place place;
};

struct Manifest {
    Manifest() = default;

    Address address;
    const Kind* kind = nullptr; // of the catalogue, which outlives the manifest
    // The declared fields in write shape: {"metadata": ..., "spec": ...} without metadata.project.
    // $ref and $lookup are Unknown values, secrets are Secret values. Each value keeps its place in
    // `file`.
    SharedValue body;
    Lifecycle lifecycle;
    std::vector<Reference>
        references;     // $ref and dependsOn, without the implicit one to the project
    std::string file;   // as given, for messages
    Place place;        // where the document starts
    std::string digest; // SHA-256 of what was written, secret references included, secret texts not
};

// Whether both declare the same at the same places: one may stand for the other, in messages too.
bool reads_the_same(const Manifest& a, const Manifest& b);

struct ManifestSet {
    std::vector<Manifest> manifests;  // by address
    std::string digest;               // over all of them
    std::vector<std::string> doubled; // files with something that another file declares again

    const Manifest* find(const Address& address) const;
};

} // namespace trueup
