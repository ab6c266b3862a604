#include "support/power_loss_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <utility>

namespace syncline::test {
namespace {

constexpr std::size_t sector_bytes = 512;

struct Unsynced {
    enum class Kind : std::uint8_t { write, truncate };
    Kind kind;
    std::size_t offset;  // for a truncate: the new size
    Bytes data;
    bool forgotten = false;  // a failed fsync had it: read back, but never written
};

void write_at(Bytes& image, std::size_t offset, const std::byte* data, std::size_t size) {
    if (image.size() < offset + size) image.resize(offset + size);
    if (size > 0) std::memcpy(image.data() + offset, data, size);
}

struct Inode {
    Bytes current;
    Bytes durable;
    std::vector<Unsynced> unsynced;
    std::map<const void*, int> locks;  // by handle

    void sync() {
        std::vector<Unsynced> kept;
        for (auto& change : unsynced) {
            if (change.forgotten)
                kept.push_back(std::move(change));
            else if (change.kind == Unsynced::Kind::truncate)
                durable.resize(change.offset);
            else
                write_at(durable, change.offset, change.data.data(), change.data.size());
        }
        unsynced = std::move(kept);
    }
};

using InodePtr = std::shared_ptr<Inode>;
using Names = std::map<std::string, InodePtr, std::less<>>;

/// How rough one cut is; drawn per cut, so that both "one write missing" and "one write there"
/// occur.
struct Weather {
    double apply;
    double tear;
    double garbage;
    bool shuffle;
};

double one_of(std::mt19937_64& random, std::initializer_list<double> values) {
    return *(values.begin() + static_cast<std::ptrdiff_t>(random() % values.size()));
}

bool chance(std::mt19937_64& random, double probability) {
    return static_cast<double>(random() >> 11) * 0x1.0p-53 < probability;
}

void survive(Inode& inode, const Weather& weather, std::mt19937_64& random) {
    auto changes = std::move(inode.unsynced);
    inode.unsynced.clear();
    if (weather.shuffle) std::shuffle(changes.begin(), changes.end(), random);
    for (const auto& change : changes) {
        if (change.forgotten || !chance(random, weather.apply)) continue;
        if (change.kind == Unsynced::Kind::truncate) {
            inode.durable.resize(change.offset);
            continue;
        }
        const std::size_t size = change.data.size();
        if (chance(random, weather.tear)) {
            for (std::size_t at = 0; at < size;) {
                const std::size_t sector_end =
                    ((change.offset + at) / sector_bytes + 1) * sector_bytes - change.offset;
                const std::size_t end = std::min(size, sector_end);
                if (random() % 2 == 0)
                    write_at(inode.durable, change.offset + at, change.data.data() + at, end - at);
                at = end;
            }
        } else if (chance(random, weather.garbage)) {
            Bytes data = change.data;
            for (std::size_t at = static_cast<std::size_t>(random()) % (size + 1); at < size; ++at)
                data[at] = static_cast<std::byte>(random() & 0xff);
            write_at(inode.durable, change.offset, data.data(), size);
        } else {
            write_at(inode.durable, change.offset, change.data.data(), size);
        }
    }
    inode.current = inode.durable;
}

}  // namespace

struct PowerLossVfs::State {
    mutable std::mutex mutex;
    std::string name;
    sqlite3_vfs vfs{};
    Fsync fsync = Fsync::honest;

    Names names;
    Names durable_names;
    struct NameChange {
        std::string name;
        InodePtr inode;  // null: deleted
    };
    std::vector<NameChange> name_changes;

    std::uint64_t generation = 0;  // grows with each reboot; older handles are dead
    bool down = false;
    std::uint64_t operations = 0;
    std::uint64_t crash_in = 0;
    std::uint64_t fault_in = 0;
    Fault fault = Fault::any;
    Repeat repeat = Repeat::once;
    std::uint64_t faults = 0;
    std::uint64_t capacity = 0;

    /// One more crash point; true when it is the last.
    bool crash_point() {
        ++operations;
        if (crash_in == 0 || --crash_in > 0) return false;
        down = true;
        return true;
    }

