#include "tests/support/faulty_disk.hpp"

#include <sqlite3.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <new>
#include <stdexcept>

namespace trueup {

// Layout as SQLite wants it: the methods first, then ours; the real file follows in the same
// memory.
struct FaultyFile {
    sqlite3_file base;
    FaultyDisk* disk;
    sqlite3_file* real;
    const char* name; // SQLite keeps it for as long as the file is open; null for temporary files
    bool journal;

    static FaultyFile& of(sqlite3_file* file) { return *reinterpret_cast<FaultyFile*>(file); }

    static int
    open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out);
    static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory);

    static int read(sqlite3_file* file, void* data, int size, sqlite3_int64 at)
    {
        FaultyFile& self = of(file);
        {
            const std::lock_guard guard(self.disk->mutex_);
            std::uint64_t& left = self.disk->reads_until_failure_;
            if (left != 0 && --left == 0)
                return SQLITE_IOERR_READ;
        }
        return self.real->pMethods->xRead(self.real, data, size, at);
    }

    static int write(sqlite3_file* file, const void* data, int size, sqlite3_int64 at)
    {
        FaultyFile& self = of(file);
        {
            const std::lock_guard guard(self.disk->mutex_);
            if (!self.disk->power_)
                return SQLITE_OK;
            if (self.disk->full_)
                return SQLITE_FULL;
        }
        return self.real->pMethods->xWrite(self.real, data, size, at);
    }

    static int truncate(sqlite3_file* file, sqlite3_int64 size)
    {
        FaultyFile& self = of(file);
        {
            const std::lock_guard guard(self.disk->mutex_);
            if (!self.disk->power_)
                return SQLITE_OK;
        }
        return self.real->pMethods->xTruncate(self.real, size);
    }

    static int sync(sqlite3_file* file, int flags)
    {
        FaultyFile& self = of(file);
        const std::lock_guard guard(self.disk->mutex_);
        if (!self.disk->power_)
            return SQLITE_OK;
        if (self.disk->fail_syncs_)
            return SQLITE_IOERR_FSYNC;
        if (self.journal)
            ++self.disk->journal_syncs_;
        const int result = self.real->pMethods->xSync(self.real, flags);
        if (result == SQLITE_OK && self.name != nullptr) {
            std::ifstream in(self.name, std::ios::binary);
            self.disk->durable_[self.name] = {std::istreambuf_iterator<char>(in),
                                              std::istreambuf_iterator<char>()};
        }
        return result;
    }

    static const sqlite3_io_methods& methods();
};

namespace {

// SQLite takes no user data along to every place, so the one disk is found here.
sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs faulty_vfs;

sqlite3_file* real_file(sqlite3_file* file)
{
    return FaultyFile::of(file).real;
}

std::size_t own_size()
{
    constexpr std::size_t alignment = alignof(std::max_align_t);
    return (sizeof(FaultyFile) + alignment - 1) / alignment * alignment;
}

} // namespace

int FaultyFile::open(
    sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out)
{
    auto* real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + own_size());
    FaultyFile& self = *new (file) FaultyFile{{nullptr},
                                              static_cast<FaultyDisk*>(vfs->pAppData),
                                              real,
                                              name,
                                              (flags & SQLITE_OPEN_WAL) != 0};
    const int result = real_vfs->xOpen(real_vfs, name, real, flags, out);
    if (result == SQLITE_OK)
        self.base.pMethods = &methods();
    return result;
}

int FaultyFile::remove(sqlite3_vfs* vfs, const char* name, int sync_directory)
{
    auto* disk = static_cast<FaultyDisk*>(vfs->pAppData);
    const std::lock_guard guard(disk->mutex_);
    if (!disk->power_)
        return SQLITE_OK;
    disk->durable_.erase(name);
    return real_vfs->xDelete(real_vfs, name, sync_directory);
}

