// A disk for SQLite that fails when a test says so: full, broken, or cut off from power so that all
// that was not synced is lost.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace trueup {

// While one exists, every SQLite file that is opened in this process is on this disk: the real one,
// with faults. Only one at a time.
class FaultyDisk {
public:
    FaultyDisk();
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;
    ~FaultyDisk();

    // From now on syncs fail with an input/output error (or no longer do).
    void fail_syncs(bool fail);
    // The nth read from now on fails, and no other; 0: none.
    void fail_read(std::uint64_t nth);
    // From now on nothing can be written for lack of room (or can be again).
    void be_full(bool full);
    // From now on nothing that is written, synced or removed has any effect.
    void cut_power();
    // Puts every file back to what its last sync before cut_power() made durable. All files must be
    // closed.
    void restart();

    // Syncs of write-ahead logs.
    std::uint64_t journal_syncs() const;

private:
    friend struct FaultyFile;

    mutable std::mutex mutex_;
    bool fail_syncs_ = false;
    std::uint64_t reads_until_failure_ = 0;
    bool full_ = false;
    bool power_ = true;
    std::uint64_t journal_syncs_ = 0;
    std::map<std::filesystem::path, std::string> durable_;
};

} // namespace trueup
