#include "tests/support/catalogues.hpp"
#include "tests/support/places.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace trueup;
using trueup::test::load_sources;

namespace {

// A directory of its own that goes with the test.
class Directory {
public:
    Directory()
        : path_(std::filesystem::temp_directory_path() /
                ("trueup-kinds-" + std::to_string(::getpid()) + "-" + std::to_string(next_++)))
    {
        std::filesystem::create_directories(path_);
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { std::filesystem::remove_all(path_); }

    std::filesystem::path write(const std::string& name, const std::string& text) const
    {
        std::ofstream(path_ / name) << text;
        return path_ / name;
    }
    const std::filesystem::path& path() const { return path_; }

private:
    static inline int next_ = 0;
    std::filesystem::path path_;
};

const std::string bed = R"(kind: Bed
key: metadata.name
schema: {metadata: Metadata}
list: {call: GET /v1/beds}
read: GET /v1/beds/{uid}
create: POST /v1/beds
facets: [{name: all, fields: metadata, call: "PUT /v1/beds/{uid}"}]
delete: DELETE /v1/beds/{uid}
)";

} // namespace

TEST_SUITE("kinds: sources")
{
    TEST_CASE("a file adds a kind to the shipped ones and uses their defaults and types")
    {
        const Directory directory;
        const auto sources = catalogue_sources({directory.write("bed.yaml", bed)});
        REQUIRE(sources.has_value());

        const auto loaded = load_sources(*sources);

        CHECK(loaded.said() == "");
        REQUIRE(loaded.catalogue.find("Bed") != nullptr);
        CHECK(loaded.catalogue.find("Role") != nullptr);
        CHECK(loaded.catalogue.find("Bed")->list->paging.style == PageStyle::token);
        CHECK(loaded.catalogue.find("Bed")->mark->owner_key == "trueup.io/owner");
    }

    TEST_CASE("a kind of a shipped name replaces the shipped one")
    {
        const Directory directory;
        const auto path = directory.write("tags.yaml", test::with(bed, "Bed", "TagFilter"));
        const auto sources = catalogue_sources({path});
        REQUIRE(sources.has_value());

        const auto loaded = load_sources(*sources);

        CHECK(loaded.said() == "");
        CHECK(loaded.catalogue.find("TagFilter")->list->call.path == "/v1/beds");
        CHECK(loaded.catalogue.find("TagFilter")->file == path.string());
    }

    TEST_CASE("a directory is read in the order of its names, and only its YAML")
    {
        const Directory directory;
        directory.write("b.yaml", "b");
        directory.write("a.yml", "a");
        directory.write("notes.txt", "no");

        const auto sources = catalogue_sources({directory.path()}, true);

        REQUIRE(sources.has_value());
        REQUIRE(sources->size() == 2);
        CHECK((*sources)[0].text == "a");
        CHECK((*sources)[1].text == "b");
    }

    TEST_CASE("a path that is not there, or holds no kinds, is an error that names it")
    {
        const Directory directory;

        const auto missing = catalogue_sources({directory.path() / "none.yaml"});
        const auto empty = catalogue_sources({directory.path()});

        REQUIRE_FALSE(missing.has_value());
        CHECK(missing.error().code == Errc::invalid_input);
        CHECK(missing.error().text().find("none.yaml") != std::string::npos);
        REQUIRE_FALSE(empty.has_value());
    }

    TEST_CASE("the example in docs/kinds.md is a complete catalogue")
    {
        const Directory directory;
        const auto path = directory.write("greenhouse.yaml", test::example_kinds());
        const auto sources = catalogue_sources({path});
        REQUIRE(sources.has_value());

        const auto loaded = load_sources(*sources);

        CHECK(loaded.said() == "");
        CHECK(loaded.catalogue.names() == std::vector<std::string>{"Bed", "House", "Plant"});
        CHECK(loaded.catalogue.api.api_version == "greenhouse/v2");
        const Kind& plant = *loaded.catalogue.find("Plant");
        CHECK(plant.read.call.empty());
        CHECK(plant.list->paging.style == PageStyle::offset);
        CHECK(plant.facets[0].shape == BodyShape::merge_patch);
        CHECK(plant.facets[1].shape == BodyShape::body_template);
        CHECK(plant.readiness->deadline == std::chrono::hours(2));
        CHECK(plant.absent.statuses == std::vector<int>{404, 410});
        const Kind& bed_kind = *loaded.catalogue.find("Bed");
        CHECK(bed_kind.refuses_duplicates);
        CHECK(bed_kind.parent == "House");
        CHECK(bed_kind.container);
    }
}
