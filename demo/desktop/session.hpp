#pragma once

#include "board.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace syncline::board {

/// Which board, in which file, by which relay.
struct Options {
    std::string store = "boards.db";
    std::string board;  ///< its name: a space's
    std::string relay;  ///< ws://host:port; empty: work offline
    std::string token_file;
    std::string name;  ///< of the person; empty: not told
    std::chrono::seconds patience{10};
};

/// Takes a board's name, or the link that the web app shares, which also names the relay:
/// `http://127.0.0.1:8787/#/b/k3v9…`. Errors: invalid_argument.
[[nodiscard]] Result<> set_board(Options& options, const std::string& name_or_link);

/// A board that is open. A cheap value.
struct Session {
    Store store;
    Space space;
};
[[nodiscard]] Result<Session> open(const Options& options);

/// Connects, if there is a relay to connect to.
[[nodiscard]] Result<> connect(Session& session, const Options& options);

/// Reads what others did, does `edit` on the board as it is then, and sends it. What was done stays
/// done without a connection; then this says so on stderr. Returns the exit code.
int change(const Options& options, const std::function<Result<>(Session&, const Board&)>& edit);

/// Tells stderr and returns the exit code.
int report(const Error& error);

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_not_sent = 5;

}  // namespace syncline::board
