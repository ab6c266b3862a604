#include "set_of_runs.hpp"
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

bool starts_before(const DotRun& a, const DotRun& b) {
    if (a.replica == b.replica) return a.first < b.first;
    return a.replica < b.replica;
}
/// `b` does not start before `a`.
bool touches(const DotRun& a, const DotRun& b) {
    return a.replica == b.replica && b.first <= a.last + 1;
}
/// Appends a run that does not start before the last one.
void append(Few<DotRun>& runs, const DotRun& run) {
    if (!runs.empty() && touches(runs.back(), run)) {
        runs.back().last = std::max(runs.back().last, run.last);
    } else {
        runs.push_back(run);
    }
}
/// The first run that ends at or behind `dot`.
template <typename Runs>
auto reaching(Runs& runs, const Dot& dot) {
    return std::lower_bound(runs.begin(), runs.end(), dot, [](const DotRun& run, const Dot& d) {
        return run.replica == d.replica ? run.last < d.counter : run.replica < d.replica;
    });
}

}  // namespace

DotSet::DotSet(std::vector<Dot> dots) {
    if (std::is_sorted(dots.begin(), dots.end())) {
        for (const Dot& dot : dots) append(runs_, {dot.replica, dot.counter, dot.counter});
    } else {
        std::vector<DotRun> runs;
        runs.reserve(dots.size());
        for (const Dot& dot : dots) runs.emplace_back(dot.replica, dot.counter, dot.counter);
        *this = set_of(std::move(runs));
    }
}

std::size_t DotSet::size() const {
    std::uint64_t count = 0;
    for (const DotRun& run : runs_) count += run.size();
    return static_cast<std::size_t>(count);
}

bool DotSet::contains(const Dot& dot) const {
    const auto run = reaching(runs_, dot);
    return run != runs_.end() && run->replica == dot.replica && run->first <= dot.counter;
}

bool DotSet::insert(const Dot& dot) {
    if (contains(dot)) return false;
    insert(DotRun{dot.replica, dot.counter, dot.counter});
    return true;
}

void DotSet::insert(const DotRun& run) {
    if (runs_.empty() || starts_before(runs_.back(), run)) return append(runs_, run);
    // Everything that overlaps or touches the run becomes one with it.
    const auto low = reaching(runs_, Dot{run.replica, run.first - 1});
    DotRun whole = run;
    auto high = low;
    for (; high != runs_.end() && high->replica == run.replica && high->first <= run.last + 1;
         ++high) {
        whole.first = std::min(whole.first, high->first);
        whole.last = std::max(whole.last, high->last);
    }
    if (low == high) {
        runs_.insert(low, whole);
    } else {
        *low = whole;
        runs_.erase(low + 1, high);
    }
}

bool DotSet::erase(const Dot& dot) {
    if (!contains(dot)) return false;
    erase(DotRun{dot.replica, dot.counter, dot.counter});
    return true;
}

void DotSet::erase(const DotRun& run) {
    auto at = reaching(runs_, Dot{run.replica, run.first});
    if (at != runs_.end() && at->replica == run.replica && at->first < run.first) {
        const DotRun tail{run.replica, run.first, at->last};
        at->last = run.first - 1;
        at = runs_.insert(at + 1, tail);
    }
    auto end = at;
    while (end != runs_.end() && end->replica == run.replica && end->last <= run.last) ++end;
    if (end != runs_.end() && end->replica == run.replica && end->first <= run.last)
        end->first = run.last + 1;
    runs_.erase(at, end);
}

void DotSet::insert_all(const DotSet& other) {
    if (other.runs_.size() <= few || runs_.empty() ||
        starts_before(runs_.back(), other.runs_.front())) {
        for (const DotRun& run : other.runs_) insert(run);
        return;
    }
    Few<DotRun> both;
    both.reserve(runs_.size() + other.runs_.size());
    auto mine = runs_.begin();
    auto theirs = other.runs_.begin();
    while (mine != runs_.end() || theirs != other.runs_.end()) {
        const bool take_mine =
            theirs == other.runs_.end() || (mine != runs_.end() && starts_before(*mine, *theirs));
        append(both, take_mine ? *mine++ : *theirs++);
    }
    runs_ = std::move(both);
}

void DotSet::erase_all(const DotSet& other) {
    if (runs_.empty() || other.empty()) return;
    if (other.runs_.size() <= few) {
        for (const DotRun& run : other.runs_) erase(run);
        return;
    }
    Few<DotRun> left;
    left.reserve(runs_.size());
    auto theirs = other.runs_.begin();
    for (DotRun run : runs_) {
        const auto before = [&](const DotRun& them) {
            return them.replica == run.replica ? them.last < run.first : them.replica < run.replica;
        };
        while (theirs != other.runs_.end() && before(*theirs)) ++theirs;
        bool used_up = false;
        for (auto at = theirs;
             at != other.runs_.end() && at->replica == run.replica && at->first <= run.last; ++at) {
            if (run.first < at->first) left.push_back({run.replica, run.first, at->first - 1});
            used_up = at->last >= run.last;
            if (used_up) break;
            run.first = at->last + 1;
        }
        if (!used_up) left.push_back(run);
    }
    runs_ = std::move(left);
}

void DotSet::join(const DotSet& other, const CausalContext& mine, const CausalContext& theirs) {
    if (runs_ == other.runs_) return;
    Few<DotRun> kept;
    for (const Dot& dot : *this) {
        if (other.contains(dot) || !theirs.contains(dot))
            append(kept, {dot.replica, dot.counter, dot.counter});
    }
    Few<DotRun> news;
    for (const Dot& dot : other) {
        if (!mine.contains(dot)) append(news, {dot.replica, dot.counter, dot.counter});
    }
    runs_ = std::move(kept);
    DotSet added;
    added.runs_ = std::move(news);
    insert_all(added);
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

DotSet CausalContext::seen(const DotRun& dots) const {
    DotSet found;
    const std::uint64_t up_to = std::min(vector_.at(dots.replica), dots.last);
    if (dots.first <= up_to) found.insert(DotRun{dots.replica, dots.first, up_to});
    const auto above = exceptions_.find(dots.replica);
    if (above == exceptions_.end()) return found;
    const std::vector<Run>& runs = above->second;
    auto run = std::lower_bound(
        runs.begin(), runs.end(), dots.first,
        [](const Run& known, std::uint64_t counter) { return known.last < counter; });
    for (; run != runs.end() && run->first <= dots.last; ++run) {
        found.insert(
            DotRun{dots.replica, std::max(run->first, dots.first), std::min(run->last, dots.last)});
    }
    return found;
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
    for (const DotRun& run : dots.runs()) insert(run.replica, Run{run.first, run.last});
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
