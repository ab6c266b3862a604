#pragma once

#include "syncline/crdt/lww_register.hpp"

#include <algorithm>
#include <vector>

namespace syncline::client {

/// The values that lost against the one a register shows, newest first: by stamp, as the winner
/// was chosen.
inline std::vector<Value> lost_values(const LwwRegister& found) {
    auto entries = found.conflicts();
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return b.loses_to(a); });
    std::vector<Value> values;
    values.reserve(entries.size());
    for (auto& entry : entries) values.push_back(std::move(entry.value));
    return values;
}

}  // namespace syncline::client
