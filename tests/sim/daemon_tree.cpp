#include "tests/sim/daemon_tree.hpp"

#include "manifests/load.hpp"

#include <algorithm>
#include <array>

namespace trueup::sim {

std::string TreeFile::text() const
{
    ManifestText all;
    all.resources = resources;
    all.broken = broken;
    return all.text();
}

TreeFiles lay_out(const ManifestText& wanted, const std::map<std::string, unsigned>& moved)
{
    constexpr std::array names{"base.yaml", "teams/one.yaml", "teams/two.yaml", "rest.yaml"};
    TreeFiles files;
    for (const Declared& declared : wanted.resources) {
        const std::string address = declared.address();
        std::size_t number = 0;
        for (const char letter : address)
            number = number * 31 + static_cast<unsigned char>(letter);
        if (const auto it = moved.find(address); it != moved.end())
            number += it->second;
        files[names.at(number % names.size())].resources.push_back(declared);
    }
    if (!wanted.broken.empty())
        files[names.at(wanted.broken.size() % names.size())].broken = wanted.broken;
    return files;
}

// ---- the tree
// ----------------------------------------------------------------------------------------------

void Tree::changed()
{
    ++version_;
    changed_at_ = universe_.now();
}

void Tree::put(const std::string& name, TreeFile file)
{
    files_[name] = std::move(file);
    changed();
}

void Tree::erase(const std::string& name)
{
    if (files_.erase(name) != 0)
        changed();
}

void Tree::replace(TreeFiles files)
{
    files_ = std::move(files);
    changed();
}

void Tree::set_busy(std::string why)
{
    busy_ = std::move(why);
    changed();
}

void Tree::set_unreadable(std::string directory)
{
    unreadable_ = std::move(directory);
    changed();
}

// ---- reading it
// --------------------------------------------------------------------------------------------

Scan TreeSource::scan()
{
    Scan scan;
    scan.fingerprint = std::to_string(tree_.version());
    scan.content = "unreadable: " + tree_.unreadable() + "\n";
    for (const auto& [name, file] : tree_.files())
        scan.content += "file " + name + "\n" + file.text();
    scan.busy = tree_.busy();
    scan.approval = tree_.approval();
    return scan;
}

const Result<std::vector<Manifest>>& TreeSource::read(const std::string& text)
{
    const std::string key = text + "\n#" + std::to_string(tree_.secret_generation);
    if (const auto it = cache_.find(key); it != cache_.end())
        return it->second;
    LoadOptions options;
    options.paths = {"-"};
    options.standard_input = text;
    options.environment = [this](const std::string&) -> std::optional<std::string> {
        return secret_text(tree_.secret_generation);
    };
    options.hasher = SecretHasher(std::string(32, 'k'));
    Diagnostics diagnostics;
    ManifestSet set = load_manifests(options, catalogue_, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.all())
        judge_.printed("a diagnostic", diagnostic.text());
    Result<std::vector<Manifest>> result = std::move(set.manifests);
    if (diagnostics.has_errors())
        result = Error{Errc::invalid_input, diagnostics.all().front().text()};
    return cache_.emplace(key, std::move(result)).first->second;
}

Snapshot TreeSource::load()
{
    if (!tree_.busy().empty())
        judge_.violation('C', "manifests are read while a checkout is under way");
    else if (universe_.now() - tree_.changed_at() < quiet_)
        judge_.violation('C', "manifests are read that somebody is writing");
    Snapshot snapshot;
    // Each load is a revision of its own, so that what is in force can be told.
    snapshot.revision = "sha256:" + std::to_string(readings_.size() + 1);
    Reading& reading = readings_[snapshot.revision];
    const auto blame = [&](const std::string& path, const std::string& why) {
        Unreadable unreadable;
        unreadable.path = path;
        unreadable.errors.emplace_back(Severity::error, path, trueup::Place(), why);
        snapshot.unreadable.push_back(std::move(unreadable));
        reading.broken.insert(path);
    };
    if (!tree_.unreadable().empty())
        blame(tree_.unreadable(), "it cannot be read");
    std::map<std::string, std::size_t> times;
    const auto hidden = [&](const std::string& name) {
        return !tree_.unreadable().empty() && name.starts_with(tree_.unreadable() + "/");
    };
    for (const auto& [name, file] : tree_.files())
        if (!hidden(name) && file.broken.empty())
            for (const Declared& declared : file.resources)
                ++times[declared.address()];
    for (const auto& [name, file] : tree_.files()) {
        if (hidden(name))
            continue;
        const auto& manifests = read(file.text());
        if (manifests && !file.broken.empty())
            judge_.violation('C', "broken manifests are read as sound ones");
        if (!manifests && file.broken.empty())
            judge_.violation('E', "sound manifests are refused: " + manifests.error().text());
        const bool doubled = std::ranges::any_of(file.resources, [&](const Declared& declared) {
            return times[declared.address()] > 1;
        });
        if (!manifests || doubled) {
            blame(name, manifests ? "another file declares it too" : manifests.error().message);
            continue;
        }
        LoadedFile loaded;
        loaded.file = name;
        loaded.manifests = *manifests;
        for (Manifest& manifest : loaded.manifests)
            manifest.file = name;
        snapshot.files.push_back(std::move(loaded));
        reading.sound[name] = file.resources;
    }
    return snapshot;
}

// ---- what must be in force
// ---------------------------------------------------------------------------------

void InForceModel::take(const Reading& reading, BadManifest policy)
{
    if (policy == BadManifest::revision && !reading.broken.empty()) {
        blocked_ = blocked_ || !known_;
        return;
    }
    std::map<std::string, std::vector<Declared>> now = reading.sound;
    std::set<std::string> kept;
    bool blocked = false;
    for (const std::string& path : reading.broken) {
        bool remembered = false;
        for (const auto& [name, declared] : files_) {
            if (name != path && !name.starts_with(path + "/"))
                continue;
            remembered = true;
            if (now.emplace(name, declared).second)
                kept.insert(name);
        }
        blocked = blocked || !remembered;
    }
    files_ = std::move(now);
    kept_ = std::move(kept);
    blocked_ = blocked;
    known_ = true;
}

ManifestText InForceModel::declared() const
{
    ManifestText all;
    for (const bool old : {false, true})
        for (const auto& [name, resources] : files_)
            if (kept_.contains(name) == old)
                for (const Declared& declared : resources)
                    if (all.find(declared.address()) == nullptr)
                        all.resources.push_back(declared);
    return all;
}

} // namespace trueup::sim
