#include "state/store/snapshot.hpp"

#include <sys/stat.h>

namespace trueup {

namespace {

namespace fs = std::filesystem;

// What changes when someone writes to a file.
struct Stamp {
    Stamp() = default;

    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const fs::path& file)
{
    struct stat status {};
    Stamp stamp;
    if (::lstat(file.c_str(), &status) != 0)
        return stamp;
    stamp.device = status.st_dev;
    stamp.inode = status.st_ino;
    stamp.size = status.st_size;
    stamp.seconds = status.st_mtim.tv_sec;
    stamp.nanoseconds = status.st_mtim.tv_nsec;
    return stamp;
}

bool journal_is_empty(const fs::path& file)
{
    return stamp_of(beside(file, "-wal")).size <= 0;
}

// A copy in memory, or nothing when a writer came in between.
Result<std::optional<SQLite::Database>> copy_of_quiet(const fs::path& file)
{
    const Stamp before = stamp_of(file);
    SQLite::Database memory(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Database source = connect(file, Connect::immutable);
    copy_database(source, memory);
    if (!journal_is_empty(file) || !(stamp_of(file) == before))
        return std::optional<SQLite::Database>{};
    if (auto current = migrate(memory, file); !current)
        return current.error();
    return std::optional<SQLite::Database>(std::move(memory));
}

// The state as it is now, held by an open transaction.
Result<std::optional<SQLite::Database>> view_of_busy(const fs::path& file)
{
    SQLite::Database database = connect(file, Connect::read);
    database.exec("BEGIN");
    const auto version =
        static_cast<std::uint32_t>(database.execAndGet("PRAGMA user_version").getUInt());
    if (version != state_schema_version)
        return Error{Errc::invalid_input,
                     "the state has schema " + std::to_string(version) +
                         ", and this trueup knows " + std::to_string(state_schema_version),
                     file.string(),
                     "use the version of trueup that is writing it"};
    return std::optional<SQLite::Database>(std::move(database));
}

Result<std::optional<SQLite::Database>> open_once(const fs::path& file, const StateHead& head)
{
    auto snapshot = head.quiet ? copy_of_quiet(file) : view_of_busy(file);
    if (!snapshot || !*snapshot)
        return snapshot;
    if (auto sound = check_integrity(**snapshot, file, check_for(head.size_bytes)); !sound)
        return sound.error();
    return snapshot;
}

} // namespace

Result<std::optional<SQLite::Database>> open_snapshot(const fs::path& file)
{
    constexpr int attempts_max = 10;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        auto head = inspect_state(file, Access::read);
        if (!head)
            return head.error();
        if (!*head)
            return std::optional<SQLite::Database>{};
        auto snapshot = guarded(file, [&] { return open_once(file, **head); });
        if (!snapshot || *snapshot)
            return snapshot;
    }
    return Error{
        Errc::busy, "the state changes faster than it can be read", file.string(), "try again"};
}

void copy_database(SQLite::Database& source, SQLite::Database& target)
{
    SQLite::Backup backup(target, source);
    backup.executeStep(-1);
}

} // namespace trueup
