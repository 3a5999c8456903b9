// The key of the hashes by which secrets are compared, in a file of its own beside the state.

#include "state/model/secret.hpp"
#include "state/store/sqlite_store.hpp"
#include "state/store/state_file.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace trueup {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t key_bytes = 32;

// Closes its descriptor.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

Error key_error(const fs::path& file, const std::string& what, std::string advice = {})
{
    return {Errc::store_failed,
            "the key of the secret hashes " + what,
            file.string(),
            std::move(advice)};
}

// The key, or "" when there is none.
Result<std::string> read_key(const fs::path& file)
{
    const Descriptor fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (fd.get() < 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return std::string();
        return key_error(file,
                         "cannot be opened: " + system_message(errno),
                         errno == ELOOP ? "it must not be a symbolic link" : "");
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0)
        return key_error(file, "cannot be read: " + system_message(errno));
    if (!S_ISREG(status.st_mode))
        return key_error(file, "is not a regular file", "move it away");
    if ((status.st_mode & 077U) != 0)
        return key_error(file, "is open to other users", "chmod 600 " + file.string());
    if (status.st_uid != ::geteuid() && ::geteuid() != 0)
        return key_error(file, "belongs to user " + std::to_string(status.st_uid));
    std::string key(key_bytes + 1, '\0');
    const ssize_t size = ::read(fd.get(), key.data(), key.size());
    if (size < 0) {
        const int reason = errno;
        wipe(key);
        return key_error(file, "cannot be read: " + system_message(reason));
    }
    if (size != static_cast<ssize_t>(key_bytes)) {
        wipe(key);
        return key_error(
            file,
            "is not " + std::to_string(key_bytes) + " bytes long",
            "restore it from a backup, or move it away: secrets then count as unverified");
    }
    key.resize(key_bytes);
    return key;
}

Result<std::string> create_key(const fs::path& file)
{
    if (auto made = make_private_directories(file.parent_path()); !made)
        return made.error();
    std::string key(key_bytes, '\0');
    if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
        return key_error(file, "cannot be made: the system gives no random bytes");
    // Written under a name of its own first: a crash never leaves a part of a key under the real
    // name.
    const fs::path fresh = beside(file, ".new-" + std::to_string(::getpid()));
    ::unlink(fresh.c_str());
    const Descriptor fd(
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd.get() < 0)
        return key_error(file, "cannot be made: " + system_message(errno));
    if (::write(fd.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) ||
        ::fsync(fd.get()) != 0 || ::link(fresh.c_str(), file.c_str()) != 0) {
        const int error_number = errno;
        ::unlink(fresh.c_str());
        wipe(key);
        if (error_number == EEXIST)
            return read_key(file); // another process was faster, and its key is as good
        return key_error(file, "cannot be written: " + system_message(error_number));
    }
    ::unlink(fresh.c_str());
    if (auto synced = sync_directory(file.parent_path()); !synced)
        return synced.error();
    return key;
}

} // namespace

Result<std::string> load_secret_key(const fs::path& state_file, bool create)
{
    const fs::path file = resolve_state_path(state_file).parent_path() / "secrets.key";
    auto key = read_key(file);
    if (!key || !key->empty() || !create)
        return key;
    return create_key(file);
}

} // namespace trueup
