#pragma once

#include "syncline/bytes.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::test {

/// Whether xSync does what it says. With `lying` it does nothing and reports success: the control
/// that shows a harness is not blind.
enum class Fsync : std::uint8_t { honest, lying };

enum class Fault : std::uint8_t {
    any,    ///< any I/O, failing with the error of its kind (reads, opens and deletes included)
    read,   ///< SQLITE_IOERR_READ
    write,  ///< SQLITE_IOERR_WRITE, nothing written
    fsync,  ///< SQLITE_IOERR_FSYNC; see "Failed fsync" below
    full,   ///< a write that ends in SQLITE_FULL
};
enum class Repeat : std::uint8_t { once, for_ever };

/// A SQLite VFS in memory whose power can be cut.
///
/// Model     Each file is a durable image and the writes and truncates since its last sync. A cut
/// decides
///           for every unsynced write, from the seed, whether it is dropped, applied, torn (each
///           512-byte sector it covers applied or not) or applied up to a point with garbage behind
///           it, and in half of the cuts applies what survives in shuffled order, across files too
///           since each file is decided on its own. Bytes outside a write's range are never touched
///           (SQLite's "powersafe overwrite", which its unix VFS assumes as well).
/// Names     Creating and deleting a file is a change of its directory, durable once the directory
/// is
///           synced; as in SQLite's unix VFS that happens when a journal or log that this handle
///           created is synced for the first time, and in xDelete when asked for. Syncing a file
///           does not make its name durable (pessimistic: ext4 would). At a cut each name falls
///           back, independently, to any state it has had since the last directory sync.
/// Failed    After a failed fsync the writes it covered are still read back but no later sync
/// writes fsync     them, and a cut drops them (Linux marks such pages clean). Process   `crash_at`
/// makes an I/O the last: it and all that follow fail with SQLITE_IOERR. `reboot`
///           then behaves like a restart after kill -9 (unsynced writes kept), `cut` and `reboot`
///           like one after a power cut. Handles opened before a reboot stay dead.
/// Locks     Between handles of one instance, as POSIX locks between processes. No shared memory
///           (iVersion 1): WAL needs locking_mode=EXCLUSIVE.
/// Threads   Calls are serialised by a mutex. Instances share nothing.
class PowerLossVfs {
public:
    explicit PowerLossVfs(Fsync fsync = Fsync::honest);
    /// All databases on it must have been closed.
    ~PowerLossVfs();
    PowerLossVfs(const PowerLossVfs&) = delete;
    PowerLossVfs& operator=(const PowerLossVfs&) = delete;

    /// What to put in `sqlite::Options::vfs`; unique per instance.
    [[nodiscard]] const std::string& name() const;

    /// Crash points so far: writes, truncates, syncs, creations and deletions.
    [[nodiscard]] std::uint64_t operations() const;
    /// The `nth` crash point from now (1 is the next) is the last, and may or may not take effect.
    /// 0: none.
    void crash_at(std::uint64_t nth);
    [[nodiscard]] bool crashed() const;
    /// Stops everything and decides what is on the disk. Nothing works until `reboot`.
    void cut(std::uint64_t seed);
    void reboot();

    /// The `nth` I/O of that kind from now fails (1 is the next), once or from then on.
    void fail_at(std::uint64_t nth, Fault fault, Repeat repeat = Repeat::once);
    void heal();
    /// How often an injected fault has struck since the last `fail_at`.
    [[nodiscard]] std::uint64_t faults() const;

    /// A write that would make all files together larger than this is SQLITE_FULL. 0: no bound.
    void set_capacity(std::uint64_t bytes);
    [[nodiscard]] std::uint64_t used() const;

    [[nodiscard]] std::vector<std::string> files() const;
    /// As a reader would see it now; empty for a missing file.
    [[nodiscard]] Bytes contents(std::string_view file) const;
    /// Puts a file there, durably, as if copied in while nothing was open.
    void put(std::string_view file, BytesView contents);
    void remove(std::string_view file);
    /// Flips one bit on the disk and in the cache.
    void flip_bit(std::string_view file, std::uint64_t bit);

    struct State;

private:
    std::unique_ptr<State> state_;
};

}  // namespace syncline::test
