#include "syncline/crdt/text.hpp"

#include "syncline/codec/reader.hpp"

#include <algorithm>

namespace syncline {

namespace {

bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }
bool begins_quad(char byte) { return static_cast<unsigned char>(byte) >= 0xF0; }

std::uint32_t Measure::*member(Unit unit) {
    switch (unit) {
        case Unit::code_point: return &Measure::visible;
        case Unit::utf16: return &Measure::utf16;
        case Unit::byte: return &Measure::bytes;
    }
    return &Measure::visible;
}

/// Of the first `length` code points of a run.
std::uint32_t part(const TextPayload& payload, std::uint32_t length, Unit unit) {
    if (unit == Unit::code_point) return length;
    const std::size_t end = payload.offset(length);
    if (unit == Unit::byte) return static_cast<std::uint32_t>(end);
    const std::string_view text(payload.utf8().data(), end);
    return length +
           static_cast<std::uint32_t>(std::count_if(text.begin(), text.end(), begins_quad));
}

Error behind_the_end(std::uint32_t at, std::uint32_t size) {
    return Error{ErrorCode::out_of_range,
                 "position " + std::to_string(at) + " in a text of " + std::to_string(size)};
}

Error inside_a_code_point(std::uint32_t at) {
    return Error{ErrorCode::out_of_range,
                 "position " + std::to_string(at) + " is inside a code point"};
}

}  // namespace

// TextPayload

Measure TextPayload::measure() const {
    const auto bytes = static_cast<std::uint32_t>(utf8_.size());
    return {0, 0, bytes, bytes - continuations_ + quads_};
}

void TextPayload::append(TextPayload&& other) {
    utf8_ += other.utf8_;
    continuations_ += other.continuations_;
    quads_ += other.quads_;
}

std::size_t TextPayload::offset(std::uint32_t at) const {
    if (continuations_ == 0) return at;
    std::size_t i = 0;
    for (; at > 0 && i < utf8_.size(); --at) {
        do ++i;
        while (i < utf8_.size() && !begins_code_point(utf8_[i]));
    }
    return i;
}

TextPayload::TextPayload(std::string utf8) : utf8_(std::move(utf8)) {
    for (const char byte : utf8_) {
        continuations_ += begins_code_point(byte) ? 0 : 1;
        quads_ += begins_quad(byte) ? 1 : 0;
    }
}

TextPayload TextPayload::part(std::uint32_t from, std::uint32_t length) const {
    const std::size_t begin = offset(from);
    return TextPayload(utf8_.substr(begin, offset(from + length) - begin));
}

TextPayload TextPayload::cut(std::uint32_t at, std::uint32_t) {
    const std::size_t from = offset(at);
    if (continuations_ == 0) {
        TextPayload tail;
        tail.utf8_.assign(utf8_, from);
        utf8_.resize(from);
        return tail;
    }
    TextPayload tail(utf8_.substr(from));
    utf8_.resize(from);
    continuations_ -= tail.continuations_;
    quads_ -= tail.quads_;
    return tail;
}

// Reading

std::uint32_t Text::size(Unit unit) const { return order_.measure().*member(unit); }

std::string Text::str() const {
    std::string all;
    all.reserve(order_.measure().bytes);
    for (const auto* run = order_.front(); run != nullptr; run = Order::next(*run))
        all += run->payload.utf8();
    return all;
}

Text::Char Text::char_at(std::uint32_t n, Unit unit) const {
    const auto found = order_.locate(member(unit), n);
    if (found.run == nullptr) return {};
    const std::uint32_t before = found.before.*member(unit);
    std::uint32_t left = n - before;
    const std::string& text = found.run->payload.utf8();
    if (unit == Unit::code_point || text.size() == found.run->length)
        return {{found.run, left}, n, 1};
    std::uint32_t start = before;
    std::uint32_t offset = 0;
    for (std::size_t i = 0;; ++offset) {
        std::size_t end = i + 1;
        while (end < text.size() && !begins_code_point(text[end])) ++end;
        const auto width = unit == Unit::byte     ? static_cast<std::uint32_t>(end - i)
                           : begins_quad(text[i]) ? 2u
                                                  : 1u;
        if (left < width) return {{found.run, offset}, start, width};
        left -= width;
        start += width;
        i = end;
    }
}

