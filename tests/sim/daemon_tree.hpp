// The manifests of a simulated daemon: files that somebody writes at once, one by one, or badly; a
// Source that reads them; and what must be in force, worked out without the daemon's help.
//
// There is no file system in it: a tree that was read from a disk is tests/unit/manifests' affair.

#pragma once

#include "manifests/source.hpp"
#include "reconciler/daemon/config.hpp"
#include "state/model/kind.hpp"
#include "tests/sim/judge.hpp"
#include "tests/sim/universe.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace trueup::sim {

struct TreeFile {
    std::vector<Declared> resources;
    std::string broken; // a document that is not fit to be read, or ""

    std::string text() const;
};

using TreeFiles = std::map<std::string, TreeFile>;

// Which file each resource is in. `moved` changes what one address hashes to.
TreeFiles lay_out(const ManifestText& wanted, const std::map<std::string, unsigned>& moved);

// What stands on the disk.
class Tree {
public:
    explicit Tree(const Universe& universe) : universe_(universe) {}

    void put(const std::string& name, TreeFile file);
    void erase(const std::string& name);
    void replace(TreeFiles files);
    void set_busy(std::string why);
    void set_unreadable(std::string directory); // "": all can be read
    void set_approval(std::string digest) { approval_ = std::move(digest); }

    const TreeFiles& files() const { return files_; }
    const std::string& busy() const { return busy_; }
    const std::string& unreadable() const { return unreadable_; }
    const std::string& approval() const { return approval_; }
    std::uint64_t version() const { return version_; }
    Instant changed_at() const { return changed_at_; }

    int secret_generation = 1;

private:
    void changed();

    const Universe& universe_;
    TreeFiles files_;
    std::string busy_;
    std::string unreadable_;
    std::string approval_;
    std::uint64_t version_ = 0;
    Instant changed_at_{};
};

// What one load read, to be told apart by its revision.
struct Reading {
    std::map<std::string, std::vector<Declared>> sound;
    std::set<std::string> broken; // files and directories
};

// What has been read of each text: many loads see the same.
using FileCache = std::map<std::string, Result<std::vector<Manifest>>>;

// Reads a Tree for a daemon; says of a tree that is still being written that it was read too early.
class TreeSource final : public Source {
public:
    // All outlive it; `readings` is added to, by revision.
    TreeSource(const Universe& universe,
               const Tree& tree,
               Judge& judge,
               const Catalogue& catalogue,
               FileCache& cache,
               std::map<std::string, Reading>& readings,
               Duration quiet)
        : universe_(universe),
          tree_(tree),
          judge_(judge),
          catalogue_(catalogue),
          cache_(cache),
          readings_(readings),
          quiet_(quiet)
    {
    }

    Scan scan() override;
    Snapshot load() override;

private:
    const Result<std::vector<Manifest>>& read(const std::string& text);

    const Universe& universe_;
    const Tree& tree_;
    Judge& judge_;
    const Catalogue& catalogue_;
    FileCache& cache_;
    std::map<std::string, Reading>& readings_;
    Duration quiet_;
};

// What must be in force after a daemon has taken up some readings: the last good text of each file.
class InForceModel {
public:
    // A new life knows nothing.
    void forget() { *this = InForceModel(); }
    void take(const Reading& reading, BadManifest policy);

    bool known() const { return known_; }
    // What some file declared is not known: nothing that is undeclared may be deleted.
    bool deletes_blocked() const { return blocked_; }
    ManifestText declared() const;

private:
    std::map<std::string, std::vector<Declared>> files_;
    std::set<std::string> kept_; // of an earlier reading
    bool known_ = false;
    bool blocked_ = false;
};

} // namespace trueup::sim
