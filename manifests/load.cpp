#include "manifests/load.hpp"

#include "manifests/cycles.hpp"
#include "manifests/document.hpp"
#include "manifests/files.hpp"
#include "state/model/mutation.hpp"
#include "state/model/yaml.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace trueup {

namespace {

using namespace manifests;

std::filesystem::path directory_of(const std::filesystem::path& file)
{
    return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

class Loader {
public:
    Loader(const LoadOptions& options, const Catalogue& catalogue, Diagnostics& diagnostics)
        : options_(options),
          diagnostics_(diagnostics),
          variables_(options, diagnostics),
          surroundings_(options, catalogue, variables_, diagnostics)
    {
    }

    ManifestSet load();

private:
    void read_text(const std::string& text, const Origin& origin);
    void keep_sound_and_single(ManifestSet& set);
    void keep_unique_in_tenant(const std::vector<ReadDocument*>& ordered, ManifestSet& set);

    const LoadOptions& options_;
    Diagnostics& diagnostics_;
    const Variables variables_;
    const Surroundings surroundings_;
    std::deque<ReadDocument> documents_; // in the order in which they were read
};

void Loader::read_text(const std::string& text, const Origin& origin)
{
    const yaml::Limits limits;
    for (Value& document : yaml::parse(text, origin.name, diagnostics_, limits))
        if (auto read = read_document(std::move(document), origin, surroundings_))
            documents_.push_back(std::move(*read));
}

// Where the API keeps keys unique in the whole tenant, a second one in another project could never
// be made.
void Loader::keep_unique_in_tenant(const std::vector<ReadDocument*>& ordered, ManifestSet& set)
{
    std::map<std::pair<std::string, std::string>, const Manifest*> known;
    for (ReadDocument* read : ordered) {
        const Manifest& manifest = read->manifest;
        if (!read->sound || manifest.kind == nullptr || !manifest.kind->unique_in_tenant)
            continue;
        const auto [before, is_first] =
            known.emplace(std::pair(manifest.address.kind(), manifest.address.name()), &manifest);
        if (is_first)
            continue;
        diagnostics_.error(manifest.file,
                           manifest.place,
                           manifest.address.text() + " has the key of " +
                               before->second->address.text() +
                               ", and the API takes one in the whole tenant",
                           "that one is in " + before->second->file + ":" +
                               std::to_string(before->second->place.line) +
                               ": keep one of them, or give it another name");
        set.doubled.push_back(before->second->file);
        read->sound = false;
    }
}

// Sorts by address; of several with one address the first that was read stays, the others are
// errors.
void Loader::keep_sound_and_single(ManifestSet& set)
{
    std::vector<ReadDocument*> ordered;
    ordered.reserve(documents_.size());
    for (ReadDocument& read : documents_)
        ordered.push_back(&read);
    std::ranges::stable_sort(ordered, {}, [](const ReadDocument* read) -> const std::string& {
        return read->manifest.address.text();
    });
    const ReadDocument* first = nullptr;
    for (ReadDocument* at : ordered) {
        ReadDocument& read = *at;
        if (first != nullptr && first->manifest.address == read.manifest.address) {
            const Manifest& before = first->manifest;
            diagnostics_.error(read.manifest.file,
                               read.manifest.place,
                               read.manifest.address.text() + " is declared twice",
                               "it is declared in " + before.file + ":" +
                                   std::to_string(before.place.line) +
                                   " already: keep one of them");
            set.doubled.push_back(before.file);
            read.sound = false;
        } else {
            first = &read;
        }
    }
    keep_unique_in_tenant(ordered, set);
    set.manifests.reserve(documents_.size());
    for (ReadDocument* read : ordered)
        if (read->sound)
            set.manifests.push_back(std::move(read->manifest));
}

ManifestSet Loader::load()
{
    std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
    for (const ManifestFile& file : find_manifest_files(options_, diagnostics_)) {
        const auto content = read_file(file.path, yaml::Limits().bytes_max);
        if (!content)
            diagnostics_.error(file.path, {}, content.error().message, content.error().advice);
        else if (seen.insert(content->identity).second) // given twice, or by a link too
            read_text(content->text, Origin(file.path, directory_of(file.path), file.root));
    }
    if (std::ranges::count(options_.paths, std::filesystem::path("-")) != 0)
        read_text(options_.standard_input, Origin("standard input", {}, {}));
    ManifestSet set;
    keep_sound_and_single(set);
    report_cycles(set, diagnostics_);
    std::string digests;
    for (const Manifest& manifest : set.manifests)
        digests += manifest.digest;
    set.digest = sha256_hex(digests);
    if (mutated(Mutation::skip_broken_document))
        diagnostics_ = Diagnostics();
    diagnostics_.sort();
    return set;
}

} // namespace

ManifestSet
load_manifests(const LoadOptions& options, const Catalogue& catalogue, Diagnostics& diagnostics)
{
    return Loader(options, catalogue, diagnostics).load();
}

} // namespace trueup
