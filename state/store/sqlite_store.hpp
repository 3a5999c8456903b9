// The Store on SQLite: WAL, full sync, integrity check on open, a schema version with migrations.

#pragma once

#include "state/model/clock.hpp"
#include "state/store/store.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>
#include <memory>

namespace trueup {

enum class StoreMode {
    writer,    // creates it when missing; excludes other writers until it is destroyed
    read_only, // a snapshot beside a writer; a missing file reads as an empty state
};

// Where commits run.
enum class SyncMode {
    worker, // on a thread of its own, so that the loop goes on during the sync
    inline_ // in the caller's turn: simulation and small tools
};

// Opens the state at `file`.
//
// Fails with busy (another writer; names it), store_failed (corrupted: it says where the file was
// set aside or how to do so, and that re-adoption rebuilds it), invalid_input (a newer schema, not
// a state at all, a symbolic link, a directory or FIFO). A file that cannot be trusted is never
// read as "no state". `context` must outlive the store. Missing directories are made with mode
// 0700.
Result<std::unique_ptr<Store>> open_sqlite_store(boost::asio::io_context& context,
                                                 const std::filesystem::path& file,
                                                 StoreMode mode,
                                                 SyncMode sync);

// Makes the caller the one writer of a state for as long as what it returns lives; fails with busy
// when there is one.
using LockState = std::function<Result<std::shared_ptr<void>>(const std::filesystem::path& file)>;

// The same for a disk that is simulated: a state that is there already, on SQLite's default file
// layer, whatever that is. The file system is not looked at, so nothing but the content is checked;
// `lock` stands for the kernel's; commits run in the caller's turn.
Result<std::unique_ptr<Store>> open_simulated_store(boost::asio::io_context& context,
                                                    const std::filesystem::path& file,
                                                    const LockState& lock);

// Renames a state that cannot be trusted, with its journal, to "<file>.corrupt-N", and returns that
// name. The next start begins with an empty state. Fails with busy (a writer has it), not_found or
// store_failed.
Result<std::filesystem::path> set_aside(const std::filesystem::path& file);

// Writes a consistent copy of the state to `target`, beside a running writer if need be. Fails with
// not_found, conflict (`target` exists), or as opening for reading does.
Result<void> backup_state(const std::filesystem::path& file, const std::filesystem::path& target);

// Checks that each line of the audit follows from the one before it, and returns how many there
// are. Fails with store_failed and names the first that does not.
Result<std::uint64_t> verify_audit(const std::filesystem::path& file);

// The key of the hashes by which secrets are compared: 32 random bytes in "secrets.key" beside the
// state, mode 0600. `create` makes it when it is missing; without it a missing key is "", which
// compares nothing. Fails with store_failed when the file is readable by others, or not 32 bytes.
Result<std::string> load_secret_key(const std::filesystem::path& state_file, bool create);

} // namespace trueup
