#include "tests/sim/disk.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <stdexcept>

namespace trueup::sim {

namespace {

constexpr std::size_t sector_bytes = 512;

sqlite3_vfs* real_vfs = nullptr;
sqlite3_vfs simulated_vfs;
// SQLite's own random numbers (salts of journals) come from here, so that a seed decides them too.
std::uint64_t salt = 0;

} // namespace

// One open file, laid out as SQLite wants it: the methods first.
struct DiskFile {
    sqlite3_file base;
    Disk* disk;
    std::shared_ptr<Disk::File>* file;
    int level; // of the lock

    static DiskFile& of(sqlite3_file* f) { return *reinterpret_cast<DiskFile*>(f); }
    static Disk::File& data(sqlite3_file* f) { return **of(f).file; }

    static int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* f, int flags, int* out);
    static int remove(sqlite3_vfs* vfs, const char* name, int durably);
    static int access(sqlite3_vfs* vfs, const char* name, int, int* out);
    static int close(sqlite3_file* f);
    static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 at);
    static int write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at);
    static int truncate(sqlite3_file* f, sqlite3_int64 size);
    static int sync(sqlite3_file* f, int flags);
    static int size(sqlite3_file* f, sqlite3_int64* out);
    static int lock(sqlite3_file* f, int level);
    static int unlock(sqlite3_file* f, int level);
    static int is_reserved(sqlite3_file* f, int* out);
    static int map_index(sqlite3_file* f, int page, int, int extend, void volatile** out);
    static int lock_index(sqlite3_file* f, int first, int count, int flags);
    static int unmap_index(sqlite3_file* f, int remove);

    static const sqlite3_io_methods& methods();

private:
    static int result_of(DiskVerdict verdict);
};

int DiskFile::result_of(DiskVerdict verdict)
{
    return verdict == DiskVerdict::full ? SQLITE_FULL : SQLITE_IOERR;
}

int DiskFile::open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* f, int flags, int* out)
{
    auto* disk = static_cast<Disk*>(vfs->pAppData);
    DiskFile& self = *new (f) DiskFile{{nullptr}, disk, nullptr, SQLITE_LOCK_NONE};
    std::shared_ptr<Disk::File> file;
    if (name == nullptr) {
        file = std::make_shared<Disk::File>(); // temporary
    } else if (const auto it = disk->files_.find(name); it != disk->files_.end()) {
        file = it->second;
    } else if ((flags & SQLITE_OPEN_CREATE) != 0 && disk->powered_) {
        file = std::make_shared<Disk::File>();
        disk->files_.emplace(name, file);
    } else {
        return SQLITE_CANTOPEN;
    }
    self.file = new std::shared_ptr<Disk::File>(std::move(file));
    self.base.pMethods = &methods();
    if (out != nullptr)
        *out = flags;
    return SQLITE_OK;
}

int DiskFile::remove(sqlite3_vfs* vfs, const char* name, int)
{
    auto* disk = static_cast<Disk*>(vfs->pAppData);
    if (disk->ask(DiskOp::remove) != DiskVerdict::fine)
        return SQLITE_IOERR_DELETE;
    return disk->files_.erase(name) != 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

int DiskFile::access(sqlite3_vfs* vfs, const char* name, int, int* out)
{
    auto* disk = static_cast<Disk*>(vfs->pAppData);
    const auto it = disk->files_.find(name);
    // As on a real disk, an empty journal counts as none.
    *out = it != disk->files_.end() && !it->second->now.empty() ? 1 : 0;
    return SQLITE_OK;
}

int DiskFile::close(sqlite3_file* f)
{
    unlock(f, SQLITE_LOCK_NONE);
    delete of(f).file;
    of(f).file = nullptr;
    return SQLITE_OK;
}

int DiskFile::read(sqlite3_file* f, void* to, int size, sqlite3_int64 at)
{
    Disk& disk = *of(f).disk;
    if (!disk.powered_)
        return SQLITE_IOERR_READ;
    ++disk.reads_;
    if (disk.on_read && disk.on_read())
        return SQLITE_IOERR_READ;
    const std::string& content = data(f).now;
    const auto wanted = static_cast<std::size_t>(size);
    const auto from = std::min(static_cast<std::size_t>(at), content.size());
    const std::size_t there = std::min(wanted, content.size() - from);
    std::memcpy(to, content.data() + from, there);
    if (there == wanted)
        return SQLITE_OK;
    std::memset(static_cast<char*>(to) + there, 0, wanted - there);
    return SQLITE_IOERR_SHORT_READ;
}

int DiskFile::write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at)
{
    Disk& disk = *of(f).disk;
    Disk::Change change;
    change.at = static_cast<std::size_t>(at);
    change.bytes.assign(static_cast<const char*>(from), static_cast<std::size_t>(size));
    const DiskVerdict verdict = disk.ask(DiskOp::write);
    if (verdict == DiskVerdict::torn || verdict == DiskVerdict::power_cut)
        change.bytes.resize(change.bytes.size() / 2);
    if (verdict == DiskVerdict::fine || verdict == DiskVerdict::torn ||
        verdict == DiskVerdict::power_cut) {
        if (disk.on_bytes)
            disk.on_bytes(change.bytes);
        Disk::apply(data(f).now, change);
        data(f).unsynced.push_back(std::move(change));
    }
    return verdict == DiskVerdict::fine ? SQLITE_OK : result_of(verdict);
}

