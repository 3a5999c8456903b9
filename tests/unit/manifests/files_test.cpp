// Which files are read, and which are refused.

#include "tests/support/manifest_site.hpp"
#include "tests/support/places.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace trueup;
using namespace trueup::test;

namespace fs = std::filesystem;

namespace {

std::string shelf(const std::string& name)
{
    return "apiVersion: library/v1\nkind: Shelf\nmetadata: {name: " + name + "}\n";
}

// The names of the shelves that were read.
std::string names(const ManifestSet& set)
{
    std::string text;
    for (const Manifest& manifest : set.manifests)
        text += find(manifest.body, *Path::parse("metadata.name"))->string_or_empty() + " ";
    return text;
}

} // namespace

TEST_SUITE("manifests: files")
{
    TEST_CASE("load: a tree is read to its ends, whatever lies in between")
    {
        ManifestSite site;
        site.write("b.yaml", shelf("b"));
        site.write("a/x/deep.yml", shelf("deep"));
        site.write("c.json",
                   R"({"apiVersion": "library/v1", "kind": "Shelf", "metadata": {"name": "c"}})");
        site.write("README.md", "# no manifest");
        site.write(".hidden.yaml", "broken: [");
        site.write(".git/x.yaml", "broken: [");
        site.write("vars.yaml", "A: b\n");
        site.write("trueup.yaml", "endpoint: x\n");
        site.write("many.yaml",
                   "---\n---\n" + shelf("m1") + "---\n# nothing\n---\n" + shelf("m2") + "...\n");

        const ManifestSet set = site.load();

        CHECK(site.said().empty());
        CHECK(names(set) == "b c deep m1 m2 ");
    }

    TEST_CASE("load: one tree of many files is the same as one file of many documents")
    {
        ManifestSite tree;
        ManifestSite single;
        std::string all;
        for (int i = 0; i < 30; ++i) {
            const std::string text = "---\n" + shelf("s" + std::to_string(i));
            tree.write("d" + std::to_string(i % 3) + "/e/f" + std::to_string(i % 10) + "-" +
                           std::to_string(i) + ".yaml",
                       text);
            all += text;
        }
        single.write("all.yaml", all);

        CHECK(tree.load().digest == single.load().digest);
    }

    TEST_CASE("ignore: names, directories and ways from the root are left out")
    {
        ManifestSite site;
        site.write(".trueupignore", "# drafts\n*.draft.yaml\r\n\nold/\n/top.yaml\nsub/*.yml  \n");
        site.write("a.yaml", shelf("a"));
        site.write("x/a.draft.yaml", "broken: [");
        site.write("x/old/b.yaml", "broken: [");
        site.write("top.yaml", "broken: [");
        site.write("x/top.yaml", shelf("x-top"));
        site.write("sub/c.yml", "broken: [");
        site.write("sub/x/c.yml", shelf("sub-x"));

        const ManifestSet set = site.load();

        CHECK(site.said().empty());
        CHECK(names(set) == "a sub-x x-top ");
    }

    TEST_CASE("ignore: ** and ! as in a .gitignore, and what is left out is not entered")
    {
        ManifestSite site;
        site.write(".trueupignore", "drafts/**/*.yaml\n!drafts/**/ready.yaml\nold/\n!old/a.yaml\n");
        site.write("a.yaml", shelf("a"));
        site.write("drafts/x.yaml", "broken: [");
        site.write("drafts/deep/er/y.yaml", "broken: [");
        site.write("drafts/deep/ready.yaml", shelf("ready"));
        site.write("old/a.yaml", "broken: [");

        const ManifestSet set = site.load();

        CHECK(site.said().empty());
        CHECK(names(set) == "a ready ");
    }

    TEST_CASE("paths: files by any name, and standard input")
    {
        ManifestSite site;
        site.write("x/one.txt", shelf("one"));
        site.write("x/broken.yaml", "broken: [");
        site.options.paths = {site.directory / "x/one.txt", "-"};
        site.options.standard_input = shelf("two") + "---\n" + shelf("three");

        const ManifestSet set = site.load();

        CHECK(site.said().empty());
        CHECK(names(set) == "one three two ");
        CHECK(set.find(*Address::parse("Shelf/tenant/two@1"))->file == "standard input");
    }

    TEST_CASE("paths: the same file on two ways is one")
    {
        ManifestSite site;
        site.write("a.yaml", shelf("a"));
        fs::create_symlink("a.yaml", site.directory / "b.yaml");
        site.options.paths.push_back(site.directory / "a.yaml");
        site.options.paths.push_back(site.directory / ".");

        CHECK(names(site.load()) == "a ");
        CHECK(site.said().empty());
    }

    TEST_CASE("paths: one that is missing is an error, a directory without manifests a warning")
    {
        ManifestSite site;
        CHECK(site.load().manifests.empty());
        CHECK(site.said() ==
              site.directory.path().string() +
                  ": warning: the directory holds no manifest; manifests are *.yaml, "
                  "*.yml and *.json\n");
        CHECK_FALSE(site.diagnostics.has_errors());

        site.options.paths = {site.directory / "nowhere"};
        CHECK(site.load().manifests.empty());
        CHECK(site.said() == "nowhere: error: No such file or directory; give an existing file or "
                             "directory of manifests\n");
    }

    TEST_CASE("links: those that stay inside are followed, those that loop or leave are errors")
    {
        ManifestSite outside;
        outside.write("x.yaml", shelf("outside"));
        ManifestSite site;
        site.write("..data/real.yaml", shelf("real"));
        fs::create_symlink("..data/real.yaml", site.directory / "real.yaml");
        fs::create_directory(site.directory / "sub");
        fs::create_directory_symlink("..", site.directory / "sub/up");
        fs::create_directory_symlink(outside.directory.path(), site.directory / "away");
        fs::create_symlink(outside.directory / "x.yaml", site.directory / "away.yaml");
        fs::create_symlink("dangling", site.directory / "dangling.yaml");
        fs::create_symlink("self.yaml", site.directory / "self.yaml");
        fs::create_symlink("dangling", site.directory / "no-manifest");

        const ManifestSet set = site.load();

        CHECK(names(set) == "real ");
        const std::string root = site.directory.path().string();
        CHECK(
            site.said() ==
            "away: error: the symbolic link leaves the directory " + root +
                "; give the other directory as a path of its own\n"
                "away.yaml: error: the symbolic link leaves the directory " +
                root +
                "; give the other directory as a path of its own\n"
                "dangling.yaml: error: the symbolic link leads nowhere: No such file or directory\n"
                "self.yaml: error: the symbolic link leads nowhere: Too many levels of symbolic "
                "links\n"
                "sub/up: error: the symbolic link leads back to a directory above it\n");
    }

    TEST_CASE(
        "files: pipes, directories, huge and unreadable ones are errors and are not waited for")
    {
        ManifestSite site;
        REQUIRE(mkfifo((site.directory / "pipe.yaml").c_str(), 0600) == 0);
        site.write("huge.yaml", "");
        fs::resize_file(site.directory / "huge.yaml", 10ULL << 30U);
        site.write("inner.yaml/x.yaml", shelf("x"));
        site.write("secret.yaml", shelf("y"));
        fs::permissions(site.directory / "secret.yaml", fs::perms::none);
        const bool privileged = ::access((site.directory / "secret.yaml").c_str(), R_OK) == 0;

        const ManifestSet set = site.load();

        CHECK(names(set) == (privileged ? "x y " : "x "));
        const std::string said = site.said();
        CHECK(said.find("huge.yaml: error: is larger than 1048576 bytes\n") != std::string::npos);
        CHECK(said.find("pipe.yaml: error: is not a regular file\n") != std::string::npos);
        if (!privileged)
            CHECK(said.find("secret.yaml: error: cannot be read: Permission denied\n") !=
                  std::string::npos);
    }

    TEST_CASE("files: more of them than allowed is one error, not a partial set without one")
    {
        ManifestSite site;
        for (int i = 0; i < 10; ++i)
            site.write("d" + std::to_string(i) + "/a.yaml", shelf("s" + std::to_string(i)));
        site.options.files_max = 9;

        site.load();

        CHECK(site.said() == "d9/a.yaml: error: there are more than 9 manifest files\n");
    }

    TEST_CASE("files: hostile texts are refused with their file")
    {
        ManifestSite site;
        site.write("bomb.yaml", "a: &a [x, *a]\n");
        site.write("bytes.yaml", "a: \xFF\n");
        site.write("cut.yaml", shelf("cut") + "spec: {owner: \"never clo");
        site.write("deep.yaml", std::string(100'000, '['));
        site.write("fine.yaml", shelf("fine"));

        const ManifestSet set = site.load();

        CHECK(names(set) == "fine ");
        for (const std::string file : {"bomb.yaml:", "bytes.yaml:", "cut.yaml:", "deep.yaml:"})
            CHECK(site.said().find(file) != std::string::npos);
    }

    TEST_CASE("examples: the shipped ones have no fault")
    {
        const auto sources = catalogue_sources({});
        REQUIRE(sources);
        ManifestSite site;
        site.catalogue = load_catalogue(*sources, site.diagnostics);
        site.options.paths = {fs::path(trueup::test::source_dir()) / "manifests/examples"};

        const ManifestSet set = site.load();

        CHECK(site.said() == "");
        CHECK(set.manifests.size() > 50);
    }
}
