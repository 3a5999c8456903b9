#include "state/store/writer_lock.hpp"

#include "state/store/state_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace trueup {

namespace {

namespace fs = std::filesystem;

// What the holder wrote: "process 123", or less when it has not got so far.
std::string holder_of(int fd)
{
    std::array<char, 32> text{};
    const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
    std::string pid;
    for (ssize_t i = 0; i < size; ++i) {
        const char c = text[static_cast<std::size_t>(i)];
        if (c < '0' || c > '9')
            break;
        pid += c;
    }
    return pid.empty() ? "another process" : "process " + pid;
}

// True when the name still leads to the file that `fd` has open: someone may have removed it
// meanwhile.
bool still_named(int fd, const fs::path& file)
{
    struct stat held {};
    struct stat named {};
    return ::fstat(fd, &held) == 0 && ::lstat(file.c_str(), &named) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

} // namespace

Result<WriterLock> WriterLock::acquire(const fs::path& state_file)
{
    const fs::path file = beside(state_file, ".lock");
    constexpr int attempts_max = 5;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        const int fd =
            ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (fd < 0)
            return Error{Errc::store_failed,
                         "the lock of the state cannot be opened: " + system_message(errno),
                         file.string(),
                         errno == ELOOP ? "it is a symbolic link: remove it" : ""};
        WriterLock lock(fd);
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK)
                return Error{Errc::store_failed,
                             "the state cannot be locked: " + system_message(errno),
                             file.string()};
            return Error{Errc::busy,
                         "the state is in use: " + holder_of(fd) + " is writing to it",
                         state_file.string(),
                         "wait for it or stop it; plan, state list and explain work beside it"};
        }
        if (!still_named(fd, file))
            continue;
        const std::string pid = std::to_string(::getpid()) + "\n";
        // For people only: the lock holds even where the text cannot be written, such as on a full
        // disk.
        if (::ftruncate(fd, 0) == 0)
            (void)!::pwrite(fd, pid.data(), pid.size(), 0);
        return lock;
    }
    return Error{Errc::busy, "the lock of the state is removed again and again", file.string()};
}

WriterLock::WriterLock(WriterLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

WriterLock& WriterLock::operator=(WriterLock&& other) noexcept
{
    std::swap(fd_, other.fd_);
    return *this;
}

WriterLock::~WriterLock()
{
    if (fd_ >= 0)
        ::close(fd_);
}

} // namespace trueup
