#include "syncline/clock/causal_context.hpp"
#include "syncline/clock/dot.hpp"
#include "syncline/clock/hlc.hpp"
#include "syncline/clock/version_vector.hpp"

#include <algorithm>

namespace syncline {

bool DotSet::contains(const Dot& dot) const {
    return std::binary_search(dots_.begin(), dots_.end(), dot);
}

bool DotSet::insert(const Dot& dot) {
    if (dots_.empty() || dots_.back() < dot) {
        dots_.push_back(dot);
        return true;
    }
    const auto place = std::lower_bound(dots_.begin(), dots_.end(), dot);
    if (place != dots_.end() && *place == dot) return false;
    dots_.insert(place, dot);
    return true;
}

bool DotSet::erase(const Dot& dot) {
    const auto place = std::lower_bound(dots_.begin(), dots_.end(), dot);
    if (place == dots_.end() || !(*place == dot)) return false;
    dots_.erase(place);
    return true;
}

void DotSet::insert_all(const DotSet& other) {
    for (const Dot& dot : other) insert(dot);
}

void DotSet::erase_all(const DotSet& other) {
    if (dots_.empty() || other.empty()) return;
    dots_.erase(std::remove_if(dots_.begin(), dots_.end(),
                               [&](const Dot& dot) { return other.contains(dot); }),
                dots_.end());
}

void DotSet::join(const DotSet& other, const CausalContext& mine, const CausalContext& theirs) {
    dots_.erase(std::remove_if(
                    dots_.begin(), dots_.end(),
                    [&](const Dot& dot) { return !other.contains(dot) && theirs.contains(dot); }),
                dots_.end());
    for (const Dot& dot : other) {
        if (!mine.contains(dot)) insert(dot);
    }
}

bool VersionVector::covers(const VersionVector& other) const {
    return std::all_of(other.begin(), other.end(),
                       [&](const auto& entry) { return entry.second <= at(entry.first); });
}

void VersionVector::raise(const ReplicaId& replica, std::uint64_t counter) {
    if (counter == 0) return;
    std::uint64_t& entry = counters_[replica];
    entry = std::max(entry, counter);
}

void VersionVector::join(const VersionVector& other) {
    for (const auto& [replica, counter] : other) raise(replica, counter);
}

bool CausalContext::contains(const Dot& dot) const {
    if (vector_.covers(dot)) return true;
    const auto found = exceptions_.find(dot.replica);
    if (found == exceptions_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const Run& run) {
        return run.first <= dot.counter && dot.counter <= run.last;
    });
}

bool CausalContext::contains(const CausalContext& other) const {
    CausalContext both = *this;
    both.join(other);
    return both == *this;
}

void CausalContext::insert(const ReplicaId& replica, Run run) {
    const std::uint64_t contiguous = vector_.at(replica);
    if (run.last <= contiguous) return;
    auto found = exceptions_.find(replica);
    if (run.first <= contiguous + 1) {
        vector_.raise(replica, run.last);
    } else {
        if (found == exceptions_.end())
            found = exceptions_.emplace(replica, std::vector<Run>{}).first;
        found->second.push_back(run);
    }
    if (found == exceptions_.end()) return;

    // Merge overlapping and adjacent runs, then let the vector swallow what touches it.
    std::vector<Run>& runs = found->second;
    std::sort(runs.begin(), runs.end(),
              [](const Run& a, const Run& b) { return a.first < b.first; });
    std::vector<Run> merged;
    for (const Run& next : runs) {
        if (next.first <= vector_.at(replica) + 1) {
            vector_.raise(replica, next.last);
        } else if (!merged.empty() && next.first <= merged.back().last + 1) {
            merged.back().last = std::max(merged.back().last, next.last);
        } else {
            merged.push_back(next);
        }
    }
    runs = std::move(merged);
    if (runs.empty()) exceptions_.erase(found);
}

void CausalContext::insert(const DotSet& dots) {
    for (const Dot& dot : dots) insert(dot);
}

void CausalContext::join(const CausalContext& other) {
    for (const auto& [replica, counter] : other.vector_) insert(replica, Run{1, counter});
    for (const auto& [replica, runs] : other.exceptions_) {
        for (const Run& run : runs) insert(replica, run);
    }
}

std::uint64_t CausalContext::next(const ReplicaId& replica) const {
    const auto found = exceptions_.find(replica);
    return (found == exceptions_.end() ? vector_.at(replica) : found->second.back().last) + 1;
}

Hlc HlcClock::tick(std::uint64_t now_ms) {
    last_ = std::max(last_.next(), Hlc::at(now_ms));
    return last_;
}

void HlcClock::observe(Hlc seen) { last_ = std::max(last_, seen); }

Result<> HlcClock::admit(Hlc stamp, std::uint64_t now_ms, std::uint64_t bound_ms, Hlc highest) {
    const std::uint64_t limit_ms = std::max(now_ms + bound_ms, highest.ms() + 1);
    if (stamp.ms() <= limit_ms) return {};
    return fail(ErrorCode::clock_ahead, "stamped " + std::to_string(stamp.ms()) +
                                            " ms, the relay admits up to " +
                                            std::to_string(limit_ms) + " ms");
}

}  // namespace syncline
