#include "state/store/state_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

namespace trueup {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t head_bytes = 100; // of an SQLite file: sqlite.org/fileformat2.html, 1.3
using HeadBytes = std::array<unsigned char, head_bytes>;

constexpr const char* set_aside_advice = "move it away together with its -wal and -shm files, or "
                                         "restore a backup; without a state, the next apply "
                                         "adopts again what carries its mark and rebuilds it";

std::uint32_t big_endian(const HeadBytes& head, std::size_t at)
{
    return static_cast<std::uint32_t>(head[at]) << 24U |
           static_cast<std::uint32_t>(head[at + 1]) << 16U |
           static_cast<std::uint32_t>(head[at + 2]) << 8U |
           static_cast<std::uint32_t>(head[at + 3]);
}

std::string kind_of_file(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFLNK:
        return "a symbolic link";
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a FIFO";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

// The first bytes of `file`, read through SQLite's file layer.
Result<HeadBytes> read_head(const fs::path& file)
{
    sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
    if (vfs == nullptr)
        return Error{Errc::internal, "SQLite has no file layer"};
    // SQLite wants zeroed memory of the layer's own size for the object that it makes in it.
    std::vector<std::max_align_t> memory(
        static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
    auto* handle = reinterpret_cast<sqlite3_file*>(memory.data());
    const std::unique_ptr<char, void (*)(char*)> name(
        const_cast<char*>(sqlite3_create_filename(file.c_str(), "", "", 0, nullptr)),
        [](char* text) { sqlite3_free_filename(text); });
    int flags = 0;
    if (vfs->xOpen(vfs, name.get(), handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, &flags) !=
        SQLITE_OK)
        return Error{Errc::store_failed,
                     "the state cannot be opened for reading: " + system_message(errno),
                     file.string()};
    HeadBytes head{};
    const int read = handle->pMethods->xRead(handle, head.data(), static_cast<int>(head.size()), 0);
    handle->pMethods->xClose(handle);
    if (read == SQLITE_IOERR_SHORT_READ)
        return damaged_state(file, "the state is cut off: it is shorter than its own header");
    if (read != SQLITE_OK)
        return Error{Errc::store_failed, "the state cannot be read: a disk error", file.string()};
    return head;
}

Result<void> check_head(const fs::path& file, const StateHead& known)
{
    auto head = read_head(file);
    if (!head)
        return head.error();
    static constexpr std::string_view magic{"SQLite format 3\0", 16};
    if (std::memcmp(head->data(), magic.data(), magic.size()) != 0)
        return Error{Errc::invalid_input,
                     "not a state of trueup, or one whose header is damaged",
                     file.string(),
                     "check --state; if it is the state, " + std::string(set_aside_advice)};
    if (big_endian(*head, 68) != state_application_id)
        return Error{Errc::invalid_input,
                     "an SQLite database that is not a state of trueup",
                     file.string(),
                     "check --state; another program's file is never written to"};
    if (const std::uint32_t schema = big_endian(*head, 60); schema > state_schema_version)
        return Error{Errc::invalid_input,
                     "the state was written by a newer trueup (schema " + std::to_string(schema) +
                         "; this one knows " + std::to_string(state_schema_version) + ")",
                     file.string(),
                     "use that version, or a backup from before the upgrade"};
    // A journal may still hold the rest of the last page; without one the file must be whole.
    const std::uint32_t page = big_endian(*head, 16) >> 16U;
    if (const std::uint32_t page_bytes = page == 1 ? 65536 : page;
        page_bytes == 0 || (known.quiet && known.size_bytes % page_bytes != 0))
        return damaged_state(file, "the state is cut off in the middle of a page");
    return {};
}

Result<void> check_privacy(const fs::path& file, const struct stat& status, Access access)
{
    const uid_t user = ::geteuid();
    const bool root_reads = user == 0 && access == Access::read;
    if (status.st_uid != user && !root_reads)
        return Error{Errc::store_failed,
                     "the state belongs to user " + std::to_string(status.st_uid) +
                         ", and this is user " + std::to_string(user),
                     file.string(),
                     "run trueup as the user that the state belongs to"};
    if ((status.st_mode & 077U) != 0)
        return Error{Errc::store_failed,
                     "the state is open to other users",
                     file.string(),
                     "chmod 600 " + file.string()};
    return {};
}

// Size of a regular file; 0 when it is not there. Fails on anything else.
Result<std::uint64_t> size_of_companion(const fs::path& file)
{
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return std::uint64_t{0};
        return Error{Errc::store_failed, system_message(errno), file.string()};
    }
    if (!S_ISREG(status.st_mode))
        return Error{Errc::invalid_input,
                     "beside the state stands " + kind_of_file(status.st_mode) +
                         " in place of its journal",
                     file.string(),
                     "move it away"};
    return static_cast<std::uint64_t>(status.st_size);
}

} // namespace

std::string system_message(int error_number)
{
    return std::generic_category().message(error_number);
}

fs::path resolve_state_path(const fs::path& file)
{
    std::error_code ignored;
    const fs::path whole = fs::absolute(file, ignored).lexically_normal();
    const fs::path directory = fs::weakly_canonical(whole.parent_path(), ignored);
    return ignored ? whole : directory / whole.filename();
}

fs::path beside(const fs::path& file, std::string_view suffix)
{
    fs::path other = file;
    other += suffix;
    return other;
}

Error damaged_state(const fs::path& file, const std::string& what)
{
    return {Errc::store_failed, what, file.string(), set_aside_advice};
}

Result<std::optional<StateHead>> inspect_state(const fs::path& file, Access access)
{
    auto journal = size_of_companion(beside(file, "-wal"));
    if (!journal)
        return journal.error();
    if (auto index = size_of_companion(beside(file, "-shm")); !index)
        return index.error();
    struct stat status {};
    if (::lstat(file.c_str(), &status) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return Error{Errc::store_failed, system_message(errno), file.string()};
        if (*journal > 0)
            return damaged_state(file, "the state is missing, but its journal (-wal) is there");
        return std::optional<StateHead>{};
    }
    if (!S_ISREG(status.st_mode))
        return Error{Errc::invalid_input,
                     "the state must be a regular file, and this is " +
                         kind_of_file(status.st_mode),
                     file.string(),
                     S_ISLNK(status.st_mode) ? "name the file that it points to" : "check --state"};
    if (auto fine = check_privacy(file, status, access); !fine)
        return fine.error();
    if (status.st_size == 0)
        return damaged_state(file, "the state is an empty file, which no state ever is");
    StateHead head;
    head.size_bytes = static_cast<std::uint64_t>(status.st_size) + *journal;
    head.quiet = *journal == 0;
    if (auto fine = check_head(file, head); !fine)
        return fine.error();
    return std::optional<StateHead>(head);
}

Result<void> make_private_directories(const fs::path& directory)
{
    std::vector<fs::path> missing;
    std::error_code ec;
    for (fs::path at = directory; !at.empty() && !fs::exists(at, ec); at = at.parent_path())
        missing.push_back(at);
    for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
        if (::mkdir(at->c_str(), 0700) != 0 && errno != EEXIST)
            return Error{Errc::store_failed,
                         "the directory of the state cannot be made: " + system_message(errno),
                         at->string()};
        if (auto synced = sync_directory(at->parent_path()); !synced)
            return synced.error();
    }
    return {};
}

Result<void> sync_directory(const fs::path& directory)
{
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    const int error_number = errno;
    if (fd >= 0)
        ::close(fd);
    if (!synced)
        return Error{Errc::store_failed,
                     "the directory cannot be synced: " + system_message(error_number),
                     directory.string()};
    return {};
}

} // namespace trueup
