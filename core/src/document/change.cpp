#include "syncline/document/change.hpp"

#include <algorithm>

namespace syncline {

std::uint64_t Change::span() const {
    std::uint64_t dots = 0;
    for (const Section& section : sections) dots += section.span();
    return dots;
}

std::uint64_t Section::span() const {
    std::uint64_t dots = 0;
    for (const FieldOp& op : ops) dots += syncline::span(op.op);
    return dots;
}

bool can_be_rewritten(const Change& change, const Rewrite& to) {
    const auto stands = [&](const Dot& dot) { return dot.counter == 0 || to.map(dot); };
    for (const Section& section : change.sections) {
        for (const FieldOp& op : section.ops) {
            const bool path_stands =
                std::all_of(op.path.begin(), op.path.end(),
                            [&](const Step& step) { return stands(step.element); });
            if (!path_stands || !stands(op.op.element)) return false;
        }
    }
    return true;
}

namespace {

class Rewriter {
public:
    Rewriter(const Change& change, const Rewrite& to) : change_(change), to_(to) {}

    FieldOp operator()(const DocumentKey& document, const FieldOp& op) const {
        FieldOp made = op;
        for (Step& step : made.path) step.element = named(step.element);
        made.op.removes.clear();
        for (const DotRun& run : op.op.removes.runs()) renamed(run, made.op.removes);
        made.op.element = named(op.op.element);
        made.op.place = placed(op.op.place);
        if (op.op.mark) {
            made.op.mark->from = anchored(op.op.mark->from);
            made.op.mark->to = anchored(op.op.mark->to);
        }
        if (op.op.code == OpCode::cancel && !(change_.replica == to_.replica)) {
            made.op.cancels.erase(to_.replica);
            if (const auto total = to_.own_total(document, op.path))
                made.op.cancels.insert_or_assign(change_.replica, *total);
        }
        return made;
    }

private:
    void renamed(const DotRun& run, DotSet& names) const {
        if (to_.map_run) return to_.map_run(run, names);
        for (std::uint64_t counter = run.first; counter <= run.last; ++counter) {
            if (const auto name = to_.map({run.replica, counter})) names.insert(*name);
        }
    }
    [[nodiscard]] Dot named(const Dot& dot) const {
        return dot.counter == 0 ? dot : to_.map(dot).value_or(Dot{});
    }
    [[nodiscard]] Place placed(const Place& place) const {
        const Dot parent = named(place.parent);
        return parent.counter == 0 ? Place{} : Place{parent, place.side};
    }
    [[nodiscard]] Anchor anchored(const Anchor& anchor) const {
        return {named(anchor.element), anchor.side};
    }

    const Change& change_;
    const Rewrite& to_;
};

}  // namespace

Change rewrite(const Change& change, const Rewrite& to) {
    const Rewriter rewriter(change, to);
    Change moved{to.replica, to.first, to.hlc, to.base, change.message, {}};
    for (const Section& section : change.sections) {
        Section& target = moved.sections.emplace_back(Section{section.document, {}});
        for (const FieldOp& op : section.ops) target.ops.push_back(rewriter(section.document, op));
    }
    return moved;
}

}  // namespace syncline
