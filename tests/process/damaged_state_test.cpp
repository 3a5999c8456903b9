// A state that is damaged, or is something else: each is refused in words that say what to do, with
// nothing sent, and never taken for "no state".

#include "state/model/random.hpp"
#include "tests/integration/live_api.hpp"
#include "tests/process/child.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <iterator>

using namespace trueup;
using namespace trueup::test;

namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& file)
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void put_bytes(const fs::path& file, const std::string& bytes)
{
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

// Ten roles, applied; the manifests are as they were.
struct Scene {
    Scene() : state(site.directory() / ".trueup" / "state.db")
    {
        std::string text;
        for (int i = 0; i < 10; ++i)
            text += role("role-" + std::to_string(i));
        site.write("roles.yaml", text);
        const Finished applied = site.run(api, {"apply", "--yes"});
        REQUIRE_MESSAGE(applied.exit_code == 0, applied.err);
        sound = bytes_of(state);
        plan = site.run(api, {"plan"}).out;
        REQUIRE(plan.find("No changes") != std::string::npos);
        api.set_hook([this](std::size_t, const HttpRequest& request, ServerReply&) {
            writes += api.sandbox()->is_write(request) ? 1U : 0U;
        });
    }

    // Every command refuses it, says `words`, and sends nothing.
    void check_refused(const std::string& words)
    {
        CAPTURE(words);
        for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
                 {"apply", "--yes"}, {"plan"}, {"state", "list"}, {"apply", "--yes", "--prune"}}) {
            CAPTURE(command.front());
            const std::size_t before = api.requests();
            const Finished finished = site.run(api, command);
            CHECK(finished.exit_code == 1);
            CHECK_MESSAGE(finished.err.find(words) != std::string::npos, finished.err);
            CHECK_MESSAGE(finished.err.find(state.string()) != std::string::npos, finished.err);
            // Advice, in brackets at the end of the line.
            CHECK_MESSAGE(finished.err.find(")\n") != std::string::npos, finished.err);
            CHECK(finished.out.empty());
            CHECK(api.requests() == before);
        }
    }

    // What was sound is taken again.
    void restore()
    {
        std::error_code ignored;
        fs::remove_all(state, ignored);
        for (const char* suffix : {"-wal", "-shm"})
            fs::remove_all(state.string() + suffix, ignored);
        put_bytes(state, sound);
        ::chmod(state.c_str(), 0600);
    }

    LiveApi api;
    Site site;
    fs::path state;
    std::string sound;
    std::string plan;
    std::size_t writes = 0;
};

} // namespace

