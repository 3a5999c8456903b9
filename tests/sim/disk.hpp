// A simulated disk for SQLite, in memory: it tears, reorders and loses what was not synced when the
// power goes, fails when it is told to, and never loses what was synced.
//
// While one exists it is SQLite's default file layer. It keeps files, locks and shared memory; of
// directories it only knows that a file whose name was never made durable may vanish.

#pragma once

#include "state/model/random.hpp"
#include "state/model/result.hpp"

#include <sqlite3.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trueup::sim {

// Of the state, on every simulated disk.
inline constexpr const char* state_name = "/sim/state.db";

enum class DiskOp { write, truncate, sync, remove };

// What becomes of one operation.
enum class DiskVerdict {
    fine,
    fail,      // an input/output error; nothing happens
    full,      // no room; nothing happens
    torn,      // half of it happens, then an input/output error
    power_cut, // half of it happens, and then nothing ever again until restart()
};

// What a restart finds.
enum class DiskLoss {
    nothing, // the process died and the machine lived: everything that was written
    unsynced // the power went: what was synced, and any part of the rest
};

class Disk {
public:
    // Only one at a time.
    Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    ~Disk();

    // Asked before each operation that changes something.
    std::function<DiskVerdict(DiskOp)> on_operation;
    // Asked before each read; true makes it fail.
    std::function<bool()> on_read;
    // Told every write's bytes.
    std::function<void(std::string_view)> on_bytes;

    void put(const std::string& name, const std::string& content);
    // Nothing when there is no such file.
    std::optional<std::string> content(const std::string& name) const;
    void erase(const std::string& name) { files_.erase(name); }
    // Flips one bit. False when the file is missing or empty.
    bool damage(const std::string& name, Random& random);

    // As the kernel does it: whoever holds what this returns is the one writer. Fails with busy.
    Result<std::shared_ptr<void>> lock_writer();

    // From now on every operation fails.
    void cut_power() { powered_ = false; }
    // All connections must be closed.
    void restart(DiskLoss loss, Random& random);

    std::uint64_t operations() const { return operations_; }
    std::uint64_t reads() const { return reads_; }
    std::uint64_t syncs() const { return syncs_; }

private:
    friend struct DiskFile;

    struct Change {
        std::size_t at = 0;
        std::string bytes;     // or
        bool truncate = false; // to `at`
    };
    // A mutex of the write-ahead index: how many share it, or who alone has it.
    struct IndexLock {
        int shared = 0;
        const void* exclusive = nullptr;
    };
    struct File {
        std::string now;     // what the process reads
        std::string durable; // what survives a power cut for sure
        bool named = false;  // the name itself survives
        std::vector<Change> unsynced;
        std::vector<std::unique_ptr<std::array<char, 32768>>> index; // shared memory
        std::array<IndexLock, SQLITE_SHM_NLOCK> index_locks{};
        int shared_locks = 0;
        const void* reserved = nullptr;
        const void* exclusive = nullptr;
    };

    DiskVerdict ask(DiskOp operation);
    static void apply(std::string& content, const Change& change);
    static std::string surviving(const File& file, Random& random);

    std::map<std::string, std::shared_ptr<File>> files_;
    std::weak_ptr<void> writer_;
    bool powered_ = true;
    std::uint64_t operations_ = 0;
    std::uint64_t reads_ = 0;
    std::uint64_t syncs_ = 0;
};

} // namespace trueup::sim
