#include "manifests/files.hpp"

#include "manifests/ignore.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace trueup::manifests {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t directories_deep_max = 64;
constexpr std::size_t ignore_bytes_max = 64U << 10U;

IgnoreRules read_ignore_rules(const fs::path& root, Diagnostics& diagnostics)
{
    const fs::path path = root / ".trueupignore";
    std::error_code failure;
    if (!fs::exists(path, failure))
        return {};
    const auto file = read_file(path, ignore_bytes_max);
    if (!file) {
        diagnostics.error(path, {}, file.error().message, file.error().advice);
        return {};
    }
    return IgnoreRules(file->text);
}

bool is_manifest_name(const fs::path& name)
{
    const fs::path extension = name.extension();
    return (extension == ".yaml" || extension == ".yml" || extension == ".json") &&
           name != "vars.yaml" && name != "trueup.yaml";
}

bool is_inside(const fs::path& path, const fs::path& root)
{
    const auto [at_root, at_path] = std::ranges::mismatch(root, path);
    return at_root == root.end();
}

// Walks one directory tree.
class Walk {
public:
    Walk(const fs::path& root,
         std::size_t files_max,
         Diagnostics& diagnostics,
         std::vector<ManifestFile>& files)
        : root_(root), files_max_(files_max), diagnostics_(diagnostics), files_(files)
    {
    }

    void run()
    {
        std::error_code failure;
        canonical_root_ = fs::canonical(root_, failure);
        if (failure) {
            diagnostics_.error(root_, {}, "cannot be read: " + failure.message());
            return;
        }
        rules_ = read_ignore_rules(root_, diagnostics_);
        const std::size_t files_before = files_.size();
        directory(root_);
        if (files_.size() == files_before && !diagnostics_.has_errors())
            diagnostics_.warning(root_,
                                 {},
                                 "the directory holds no manifest",
                                 "manifests are *.yaml, *.yml and *.json");
    }

private:
    void directory(const fs::path& path);
    void entry(const fs::directory_entry& entry);
    bool enter(const fs::path& path);
    bool stays_inside(const fs::path& path);
    bool is_ignored(const fs::path& path, bool is_directory) const;

    const fs::path& root_;
    std::size_t files_max_;
    Diagnostics& diagnostics_;
    std::vector<ManifestFile>& files_;
    fs::path canonical_root_;
    IgnoreRules rules_;
    std::vector<fs::path> entered_; // the canonical directories that the walk is in
    bool full_ = false;
};

bool Walk::is_ignored(const fs::path& path, bool is_directory) const
{
    return rules_.leaves_out(path.lexically_relative(root_).string(), is_directory);
}

bool Walk::stays_inside(const fs::path& path)
{
    std::error_code failure;
    const fs::path target = fs::canonical(path, failure);
    if (failure) {
        diagnostics_.error(path, {}, "the symbolic link leads nowhere: " + failure.message());
        return false;
    }
    if (!is_inside(target, canonical_root_)) {
        diagnostics_.error(path,
                           {},
                           "the symbolic link leaves the directory " + root_.string(),
                           "give the other directory as a path of its own");
        return false;
    }
    return true;
}

bool Walk::enter(const fs::path& path)
{
    std::error_code failure;
    fs::path canonical = fs::canonical(path, failure);
    if (failure) {
        diagnostics_.error(path, {}, "cannot be read: " + failure.message());
        return false;
    }
    if (std::ranges::find(entered_, canonical) != entered_.end()) {
        diagnostics_.error(path, {}, "the symbolic link leads back to a directory above it");
        return false;
    }
    if (entered_.size() >= directories_deep_max) {
        diagnostics_.error(path,
                           {},
                           "directories are nested deeper than " +
                               std::to_string(directories_deep_max) + " levels");
        return false;
    }
    entered_.push_back(std::move(canonical));
    return true;
}