    /// Whether an injected fault strikes an I/O of `kind`.
    bool strikes(Fault kind) {
        if (fault_in == 0) return false;
        const bool matches =
            fault == Fault::any || fault == kind || (fault == Fault::full && kind == Fault::write);
        if (!matches) return false;
        if (fault_in > 1) {
            --fault_in;
            return false;
        }
        if (repeat == Repeat::once) fault_in = 0;
        ++faults;
        return true;
    }

    /// The same for what is neither a read, a write nor a sync.
    bool strikes_other() { return fault == Fault::any && strikes(Fault::any); }

    [[nodiscard]] std::uint64_t used() const {
        std::uint64_t sum = 0;
        for (const auto& [file, inode] : names) sum += inode->current.size();
        return sum;
    }

    void sync_directory() {
        if (fsync == Fsync::lying) return;
        durable_names = names;
        name_changes.clear();
    }

    void set_name(const std::string& file, InodePtr inode) {
        name_changes.push_back({file, inode});
        if (inode == nullptr)
            names.erase(file);
        else
            names[file] = std::move(inode);
    }

    void cut(std::uint64_t seed) {
        std::mt19937_64 random(seed);
        const Weather weather{one_of(random, {0.0, 0.1, 0.5, 0.9, 1.0}),
                              one_of(random, {0.0, 0.0, 0.1, 0.5}),
                              one_of(random, {0.0, 0.0, 0.1, 0.5}), random() % 2 == 0};
        Names survivors = durable_names;
        std::map<std::string, std::vector<InodePtr>> histories;
        for (auto& change : name_changes) histories[change.name].push_back(change.inode);
        for (auto& [file, history] : histories) {
            const std::size_t kept = static_cast<std::size_t>(random() % (history.size() + 1));
            if (kept == 0) continue;
            if (history[kept - 1] == nullptr)
                survivors.erase(file);
            else
                survivors[file] = history[kept - 1];
        }
        names = std::move(survivors);
        durable_names = names;
        name_changes.clear();
        for (auto& [file, inode] : names) survive(*inode, weather, random);
        down = true;
    }

    void reboot() {
        ++generation;
        down = false;
        crash_in = 0;
        fault_in = 0;
        // Handles from before keep their inode; nothing they still do can reach the new ones.
        std::map<const Inode*, InodePtr> copies;
        const auto copied = [&](const InodePtr& old) -> InodePtr {
            if (old == nullptr) return nullptr;
            auto& copy = copies[old.get()];
            if (copy == nullptr) {
                copy = std::make_shared<Inode>(std::move(*old));
                copy->locks.clear();
            }
            return copy;
        };
        for (auto& [file, inode] : names) inode = copied(inode);
        for (auto& [file, inode] : durable_names) inode = copied(inode);
        for (auto& change : name_changes) change.inode = copied(change.inode);
    }
};

namespace {

using State = PowerLossVfs::State;

struct File {
    sqlite3_file base;  // first: SQLite sees only this
    State* state;
    std::uint64_t generation;
    InodePtr inode;
    std::string name;
    bool delete_on_close;
    bool sync_directory;  // the next sync makes this file's name durable, too

