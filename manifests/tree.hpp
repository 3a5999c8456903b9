// A look at a whole tree of files: what is there, and what it holds.
//
// It reads nothing twice: content is hashed again only where size, times or inode say that somebody
// wrote, or where that was so short a time ago that they could not say that it happened twice. It
// follows links as the loader does, and enters no hidden directory.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace trueup::manifests {

// What changes when somebody writes to a file, or puts another one in its place.
struct FileStamp {
    FileStamp() = default;

    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const FileStamp&) const = default;
};

// Of what `path` leads to; nothing when there is none.
std::optional<FileStamp> stamp_of(const std::filesystem::path& path);

struct TreeLook {
    TreeLook() = default;

    std::string exact;   // lines of names, stamps and content
    std::string content; // lines of names and content
    std::set<std::filesystem::path> directories;
};

class TreeWatcher {
public:
    // Files whose path starts with `ours` are left out.
    TreeWatcher(std::filesystem::path ours, std::size_t files_max)
        : ours_(std::move(ours)), files_max_(files_max)
    {
    }

    // Looks at all of `roots`. What cannot be read is a line of its own.
    TreeLook look(const std::vector<std::filesystem::path>& roots);

private:
    struct Known {
        FileStamp stamp;
        std::string digest;
        bool fresh = false; // too young for its stamp to tell of another write
    };

    void root(const std::filesystem::path& path, TreeLook& look);
    void directory(const std::filesystem::path& path, std::size_t depth, TreeLook& look);
    void file(const std::filesystem::path& path, TreeLook& look);

    std::filesystem::path ours_;
    std::size_t files_max_;
    std::size_t seen_ = 0;
    std::int64_t looked_ns_ = 0; // when the look began, by the system's clock
    std::map<std::string, Known> known_;
    std::map<std::string, Known> current_;
};

} // namespace trueup::manifests
