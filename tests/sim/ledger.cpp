#include "ledger.hpp"

namespace syncline::sim {

void Ledger::committed(const std::string& token, const std::string& space) {
    edits_[token].space = space;
}

void Ledger::acknowledged(const std::string& space, const ReplicaId& author,
                          std::uint64_t counter) {
    acknowledged_[space].raise(author, counter);
}

void Ledger::copied(const std::string& token) {
    Edit& edit = edits_[token];
    edit.copied = true;
    // It comes once, but where it has to be changed first, or is pending in a third copy.
    edit.may_repeat = edit.may_repeat || moved_ || copies_ > 1;
}

void Ledger::changes_are_moved() {
    moved_ = true;
    for (auto& entry : edits_) {
        entry.second.may_repeat = entry.second.may_repeat || entry.second.copied;
    }
}

void Ledger::relay_clock_moved() {
    relay_clock_moved_ = true;
    changes_are_moved();
}

void Ledger::relay_restored() {
    // A relay whose clock went back makes authors stamp again what it lost. If it then goes to yet
    // another timeline that still has those changes with their first stamps, they fork, and their
    // author brings them once more under a new identity.
    if (restored_ && relay_clock_moved_) {
        for (auto& entry : edits_) entry.second.may_repeat = true;
    }
    restored_ = true;
    if (copies_ > 0) {
        for (auto& entry : edits_) entry.second.may_vanish = entry.second.may_repeat = true;
    }
}

Ledger::Edit Ledger::edit(const std::string& token) const {
    const auto found = edits_.find(token);
    return found == edits_.end() ? Edit{} : found->second;
}

}  // namespace syncline::sim
