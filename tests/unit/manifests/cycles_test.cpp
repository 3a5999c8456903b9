// Resources that wait for each other.

#include "tests/support/manifest_site.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

std::string member(const std::string& spec)
{
    return "apiVersion: library/v1\n"
           "kind: Member\n"
           "metadata: {name: ada}\n"
           "spec:\n"
           "  email: ada@example.org\n" +
           spec;
}

std::string shelf(const std::string& name, const std::string& rest = {})
{
    return "---\napiVersion: library/v1\nkind: Shelf\nmetadata: {name: " + name + "}\n" + rest;
}

} // namespace

TEST_SUITE("manifests: cycles")
{
    TEST_CASE("cycles: the whole way round is shown, with the line of each step")
    {
        ManifestSite site;
        site.write("a.yaml", shelf("a", "lifecycle:\n  dependsOn:\n    - Shelf/tenant/b@1\n"));
        site.write("b.yaml", shelf("b", "\n\nlifecycle: {dependsOn: [Shelf/tenant/c@1]}\n"));
        site.write("c.yaml",
                   shelf("c", "lifecycle:\n  dependsOn: [Shelf/tenant/a@1]\n") +
                       shelf("d", "lifecycle: {dependsOn: [Shelf/tenant/a@1]}\n"));

        site.load();

        CHECK(site.said() == "a.yaml:7:7: error: resources wait for each other in a circle: "
                             "Shelf/tenant/a@1 (a.yaml:7) -> "
                             "Shelf/tenant/b@1 (b.yaml:7) -> Shelf/tenant/c@1 (c.yaml:6) -> "
                             "Shelf/tenant/a@1; remove "
                             "one of these references\n");
    }

    TEST_CASE("cycles: what is in a project waits for it, and may not be waited for by it")
    {
        ManifestSite site;
        site.write("m.yaml",
                   "apiVersion: library/v1\nkind: Branch\nmetadata: {name: north}\n"
                   "lifecycle: {dependsOn: [Shelf/north/a@1]}\n"
                   "---\napiVersion: library/v1\nkind: Shelf\n"
                   "metadata: {name: a, project: north}\n");

        site.load();

        CHECK(
            site.said() ==
            "m.yaml:4:25: error: resources wait for each other in a circle: Branch/tenant/north "
            "(m.yaml:4) -> Shelf/north/a@1 (m.yaml:6) -> Branch/tenant/north; remove one of these "
            "references\n");
    }

    TEST_CASE("cycles: a resource that waits for itself is one, a diamond is none")
    {
        ManifestSite site;
        site.write("m.yaml", member("  card: {$ref: Member/tenant/ada@example.org}\n"));
        site.load();
        CHECK(site.said().find("Member/tenant/ada@example.org (m.yaml:6) -> "
                               "Member/tenant/ada@example.org;") != std::string::npos);

        site.write(
            "m.yaml",
            shelf("a", "lifecycle: {dependsOn: [Shelf/tenant/b@1, Shelf/tenant/c@1]}\n") +
                shelf("b", "lifecycle: {dependsOn: [Shelf/tenant/d@1]}\n") +
                shelf("c",
                      "lifecycle: {dependsOn: [Shelf/tenant/d@1, Shelf/tenant/elsewhere@1]}\n") +
                shelf("d"));
        site.load();
        CHECK(site.said().empty());
    }

    TEST_CASE("cycles: a chain as long as the set is walked")
    {
        ManifestSite site;
        std::string text;
        constexpr int length = 3000;
        for (int i = 0; i < length; ++i)
            text += shelf("s" + std::to_string(i),
                          "lifecycle: {dependsOn: [Shelf/tenant/s" +
                              std::to_string((i + 1) % length) + "@1]}\n");
        site.write("m.yaml", text);

        site.load();

        CHECK(site.diagnostics.error_count() == 1);
    }
}
