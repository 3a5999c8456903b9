// What the tests of the store share: a loop, a file, and things to put into it.

#pragma once

#include "state/store/sqlite_store.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <SQLiteCpp/SQLiteCpp.h>

#include <exception>
#include <fstream>
#include <iterator>

namespace trueup {

inline constexpr SyncMode sync_modes[] = {SyncMode::inline_, SyncMode::worker};

inline std::string mode_name(SyncMode sync)
{
    return sync == SyncMode::worker ? "worker" : "inline";
}

// "0007": names that sort as their numbers do.
inline std::string padded(int i)
{
    const std::string digits = std::to_string(i);
    return std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

inline Record make_record(int i)
{
    Record record;
    record.address = "Thing/team-a/r" + padded(i);
    record.kind = "Thing";
    record.scope_uid = "project-1";
    record.uid = "uid-" + std::to_string(i);
    record.last_applied = Value(Map{{"metadata", Map{{"name", "r" + padded(i)}}},
                                    {"spec", Map{{"size", i}, {"ratio", Decimal("1.50")}}}});
    record.depends_on = {"Project/tenant/team-a"};
    record.updated_at = "2026-03-01T12:00:00.000Z";
    return record;
}

inline Intent make_intent(int i)
{
    Intent intent;
    intent.id = "intent-" + padded(i);
    intent.address = "Thing/team-a/r" + padded(i);
    intent.verb = "create";
    intent.route = "POST /v1/things";
    intent.scope_uid = "project-1";
    intent.desired = Map{{"spec", Map{{"size", i}}}};
    intent.plan_id = "plan-1";
    intent.opened_at = "2026-03-01T12:00:00.000Z";
    return intent;
}

inline AuditRecord make_audit(int i)
{
    AuditRecord record;
    record.at = "2026-03-01T12:00:00.000Z";
    record.address = "Thing/team-a/r" + padded(i);
    record.verb = "create";
    record.route = "POST /v1/things";
    record.outcome = "done";
    record.status = 201;
    record.plan_id = "plan-1";
    return record;
}

inline Batch put_batch(int i)
{
    Batch batch;
    batch.put.push_back(make_record(i));
    return batch;
}

inline void check_same(const Record& actual, const Record& expected)
{
    CHECK(actual.address == expected.address);
    CHECK(actual.kind == expected.kind);
    CHECK(actual.scope_uid == expected.scope_uid);
    CHECK(actual.uid == expected.uid);
    CHECK(actual.last_applied == expected.last_applied);
    CHECK(actual.prevent_destroy == expected.prevent_destroy);
    CHECK(actual.abandon == expected.abandon);
    CHECK(actual.depends_on == expected.depends_on);
    CHECK(actual.waiting == expected.waiting);
    CHECK(actual.waiting_since == expected.waiting_since);
    CHECK(actual.updated_at == expected.updated_at);
}

inline std::string bytes_of(const std::filesystem::path& file)
{
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes)
{
    std::ofstream(file, std::ios::binary) << bytes;
}

inline std::vector<std::string> names_in(const std::filesystem::path& directory)
{
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

// Commits that were started together, and what became of each.
class Commits {
public:
    explicit Commits(boost::asio::io_context& context) : context_(context) {}

    // Starts one; it runs when the loop does.
    void start(Store& store, Batch batch)
    {
        results_.emplace_back();
        const std::size_t slot = results_.size() - 1;
        boost::asio::co_spawn(context_.get_executor(),
                              store.commit(std::move(batch)),
                              [this, slot](const std::exception_ptr& thrown, Result<void> result) {
                                  CHECK(thrown == nullptr);
                                  results_[slot] = std::move(result);
                                  order_.push_back(slot);
                              });
    }

    // Runs the loop until nothing is left to do.
    void finish()
    {
        context_.restart();
        context_.run();
    }

    std::size_t started() const { return results_.size(); }
    bool finished(std::size_t slot) const { return results_[slot].has_value(); }
    // Only for a commit that has finished.
    const Result<void>& result(std::size_t slot) const { return *results_[slot]; }
    const std::vector<std::size_t>& order() const { return order_; }

private:
    boost::asio::io_context& context_;
    std::vector<std::optional<Result<void>>> results_;
    std::vector<std::size_t> order_;
};

// A state in a directory of its own.
class StateFixture {
public:
    StateFixture() : file(directory / "state.db") {}

    std::unique_ptr<Store> open(StoreMode mode = StoreMode::writer,
                                SyncMode sync = SyncMode::inline_)
    {
        auto store = open_sqlite_store(context, file, mode, sync);
        if (!store)
            FAIL(store.error().text());
        return std::move(*store);
    }

    Error open_error(StoreMode mode = StoreMode::writer)
    {
        auto store = open_sqlite_store(context, file, mode, SyncMode::inline_);
        if (!store)
            return store.error();
        FAIL("the state was opened");
        return {Errc::internal, ""};
    }

    Result<void> commit(Store& store, Batch batch)
    {
        Commits commits(context);
        commits.start(store, std::move(batch));
        commits.finish();
        REQUIRE(commits.finished(0));
        return commits.result(0);
    }

    // A state with `count` records, closed.
    void fill(int count, bool with_audit = true)
    {
        auto store = open();
        Batch batch;
        for (int i = 0; i < count; ++i) {
            batch.put.push_back(make_record(i));
            if (with_audit)
                batch.audit.push_back(make_audit(i));
        }
        const auto stored = commit(*store, std::move(batch));
        REQUIRE(stored);
    }

    // Makes the state one that an older trueup wrote; its audit must be empty.
    void go_back_to_schema(int version)
    {
        SQLite::Database old(file.string(), SQLite::OPEN_READWRITE);
        for (const char* column : {"revision", "attempt", "latency_ms", "error"})
            old.exec(std::string("ALTER TABLE audit DROP COLUMN ") + column);
        if (version < 2)
            old.exec("DROP TABLE memos");
        old.exec("PRAGMA user_version = " + std::to_string(version));
    }

    TempDir directory;
    boost::asio::io_context context;
    std::filesystem::path file;
};

// All records of `store`; the test fails when they cannot be read.
inline std::vector<Record> records_of(Store& store)
{
    auto records = store.records();
    if (!records)
        FAIL(records.error().text());
    return std::move(*records);
}

} // namespace trueup
