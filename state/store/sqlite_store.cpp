#include "state/store/sqlite_store.hpp"

#include "state/model/mutation.hpp"
#include "state/store/commit_queue.hpp"
#include "state/store/schema.hpp"
#include "state/store/snapshot.hpp"
#include "state/store/tables.hpp"
#include "state/store/writer_lock.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace trueup {

namespace {

namespace fs = std::filesystem;

// The one writer. Two connections: commits run on the first, perhaps on another thread, while the
// loop reads what is committed through the second.
class WritingStore final : public Store {
public:
    // `checked` writes to `file`.
    WritingStore(boost::asio::io_context& context,
                 fs::path file,
                 std::shared_ptr<void> lock,
                 SQLite::Database checked,
                 SyncMode sync,
                 bool is_simulated = false)
        : context_(context),
          file_(std::move(file)),
          lock_(std::move(lock)),
          sync_(sync),
          is_simulated_(is_simulated),
          open_(std::make_unique<Opened>(context_, file_, std::move(checked), sync_))
    {
    }

    Result<std::optional<Binding>> binding() override
    {
        return read([](TableReader& reader) { return reader.binding(); });
    }
    Result<std::vector<Record>> records() override
    {
        return read([](TableReader& reader) { return reader.records(); });
    }
    Result<std::vector<Record>> records_beside(const KnownTree& known) override
    {
        auto records = read([&](TableReader& reader) { return reader.records_beside(known); });
        // The pages of a whole table are not worth keeping until the next round.
        if (open_)
            sqlite3_db_release_memory(open_->committed.getHandle());
        return records;
    }
    Result<std::optional<Record>> record(const std::string& address) override
    {
        return read([&](TableReader& reader) { return reader.record(address); });
    }
    Result<std::vector<Intent>> open_intents() override
    {
        return read([](TableReader& reader) { return reader.open_intents(); });
    }
    Result<std::vector<AuditRecord>> audit(std::size_t newest_max) override
    {
        return read([&](TableReader& reader) { return reader.audit(newest_max); });
    }
    Result<std::vector<Memo>> memos() override
    {
        return read([](TableReader& reader) { return reader.memos(); });
    }
    Task<Result<void>> commit(Batch batch) override
    {
        if (!open_)
            return refuse(not_open());
        return open_->queue.commit(std::move(batch));
    }
    Result<bool> mend() override;
    StoreCounters counters() const override
    {
        return open_ ? open_->queue.counters() : StoreCounters();
    }

private:
    // All that ends when it is opened again; the lock stays.
    struct Opened {
        Opened(boost::asio::io_context& context,
               const fs::path& state,
               SQLite::Database checked,
               SyncMode sync)
            : file(state),
              database(std::move(checked)),
              writer(database),
              committed(connect(file, Connect::read)),
              reader(committed, file),
              queue(context, sync, [this](const std::vector<Batch>& batches) {
                  return store(batches);
              })
        {
        }

        CommitOutcome store(const std::vector<Batch>& batches);

        const fs::path& file;
        SQLite::Database database;
        TableWriter writer;
        SQLite::Database committed;
        TableReader reader;
        CommitQueue queue; // the first to go: it stores what still waits
    };

    template <class Body>
    auto read(Body&& body) -> decltype(body(std::declval<TableReader&>()))
    {
        if (!open_)
            return not_open();
        open_->queue.settle();
        // What is on the disk is not what the caller was told.
        if (open_->queue.lost())
            return *open_->queue.lost();
        return guarded(file_, [&] { return body(open_->reader); });
    }

    Result<Check> check_file() const;
    Error not_open() const
    {
        return {Errc::store_failed, "the state could not be opened again", file_.string()};
    }
    static Task<Result<void>> refuse(Error why) { co_return why; }

    boost::asio::io_context& context_;
    fs::path file_;
    std::shared_ptr<void> lock_;
    SyncMode sync_;
    bool is_simulated_;            // there is no file to look at
    std::unique_ptr<Opened> open_; // null when opening it again has failed
};

CommitOutcome WritingStore::Opened::store(const std::vector<Batch>& batches)
{
    CommitOutcome outcome;
    try {
        writer.store(batches);
    } catch (const SQLite::Exception& exception) {
        outcome.error = sqlite_error(file, exception);
        // A commit fails for reasons of the store, whatever SQLite calls them.
        outcome.error->code = Errc::store_failed;
        outcome.fatal = is_fatal(exception);
    } catch (const std::exception&) {
        outcome.error = Error(Errc::store_failed, "no memory left for the state", file.string());
    }
    // After a failed sync nobody knows what is on the disk: whoever opens it next reads the journal
    // as it is.
    if (outcome.fatal)
        sqlite3_db_config(
            database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, static_cast<int*>(nullptr));
    return outcome;
}

// One moment of a state, or an empty one where there is none.
class ReadingStore final : public Store {
public:
    ReadingStore(fs::path file, std::optional<SQLite::Database> snapshot)
        : file_(std::move(file)), database_(std::move(snapshot))
    {
        if (database_)
            reader_.emplace(*database_, file_);
    }

