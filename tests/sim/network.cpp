#include "network.hpp"

#include "frame_sketch.hpp"

namespace syncline::sim {

namespace {

/// Whether a client or a relay that lost an answer would send this again.
bool may_come_twice(const Result<wire::Message>& message) {
    return message && (std::holds_alternative<wire::Push>(*message) ||
                       std::holds_alternative<wire::Changes>(*message) ||
                       std::holds_alternative<wire::Accepted>(*message));
}

std::size_t times_to_send(Stage& stage, const Bytes& frame, const wire::Limits& limits) {
    const std::uint64_t percent = stage.settings.repeat_percent;
    if (percent == 0 || !stage.random.chance(percent)) return 1;
    return may_come_twice(wire::decode(frame, limits)) ? 2 : 1;
}

}  // namespace

std::uint64_t Network::Pipe::random_point(Random& random) const {
    return delivered + random.below(sent - delivered + 1);
}

std::optional<ConnectionId> Network::connect(std::size_t device) {
    if (!ends_.relay_up()) return std::nullopt;
    const ConnectionId id = next_++;
    connections_[id].device = device;
    ends_.relay_connected(id);
    return id;
}

// ---- What is sent

void Network::send_up(ConnectionId from, const Bytes& frame) {
    Connection& connection = connections_.at(from);
    stage_.note(name_of_device(connection.device) + " sends " +
                (stage_.keeps_diary() ? sketch(frame) : ""));
    Pipe& pipe = connection.up;
    for (std::size_t left = times_to_send(stage_, frame, wire::Limits{}); left > 0; --left) {
        const std::uint64_t index = pipe.sent++;
        pipe.last_at = std::max(pipe.last_at, stage_.now()) +
                       stage_.random.below(stage_.settings.latency_max_ms + 1);
        stage_.at(pipe.last_at, [this, from, index, frame] { arrive_up(from, index, frame); });
    }
}

void Network::arrive_up(ConnectionId id, std::uint64_t index, const Bytes& frame) {
    Connection& connection = connections_.at(id);
    if (!connection.relay_up || index >= connection.up.cutoff) return;
    connection.up.delivered = index + 1;
    stage_.trace.add(frame.data(), frame.size());
    ends_.relay_received(id, frame);
}

void Network::send_down(ConnectionId to, const std::shared_ptr<const Bytes>& frame) {
    const auto found = connections_.find(to);
    if (found == connections_.end() || !found->second.relay_up) return;
    Connection& connection = found->second;
    stage_.note("the relay sends " + name_of_device(connection.device) + " " +
                (stage_.keeps_diary() ? sketch(*frame) : ""));
    const std::size_t times = times_to_send(stage_, *frame, wire::relay_frame_limits());
    const std::size_t size = frame->size();
    connection.queued += size;
    connection.link_free_at =
        std::max(stage_.now(), connection.link_free_at) + size / stage_.settings.bytes_per_ms;
    stage_.at(connection.link_free_at, [this, to, size] { written(to, size); });
    Pipe& pipe = connection.down;
    for (std::size_t left = times; left > 0; --left) {
        const std::uint64_t index = pipe.sent++;
        pipe.last_at = std::max(pipe.last_at, connection.link_free_at) +
                       stage_.random.below(stage_.settings.latency_max_ms + 1);
        stage_.at(pipe.last_at, [this, to, index, frame] { arrive_down(to, index, *frame); });
    }
}

void Network::written(ConnectionId id, std::size_t size) {
    Connection& connection = connections_.at(id);
    if (!connection.relay_up) return;
    connection.queued -= size;
    if (connection.queued == 0) ends_.relay_drained(id);
}

void Network::arrive_down(ConnectionId id, std::uint64_t index, const Bytes& frame) {
    Connection& connection = connections_.at(id);
    if (index >= connection.down.cutoff) return;
    connection.down.delivered = index + 1;
    if (!connection.device_up) return;
    stage_.trace.add(frame.data(), frame.size());
    stage_.note(name_of_device(connection.device) + " gets " +
                (stage_.keeps_diary() ? sketch(frame) : ""));
    ends_.device_received(connection.device, frame);
}

std::size_t Network::queued_bytes(ConnectionId connection) const {
    const auto found = connections_.find(connection);
    return found == connections_.end() ? 0 : found->second.queued;
}

bool Network::whole(ConnectionId connection) const {
    const Connection& line = connections_.at(connection);
    return line.relay_up && !line.up.broken() && !line.down.broken();
}

// ---- How connections end

void Network::cut(ConnectionId id, std::uint64_t seed) {
    Random random(seed);
    Connection& connection = connections_.at(id);
    stage_.note("connection " + std::to_string(id) + " is cut");
    for (Pipe* pipe : {&connection.up, &connection.down}) pipe->cut_at(pipe->random_point(random));
    device_notices_at(stage_.now() + random.below(2'000), id);
    relay_notices_at(stage_.now() + random.below(5'000), id);
}

void Network::half_open(ConnectionId id, std::uint64_t seed) {
    Random random(seed);
    Connection& connection = connections_.at(id);
    Pipe& pipe = random.chance(50) ? connection.up : connection.down;
    pipe.cut_at(pipe.random_point(random));
    stage_.note("connection " + std::to_string(id) + " is half open");
    // By its keep-alive.
    device_notices_at(stage_.now() + random.between(1'000, 45'000), id);
    relay_notices_at(stage_.now() + random.between(1'000, 45'000), id);
}

void Network::device_closes(ConnectionId id) {
    Connection& connection = connections_.at(id);
    connection.device_up = false;
    connection.down.cut_at(connection.down.delivered);
    const std::uint64_t later = connection.up.broken()
                                    ? stage_.random.between(5'000, 45'000)
                                    : 1 + stage_.random.below(stage_.settings.latency_max_ms + 1);
    relay_notices_at(std::max(connection.up.last_at, stage_.now()) + later, id);
}

void Network::lose_tail(ConnectionId id) {
    Pipe& up = connections_.at(id).up;
    up.cutoff = up.random_point(stage_.random);
}

void Network::relay_closes(ConnectionId id) { relay_notices_at(stage_.now(), id); }

void Network::relay_vanishes() {
    for (auto& [id, connection] : connections_) {
        if (!connection.relay_up) continue;
        connection.relay_up = false;
        connection.up.cut_at(connection.up.delivered);
        connection.down.cut_at(connection.down.random_point(stage_.random));
        device_notices_at(stage_.now() + stage_.random.below(2'000), id);
    }
}

void Network::device_notices(ConnectionId id) {
    const Connection& connection = connections_.at(id);
    if (connection.device_up) ends_.device_noticed_end(connection.device, id);
}

void Network::relay_notices(ConnectionId id) {
    Connection& connection = connections_.at(id);
    if (!connection.relay_up) return;
    connection.relay_up = false;
    ends_.relay_noticed_end(id);
    if (!connection.device_up) return;
    const std::uint64_t last = std::max(connection.down.last_at, stage_.now());
    device_notices_at(last + 1 + stage_.random.below(1'000), id);
}

void Network::device_notices_at(std::uint64_t when, ConnectionId id) {
    stage_.at(when, [this, id] { device_notices(id); });
}

void Network::relay_notices_at(std::uint64_t when, ConnectionId id) {
    stage_.at(when, [this, id] { relay_notices(id); });
}

}  // namespace syncline::sim
