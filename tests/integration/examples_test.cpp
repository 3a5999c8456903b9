// The manifests that ship as examples: read with the kinds that ship in the binary, and applied.

#include "api/kinds/catalogue.hpp"
#include "manifests/load.hpp"
#include "tests/integration/live_api.hpp"
#include "tests/support/catalogues.hpp"
#include "tests/support/places.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace trueup;
using namespace trueup::test;

namespace {

struct Examples {
    Examples()
    {
        catalogue = load_sources(shipped_sources()).catalogue;
        LoadOptions options;
        options.paths.emplace_back(trueup::test::source_dir() + "/manifests/examples");
        options.hasher = SecretHasher("a key of the test");
        set = load_manifests(options, catalogue, diagnostics);
    }

    std::string said() const
    {
        std::string lines;
        for (const Diagnostic& diagnostic : diagnostics.all())
            lines += diagnostic.text() + "\n";
        return lines;
    }

    Catalogue catalogue;
    Diagnostics diagnostics;
    ManifestSet set;
};

// Calls `check` with each declared value whose field is sensitive, and the way to it.
template <class Check>
void for_each_sensitive(const Field& field,
                        const Value& value,
                        const std::string& at,
                        const Check& check)
{
    if (field.sensitive) {
        check(value, at);
        return;
    }
    if (const Map* map = value.if_map())
        for (const auto& [name, member] : *map)
            if (const Field* inner = field.find(name))
                for_each_sensitive(*inner, member, at + "." + name, check);
    if (const List* list = value.if_list(); list != nullptr && !field.element.empty())
        for (const Value& item : *list)
            for_each_sensitive(field.element.front(), item, at + "[]", check);
}

const Value* field_of(const Examples& examples, const std::string& address, std::string_view path)
{
    const auto parsed = Address::parse(address);
    REQUIRE(parsed);
    const Manifest* manifest = examples.set.find(*parsed);
    REQUIRE_MESSAGE(manifest != nullptr, address);
    const auto way = Path::parse(path);
    REQUIRE(way);
    return find(manifest->body, *way);
}

// Everything that stands in the files of a directory.
std::string bytes_below(const std::filesystem::path& directory)
{
    std::stringstream all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
        if (entry.is_regular_file())
            all << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    return all.str();
}

} // namespace