void Walk::entry(const fs::directory_entry& entry)
{
    const fs::path& path = entry.path();
    const fs::path name = path.filename();
    if (name.native().starts_with('.'))
        return;
    std::error_code failure;
    const bool is_link = entry.is_symlink(failure);
    const bool is_directory = entry.is_directory(failure);
    if (is_ignored(path, is_directory) || (!is_directory && !is_manifest_name(name)))
        return;
    if (is_link && !stays_inside(path))
        return;
    if (is_directory) {
        directory(path);
        return;
    }
    if (files_.size() >= files_max_) {
        full_ = true;
        diagnostics_.error(
            path, {}, "there are more than " + std::to_string(files_max_) + " manifest files");
        return;
    }
    files_.emplace_back(path, root_);
}

void Walk::directory(const fs::path& path)
{
    if (!enter(path))
        return;
    std::vector<fs::directory_entry> entries;
    std::error_code failure;
    fs::directory_iterator it(path, failure);
    while (!failure && it != fs::directory_iterator()) {
        entries.push_back(*it);
        it.increment(failure);
    }
    if (failure)
        diagnostics_.error(path, {}, "the directory cannot be read: " + failure.message());
    std::ranges::sort(
        entries, {}, [](const fs::directory_entry& e) -> const fs::path::string_type& {
            return e.path().native();
        });
    for (const fs::directory_entry& e : entries)
        if (!full_)
            entry(e);
    entered_.pop_back();
}

// A file descriptor that is closed at the end of its scope.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        if (number_ >= 0)
            ::close(number_);
    }
    int number() const { return number_; }

private:
    int number_;
};

Error system_error(int code)
{
    return {code == ENOENT ? Errc::not_found : Errc::invalid_input,
            "cannot be read: " + std::generic_category().message(code)};
}

} // namespace

Result<FileText> read_file(const fs::path& path, std::size_t bytes_max)
{
    // A named pipe would otherwise wait for its writer.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (file.number() < 0)
        return system_error(errno);
    struct stat status {};
    if (::fstat(file.number(), &status) != 0)
        return system_error(errno);
    if (!S_ISREG(status.st_mode))
        return Error{Errc::invalid_input, "is not a regular file"};
    const auto size = static_cast<std::size_t>(status.st_size);
    const Error too_large{Errc::too_large,
                          "is larger than " + std::to_string(bytes_max) + " bytes"};
    if (size > bytes_max)
        return too_large;
    FileText result{{}, {status.st_dev, status.st_ino}};
    // One more than its size, so that a file that grows meanwhile is noticed.
    result.text.resize(size + 1);
    std::size_t filled = 0;
    while (filled < result.text.size()) {
        const ssize_t count =
            ::read(file.number(), result.text.data() + filled, result.text.size() - filled);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return system_error(errno);
        if (count == 0)
            break;
        filled += static_cast<std::size_t>(count);
    }
    if (filled != size)
        return Error{Errc::invalid_input, "changes while it is read", "", "try again"};
    result.text.resize(filled);
    return result;
}

Result<fs::path>
path_inside(const fs::path& root, const fs::path& directory, const fs::path& wanted)
{
    if (wanted.is_absolute())
        return Error{Errc::invalid_input,
                     "is an absolute path",
                     "",
                     "write the path from the manifest's own directory"};
    std::error_code failure;
    const fs::path canonical_root = fs::canonical(root, failure);
    if (failure)
        return system_error(failure.value());
    fs::path target = fs::canonical(directory / wanted, failure);
    if (failure)
        return system_error(failure.value());
    if (!is_inside(target, canonical_root))
        return Error{Errc::invalid_input,
                     "lies outside of " + root.string(),
                     "",
                     "only files beside the manifests can be read"};
    return target;
}

std::vector<ManifestFile> find_manifest_files(const LoadOptions& options, Diagnostics& diagnostics)
{
    std::vector<ManifestFile> files;
    for (const fs::path& path : options.paths) {
        if (path == "-")
            continue;
        std::error_code failure;
        const fs::file_status status = fs::status(path, failure);
        if (fs::is_directory(status)) {
            Walk(path, options.files_max, diagnostics, files).run();
        } else if (fs::exists(status)) {
            files.emplace_back(path, path.has_parent_path() ? path.parent_path() : fs::path("."));
        } else {
            diagnostics.error(path,
                              {},
                              failure ? failure.message() : "there is no such file or directory",
                              "give an existing file or directory of manifests");
        }
    }
    return files;
}

} // namespace trueup::manifests
