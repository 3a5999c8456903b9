#include "manifests/directory_source.hpp"
#include "tests/support/catalogues.hpp"
#include "tests/support/git.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

namespace trueup {

namespace {

namespace fs = std::filesystem;

std::string role(const std::string& name)
{
    return "apiVersion: palette/v1\nkind: Role\nmetadata: {name: " + name +
           "}\nspec: {permissions: [x]}\n";
}

class Tree {
public:
    Tree()
    {
        fs::create_directories(root());
        make();
    }

    fs::path root() const { return directory_ / "manifests"; }
    void make()
    {
        DirectorySourceOptions options;
        options.load.paths.push_back(root());
        options.ours = root() / "state.db";
        source = make_directory_source(std::move(options), catalogue(), clock_);
    }
    void write(const std::string& file, const std::string& text) const
    {
        fs::create_directories((root() / file).parent_path());
        std::ofstream(root() / file, std::ios::binary) << text;
    }
    bool watches(const fs::path& directory) const
    {
        const Scan scan = source->scan();
        return std::ranges::find(scan.directories, directory) != scan.directories.end();
    }
    void git(std::vector<std::string> arguments) const
    {
        test::git_in(root(), std::move(arguments));
    }

    std::unique_ptr<Source> source;

private:
    static const Catalogue& catalogue()
    {
        static const test::Loaded loaded = test::load_sources(test::shipped_sources());
        return loaded.catalogue;
    }

