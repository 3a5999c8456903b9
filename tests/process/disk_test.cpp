// Disks that are full, or may not be written to: the apply says so, nothing that was stored is
// lost, and with room again the next one completes it.

#include "tests/integration/live_api.hpp"
#include "tests/process/child.hpp"
#include "tests/process/small_disk.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace trueup;
using namespace trueup::test;

namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr std::size_t roles_count = 60;

struct Scene {
    Scene() : before(api.sandbox()->count("roles"))
    {
        std::string text;
        for (std::size_t i = 0; i < roles_count; ++i)
            text += "---\napiVersion: palette/v1\nkind: Role\nmetadata:\n  name: role-" +
                    std::to_string(i) + "\n  annotations: {description: \"" +
                    std::string(3000, 'd') +
                    "\"}\nspec: {scope: project, type: user, permissions: [cluster.get]}\n";
        site.write("roles.yaml", text);
        api.set_hook([this](std::size_t, const HttpRequest& request, ServerReply&) {
            creates += request.method == "POST" && request.target == "/v1/roles" ? 1U : 0U;
        });
    }

    Finished apply(const ChildSetup& setup = {}) const
    {
        Process process(site.command(api, {"apply", "--yes", "--log-level", "error"}),
                        Site::environment(),
                        "",
                        setup);
        auto finished = process.wait_for(seconds(60));
        REQUIRE(finished);
        return *finished;
    }
    std::size_t made() { return api.sandbox()->count("roles") - before; }

    void check_complete()
    {
        const Finished next = apply();
        CHECK_MESSAGE(next.exit_code == 0, next.out, next.err);
        CHECK(made() == roles_count);
        CHECK(creates == roles_count);
        CHECK(site.run(api, {"plan", "--detailed-exitcode"}).exit_code == 0);
    }

    fs::path directory() const { return site.directory() / ".trueup"; }

    LiveApi api;
    Site site;
    std::size_t before;
    std::size_t creates = 0;
};

} // namespace