std::string Text::str(std::uint32_t from, std::uint32_t count, Unit unit) const {
    std::string some;
    const std::uint32_t all = size(unit);
    if (from >= all || count == 0) return some;
    count = std::min(count, all - from);
    const Char first = char_at(from, unit);
    const Char last = char_at(from + count - 1, unit);
    for (const auto* run = first.at.run;; run = Order::next(*run)) {
        const std::string& text = run->payload.utf8();
        const std::size_t begin = run == first.at.run ? run->payload.offset(first.at.offset) : 0;
        // The last one is in only if its end is.
        const bool whole = last.start + last.width <= from + count;
        const std::size_t end = run == last.at.run
                                    ? run->payload.offset(last.at.offset + (whole ? 1 : 0))
                                    : text.size();
        if (begin < end) some.append(text, begin, end - begin);
        if (run == last.at.run) return some;
    }
}

std::vector<Text::Span> Text::spans() const {
    struct Edge {
        std::uint32_t slot;
        bool begins;
        const Dot* dot;
        const StampedMark* mark;
    };
    std::vector<Edge> edges;
    for (const auto& [dot, mark] : marks_) {
        const auto from = slot(mark.mark.from);
        const auto to = slot(mark.mark.to);
        if (!from || !to || *from >= *to) continue;
        edges.push_back({*from, true, &dot, &mark});
        edges.push_back({*to, false, &dot, &mark});
    }
    std::sort(edges.begin(), edges.end(),
              [](const Edge& a, const Edge& b) { return a.slot < b.slot; });

    // Of each name the marks in force, the latest last.
    using Latest = std::map<std::pair<std::uint64_t, Dot>, const Value*>;
    std::map<std::string, Latest> open;
    const auto properties = [&] {
        std::map<std::string, Value> shown;
        for (const auto& [name, marks] : open) {
            const Value& value = *marks.rbegin()->second;
            if (!value.is_null()) shown.emplace(name, value);
        }
        return shown;
    };

    std::vector<Span> spans;
    std::map<std::string, Value> current;
    auto edge = edges.begin();
    std::uint32_t slot_at = 0;
    const auto add = [&](std::string_view text) {
        if (text.empty()) return;
        if (spans.empty() || !(spans.back().properties == current)) spans.push_back({{}, current});
        spans.back().text += text;
    };
    for (const auto* run = order_.front(); run != nullptr; run = Order::next(*run)) {
        std::uint32_t done = 0;
        while (edge != edges.end() && edge->slot < slot_at + run->length) {
            const std::uint32_t cut = edge->slot - slot_at;
            if (run->visible()) {
                const std::size_t begin = run->payload.offset(done);
                add(std::string_view(run->payload.utf8())
                        .substr(begin, run->payload.offset(cut) - begin));
            }
            done = cut;
            for (; edge != edges.end() && edge->slot == slot_at + cut; ++edge) {
                const std::pair key(edge->mark->hlc.packed, *edge->dot);
                Latest& latest = open[edge->mark->mark.name];
                if (edge->begins) {
                    latest.emplace(key, &edge->mark->mark.value);
                } else {
                    latest.erase(key);
                }
                if (latest.empty()) open.erase(edge->mark->mark.name);
            }
            current = properties();
        }
        if (run->visible())
            add(std::string_view(run->payload.utf8()).substr(run->payload.offset(done)));
        slot_at += run->length;
    }
    return spans;
}

std::optional<std::uint32_t> Text::slot(const Anchor& anchor) const {
    if (anchor.element.counter == 0) return anchor.side == Side::right ? 0 : order_.measure().slots;
    const auto at = order_.find(anchor.element);
    if (!at || !at.run->attached()) return std::nullopt;
    return order_.before(*at.run).slots + at.offset + (anchor.side == Side::right ? 1 : 0);
}

Anchor Text::anchor(std::uint32_t at, Side side, Unit unit) const {
    if (side == Side::left) {
        const Char behind = char_at(at, unit);
        if (!behind.at) return {{}, Side::left};
        return {order_.dot(behind.at), Side::left};
    }
    if (at == 0 || size(unit) == 0) return {{}, Side::right};
    const Char front = char_at(std::min(at, size(unit)) - 1, unit);
    return {order_.dot(front.at), Side::right};
}