const sqlite3_io_methods& FaultyFile::methods()
{
    static const sqlite3_io_methods table = [] {
        sqlite3_io_methods m{};
        m.iVersion = 2;
        m.xClose = [](sqlite3_file* f) { return real_file(f)->pMethods->xClose(real_file(f)); };
        m.xRead = &FaultyFile::read;
        m.xWrite = &FaultyFile::write;
        m.xTruncate = &FaultyFile::truncate;
        m.xSync = &FaultyFile::sync;
        m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
            return real_file(f)->pMethods->xFileSize(real_file(f), size);
        };
        m.xLock = [](sqlite3_file* f, int level) {
            return real_file(f)->pMethods->xLock(real_file(f), level);
        };
        m.xUnlock = [](sqlite3_file* f, int level) {
            return real_file(f)->pMethods->xUnlock(real_file(f), level);
        };
        m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
            return real_file(f)->pMethods->xCheckReservedLock(real_file(f), out);
        };
        m.xFileControl = [](sqlite3_file* f, int op, void* arg) {
            return real_file(f)->pMethods->xFileControl(real_file(f), op, arg);
        };
        m.xSectorSize = [](sqlite3_file* f) {
            return real_file(f)->pMethods->xSectorSize(real_file(f));
        };
        m.xDeviceCharacteristics = [](sqlite3_file* f) {
            return real_file(f)->pMethods->xDeviceCharacteristics(real_file(f));
        };
        m.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
            return real_file(f)->pMethods->xShmMap(real_file(f), page, size, extend, out);
        };
        m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
            return real_file(f)->pMethods->xShmLock(real_file(f), offset, n, flags);
        };
        m.xShmBarrier = [](sqlite3_file* f) { real_file(f)->pMethods->xShmBarrier(real_file(f)); };
        m.xShmUnmap = [](sqlite3_file* f, int remove) {
            return real_file(f)->pMethods->xShmUnmap(real_file(f), remove);
        };
        return m;
    }();
    return table;
}

FaultyDisk::FaultyDisk()
{
    if (real_vfs != nullptr)
        throw std::logic_error("there is a faulty disk already");
    sqlite3_initialize();
    real_vfs = sqlite3_vfs_find(nullptr);
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.szOsFile = static_cast<int>(own_size()) + real_vfs->szOsFile;
    faulty_vfs.pAppData = this;
    faulty_vfs.pNext = nullptr;
    faulty_vfs.xOpen = &FaultyFile::open;
    faulty_vfs.xDelete = &FaultyFile::remove;
    // The other calls do not look at the table that they came through, save for its pAppData.
    faulty_vfs.xAccess = [](sqlite3_vfs*, const char* name, int flags, int* out) {
        return real_vfs->xAccess(real_vfs, name, flags, out);
    };
    faulty_vfs.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* out) {
        return real_vfs->xFullPathname(real_vfs, name, size, out);
    };
    sqlite3_vfs_register(&faulty_vfs, 1);
}

FaultyDisk::~FaultyDisk()
{
    sqlite3_vfs_unregister(&faulty_vfs);
    sqlite3_vfs_register(real_vfs, 1);
    real_vfs = nullptr;
}

void FaultyDisk::fail_read(std::uint64_t nth)
{
    const std::lock_guard guard(mutex_);
    reads_until_failure_ = nth;
}

void FaultyDisk::fail_syncs(bool fail)
{
    const std::lock_guard guard(mutex_);
    fail_syncs_ = fail;
}

void FaultyDisk::be_full(bool full)
{
    const std::lock_guard guard(mutex_);
    full_ = full;
}

void FaultyDisk::cut_power()
{
    const std::lock_guard guard(mutex_);
    power_ = false;
}

void FaultyDisk::restart()
{
    const std::lock_guard guard(mutex_);
    for (const auto& [name, content] : durable_)
        std::ofstream(name, std::ios::binary | std::ios::trunc) << content;
    for (const auto& [name, content] : durable_) {
        std::filesystem::path index = name;
        if (index.string().ends_with("-wal"))
            index = index.string().substr(0, index.string().size() - 4) + "-shm";
        if (index != name)
            std::filesystem::remove(index);
    }
    power_ = true;
}

std::uint64_t FaultyDisk::journal_syncs() const
{
    const std::lock_guard guard(mutex_);
    return journal_syncs_;
}

} // namespace trueup