TEST_SUITE("process: disk")
{
    TEST_CASE("a disk that fills up during an apply: it says so, and the next one completes it")
    {
        for (const std::size_t kilobytes : {120U, 180U, 260U, 400U}) {
            CAPTURE(kilobytes);
            Scene scene;
            const SmallDisk disk(scene.directory(), kilobytes);
            if (!disk.usable()) {
                MESSAGE("skipped: no small disk without root and mount namespaces");
                return;
            }

            const Finished full = scene.apply();

            CHECK(full.exit_code == 1);
            CHECK_MESSAGE((full.out + full.err).find("the disk is full") != std::string::npos,
                          full.out,
                          full.err);
            CHECK_MESSAGE((full.out + full.err).find("make room") != std::string::npos, full.err);
            CHECK(scene.made() < roles_count);
            // Nothing was made without an intent that is on the disk.
            CHECK(scene.made() == scene.creates);
            disk.grow(20'000);
            scene.check_complete();
        }
    }

    TEST_CASE("a disk that is full from the start: nothing is sent that changes anything")
    {
        Scene scene;
        const SmallDisk disk(scene.directory(), 64);
        if (!disk.usable()) {
            MESSAGE("skipped: no small disk without root and mount namespaces");
            return;
        }
        std::ofstream(scene.directory() / "filler") << std::string(64 << 10, 'f') << std::flush;

        const Finished full = scene.apply();

        CHECK(full.exit_code == 1);
        CHECK_MESSAGE((full.err.find("disk is full") != std::string::npos ||
                       full.err.find("No space left on device") != std::string::npos),
                      full.err);
        CHECK(scene.creates == 0);
        disk.grow(20'000);
        scene.check_complete();
    }

    TEST_CASE("files that may not grow any more fail in words, not by a signal")
    {
        for (const rlim_t kilobytes : {4U, 16U, 64U, 100U, 200U}) {
            CAPTURE(kilobytes);
            Scene scene;

            const Finished full = scene.apply(limited(RLIMIT_FSIZE, kilobytes << 10U));

            CHECK_MESSAGE(full.exit_code == 1, full.out, full.err);
            CHECK_MESSAGE(!(full.out + full.err).empty(), full.exit_code);
            CHECK(scene.made() == scene.creates);
            scene.check_complete();
        }
    }

    TEST_CASE("a quota that is used up fails in words, and more of it completes the apply")
    {
        // Each write to the state or its journal that begins behind so many bytes.
        for (const std::uint32_t bytes : {0U, 4U << 10U, 64U << 10U, 100U << 10U, 200U << 10U}) {
            CAPTURE(bytes);
            Scene scene;

            const Finished full = scene.apply(failing({SYS_pwrite64}, EDQUOT, bytes));

            if (full.exit_code == no_filters) {
                MESSAGE("skipped: no filters of system calls here");
                return;
            }
            CHECK_MESSAGE(full.exit_code == 1, full.out, full.err);
            CHECK_MESSAGE((full.out + full.err).find("check the disk and its quotas") !=
                              std::string::npos,
                          full.err);
            CHECK(scene.made() == scene.creates);
            CHECK(scene.made() < roles_count);
            scene.check_complete();
        }
    }

    TEST_CASE("a state that cannot be put in place is told, and nothing is left of it")
    {
        Scene scene;

        const Finished failed =
            scene.apply(failing({SYS_rename, SYS_renameat, SYS_renameat2}, EIO));

        if (failed.exit_code == no_filters) {
            MESSAGE("skipped: no filters of system calls here");
            return;
        }
        CHECK(failed.exit_code == 1);
        CHECK_MESSAGE(failed.err.find("the state cannot be put in place: Input/output error") !=
                          std::string::npos,
                      failed.err);
        for (const auto& entry : fs::directory_iterator(scene.directory()))
            CHECK_MESSAGE(entry.path().extension() != ".new", entry.path().string());
        CHECK_FALSE(fs::exists(scene.directory() / "state.db"));
        CHECK(scene.creates == 0);
        scene.check_complete();
    }

    TEST_CASE("a plan file that cannot be written whole is not left in part")
    {
        Scene scene;
        const std::string file = (scene.directory().parent_path() / "the.plan").string();
        const auto plan = [&](const std::string& path, const ChildSetup& setup) {
            return run_process(scene.site.command(scene.api, {"plan", "--out", path}),
                               Site::environment(),
                               "",
                               setup);
        };

        const Finished cut = plan(file, limited(RLIMIT_FSIZE, 16U << 10U));
        const Finished full = plan("/dev/full", {});
        const Finished directory = plan(scene.site.directory().string(), {});

        for (const Finished& finished : {cut, full, directory}) {
            CHECK(finished.exit_code == 1);
            CHECK_MESSAGE(finished.err.find("the plan file cannot be written") != std::string::npos,
                          finished.err);
        }
        CHECK_MESSAGE(cut.err.find("File too large") != std::string::npos, cut.err);
        CHECK_MESSAGE(full.err.find("No space left") != std::string::npos, full.err);
        CHECK_FALSE(fs::exists(file));
        CHECK(fs::exists("/dev/full"));
        CHECK(plan(file, {}).exit_code == 0);
        CHECK(fs::exists(file));
    }

    TEST_CASE("a directory that may not be written to is told, with and without a state in it")
    {
        Scene scene;
        if (is_root())
            REQUIRE(::chown(scene.site.directory().c_str(), nobody, nobody) == 0);
        ::chmod(scene.site.directory().c_str(), 0500);

        const Finished without = scene.apply(become_nobody);

        CHECK(without.exit_code == 1);
        CHECK_MESSAGE(without.err.find("the directory of the state cannot be made: Permission "
                                       "denied") != std::string::npos,
                      without.err);
        ::chmod(scene.site.directory().c_str(), 0700);
        REQUIRE(scene.apply(become_nobody).exit_code == 0);
        ::chmod(scene.directory().c_str(), 0500);
        const std::size_t before = scene.api.requests();
        for (const char* lock : {"kept", "removed"}) {
            CAPTURE(lock);
            if (std::string(lock) == "removed") {
                ::chmod(scene.directory().c_str(), 0700);
                fs::remove(scene.directory() / "state.db.lock");
                ::chmod(scene.directory().c_str(), 0500);
            }
            const Finished with = scene.apply(become_nobody);
            CHECK_MESSAGE(with.exit_code == 1, with.out, with.err);
            CHECK_MESSAGE(with.err.find(scene.directory().string()) != std::string::npos, with.err);
        }
        CHECK(scene.api.requests() == before);
        CHECK(scene.creates == roles_count);
        // Reading still works.
        const Finished list = run_process(scene.site.command(scene.api, {"state", "list"}),
                                          Site::environment(),
                                          "",
                                          become_nobody);
        CHECK_MESSAGE(list.exit_code == 0, list.err);
        ::chmod(scene.directory().c_str(), 0700);
    }
}
