#include "manifests/directory_source.hpp"

#include "manifests/files.hpp"
#include "manifests/git_revision.hpp"
#include "manifests/tree.hpp"

#include <algorithm>
#include <map>

namespace trueup {

namespace {

namespace fs = std::filesystem;
using namespace manifests;

// A lock that is older was left behind by a git that died.
constexpr std::chrono::minutes lock_age_max{10};
constexpr std::size_t approval_bytes_max = 4096;

bool is_manifest_name(const fs::path& path)
{
    const fs::path extension = path.extension();
    const fs::path name = path.filename();
    return (extension == ".yaml" || extension == ".yml" || extension == ".json") &&
           name != "vars.yaml" && name != "trueup.yaml";
}

class DirectorySource final : public Source {
public:
    DirectorySource(DirectorySourceOptions options, const Catalogue& catalogue, const Clock& clock)
        : options_(std::move(options)),
          catalogue_(catalogue),
          clock_(clock),
          tree_(options_.ours, options_.load.files_max)
    {
        if (options_.load.paths.empty())
            options_.load.paths.emplace_back(".");
        if (options_.approval_file.empty()) {
            std::error_code failure;
            fs::path first = options_.load.paths.front();
            if (!fs::is_directory(first, failure))
                first = first.has_parent_path() ? first.parent_path() : fs::path(".");
            options_.approval_file = first / ".trueup-approve";
        }
    }

    Scan scan() override;
    Snapshot load() override;
    std::string revision() override;

private:
    std::optional<GitHead> head(GitLook look) const;
    std::string lock_of(const GitHead& head) const;
    std::string approval() const;

    DirectorySourceOptions options_;
    const Catalogue& catalogue_;
    const Clock& clock_;
    TreeWatcher tree_;
    std::map<fs::path, std::optional<FileStamp>> secrets_; // from just before they were read
};

// The commit of all paths, when they are in one work tree.
std::optional<GitHead> DirectorySource::head(GitLook look) const
{
    std::optional<GitHead> common;
    for (const fs::path& path : options_.load.paths) {
        auto found = find_git_head(path, look);
        if (!found || (common && common->work_tree != found->work_tree))
            return std::nullopt;
        if (common)
            found->dirty = found->dirty || common->dirty;
        common = std::move(found);
    }
    return common;
}

std::string DirectorySource::lock_of(const GitHead& head) const
{
    const fs::path lock = head.directory / "index.lock";
    std::error_code failure;
    const auto written = fs::last_write_time(lock, failure);
    if (failure)
        return {};
    const auto age = clock_.wall() - std::chrono::time_point_cast<std::chrono::milliseconds>(
                                         std::chrono::file_clock::to_sys(written));
    return age > lock_age_max ? std::string() : "a checkout is under way (" + lock.string() + ")";
}

std::string DirectorySource::approval() const
{
    const auto file = read_file(options_.approval_file, approval_bytes_max);
    if (!file)
        return {};
    const std::size_t from = file->text.find_first_not_of(" \t\r\n");
    if (from == std::string::npos)
        return {};
    return file->text.substr(from, file->text.find_first_of(" \t\r\n", from) - from);
}

Scan DirectorySource::scan()
{
    Scan scan;
    TreeLook look = tree_.look(options_.load.paths);
    if (const auto git = head(GitLook::head)) {
        look.exact += "commit " + git->commit + "\n";
        look.content += "commit " + git->commit + "\n";
        look.directories.insert(git->directory);
        scan.busy = lock_of(*git);
    }
    scan.fingerprint = sha256_hex(look.exact);
    scan.content = sha256_hex(look.content);
    scan.approval = approval();
    for (const auto& [path, before] : secrets_) {
        scan.has_new_secrets = scan.has_new_secrets || stamp_of(path) != before;
        look.directories.insert(path.parent_path());
    }
    scan.directories.assign(look.directories.begin(), look.directories.end());
    const fs::path approvals = options_.approval_file.parent_path();
    if (std::ranges::find(scan.directories, approvals) == scan.directories.end())
        scan.directories.push_back(approvals.empty() ? fs::path(".") : approvals);
    return scan;
}

Snapshot DirectorySource::load()
{
    Snapshot snapshot;
    Diagnostics diagnostics;
    secrets_.clear();
    LoadOptions options = options_.load;
    options.on_secret_file = [this](const fs::path& path) {
        secrets_.emplace(path, stamp_of(path));
    };
    ManifestSet set = load_manifests(options, catalogue_, diagnostics);
    std::map<std::string, Unreadable> unreadable;
    const auto blame = [&](const std::string& path, const Diagnostic& diagnostic) {
        std::error_code failure;
        Unreadable& entry = unreadable[path];
        entry.path = path;
        entry.everything =
            !is_manifest_name(path) && fs::is_regular_file(fs::status(path, failure));
        entry.errors.push_back(diagnostic);
    };
    for (const Diagnostic& diagnostic : diagnostics.all()) {
        if (diagnostic.severity == Severity::warning) {
            snapshot.warnings.push_back(diagnostic);
            continue;
        }
        blame(diagnostic.file, diagnostic);
    }
    // Nobody can say which of the two is meant, so neither counts.
    for (const std::string& file : set.doubled)
        if (!unreadable.contains(file))
            blame(file,
                  Diagnostic(Severity::error,
                             file,
                             Place(),
                             "another file declares something of it once more"));
    std::map<std::string, LoadedFile> files;
    for (Manifest& manifest : set.manifests) {
        if (unreadable.contains(manifest.file))
            continue;
        LoadedFile& file = files[manifest.file];
        file.file = manifest.file;
        file.manifests.push_back(std::move(manifest));
    }
    for (auto& [name, file] : files)
        snapshot.files.push_back(std::move(file));
    for (auto& [path, entry] : unreadable)
        snapshot.unreadable.push_back(std::move(entry));
    snapshot.revision = revision();
    return snapshot;
}

std::string DirectorySource::revision()
{
    if (const auto git = head(GitLook::status))
        return "git:" + git->commit + (git->dirty ? "-dirty" : "");
    return "sha256:" + sha256_hex(tree_.look(options_.load.paths).content);
}

} // namespace

Result<void> check_whole(const Scan& before, const Scan& after)
{
    const std::string advice = "run the command again when the manifests are complete";
    for (const Scan* scan : {&before, &after})
        if (!scan->busy.empty())
            return Error{
                Errc::invalid_input, "the manifests are not whole: " + scan->busy, "", advice};
    if (before.fingerprint != after.fingerprint)
        return Error{Errc::invalid_input,
                     "somebody wrote to the manifests while they were read",
                     "",
                     advice};
    return {};
}

std::unique_ptr<Source> make_directory_source(DirectorySourceOptions options,
                                              const Catalogue& catalogue,
                                              const Clock& clock)
{
    return std::make_unique<DirectorySource>(std::move(options), catalogue, clock);
}

} // namespace trueup
