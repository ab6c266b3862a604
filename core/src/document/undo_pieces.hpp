#pragma once

#include "dot_overlap.hpp"
#include "undo_record.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace syncline {

inline std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// Splits `erased` (dots with something for each) into what `mine` holds, which goes, and the rest.
template <typename Piece, typename Dots, typename Cut>
void split(std::vector<Piece>& pieces, const DotSet& mine, Dots dots, Cut cut, DotSet& gone) {
    std::vector<Piece> left;
    for (Piece& piece : pieces) {
        DotSet others;
        others.insert(dots(piece));
        for_each_overlap(mine, dots(piece), [&](const DotRun& run) {
            gone.insert(run);
            others.erase(run);
        });
        for (const DotRun& run : others.runs()) left.push_back(cut(piece, run));
    }
    pieces = std::move(left);
}
inline TextUndo::Erased cut_text(const TextUndo::Erased& piece, const DotRun& run) {
    return {run, std::string(slice(piece.text, run.first - piece.dots.first, run.size()))};
}
inline ListUndo::Erased cut_values(const ListUndo::Erased& piece, const DotRun& run) {
    const auto from =
        piece.values.begin() + static_cast<std::ptrdiff_t>(run.first - piece.ids.first);
    return {run, piece.hlc, {from, from + static_cast<std::ptrdiff_t>(run.size())}};
}

}  // namespace syncline
