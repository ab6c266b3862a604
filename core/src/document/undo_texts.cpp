#include "text_properties.hpp"
#include "undo_step.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace syncline {

namespace {

class TextUndoing {
public:
    explicit TextUndoing(UndoStep& step) : step_(step) {}

    void run(const TextUndo& undo) {
        const DotSet presence = step_.at<Text>().presence();
        step_.take_presence_back(undo.presence, presence);
        std::vector<std::pair<Dot, Text::StampedMark>> marks;
        DotSet going = take_placed(undo.placed);
        for (const TextUndo::Marked& marked : undo.marks) {
            if (marked.added.counter != 0) {
                const DotSet names = step_.resolve(DotSet{marked.added});
                DotSet mine;
                for (const Dot& dot : names) {
                    if (step_.at<Text>().marks().count(dot) != 0) mine.insert(dot);
                }
                if (mine.empty()) continue;  // somebody marked over it
                going.insert_all(mine);
            }
            marks.insert(marks.end(), marked.removed.begin(), marked.removed.end());
        }
        if (!going.empty()) step_.edit(op_of(OpCode::erase, going));
        // Where marks and characters come back is told by the places as they are now; a mark's ends
        // then go with the characters that came back.
        plan_marks(std::move(marks));
        std::vector<Stretch> stretches = stretches_of(undo.erased, step_.at<Text>());
        bring_back(stretches);
        bring_back_marks();
        if (!stretches.empty()) mark_as_before(stretches);
    }

private:
    /// The characters that still stand.
    DotSet take_placed(const DotSet& placed) {
        DotSet mine;
        if (placed.empty()) return mine;
        const DotSet names = step_.resolve(placed);
        const Text::Order& order = step_.at<Text>().order();
        for (const DotRun& run : names.runs()) {
            order.for_each_in(run, [&](Text::Order::At at, std::uint32_t length) {
                const std::uint64_t first = at.run->first + at.offset;
                if (at.run->visible()) mine.insert(DotRun{run.replica, first, first + length - 1});
            });
        }
        return mine;
    }

    /// In a gap between characters the points of the one in front come first.
    using Point = std::pair<std::uint32_t, bool>;
    static std::optional<Point> point_of(const Text::Order& order, const Anchor& anchor) {
        const auto slot = slot_of(order, anchor);
        if (!slot) return std::nullopt;
        return Point{*slot, anchor.side == Side::left};
    }
    struct Interval {
        Anchor from;
        Anchor to;
        Point begin;
        Point end;
    };
    static std::optional<Interval> interval_of(const Text::Order& order, const Mark& mark) {
        const auto begin = point_of(order, mark.from);
        const auto end = point_of(order, mark.to);
        if (!begin || !end || !(*begin < *end)) return std::nullopt;
        return Interval{mark.from, mark.to, *begin, *end};
    }
    /// An end at a character that came back stays with it.
    [[nodiscard]] Anchor resolved(Anchor anchor) const {
        if (anchor.element.counter == 0) return anchor;
        const DotSet names = step_.resolve(DotSet{anchor.element});
        if (!names.empty()) anchor.element = *names.begin();
        return anchor;
    }
    /// An end at a character that somebody else erased is put at the nearest one that may be named:
    /// no visible one is between.
    [[nodiscard]] Anchor nameable(const Text::Order& order, const Anchor& anchor) const {
        if (anchor.element.counter == 0) return anchor;
        const Text::Order::At at = order.find(anchor.element);
        if (!at || !at.run->attached()) return {{}, anchor.side};
        const Text::Order::At nearest =
            anchor.side == Side::left ? nameable_from(order, at) : nameable_up_to(order, at);
        return resolved({nearest ? order.dot(nearest) : Dot{}, anchor.side});
    }
    [[nodiscard]] Text::Order::At nameable_from(const Text::Order& order,
                                                Text::Order::At at) const {
        for (; at.run != nullptr; at = {Text::Order::next(*at.run), 0}) {
            if (at.run->visible()) return at;
            DotRun dots = order.dots(*at.run);
            dots.first += at.offset;
            if (const auto own = step_.first_own(dots))
                return {at.run, static_cast<std::uint32_t>(*own - at.run->first)};
        }
        return {};
    }
    [[nodiscard]] Text::Order::At nameable_up_to(const Text::Order& order,
                                                 Text::Order::At at) const {
        while (at.run != nullptr && !at.run->visible()) {
            DotRun dots = order.dots(*at.run);
            dots.last = dots.first + at.offset;
            if (const auto own = step_.last_own(dots))
                return {at.run, static_cast<std::uint32_t>(*own - at.run->first)};
            at.run = Text::Order::previous(*at.run);
            if (at.run != nullptr) at.offset = at.run->length - 1;
        }
        return at;
    }

