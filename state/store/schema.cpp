#include "state/store/schema.hpp"

#include "state/model/mutation.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace trueup {

namespace {

namespace fs = std::filesystem;

// How long a connection waits for a lock that another process holds for a moment.
constexpr int busy_timeout_ms = 5000;

// Every row carries a sum over its fields, because a flipped bit inside a text breaks no structure.
// Every line of the audit carries a hash over itself and the line before.
constexpr const char* schema_1 = R"sql(
CREATE TABLE binding (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    endpoint TEXT NOT NULL,
    tenant_uid TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    sum TEXT NOT NULL
) STRICT;

CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    scope_uid TEXT NOT NULL,
    uid TEXT NOT NULL,
    last_applied TEXT NOT NULL,
    prevent_destroy TEXT NOT NULL CHECK (prevent_destroy IN ('0', '1')),
    abandon TEXT NOT NULL CHECK (abandon IN ('0', '1')),
    depends_on TEXT NOT NULL,
    waiting TEXT NOT NULL,
    waiting_since TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    sum TEXT NOT NULL
) STRICT;

CREATE TABLE intents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL,
    verb TEXT NOT NULL,
    route TEXT NOT NULL,
    scope_uid TEXT NOT NULL,
    uid TEXT NOT NULL,
    desired TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    prevent_destroy TEXT NOT NULL CHECK (prevent_destroy IN ('0', '1')),
    abandon TEXT NOT NULL CHECK (abandon IN ('0', '1')),
    depends_on TEXT NOT NULL,
    sum TEXT NOT NULL
) STRICT;

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    address TEXT NOT NULL,
    verb TEXT NOT NULL,
    route TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status TEXT NOT NULL,
    audit_uid TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
)sql";

constexpr const char* schema_2 = R"sql(
CREATE TABLE memos (
    seq INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    sum TEXT NOT NULL,
    UNIQUE (kind, key)
) STRICT;
)sql";

// A line from before this step has no attempt; its hash covers the columns that it was written
// with.
constexpr const char* schema_3 = R"sql(
ALTER TABLE audit ADD COLUMN revision TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN attempt TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN latency_ms TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN error TEXT NOT NULL DEFAULT '';
)sql";

// Step i leads from version i to version i + 1. Steps are only ever added.
constexpr std::array<const char*, state_schema_version> steps{schema_1, schema_2, schema_3};

std::int64_t number(SQLite::Database& database, const char* pragma)
{
    return database.execAndGet(pragma).getInt64();
}

// Makes the content of a file durable. Used before anyone else can have the file open.
Result<void> sync_file(const fs::path& file)
{
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    const int error_number = errno;
    if (fd >= 0)
        ::close(fd);
    if (!synced)
        return Error{Errc::store_failed,
                     "the new state cannot be synced: " + system_message(error_number),
                     file.string()};
    return {};
}

// The definitions of all tables, in one text.
std::string definitions(SQLite::Database& database)
{
    return database
        .execAndGet("SELECT coalesce(group_concat(sql, char(10)), '') FROM "
                    "(SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name)")
        .getString();
}

// The same of a new state of `version`: worked out once, as a process may open many states.
const std::string& definitions_of_schema(std::size_t version)
{
    static const auto texts = [] {
        std::array<std::string, steps.size() + 1> made;
        SQLite::Database reference(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        for (std::size_t step = 0; step < steps.size(); ++step) {
            made.at(step) = definitions(reference);
            reference.exec(steps.at(step));
        }
        made.back() = definitions(reference);
        return made;
    }();
    return texts.at(std::min(version, steps.size()));
}

// A flipped bit in a definition leaves a sound file with other rules, or none.
Result<void> check_definitions(SQLite::Database& database, const fs::path& file)
{
    const std::int64_t version = number(database, "PRAGMA user_version");
    const auto known = static_cast<std::size_t>(std::max<std::int64_t>(version, 0));
    if (definitions(database) != definitions_of_schema(known))
        return damaged_state(file, "the state is damaged: its tables are not those of its schema");
    return {};
}

Result<void> build_empty_state(const fs::path& file)
{
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE, busy_timeout_ms);
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA application_id = " + std::to_string(state_application_id));
    if (auto migrated = migrate(database, file); !migrated)
        return migrated;
    database.exec("PRAGMA journal_mode = WAL");
    return {};
}

// SQLite does not say why it could not open a file. What it had open is closed again by now, so it
// is asked whether there would be room for a lock and for two connections with their journals.
bool few_descriptors_left()
{
    constexpr std::size_t needed = 8;
    std::array<int, needed> opened{};
    std::size_t count = 0;
    while (count < needed && (opened.at(count) = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        ++count;
    const bool few = count < needed && (errno == EMFILE || errno == ENFILE);
    for (std::size_t i = 0; i < count; ++i)
        ::close(opened.at(i));
    return few;
}

} // namespace

bool is_fatal(const SQLite::Exception& exception)
{
    switch (exception.getErrorCode() & 0xFF) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return true;
    default:
        return false;
    }
}