int DiskFile::truncate(sqlite3_file* f, sqlite3_int64 size)
{
    if (const DiskVerdict verdict = of(f).disk->ask(DiskOp::truncate); verdict != DiskVerdict::fine)
        return result_of(verdict);
    Disk::Change change;
    change.at = static_cast<std::size_t>(size);
    change.truncate = true;
    Disk::apply(data(f).now, change);
    data(f).unsynced.push_back(std::move(change));
    return SQLITE_OK;
}

int DiskFile::sync(sqlite3_file* f, int)
{
    if (of(f).disk->ask(DiskOp::sync) != DiskVerdict::fine)
        return SQLITE_IOERR_FSYNC;
    Disk::File& file = data(f);
    for (const Disk::Change& change : file.unsynced)
        Disk::apply(file.durable, change);
    file.unsynced.clear();
    file.named = true;
    return SQLITE_OK;
}

int DiskFile::size(sqlite3_file* f, sqlite3_int64* out)
{
    *out = static_cast<sqlite3_int64>(data(f).now.size());
    return SQLITE_OK;
}

int DiskFile::lock(sqlite3_file* f, int level)
{
    DiskFile& self = of(f);
    Disk::File& file = data(f);
    if (level <= self.level)
        return SQLITE_OK;
    if (file.exclusive != nullptr && file.exclusive != f)
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_SHARED) {
        ++file.shared_locks;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (file.reserved != nullptr && file.reserved != f)
            return SQLITE_BUSY;
        file.reserved = f;
    } else {
        if ((file.reserved != nullptr && file.reserved != f) || file.shared_locks > 1)
            return SQLITE_BUSY;
        file.reserved = f;
        file.exclusive = f;
    }
    self.level = level;
    return SQLITE_OK;
}

int DiskFile::unlock(sqlite3_file* f, int level)
{
    DiskFile& self = of(f);
    Disk::File& file = data(f);
    if (level >= self.level)
        return SQLITE_OK;
    if (file.exclusive == f)
        file.exclusive = nullptr;
    if (file.reserved == f)
        file.reserved = nullptr;
    if (level == SQLITE_LOCK_NONE && self.level >= SQLITE_LOCK_SHARED)
        --file.shared_locks;
    self.level = level;
    return SQLITE_OK;
}

int DiskFile::is_reserved(sqlite3_file* f, int* out)
{
    *out = data(f).reserved != nullptr ? 1 : 0;
    return SQLITE_OK;
}

int DiskFile::map_index(sqlite3_file* f, int page, int, int extend, void volatile** out)
{
    auto& index = data(f).index;
    const auto wanted = static_cast<std::size_t>(page);
    while (index.size() <= wanted && extend != 0) {
        index.push_back(std::make_unique<std::array<char, 32768>>());
        index.back()->fill(0);
    }
    *out = wanted < index.size() ? static_cast<void*>(index[wanted]->data()) : nullptr;
    return SQLITE_OK;
}

int DiskFile::lock_index(sqlite3_file* f, int first, int count, int flags)
{
    auto& locks = data(f).index_locks;
    const auto begin = locks.begin() + first;
    const auto end = begin + count;
    const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        for (auto lock = begin; lock != end; ++lock) {
            if (exclusive)
                lock->exclusive = nullptr;
            else
                --lock->shared;
        }
        return SQLITE_OK;
    }
    for (auto lock = begin; lock != end; ++lock)
        if (lock->exclusive != nullptr || (exclusive && lock->shared != 0))
            return SQLITE_BUSY;
    for (auto lock = begin; lock != end; ++lock) {
        if (exclusive)
            lock->exclusive = f;
        else
            ++lock->shared;
    }
    return SQLITE_OK;
}

int DiskFile::unmap_index(sqlite3_file* f, int remove)
{
    if (remove != 0)
        data(f).index.clear();
    return SQLITE_OK;
}

const sqlite3_io_methods& DiskFile::methods()
{
    static const sqlite3_io_methods table = [] {
        sqlite3_io_methods m{};
        m.iVersion = 2;
        m.xClose = &DiskFile::close;
        m.xRead = &DiskFile::read;
        m.xWrite = &DiskFile::write;
        m.xTruncate = &DiskFile::truncate;
        m.xSync = &DiskFile::sync;
        m.xFileSize = &DiskFile::size;
        m.xLock = &DiskFile::lock;
        m.xUnlock = &DiskFile::unlock;
        m.xCheckReservedLock = &DiskFile::is_reserved;
        m.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
        m.xSectorSize = [](sqlite3_file*) { return static_cast<int>(sector_bytes); };
        m.xDeviceCharacteristics = [](sqlite3_file*) { return 0; };
        m.xShmMap = &DiskFile::map_index;
        m.xShmLock = &DiskFile::lock_index;
        m.xShmBarrier = [](sqlite3_file*) {};
        m.xShmUnmap = &DiskFile::unmap_index;
        return m;
    }();
    return table;
}