    [[nodiscard]] bool dead() const { return state->down || generation != state->generation; }
};

State& state_of(sqlite3_vfs* vfs) { return *static_cast<State*>(vfs->pAppData); }
File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

int file_close(sqlite3_file* handle) {
    File& file = file_of(handle);
    {
        const std::lock_guard lock(file.state->mutex);
        file.inode->locks.erase(&file);
        if (file.delete_on_close && !file.dead() && !file.name.empty())
            file.state->set_name(file.name, nullptr);
    }
    file.~File();
    return SQLITE_OK;
}

int file_read(sqlite3_file* handle, void* buffer, int amount, sqlite3_int64 offset) {
    File& file = file_of(handle);
    const std::lock_guard lock(file.state->mutex);
    if (file.dead() || file.state->strikes(Fault::read)) return SQLITE_IOERR_READ;
    const Bytes& image = file.inode->current;
    const auto at = static_cast<std::size_t>(offset);
    const auto wanted = static_cast<std::size_t>(amount);
    const std::size_t got = at < image.size() ? std::min(wanted, image.size() - at) : 0;
    if (got > 0) std::memcpy(buffer, image.data() + at, got);
    if (got == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(buffer) + got, 0, wanted - got);
    return SQLITE_IOERR_SHORT_READ;
}

int file_write(sqlite3_file* handle, const void* buffer, int amount, sqlite3_int64 offset) {
    File& file = file_of(handle);
    State& state = *file.state;
    const std::lock_guard lock(state.mutex);
    if (file.dead()) return SQLITE_IOERR_WRITE;
    const bool last = state.crash_point();
    if (!last && state.strikes(Fault::write))
        return state.fault == Fault::full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    Inode& inode = *file.inode;
    const auto at = static_cast<std::size_t>(offset);
    const auto size = static_cast<std::size_t>(amount);
    if (state.capacity > 0 && at + size > inode.current.size() &&
        state.used() + (at + size - inode.current.size()) > state.capacity)
        return SQLITE_FULL;
    const auto* data = static_cast<const std::byte*>(buffer);
    write_at(inode.current, at, data, size);
    inode.unsynced.push_back({Unsynced::Kind::write, at, Bytes(data, data + size)});
    return last ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

int file_truncate(sqlite3_file* handle, sqlite3_int64 size) {
    File& file = file_of(handle);
    const std::lock_guard lock(file.state->mutex);
    if (file.dead()) return SQLITE_IOERR_TRUNCATE;
    const bool last = file.state->crash_point();
    if (!last && file.state->fault != Fault::full && file.state->strikes(Fault::write))
        return SQLITE_IOERR_TRUNCATE;
    file.inode->current.resize(static_cast<std::size_t>(size));
    file.inode->unsynced.push_back({Unsynced::Kind::truncate, static_cast<std::size_t>(size), {}});
    return last ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

int file_sync(sqlite3_file* handle, int) {
    File& file = file_of(handle);
    State& state = *file.state;
    const std::lock_guard lock(state.mutex);
    if (file.dead() || state.crash_point()) return SQLITE_IOERR_FSYNC;
    if (state.strikes(Fault::fsync)) {
        for (auto& change : file.inode->unsynced) change.forgotten = true;
        return SQLITE_IOERR_FSYNC;
    }
    if (state.fsync == Fsync::lying) return SQLITE_OK;
    file.inode->sync();
    if (std::exchange(file.sync_directory, false)) state.sync_directory();
    return SQLITE_OK;
}

int file_size(sqlite3_file* handle, sqlite3_int64* size) {
    File& file = file_of(handle);
    const std::lock_guard lock(file.state->mutex);
    if (file.dead() || file.state->strikes_other()) return SQLITE_IOERR_FSTAT;
    *size = static_cast<sqlite3_int64>(file.inode->current.size());
    return SQLITE_OK;
}

/// The strongest lock any other handle holds.
int others_hold(const File& file) {
    int strongest = SQLITE_LOCK_NONE;
    for (const auto& [holder, level] : file.inode->locks)
        if (holder != &file) strongest = std::max(strongest, level);
    return strongest;
}

int file_lock(sqlite3_file* handle, int wanted) {
    File& file = file_of(handle);
    const std::lock_guard lock(file.state->mutex);
    if (file.dead()) return SQLITE_IOERR_LOCK;
    int& held = file.inode->locks[&file];
    if (held >= wanted) return SQLITE_OK;
    const int others = others_hold(file);
    if (wanted == SQLITE_LOCK_SHARED) {
        if (others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
    } else {
        if (others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
        if (wanted == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
            held = SQLITE_LOCK_PENDING;
            return SQLITE_BUSY;
        }
    }
    held = wanted;
    return SQLITE_OK;
}

int file_unlock(sqlite3_file* handle, int level) {
    File& file = file_of(handle);
    const std::lock_guard lock(file.state->mutex);
    int& held = file.inode->locks[&file];
    held = std::min(held, level);
    return SQLITE_OK;
}

int file_check_reserved(sqlite3_file* handle, int* result) {
    File& file = file_of(handle);
    const std::lock_guard lock(file.state->mutex);
    if (file.dead()) return SQLITE_IOERR_CHECKRESERVEDLOCK;
    *result = others_hold(file) >= SQLITE_LOCK_RESERVED ? 1 : 0;
    return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
// As SQLite's unix VFS reports them on Linux.
int file_sector_size(sqlite3_file*) { return 4096; }
int file_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

const sqlite3_io_methods& io_methods() {
    static const sqlite3_io_methods methods = [] {
        sqlite3_io_methods m{};
        m.iVersion = 1;
        m.xClose = file_close;
        m.xRead = file_read;
        m.xWrite = file_write;
        m.xTruncate = file_truncate;
        m.xSync = file_sync;
        m.xFileSize = file_size;
        m.xLock = file_lock;
        m.xUnlock = file_unlock;
        m.xCheckReservedLock = file_check_reserved;
        m.xFileControl = file_control;
        m.xSectorSize = file_sector_size;
        m.xDeviceCharacteristics = file_characteristics;
        return m;
    }();
    return methods;
}

int vfs_open(sqlite3_vfs* vfs, const char* path, sqlite3_file* handle, int flags, int* out_flags) {
    State& state = state_of(vfs);
    handle->pMethods = nullptr;
    const std::lock_guard lock(state.mutex);
    if (state.down || state.strikes_other()) return SQLITE_CANTOPEN;
    const std::string name = path == nullptr ? std::string() : std::string(path);
    InodePtr inode;
    bool created = false;
    if (const auto found = state.names.find(name); path != nullptr && found != state.names.end()) {
        if ((flags & SQLITE_OPEN_EXCLUSIVE) != 0) return SQLITE_CANTOPEN;
        inode = found->second;
    } else {
        if ((flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
        inode = std::make_shared<Inode>();
        created = true;
        if (path != nullptr) {
            const bool last = state.crash_point();
            state.set_name(name, inode);
            if (last) return SQLITE_CANTOPEN;
        }
    }
    const int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    new (handle) File{{&io_methods()},
                      &state,
                      state.generation,
                      std::move(inode),
                      name,
                      (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
                      created && (flags & journals) != 0};
    if (out_flags != nullptr) *out_flags = flags;
    return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    State& state = state_of(vfs);
    const std::lock_guard lock(state.mutex);
    if (state.down) return SQLITE_IOERR_DELETE;
    if (state.names.find(path) == state.names.end()) return SQLITE_IOERR_DELETE_NOENT;
    const bool last = state.crash_point();
    if (!last && state.strikes_other()) return SQLITE_IOERR_DELETE;
    state.set_name(path, nullptr);
    if (last) return SQLITE_IOERR_DELETE;
    if (sync_directory != 0) state.sync_directory();
    return SQLITE_OK;
}

int vfs_access(sqlite3_vfs* vfs, const char* path, int, int* result) {
    State& state = state_of(vfs);
    const std::lock_guard lock(state.mutex);
    if (state.down || state.strikes_other()) return SQLITE_IOERR_ACCESS;
    const auto found = state.names.find(path);
    *result = found != state.names.end() ? 1 : 0;
    return SQLITE_OK;
}

int vfs_full_pathname(sqlite3_vfs*, const char* path, int size, char* out) {
    sqlite3_snprintf(size, out, "%s", path);
    return SQLITE_OK;
}

int vfs_randomness(sqlite3_vfs*, int size, char* out) {
    std::memset(out, 7, static_cast<std::size_t>(size));
    return size;
}

int vfs_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

int vfs_current_time(sqlite3_vfs*, double* now) {
    *now = 2460000.5;
    return SQLITE_OK;
}

int vfs_last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

PowerLossVfs::PowerLossVfs(Fsync fsync) : state_(std::make_unique<State>()) {
    static std::atomic<std::uint64_t> next{0};
    state_->name = "power-loss-" + std::to_string(next.fetch_add(1));
    state_->fsync = fsync;
    sqlite3_vfs& vfs = state_->vfs;
    vfs.iVersion = 1;
    vfs.szOsFile = static_cast<int>(sizeof(File));
    vfs.mxPathname = 512;
    vfs.zName = state_->name.c_str();
    vfs.pAppData = state_.get();
    vfs.xOpen = vfs_open;
    vfs.xDelete = vfs_delete;
    vfs.xAccess = vfs_access;
    vfs.xFullPathname = vfs_full_pathname;
    vfs.xRandomness = vfs_randomness;
    vfs.xSleep = vfs_sleep;
    vfs.xCurrentTime = vfs_current_time;
    vfs.xGetLastError = vfs_last_error;
    [[maybe_unused]] const int code = sqlite3_vfs_register(&vfs, 0);
    assert(code == SQLITE_OK);
}

PowerLossVfs::~PowerLossVfs() { sqlite3_vfs_unregister(&state_->vfs); }

const std::string& PowerLossVfs::name() const { return state_->name; }

std::uint64_t PowerLossVfs::operations() const {
    const std::lock_guard lock(state_->mutex);
    return state_->operations;
}

void PowerLossVfs::crash_at(std::uint64_t nth) {
    const std::lock_guard lock(state_->mutex);
    state_->crash_in = nth;
}

bool PowerLossVfs::crashed() const {
    const std::lock_guard lock(state_->mutex);
    return state_->down;
}

void PowerLossVfs::cut(std::uint64_t seed) {
    const std::lock_guard lock(state_->mutex);
    state_->cut(seed);
}

void PowerLossVfs::reboot() {
    const std::lock_guard lock(state_->mutex);
    state_->reboot();
}

void PowerLossVfs::fail_at(std::uint64_t nth, Fault fault, Repeat repeat) {
    const std::lock_guard lock(state_->mutex);
    state_->fault_in = nth;
    state_->fault = fault;
    state_->repeat = repeat;
    state_->faults = 0;
}

void PowerLossVfs::heal() {
    const std::lock_guard lock(state_->mutex);
    state_->fault_in = 0;
}

std::uint64_t PowerLossVfs::faults() const {
    const std::lock_guard lock(state_->mutex);
    return state_->faults;
}

void PowerLossVfs::set_capacity(std::uint64_t bytes) {
    const std::lock_guard lock(state_->mutex);
    state_->capacity = bytes;
}

std::uint64_t PowerLossVfs::used() const {
    const std::lock_guard lock(state_->mutex);
    return state_->used();
}

std::vector<std::string> PowerLossVfs::files() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<std::string> result;
    for (const auto& [file, inode] : state_->names) result.push_back(file);
    return result;
}

Bytes PowerLossVfs::contents(std::string_view file) const {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->names.find(file);
    return found == state_->names.end() ? Bytes() : found->second->current;
}

void PowerLossVfs::put(std::string_view file, BytesView contents) {
    const std::lock_guard lock(state_->mutex);
    auto inode = std::make_shared<Inode>();
    inode->current.assign(contents.begin(), contents.end());
    inode->durable = inode->current;
    state_->names[std::string(file)] = inode;
    state_->durable_names[std::string(file)] = inode;
}

void PowerLossVfs::remove(std::string_view file) {
    const std::lock_guard lock(state_->mutex);
    const std::string name(file);
    state_->names.erase(name);
    state_->durable_names.erase(name);
    auto& changes = state_->name_changes;
    changes.erase(std::remove_if(changes.begin(), changes.end(),
                                 [&](const auto& change) { return change.name == name; }),
                  changes.end());
}

void PowerLossVfs::flip_bit(std::string_view file, std::uint64_t bit) {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->names.find(file);
    assert(found != state_->names.end());
    const auto at = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<std::byte>(1U << (bit % 8));
    Inode& inode = *found->second;
    if (at < inode.current.size()) inode.current[at] ^= mask;
    if (at < inode.durable.size()) inode.durable[at] ^= mask;
}

}  // namespace syncline::test
