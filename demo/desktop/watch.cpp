#include "watch.hpp"

#include "show.hpp"

#include <condition_variable>
#include <csignal>
#include <iostream>
#include <mutex>
#include <unistd.h>

namespace syncline::board {

namespace {

volatile std::sig_atomic_t stop_asked = 0;

/// Wakes the one thread that draws; observers are called on others.
class Bell {
public:
    void ring() {
        const std::lock_guard guard(mutex_);
        rung_ = true;
        wake_.notify_one();
    }
    /// True: it rang. False: some time has passed, and it is a moment to look at the status.
    bool wait() {
        std::unique_lock lock(mutex_);
        const bool rung =
            wake_.wait_for(lock, std::chrono::milliseconds(200), [&] { return rung_; });
        rung_ = false;
        return rung;
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool rung_ = false;
};

void draw(const Board& board, const Space& space) {
    // On a terminal in place; in a file or a pipe one below the other.
    if (isatty(STDOUT_FILENO) != 0) std::cout << "\x1b[H\x1b[2J";
    std::cout << show(board) << "\n" << show(space.presence());
    std::cout << "(" << show(space.status()) << ")\n\n" << std::flush;
}

}  // namespace

int watch(const Options& options) {
    std::signal(SIGINT, [](int) { stop_asked = 1; });
    std::signal(SIGTERM, [](int) { stop_asked = 1; });
    auto session = open(options);
    if (!session) return report(session.error());
    Bell bell;
    const Subscription watching = session->space.observe([&](const SpaceChanges&) { bell.ring(); });
    const Subscription meeting =
        session->space.observe_presence([&](const std::vector<Presence>&) { bell.ring(); });
    if (!options.name.empty()) {
        auto here = session->space.set_presence("board", about_me(options.name));
        if (!here) return report(here.error());
    }
    if (auto connected = connect(*session, options); !connected) return report(connected.error());

    std::string shown;
    for (bool changed = true; stop_asked == 0; changed = bell.wait()) {
        const std::string status = show(session->space.status());
        if (!changed && status == shown) continue;
        const auto board = read_board(session->space);
        if (!board) return report(board.error());
        draw(*board, session->space);
        shown = status;
    }
    return exit_done;
}

}  // namespace syncline::board