Disk::Disk()
{
    if (real_vfs != nullptr)
        throw std::logic_error("there is a simulated disk already");
    sqlite3_initialize();
    real_vfs = sqlite3_vfs_find(nullptr);
    simulated_vfs = *real_vfs;
    simulated_vfs.zName = "simulated";
    simulated_vfs.szOsFile = sizeof(DiskFile);
    simulated_vfs.pAppData = this;
    simulated_vfs.pNext = nullptr;
    simulated_vfs.xOpen = &DiskFile::open;
    simulated_vfs.xDelete = &DiskFile::remove;
    simulated_vfs.xAccess = &DiskFile::access;
    simulated_vfs.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* out) {
        sqlite3_snprintf(size, out, "%s", name);
        return SQLITE_OK;
    };
    simulated_vfs.xRandomness = [](sqlite3_vfs*, int size, char* out) {
        for (int i = 0; i < size; ++i)
            out[i] = static_cast<char>((salt = salt * 6364136223846793005ULL + 1) >> 56U);
        return size;
    };
    simulated_vfs.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
    simulated_vfs.xCurrentTimeInt64 = [](sqlite3_vfs*, sqlite3_int64* out) {
        *out = 212'000'000'000'000;
        return SQLITE_OK;
    };
    sqlite3_vfs_register(&simulated_vfs, 1);
    salt = 0;
    sqlite3_randomness(0, nullptr);
}

Disk::~Disk()
{
    sqlite3_vfs_unregister(&simulated_vfs);
    sqlite3_vfs_register(real_vfs, 1);
    real_vfs = nullptr;
}

Result<std::shared_ptr<void>> Disk::lock_writer()
{
    if (!writer_.expired())
        return Error{Errc::busy, "the state is in use"};
    const std::shared_ptr<void> lock = std::make_shared<char>();
    writer_ = lock;
    return lock;
}

DiskVerdict Disk::ask(DiskOp operation)
{
    if (!powered_)
        return DiskVerdict::fail;
    ++operations_;
    const DiskVerdict verdict = on_operation ? on_operation(operation) : DiskVerdict::fine;
    if (verdict == DiskVerdict::power_cut)
        powered_ = false;
    if (operation == DiskOp::sync && verdict == DiskVerdict::fine)
        ++syncs_;
    return powered_ || verdict == DiskVerdict::power_cut ? verdict : DiskVerdict::fail;
}

void Disk::apply(std::string& content, const Change& change)
{
    if (change.truncate) {
        content.resize(std::min(content.size(), change.at));
        return;
    }
    constexpr std::size_t usual = 256U << 10U;
    if (content.capacity() < usual && change.at + change.bytes.size() > content.capacity())
        content.reserve(usual);
    if (content.size() < change.at + change.bytes.size())
        content.resize(change.at + change.bytes.size(), '\0');
    content.replace(change.at, change.bytes.size(), change.bytes);
}

void Disk::put(const std::string& name, const std::string& content)
{
    auto file = std::make_shared<File>();
    file->now = content;
    file->durable = content;
    file->named = true;
    files_[name] = std::move(file);
}

std::optional<std::string> Disk::content(const std::string& name) const
{
    const auto it = files_.find(name);
    if (it == files_.end())
        return std::nullopt;
    return it->second->now;
}

bool Disk::damage(const std::string& name, Random& random)
{
    const auto it = files_.find(name);
    if (it == files_.end() || it->second->now.empty())
        return false;
    File& file = *it->second;
    const auto at = static_cast<std::size_t>(random.below(file.now.size()));
    file.now[at] = static_cast<char>(file.now[at] ^ (1 << random.below(8)));
    file.durable = file.now;
    return true;
}

// What was synced, and any of the writes after it, in any order, each whole or in part.
std::string Disk::surviving(const File& file, Random& random)
{
    std::string content = file.durable;
    std::vector<const Change*> changes;
    for (const Change& change : file.unsynced)
        if (random.below(2) == 0)
            changes.push_back(&change);
    if (random.below(4) == 0)
        for (std::size_t i = changes.size(); i > 1; --i)
            std::swap(changes[i - 1], changes[random.below(i)]);
    for (const Change* change : changes) {
        Change part = *change;
        if (!part.truncate && random.below(4) == 0)
            part.bytes.resize(random.below(part.bytes.size() / sector_bytes + 1) * sector_bytes);
        apply(content, part);
    }
    return content;
}

void Disk::restart(DiskLoss loss, Random& random)
{
    for (auto it = files_.begin(); it != files_.end();) {
        const File& old = *it->second;
        auto fresh = std::make_shared<File>();
        fresh->now = loss == DiskLoss::nothing ? old.now : surviving(old, random);
        fresh->durable = fresh->now;
        fresh->named = true;
        const bool vanishes = loss == DiskLoss::unsynced && !old.named && random.below(2) == 0;
        it->second = std::move(fresh);
        it = vanishes ? files_.erase(it) : std::next(it);
    }
    powered_ = true;
}

} // namespace trueup::sim
