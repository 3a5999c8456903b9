#include "tests/support/faulty_disk.hpp"
#include "tests/unit/state/store/store_fixture.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <random>

namespace trueup {

namespace {

Batch lazy_batch(int i)
{
    Batch batch = put_batch(i);
    batch.must_be_durable = false;
    return batch;
}

// Commits record after record and writes each number to `pipe` once its commit was acknowledged.
Task<void> commit_for_ever(Store& store, int worker, int pipe)
{
    for (int i = 0;; ++i) {
        const int number = worker * 100'000 + i;
        Batch batch = put_batch(number);
        batch.audit.push_back(make_audit(number));
        auto stored = co_await store.commit(std::move(batch));
        if (!stored || ::write(pipe, &number, sizeof number) != sizeof number)
            ::_exit(1);
    }
}

[[noreturn]] void commit_until_killed(const std::filesystem::path& file, SyncMode sync, int pipe)
{
    boost::asio::io_context context;
    auto store = open_sqlite_store(context, file, StoreMode::writer, sync);
    if (!store)
        ::_exit(2);
    constexpr int workers = 3;
    for (int worker = 0; worker < workers; ++worker)
        boost::asio::co_spawn(context.get_executor(),
                              commit_for_ever(**store, worker, pipe),
                              [](const std::exception_ptr&) { ::_exit(3); });
    context.run();
    ::_exit(4);
}

// What the child had been told is stored by the time it was killed, after `wanted` of them.
std::vector<int> acknowledged_before_kill(StateFixture& state, SyncMode sync, std::size_t wanted)
{
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    if (child == 0)
        commit_until_killed(state.file, sync, pipe[1]);
    ::close(pipe[1]);
    std::vector<int> acknowledged;
    int number = 0;
    while (::read(pipe[0], &number, sizeof number) == sizeof number) {
        acknowledged.push_back(number);
        if (acknowledged.size() == wanted)
            ::kill(child, SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(pipe[0]);
    CHECK(WIFSIGNALED(status));
    return acknowledged;
}

TEST_SUITE("state: crashes")
{
    TEST_CASE("kill -9 at any moment loses nothing that was acknowledged")
    {
        std::mt19937 random(7);
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            for (int round = 0; round < 12; ++round) {
                StateFixture state;
                const std::size_t wanted = 1 + random() % 60;
                const auto acknowledged = acknowledged_before_kill(state, sync, wanted);
                CHECK(acknowledged.size() >= wanted);

                auto store = state.open();

                for (const int number : acknowledged) {
                    const auto found = store->record(make_record(number).address);
                    REQUIRE(found);
                    REQUIRE(found->has_value());
                    check_same(**found, make_record(number));
                }
                // Each batch is there whole: a record and a line of the audit.
                const auto lines = store->audit(1'000'000);
                REQUIRE(lines);
                CHECK(lines->size() == records_of(*store).size());
                store.reset();
                CHECK(verify_audit(state.file));
            }
        }
    }

    TEST_CASE("kill -9 again and again on one state, which is opened each time")
    {
        StateFixture state;
        std::size_t known = 0;
        for (int round = 0; round < 10; ++round) {
            acknowledged_before_kill(state, SyncMode::worker, 5);
            const auto records = records_of(*state.open(StoreMode::read_only));
            CHECK(records.size() >= known);
            known = records.size();
        }
        CHECK(known >= 5);
    }

    TEST_CASE("a power cut loses nothing that was acknowledged, and tears nothing")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            for (int stored = 0; stored < 20; ++stored) {
                CAPTURE(stored);
                StateFixture state;
                state.fill(
                    1); // made while the disk is well: rename and directory are not simulated
                FaultyDisk disk;
                {
                    auto store = state.open(StoreMode::writer, sync);
                    for (int i = 0; i < stored; ++i)
                        REQUIRE(state.commit(*store, put_batch(100 + i)));
                    REQUIRE(state.commit(*store, lazy_batch(500)));
                    disk.cut_power();
                }
                disk.restart();

                const auto records = records_of(*state.open());

                CHECK(records.size() == static_cast<std::size_t>(stored) + 1);
            }
        }
    }

