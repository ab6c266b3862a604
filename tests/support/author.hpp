#pragma once

#include "syncline/document/change.hpp"
#include "syncline/sync/messages.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace syncline::test {

/// A replica id that a test can tell by its number.
[[nodiscard]] inline ReplicaId replica_number(std::uint64_t number) {
    ReplicaId id;
    for (std::size_t i = 0; i < 8; ++i)
        id.bytes.at(8 + i) = static_cast<std::byte>(number >> (8 * (7 - i)));
    id.bytes.front() = std::byte{0xA0};
    return id;
}

/// One replica's chain in one space: makes changes a relay admits, and keeps them all.
struct Author {
    struct Made {
        Bytes bytes;
        ChainHead head;  ///< after it
    };
    ReplicaId replica;
    std::vector<Made> made;
    Hlc stamp;

    [[nodiscard]] ChainHead head() const { return made.empty() ? ChainHead{} : made.back().head; }

    /// A register set to `text`: about 40 bytes more than its length.
    const Made& write(std::uint64_t now_ms, const std::string& text) {
        Change change;
        change.replica = replica;
        change.first = head().counter + 1;
        stamp = std::max(stamp.next(), Hlc::at(now_ms));
        change.hlc = stamp;
        FieldOp op;
        op.path = {FieldKey{"title", Type::lww_register}};
        op.op.code = OpCode::set;
        op.op.value = Value(text);
        change.sections = {Section{DocumentKey{"tasks", "t1"}, {std::move(op)}}};
        Bytes bytes = wire::encode_change(change);
        auto link = wire::chain(head().hash, replica, bytes, wire::Limits{});
        const ChainHead next{change.last(), link.value()};
        made.push_back({std::move(bytes), next});
        return made.back();
    }

    /// All above `from`, which is a head of this chain, at most `count` of them.
    [[nodiscard]] wire::Push push(const std::string& space, const ChainHead& from,
                                  std::size_t count = ~std::size_t{0}) const {
        wire::Push push{space, from, {}};
        for (const Made& change : made) {
            if (change.head.counter > from.counter && push.changes.size() < count)
                push.changes.push_back(change.bytes);
        }
        return push;
    }

    /// Whether `head` is the end of this chain or was one day.
    [[nodiscard]] bool has(const ChainHead& head) const {
        return head == ChainHead{} ||
               std::any_of(made.begin(), made.end(), [&](const Made& m) { return m.head == head; });
    }
};

}  // namespace syncline::test
