#include "manifests/tree.hpp"

#include "manifests/files.hpp"
#include "state/model/secret.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>

namespace trueup::manifests {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t directories_deep_max = 64;
// The times of files come in steps, of a tick of the kernel where nothing finer is kept.
constexpr std::int64_t time_step_ns = 100'000'000;
constexpr std::uint64_t hashed_bytes_max = 32U << 20U; // a larger one is known by its stamp alone

std::int64_t nanoseconds(const timespec& time)
{
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::optional<struct stat> status_of(const fs::path& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        return std::nullopt;
    return status;
}

FileStamp stamp_of(const struct stat& status)
{
    FileStamp stamp;
    stamp.device = status.st_dev;
    stamp.inode = status.st_ino;
    stamp.size = static_cast<std::uint64_t>(status.st_size);
    stamp.modified_ns = nanoseconds(status.st_mtim);
    stamp.changed_ns = nanoseconds(status.st_ctim);
    return stamp;
}

// The directories in which one of the links on the way to `path` could be turned to another place,
// or `path` itself appear.
void add_turning_points(const fs::path& path, std::set<fs::path>& directories)
{
    std::error_code failure;
    fs::path way;
    for (const fs::path& part : fs::absolute(path, failure).lexically_normal()) {
        const fs::path next = way / part;
        const fs::file_status status = fs::symlink_status(next, failure);
        if (fs::is_symlink(status) || !fs::exists(status)) {
            if (!way.empty())
                directories.insert(way);
            if (!fs::exists(status))
                return;
        }
        way = next;
    }
}

std::string line_of(const FileStamp& stamp)
{
    return std::to_string(stamp.device) + ":" + std::to_string(stamp.inode) + ":" +
           std::to_string(stamp.size) + ":" + std::to_string(stamp.modified_ns) + ":" +
           std::to_string(stamp.changed_ns);
}

} // namespace

std::optional<FileStamp> stamp_of(const fs::path& path)
{
    const auto status = status_of(path);
    if (!status)
        return std::nullopt;
    return stamp_of(*status);
}

TreeLook TreeWatcher::look(const std::vector<fs::path>& roots)
{
    TreeLook look;
    seen_ = 0;
    current_.clear();
    looked_ns_ = std::chrono::duration_cast<std::chrono::nanoseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count();
    for (const fs::path& path : roots)
        root(path, look);
    known_ = std::move(current_);
    return look;
}

void TreeWatcher::root(const fs::path& path, TreeLook& look)
{
    add_turning_points(path, look.directories);
    const auto status = status_of(path);
    if (status && S_ISDIR(status->st_mode)) {
        directory(path, 0, look);
        return;
    }
    if (status) {
        const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
        look.directories.insert(parent);
    }
    file(path, look);
}

void TreeWatcher::directory(const fs::path& path, std::size_t depth, TreeLook& look)
{
    look.directories.insert(path);
    std::vector<fs::path> entries;
    std::error_code failure;
    fs::directory_iterator it(path, failure);
    while (!failure && it != fs::directory_iterator()) {
        const std::string name = it->path().filename().native();
        if (!name.starts_with('.') || (depth == 0 && name == ".trueupignore"))
            entries.push_back(it->path());
        it.increment(failure);
    }
    if (failure)
        look.exact += "unreadable " + path.string() + " " + failure.message() + "\n";
    std::ranges::sort(entries);
    for (const fs::path& entry : entries) {
        const auto status = status_of(entry);
        if (status && S_ISDIR(status->st_mode)) {
            if (depth < directories_deep_max)
                directory(entry, depth + 1, look);
        } else {
            file(entry, look);
        }
    }
}

void TreeWatcher::file(const fs::path& path, TreeLook& look)
{
    const std::string name = path.string();
    if (!ours_.empty() && name.starts_with(ours_.string()))
        return;
    // The configuration is no manifest: SIGHUP has it read again.
    if (path.filename() == "trueup.yaml")
        return;
    if (++seen_ > files_max_)
        return;
    const auto status = status_of(path);
    if (!status) {
        const std::string line = "missing " + name + " " + std::to_string(errno) + "\n";
        look.exact += line;
        look.content += line;
        return;
    }
    Known now;
    now.stamp = stamp_of(*status);
    now.fresh = now.stamp.changed_ns > looked_ns_ - time_step_ns;
    const auto before = known_.find(name);
    if (before != known_.end() && before->second.stamp == now.stamp && !before->second.fresh) {
        now.digest = before->second.digest;
    } else if (!S_ISREG(status->st_mode)) {
        now.digest = "no file";
    } else if (now.stamp.size > hashed_bytes_max) {
        now.digest = line_of(now.stamp);
    } else {
        const auto text = read_file(path, hashed_bytes_max);
        now.digest = text ? sha256_hex(text->text) : text.error().message;
    }
    look.exact += name + " " + line_of(now.stamp) + " " + now.digest + "\n";
    look.content += name + " " + now.digest + "\n";
    current_.emplace(name, std::move(now));
}

} // namespace trueup::manifests
