#include "app/store_thread.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace syncline::relay {
namespace {

std::uint64_t wall_ms() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                          std::chrono::system_clock::now().time_since_epoch())
                                          .count());
}

/// What a request holds in memory, about. Zero for what its sender cannot make large.
std::size_t bytes_of(const RelayRequest& request) {
    if (const auto* push = std::get_if<relay_request::Push>(&request)) {
        std::size_t bytes = sizeof *push;
        for (const Bytes& change : push->message.changes) bytes += sizeof(Bytes) + change.size();
        return bytes;
    }
    if (const auto* open = std::get_if<relay_request::Open>(&request)) {
        return sizeof *open + open->message.vector.size() * 64;
    }
    return 0;
}

std::size_t bytes_of(const RelayReply& reply) {
    std::size_t bytes = sizeof reply;
    if (const auto* broadcast = std::get_if<relay_reply::Broadcast>(&reply)) {
        bytes += broadcast->frame->size();
    } else if (const auto* history = std::get_if<relay_reply::History>(&reply)) {
        if (history->frame != nullptr) bytes += history->frame->size();
    }
    return bytes;
}

}  // namespace

StoreThread::StoreThread(RelayEngine& engine, Metrics& metrics, Options options,
                         std::function<void()> wake)
    : engine_(engine), metrics_(metrics), options_(options), wake_(std::move(wake)) {}

StoreThread::~StoreThread() {
    abandon();
    join();
}

void StoreThread::start() {
    thread_ = std::thread([this] { run(); });
}

void StoreThread::finish() {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    wanted_.notify_all();
}

void StoreThread::abandon() {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
    abandoned_ = true;
    wanted_.notify_all();
}

void StoreThread::join() {
    if (thread_.joinable()) thread_.join();
}

std::vector<RelayRequest> StoreThread::push(std::vector<RelayRequest> requests) {
    std::vector<RelayRequest> refused;
    {
        const std::lock_guard lock(mutex_);
        for (RelayRequest& request : requests) {
            if (std::holds_alternative<relay_request::Read>(request)) {
                reads_.push_back(std::move(request));
                continue;
            }
            const std::size_t bytes = bytes_of(request);
            if (bytes > 0 && requests_bytes_ + bytes > options_.queue_bytes_max) {
                refused.push_back(std::move(request));
                continue;
            }
            requests_bytes_ += bytes;
            requests_.push_back(std::move(request));
        }
    }
    wanted_.notify_all();
    return refused;
}

std::vector<RelayReply> StoreThread::take() {
    std::vector<RelayReply> replies;
    {
        const std::lock_guard lock(mutex_);
        replies.swap(replies_);
        replies_bytes_ = 0;
    }
    wanted_.notify_all();
    return replies;
}

std::optional<Error> StoreThread::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

std::size_t StoreThread::queued_requests() const {
    const std::lock_guard lock(mutex_);
    return requests_.size() + reads_.size();
}

std::size_t StoreThread::queued_bytes() const {
    const std::lock_guard lock(mutex_);
    return requests_bytes_;
}

void StoreThread::run() {
    while (true) {
        std::vector<RelayRequest> writes;
        std::vector<RelayRequest> reads;
        std::size_t bytes = 0;
        {
            std::unique_lock lock(mutex_);
            wanted_.wait(lock, [this] {
                if (abandoned_) return true;
                const bool work = !requests_.empty() || !reads_.empty();
                return work ? replies_bytes_ <= options_.replies_bytes_max : finishing_;
            });
            if (abandoned_ || (requests_.empty() && reads_.empty())) break;
            while (!requests_.empty() && bytes < options_.batch_bytes_max) {
                bytes += bytes_of(requests_.front());
                writes.push_back(std::move(requests_.front()));
                requests_.pop_front();
            }
            while (!reads_.empty() && reads.size() < options_.reads_per_turn) {
                reads.push_back(std::move(reads_.front()));
                reads_.pop_front();
            }
        }
        if (!writes.empty() && !answer(std::move(writes), bytes)) break;
        if (!reads.empty() && !answer(std::move(reads), 0)) break;
    }
    ended_ = true;
    wake_();
}

bool StoreThread::answer(std::vector<RelayRequest> requests, std::size_t bytes) {
    const std::size_t count = requests.size();
    const RelayEngine::Statistics before = engine_.statistics();
    const auto began = std::chrono::steady_clock::now();
    auto replies = engine_.process(requests, wall_ms());
    requests = {};  // freed before the replies go out
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (!replies) {
        const std::lock_guard lock(mutex_);
        failure_ = replies.error();
        return false;
    }
    metrics_.batch(before, engine_.statistics(), count, took.count(), *replies);
    std::size_t replies_bytes = 0;
    for (const RelayReply& reply : *replies) replies_bytes += bytes_of(reply);
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = replies_.empty();
        requests_bytes_ -= bytes;
        replies_bytes_ += replies_bytes;
        replies_.insert(replies_.end(), std::make_move_iterator(replies->begin()),
                        std::make_move_iterator(replies->end()));
    }
    if (first) wake_();
    return true;
}

}  // namespace syncline::relay