std::optional<std::uint32_t> Text::position(const Anchor& anchor, Unit unit) const {
    if (anchor.element.counter == 0) return anchor.side == Side::right ? 0 : size(unit);
    const auto at = order_.find(anchor.element);
    if (!at || !at.run->attached()) return std::nullopt;
    const std::uint32_t before = order_.before(*at.run).*member(unit);
    if (!at.run->visible()) return before;
    return before + part(at.run->payload, at.offset + (anchor.side == Side::right ? 1 : 0), unit);
}

// Mutators

Result<Text::Order::At> Text::behind(std::uint32_t at, Unit unit) const {
    if (at > size(unit)) return tl::unexpected(behind_the_end(at, size(unit)));
    if (at == 0) return Order::At{};
    const Char left = char_at(at - 1, unit);
    if (left.start + left.width != at) return tl::unexpected(inside_a_code_point(at));
    return left.at;
}

Result<Op> Text::insert(std::uint32_t at, std::string_view utf8, Unit unit) const {
    const auto left = behind(at, unit);
    if (!left) return tl::unexpected(left.error());
    if (!wire::is_utf8(utf8)) return fail(ErrorCode::invalid_utf8, "text is well-formed UTF-8");
    if (utf8.empty()) return fail(ErrorCode::out_of_range, "an insertion inserts something");
    Op op;
    op.code = OpCode::place;
    op.inner = Type::text;
    op.value = utf8;
    op.place = order_.place_behind(*left);
    return op;
}

Result<Op> Text::erase(std::uint32_t from, std::uint32_t count, Unit unit) const {
    const std::uint32_t all = size(unit);
    if (from > all || count > all - from)
        return tl::unexpected(behind_the_end(from > all ? from : from + count, all));
    Op op;
    op.code = OpCode::erase;
    if (count == 0) return op;
    const Char head = char_at(from, unit);
    if (head.start != from) return tl::unexpected(inside_a_code_point(from));
    const auto left_in_run = head.at.run->length - head.at.offset;
    const bool in_one_run = unit == Unit::code_point && count <= left_in_run;
    const Char tail = in_one_run
                          ? Char{{head.at.run, head.at.offset + count - 1}, from + count - 1, 1}
                          : char_at(from + count - 1, unit);
    if (tail.start + tail.width != from + count)
        return tl::unexpected(inside_a_code_point(from + count));
    const Order::At first = head.at;
    const Order::At last = tail.at;
    for (const auto* run = first.run;; run = Order::next(*run)) {
        if (run->visible()) {
            const std::uint32_t begin = run == first.run ? first.offset : 0;
            const std::uint32_t end = run == last.run ? last.offset : run->length - 1;
            op.removes.insert(
                DotRun{order_.authors()[run->author], run->first + begin, run->first + end});
        }
        if (run == last.run) return op;
    }
}

Result<Op> Text::mark(std::uint32_t from, std::uint32_t count, std::string name, Value value,
                      Expand expand, Unit unit) const {
    const std::uint32_t all = size(unit);
    if (count == 0) return fail(ErrorCode::out_of_range, "a mark covers something");
    if (from > all || count > all - from)
        return tl::unexpected(behind_the_end(from > all ? from : from + count, all));
    for (const std::uint32_t end : {from, from + count}) {
        if (auto ok = behind(end, unit); !ok) return tl::unexpected(ok.error());
    }
    Mark made{std::move(name), std::move(value), {}, {}};
    const bool grows_before = expand == Expand::before || expand == Expand::both;
    const bool grows_after = expand == Expand::after || expand == Expand::both;
    made.from = anchor(from, grows_before ? Side::right : Side::left, unit);
    made.to = anchor(from + count, grows_after ? Side::left : Side::right, unit);
    Op op;
    op.code = OpCode::mark;
    // In one gap the points of the element in front come before those of the one behind: what is
    // typed into the gap later comes between them.
    const auto point = [this](const Anchor& anchor) {
        return std::pair(slot(anchor), anchor.side == Side::left);
    };
    const auto new_from = point(made.from);
    const auto new_to = point(made.to);
    for (const auto& [dot, known] : marks_) {
        if (known.mark.name != made.name) continue;
        const auto known_from = point(known.mark.from);
        const auto known_to = point(known.mark.to);
        if (!known_from.first || !known_to.first) continue;
        const bool inside = new_from <= known_from && known_to <= new_to;
        if (inside || known_from >= known_to) op.removes.insert(dot);
    }
    op.mark = std::move(made);
    return op;
}