    /// A mark that is to come back, or a part of it.
    struct Planned {
        Age old;
        Text::StampedMark mark;
        Dot now;
    };
    /// Until it is back it goes by its number: a dot that nobody has.
    [[nodiscard]] Dot dot_of(const Dot& name) const {
        return name.replica.is_nil() ? planned_[static_cast<std::size_t>(name.counter - 1)].now
                                     : name;
    }
    /// Marks that were replaced are in force again where no later one of others is.
    void plan_marks(std::vector<std::pair<Dot, Text::StampedMark>> marks) {
        std::sort(marks.begin(), marks.end(), [](const auto& a, const auto& b) {
            return Age{a.second.hlc, a.first} < Age{b.second.hlc, b.first};
        });
        const Text& text = step_.at<Text>();
        for (auto& old : marks) {
            const Dot& dot = old.first;
            Text::StampedMark& mark = old.second;
            if (step_.state.gone.contains(dot)) continue;
            const Age age{mark.hlc, dot};
            mark.mark.from = resolved(mark.mark.from);
            mark.mark.to = resolved(mark.mark.to);
            const auto whole = interval_of(text.order(), mark.mark);
            if (!whole) continue;
            std::vector<Interval> later;
            for (const auto& [other_dot, other] : text.marks()) {
                if (other.mark.name != mark.mark.name || step_.age(other_dot, other.hlc) < age)
                    continue;
                const auto interval = interval_of(text.order(), other.mark);
                if (interval && interval->begin < whole->end && whole->begin < interval->end)
                    later.push_back(*interval);
            }
            std::sort(later.begin(), later.end(),
                      [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
            const auto plan = [&](const Anchor& from, const Anchor& to) {
                const Mark part{mark.mark.name, mark.mark.value, from, to};
                planned_.push_back({age, {part, above_all}, {}});
            };
            Anchor from = whole->from;
            Point begin = whole->begin;
            for (const Interval& other : later) {
                if (begin < other.begin) plan(from, other.from);
                if (begin < other.end) {
                    begin = other.end;
                    from = other.to;
                }
            }
            if (begin < whole->end) plan(from, whole->to);
        }
    }
    void bring_back_marks() {
        for (Planned& planned : planned_) {
            Op op = op_of(OpCode::mark);
            op.mark = Mark(planned.mark.mark);
            const Text::Order& order = step_.at<Text>().order();
            op.mark->from = nameable(order, resolved(op.mark->from));
            op.mark->to = nameable(order, resolved(op.mark->to));
            if (!interval_of(order, *op.mark)) continue;  // nothing is left of what it was on
            planned.now = step_.edit(std::move(op));
            step_.rename(planned.old, planned.now);
        }
    }

    /// A mark on some characters.
    struct OnStretch {
        Dot dot;
        Hlc hlc;
        std::string name;
        Value value;
    };
    using Marks = std::vector<OnStretch>;
    static Marks marks_of(const TextProperties::Here& here) {
        Marks marks;
        here.for_each_mark([&](const Dot& dot, const Text::StampedMark& mark) {
            marks.push_back({dot, mark.hlc, mark.mark.name, mark.mark.value});
        });
        return marks;
    }
    /// Erased characters that stand together, under the same marks.
    struct Stretch {
        std::string text;
        std::vector<DotRun> old;
        Marks marks;
        Dot now;
    };
    [[nodiscard]] std::vector<Stretch> stretches_of(const std::vector<TextUndo::Erased>& erased,
                                                    const Text& text) const {
        if (erased.empty()) return {};
        struct Piece {
            std::uint32_t slot;
            DotRun dots;
            std::string_view text;
        };
        const Text::Order& order = text.order();
        std::vector<Piece> pieces;
        std::vector<SlotRange> slots;
        for (const TextUndo::Erased& one : erased) {
            DotSet left;
            left.insert(one.dots);
            left = step_.wanted(left);
            for (const DotRun& run : left.runs()) {
                order.for_each_in(run, [&](Text::Order::At at, std::uint32_t length) {
                    if (!at.run->attached() || at.run->visible()) return;
                    const std::uint64_t first = at.run->first + at.offset;
                    const std::uint32_t slot = order.before(*at.run).slots + at.offset;
                    pieces.push_back({slot,
                                      {run.replica, first, first + length - 1},
                                      slice(one.text, first - one.dots.first, length)});
                    slots.push_back({slot, slot + length});
                });
            }
        }
        std::sort(pieces.begin(), pieces.end(),
                  [](const Piece& a, const Piece& b) { return a.slot < b.slot; });
        // What was erased by somebody else, or by another group, may come back between: only what
        // stands without a gap is put back as one.
        TextProperties marks(order);
        marks.add_all(text.marks(), MarkSet::both);
        for (std::size_t i = 0; i < planned_.size(); ++i)
            marks.add(Dot{ReplicaId(), i + 1}, planned_[i].mark, MarkSet::both);
        std::vector<Stretch> stretches;
        auto piece = pieces.begin();
        marks.for_each_piece(
            united(std::move(slots)), [&](const SlotRange& range, const auto& here) {
                Stretch stretch{{}, {}, marks_of(here), {}};
                for (std::uint32_t slot = range.from; slot < range.to;) {
                    while (slot - piece->slot >= piece->dots.size()) ++piece;
                    const std::uint32_t offset = slot - piece->slot;
                    const std::uint32_t length = std::min(
                        range.to - slot, static_cast<std::uint32_t>(piece->dots.size()) - offset);
                    const std::uint64_t first = piece->dots.first + offset;
                    stretch.text += slice(piece->text, offset, length);
                    stretch.old.push_back({piece->dots.replica, first, first + length - 1});
                    slot += length;
                }
                stretches.push_back(std::move(stretch));
            });
        return stretches;
    }
    void bring_back(std::vector<Stretch>& stretches) {
        for (Stretch& stretch : stretches) {
            // Behind the first of them: inside a mark that covers them all.
            const Dot first{stretch.old.front().replica, stretch.old.front().first};
            const Text::Order& order = step_.at<Text>().order();
            const auto place = order.find(first);
            if (!place) return;
            Op op = op_of(OpCode::place);
            op.inner = Type::text;
            op.place = order.place_behind_erased(
                place, [&](const DotRun& dots) { return step_.first_own(dots); });
            op.value = stretch.text;
            stretch.now = step_.edit(std::move(op));
            if (stretch.now.counter == 0) return;
            std::uint64_t counter = stretch.now.counter;
            for (const DotRun& run : stretch.old) {
                step_.reborn.aliases.add(run, {stretch.now.replica, counter});
                counter += run.size();
            }
        }
    }
    /// The new characters get the marks that the old ones stand under. Those they do not stand
    /// under by themselves are put on them once more, and go with the others; so do those that
    /// would be hidden by that.
    void mark_as_before(const std::vector<Stretch>& stretches) {
        const Text& text = step_.at<Text>();
        if (text.marks().empty() && planned_.empty()) return;
        std::map<std::uint32_t, const Stretch*> by_slot;
        std::vector<SlotRange> slots;
        for (const Stretch& stretch : stretches) {
            const auto place = text.order().find(stretch.now);
            if (!place) continue;
            const std::uint32_t slot = text.order().before(*place.run).slots + place.offset;
            by_slot.emplace(slot, &stretch);
            slots.push_back({slot, slot + code_points(stretch.text)});
        }
        TextProperties marks(text.order());
        marks.add_all(text.marks(), MarkSet::both);
        std::sort(slots.begin(), slots.end());
        struct Again {
            Age old;
            Mark mark;
        };
        std::vector<Again> again;
        marks.for_each_piece(slots, [&](const SlotRange& range, const auto& here) {
            const auto found = std::prev(by_slot.upper_bound(range.from));
            const Stretch& stretch = *found->second;
            const std::uint64_t from = stretch.now.counter + (range.from - found->first);
            const std::uint64_t to = from + (range.to - range.from) - 1;
            const Marks has = marks_of(here);
            std::set<std::string> names;
            for (const Marks* side : {&stretch.marks, &has}) {
                for (const OnStretch& mark : *side) names.insert(mark.name);
            }
            for (const std::string& name : names) {
                const auto of_name = [&](const Marks& all) {
                    Marks some;
                    std::copy_if(all.begin(), all.end(), std::back_inserter(some),
                                 [&](const OnStretch& mark) { return mark.name == name; });
                    return some;
                };
                Marks wanted_ones = of_name(stretch.marks);
                for (OnStretch& mark : wanted_ones) mark.dot = dot_of(mark.dot);
                const Marks known = of_name(has);
                const auto same = [](const OnStretch& a, const OnStretch& b) {
                    return a.dot == b.dot;
                };
                // All of the known are wanted, or they have to be hidden, all of them.
                const bool is_foreign =
                    std::any_of(known.begin(), known.end(), [&](const OnStretch& mark) {
                        return std::none_of(
                            wanted_ones.begin(), wanted_ones.end(),
                            [&](const OnStretch& wanted) { return same(mark, wanted); });
                    });
                auto first = wanted_ones.begin();
                if (!is_foreign)
                    first = std::mismatch(wanted_ones.begin(), wanted_ones.end(), known.begin(),
                                          known.end(), same)
                                .first;
                const auto put = [&](const Age& old, const Value& value) {
                    again.push_back({old,
                                     {name,
                                      value,
                                      {{stretch.now.replica, from}, Side::left},
                                      {{stretch.now.replica, to}, Side::right}}});
                };
                if (is_foreign) put({}, Value());
                for (; first != wanted_ones.end(); ++first)
                    put({first->hlc, first->dot}, first->value);
            }
        });
        for (Again& one : again) {
            Op op = op_of(OpCode::mark);
            op.mark = std::move(one.mark);
            const Dot now = step_.edit(std::move(op));
            if (now.counter == 0) return;
            if (one.old.dot.counter != 0) step_.rename(one.old, now, UndoAliases::Old::there);
        }
    }

    static constexpr Hlc above_all{~std::uint64_t{0}};
    UndoStep& step_;
    std::vector<Planned> planned_;  ///< in the order in which they hide each other
};

}  // namespace

void take_back(UndoStep& step, const TextUndo& undo) { TextUndoing(step).run(undo); }

}  // namespace syncline
