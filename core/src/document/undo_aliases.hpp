#pragma once

#include "undo_record.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace syncline {

/// What came back has new dots: which one stands for which.
class UndoAliases {
public:
    /// Whether the old one is gone, or both stand for it.
    enum class Old : std::uint8_t { gone, there };
    /// The n-th dot of `old` is now the n-th from `now` on. A dot may have several.
    void add(const DotRun& old, const Dot& now, Old is = Old::gone) {
        pieces_[{old.replica, old.first}].push_back({old.size(), now, is});
        longest_ = std::max(longest_, old.size());
    }
    void add(const DotSet& old, const Dot& now) {
        for (const Dot& dot : old) add(DotRun{dot.replica, dot.counter, dot.counter}, now);
    }
    void add(const UndoAliases& other) {
        for (const auto& [first, pieces] : other.pieces_) {
            for (const Piece& piece : pieces)
                add(DotRun{first.replica, first.counter, first.counter + piece.length - 1},
                    piece.now, piece.old);
        }
    }
    /// Calls `use(then, now)` for each stretch of `dots` and what it is called now: itself, if it
    /// never came back.
    template <typename Use>
    void trace(const DotRun& dots, Use use) const {
        std::vector<std::pair<DotRun, DotRun>> todo = {{dots, dots}};
        while (!todo.empty()) {
            const DotRun then = todo.back().first;
            const DotRun now = todo.back().second;
            todo.pop_back();
            DotSet unknown;
            unknown.insert(now);
            for_each_piece(now, [&](const DotRun& known, const Dot& next, Old old) {
                if (old == Old::gone) unknown.erase(known);
                const std::uint64_t first = then.first + (known.first - now.first);
                todo.push_back({{then.replica, first, first + known.size() - 1},
                                {next.replica, next.counter, next.counter + known.size() - 1}});
            });
            for (const DotRun& run : unknown.runs()) {
                const std::uint64_t first = then.first + (run.first - now.first);
                use(DotRun{then.replica, first, first + run.size() - 1}, run);
            }
        }
    }
    [[nodiscard]] DotSet resolve(const DotSet& dots) const {
        if (pieces_.empty()) return dots;
        DotSet now;
        for (const DotRun& run : dots.runs())
            trace(run, [&](const DotRun&, const DotRun& named) { now.insert(named); });
        return now;
    }
    [[nodiscard]] std::size_t size() const { return pieces_.size(); }
    void clear() { *this = UndoAliases(); }

    [[nodiscard]] UndoAliases renamed(const DotMap& map) const {
        UndoAliases made;
        for (const auto& [first, pieces] : pieces_) {
            for (const Piece& piece : pieces) {
                for (std::uint64_t i = 0; i < piece.length; ++i) {
                    const auto old = map({first.replica, first.counter + i});
                    const auto now = map({piece.now.replica, piece.now.counter + i});
                    if (old && now)
                        made.add(DotRun{old->replica, old->counter, old->counter}, *now, piece.old);
                }
            }
        }
        return made;
    }

private:
    struct Piece {
        std::uint64_t length;
        Dot now;
        Old old;
    };
    /// Calls `use(stretch, its first one's other name, what became of the old one)`.
    template <typename Use>
    void for_each_piece(const DotRun& dots, Use use) const {
        if (pieces_.empty()) return;
        // A piece that reaches in from the front starts at most one length before.
        const std::uint64_t reach = dots.first > longest_ ? dots.first - longest_ : 0;
        for (auto at = pieces_.lower_bound(Dot{dots.replica, reach});
             at != pieces_.end() && at->first.replica == dots.replica &&
             at->first.counter <= dots.last;
             ++at) {
            for (const Piece& piece : at->second) {
                const std::uint64_t from = std::max(dots.first, at->first.counter);
                const std::uint64_t to = std::min(dots.last, at->first.counter + piece.length - 1);
                if (from > to) continue;
                use(DotRun{dots.replica, from, to},
                    Dot{piece.now.replica, piece.now.counter + (from - at->first.counter)},
                    piece.old);
            }
        }
    }
    std::map<Dot, std::vector<Piece>> pieces_;  ///< by the first of the old dots
    std::uint64_t longest_ = 0;
};

/// Adds that were cancelled and came back as one: those of `replica` above `from` up to `to`.
struct CounterAlias {
    ReplicaId replica;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    Dot now;
};
using CounterAliases = std::map<FieldId, std::vector<CounterAlias>>;

}  // namespace syncline
