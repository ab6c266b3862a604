#include "admission.hpp"

#include "syncline/document/change.hpp"

namespace syncline {

namespace {

/// No dot above the change's causal past. The relay compares with V(head), which covers V(base): a
/// dot in between cannot diverge anybody, since apply is total and follows the log.
Result<> check_references(const Change& change, const AdmissionContext& context) {
    if (context.regressed) return {};
    Result<> good;
    for_each_op(change, [&](const Section&, const FieldOp& op, const Event&) {
        const auto check = [&](const ReplicaId& replica, std::uint64_t counter) {
            if (replica == change.replica || counter <= context.counter_of(replica)) return;
            good = fail(ErrorCode::unknown_reference, "names " + to_string(replica) + ":" +
                                                          std::to_string(counter) +
                                                          ", which is not in the log");
        };
        for_each_reference(op, [&](const DotRun& dots) { check(dots.replica, dots.last); });
    });
    return good;
}

Result<Change> check(BytesView bytes, const ReplicaHead& last, std::uint64_t expected,
                     const AdmissionContext& context, Hlc highest) {
    auto change = wire::decode_change(bytes, last.replica, wire::Limits{});
    if (!change) return change;
    if (change->first != expected) {
        return fail(ErrorCode::gap, "its first counter is " + std::to_string(change->first) +
                                        ", expected was " + std::to_string(expected));
    }
    if (!std::holds_alternative<std::uint64_t>(change->base)) {
        return fail(ErrorCode::malformed, "a change for a relay names its base by sequence number");
    }
    if (change->hlc <= last.stamp) {
        return fail(ErrorCode::stamp_order, "its stamp is not above the author's previous one");
    }
    if (auto good = HlcClock::admit(change->hlc, context.now_ms, context.bound_ms, highest);
        !good) {
        return tl::unexpected(good.error());
    }
    if (auto good = check_references(*change, context); !good) return tl::unexpected(good.error());
    return change;
}

}  // namespace

PushVerdict judge(const wire::Push& push, const ReplicaHead& before,
                  const AdmissionContext& context) {
    PushVerdict verdict;
    ReplicaHead last{before.replica, push.head, before.stamp};
    Hlc highest = context.highest;
    std::uint64_t expected = push.head.counter + 1;
    std::size_t next = 0;

    // Changes the relay has already: the chain shows at its head whether they are the same.
    for (; next < push.changes.size() && last.head.counter < before.head.counter; ++next) {
        const auto change = wire::decode_change(push.changes[next], last.replica, wire::Limits{});
        const auto link =
            wire::chain(last.head.hash, last.replica, push.changes[next], wire::Limits{});
        if (!change || !link || change->first != expected) break;
        last.head = {change->last(), *link};
        expected = change->last() + 1;
        ++verdict.duplicates;
    }
    if (last.head.counter < before.head.counter && next == push.changes.size()) {
        return verdict;  // all below the head: the answer's head tells the client where it stands
    }
    if (!(last.head == before.head)) {
        verdict.fork = true;
        return verdict;
    }

    for (; next < push.changes.size(); ++next) {
        const Bytes& bytes = push.changes[next];
        auto change = check(bytes, last, expected, context, highest);
        if (!change && change.error().code == ErrorCode::unknown_format) {
            verdict.unreadable = true;
            break;
        }
        if (!change) {
            verdict.refusals.push_back({expected, change.error().code, change.error().message});
            // Judge the rest as far as their counters can be told.
            auto shape = wire::decode_change(bytes, last.replica, wire::Limits{});
            if (!shape || shape->first != expected) break;
            expected = shape->last() + 1;
            continue;
        }
        expected = change->last() + 1;
        last.stamp = change->hlc;
        highest = std::max(highest, change->hlc);
        if (!verdict.refusals.empty()) continue;
        const auto link = wire::chain(last.head.hash, last.replica, bytes, wire::Limits{});
        if (!link) continue;  // cannot be: it was decoded above
        last.head = {change->last(), *link};
        verdict.admitted.push_back({bytes, last});
    }
    return verdict;
}

}  // namespace syncline
