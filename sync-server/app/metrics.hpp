#pragma once

#include <syncline/result.hpp>
#include <syncline/sync/relay_engine.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace prometheus

namespace syncline::relay {

/// What the relay counts, for /metrics (docs/operations.md lists it). Threads: any.
class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// One batch of the engine: how it changed the statistics, how long it took, what it answered.
    void batch(const RelayEngine::Statistics& before, const RelayEngine::Statistics& after,
               std::size_t requests, double seconds, const std::vector<RelayReply>& replies);
    void received(std::size_t bytes);
    /// A frame handed to the transport for `receivers` connections.
    void sent(std::size_t bytes, std::size_t receivers);
    void broadcast();
    void turned_away();

    /// As they are at the moment of asking.
    struct Presence {
        std::size_t entries = 0;
        std::uint64_t received = 0;
        std::uint64_t deliveries = 0;
        std::uint64_t dropped = 0;
    };
    struct Now {
        std::size_t connections = 0;
        std::size_t subscriptions = 0;
        std::uint64_t deliveries = 0;
        std::size_t queued_requests = 0;
        std::size_t queued_bytes = 0;
        Presence presence;
    };
    /// The text format of Prometheus, version 0.0.4.
    [[nodiscard]] std::string text(const Now& now);

private:
    [[nodiscard]] prometheus::Counter& refused(ErrorCode code);
    struct Family;
    std::shared_ptr<prometheus::Registry> registry_;
    std::unique_ptr<Family> family_;
};

}  // namespace syncline::relay