    Result<std::optional<Binding>> binding() override
    {
        return read<std::optional<Binding>>([this] { return reader_->binding(); });
    }
    Result<std::vector<Record>> records() override
    {
        return read<std::vector<Record>>([this] { return reader_->records(); });
    }
    Result<std::vector<Record>> records_beside(const KnownTree& known) override
    {
        return read<std::vector<Record>>([&] { return reader_->records_beside(known); });
    }
    Result<std::optional<Record>> record(const std::string& address) override
    {
        return read<std::optional<Record>>([&] { return reader_->record(address); });
    }
    Result<std::vector<Intent>> open_intents() override
    {
        return read<std::vector<Intent>>([this] { return reader_->open_intents(); });
    }
    Result<std::vector<AuditRecord>> audit(std::size_t newest_max) override
    {
        return read<std::vector<AuditRecord>>([&] { return reader_->audit(newest_max); });
    }
    Result<std::vector<Memo>> memos() override
    {
        return read<std::vector<Memo>>([this] { return reader_->memos(); });
    }
    Task<Result<void>> commit(Batch) override
    {
        co_return Error(Errc::busy, "the state was opened for reading only", file_.string());
    }

private:
    template <class T, class Body>
    Result<T> read(Body&& body)
    {
        if (!reader_)
            return T{};
        return guarded(file_, body);
    }

    fs::path file_;
    std::optional<SQLite::Database> database_;
    std::optional<TableReader> reader_;
};

// A connection to a state that is sound and of our schema.
Result<SQLite::Database> connect_checked(const fs::path& file, Check check)
{
    SQLite::Database database = connect(file, Connect::write);
    if (auto sound = check_integrity(database, file, check); !sound)
        return sound.error();
    if (auto migrated = migrate(database, file); !migrated)
        return migrated.error();
    return database;
}

Error no_thread(const fs::path& file)
{
    return {Errc::store_failed, "there is no thread to be had for the state", file.string()};
}

// What stands there may be another file by now, or none: one that could not be opened by a start
// cannot be opened again either.
Result<Check> WritingStore::check_file() const
{
    const auto head = inspect_state(file_, Access::write);
    if (!head)
        return head.error();
    if (!*head)
        return damaged_state(file_, "the state is gone");
    return check_for((*head)->size_bytes);
}

Result<bool> WritingStore::mend()
{
    if (open_ && !open_->queue.refuses())
        return false;
    open_.reset();
    try {
        return guarded(file_, [&]() -> Result<bool> {
            const auto check = is_simulated_ ? Result<Check>(Check::full) : check_file();
            if (!check)
                return check.error();
            auto checked = connect_checked(file_, *check);
            if (!checked)
                return checked.error();
            open_ = std::make_unique<Opened>(context_, file_, std::move(*checked), sync_);
            return true;
        });
    } catch (const std::system_error&) {
        return no_thread(file_);
    }
}

// Checks what is there, makes what is missing.
Result<SQLite::Database> prepare_state(const fs::path& file)
{
    auto head = inspect_state(file, Access::write);
    if (!head)
        return head.error();
    if (*head)
        return connect_checked(file, check_for((*head)->size_bytes));
    if (auto created = create_state(file); !created)
        return created.error();
    return connect(file, Connect::write);
}

Result<std::shared_ptr<void>> lock_by_kernel(const fs::path& file)
{
    auto lock = WriterLock::acquire(file);
    if (!lock)
        return lock.error();
    return std::shared_ptr<void>(std::make_shared<WriterLock>(std::move(*lock)));
}

Result<std::shared_ptr<void>> become_the_writer(const fs::path& file, const LockState& lock)
{
    if (mutated(Mutation::no_writer_lock))
        return std::shared_ptr<void>();
    return lock(file);
}

Result<std::unique_ptr<Store>>
open_writing(boost::asio::io_context& context, const fs::path& file, SyncMode sync)
{
    // Looked at before the lock is taken as well, so that nothing is left beside what is not a
    // state.
    if (auto head = inspect_state(file, Access::write); !head)
        return head.error();
    if (auto made = make_private_directories(file.parent_path()); !made)
        return made.error();
    auto lock = become_the_writer(file, lock_by_kernel);
    if (!lock)
        return lock.error();
    auto prepared = guarded(file, [&] { return prepare_state(file); });
    if (!prepared)
        return prepared.error();
    try {
        return guarded(file, [&]() -> Result<std::unique_ptr<Store>> {
            return std::make_unique<WritingStore>(
                context, file, std::move(*lock), std::move(*prepared), sync);
        });
    } catch (const std::system_error&) {
        return no_thread(file);
    }
}

Result<std::unique_ptr<Store>> open_reading(const fs::path& file)
{
    auto snapshot = open_snapshot(file);
    if (!snapshot)
        return snapshot.error();
    return guarded(file, [&]() -> Result<std::unique_ptr<Store>> {
        return std::make_unique<ReadingStore>(file, std::move(*snapshot));
    });
}

bool is_there(const fs::path& file)
{
    struct stat status {};
    return ::lstat(file.c_str(), &status) == 0;
}

Result<SQLite::Database> snapshot_of_existing(const fs::path& file)
{
    auto snapshot = open_snapshot(file);
    if (!snapshot)
        return snapshot.error();
    if (!*snapshot)
        return Error{Errc::not_found, "there is no state", file.string(), "check --state"};
    return std::move(**snapshot);
}

} // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(boost::asio::io_context& context,
                                                 const fs::path& file,
                                                 StoreMode mode,
                                                 SyncMode sync)
{
    const fs::path resolved = resolve_state_path(file);
    return mode == StoreMode::writer ? open_writing(context, resolved, sync)
                                     : open_reading(resolved);
}

