// The tables of a state: how a connection to them is opened, made, brought up to date and checked.
//
// docs/state.md describes the tables. Everything here throws SQLite::Exception; guarded() is where
// that ends.

#pragma once

#include "state/store/state_file.hpp"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <new>
#include <string>

namespace trueup {

// The Error that stands for an exception of SQLite at `file`.
Error sqlite_error(const std::filesystem::path& file, const SQLite::Exception& exception);

// True when the disk or the file can no longer be trusted after this: going on could make it worse.
bool is_fatal(const SQLite::Exception& exception);

// Calls `body`, which returns a Result; what it throws becomes an Error.
template <class Body>
auto guarded(const std::filesystem::path& file, Body&& body) -> decltype(body())
{
    try {
        return body();
    } catch (const SQLite::Exception& exception) {
        return sqlite_error(file, exception);
    } catch (const std::bad_alloc&) {
        return Error{Errc::store_failed, "no memory left for the state", file.string()};
    }
}

enum class Connect {
    write,    // the writer's own
    read,     // sees what is committed, beside a writer
    immutable // of a state that nobody writes: takes no lock and makes no file
};

// A connection with our settings: WAL, full sync, waiting for locks up to a bound. Throws.
SQLite::Database connect(const std::filesystem::path& file, Connect how);

// Makes a new state at `file`, complete or not at all, whenever the power goes. The caller holds
// the writer's lock. Fails with store_failed.
Result<void> create_state(const std::filesystem::path& file);

// Runs the steps from the state's schema version to ours, each in a transaction. Throws; fails with
// invalid_input on a newer schema.
Result<void> migrate(SQLite::Database& database, const std::filesystem::path& file);

// How much of a state is checked when it is opened: all of a small one, of a bigger one everything
// but the order of its indexes, and of one that is mostly audit only what plans are made from.
enum class Check { full, quick, live_tables };
Check check_for(std::uint64_t size_bytes);

// Fails with store_failed when the structure of the file or a definition in it is damaged. Throws.
Result<void>
check_integrity(SQLite::Database& database, const std::filesystem::path& file, Check check);

} // namespace trueup
