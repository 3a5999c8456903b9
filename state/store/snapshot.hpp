// One moment of a state, to read from while a writer goes on.
//
// It takes no lock that a writer waits for and makes no file of its own: a state that nobody writes
// is copied into memory, one that is being written is read through SQLite's journal.

#pragma once

#include "state/store/schema.hpp"

#include <optional>

namespace trueup {

// Nothing when there is no state at `file` (already resolved). Fails as inspect_state does, or with
// store_failed when what is there is damaged.
Result<std::optional<SQLite::Database>> open_snapshot(const std::filesystem::path& file);

// Copies everything that `source` sees into `target`. Throws.
void copy_database(SQLite::Database& source, SQLite::Database& target);

} // namespace trueup