Result<std::unique_ptr<Store>>
open_simulated_store(boost::asio::io_context& context, const fs::path& file, const LockState& lock)
{
    auto locked = become_the_writer(file, lock);
    if (!locked)
        return locked.error();
    return guarded(file, [&]() -> Result<std::unique_ptr<Store>> {
        auto checked = connect_checked(file, Check::full);
        if (!checked)
            return checked.error();
        return std::make_unique<WritingStore>(
            context, file, std::move(*locked), std::move(*checked), SyncMode::inline_, true);
    });
}

Result<fs::path> set_aside(const fs::path& file)
{
    const fs::path state = resolve_state_path(file);
    if (!is_there(state))
        return Error{Errc::not_found, "there is no state to set aside", state.string()};
    auto lock = WriterLock::acquire(state);
    if (!lock)
        return lock.error();
    constexpr int names_max = 1000;
    for (int n = 1; n <= names_max; ++n) {
        const fs::path name = beside(state, ".corrupt-" + std::to_string(n));
        if (is_there(name) || is_there(beside(name, "-wal")) || is_there(beside(name, "-shm")))
            continue;
        // The state goes first: a journal that is left alone is noticed, a state without its
        // journal is not.
        for (const char* suffix : {"", "-wal", "-shm"})
            if (::rename(beside(state, suffix).c_str(), beside(name, suffix).c_str()) != 0 &&
                errno != ENOENT)
                return Error{Errc::store_failed,
                             "the state cannot be set aside: " + system_message(errno),
                             state.string()};
        if (auto synced = sync_directory(state.parent_path()); !synced)
            return synced.error();
        return name;
    }
    return Error{Errc::store_failed,
                 "there are too many states that were set aside",
                 state.string(),
                 "remove the old ones (*.corrupt-*)"};
}

Result<void> backup_state(const fs::path& file, const fs::path& target)
{
    const fs::path copy = resolve_state_path(target);
    auto source = snapshot_of_existing(resolve_state_path(file));
    if (!source)
        return source.error();
    const int fd = ::open(copy.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return Error{
            Errc::conflict, "the backup exists already", copy.string(), "name another file"};
    if (fd < 0)
        return Error{Errc::store_failed,
                     "the backup cannot be made: " + system_message(errno),
                     copy.string()};
    ::close(fd);
    auto written = guarded(copy, [&]() -> Result<void> {
        SQLite::Database database(copy.string(), SQLite::OPEN_READWRITE);
        copy_database(*source, database);
        return {};
    });
    if (!written) {
        ::unlink(copy.c_str());
        return written;
    }
    return sync_directory(copy.parent_path());
}

Result<std::uint64_t> verify_audit(const fs::path& file)
{
    const fs::path state = resolve_state_path(file);
    auto snapshot = snapshot_of_existing(state);
    if (!snapshot)
        return snapshot.error();
    return guarded(state, [&] { return TableReader(*snapshot, state).verify_audit(); });
}

} // namespace trueup