    TEST_CASE("each transaction that must be durable is synced before it is acknowledged")
    {
        StateFixture state;
        state.fill(1);
        const FaultyDisk disk;
        auto store = state.open();
        REQUIRE(
            state.commit(*store, put_batch(1))); // the first one syncs the journal's header as well
        const std::uint64_t before = disk.journal_syncs();

        for (int i = 0; i < 10; ++i)
            REQUIRE(state.commit(*store, put_batch(10 + i)));

        CHECK(disk.journal_syncs() == before + 10);
    }

    TEST_CASE("after a failed sync nothing more is stored until the state is opened again")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            state.fill(1);
            FaultyDisk disk;
            auto store = state.open(StoreMode::writer, sync);
            REQUIRE(state.commit(*store, put_batch(1)));
            disk.fail_syncs(true);
            const auto failed = state.commit(*store, put_batch(2));
            disk.fail_syncs(false);

            const auto refused = state.commit(*store, put_batch(3));

            REQUIRE_FALSE(failed);
            CHECK(failed.error().code == Errc::store_failed);
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code == Errc::store_failed);
            CHECK(refused.error().text().find("until it is opened again") != std::string::npos);
            CHECK(records_of(*store).size() == 2);
            store.reset();
            store = state.open(StoreMode::writer, sync);
            CHECK(store->record(make_record(1).address)->has_value());
            CHECK_FALSE(store->record(make_record(3).address)->has_value());
            CHECK(state.commit(*store, put_batch(4)));
        }
    }

    TEST_CASE("a full disk fails the commit and loses nothing; with room again, it goes on")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            state.fill(1);
            FaultyDisk disk;
            auto store = state.open(StoreMode::writer, sync);
            REQUIRE(state.commit(*store, put_batch(1)));
            disk.be_full(true);

            const auto failed = state.commit(*store, put_batch(2));

            REQUIRE_FALSE(failed);
            CHECK(failed.error().code == Errc::store_failed);
            CHECK(failed.error().text().find("the disk is full") != std::string::npos);
            CHECK(records_of(*store).size() == 2);
            disk.be_full(false);
            CHECK(state.commit(*store, put_batch(3)));
            CHECK(records_of(*store).size() == 3);
        }
    }

    TEST_CASE("when a batch that had returned cannot be stored, the store takes no more")
    {
        StateFixture state;
        state.fill(1);
        FaultyDisk disk;
        auto store = state.open();
        REQUIRE(state.commit(*store, lazy_batch(1)));
        disk.be_full(true);
        REQUIRE_FALSE(state.commit(*store, put_batch(2)));
        disk.be_full(false);

        CHECK_FALSE(state.commit(*store, put_batch(3)));
        CHECK_FALSE(state.commit(*store, lazy_batch(4)));

        // What is on the disk is not what was said to be: nobody shall act on it.
        const auto records = store->records();
        REQUIRE_FALSE(records);
        CHECK(records.error().code == Errc::store_failed);
        CHECK_FALSE(store->open_intents());
        store.reset();
        CHECK(records_of(*state.open()).size() == 1);
    }

    TEST_CASE("a store that takes no more is opened again, and knows what the disk kept")
    {
        for (const SyncMode sync : sync_modes) {
            CAPTURE(mode_name(sync));
            StateFixture state;
            state.fill(1);
            FaultyDisk disk;
            auto store = state.open(StoreMode::writer, sync);
            REQUIRE(state.commit(*store, put_batch(1)));
            const auto nothing = store->mend();
            REQUIRE(nothing);
            CHECK_FALSE(*nothing);
            REQUIRE(state.commit(*store, lazy_batch(2)));
            disk.be_full(true);
            REQUIRE_FALSE(state.commit(*store, put_batch(3)));
            REQUIRE_FALSE(store->records());
            disk.be_full(false);

            const auto mended = store->mend();

            REQUIRE_MESSAGE(mended, mended.error().text());
            CHECK(*mended);
            CHECK(records_of(*store).size() == 2);
            CHECK(state.commit(*store, put_batch(4)));
            CHECK(records_of(*store).size() == 3);
            // It is still the one writer.
            boost::asio::io_context context;
            const auto second = open_sqlite_store(context, state.file, StoreMode::writer, sync);
            REQUIRE_FALSE(second);
            CHECK(second.error().code == Errc::busy);
        }
    }

    TEST_CASE("a read that fails is told as a failing disk, never as a damaged state")
    {
        StateFixture state;
        state.fill(3);
        {
            // Values that fill pages of their own, and pages that are free again.
            auto store = state.open();
            Batch long_ones;
            for (int i = 0; i < 6; ++i) {
                long_ones.put.push_back(make_record(10 + i));
                long_ones.put.back().last_applied =
                    Value(Map{{"text", Value(std::string(30'000, 'x'))}});
            }
            REQUIRE(state.commit(*store, std::move(long_ones)));
            Batch shorter;
            for (int i = 3; i < 6; ++i)
                shorter.forget.push_back(make_record(10 + i).address);
            REQUIRE(state.commit(*store, std::move(shorter)));
        }
        FaultyDisk disk;
        std::size_t failed = 0;
        bool sound = false;
        for (std::uint64_t nth = 1; nth < 1000 && !sound; ++nth) {
            CAPTURE(nth);
            disk.fail_read(nth);
            boost::asio::io_context context;
            auto store =
                open_sqlite_store(context, state.file, StoreMode::writer, SyncMode::inline_);
            Result<std::vector<Record>> records =
                store ? (*store)->records() : Result<std::vector<Record>>(store.error());
            disk.fail_read(0);
            if (!records) {
                ++failed;
                CHECK(records.error().code == Errc::store_failed);
                CHECK_MESSAGE(records.error().text().find("disk") != std::string::npos,
                              records.error().text());
                CHECK(records.error().text().find("damaged") == std::string::npos);
            } else {
                CHECK(records->size() == 6);
                sound = failed != 0 && nth > 100;
            }
        }
        CHECK(failed > 5);
        CHECK(sound);
    }

    TEST_CASE("what is no state any more is not opened again as an empty one")
    {
        StateFixture state;
        state.fill(1);
        FaultyDisk disk;
        auto store = state.open(StoreMode::writer, SyncMode::inline_);
        REQUIRE(state.commit(*store, lazy_batch(2)));
        disk.be_full(true);
        REQUIRE_FALSE(state.commit(*store, put_batch(3)));
        disk.be_full(false);
        const std::filesystem::path kept = state.file.string() + ".kept";
        std::filesystem::rename(state.file, kept);

        REQUIRE_FALSE(store->mend());
        std::ofstream(state.file).close();
        REQUIRE_FALSE(store->mend());
        REQUIRE_FALSE(store->records());
        CHECK_FALSE(state.commit(*store, put_batch(4)));

        std::filesystem::remove(state.file);
        std::filesystem::rename(kept, state.file);
        const auto mended = store->mend();
        REQUIRE_MESSAGE(mended, mended.error().text());
        CHECK(records_of(*store).size() == 1);
    }

    TEST_CASE("a file that may not grow fails the commit, and what is there stays readable")
    {
        StateFixture state;
        state.fill(1);
        const pid_t child = ::fork();
        if (child == 0) {
            ::signal(SIGXFSZ, SIG_IGN);
            rlimit limit{256 * 1024, 256 * 1024};
            ::setrlimit(RLIMIT_FSIZE, &limit);
            boost::asio::io_context context;
            auto store =
                open_sqlite_store(context, state.file, StoreMode::writer, SyncMode::inline_);
            if (!store)
                ::_exit(10);
            bool failed = false;
            for (int i = 0; i < 2000 && !failed; ++i) {
                Commits commits(context);
                commits.start(**store, put_batch(100 + i));
                commits.finish();
                failed = !commits.result(0);
            }
            const auto records = (*store)->records();
            ::_exit(failed && records && records->size() > 1 ? 0 : 11);
        }
        int status = 0;
        ::waitpid(child, &status, 0);

        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
        CHECK(records_of(*state.open()).size() > 1);
    }
}

} // namespace

} // namespace trueup