    TempDir directory_;
    boost::asio::io_context context_;
    ManualClock clock_{context_};
};

TEST_SUITE("manifests: source")
{
    TEST_CASE("a scan changes with what a load would read, and with nothing else")
    {
        const Tree tree;
        tree.write("a.yaml", role("a"));
        tree.write("values/text.txt", "one");
        const Scan first = tree.source->scan();
        CHECK(tree.source->scan().fingerprint == first.fingerprint);

        tree.write("state.db-wal", "ours");
        tree.write("trueup.yaml", "owner: me\n");
        tree.write(".hidden/b.yaml", role("b"));
        CHECK(tree.source->scan().content == first.content);

        tree.write("values/text.txt", "two"); // of the same length
        const Scan second = tree.source->scan();
        CHECK(second.content != first.content);
        tree.write("values/text.txt", "one");
        CHECK(tree.source->scan().content == first.content);
        tree.write(".trueupignore", "b.yaml\n");
        CHECK(tree.source->scan().content != first.content);
        fs::remove(tree.root() / "a.yaml");
        CHECK(tree.source->scan().content != second.content);
    }

    TEST_CASE("a file that another one took the place of is another tree, though it reads the same")
    {
        const Tree tree;
        tree.write("a.yaml", role("a"));
        const Scan first = tree.source->scan();

        tree.write("b", role("a"));
        fs::rename(tree.root() / "b", tree.root() / "a.yaml");
        const Scan second = tree.source->scan();

        CHECK(second.content == first.content);
        CHECK(second.fingerprint != first.fingerprint);
    }

    TEST_CASE("directories are heard of, and those in which a link could be turned")
    {
        const Tree tree;
        tree.write("deep/er/a.yaml", role("a"));
        CHECK(tree.watches(tree.root()));
        CHECK(tree.watches(tree.root() / "deep/er"));

        DirectorySourceOptions options;
        const fs::path link = tree.root() / "links";
        fs::create_directory(link);
        fs::create_directory_symlink(tree.root() / "deep", link / "current");
        options.load.paths.push_back(link / "current" / "er");
        boost::asio::io_context context;
        ManualClock clock(context);
        const Catalogue none;
        const auto source = make_directory_source(std::move(options), none, clock);
        const auto directories = source->scan().directories;

        CHECK(std::ranges::find(directories, link) != directories.end());
    }

    TEST_CASE("each file is sound or not, by itself")
    {
        const Tree tree;
        tree.write("good.yaml", role("good"));
        tree.write("bad.yaml", role("bad") + "---\nkind: Nothing\n");

        const Snapshot snapshot = tree.source->load();

        REQUIRE(snapshot.files.size() == 1);
        CHECK(snapshot.files.front().file == (tree.root() / "good.yaml").string());
        CHECK(snapshot.files.front().manifests.size() == 1);
        REQUIRE(snapshot.unreadable.size() == 1);
        CHECK(snapshot.unreadable.front().path == (tree.root() / "bad.yaml").string());
        CHECK_FALSE(snapshot.unreadable.front().everything);
        CHECK(snapshot.revision.starts_with("sha256:"));
    }

    TEST_CASE("of two files that declare the same, neither counts")
    {
        const Tree tree;
        tree.write("a.yaml", role("same"));
        tree.write("b.yaml", role("same"));
        tree.write("c.yaml", role("other"));

        const Snapshot snapshot = tree.source->load();

        CHECK(snapshot.unreadable.size() == 2);
        REQUIRE(snapshot.files.size() == 1);
        CHECK(snapshot.files.front().manifests.front().address.name() == "other");
    }

    TEST_CASE("variables that cannot be read concern everything; a missing directory itself")
    {
        const Tree tree;
        tree.write("a.yaml", role("a"));
        tree.write("vars.yaml", "[");
        const Snapshot broken = tree.source->load();
        REQUIRE_FALSE(broken.unreadable.empty());
        CHECK(std::ranges::any_of(broken.unreadable, &Unreadable::everything));

        fs::remove_all(tree.root());
        const Snapshot gone = tree.source->load();
        REQUIRE(gone.unreadable.size() == 1);
        CHECK(gone.unreadable.front().path == tree.root().string());
        CHECK_FALSE(gone.unreadable.front().everything);
    }

    TEST_CASE("the files that secrets are read from are looked at, wherever they lie")
    {
        Tree tree;
        const fs::path secret = tree.root().parent_path() / "elsewhere" / "key";
        fs::create_directories(secret.parent_path());
        tree.write("a.yaml",
                   "apiVersion: palette/v1\nkind: CloudAccountAws\nmetadata: {name: a}\n"
                   "spec: {credentialType: secret, accessKey: k,"
                   " secretKey: {$secret: {file: ../elsewhere/key}}}\n");
        const Scan first = tree.source->scan();
        CHECK_FALSE(first.has_new_secrets);
        CHECK(tree.source->load().unreadable.size() == 1);
        CHECK_FALSE(tree.source->scan().has_new_secrets);
        CHECK(tree.watches(tree.root() / "../elsewhere"));

        std::ofstream(secret) << "one";
        CHECK(tree.source->scan().has_new_secrets);
        CHECK(tree.source->load().unreadable.empty());
        CHECK_FALSE(tree.source->scan().has_new_secrets);

        std::ofstream(secret) << "two";
        const Scan last = tree.source->scan();
        CHECK(last.has_new_secrets);
        CHECK(last.content == first.content);
        CHECK(last.fingerprint == first.fingerprint);
    }

    TEST_CASE("the approval file holds one digest")
    {
        const Tree tree;
        CHECK(tree.source->scan().approval.empty());

        tree.write(".trueup-approve", "\n  abc123 \nmore\n");

        CHECK(tree.source->scan().approval == "abc123");
    }

    TEST_CASE("in a repository the revision is the commit, and whether the files differ from it")
    {
        const Tree tree;
        tree.git({"init", "--quiet", "--initial-branch=main"});
        tree.write("a.yaml", role("a"));
        CHECK(tree.source->load().revision.starts_with("sha256:")); // nothing was committed
        tree.git({"add", "."});
        tree.git({"commit", "--quiet", "-m", "one"});
        const Scan committed = tree.source->scan();

        const std::string clean = tree.source->load().revision;
        CHECK(clean.starts_with("git:"));
        CHECK(clean.size() == std::string("git:").size() + 40);
        tree.write(".trueup/state.db", "ours");
        CHECK(tree.source->load().revision == clean);

        tree.write("b.yaml", role("b"));
        CHECK(tree.source->load().revision == clean + "-dirty");
        tree.git({"add", "."});
        CHECK(tree.source->load().revision == clean + "-dirty");
        tree.git({"commit", "--quiet", "-m", "two"});
        const std::string next = tree.source->load().revision;
        CHECK(next != clean);
        CHECK_FALSE(next.ends_with("-dirty"));
        CHECK(tree.source->scan().content != committed.content);
        CHECK(tree.watches(fs::canonical(tree.root() / ".git").string() + "/"));
    }

    TEST_CASE("a checkout that is under way is said to be")
    {
        const Tree tree;
        tree.git({"init", "--quiet"});
        tree.write("a.yaml", role("a"));
        tree.git({"add", "."});
        tree.git({"commit", "--quiet", "-m", "one"});
        CHECK(tree.source->scan().busy.empty());

        tree.write(".git/index.lock", "");
        // Its time is the system's; the source's clock says how old it is.
        const auto written = std::chrono::file_clock::from_sys(
            std::chrono::time_point_cast<std::chrono::nanoseconds>(
                std::chrono::sys_days(std::chrono::year{2026} / 3 / 1)));
        fs::last_write_time(tree.root() / ".git/index.lock", written);
        CHECK(tree.source->scan().busy.find("index.lock") != std::string::npos);

        fs::last_write_time(tree.root() / ".git/index.lock", written - std::chrono::hours(1));
        CHECK(tree.source->scan().busy.empty()); // left behind by a git that died
    }

    TEST_CASE("what was loaded while somebody wrote, or a checkout was under way, is not whole")
    {
        const Tree tree;
        tree.write("a.yaml", role("a"));
        const Scan before = tree.source->scan();
        Scan busy = before;
        busy.busy = "a checkout is under way";

        CHECK(check_whole(before, tree.source->scan()));
        for (const auto& outcome : {check_whole(busy, before), check_whole(before, busy)}) {
            REQUIRE_FALSE(outcome);
            CHECK(outcome.error().message.find("a checkout is under way") != std::string::npos);
        }
        tree.write("b.yaml", role("b"));
        const auto grown = check_whole(before, tree.source->scan());
        REQUIRE_FALSE(grown);
        CHECK(grown.error().code == Errc::invalid_input);
    }

    TEST_CASE("a file that is rewritten at once, in the same size, is seen to be another")
    {
        // The times of files come in steps of some milliseconds: they alone would not tell.
        const Tree tree;
        for (int i = 0; i < 50; ++i) {
            tree.write("a.yaml", role("a"));
            const Scan before = tree.source->scan();
            tree.write("a.yaml", role("b"));
            const Scan after = tree.source->scan();
            CHECK(before.fingerprint != after.fingerprint);
            CHECK(before.content != after.content);
        }
    }

    TEST_CASE("what a repository ignores does not have its revision")
    {
        Tree tree;
        tree.git({"init", "--quiet"});
        tree.write("tracked.yaml", role("a"));
        tree.write(".gitignore", "built/\n");
        tree.git({"add", "."});
        tree.git({"commit", "--quiet", "-m", "one"});
        tree.write("built/b.yaml", role("b"));
        DirectorySourceOptions options;
        options.load.paths.push_back(tree.root() / "built");
        boost::asio::io_context context;
        ManualClock clock(context);
        const test::Loaded loaded = test::load_sources(test::shipped_sources());
        const auto source = make_directory_source(std::move(options), loaded.catalogue, clock);

        CHECK(source->load().revision.starts_with("sha256:"));
    }
}

} // namespace

} // namespace trueup
