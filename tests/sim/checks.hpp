#pragma once

#include "ledger.hpp"
#include "memory_relay_storage.hpp"
#include "reference.hpp"
#include "slot.hpp"
#include "syncline/clock/version_vector.hpp"

#include <cstdint>
#include <map>
#include <string>

/// What has to hold in the world. Every check returns what is wrong; the empty text is: nothing.
namespace syncline::sim {

// ---- At any time

/// Acknowledged is on disk, whatever happened to the relay.
[[nodiscard]] std::string check_acknowledged(const MemoryRelayStorage& disk, const Ledger& ledger);

/// What a reader of the slot sees now is what a reader sees after a restart, and what the reader
/// saw before; `documents` is how many of them devices edit. Remembers what is seen.
[[nodiscard]] std::string audit(Slot& slot, std::size_t documents, const Ledger& ledger);

// ---- At rest

/// What the log of a space says.
struct LogReading {
    Reference reference;
    VersionVector vector;
    std::map<std::string, std::size_t> times;  ///< by token: how often its change is there
    std::uint64_t head = 0;
};
/// The log itself: places, chains and stamps grow, references go back. Reads it into `reading`.
[[nodiscard]] std::string check_log(const MemoryRelayStorage::Space& log, const Ledger& ledger,
                                    LogReading& reading);
/// Every edit is in the log once, but for what the ledger excuses.
[[nodiscard]] std::string check_edits(const std::string& space, const LogReading& reading,
                                      const Ledger& ledger);
/// The version vector is the log's, in memory and on disk.
[[nodiscard]] std::string check_vector(const Slot& slot, const LogReading& reading);
/// The kept log and what it stands on lead to what is confirmed.
[[nodiscard]] std::string check_history(const Slot& slot);
/// A reader sees what the reference says.
[[nodiscard]] std::string check_views(Slot& slot, const LogReading& reading);
/// A fresh device that reads the whole log comes to this digest.
[[nodiscard]] std::string check_fresh_reader(const MemoryRelayStorage::Space& log,
                                             const std::string& space, const Hash& digest);

}  // namespace syncline::sim