Error sqlite_error(const fs::path& file, const SQLite::Exception& exception)
{
    const std::string said = exception.what();
    switch (exception.getErrorCode() & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: // our statements are right, so the tables that they name are not
        return damaged_state(file, "the state is damaged: " + said);
    case SQLITE_FULL:
        return {Errc::store_failed,
                "the disk is full: nothing of this was stored",
                file.string(),
                "make room; nothing that was stored before is lost"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {Errc::busy, "another process holds the state", file.string(), "try again"};
    case SQLITE_IOERR:
        return {Errc::store_failed,
                "the disk failed: " + said,
                file.string(),
                "check the disk and its quotas, then start again; what was being done is found out "
                "at the next start"};
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        if (few_descriptors_left())
            return {Errc::store_failed,
                    "the state cannot be opened: " + system_message(EMFILE),
                    file.string(),
                    "raise the limit of open files: ulimit -n shows it"};
        return {Errc::store_failed,
                "the state cannot be opened: " + said,
                file.string(),
                "the user that the state belongs to can open it"};
    default:
        return {Errc::store_failed, "the state cannot be used: " + said, file.string()};
    }
}

SQLite::Database connect(const fs::path& file, Connect how)
{
    if (how == Connect::immutable) {
        // Characters that mean something in a URI are escaped, all others are taken as they are.
        std::string uri = "file:";
        for (const char c : file.string()) {
            if (c == '%' || c == '?' || c == '#')
                uri += c == '%' ? "%25" : c == '?' ? "%3f" : "%23";
            else
                uri += c;
        }
        return {uri + "?immutable=1",
                SQLite::OPEN_READONLY | SQLite::OPEN_URI | SQLite::OPEN_NOFOLLOW};
    }
    const int mode = how == Connect::write ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY;
    SQLite::Database database(file.string(), mode | SQLite::OPEN_NOFOLLOW, busy_timeout_ms);
    database.exec(mutated(Mutation::no_sync) ? "PRAGMA synchronous = OFF"
                                             : "PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
    database.exec("PRAGMA trusted_schema = OFF");
    database.exec("PRAGMA cell_size_check = ON");
    if (how == Connect::write) {
        // Bounds the journal once a checkpoint has emptied it.
        database.exec("PRAGMA journal_size_limit = 16777216");
        if (database.execAndGet("PRAGMA journal_mode = WAL").getString() != "wal")
            throw SQLite::Exception("the file system does not support a write-ahead log",
                                    SQLITE_IOERR);
    }
    return database;
}

Result<void> create_state(const fs::path& file)
{
    const fs::path fresh = beside(file, ".new");
    for (const char* suffix : {"", "-wal", "-shm", "-journal"})
        ::unlink(beside(fresh, suffix).c_str());
    const int fd = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return Error{Errc::store_failed,
                     "the state cannot be made: " + system_message(errno),
                     file.string()};
    ::close(fd);
    auto built = guarded(file, [&] { return build_empty_state(fresh); });
    if (built)
        built = sync_file(fresh);
    if (built && ::rename(fresh.c_str(), file.c_str()) != 0)
        built = Error{Errc::store_failed,
                      "the state cannot be put in place: " + system_message(errno),
                      file.string()};
    if (!built) {
        ::unlink(fresh.c_str());
        return built;
    }
    return sync_directory(file.parent_path());
}

Result<void> migrate(SQLite::Database& database, const fs::path& file)
{
    const std::int64_t version = number(database, "PRAGMA user_version");
    if (version < 0 || version > static_cast<std::int64_t>(steps.size()))
        return Error{Errc::invalid_input,
                     "the state has schema " + std::to_string(version) +
                         ", and this trueup knows " + std::to_string(steps.size()),
                     file.string(),
                     "use the version of trueup that wrote it"};
    for (auto step = static_cast<std::size_t>(version); step < steps.size(); ++step) {
        SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
        database.exec(steps.at(step));
        database.exec("PRAGMA user_version = " + std::to_string(step + 1));
        transaction.commit();
    }
    return {};
}

Check check_for(std::uint64_t size_bytes)
{
    constexpr std::uint64_t full_max_bytes = 4U << 20U;
    constexpr std::uint64_t quick_max_bytes = 64U << 20U;
    if (size_bytes <= full_max_bytes)
        return Check::full;
    return size_bytes <= quick_max_bytes ? Check::quick : Check::live_tables;
}

namespace {

// The code of SQLite for why the check could not read a page, which only its text says: what cannot
// be read now may be as good as ever. Of pages in chains (long values, free ones) it says no code.
std::optional<int> read_failure(std::string_view verdict)
{
    constexpr std::string_view label = "error code=";
    const std::size_t at = verdict.find(label);
    if (at == std::string_view::npos)
        return verdict.find("failed to get page") != std::string_view::npos
                   ? std::optional(SQLITE_IOERR_READ)
                   : std::nullopt;
    int code = SQLITE_OK;
    std::from_chars(verdict.data() + at + label.size(), verdict.data() + verdict.size(), code);
    const int primary = code & 0xFF;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? std::nullopt
                                                                 : std::optional(code);
}

} // namespace

Result<void> check_integrity(SQLite::Database& database, const fs::path& file, Check check)
{
    std::vector<std::string> pragmas{"PRAGMA integrity_check(1)"};
    if (check == Check::quick)
        pragmas = {"PRAGMA quick_check(1)"};
    if (check == Check::live_tables)
        pragmas = {"PRAGMA quick_check(binding)",
                   "PRAGMA quick_check(records)",
                   "PRAGMA quick_check(intents)"};
    if (check == Check::live_tables && database.tableExists("memos"))
        pragmas.emplace_back("PRAGMA quick_check(memos)");
    for (const std::string& pragma : pragmas) {
        const std::string verdict = database.execAndGet(pragma).getString();
        if (const auto code = read_failure(verdict))
            return sqlite_error(file, SQLite::Exception(sqlite3_errstr(*code), *code));
        if (verdict != "ok")
            return damaged_state(file, "the state is damaged: " + verdict);
    }
    return check_definitions(database, file);
}

} // namespace trueup
