#pragma once

#include "board.hpp"

#include <string>

namespace syncline::board {

/// The board as lines of text, an item a line or more, with the numbers that commands take.
[[nodiscard]] std::string show(const Board& board);

/// Who has the board open, in one line; empty if nobody says so.
[[nodiscard]] std::string show(const std::vector<Presence>& people);

/// How the board stands with the relay, in a few plain words.
[[nodiscard]] std::string show(const SyncStatus& status);

}  // namespace syncline::board
