#include "syncline/crdt/counter_entries.hpp"
#include "syncline/crdt/dot_values.hpp"
#include "syncline/crdt/element_dots.hpp"
#include "syncline/crdt/lww_register.hpp"
#include "syncline/crdt/rw_set.hpp"

#include <algorithm>

namespace syncline {

// DotValues

const DotValues::Entry* DotValues::winner() const {
    const Entry* best =
        std::max_element(entries_.begin(), entries_.end(),
                         [](const Entry& a, const Entry& b) { return a.loses_to(b); });
    return best == entries_.end() ? nullptr : best;
}

DotSet DotValues::dots() const {
    DotSet dots;
    for (const Entry& entry : entries_) dots.insert(entry.dot);
    return dots;
}

namespace {
const DotValues::Entry* place_of(const OneOrMore<DotValues::Entry>& entries, const Dot& dot) {
    return std::lower_bound(entries.begin(), entries.end(), dot,
                            [](const DotValues::Entry& e, const Dot& d) { return e.dot < d; });
}
}  // namespace

void DotValues::insert(Entry entry) {
    const Entry* place = place_of(entries_, entry.dot);
    if (place != entries_.end() && place->dot == entry.dot) return;
    entries_.insert(place, std::move(entry));
}

void DotValues::erase(const DotSet& dots) {
    if (entries_.empty() || dots.empty()) return;
    if (entries_.size() > 1 && dots.size() <= 4) {  // a few of many are looked up
        for (const Dot& dot : dots) {
            const Entry* place = place_of(entries_, dot);
            if (place != entries_.end() && place->dot == dot) entries_.erase(place);
        }
        return;
    }
    entries_.erase_if([&](const Entry& entry) { return dots.contains(entry.dot); });
}

void DotValues::join(const DotValues& other, const CausalContext& mine,
                     const CausalContext& theirs) {
    const auto has = [](const OneOrMore<Entry>& entries, const Dot& dot) {
        const Entry* place = place_of(entries, dot);
        return place != entries.end() && place->dot == dot;
    };
    entries_.erase_if([&](const Entry& entry) {
        return !has(other.entries_, entry.dot) && theirs.contains(entry.dot);
    });
    for (const Entry& entry : other.entries_) {
        if (!mine.contains(entry.dot)) insert(entry);
    }
}

std::vector<DotValues::Entry> LwwRegister::conflicts() const {
    std::vector<DotValues::Entry> losers;
    const DotValues::Entry* winner = values_.winner();
    for (const DotValues::Entry& entry : values_.entries()) {
        if (&entry != winner) losers.push_back(entry);
    }
    return losers;
}

// ElementDots

DotSet ElementDots::dots_of(const Value& element) const {
    const auto found = elements_.find(element);
    return found == elements_.end() ? DotSet{} : found->second;
}

DotSet ElementDots::dots() const {
    std::vector<Dot> dots;
    for (const auto& [element, of_element] : elements_) {
        dots.insert(dots.end(), of_element.begin(), of_element.end());
    }
    return DotSet(std::move(dots));
}

DotSet ElementDots::take(const Value& element) {
    const auto found = elements_.find(element);
    if (found == elements_.end()) return {};
    DotSet dots = std::move(found->second);
    elements_.erase(found);
    return dots;
}

void ElementDots::erase(const Value& element, const DotSet& dots) {
    if (dots.empty()) return;
    const auto found = elements_.find(element);
    if (found == elements_.end()) return;
    found->second.erase_all(dots);
    if (found->second.empty()) elements_.erase(found);
}

void ElementDots::erase(const DotSet& dots) {
    if (dots.empty()) return;
    for (auto at = elements_.begin(); at != elements_.end();) {
        at->second.erase_all(dots);
        at = at->second.empty() ? elements_.erase(at) : std::next(at);
    }
}

void ElementDots::join(const ElementDots& other, const CausalContext& mine,
                       const CausalContext& theirs) {
    static const DotSet none;
    // Both are walked in step: what only the other has is inserted afterwards.
    std::vector<Map::const_iterator> news;
    auto their = other.elements_.begin();
    for (auto at = elements_.begin(); at != elements_.end();) {
        for (; their != other.elements_.end() && their->first < at->first; ++their)
            news.push_back(their);
        const bool in_both = their != other.elements_.end() && !(at->first < their->first);
        at->second.join(in_both ? their->second : none, mine, theirs);
        if (in_both) ++their;
        at = at->second.empty() ? elements_.erase(at) : std::next(at);
    }
    for (; their != other.elements_.end(); ++their) news.push_back(their);
    for (const auto& entry : news) {
        DotSet dots;
        dots.join(entry->second, mine, theirs);
        if (!dots.empty()) elements_.emplace(entry->first, std::move(dots));
    }
}

std::vector<Value> RwSet::elements() const {
    std::vector<Value> in;
    for (const auto& [element, dots] : inserted_.elements()) {
        if (!erased_.contains(element)) in.push_back(element);
    }
    return in;
}

// CounterEntries

namespace {

std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrapping_sub(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

/// The later of two marks. Two that claim one counter with different sums are a lie; the larger sum
/// is taken, so that all replicas tell the same one.
void raise(CounterMark& mark, const CounterMark& other) {
    if (other.counter > mark.counter || (other.counter == mark.counter && other.sum > mark.sum)) {
        mark = other;
    }
}

}  // namespace

bool CounterEntries::live() const {
    return std::any_of(entries_.begin(), entries_.end(), [](const auto& entry) {
        return entry.second.total.counter > entry.second.cancelled.counter;
    });
}

std::int64_t CounterEntries::value() const {
    std::int64_t sum = 0;
    for (const auto& [replica, entry] : entries_) {
        // A cancellation may come before the adds that it cancels (as a delta); they count nothing.
        if (entry.total.counter <= entry.cancelled.counter) continue;
        sum = wrapping_add(sum, wrapping_sub(entry.total.sum, entry.cancelled.sum));
    }
    return sum;
}

Op CounterEntries::cancel(const ReplicaId& author) const {
    Op op;
    op.code = OpCode::cancel;
    for (const auto& [replica, entry] : entries_) {
        const bool news = entry.total.counter > entry.cancelled.counter;
        if (news && !(replica == author)) op.cancels.emplace(replica, entry.total);
    }
    return op;
}

void CounterEntries::apply(const Op& op, const Event& at) {
    if (op.code == OpCode::add) {
        Entry& own = entries_[at.dot.replica];
        if (at.dot.counter <= own.total.counter) return;  // a later add's delta brought it along
        own.total = {at.dot.counter, wrapping_add(own.total.sum, op.amount)};
        return;
    }
    if (op.code != OpCode::cancel) return;
    for (const auto& [replica, mark] : op.cancels) raise(entries_[replica].cancelled, mark);
    // The author's own total, unless a later delta of the author's came first: that one knows of
    // this.
    const auto own = entries_.find(at.dot.replica);
    if (own != entries_.end() && own->second.total.counter < at.dot.counter) {
        raise(own->second.cancelled, CounterMark(own->second.total));
    }
}

CounterEntries CounterEntries::basis(const Op&, const Event& at) const {
    CounterEntries basis;
    const auto own = entries_.find(at.dot.replica);
    if (own != entries_.end()) basis.entries_.insert(*own);
    return basis;
}

void CounterEntries::collect_residue(ResidueRuns& into) const {
    for (const auto& [replica, entry] : entries_) {
        if (entry.total == entry.cancelled)
            into.sums.emplace_back(replica, entry.total.counter, entry.total.counter);
    }
}

void CounterEntries::drop(const Residue& residue) {
    for (auto at = entries_.begin(); at != entries_.end();) {
        const auto& [replica, entry] = *at;
        const bool goes =
            entry.total == entry.cancelled && residue.sums.contains({replica, entry.total.counter});
        at = goes ? entries_.erase(at) : std::next(at);
    }
}

void CounterEntries::join(const CounterEntries& other) {
    for (const auto& [replica, theirs] : other.entries_) {
        Entry& entry = entries_[replica];
        raise(entry.total, theirs.total);
        raise(entry.cancelled, theirs.cancelled);
    }
}

}  // namespace syncline
