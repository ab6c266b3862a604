#pragma once

#include "app/metrics.hpp"
#include <syncline/result.hpp>
#include <syncline/sync/relay_engine.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace syncline::relay {

/// The thread that owns engine and storage, and the two queues that join it to the network.
///
/// Batches   Requests collect while a batch runs; the next batch takes all of them, so that batches
///           grow with the load by themselves, up to `batch_bytes_max`: what one batch adds to a
///           feed should fit into the queues of those who keep up. History is read in small
///           portions between batches, since a read answers with a large frame.
/// Bounds    `push` refuses pushes and opens above `queue_bytes_max`; the thread pauses while
///           replies above `replies_bytes_max` wait to be taken.
/// Errors    An error of the engine ends the thread; `failure` tells it. What was not answered
///           stays unanswered.
class StoreThread {
public:
    struct Options {
        std::size_t queue_bytes_max = std::size_t{128} << 20;
        std::size_t replies_bytes_max = std::size_t{64} << 20;
        std::size_t batch_bytes_max = std::size_t{1} << 20;
        std::size_t reads_per_turn = 8;
    };
    /// `wake` is called on the store thread when there are replies, or when it has ended.
    StoreThread(RelayEngine& engine, Metrics& metrics, Options options, std::function<void()> wake);
    ~StoreThread();
    StoreThread(const StoreThread&) = delete;
    StoreThread& operator=(const StoreThread&) = delete;

    void start();
    /// Finishes what is queued and ends; `ended` becomes true. Returns at once.
    void finish();
    /// Drops what is queued, and ends after the running batch.
    void abandon();
    void join();

    /// Network thread: hands requests over. Those that do not fit come back.
    [[nodiscard]] std::vector<RelayRequest> push(std::vector<RelayRequest> requests);
    /// Network thread: the replies since the last call.
    [[nodiscard]] std::vector<RelayReply> take();

    /// The thread has done its last batch; `take` has what it answered.
    [[nodiscard]] bool ended() const { return ended_; }
    /// Why it ended, when that was not `finish`. Valid once `ended`.
    [[nodiscard]] std::optional<Error> failure() const;
    [[nodiscard]] std::size_t queued_requests() const;
    [[nodiscard]] std::size_t queued_bytes() const;

private:
    void run();
    bool answer(std::vector<RelayRequest> requests, std::size_t bytes);

    RelayEngine& engine_;
    Metrics& metrics_;
    Options options_;
    std::function<void()> wake_;
    std::thread thread_;

    mutable std::mutex mutex_;
    std::condition_variable wanted_;  ///< requests, room for replies, or the end
    std::deque<RelayRequest> requests_;
    std::deque<RelayRequest> reads_;
    std::size_t requests_bytes_ = 0;  ///< those in the running batch included
    std::vector<RelayReply> replies_;
    std::size_t replies_bytes_ = 0;
    bool finishing_ = false;
    bool abandoned_ = false;
    std::optional<Error> failure_;
    std::atomic<bool> ended_{false};
};

}  // namespace syncline::relay
