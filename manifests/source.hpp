// Where manifests come from, for whoever keeps watching them: a cheap look that tells whether
// anything changed, and a load that says of each file what became of it.
//
// A source never decides whether a tree is complete: it says what it saw, and the daemon looks
// twice.

#pragma once

#include "manifests/manifest.hpp"
#include "state/model/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace trueup {

// One look at everything that a load would read.
struct Scan {
    Scan() = default;

    // Equal for two looks between which nobody wrote: names, sizes, times, inodes and content.
    std::string fingerprint;
    // Equal for two looks that a load would read the same from: names and content, and the commit.
    std::string content;
    // A file that the last load read a secret from, or wanted to, is another by now. They lie
    // anywhere, and have no part in the two above.
    bool has_new_secrets = false;
    std::string busy; // why it must not be read now, such as a checkout under way; ""
    std::vector<std::filesystem::path> directories; // where changes can be heard of
    std::string approval;                           // the digest that the approval file holds; ""
};

// What one manifest file holds.
struct LoadedFile {
    LoadedFile() = default;

    std::string file;
    std::vector<Manifest> manifests;
};

// Something that could not be read.
struct Unreadable {
    Unreadable() = default;

    std::string path;        // a manifest file, or a directory
    bool everything = false; // it decides how all others are read, as vars.yaml does
    std::vector<Diagnostic> errors;
};

struct Snapshot {
    Snapshot() = default;

    std::string revision;               // "git:<commit>", with "-dirty", or "sha256:<digest>"
    std::vector<LoadedFile> files;      // those without a mistake, by name
    std::vector<Unreadable> unreadable; // by path
    std::vector<Diagnostic> warnings;
};

// That what was loaded between two looks is one whole set. Fails with invalid_input where somebody
// wrote meanwhile, or a checkout was under way.
Result<void> check_whole(const Scan& before, const Scan& after);

class Source {
public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    // Neither waits nor fails: what cannot be read makes a fingerprint of its own, and the load
    // says what is wrong.
    virtual Scan scan() = 0;
    // Reads everything anew, secrets too. Manifests point into the catalogue.
    virtual Snapshot load() = 0;
    // Of what a load would read now, as Snapshot has it; "" where nobody knows.
    virtual std::string revision() { return {}; }
};

} // namespace trueup
