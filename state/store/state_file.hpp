// The state as a thing in the file system: what may stand at its path, what is said when something
// else does, and how files and folders are made so that they survive a power cut.
//
// The file is read only through SQLite's own file layer: closing any other descriptor of it would
// drop the locks that SQLite holds on it in the same process (POSIX advisory locks).

#pragma once

#include "state/model/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace trueup {

// "TRUP" in the application_id field of an SQLite header.
inline constexpr std::uint32_t state_application_id = 0x54525550;
// What this program writes, and the newest that it reads.
inline constexpr std::uint32_t state_schema_version = 3;

// What is known of a state before it is opened.
struct StateHead {
    StateHead() = default;

    std::uint64_t size_bytes = 0; // of the file and its journal
    bool quiet = true;            // nothing is in the journal: the file alone is the state
};

enum class Access { read, write };

// `file` with the directory's symbolic links resolved, so that only the last part is left to check.
std::filesystem::path resolve_state_path(const std::filesystem::path& file);

// "state.db" and "-wal" make "state.db-wal".
std::filesystem::path beside(const std::filesystem::path& file, std::string_view suffix);

// Looks at what stands at `file`: nothing when nothing does. Fails with invalid_input (a symbolic
// link, a directory, a device, a FIFO, another program's file, a newer schema) or store_failed
// (empty, cut off, open to others, another user's, a journal without its state).
Result<std::optional<StateHead>> inspect_state(const std::filesystem::path& file, Access access);

// The error for a state whose content cannot be trusted, with what to do about it.
Error damaged_state(const std::filesystem::path& file, const std::string& what);

// Makes the missing folders of `directory`, each with mode 0700. Fails with store_failed.
Result<void> make_private_directories(const std::filesystem::path& directory);

// Makes names in `directory` durable. Fails with store_failed.
Result<void> sync_directory(const std::filesystem::path& directory);

// "Permission denied" and the like, for errno.
std::string system_message(int error_number);

} // namespace trueup
