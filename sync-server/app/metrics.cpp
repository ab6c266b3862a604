#include "app/metrics.hpp"

#include "net/version.hpp"
#include <syncline/sqlite/database.hpp>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <chrono>

namespace syncline::relay {
namespace {

prometheus::Counter& counter(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}
prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}
prometheus::Histogram& histogram(prometheus::Registry& registry, const char* name, const char* help,
                                 const prometheus::Histogram::BucketBoundaries& bounds) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, bounds);
}

}  // namespace

struct Metrics::Family {
    explicit Family(prometheus::Registry& r)
        : connections(gauge(r, "syncline_connections", "Open WebSocket connections")),
          subscriptions(gauge(r, "syncline_subscriptions", "Spaces followed, by all connections")),
          queued_requests(gauge(r, "syncline_store_queue_requests", "Waiting for the store")),
          queued_bytes(gauge(r, "syncline_store_queue_bytes", "Of pushes and opens waiting")),
          accepted(counter(r, "syncline_changes_accepted_total", "Changes stored")),
          duplicates(counter(r, "syncline_changes_duplicate_total", "Changes that came again")),
          refusals(prometheus::BuildCounter()
                       .Name("syncline_refused_total")
                       .Help("Changes and requests refused, by the error's code")
                       .Register(r)),
          commits(counter(r, "syncline_commits_total", "Transactions of the store")),
          stored_bytes(counter(r, "syncline_stored_bytes_total", "Of changes in the log")),
          received_bytes(counter(r, "syncline_received_bytes_total", "Of messages received")),
          sent_bytes(counter(r, "syncline_sent_bytes_total", "Of messages handed to sockets")),
          broadcasts(counter(r, "syncline_broadcasts_total", "Frames made for live feeds")),
          deliveries(counter(r, "syncline_deliveries_total", "Changes handed to subscribers")),
          regressions(counter(r, "syncline_regressions_total",
                              "Times a device showed that the storage went back in time")),
          forks(counter(r, "syncline_forks_total", "Pushes whose chain differs from the stored")),
          stale_nonces(counter(r, "syncline_stale_nonces_total", "Connections with an old nonce")),
          damaged(counter(r, "syncline_damaged_total",
                          "Requests that met a row whose checksum does not hold")),
          presence_entries(
              gauge(r, "syncline_presence_entries", "Sessions that say where they are")),
          presence_received(counter(r, "syncline_presence_received_total", "Messages of presence")),
          presence_deliveries(counter(r, "syncline_presence_deliveries_total",
                                      "Presence entries handed to subscribers")),
          presence_dropped(counter(r, "syncline_presence_dropped_total",
                                   "Messages of presence that did not fit into the limits")),
          turned_away(counter(r, "syncline_overload_total", "Requests refused by a full queue")),
          commit_seconds(histogram(
              r, "syncline_commit_seconds", "Batch of requests, commit included",
              {0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5})),
          batch_requests(histogram(r, "syncline_batch_requests", "Requests in one batch",
                                   {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000})) {
        const auto now =
            std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
                .count();
        gauge(r, "process_start_time_seconds", "When the process started, in Unix time").Set(now);
        prometheus::BuildGauge()
            .Name("syncline_build_info")
            .Help("Always 1; the versions are in the labels")
            .Register(r)
            .Add({{"version", SYNCLINE_VERSION},
                  {"sqlite", sqlite::sqlite_version()},
                  {"libwebsockets", net::transport_version()}})
            .Set(1);
    }

    prometheus::Gauge &connections, &subscriptions, &queued_requests, &queued_bytes;
    prometheus::Counter &accepted, &duplicates;
    prometheus::Family<prometheus::Counter>& refusals;
    prometheus::Counter &commits, &stored_bytes, &received_bytes, &sent_bytes, &broadcasts,
        &deliveries, &regressions, &forks, &stale_nonces, &damaged;
    prometheus::Gauge& presence_entries;
    prometheus::Counter &presence_received, &presence_deliveries, &presence_dropped, &turned_away;
    prometheus::Histogram &commit_seconds, &batch_requests;
};

Metrics::Metrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      family_(std::make_unique<Family>(*registry_)) {}
Metrics::~Metrics() = default;

prometheus::Counter& Metrics::refused(ErrorCode code) {
    return family_->refusals.Add({{"code", std::string(name_of(code))}});
}

void Metrics::batch(const RelayEngine::Statistics& before, const RelayEngine::Statistics& after,
                    std::size_t requests, double seconds, const std::vector<RelayReply>& replies) {
    const auto raise = [](prometheus::Counter& metric, std::uint64_t from, std::uint64_t to) {
        if (to > from) metric.Increment(static_cast<double>(to - from));
    };
    raise(family_->accepted, before.changes_accepted, after.changes_accepted);
    raise(family_->duplicates, before.duplicates, after.duplicates);
    raise(family_->commits, before.commits, after.commits);
    raise(family_->stored_bytes, before.bytes_stored, after.bytes_stored);
    raise(family_->regressions, before.regressions, after.regressions);
    raise(family_->forks, before.forks, after.forks);
    raise(family_->stale_nonces, before.stale_nonces, after.stale_nonces);
    raise(family_->damaged, before.damaged, after.damaged);
    if (after.commits > before.commits) family_->commit_seconds.Observe(seconds);
    family_->batch_requests.Observe(static_cast<double>(requests));
    for (const RelayReply& reply : replies) {
        if (const auto* registered = std::get_if<relay_reply::Registered>(&reply)) {
            if (!registered->outcome) refused(registered->outcome.error().code).Increment();
            continue;
        }
        const auto* answer = std::get_if<relay_reply::Answer>(&reply);
        if (answer == nullptr) continue;
        if (const auto* rejected = std::get_if<wire::Rejected>(&answer->message)) {
            for (const wire::Refusal& refusal : rejected->refusals) {
                refused(refusal.code).Increment();
            }
        } else if (const auto* failure = std::get_if<wire::Failure>(&answer->message)) {
            refused(failure->code).Increment();
        }
    }
}

void Metrics::received(std::size_t bytes) {
    family_->received_bytes.Increment(static_cast<double>(bytes));
}
void Metrics::sent(std::size_t bytes, std::size_t receivers) {
    family_->sent_bytes.Increment(static_cast<double>(bytes) * static_cast<double>(receivers));
}
void Metrics::broadcast() { family_->broadcasts.Increment(); }
void Metrics::turned_away() { family_->turned_away.Increment(); }

std::string Metrics::text(const Now& now) {
    family_->connections.Set(static_cast<double>(now.connections));
    family_->subscriptions.Set(static_cast<double>(now.subscriptions));
    family_->queued_requests.Set(static_cast<double>(now.queued_requests));
    family_->queued_bytes.Set(static_cast<double>(now.queued_bytes));
    // The hub counts by itself; a counter only goes up, so the difference is what is added.
    const auto raise_to = [](prometheus::Counter& metric, std::uint64_t now_at) {
        const double more = static_cast<double>(now_at) - metric.Value();
        if (more > 0) metric.Increment(more);
    };
    raise_to(family_->deliveries, now.deliveries);
    family_->presence_entries.Set(static_cast<double>(now.presence.entries));
    raise_to(family_->presence_received, now.presence.received);
    raise_to(family_->presence_deliveries, now.presence.deliveries);
    raise_to(family_->presence_dropped, now.presence.dropped);
    return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace syncline::relay
