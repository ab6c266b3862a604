#include "replicas.hpp"

#include "workloads/workloads.hpp"

namespace syncline::bench {

const Path counter_path{{"c", Type::pn_counter}};
const Path set_path{{"s", Type::or_set}};
const Path text_path{{"t", Type::text}};
const Path list_path{{"l", Type::list}};

ReplicaId replica_id(std::uint32_t number) {
    Random random(number);
    ReplicaId id;
    for (std::byte& byte : id.bytes) byte = static_cast<std::byte>(random.below(256));
    return id;
}

std::vector<Replica> replicas(std::uint32_t count) {
    std::vector<Replica> all;
    for (std::uint32_t i = 0; i < count; ++i) all.emplace_back(replica_id(i));
    return all;
}

std::uint64_t next_ms() {
    static std::uint64_t now_ms = 1'700'000'000'000;
    return ++now_ms;
}

Bytes encoded(const Change& change) {
    if (change.span() >= wire::column_dots_min) return wire::pack(change);
    static wire::ChangePacker packer;  // begins anew after each take()
    packer.add(change);
    return packer.take();
}

Bytes changes_since(const Replica& replica, const VersionVector& seen) {
    auto changes = replica.changes_since(seen);
    check(changes.has_value(), "the changes since a version");
    return std::move(*changes);
}
void take(Replica& replica, BytesView update) {
    check(replica.take(update).has_value(), "an update is taken");
}
void take_next(Replica& replica, wire::ChangeStreamReader& stream, BytesView update) {
    check(replica.take(stream, update).has_value(), "an update of a stream is taken");
}
void join(Replica& replica, BytesView state) {
    check(replica.join(state).has_value(), "a state is joined");
}

Value value_of(const Replica& replica, const std::string& key) {
    const Node* field = replica.root().find(FieldKey{key, Type::lww_register});
    return field == nullptr ? Value() : view(*field);
}
std::string text_of(const Replica& replica) { return replica.root().at<Text>(text_path).str(); }

}  // namespace syncline::bench
