// What is declared and what exists in a simulated world: resources of a dozen kinds, as manifests
// and as bodies of the API, each with a token by which its current content can be recognised.
//
// It draws everything from a random source and knows nothing of the engine: the bodies and paths
// here are written from the API's documents, not taken from the kind catalogue.

#pragma once

#include "state/model/random.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::sim {

// One kind, as the API has it.
struct KindFacts {
    const char* kind;
    const char* collection; // of the sandbox
    const char* list;       // the path that lists them
    const char* create;     // the path that POST creates at
    const char* object;     // the path of one object, without its uid
    bool in_project;
    bool unique; // the server refuses a second object of the same name

    bool is_singleton() const { return *create == '\0'; }
    // What is made is ready after a while.
    bool is_async() const { return std::string_view(kind) == "RegistryHelm"; }
};

// Those that are simulated. The first ones need nothing but a name.
const std::vector<KindFacts>& kind_facts();
const KindFacts& facts_of(std::string_view kind);

enum class ReplaceMode { forbidden, delete_first, create_first };
enum class AdoptMode { standard, never, take_over };

// One declared resource.
struct Declared {
    std::string kind;
    std::string name;
    std::string project;           // "" : the tenant
    int version = 1;               // of what can be changed in place
    int shape = 1;                 // of what cannot
    std::vector<std::string> refs; // addresses; of what has no roles: what it depends on
    ReplaceMode replace = ReplaceMode::forbidden;
    AdoptMode adopt = AdoptMode::standard;
    bool prevent_destroy = false;
    bool abandon = false;

    std::string address() const;
    // What the object holds when it is as declared.
    std::string token() const;
    std::string manifest() const;
    // The body of its create call, for who creates it behind trueup's back. Without references.
    std::string body() const;
};

// The token of a version of an object.
std::string token_of(const std::string& kind, const std::string& name, int version);

// One state of the manifests.
struct ManifestText {
    std::vector<Declared> resources;
    std::string broken; // a document that is not fit to be read, or ""

    std::string text() const;
    const Declared* find(const std::string& address) const;
};

// Draws a first set: `size` resources, references among them.
ManifestText draw_manifests(Random& random, std::size_t size);
// Changes one thing, and says what.
std::string edit_manifests(ManifestText& manifests, Random& random);

// A value in the environment that a manifest names as a secret. Always starts with the canary.
std::string secret_text(int generation);
inline constexpr std::string_view canary = "CANARYxSECRET";

} // namespace trueup::sim
