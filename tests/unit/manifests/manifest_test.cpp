// When one manifest may stand for another.

#include "tests/support/manifest_site.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using namespace trueup::test;

namespace {

constexpr std::string_view member = R"yaml(apiVersion: library/v1
kind: Member
metadata: {name: ada}
spec:
  email: ada@example.org
  password: {$secret: {env: E}}
  card: {$ref: Member/tenant/bob@example.org}
  loans:
    - book: Faust
      days: 3
  fee: 1.10
lifecycle:
  preventDestroy: false
)yaml";

std::string with(std::string_view old, std::string_view text)
{
    std::string changed(member);
    changed.replace(changed.find(old), old.size(), text);
    return changed;
}

} // namespace

TEST_SUITE("manifests: one that reads the same")
{
    TEST_CASE("a text that is read twice reads the same, until anything in it is another")
    {
        ManifestSite site;
        site.environment = {{"E", "one"}};
        site.write("m.yaml", member);
        const Manifest first = site.load_one();
        CHECK(reads_the_same(first, site.load_one()));

        const std::string changes[] = {
            with("days: 3", "days: 4"),
            with("{name: ada}", "{ name: ada}"), // in the same line, at another column
            with("fee: 1.10", "\n  fee: 1.10"),  // at another line
            with("fee: 1.10", "fee: 1.1"),
            with("Faust", "Hamlet"),
            with("bob@", "eve@"),
            with("preventDestroy: false", "preventDestroy: true"),
            with("preventDestroy: false", "deletionPolicy: abandon"),
            "\n" + std::string(member),
        };
        for (const std::string& text : changes) {
            CAPTURE(text);
            site.write("m.yaml", text);
            CHECK_FALSE(reads_the_same(first, site.load_one()));
        }
    }

    TEST_CASE("a secret that is rotated reads as another one, and so does one without a hash")
    {
        ManifestSite site;
        site.environment = {{"E", "one"}};
        site.write("m.yaml", member);
        const Manifest first = site.load_one();
        site.environment["E"] = "two";
        CHECK_FALSE(reads_the_same(first, site.load_one()));

        site.options.hasher = SecretHasher();
        const Manifest unhashed = site.load_one();
        CHECK_FALSE(reads_the_same(unhashed, site.load_one()));
    }

    TEST_CASE("the same text in another file reads as another one")
    {
        ManifestSite site;
        site.environment = {{"E", "one"}};
        site.write("m.yaml", member);
        const Manifest first = site.load_one();
        std::filesystem::rename(site.directory / "m.yaml", site.directory / "n.yaml");
        CHECK_FALSE(reads_the_same(first, site.load_one()));
    }
}