Op Text::create() const {
    Op op;
    op.code = OpCode::create;
    op.removes = presence_;
    return op;
}

// Replication

void Text::apply(const Op& op, const Event& at, const CausalContext* seen) {
    take(op);
    if (op.code == OpCode::create) presence_.insert(at.dot);
    if (op.code == OpCode::mark && op.mark) marks_.emplace(at.dot, StampedMark{*op.mark, at.hlc});
    if (op.code == OpCode::place) place(op, at, seen);
}

void Text::place(const Op& op, const Event& at, const CausalContext* seen) {
    const std::string* text = op.value.text();
    if (text == nullptr || text->empty()) return;
    const DotRun own{at.dot.replica, at.dot.counter, at.dot.counter + code_points(*text) - 1};
    if (Order::is_inside(own, op.place)) return;
    TextPayload all(*text);
    const DotSet news = order_.unknown(own);
    if (seen == nullptr && news.runs().size() == 1 && news.runs().front() == own) {
        order_.insert(at.dot, static_cast<std::uint32_t>(own.size()), op.place, Order::State::plain,
                      std::move(all));
        return;
    }
    for (const DotRun& run : news.runs()) {
        const auto offset = static_cast<std::uint32_t>(run.first - own.first);
        const auto length = static_cast<std::uint32_t>(run.size());
        const std::size_t begin = all.offset(offset);
        order_.insert({own.replica, run.first}, length, Order::place_in(at.dot, offset, op.place),
                      Order::State::plain,
                      TextPayload(text->substr(begin, all.offset(offset + length) - begin)));
    }
    if (seen == nullptr) return;
    for (const Dot& dot : news) {
        if (seen->contains(dot)) kill({dot.replica, dot.counter, dot.counter});
    }
}

void Text::kill(const DotRun& dots) {
    order_.for_each_in(dots, [&](Order::At at, std::uint32_t length) {
        if (at.run->visible()) order_.kill(at, length);
    });
}

Text Text::delta(const Op& op, const Event& at, const Text&) {
    Text made;
    made.apply(op, at);
    return made;
}

void Text::erase(const DotSet& dots) {
    if (dots.empty()) return;
    presence_.erase_all(dots);
    for (const DotRun& run : dots.runs()) {
        kill(run);
        // Looked up, not looked for: a text may have more marks than an erasure has runs.
        marks_.erase(marks_.lower_bound(Dot{run.replica, run.first}),
                     marks_.upper_bound(Dot{run.replica, run.last}));
    }
}

namespace {

/// A mark as a stretch between two points. In one gap the points of the element in front come
/// before those of the one behind; the order of points never changes.
struct Stretched {
    using Point = std::pair<std::uint32_t, bool>;
    std::pair<std::uint64_t, Dot> rank;  ///< the later one is in force
    Point from;
    Point to;
    bool takes_off = false;
};

/// Those that lie inside one of a higher rank. `marks` ascends by rank.
void note_covered(const std::vector<Stretched>& marks, std::vector<Dot>& unseen) {
    // From where a mark reaches how far; what does not reach further than an earlier start is left
    // out, so that ends ascend with starts.
    std::map<Stretched::Point, Stretched::Point> reach;
    for (auto mark = marks.rbegin(); mark != marks.rend(); ++mark) {
        auto next = reach.upper_bound(mark->from);
        if (next != reach.begin() && std::prev(next)->second >= mark->to) {
            unseen.push_back(mark->rank.second);
            continue;
        }
        while (next != reach.end() && next->second <= mark->to) next = reach.erase(next);
        reach.insert_or_assign(mark->from, mark->to);
    }
}

/// Those that take off what no mark of a lower rank puts on. `marks` ascends by rank.
void note_idle(const std::vector<Stretched>& marks, std::vector<Dot>& unseen) {
    std::map<Stretched::Point, Stretched::Point> put_on;  // disjoint
    for (const Stretched& mark : marks) {
        // The last that begins in front of the end reaches furthest.
        auto last = put_on.lower_bound(mark.to);
        if (mark.takes_off) {
            const bool meets = last != put_on.begin() && std::prev(last)->second > mark.from;
            if (!meets) unseen.push_back(mark.rank.second);
            continue;
        }
        if (mark.from >= mark.to) continue;
        Stretched::Point from = mark.from;
        Stretched::Point to = mark.to;
        while (last != put_on.begin() && std::prev(last)->second >= from) {
            --last;
            from = std::min(from, last->first);
            to = std::max(to, last->second);
            last = put_on.erase(last);
        }
        put_on.emplace(from, to);
    }
}

}  // namespace

