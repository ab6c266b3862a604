#include "poison.hpp"

namespace syncline::sim {

bool is_poison(const std::string& message) {
    return !message.empty() && message.front() == poison_mark;
}

void PoisonGate::hold_back(std::vector<RelayRequest>& requests) {
    for (RelayRequest& request : requests) {
        auto* push = std::get_if<relay_request::Push>(&request);
        if (push != nullptr) held_.push_back(hold_back(*push));
    }
}

PoisonGate::Held PoisonGate::hold_back(relay_request::Push& push) {
    auto& changes = push.message.changes;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto change = wire::decode_change(changes[i], push.replica, wire::Limits{});
        if (!change || !is_poison(change->message)) continue;
        changes.resize(i);
        return wire::Refusal{change->first, ErrorCode::forbidden, "poison"};
    }
    return std::nullopt;
}

void PoisonGate::refuse(std::vector<RelayReply>& replies) {
    std::size_t next = 0;
    for (RelayReply& reply : replies) {
        auto* answer = std::get_if<relay_reply::Answer>(&reply);
        if (answer == nullptr || held_.empty()) continue;
        const auto* failure = std::get_if<wire::Failure>(&answer->message);
        if (failure != nullptr && failure->code == ErrorCode::storage_full) break;
        const Held& held = held_.at(next++);
        const auto* accepted = std::get_if<wire::Accepted>(&answer->message);
        if (!held || accepted == nullptr) continue;
        if (accepted->head.counter + 1 != held->counter) continue;
        answer->message = wire::Rejected{accepted->space, accepted->head, {*held}};
    }
}

}  // namespace syncline::sim
