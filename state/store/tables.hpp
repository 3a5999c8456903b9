// Rows of a state: what stands in the tables of docs/state.md, written and read.
//
// A row that does not match the sum it was stored with is an error, never a value. Everything here
// that touches the file throws SQLite::Exception.

#pragma once

#include "state/store/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>

namespace trueup {

// Writes batches. `database` must outlive it.
class TableWriter {
public:
    explicit TableWriter(SQLite::Database& database);

    // Stores all of them in one transaction, in order. Throws, and then nothing is stored.
    void store(const std::vector<Batch>& batches);

private:
    void store_one(const Batch& batch);
    void append_audit(const AuditRecord& record);

    SQLite::Database& database_;
    SQLite::Statement bind_;
    SQLite::Statement open_;
    SQLite::Statement put_;
    SQLite::Statement forget_;
    SQLite::Statement close_;
    SQLite::Statement audit_;
    SQLite::Statement note_;
    SQLite::Statement erase_;
    std::string last_hash_; // of the last line of the audit
};

// Reads rows. `database` must outlive it; `file` is named in errors.
class TableReader {
public:
    TableReader(SQLite::Database& database, std::filesystem::path file);

    Result<std::optional<Binding>> binding();
    Result<std::vector<Record>> records();
    Result<std::vector<Record>> records_beside(const KnownTree& known);
    Result<std::optional<Record>> record(const std::string& address);
    Result<std::vector<Intent>> open_intents();
    Result<std::vector<AuditRecord>> audit(std::size_t newest_max);
    Result<std::vector<Memo>> memos();
    // The number of lines, when each follows from the one before it. Fails with store_failed and
    // names the first that does not.
    Result<std::uint64_t> verify_audit();

private:
    std::filesystem::path file_;
    SQLite::Statement binding_;
    SQLite::Statement count_records_;
    SQLite::Statement records_;
    SQLite::Statement record_;
    SQLite::Statement intents_;
    SQLite::Statement audit_;
    SQLite::Statement whole_audit_;
    SQLite::Statement memos_;
};

} // namespace trueup
