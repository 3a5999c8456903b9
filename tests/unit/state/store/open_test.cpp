#include "tests/unit/state/store/store_fixture.hpp"

#include <fcntl.h>
#include <signal.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

namespace trueup {

namespace {

mode_t mode_of(const std::filesystem::path& file)
{
    struct stat status {};
    REQUIRE(::lstat(file.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

bool says(const Error& error, const std::string& words)
{
    return error.text().find(words) != std::string::npos;
}

// Neither kind of opening may take it for a state, or touch it.
void check_refused(StateFixture& state, Errc code, const std::string& words)
{
    const std::vector<std::string> before = names_in(state.file.parent_path());
    for (const StoreMode mode : {StoreMode::writer, StoreMode::read_only}) {
        const Error error = state.open_error(mode);
        CAPTURE(error.text());
        CHECK(error.code == code);
        CHECK(error.place == state.file.string());
        CHECK(says(error, words));
        CHECK_FALSE(error.advice.empty());
    }
    CHECK(names_in(state.file.parent_path()) == before);
}

TEST_SUITE("state: opening")
{
    TEST_CASE("a new state is private, in private directories, and leaves nothing else behind")
    {
        StateFixture state;
        state.file = state.directory / "deep/.trueup/state.db";
        const mode_t mask = ::umask(0);
        {
            auto store = state.open();
            REQUIRE(state.commit(*store, put_batch(1)));
            CHECK(mode_of(state.file.string() + "-wal") == 0600);
            CHECK(mode_of(state.file.string() + "-shm") == 0600);
        }
        ::umask(mask);

        CHECK(mode_of(state.file) == 0600);
        CHECK(mode_of(state.file.string() + ".lock") == 0600);
        CHECK(mode_of(state.directory / "deep") == 0700);
        CHECK(mode_of(state.directory / "deep/.trueup") == 0700);
        CHECK(names_in(state.file.parent_path()) ==
              std::vector<std::string>{"state.db", "state.db.lock"});
    }

    TEST_CASE("where there is no state, reading sees an empty one and makes nothing")
    {
        StateFixture state;
        state.file = state.directory / "missing/state.db";
        auto store = state.open(StoreMode::read_only);

        CHECK(records_of(*store).empty());
        CHECK(store->binding()->has_value() == false);
        CHECK(store->open_intents()->empty());
        CHECK(store->audit(10)->empty());
        CHECK(store->record("Thing/tenant/x")->has_value() == false);
        CHECK(names_in(state.directory.path()).empty());
    }

    TEST_CASE("a second writer is refused at once and told who the first is")
    {
        StateFixture state;
        auto first = state.open();

        const Error error = state.open_error();

        CHECK(error.code == Errc::busy);
        CHECK(says(error, "process " + std::to_string(::getpid()) + " "));
        CHECK(says(error, "plan, state list and explain work beside it"));
        first.reset();
        CHECK(state.open() != nullptr);
    }

    TEST_CASE("the lock of a writer that was killed is free")
    {
        StateFixture state;
        int ready[2];
        REQUIRE(::pipe(ready) == 0);
        const pid_t child = ::fork();
        if (child == 0) {
            boost::asio::io_context context;
            auto store =
                open_sqlite_store(context, state.file, StoreMode::writer, SyncMode::inline_);
            const char answer = store ? 'y' : 'n';
            (void)!::write(ready[1], &answer, 1);
            ::pause();
            ::_exit(0);
        }
        char answer = 0;
        REQUIRE(::read(ready[0], &answer, 1) == 1);
        REQUIRE(answer == 'y');
        const Error held = state.open_error();
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        ::close(ready[0]);
        ::close(ready[1]);

        CHECK(held.code == Errc::busy);
        CHECK(says(held, "process " + std::to_string(child) + " "));
        CHECK(state.open() != nullptr);
    }

    TEST_CASE("an empty file is no state, and not the absence of one")
    {
        StateFixture state;
        write_bytes(state.file, "");
        ::chmod(state.file.c_str(), 0600);
        check_refused(state, Errc::store_failed, "an empty file");
    }

    TEST_CASE("text, another program's database and a newer schema are refused by name")
    {
        StateFixture state;
        write_bytes(state.file, std::string(5000, 'x'));
        ::chmod(state.file.c_str(), 0600);
        check_refused(state, Errc::invalid_input, "not a state of trueup");

        std::filesystem::remove(state.file);
        {
            SQLite::Database foreign(state.file.string(),
                                     SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
            foreign.exec("CREATE TABLE t (a)");
        }
        ::chmod(state.file.c_str(), 0600);
        check_refused(state, Errc::invalid_input, "an SQLite database that is not a state");

        std::filesystem::remove(state.file);
        state.fill(1);
        {
            SQLite::Database newer(state.file.string(), SQLite::OPEN_READWRITE);
            newer.exec("PRAGMA user_version = 7");
        }
        check_refused(state, Errc::invalid_input, "newer trueup (schema 7; this one knows 3)");
    }

    TEST_CASE("what is not a regular file is refused by its kind")
    {
        StateFixture state;
        state.fill(1);
        const std::filesystem::path real = state.directory / "real.db";
        std::filesystem::rename(state.file, real);

        std::filesystem::create_symlink(real, state.file);
        check_refused(state, Errc::invalid_input, "a symbolic link");
        std::filesystem::remove(state.file);

        std::filesystem::create_directory(state.file);
        check_refused(state, Errc::invalid_input, "a directory");
        std::filesystem::remove(state.file);

        REQUIRE(::mkfifo(state.file.c_str(), 0600) == 0);
        check_refused(state, Errc::invalid_input, "a FIFO");
        std::filesystem::remove(state.file);

        std::filesystem::rename(real, state.file);
        std::filesystem::create_symlink("/dev/null", state.file.string() + "-wal");
        const Error error = state.open_error();
        CHECK(error.code == Errc::invalid_input);
        CHECK(says(error, "a symbolic link in place of its journal"));
    }

    TEST_CASE("a state that others can read, or that another user owns, is refused")
    {
        StateFixture state;
        state.fill(1);
        ::chmod(state.file.c_str(), 0640);
        check_refused(state, Errc::store_failed, "chmod 600 " + state.file.string());
        ::chmod(state.file.c_str(), 0600);

        if (::geteuid() != 0)
            return;
        REQUIRE(::chown(state.file.c_str(), 65534, 65534) == 0);
        const Error error = state.open_error();
        CHECK(error.code == Errc::store_failed);
        CHECK(says(error, "belongs to user 65534, and this is user 0"));
        CHECK(records_of(*state.open(StoreMode::read_only)).size() == 1);
    }

    TEST_CASE("a journal without its state is damage, not a fresh start")
    {
        StateFixture state;
        write_bytes(state.file.string() + "-wal", "left over");
        for (const StoreMode mode : {StoreMode::writer, StoreMode::read_only}) {
            const Error error = state.open_error(mode);
            CHECK(error.code == Errc::store_failed);
            CHECK(says(error, "missing, but its journal (-wal) is there"));
        }
    }

    TEST_CASE("a state from before the first schema is brought up to date")
    {
        StateFixture state;
        {
            SQLite::Database old(state.file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
            old.exec("PRAGMA application_id = 1414681936"); // "TRUP"
        }
        ::chmod(state.file.c_str(), 0600);
        CHECK(records_of(*state.open(StoreMode::read_only)).empty());

        state.fill(2);

        SQLite::Database now(state.file.string(), SQLite::OPEN_READONLY);
        CHECK(now.execAndGet("PRAGMA user_version").getInt() == 3);
        CHECK(records_of(*state.open(StoreMode::read_only)).size() == 2);
    }

    TEST_CASE("a state that lost its version is not migrated over its own tables")
    {
        StateFixture state;
        state.fill(2);
        {
            SQLite::Database damaged(state.file.string(), SQLite::OPEN_READWRITE);
            damaged.exec("PRAGMA user_version = 0");
        }
        for (const StoreMode mode : {StoreMode::writer, StoreMode::read_only})
            CHECK(state.open_error(mode).code == Errc::store_failed);
    }

    TEST_CASE("a state made where a crash left half of one is complete")
    {
        StateFixture state;
        write_bytes(state.file.string() + ".new", "half");
        write_bytes(state.file.string() + ".new-wal", "half");

        state.fill(1);

        CHECK(records_of(*state.open()).size() == 1);
        CHECK_FALSE(std::filesystem::exists(state.file.string() + ".new"));
    }
}

} // namespace

} // namespace trueup
