#include "exchange_codec.hpp"

#include "state_codec.hpp"
#include "syncline/codec/sha256.hpp"

#include <algorithm>

namespace syncline::wire {

namespace {

Seen list_of(const VersionVector& vector) {
    Seen list;
    list.reserve(vector.size());
    for (const auto& [id, counter] : vector) list.emplace_back(id, counter);
    return list;
}

std::array<std::byte, 4> mark_of(BytesView message) {
    const Hash hash = hash_of(message);
    std::array<std::byte, 4> mark{};
    std::copy_n(hash.bytes.begin(), mark.size(), mark.begin());
    return mark;
}

void write_replicas(PackedWriter& out, const Seen& replicas) {
    out.u64(replicas.size());
    for (const auto& [id, counter] : replicas) out.raw(id.view()).u64(counter);
}
/// Ascending, and none that is in `known`.
void read_replicas(PackedReader& in, const VersionVector& known, VersionVector& seen) {
    const ReplicaId* last = nullptr;
    ReplicaId id;
    ReplicaId before;
    for (std::uint64_t left = in.u64(); left > 0 && !in.failed(); --left) {
        const BytesView bytes = in.raw(id.bytes.size());
        const std::uint64_t counter = in.u64(counter_max);
        if (in.failed()) return;
        std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
        const bool ascends = last == nullptr || *last < id;
        if (counter == 0 || !ascends || known.at(id) > 0) return in.fail();
        seen.raise(id, counter);
        before = id;
        last = &before;
    }
}

void write_seen(PackedWriter& out, const VersionVector& known, const VersionVector& seen) {
    Numbers steps;
    for (const auto& [id, counter] : known) steps.push_back(zigzag(seen.at(id) - counter));
    write_state_numbers(out, steps);
    Seen others = list_of(seen);
    std::erase_if(others, [&](const auto& entry) { return known.at(entry.first) > 0; });
    write_replicas(out, others);
}
VersionVector read_seen(PackedReader& in, const VersionVector& known) {
    const Numbers steps = read_state_numbers(in, known.size());
    VersionVector seen;
    if (in.failed()) return seen;
    auto step = steps.begin();
    for (const auto& [id, counter] : known) {
        const std::uint64_t is = counter + unzigzag(*step++);
        if (is > counter_max) in.fail();
        if (is > 0 && !in.failed()) seen.raise(id, is);
    }
    read_replicas(in, known, seen);
    return seen;
}

tl::unexpected<Error> malformed() {
    return syncline::fail(ErrorCode::malformed, "a message of an exchange");
}

}  // namespace

Bytes write_question(const VersionVector& seen, ExchangeKnown& known) {
    PackedWriter out;
    out.u64(exchange_format);
    write_replicas(out, list_of(seen));
    Bytes bytes = out.take();
    known = {seen, mark_of(bytes), 0};
    return bytes;
}

Result<> read_question(BytesView bytes, const Limits& limits, ExchangeKnown& known) {
    if (bytes.size() > limits.bytes_max)
        return syncline::fail(ErrorCode::too_large, "a question of more bytes than allowed");
    PackedReader in(bytes);
    if (in.u64() != exchange_format || in.failed())
        return syncline::fail(ErrorCode::unknown_format, "a question of another version");
    VersionVector seen;
    read_replicas(in, {}, seen);
    if (in.failed() || !in.at_end()) return malformed();
    known = {std::move(seen), mark_of(bytes), 0};
    return {};
}

Bytes write_reply(const ExchangeDelta& delta, ExchangeKnown& known) {
    PackedWriter out;
    out.raw(known.mark);
    write_seen(out, known.seen, delta.seen);
    write_delta(out, list_of(delta.seen), delta.map, delta.removes, known.ms);
    Bytes bytes = out.take();
    known.seen.join(delta.seen);
    known.mark = mark_of(bytes);
    return bytes;
}

Result<ExchangeDelta> read_reply(BytesView bytes, const Limits& limits, ExchangeKnown& known) {
    if (bytes.size() > limits.bytes_max)
        return syncline::fail(ErrorCode::too_large, "a reply of more bytes than allowed");
    PackedReader in(bytes);
    const BytesView mark = in.raw(known.mark.size());
    if (in.failed()) return malformed();
    if (!std::equal(mark.begin(), mark.end(), known.mark.begin()))
        return syncline::fail(ErrorCode::unexpected_message, "a reply to another message");
    ExchangeDelta delta;
    delta.seen = read_seen(in, known.seen);
    if (in.failed()) return malformed();
    std::uint64_t ms = known.ms;
    auto read = read_delta(list_of(delta.seen), in.rest(), limits, ms);
    if (!read) return tl::unexpected(read.error());
    delta.map = std::move(read->map);
    delta.removes = std::move(read->early);
    known.seen.join(delta.seen);
    known.mark = mark_of(bytes);
    known.ms = ms;
    return delta;
}

}  // namespace syncline::wire
