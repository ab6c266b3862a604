#pragma once

#include "measure.hpp"
#include "syncline/document/replica.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// What rows share in working with replicas. Every replica holds one document: a counter, a set, a
/// text and a list below their names, and the registers of the map as the document's own fields.
namespace syncline::bench {

/// An id like a random UUID, the same in each run.
[[nodiscard]] ReplicaId replica_id(std::uint32_t number);
[[nodiscard]] std::vector<Replica> replicas(std::uint32_t count);

[[nodiscard]] inline Path register_path(std::string key) {
    return {Step(std::move(key), Type::lww_register)};
}
extern const Path counter_path;
extern const Path set_path;
extern const Path text_path;
extern const Path list_path;

/// The wall clock of these rows: each change is a millisecond after the one before.
[[nodiscard]] std::uint64_t next_ms();

template <typename Use>
Replica::Made change(Replica& replica, Use edit) {
    return replica.change(next_ms(), edit);
}
/// A change as an update on its own, that every replica can read.
[[nodiscard]] Bytes encoded(const Change& change);

/// These end the row on an error.
[[nodiscard]] Bytes changes_since(const Replica& replica, const VersionVector& seen);
void take(Replica& replica, BytesView update);
void take_next(Replica& replica, wire::ChangeStreamReader& stream, BytesView update);
void join(Replica& replica, BytesView state);

/// Brings everything of each replica to all others by `bring`, as the eight of W1 and W3 do.
template <typename Bring>
void exchange(std::vector<Replica>& replicas, const std::vector<Bytes>& pieces, Bring bring) {
    for (std::size_t to = 0; to < replicas.size(); ++to) {
        for (std::size_t from = 0; from < pieces.size(); ++from)
            if (from != to) bring(replicas[to], pieces[from]);
    }
}

/// The value of a register of the map; null when there is none.
[[nodiscard]] Value value_of(const Replica& replica, const std::string& key);
[[nodiscard]] std::string text_of(const Replica& replica);

}  // namespace syncline::bench