std::vector<Dot> Text::unseen_marks() const {
    std::vector<Dot> unseen;
    std::map<std::string_view, std::vector<Stretched>> by_name;
    for (const auto& [dot, known] : marks_) {
        const auto from = slot(known.mark.from);
        const auto to = slot(known.mark.to);
        if (!from || !to) continue;
        if (*position(known.mark.from) >= *position(known.mark.to)) unseen.push_back(dot);
        by_name[known.mark.name].push_back({{known.hlc.packed, dot},
                                            {*from, known.mark.from.side == Side::left},
                                            {*to, known.mark.to.side == Side::left},
                                            known.mark.value.is_null()});
    }
    for (auto& [name, marks] : by_name) {
        std::sort(marks.begin(), marks.end(),
                  [](const Stretched& a, const Stretched& b) { return a.rank < b.rank; });
        note_covered(marks, unseen);
        note_idle(marks, unseen);
    }
    return unseen;
}

void Text::collect_residue(ResidueRuns& into) const {
    order_.collect_dead(into.dots);
    for (const Dot& mark : unseen_marks())
        into.dots.emplace_back(mark.replica, mark.counter, mark.counter);
}

void Text::drop(const Residue& residue) {
    for (const Dot& mark : unseen_marks()) {
        if (residue.dots.contains(mark)) marks_.erase(mark);
    }
    std::vector<Dot> ends;
    for (const auto& [dot, known] : marks_) {
        for (const Anchor& end : {known.mark.from, known.mark.to}) {
            if (end.element.counter != 0) ends.push_back(end.element);
        }
    }
    order_.prune(residue.dots, DotSet(std::move(ends)));
}

DotSet Text::live_dots() const {
    DotSet dots = presence_;
    std::vector<DotRun> runs;
    order_.for_each_by_dot([&](const Order::Run& run) {
        if (run.visible()) runs.push_back({order_.authors()[run.author], run.first, run.last()});
    });
    for (const DotRun& run : runs) dots.insert(run);
    for (const auto& [dot, mark] : marks_) dots.insert(dot);
    return dots;
}

void Text::join(const Text& other, const CausalContext& mine, const CausalContext& theirs) {
    presence_.join(other.presence_, mine, theirs);
    order_.join(other.order_, mine, theirs);
    // Marks are values by dot.
    for (auto at = marks_.begin(); at != marks_.end();) {
        const bool removed = other.marks_.count(at->first) == 0 && theirs.contains(at->first);
        at = removed ? marks_.erase(at) : std::next(at);
    }
    for (const auto& [dot, mark] : other.marks_) {
        if (!mine.contains(dot)) marks_.emplace(dot, mark);
    }
}

bool operator==(const Text& a, const Text& b) {
    if (!(a.presence_ == b.presence_ && a.marks_ == b.marks_)) return false;
    if (!(a.order_.measure() == b.order_.measure())) return false;
    const auto stretches = [](const Text& text) {
        std::vector<std::tuple<Dot, Dot, Side, bool, std::uint64_t, std::string>> all;
        text.order_.for_each_stretch([&](const auto& runs) {
            std::string content;
            for (const auto* run : runs) content += run->payload.utf8();
            const auto& head = *runs.front();
            all.emplace_back(Dot{text.order_.authors()[head.author], head.first},
                             text.order_.parent(head), head.side,
                             head.state == Text::Order::State::plain, runs.back()->last(),
                             std::move(content));
        });
        return all;
    };
    return stretches(a) == stretches(b);
}

}  // namespace syncline
