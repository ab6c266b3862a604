#pragma once

#include "syncline/client/store.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a board is, as demo/web/src/model.ts has it: a space with one document for each item and
/// one, `board/main`, with the title and the order of the items, a list of their ids.
namespace syncline::board {

struct Item {
    std::string id;
    std::string title;
    /// Titles that were written at the same time as the one shown, and lost.
    std::vector<std::string> other_titles;
    std::int64_t votes = 0;
    std::vector<std::string> tags;
    bool done = false;
    std::string notes;
};

struct Board {
    std::string title;
    /// In the list's order, each once; behind them those that the list does not hold, since an item
    /// whose removal met somebody's edit is back without a place.
    std::vector<Item> items;
};

[[nodiscard]] Result<Board> read_board(const Space& space);

/// The item that a person means: its number as it is listed, from 1, or its id. Errors: not_found.
[[nodiscard]] Result<std::string> find_item(const Board& board, const std::string& named);

// Edits, each inside a transaction of the caller's.

void name_board(Transaction& tx, std::string_view title);
/// At the end of the list.
void add_item(Transaction& tx, const std::string& id, std::string_view title);
void remove_item(Transaction& tx, const std::string& id);
void name_item(Transaction& tx, const std::string& id, std::string_view title);
void vote(Transaction& tx, const std::string& id, std::int64_t amount);
void add_tag(Transaction& tx, const std::string& id, std::string_view tag);
void remove_tag(Transaction& tx, const std::string& id, std::string_view tag);
void set_done(Transaction& tx, const std::string& id, bool done);
/// Puts a line behind the notes.
void add_note(Transaction& tx, const std::string& id, std::string_view line);
/// So that it is shown at `place`, from 0, on the board as it was read. A place behind the last is
/// the last.
void move_item(Transaction& tx, const Board& board, const std::string& id, std::size_t place);
/// What others see of a person who has the board open: a name, and no item.
[[nodiscard]] Value about_me(const std::string& name);

/// Tells the board who writes with this replica, for its history.
void introduce(Transaction& tx, ReplicaId replica, std::string_view name);

}  // namespace syncline::board
