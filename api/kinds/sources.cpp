// Where the files of a catalogue come from.

#include "api/kinds/catalogue.hpp"
#include "api/kinds/embedded.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

namespace trueup {

namespace {

constexpr std::size_t files_max = 2'000;
constexpr std::uintmax_t file_bytes_max = 1U << 20U;

Error unreadable(const std::filesystem::path& path, const std::string& why)
{
    return {Errc::invalid_input, "cannot read the kind file: " + why, path.string()};
}

Result<CatalogueSource> read_source(const std::filesystem::path& path, std::size_t layer)
{
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed))
        return unreadable(path, failed ? failed.message() : "it is no regular file");
    if (std::filesystem::file_size(path, failed) > file_bytes_max || failed)
        return unreadable(path, "it is larger than 1 MiB");
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file)
        return unreadable(path, "reading failed");
    return CatalogueSource(path.string(), text.str(), layer);
}

Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& path)
{
    std::error_code failed;
    if (!std::filesystem::is_directory(path, failed))
        return std::vector{path};
    std::vector<std::filesystem::path> files;
    std::filesystem::directory_iterator entries(path, failed);
    while (!failed && entries != std::filesystem::directory_iterator()) {
        const std::filesystem::path file = entries->path();
        if (file.extension() == ".yaml" || file.extension() == ".yml")
            files.push_back(file);
        if (files.size() > files_max)
            return unreadable(path, "the directory holds too many files");
        entries.increment(failed);
    }
    if (failed)
        return unreadable(path, failed.message());
    if (files.empty())
        return unreadable(path, "the directory holds no *.yaml");
    std::ranges::sort(files);
    return files;
}

} // namespace

Result<std::vector<CatalogueSource>>
catalogue_sources(const std::vector<std::filesystem::path>& paths, bool only_paths)
{
    std::vector<CatalogueSource> sources;
    if (!only_paths)
        for (const EmbeddedFile& file : embedded_catalogue())
            sources.emplace_back(std::string(file.name), std::string(file.text), 0);
    std::size_t layer = 0;
    for (const std::filesystem::path& path : paths) {
        ++layer;
        auto files = files_of(path);
        if (!files)
            return files.error();
        for (const std::filesystem::path& file : *files) {
            auto source = read_source(file, layer);
            if (!source)
                return source.error();
            sources.push_back(std::move(*source));
        }
    }
    return sources;
}

} // namespace trueup
