#pragma once

#include "laws/floor_twin.hpp"
#include "support/random_edits.hpp"
#include "syncline/document/undo.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// One document's log, devices that follow it at their own pace, and a floor that is written by the
/// rules of floor.hpp, or by broken ones.
namespace syncline::testing {

class FloorWorld {
public:
    /// What is kept to. Whoever does not is a control.
    struct Rules {
        bool waits = true;           ///< the entry is written when all have passed
        bool spares = true;          ///< what was worked in meanwhile stays
        bool names_seen = true;      ///< no op names as a parent what its author saw erased
        bool makes_again = true;     ///< pending changes from below the floor
        bool waits_for_undo = true;  ///< what may still be undone counts as pending
    };
    struct Settings {
        std::size_t devices = 3;
        std::size_t steps = 60;
        std::optional<Type> focus;  ///< edits are of top fields of this type, if it can be
        bool with_undo = false;
        Rules rules;
    };
    struct Figures {
        std::uint64_t changes = 0;
        std::uint64_t floors = 0;
        std::uint64_t dropped_bytes = 0;
        std::uint64_t late_returns = 0;
        std::uint64_t made_again = 0;
        std::uint64_t lost_ops = 0;
        std::uint64_t undos = 0;  ///< and redos

        Figures& operator+=(const Figures& other);
    };

    FloorWorld(Random& random, const Settings& settings);

    /// A history and its end: everybody hears of everything, all is cleared, and nothing is left.
    /// What is wrong, or nothing.
    std::string run();
    [[nodiscard]] const Figures& figures() const { return figures_; }

private:
    struct Device {
        ReplicaId id;
        Document confirmed;
        std::uint64_t cursor = 0;
        std::vector<Change> pending;  ///< with sequence numbers as bases
        std::size_t sent = 0;         ///< the first of them, which the log has
        std::uint64_t next = 1;
        HlcClock clock;
        bool is_registered = true;
        UndoManager undo{UndoManager::Options{100, 0}};
        /// Of the oldest change that was recorded since there was nothing to undo.
        std::uint64_t undo_base = 0;
        /// The first counters of pending undoes, with that.
        std::vector<std::pair<std::uint64_t, std::uint64_t>> undoes;
    };
    struct Entry {
        std::optional<Change> change;
        Residue drop;
        Bytes bytes;  ///< of the state after it
        VersionVector vector;
    };
    struct Candidate {
        std::uint64_t at = 0;
        Residue residue;
    };

    [[nodiscard]] std::uint64_t head() const { return log_.size(); }
    [[nodiscard]] VersionVector vector_at(std::uint64_t cursor) const;
    [[nodiscard]] Document state_at(std::uint64_t cursor) const;
    [[nodiscard]] static Document visible(const Device& device);
    [[nodiscard]] std::uint64_t report(const Device& device) const;
    [[nodiscard]] std::vector<FieldOp> some_edit(const Document& document, const ReplicaId& author);

    std::string step();
    std::string edit(Device& device);
    std::string undo_or_redo(Device& device);
    std::string commit(Device& device, std::vector<FieldOp> ops, Hlc hlc);
    static void observe(Device& device, const Change& change);
    std::string push(Device& device, std::size_t most);
    std::string append(Change change);
    std::string pull(Device& device, std::uint64_t most);
    std::string follow(Device& device, const Entry& entry);
    std::string take_state(Device& device);
    std::string begin_or_finish_floor();
    std::string drop_candidate();
    std::string come_or_go(Device& device);
    std::string come_back_late(Device& device);
    std::string compare(const std::string& when) const;
    std::string join_with_relay(const Device& device) const;
    std::string meet();
    std::string settle();
    std::string end();

    Random& random_;
    Settings settings_;
    std::vector<Device> devices_;
    std::vector<Entry> log_;
    Document relay_;
    Twin twin_;
    Hlc latest_;
    std::optional<Candidate> candidate_;
    std::uint64_t floor_ = 0;       ///< the highest sequence number whose residue was dropped
    std::uint64_t floored_at_ = 0;  ///< the last entry that dropped
    Figures figures_;
};

}  // namespace syncline::testing
