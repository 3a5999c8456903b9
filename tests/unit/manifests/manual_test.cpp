// The examples of docs/manifests.md are manifests that load.

#include "tests/support/manifest_site.hpp"
#include "tests/support/places.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace trueup;
using namespace trueup::test;

namespace {

std::string page_text()
{
    std::ifstream file(std::filesystem::path(trueup::test::source_dir()) / "docs/manifests.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

// Writes each block that follows an "example:" marker under the name that the marker gives it.
std::size_t write_examples(const std::string& page, const ManifestSite& site)
{
    constexpr std::string_view marker = "<!-- example: ";
    constexpr std::string_view fence = "```yaml\n";
    std::size_t count = 0;
    for (std::size_t at = page.find(marker); at != std::string::npos; at = page.find(marker, at)) {
        at += marker.size();
        const std::string name = page.substr(at, page.find(" -->", at) - at);
        const std::size_t start = page.find(fence, at) + fence.size();
        site.write(name, page.substr(start, page.find("```", start) - start));
        ++count;
    }
    return count;
}

} // namespace

TEST_SUITE("manifests: manual")
{
    TEST_CASE("examples: every marked block of the page loads with the shipped kinds")
    {
        const auto sources = catalogue_sources({});
        REQUIRE(sources);
        ManifestSite site;
        site.catalogue = load_catalogue(*sources, site.diagnostics);
        site.options.secrets = SecretMode::leave;
        REQUIRE(write_examples(page_text(), site) == 4);

        const ManifestSet set = site.load();

        CHECK(site.said() == "");
        CHECK(set.manifests.size() == 6);
        CHECK(set.find(*Address::parse("BackupLocationS3/staging/backups-staging")) != nullptr);
    }
}
