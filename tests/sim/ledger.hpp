#pragma once

#include "syncline/clock/version_vector.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace syncline::sim {

/// What devices have written and were told: what the relay's log has to hold in the end, and which
/// faults excuse it.
class Ledger {
public:
    /// What may have become of one committed transaction, which its token names.
    struct Edit {
        std::string space;
        bool refused = false;
        bool may_repeat = false;
        bool may_vanish = false;
        bool copied = false;  ///< while it was pending
    };

    void committed(const std::string& token, const std::string& space);
    /// The relay refused it for ever.
    void refused(const std::string& token) { edits_[token].refused = true; }
    /// It was pending in a store that was copied just now.
    void copied(const std::string& token);
    /// The author was told that the relay has its changes up to `counter` on disk.
    void acknowledged(const std::string& space, const ReplicaId& author, std::uint64_t counter);

    void device_copied() { ++copies_; }
    /// A refusal, or a clock that has to be corrected, gives pending changes other places or
    /// stamps. So copies may bring them twice, once under a new identity.
    void changes_are_moved();
    void relay_clock_moved();
    void relay_restored();

    [[nodiscard]] const std::map<std::string, Edit>& edits() const { return edits_; }
    [[nodiscard]] Edit edit(const std::string& token) const;
    /// By space.
    [[nodiscard]] const std::map<std::string, VersionVector>& acknowledged() const {
        return acknowledged_;
    }
    /// How often a device was copied, and whether the relay's disk went back, since the world
    /// began.
    [[nodiscard]] std::uint64_t copies() const { return copies_; }
    [[nodiscard]] bool restored() const { return restored_; }

private:
    std::map<std::string, Edit> edits_;
    std::map<std::string, VersionVector> acknowledged_;
    std::uint64_t copies_ = 0;
    bool moved_ = false;
    bool restored_ = false;
    bool relay_clock_moved_ = false;
};

}  // namespace syncline::sim