TEST_SUITE("integration: examples")
{
    TEST_CASE("the examples are valid, without so much as a warning")
    {
        const Examples examples;

        CHECK_MESSAGE(examples.diagnostics.all().empty(), examples.said());
        CHECK(examples.set.manifests.size() == 66);
    }

    TEST_CASE("the examples show every kind that ships, at both scopes where a kind has two")
    {
        const Examples examples;
        std::set<std::string> shown;
        std::set<std::string> projects;
        for (const Manifest& manifest : examples.set.manifests) {
            shown.insert(manifest.address.kind());
            if (manifest.address.project())
                projects.insert(*manifest.address.project());
        }

        CHECK(examples.catalogue.kinds.size() == 16);
        for (const Kind& kind : examples.catalogue.kinds)
            CHECK_MESSAGE(shown.contains(kind.name), kind.name, " has no example");
        const std::vector<std::string> anywhere{
            "CloudAccountAws", "CloudAccountAzure", "BackupLocationS3"};
        for (const std::string& kind : anywhere) {
            const auto is_in = [&](bool project) {
                return std::ranges::any_of(examples.set.manifests, [&](const Manifest& manifest) {
                    return manifest.address.kind() == kind &&
                           manifest.address.project().has_value() == project;
                });
            };
            CHECK_MESSAGE(is_in(true), kind, " is not shown in a project");
            CHECK_MESSAGE(is_in(false), kind, " is not shown in the tenant");
        }
        // What lives in a project finds its Project beside it.
        for (const std::string& project : projects)
            CHECK_MESSAGE(examples.set.find(Address("Project", std::nullopt, {project})) != nullptr,
                          project,
                          " is not declared");
    }

    TEST_CASE("no example holds the text of a secret in a manifest, and each secret has one")
    {
        const Examples examples;
        std::size_t found = 0;

        for (const Manifest& manifest : examples.set.manifests)
            for_each_sensitive(manifest.kind->schema,
                               manifest.body,
                               manifest.address.text(),
                               [&](const Value& value, const std::string& at) {
                                   const Secret* secret = value.if_secret();
                                   REQUIRE_MESSAGE(secret != nullptr, at, " is not a secret");
                                   if (secret->has_text() && secret->reveal().empty())
                                       return; // it says that there is none
                                   ++found;
                                   CHECK_MESSAGE(secret->has_text(), at);
                                   CHECK_MESSAGE(secret->source().starts_with("file:"), at);
                                   CHECK_MESSAGE(secret->reveal().find("example-only") !=
                                                     std::string_view::npos,
                                                 at,
                                                 " is not obviously made up");
                               });

        CHECK(found == 11);
    }

    TEST_CASE("references, files and variables of the examples arrive where they are written")
    {
        const Examples examples;

        const Value* project = field_of(
            examples, "EdgeRegistrationToken/tenant/stores-rollout", "spec.defaultProjectUid");
        REQUIRE(project != nullptr);
        REQUIRE(project->if_unknown() != nullptr);
        CHECK(project->if_unknown()->target == "Project/tenant/edge-stores");

        const Value* bucket =
            field_of(examples, "BackupLocationS3/tenant/nightly", "spec.config.bucketName");
        REQUIRE(bucket != nullptr);
        CHECK(bucket->string_or_empty() == "acme-backup-nightly");

        const Value* packs =
            field_of(examples, "ClusterProfile/tenant/observability@1.4.0", "spec.template.packs");
        REQUIRE(packs != nullptr);
        REQUIRE(packs->if_list() != nullptr);
        const Map* loki = packs->if_list()->back().if_map();
        REQUIRE(loki != nullptr);
        REQUIRE(loki->find("registryUid")->if_unknown() != nullptr);
        CHECK(loki->find("registryUid")->if_unknown()->target == "RegistryHelm/tenant/acme-charts");
        CHECK(loki->find("values")->string_or_empty().find("{{.spectro.var.retentionDays}}d") !=
              std::string::npos);

        CHECK(field_of(examples, "ClusterProfile/tenant/acme-base@1.0.0", "spec.version") !=
              nullptr);
        CHECK(field_of(examples, "ClusterProfile/tenant/acme-base@1.1.0", "spec.version") !=
              nullptr);
    }

    TEST_CASE("the examples are applied in one go, and then there is nothing left to do")
    {
        LiveApi api;
        Site site;
        site.copy_from(trueup::test::source_dir() + "/manifests/examples");

        const Finished applied = site.run(api, {"apply", "--yes", "--log-level", "debug"});
        const Finished again = site.run(api, {"plan", "--detailed-exitcode", "--refresh", "full"});

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK_MESSAGE(again.exit_code == 0, again.out, again.err);
        CHECK(again.out.find("66 unchanged") != std::string::npos);
        CHECK(api.sandbox()->count("projects") == 12);
        CHECK(api.sandbox()->count("clusterprofiles") == 6);
        CHECK(api.sandbox()->count("macros") == 11);
        CHECK(applied.out.find("example-only") == std::string::npos);
        CHECK(applied.err.find("example-only") == std::string::npos);
        CHECK(bytes_below(site.directory() / ".trueup").find("example-only") == std::string::npos);
    }

    TEST_CASE("after the loss of the state all of the examples are found again, unchanged")
    {
        LiveApi api;
        Site site;
        site.copy_from(trueup::test::source_dir() + "/manifests/examples");
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        site.remove(".trueup");
        const std::string before = api.sandbox()->dump();

        const Finished applied = site.run(api, {"apply", "--yes"});

        CHECK_MESSAGE(applied.exit_code == 0, applied.out, applied.err);
        CHECK(applied.out.find("66 adopted") != std::string::npos);
        CHECK(api.sandbox()->dump() == before);
    }
}
