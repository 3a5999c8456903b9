// Directories of manifests that are not as they should be, or change while they are read: the
// program ends soon, says which file and why, sends nothing, and deletes nothing.

#include "tests/integration/live_api.hpp"
#include "tests/process/child.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <thread>

using namespace trueup;
using namespace trueup::test;

namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

// Two roles, applied: what a wrong reading of the directory would delete.
struct Scene {
    Scene()
    {
        site.write("roles.yaml", role("reader") + role("writer"));
        REQUIRE(site.run(api, {"apply", "--yes"}).exit_code == 0);
        objects = api.sandbox()->count("roles");
        asked = api.requests();
    }

    Finished run(std::vector<std::string> arguments, const ChildSetup& setup = {}) const
    {
        Process process(site.command(api, std::move(arguments)), Site::environment(), "", setup);
        auto finished = process.wait_for(seconds(60));
        REQUIRE(finished);
        return *finished;
    }

    // An apply that prunes says `words` about `file`, and not a byte is sent.
    void
    check_refused(const std::string& file, const std::string& words, const ChildSetup& setup = {})
    {
        CAPTURE(file);
        const Finished finished = run({"apply", "--yes", "--prune"}, setup);
        CHECK(finished.exit_code == 1);
        CHECK_MESSAGE(finished.err.find(file) != std::string::npos, finished.err);
        CHECK_MESSAGE(finished.err.find(words) != std::string::npos, finished.err);
        CHECK(api.requests() == asked);
        CHECK(api.sandbox()->count("roles") == objects);
    }

    LiveApi api;
    Site site;
    std::size_t objects = 0;
    std::size_t asked = 0;
};

} // namespace

