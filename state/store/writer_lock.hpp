// Keeps all but one writer from a state, for as long as it lives and not a moment longer: the
// kernel lets go of the lock when the process ends, however it ends, so there is nothing to unlock
// by hand.

#pragma once

#include "state/model/result.hpp"

#include <filesystem>

namespace trueup {

class WriterLock {
public:
    // Locks "<state>.lock" (never the state itself: SQLite locks that by its own rules) and writes
    // our process id into it. Fails at once with busy, naming the holder, or with store_failed.
    static Result<WriterLock> acquire(const std::filesystem::path& state_file);

    WriterLock(WriterLock&& other) noexcept;
    WriterLock& operator=(WriterLock&& other) noexcept;
    WriterLock(const WriterLock&) = delete;
    WriterLock& operator=(const WriterLock&) = delete;
    ~WriterLock();

private:
    explicit WriterLock(int fd) : fd_(fd) {}

    int fd_ = -1;
};

} // namespace trueup
