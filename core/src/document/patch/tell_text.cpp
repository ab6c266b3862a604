#include "document/text_properties.hpp"
#include "tell_sequences.hpp"

#include <algorithm>

namespace syncline::patching {

namespace {

struct Inserted {
    std::uint32_t at;
    std::uint32_t at_utf16;
    std::string text;
    TextDelta::Properties properties;
};
struct Changed {  ///< a range with other properties
    TextDelta::Length from;
    TextDelta::Length to;
    TextDelta::Properties properties;
};
/// How much is shown in front of a slot.
TextDelta::Length shown_before(const Text::Order& order, std::uint32_t slot) {
    const auto found = order.locate(&Measure::slots, slot);
    if (found.run == nullptr) return {order.measure().visible, order.measure().utf16};
    if (!found.run->visible()) return {found.before.visible, found.before.utf16};
    const std::uint32_t offset = slot - found.before.slots;
    return {found.before.visible + offset,
            found.before.utf16 + utf16_of(part_of(found.run->payload, 0, offset))};
}
/// What is erased counts in the text as it was, the others in the text as it is.
TextDelta merged(const std::vector<Watch::Characters>& gone, std::vector<Inserted>& inserted,
                 const std::vector<Changed>& changed) {
    TextDelta delta;
    TextDelta::Length was;
    TextDelta::Length is;
    auto erase = gone.begin();
    auto insert = inserted.begin();
    auto change = changed.begin();
    for (;;) {
        while (change != changed.end() && change->to.code_points <= is.code_points) ++change;
        const bool in_change =
            change != changed.end() && change->from.code_points <= is.code_points;
        std::optional<TextDelta::Length> step;
        const auto offer = [&](std::uint32_t points, std::uint32_t utf16) {
            if (!step || points < step->code_points) step = TextDelta::Length{points, utf16};
        };
        if (insert != inserted.end())
            offer(insert->at - is.code_points, insert->at_utf16 - is.utf16);
        if (erase != gone.end())
            offer(erase->from - was.code_points, erase->from_utf16 - was.utf16);
        if (change != changed.end()) {
            const TextDelta::Length& end = in_change ? change->to : change->from;
            offer(end.code_points - is.code_points, end.utf16 - is.utf16);
        }
        if (!step) break;
        delta.retain(*step, in_change ? change->properties : TextDelta::Properties{});
        for (TextDelta::Length* at : {&was, &is}) {
            at->code_points += step->code_points;
            at->utf16 += step->utf16;
        }
        if (insert != inserted.end() && insert->at == is.code_points) {
            is.code_points += code_points(insert->text);
            is.utf16 += utf16_of(insert->text);
            delta.insert(insert->text, std::move(insert->properties));
            ++insert;
        } else if (erase != gone.end() && erase->from == was.code_points) {
            was.code_points += erase->length.code_points;
            was.utf16 += erase->length.utf16;
            delta.erase(erase->length);
            ++erase;
        }
    }
    delta.finish();
    return delta;
}
TextDelta named(Watch& watch, const Text& text) {
    const Text::Order& order = text.order();
    TextProperties properties(order);
    std::vector<SlotRange> changed_slots;
    std::set<std::string> changed_names;
    const auto note_changed = [&](const Mark& mark) {
        const auto from = slot_of(order, mark.from);
        const auto to = slot_of(order, mark.to);
        if (!from || !to) return;
        changed_slots.push_back({*from, *to});
        changed_names.insert(mark.name);
    };
    const bool has_new = !watch.placed.empty() || !watch.marked.empty();
    if (has_new || !watch.unmarked.empty()) {
        for (const auto& [dot, mark] : text.marks()) {
            const bool is_new = watch.marked.contains(dot);
            properties.add(dot, mark, is_new ? MarkSet::new_marks : MarkSet::both);
            if (is_new) note_changed(mark.mark);
        }
        for (const auto& [dot, mark] : watch.unmarked) {
            if (text.marks().count(dot) != 0) continue;
            properties.add(dot, mark, MarkSet::old_marks);
            note_changed(mark.mark);
        }
    }

    std::vector<Inserted> inserted;
    std::vector<SlotRange> inserted_slots;
    for (const DotRun& run : watch.placed.runs()) {
        order.for_each_in(run, [&](Text::Order::At at, std::uint32_t length) {
            if (!at.run->attached() || !at.run->visible()) return;
            const std::uint32_t slot = order.before(*at.run).slots + at.offset;
            inserted_slots.push_back({slot, slot + length});
        });
    }
    properties.for_each_piece(
        united(std::move(inserted_slots)), [&](const SlotRange& range, const auto& here) {
            const auto of_all = here.all(MarkSet::new_marks);
            for (std::uint32_t slot = range.from; slot < range.to;) {
                const auto found = order.locate(&Measure::slots, slot);
                const std::uint32_t offset = slot - found.before.slots;
                const std::uint32_t length = std::min(range.to - slot, found.run->length - offset);
                const std::string_view piece = part_of(found.run->payload, offset, length);
                const TextDelta::Length at = shown_before(order, slot);
                inserted.push_back({at.code_points, at.utf16, std::string(piece), of_all});
                slot += length;
            }
        });

    std::vector<Changed> changed;
    properties.for_each_piece(
        united(std::move(changed_slots)), [&](const SlotRange& range, const auto& here) {
            TextDelta::Properties differing;
            for (const std::string& name : changed_names) {
                const Value* was = here.value(name, MarkSet::old_marks);
                const Value* is = here.value(name, MarkSet::new_marks);
                const bool same = was == nullptr || is == nullptr ? was == is : *was == *is;
                if (!same) differing.emplace(name, is == nullptr ? Value() : *is);
            }
            if (differing.empty()) return;
            changed.push_back({shown_before(order, range.from), shown_before(order, range.to),
                               std::move(differing)});
        });

    std::sort(watch.gone.begin(), watch.gone.end(),
              [](const auto& a, const auto& b) { return a.from < b.from; });
    return merged(watch.gone, inserted, changed);
}

}  // namespace

TextDelta text_changes(Watch& watch, const Text& text) {
    return watch.whole ? delta_between(watch.spans, text.spans()) : named(watch, text);
}

}  // namespace syncline::patching