TEST_SUITE("process: damaged state")
{
    TEST_CASE("a state that was cut off, at whatever length, is refused and left as it is")
    {
        Scene scene;
        const auto random = make_seeded_random(7);
        std::vector<std::size_t> lengths{0, 1, 15, 16, 99, 100, scene.sound.size() - 1};
        constexpr std::size_t page = 4096;
        for (std::size_t end = page; end < scene.sound.size(); end += page)
            lengths.insert(lengths.end(), {end - 1, end, end + 1});
        for (int i = 0; i < 6; ++i)
            lengths.push_back(random->below(scene.sound.size()));
        for (const std::size_t length : lengths) {
            CAPTURE(length);
            const std::string cut = scene.sound.substr(0, length);
            put_bytes(scene.state, cut);
            scene.check_refused("the state is ");
            CHECK(bytes_of(scene.state) == cut);
        }
        CHECK(scene.writes == 0);
        // The way out that the advice names.
        fs::remove(scene.state);
        const Finished again = scene.site.run(scene.api, {"apply", "--yes"});
        CHECK_MESSAGE(again.exit_code == 0, again.out, again.err);
        CHECK(again.out.find("10 adopted") != std::string::npos);
        CHECK(scene.writes == 0);
    }

    TEST_CASE("a flipped bit is noticed, or changes neither the plan nor the world")
    {
        Scene scene;
        const auto random = make_seeded_random(11);
        std::size_t noticed = 0;
        constexpr std::size_t flips = 60;
        for (std::size_t i = 0; i < flips; ++i) {
            const std::size_t byte = random->below(scene.sound.size());
            const auto bit = static_cast<unsigned>(random->below(8));
            CAPTURE(byte);
            CAPTURE(bit);
            std::string flipped = scene.sound;
            flipped[byte] =
                static_cast<char>(static_cast<unsigned char>(flipped[byte]) ^ (1U << bit));
            scene.restore();
            put_bytes(scene.state, flipped);
            const bool applies = i % 3 == 0;

            const Finished finished = applies
                                          ? scene.site.run(scene.api, {"apply", "--yes", "--prune"})
                                          : scene.site.run(scene.api, {"plan"});

            if (finished.exit_code == 0) {
                CHECK(finished.out.find("No changes") != std::string::npos);
                continue;
            }
            ++noticed;
            CHECK(finished.exit_code == 1);
            CHECK_MESSAGE(finished.err.find(scene.state.string()) != std::string::npos,
                          finished.err);
            CHECK_MESSAGE(finished.err.find(")\n") != std::string::npos, finished.err);
        }
        CHECK(scene.writes == 0);
        // Unused space is most of so small a file; what is used is a good part all the same.
        CHECK(noticed > flips / 20);
    }

    TEST_CASE("whatever else stands in the place of the state is refused by what it is")
    {
        Scene scene;
        const fs::path away = scene.site.directory() / "away.db";
        fs::rename(scene.state, away);

        fs::create_symlink(away, scene.state);
        scene.check_refused("must be a regular file, and this is a symbolic link");
        fs::remove(scene.state);

        fs::create_directory(scene.state);
        scene.check_refused("must be a regular file, and this is a directory");
        fs::remove(scene.state);

        REQUIRE(::mkfifo(scene.state.c_str(), 0600) == 0);
        scene.check_refused("must be a regular file, and this is a FIFO");
        fs::remove(scene.state);

        put_bytes(scene.state, std::string(5000, 'x'));
        ::chmod(scene.state.c_str(), 0600);
        scene.check_refused("not a state of trueup, or one whose header is damaged");
        fs::remove(scene.state);

        scene.restore();
        ::chmod(scene.state.c_str(), 0644);
        scene.check_refused("the state is open to other users");

        scene.restore();
        std::string newer = scene.sound;
        newer[63] = 9; // user_version, big-endian at 60
        put_bytes(scene.state, newer);
        scene.check_refused("written by a newer trueup (schema 9; this one knows 3)");

        fs::remove(scene.state);
        put_bytes(scene.state.string() + "-wal", "left over");
        scene.check_refused("the state is missing, but its journal (-wal) is there");
        CHECK(scene.writes == 0);
    }

    TEST_CASE("another user's state is not written, and not read by who may not")
    {
        if (!is_root()) {
            MESSAGE("skipped: only root can make another user's file");
            return;
        }
        Scene scene;
        REQUIRE(::chown(scene.state.c_str(), nobody, nobody) == 0);
        const std::size_t before = scene.api.requests();

        const Finished as_root = scene.site.run(scene.api, {"apply", "--yes"});

        CHECK(as_root.exit_code == 1);
        CHECK_MESSAGE(as_root.err.find("the state belongs to user 65534, and this is user 0") !=
                          std::string::npos,
                      as_root.err);
        CHECK(as_root.err.find("run trueup as the user that the state belongs to") !=
              std::string::npos);
        // And the other way round: a state of root's, and somebody who is not.
        REQUIRE(::chown(scene.state.c_str(), 0, 0) == 0);
        ::chmod(scene.site.directory().c_str(), 0755);
        ::chmod(scene.state.parent_path().c_str(), 0755);
        for (const char* command : {"apply", "plan"}) {
            std::vector<std::string> arguments{command};
            if (std::string(command) == "apply")
                arguments.emplace_back("--yes");
            const Finished as_nobody = run_process(
                scene.site.command(scene.api, arguments), Site::environment(), "", become_nobody);
            CHECK(as_nobody.exit_code == 1);
            CHECK_MESSAGE(
                as_nobody.err.find("the state belongs to user 0, and this is user 65534") !=
                    std::string::npos,
                as_nobody.err);
        }
        CHECK(scene.api.requests() == before);
    }

    TEST_CASE("a key of the secret hashes that cannot be used is refused, not replaced")
    {
        Scene scene;
        const fs::path key = scene.state.parent_path() / "secrets.key";
        const std::string sound = bytes_of(key);
        const std::size_t before = scene.api.requests();
        const auto refused = [&](const std::string& words) {
            const Finished finished = scene.site.run(scene.api, {"apply", "--yes"});
            CHECK(finished.exit_code == 1);
            CHECK_MESSAGE(finished.err.find("the key of the secret hashes " + words) !=
                              std::string::npos,
                          finished.err);
        };
        put_bytes(key, "short");
        refused("is not 32 bytes long");
        put_bytes(key, sound);
        ::chmod(key.c_str(), 0644);
        refused("is open to other users");
        fs::remove(key);
        REQUIRE(::mkfifo(key.c_str(), 0600) == 0);
        refused("is not a regular file");
        fs::remove(key);
        fs::create_symlink("/etc/passwd", key);
        refused("cannot be opened");
        CHECK(scene.api.requests() == before);
    }
}
