#include "syncline/document/floor.hpp"

#include "clock/set_of_runs.hpp"

#include <algorithm>

namespace syncline {

Residue residue(const Document& document) {
    ResidueRuns runs;
    document.root().collect_residue(runs);
    return {set_of(std::move(runs.dots)), set_of(std::move(runs.sums))};
}

namespace {

template <typename T>
const T* store_at(const Document& document, const Path& path) {
    const Node* node = document.root().find(path);
    return node == nullptr ? nullptr : node->as<T>();
}

}  // namespace

void spare(Residue& candidates, const Document& document, const FieldOp& op) {
    if (candidates.dots.empty()) return;
    Path path;
    const auto spare_element = [&](const Dot& id) {
        if (id.counter == 0) return;
        candidates.dots.erase(id);
        const auto* list = store_at<List>(document, path);
        if (list == nullptr) return;
        const auto element = list->elements().find(id);
        if (element != list->elements().end()) candidates.dots.erase(element->second.slot);
    };
    for (const Step& step : op.path) {
        spare_element(step.element);
        path.push_back(step);
    }
    spare_element(op.op.element);
}

// Returning

namespace {

bool puts_elements(const Op& op) { return op.code == OpCode::place || op.code == OpCode::move; }

/// Whether the list at `path` shows this element.
bool is_shown(const Document& document, const Path& path, const Dot& element) {
    const auto* list = store_at<List>(document, path);
    return list != nullptr && list->index(element).has_value();
}

bool all_shown(const Document& document, const FieldOp& op) {
    Path path;
    for (const Step& step : op.path) {
        if (step.is_element() && !is_shown(document, path, step.element)) return false;
        path.push_back(step);
    }
    return op.op.element.counter == 0 || is_shown(document, path, op.op.element);
}

const CounterEntries* counter_at(const Document& document, const Path& path) {
    if (const auto* counter = store_at<PnCounter>(document, path)) return &counter->entries();
    if (const auto* counter = store_at<GCounter>(document, path)) return &counter->entries();
    return nullptr;
}

/// An entry that was dropped and grew again has another sum; one whose last add is the one that was
/// seen was never dropped.
CounterMarks unmoved(const CounterMarks& cancels, const CounterEntries* counter) {
    CounterMarks kept;
    if (counter == nullptr) return kept;
    for (const auto& [replica, mark] : cancels) {
        const auto entry = counter->entries().find(replica);
        if (entry != counter->entries().end() && entry->second.total == mark)
            kept.emplace(replica, mark);
    }
    return kept;
}

}  // namespace

/// Finds what stood next to something in the order as it was seen, and is visible in the one of
/// now.
template <typename Order>
class Returning::Gap {
public:
    Gap(const Returning& returning, const Order& seen, const Order& now)
        : returning_(returning), seen_(seen), now_(now) {}

    [[nodiscard]] Place place_of(const Dot& dot) const {
        const At at = seen_.find(dot);
        if (!at || !at.run->attached()) return now_.place_behind({});
        return now_.place_behind(now_.find(in_front(at, at.offset)));
    }
    [[nodiscard]] Anchor anchor_of(const Anchor& anchor) const {
        if (anchor.element.counter == 0) return anchor;
        const At at = seen_.find(anchor.element);
        if (!at || !at.run->attached()) return {{}, anchor.side};
        return {anchor.side == Side::left ? behind(at) : in_front(at, at.offset + 1), anchor.side};
    }

private:
    using At = typename Order::At;
    using Run = typename Order::Run;

    /// The last one of `at`'s run in front of `end`, and of those before; none: counter 0.
    [[nodiscard]] Dot in_front(const At& at, std::uint32_t end) const {
        for (const Run* run = at.run; run != nullptr;) {
            Dot last;
            for_each_visible(*run, 0, end, [&](const Dot& first, std::uint32_t length) {
                last = {first.replica, first.counter + length - 1};
            });
            if (last.counter != 0) return last;
            run = Order::previous(*run);
            if (run != nullptr) end = run->length;
        }
        return {};
    }
    [[nodiscard]] Dot behind(const At& at) const {
        std::uint32_t begin = at.offset;
        for (const Run* run = at.run; run != nullptr; run = Order::next(*run), begin = 0) {
            Dot nearest;
            for_each_visible(*run, begin, run->length, [&](const Dot& first, std::uint32_t) {
                if (nearest.counter == 0) nearest = first;
            });
            if (nearest.counter != 0) return nearest;
        }
        return {};
    }
    template <typename Use>
    void for_each_visible(const Run& run, std::uint32_t begin, std::uint32_t end, Use use) const {
        if (begin >= end) return;
        DotSet named;
        returning_.names({seen_.authors()[run.author], run.first + begin, run.first + end - 1},
                         named);
        for (const DotRun& dots : named.runs()) {
            now_.for_each_in(dots, [&](const At& piece, std::uint32_t length) {
                if (piece.run->attached() && piece.run->visible()) use(now_.dot(piece), length);
            });
        }
    }

