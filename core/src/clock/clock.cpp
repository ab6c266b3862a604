#include "syncline/clock/causal_context.hpp"
#include "syncline/clock/dot.hpp"
#include "syncline/clock/hlc.hpp"
#include "syncline/clock/version_vector.hpp"

#include <algorithm>
#include <iterator>

namespace syncline {

namespace {
/// An op replaces one or two dots; it must not look at all others of a large set for that.
constexpr std::size_t few = 4;
}  // namespace

DotSet::DotSet(std::vector<Dot> dots) : dots_(std::move(dots)) {
    if (!std::is_sorted(dots_.begin(), dots_.end())) std::sort(dots_.begin(), dots_.end());
    dots_.erase(std::unique(dots_.begin(), dots_.end()), dots_.end());
}

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
    if (other.empty()) return;
    if (other.size() == 1) {
        insert(other.dots_.front());
        return;
    }
    const auto middle = static_cast<std::ptrdiff_t>(dots_.size());
    dots_.insert(dots_.end(), other.begin(), other.end());
    if (middle == 0 || dots_[static_cast<std::size_t>(middle) - 1] < other.dots_.front()) return;
    std::inplace_merge(dots_.begin(), dots_.begin() + middle, dots_.end());
    dots_.erase(std::unique(dots_.begin(), dots_.end()), dots_.end());
}

void DotSet::erase_all(const DotSet& other) {
    if (dots_.empty() || other.empty()) return;
    if (other.size() <= few) {
        for (const Dot& dot : other) erase(dot);
        return;
    }
    dots_.erase(std::remove_if(dots_.begin(), dots_.end(),
                               [&](const Dot& dot) { return other.contains(dot); }),
                dots_.end());
}

void DotSet::join(const DotSet& other, const CausalContext& mine, const CausalContext& theirs) {
    dots_.erase(std::remove_if(
                    dots_.begin(), dots_.end(),
                    [&](const Dot& dot) { return !other.contains(dot) && theirs.contains(dot); }),
                dots_.end());
    DotSet news;
    for (const Dot& dot : other) {
        if (!mine.contains(dot)) news.dots_.push_back(dot);
    }
    insert_all(news);
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
    const std::vector<Run>& runs = found->second;
    const auto after =
        std::upper_bound(runs.begin(), runs.end(), dot.counter,
                         [](std::uint64_t counter, const Run& run) { return counter < run.first; });
    return after != runs.begin() && dot.counter <= std::prev(after)->last;
}

bool CausalContext::contains(const CausalContext& other) const {
    CausalContext both = *this;
    both.join(other);
    return both == *this;
}

void CausalContext::insert(const ReplicaId& replica, Run run) {
    if (run.last <= vector_.at(replica)) return;
    const auto found = exceptions_.find(replica);
    if (found == exceptions_.end()) {
        if (run.first <= vector_.at(replica) + 1) {
            vector_.raise(replica, run.last);
        } else {
            exceptions_.emplace(replica, std::vector<Run>{run});
        }
        return;
    }
    // Everything that overlaps or touches the run becomes one with it.
    std::vector<Run>& runs = found->second;
    const auto low = std::lower_bound(
        runs.begin(), runs.end(), run.first,
        [](const Run& known, std::uint64_t first) { return known.last + 1 < first; });
    auto high = low;
    for (; high != runs.end() && high->first <= run.last + 1; ++high) {
        run.first = std::min(run.first, high->first);
        run.last = std::max(run.last, high->last);
    }
    if (run.first <= vector_.at(replica) + 1) {
        vector_.raise(replica, run.last);
        runs.erase(runs.begin(), high);
        if (runs.empty()) exceptions_.erase(found);
    } else if (low == high) {
        runs.insert(low, run);
    } else {
        *low = run;
        runs.erase(std::next(low), high);
    }
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
    const std::uint64_t ahead_ms = now_ms + std::min(bound_ms, ~now_ms);  // saturates: "no bound"
    const std::uint64_t limit_ms = std::max(ahead_ms, highest.ms() + 1);
    if (stamp.ms() <= limit_ms) return {};
    return fail(ErrorCode::clock_ahead, "stamped " + std::to_string(stamp.ms()) +
                                            " ms, the relay admits up to " +
                                            std::to_string(limit_ms) + " ms");
}

}  // namespace syncline
