#include "tests/unit/state/store/store_fixture.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

namespace trueup {

namespace {

// No rights to write for anyone but root; the tests below hold for root too, who may.
class ReadOnlyDirectory {
public:
    explicit ReadOnlyDirectory(std::filesystem::path path) : path_(std::move(path))
    {
        ::chmod(path_.c_str(), 0500);
    }
    ReadOnlyDirectory(const ReadOnlyDirectory&) = delete;
    ReadOnlyDirectory& operator=(const ReadOnlyDirectory&) = delete;
    ~ReadOnlyDirectory() { ::chmod(path_.c_str(), 0700); }

private:
    std::filesystem::path path_;
};

TEST_SUITE("state: reading beside a writer")
{
    TEST_CASE("a reader sees the state of its opening while the writer goes on")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            auto writer = state.open(StoreMode::writer, sync);
            REQUIRE(state.commit(*writer, put_batch(1)));
            auto reader = state.open(StoreMode::read_only);

            REQUIRE(state.commit(*writer, put_batch(2)));
            Batch forget;
            forget.forget = {make_record(1).address};
            REQUIRE(state.commit(*writer, forget));

            const auto seen = records_of(*reader);
            REQUIRE(seen.size() == 1);
            CHECK(seen.front().address == make_record(1).address);
            CHECK(reader->record(make_record(2).address)->has_value() == false);
            const auto later = records_of(*state.open(StoreMode::read_only));
            REQUIRE(later.size() == 1);
            CHECK(later.front().address == make_record(2).address);
        }
    }

    TEST_CASE("a reader of a quiet state keeps its view when a writer comes and goes")
    {
        StateFixture state;
        state.fill(3);
        auto reader = state.open(StoreMode::read_only);
        {
            auto writer = state.open();
            Batch forget;
            for (int i = 0; i < 3; ++i)
                forget.forget.push_back(make_record(i).address);
            REQUIRE(state.commit(*writer, forget));
        }

        CHECK(records_of(*reader).size() == 3);
        CHECK(records_of(*state.open(StoreMode::read_only)).empty());
    }

    TEST_CASE("reading makes no file and changes none")
    {
        StateFixture state;
        state.fill(3);
        const auto names = names_in(state.directory.path());
        const std::string bytes = bytes_of(state.file);
        {
            auto reader = state.open(StoreMode::read_only);
            CHECK(records_of(*reader).size() == 3);
            CHECK(names_in(state.directory.path()) == names);
        }
        CHECK(names_in(state.directory.path()) == names);
        CHECK(bytes_of(state.file) == bytes);
    }

    TEST_CASE("a state in a directory that cannot be written to can be read")
    {
        StateFixture state;
        state.fill(3);
        const ReadOnlyDirectory lock(state.directory.path());
        CHECK(records_of(*state.open(StoreMode::read_only)).size() == 3);
    }

    TEST_CASE("what a writer left in the journal when it was killed is read")
    {
        StateFixture state;
        const std::filesystem::path copy = state.directory / "copy.db";
        {
            auto writer = state.open();
            REQUIRE(state.commit(*writer, put_batch(1)));
            // The files as a crash would leave them.
            for (const char* suffix : {"", "-wal", "-shm"})
                std::filesystem::copy_file(state.file.string() + suffix, copy.string() + suffix);
        }
        state.file = copy;

        CHECK(records_of(*state.open(StoreMode::read_only)).size() == 1);
        std::filesystem::remove(copy.string() + "-shm");
        CHECK(records_of(*state.open(StoreMode::read_only)).size() == 1);
        CHECK(records_of(*state.open()).size() == 1);
    }

    TEST_CASE("a reader cannot commit, and says so")
    {
        StateFixture state;
        auto reader = state.open(StoreMode::read_only);

        const auto refused = state.commit(*reader, put_batch(1));

        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::busy);
        CHECK_FALSE(std::filesystem::exists(state.file));
    }

    TEST_CASE("a long reader does not hold up the writer")
    {
        StateFixture state;
        auto writer = state.open();
        REQUIRE(state.commit(*writer, put_batch(0)));
        auto reader = state.open(StoreMode::read_only);

        // More pages than a checkpoint waits for.
        for (int i = 1; i <= 300; ++i)
            REQUIRE(state.commit(*writer, put_batch(i)));

        CHECK(records_of(*reader).size() == 1);
        CHECK(records_of(*writer).size() == 301);
    }

    TEST_CASE("a path with signs that mean something in a URI is a path like any other")
    {
        StateFixture state;
        state.file = state.directory / "a?mode=memory#%41&b.db";
        state.fill(2);
        CHECK(records_of(*state.open(StoreMode::read_only)).size() == 2);
        CHECK(std::filesystem::exists(state.file));
    }

    TEST_CASE("a directory that is reached by a symbolic link is fine")
    {
        StateFixture state;
        std::filesystem::create_directory(state.directory / "private");
        std::filesystem::create_directory_symlink(state.directory / "private",
                                                  state.directory / "link");
        state.file = state.directory / "link/state.db";
        state.fill(2);
        CHECK(records_of(*state.open(StoreMode::read_only)).size() == 2);
    }

    TEST_CASE("a backup is the whole state, taken beside a writer, and never overwrites")
    {
        StateFixture state;
        auto writer = state.open();
        for (int i = 0; i < 3; ++i)
            REQUIRE(state.commit(*writer, put_batch(i)));
        const std::filesystem::path backup = state.directory / "backup.db";

        REQUIRE(backup_state(state.file, backup));

        CHECK(backup_state(state.file, backup).error().code == Errc::conflict);
        writer.reset();
        state.file = backup;
        CHECK(records_of(*state.open(StoreMode::read_only)).size() == 3);
        CHECK(records_of(*state.open()).size() == 3);
        CHECK(backup_state(state.directory / "none.db", state.directory / "b.db").error().code ==
              Errc::not_found);
        CHECK_FALSE(std::filesystem::exists(state.directory / "b.db"));
    }
}

} // namespace

} // namespace trueup