TEST_SUITE("process: manifests")
{
    TEST_CASE("a FIFO, a loop of links, a huge file and an unreadable one are refused by name")
    {
        Scene scene;
        const fs::path root = scene.site.directory();
        const auto without = [&](const std::string& name) { fs::remove_all(root / name); };

        REQUIRE(::mkfifo((root / "pipe.yaml").c_str(), 0600) == 0);
        scene.check_refused("pipe.yaml", "is not a regular file");
        without("pipe.yaml");

        fs::create_directory_symlink(root, root / "loop");
        scene.check_refused("loop", "leads back to a directory above it");
        without("loop");

        fs::create_symlink("b.yaml", root / "a.yaml");
        fs::create_symlink("a.yaml", root / "b.yaml");
        scene.check_refused("a.yaml", "the symbolic link leads nowhere");
        without("a.yaml");
        without("b.yaml");

        fs::create_symlink("/etc/passwd", root / "passwd.yaml");
        scene.check_refused("passwd.yaml", "the symbolic link leaves the directory");
        without("passwd.yaml");

        scene.site.write("huge.yaml", "");
        fs::resize_file(root / "huge.yaml", std::uintmax_t{10} << 30U);
        scene.check_refused("huge.yaml", "is larger than", limited(RLIMIT_AS, 512U << 20U));
        without("huge.yaml");

        fs::create_symlink("/dev/zero", root / "zero.yaml");
        scene.check_refused("zero.yaml", "leaves the directory");
        without("zero.yaml");

        CHECK(scene.run({"plan", "--detailed-exitcode", "--prune"}).exit_code == 0);
    }

    TEST_CASE("files and directories that may not be read are told, not skipped")
    {
        Scene scene;
        const fs::path root = scene.site.directory();
        const auto own = [](const fs::path& path) {
            if (is_root())
                REQUIRE(::chown(path.c_str(), nobody, nobody) == 0);
        };
        for (const auto& entry : fs::recursive_directory_iterator(root))
            own(entry.path());
        own(root);
        ::chmod((root / "roles.yaml").c_str(), 0);
        scene.check_refused("roles.yaml", "cannot be read: Permission denied", become_nobody);
        ::chmod((root / "roles.yaml").c_str(), 0600);
        scene.site.write("more/roles.yaml", role("third"));
        own(root / "more");
        ::chmod((root / "more").c_str(), 0);
        scene.check_refused("more", "cannot be read: Permission denied", become_nobody);
        ::chmod((root / "more").c_str(), 0700);
    }

    TEST_CASE("a configuration file that is a FIFO or huge is refused, and nothing waits for it")
    {
        Scene scene;
        const fs::path config = scene.site.directory() / "trueup.yaml";
        fs::remove(config);
        REQUIRE(::mkfifo(config.c_str(), 0600) == 0);
        scene.check_refused("trueup.yaml", "the configuration file is not a regular file");
        fs::remove(config);
        scene.site.write("trueup.yaml", "");
        fs::resize_file(config, std::uintmax_t{10} << 30U);
        scene.check_refused("trueup.yaml", "the configuration file is larger than");
    }

    TEST_CASE("a plan file that is a FIFO, huge, or cut off is refused, and nothing waits for it")
    {
        Scene scene;
        const fs::path file = scene.site.directory() / "saved.plan";
        const auto refused = [&](const std::string& words) {
            const Finished finished = scene.run({"apply", file.string()});
            CHECK(finished.exit_code == 1);
            CHECK_MESSAGE(finished.err.find(words) != std::string::npos, finished.err);
            CHECK_MESSAGE(finished.err.find("saved.plan") != std::string::npos, finished.err);
        };
        REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
        refused("the plan file is not a regular file");
        fs::remove(file);
        scene.site.write("saved.plan", "");
        fs::resize_file(file, std::uintmax_t{10} << 30U);
        refused("the plan file is larger than");
        fs::remove(file);
        refused("the plan file cannot be read");
        CHECK(scene.api.requests() == scene.asked);
    }

    TEST_CASE("a directory that is empty or gone never prunes")
    {
        Scene scene;
        const fs::path root = scene.site.directory();
        fs::rename(root / "roles.yaml", root / ".away");

        const Finished empty = scene.run({"apply", "--yes", "--prune"});

        CHECK_MESSAGE(empty.exit_code == 3, empty.out, empty.err);
        CHECK(scene.api.sandbox()->count("roles") == scene.objects);
        auto command = scene.site.command(scene.api, {"apply", "--yes", "--prune"});
        command[std::size_t(std::ranges::find(command, root.string()) - command.begin())] =
            (root / "gone").string();
        command.insert(command.end(), {"--owner", "test-owner"});
        const Finished gone = run_process(command, Site::environment());
        CHECK(gone.exit_code == 1);
        CHECK_MESSAGE(gone.err.find("No such file or directory") != std::string::npos, gone.err);
        CHECK(scene.api.sandbox()->count("roles") == scene.objects);
    }

    TEST_CASE("files that come, go and are half written while they are read never delete anything")
    {
        Scene scene;
        std::atomic<std::size_t> deletes = 0;
        scene.api.set_hook([&](std::size_t, const HttpRequest& request, ServerReply&) {
            deletes += request.method == "DELETE" ? 1U : 0U;
        });
        // Rewrites what is always declared, in two steps as an editor or a checkout does, with
        // another file beside it that comes and goes.
        const std::string whole = role("reader") + role("writer");
        const auto rewrite_until_stopped = [&](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                for (int i = 0; i < 200; ++i)
                    scene.site.write("roles.yaml", whole.substr(0, whole.size() / 2 + 20));
                for (int i = 0; i < 200; ++i)
                    scene.site.write("roles.yaml", whole);
                scene.site.write("more/passing.yaml", "");
                scene.site.remove("more");
            }
        };
        std::size_t refused = 0;
        for (int runs = 0; runs < 30; ++runs) {
            const bool calm = runs % 5 == 4;
            scene.site.write("roles.yaml", whole);
            std::jthread restless;
            if (!calm)
                restless = std::jthread(rewrite_until_stopped);
            const Finished finished = scene.run({"apply", "--yes"});
            CHECK_MESSAGE(finished.exit_code <= (calm ? 0 : 1), finished.out, finished.err);
            refused += finished.err.find("wrote to the manifests while") != std::string::npos;
        }
        CHECK(deletes == 0);
        CHECK(scene.api.sandbox()->count("roles") == scene.objects);
        scene.site.write("roles.yaml", whole);
        CHECK(scene.run({"plan", "--detailed-exitcode"}).exit_code == 0);
        // Even where each file that was read made sense.
        CHECK(refused > 0);
    }

    TEST_CASE("a hundred thousand files are read within a bound, one more is refused")
    {
        Site site;
        constexpr std::size_t files = 100'000;
        for (std::size_t i = 0; i < files; ++i) {
            const fs::path directory = site.directory() / ("d" + std::to_string(i % 100));
            if (i < 100)
                fs::create_directory(directory);
            std::ofstream(directory / (std::to_string(i) + ".yaml"))
                << role("r" + std::to_string(i));
        }
        const std::vector<std::string> command{
            trueup_binary(), "validate", "-f", site.directory().string()};
        {
            Process process(command, Site::environment(), "", limited(RLIMIT_AS, rlim_t{2} << 30U));
            const auto finished = process.wait_for(seconds(300));
            REQUIRE(finished);
            CHECK_MESSAGE(finished->exit_code == 0, finished->err.substr(0, 1000));
            CHECK(finished->out.find("100000 manifests are valid") != std::string::npos);
        }
        site.write("z.yaml", role("one-more"));
        Process process(command, Site::environment());
        const auto finished = process.wait_for(seconds(300));
        REQUIRE(finished);
        CHECK(finished->exit_code == 1);
        CHECK_MESSAGE(finished->err.find("there are more than 100000 manifest files") !=
                          std::string::npos,
                      finished->err.substr(0, 1000));
    }
}