    const Returning& returning_;
    const Order& seen_;
    const Order& now_;
};

/// Gives an op on a sequence its place, or its ends.
template <typename Store>
bool Returning::put(const DocumentKey& key, const Path& was_at, const Dot& was, FieldOp& op) const {
    const Store none{};
    const Store* seen = store_at<Store>(seen_(key), was_at);
    const Store* now = store_at<Store>(now_(key), op.path);
    if (seen == nullptr) seen = &none;
    if (now == nullptr) now = &none;
    const Gap<typename Store::Order> gap(*this, seen->order(), now->order());
    if (puts_elements(op.op)) {
        op.op.place = gap.place_of(was);
    } else if constexpr (std::is_same_v<Store, Text>) {
        if (!op.op.mark) return true;
        Mark& mark = *op.op.mark;
        mark.from = gap.anchor_of(mark.from);
        mark.to = gap.anchor_of(mark.to);
        return now->position(mark.from) < now->position(mark.to);
    }
    return true;
}

std::optional<Dot> Returning::name(const Dot& dot) const {
    if (!(dot.replica == author_)) return dot;
    const auto above = runs_.upper_bound(dot.counter);
    if (above == runs_.begin()) return dot;
    const auto& [first, run] = *std::prev(above);
    if (dot.counter > run.last) return dot;
    if (!run.now) return std::nullopt;
    return Dot{author_, *run.now + (dot.counter - first)};
}

void Returning::names(const DotRun& dots, DotSet& into) const {
    if (!(dots.replica == author_) || runs_.empty() || dots.last < runs_.begin()->first)
        return into.insert(dots);
    for (std::uint64_t counter = dots.first; counter <= dots.last;) {
        const auto above = runs_.upper_bound(counter);
        std::uint64_t end = dots.last;
        std::optional<std::uint64_t> now = counter;
        if (above != runs_.end()) end = std::min(end, above->first - 1);
        if (above != runs_.begin() && counter <= std::prev(above)->second.last) {
            const auto& [first, run] = *std::prev(above);
            end = std::min(end, run.last);
            now = run.now ? std::optional(*run.now + (counter - first)) : std::nullopt;
        }
        if (now) into.insert(DotRun{author_, *now, *now + (end - counter)});
        counter = end + 1;
    }
}

bool Returning::make(const DocumentKey& key, FieldOp& op, const Event& was) const {
    const Path was_at = op.path;
    for (Step& step : op.path) {
        if (!step.is_element()) continue;
        const auto now = name(step.element);
        if (!now) return false;
        step.element = *now;
    }
    if (op.op.element.counter != 0) {
        const auto now = name(op.op.element);
        if (!now) return false;
        op.op.element = *now;
    }
    DotSet removes;
    for (const DotRun& run : op.op.removes.runs()) names(run, removes);
    op.op.removes = std::move(removes);
    const Document& now = now_(key);
    if (!all_shown(now, op)) return false;
    if (op.op.code == OpCode::cancel)
        op.op.cancels = unmoved(op.op.cancels, counter_at(now, op.path));
    if (!puts_elements(op.op) && op.op.code != OpCode::mark) return true;
    if (op.path.empty()) return false;
    return op.path.back().type == Type::text ? put<Text>(key, was_at, was.dot, op)
                                             : put<List>(key, was_at, was.dot, op);
}

std::optional<Change> Returning::again(const Change& change, Hlc hlc) {
    Change made{author_, next_, hlc, base_, change.message, {}};
    for_each_op(change, [&](const Section& section, const FieldOp& op, const Event& was) {
        FieldOp again = op;
        Run& run = runs_[was.dot.counter];
        run.last = was.dot.counter + span(op.op) - 1;
        if (!make(section.document, again, was)) return;
        run.now = next_;
        now_(section.document).apply(again, {{author_, next_}, hlc}, nullptr);
        next_ += span(again.op);
        if (made.sections.empty() || !(made.sections.back().document == section.document))
            made.sections.push_back({section.document, {}});
        made.sections.back().ops.push_back(std::move(again));
    });
    if (made.sections.empty()) return std::nullopt;
    return made;
}

}  // namespace syncline
