// The canonical bytes of changes (docs/encoding.md, "Change").
//
//   change  := [header, section...]     each as binary, so that each can be hashed as it is
//   header  := [format, first, stamp, base, [dots of each section...], message or nil]
//   base    := sequence number, or { replica: counter }
//   section := [collection, id, replicas, steps, ops]
//   steps   := [parent, key or [who, counter], type, ...]   in order of first use; 0 is the root
//   op      := [step, code] + removes + payload             which of the two, the code says
//   removes := [who * 2 + (1 if a run), counter, length if a run, ...]
//   marks   := [who, counter, sum, ...]
//   place   := [] at the beginning, else [who * 2 + side, counter]
//   anchor  := [side] at an end, else [who * 2 + side, counter]
//
// `who` 0 is the author, whose counters are written as distances back from the op's own (in steps,
// as they are); n is the section's replicas[n - 1].

#include "clock/set_of_runs.hpp"
#include "syncline/document/change.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace syncline::wire {

namespace {

constexpr bool has_removes(OpCode code) {
    return code != OpCode::add && code != OpCode::cancel && code != OpCode::place &&
           code != OpCode::move;
}
/// How many items follow the removes.
constexpr std::size_t payload_size(Type type, OpCode code) {
    switch (code) {
        case OpCode::set:
        case OpCode::insert:
        case OpCode::add:
        case OpCode::cancel: return 1;
        case OpCode::erase: return type == Type::text ? 0 : 1;
        case OpCode::place:
        case OpCode::move: return 2;
        case OpCode::mark: return 4;
        case OpCode::enable:
        case OpCode::disable:
        case OpCode::create:
        case OpCode::clear: return 0;
    }
    return 0;
}
constexpr std::size_t op_size(Type type, OpCode code) {
    return 2 + (has_removes(code) ? 1 : 0) + payload_size(type, code);
}
Type type_at(const Path& path) { return path.empty() ? Type::map : path.back().type; }

struct Run {
    std::uint64_t who;
    std::uint64_t first;  // the counter; for the author's own, the distance back to it
    std::uint64_t length;
};

class SectionWriter {
public:
    SectionWriter(const Section& section, const ReplicaId& author, std::uint64_t first)
        : section_(section), author_(author), counter_(first) {
        for (const FieldOp& op : section.ops) {
            for_each_reference(op, [&](const DotRun& dots) { see(dots.replica); });
            steps_.push_back(step_of(op.path));
        }
        std::uint64_t index = 0;
        for (auto& [replica, who] : who_) who = ++index;
    }

    Bytes bytes() {
        out_.array(5).text(section_.document.collection).text(section_.document.id);
        out_.array(who_.size());
        for (const auto& [replica, who] : who_) out_.binary(replica.view());
        out_.array(step_list_.size() * 3);
        for (const auto& step : step_list_) {
            const Step& to = step->first.second;
            out_.u64(step->first.first);
            if (to.is_element()) {
                out_.array(2).u64(who(to.element.replica)).u64(to.element.counter);
            } else {
                out_.text(to.key);
            }
            out_.u64(static_cast<std::uint64_t>(to.type));
        }
        out_.array(section_.ops.size());
        for (std::size_t i = 0; i < section_.ops.size(); ++i) {
            write_op(section_.ops[i], steps_[i]);
            counter_ += span(section_.ops[i].op);
        }
        return out_.take();
    }

private:
    using Steps = std::map<std::pair<std::uint64_t, Step>, std::uint64_t>;

    void see(const ReplicaId& replica) {
        if (!(replica == author_)) who_.emplace(replica, 0);
    }
    std::uint64_t step_of(const Path& path) {
        std::uint64_t at = 0;
        for (const Step& to : path) {
            const auto [step, is_new] = index_.emplace(std::pair(at, to), index_.size() + 1);
            if (is_new) step_list_.push_back(step);
            at = step->second;
        }
        return at;
    }
    std::uint64_t who(const ReplicaId& replica) const {
        return replica == author_ ? 0 : who_.at(replica);
    }
    /// The author's own counters are written as a distance back.
    std::uint64_t counter(const Dot& dot) const {
        return dot.replica == author_ ? counter_ - dot.counter : dot.counter;
    }
    void write_op(const FieldOp& made, std::uint64_t step) {
        const Op& op = made.op;
        const Type type = type_at(made.path);
        out_.array(op_size(type, op.code)).u64(step).u64(static_cast<std::uint64_t>(op.code));
        if (has_removes(op.code)) write_runs(op.removes);
        switch (op.code) {
            case OpCode::set:
            case OpCode::insert: write_value(out_, op.value); break;
            case OpCode::erase:
                if (type == Type::list) write_element(op.element);
                if (type != Type::list && type != Type::text) write_value(out_, op.value);
                break;
            case OpCode::add: out_.i64(op.amount); break;
            case OpCode::cancel:
                out_.array(op.cancels.size() * 3);
                for (const auto& [replica, mark] : op.cancels) {
                    out_.u64(who_.at(replica)).u64(mark.counter).i64(mark.sum);
                }
                break;
            case OpCode::place:
                write_place(op.place);
                if (type == Type::list && op.inner != Type::lww_register) {
                    out_.u64(static_cast<std::uint64_t>(op.inner));
                } else {
                    write_value(out_, op.value);
                }
                break;
            case OpCode::move:
                write_place(op.place);
                write_element(op.element);
                break;
            case OpCode::mark:
                out_.text(op.mark->name);
                write_value(out_, op.mark->value);
                write_anchor(op.mark->from);
                write_anchor(op.mark->to);
                break;
            case OpCode::enable:
            case OpCode::disable:
            case OpCode::create:
            case OpCode::clear: break;
        }
    }
    void write_sided(const Dot& dot, Side side) {
        out_.u64(who(dot.replica) * 2 + static_cast<std::uint64_t>(side)).u64(counter(dot));
    }
    void write_place(const Place& place) {
        if (place.parent.counter == 0) {
            out_.array(0);
        } else {
            out_.array(2);
            write_sided(place.parent, place.side);
        }
    }
    void write_anchor(const Anchor& anchor) {
        if (anchor.element.counter == 0) {
            out_.array(1).u64(static_cast<std::uint64_t>(anchor.side));
        } else {
            out_.array(2);
            write_sided(anchor.element, anchor.side);
        }
    }
    void write_element(const Dot& element) {
        if (element.counter == 0) {
            out_.array(0);
        } else {
            out_.array(2).u64(who(element.replica)).u64(counter(element));
        }
    }
    void write_runs(const DotSet& dots) {
        // The author's own first, then the others in table order, which is replica order.
        std::vector<Run> own;
        std::vector<Run> others;
        for (const DotRun& run : dots.runs()) {
            const bool is_own = run.replica == author_;
            (is_own ? own : others).push_back({who(run.replica), run.first, run.size()});
        }
        for (Run& run : own) run.first = counter_ - run.first;
        own.insert(own.end(), others.begin(), others.end());
        std::size_t numbers = 0;
        for (const Run& run : own) numbers += run.length > 1 ? 3 : 2;
        out_.array(numbers);
        for (const Run& run : own) {
            out_.u64(run.who * 2 + (run.length > 1 ? 1 : 0)).u64(run.first);
            if (run.length > 1) out_.u64(run.length);
        }
    }

    const Section& section_;
    const ReplicaId& author_;
    std::uint64_t counter_;
    std::map<ReplicaId, std::uint64_t> who_;
    Steps index_;
    std::vector<Steps::const_iterator> step_list_;
    std::vector<std::uint64_t> steps_;
    Writer out_;
};

/// Where the number `n` of a table counted from 1 lies; size_t is 32 bits wide in the browser.
std::size_t slot(std::uint64_t n) { return static_cast<std::size_t>(n - 1); }

constexpr std::size_t bytes_of_text_max = std::size_t{1} << 20;  ///< the change's own bound

/// What a change may still take in memory beyond its bytes, over all of its sections.
struct Budget {
    std::uint64_t ops = ops_max;
    std::uint64_t removes = removes_max;
    std::uint64_t paths = paths_max;
};

class SectionReader {
public:
    SectionReader(BytesView bytes, const Limits& limits, const ReplicaId& author,
                  std::uint64_t first, std::uint64_t dots, Budget& budget)
        : in_(bytes, limits),
          author_(author),
          counter_(first),
          end_(first + dots),
          budget_(budget) {}

    Result<Section> read() {
        Section section;
        in_.array_of(5);
        section.document.collection = std::string(in_.text(name_bytes_max));
        section.document.id = std::string(in_.text(name_bytes_max));
        in_.require(
            is_document_name(section.document.collection) && is_document_name(section.document.id),
            ErrorCode::malformed);
        read_replicas();
        read_steps();
        const std::size_t count = in_.array();
        in_.require(count <= budget_.ops, ErrorCode::too_large);
        if (!in_.failed()) budget_.ops -= count;
        for (std::size_t left = count; left > 0 && !in_.failed(); --left) {
            section.ops.push_back(read_op());
            counter_ += span(section.ops.back().op);
        }
        in_.require(counter_ == end_, ErrorCode::malformed);
        const bool all_used =
            std::all_of(used_.begin(), used_.end(), [](bool used) { return used; });
        in_.require(all_used && introduced_ == steps_.size(), ErrorCode::not_canonical);
        return in_.finish(std::move(section));
    }

private:
    struct KnownStep {
        std::uint64_t parent = 0;
        Step step;
        std::size_t depth = 0;
    };

    void read_replicas() {
        for (std::size_t left = in_.array(); left > 0 && !in_.failed(); --left) {
            const ReplicaId replica = read_replica(in_);
            in_.require(replicas_.empty() || replicas_.back() < replica, ErrorCode::not_canonical);
            in_.require(!(replica == author_), ErrorCode::not_canonical);
            replicas_.push_back(replica);
        }
        used_.assign(replicas_.size(), false);
    }
    void read_steps() {
        std::set<std::pair<std::uint64_t, Step>> known;
        const std::size_t numbers = in_.array();
        in_.require(numbers % 3 == 0, ErrorCode::malformed);
        for (std::size_t left = numbers / 3; left > 0 && !in_.failed(); --left) {
            KnownStep made;
            made.parent = in_.u64(steps_.size());
            if (in_.peek() == Reader::Kind::array) {
                in_.array_of(2);
                made.step.element.replica = who_is(in_.u64());
                made.step.element.counter = in_.u64(counter_max);
                in_.require(made.step.element.counter > 0, ErrorCode::out_of_range);
            } else {
                made.step.key = std::string(in_.text(key_bytes_max));
            }
            const auto type = type_of(in_.u64());
            in_.require(type.has_value(), ErrorCode::unknown_format);
            if (in_.failed()) return;
            made.step.type = *type;
            Type inside = Type::map;
            if (made.parent > 0) {
                const KnownStep& parent = steps_[slot(made.parent)];
                inside = parent.step.type;
                made.depth = parent.depth + 1;
            }
            in_.require(inside == (made.step.is_element() ? Type::list : Type::map),
                        ErrorCode::malformed);
            in_.require(made.depth < path_max, ErrorCode::too_deep);
            in_.require(known.emplace(made.parent, made.step).second, ErrorCode::not_canonical);
            steps_.push_back(std::move(made));
        }
    }
    /// The path of a step, which may use steps met before and then the next new ones, in order.
    Path path_of(std::uint64_t step) {
        Path path;
        std::vector<std::uint64_t> chain;
        for (std::uint64_t at = step; at != 0; at = steps_[slot(at)].parent) chain.push_back(at);
        path.reserve(chain.size());
        for (auto at = chain.rbegin(); at != chain.rend() && !in_.failed(); ++at) {
            if (*at > introduced_) {
                in_.require(*at == introduced_ + 1, ErrorCode::not_canonical);
                ++introduced_;
            }
            const Step& to = steps_[slot(*at)].step;
            const std::size_t cost = to.key.size() + sizeof(Step);
            in_.require(cost <= budget_.paths, ErrorCode::too_large);
            in_.require(!(to.element.replica == author_) || to.element.counter < counter_,
                        ErrorCode::out_of_range);
            if (in_.failed()) break;
            budget_.paths -= cost;
            path.push_back(to);
        }
        return path;
    }
    FieldOp read_op() {
        FieldOp made;
        const std::size_t size = in_.array();
        const std::uint64_t step = in_.u64(steps_.size());
        const std::uint64_t number = in_.u64(static_cast<std::uint64_t>(OpCode::mark));
        in_.require(number >= 1, ErrorCode::out_of_range);
        if (in_.failed()) return made;
        made.path = path_of(step);
        Op& op = made.op;
        op.code = static_cast<OpCode>(number);
        const Type type = type_at(made.path);
        in_.require(accepts(type, op.code) && size == op_size(type, op.code), ErrorCode::malformed);
        if (in_.failed()) return made;
        if (has_removes(op.code)) op.removes = read_runs();
        read_payload(type, op);
        return made;
    }
    void read_payload(Type type, Op& op) {
        switch (op.code) {
            case OpCode::set:
            case OpCode::insert: op.value = read_value(in_); break;
            case OpCode::erase:
                if (type == Type::list) op.element = read_element();
                if (type != Type::list && type != Type::text) op.value = read_value(in_);
                break;
            case OpCode::add: {
                op.amount = in_.i64();
                const auto bound = static_cast<std::int64_t>(counter_max);
                const std::int64_t least = type == Type::g_counter ? 0 : -bound;
                in_.require(least <= op.amount && op.amount <= bound, ErrorCode::out_of_range);
                break;
            }
            case OpCode::cancel: op.cancels = read_marks(); break;
            case OpCode::place:
                op.place = read_place();
                read_placed(type, op);
                break;
            case OpCode::move:
                op.place = read_place();
                op.element = read_element();
                in_.require(op.element.counter > 0, ErrorCode::malformed);
                break;
            case OpCode::mark: {
                Mark mark;
                mark.name = std::string(in_.text(key_bytes_max));
                mark.value = read_value(in_);
                mark.from = read_anchor();
                mark.to = read_anchor();
                op.mark = std::move(mark);
                break;
            }
            case OpCode::enable:
            case OpCode::disable:
            case OpCode::create:
            case OpCode::clear: break;
        }
    }
    void read_placed(Type type, Op& op) {
        if (type == Type::text) {
            op.inner = Type::text;
            op.value = std::string(in_.text(bytes_of_text_max));
            in_.require(!op.value.text()->empty(), ErrorCode::malformed);
        } else if (in_.peek() == Reader::Kind::array) {
            op.value = read_value(in_);
            in_.require(op.value.array() != nullptr && !op.value.array()->empty(),
                        ErrorCode::malformed);
        } else {
            const auto inner = type_of(in_.u64());
            in_.require(inner.has_value(), ErrorCode::unknown_format);
            if (in_.failed()) return;
            op.inner = *inner;
            in_.require(can_be_placed(op.inner) && op.inner != Type::lww_register,
                        ErrorCode::malformed);
        }
    }
    /// A dot and a side, the author's counted back.
    std::pair<Dot, Side> read_sided() {
        const std::uint64_t head = in_.u64();
        return {read_dot(head / 2), static_cast<Side>(head % 2)};
    }
    Dot read_dot(std::uint64_t who) {
        Dot dot{who_is(who), in_.u64(counter_max)};
        in_.require(dot.counter > 0, ErrorCode::out_of_range);
        if (who == 0) {
            in_.require(dot.counter < counter_, ErrorCode::out_of_range);
            dot.counter = counter_ - dot.counter;
        }
        return in_.failed() ? Dot{} : dot;
    }
    Place read_place() {
        const std::size_t size = in_.array();
        if (size == 0) return {};
        in_.require(size == 2, ErrorCode::malformed);
        const auto [parent, side] = read_sided();
        return {parent, side};
    }
    Anchor read_anchor() {
        const std::size_t size = in_.array();
        if (size == 1) return {{}, static_cast<Side>(in_.u64(1))};
        in_.require(size == 2, ErrorCode::malformed);
        const auto [element, side] = read_sided();
        return {element, side};
    }
    Dot read_element() {
        const std::size_t size = in_.array();
        if (size == 0) return {};
        in_.require(size == 2, ErrorCode::malformed);
        return read_dot(in_.u64());
    }
    DotSet read_runs() {
        std::vector<DotRun> runs;
        std::uint64_t last_who = 0;
        std::uint64_t floor = 0;  // the lowest counter that the next run of this replica may have
        const std::size_t numbers = in_.array();
        std::size_t taken = 0;
        for (bool first = true; taken < numbers && !in_.failed(); first = false) {
            const std::uint64_t head = in_.u64();
            const std::uint64_t who = head / 2;
            std::uint64_t counter = in_.u64(counter_max);
            std::uint64_t length = 1;
            taken += 2;
            if (head % 2 == 1) {
                length = in_.u64(counter_max);
                in_.require(length > 1, ErrorCode::not_canonical);
                ++taken;
            }
            if (who == 0) {
                in_.require(counter > 0 && counter < counter_, ErrorCode::out_of_range);
                in_.require(length <= counter, ErrorCode::out_of_range);
                counter = counter_ - counter;
            }
            in_.require(counter > 0, ErrorCode::out_of_range);
            in_.require(first || last_who < who || (last_who == who && floor <= counter),
                        ErrorCode::not_canonical);
            // A run of a million dots takes ten bytes to write down, so the change has a budget.
            in_.require(length <= budget_.removes, ErrorCode::too_large);
            in_.require(counter + (length - 1) <= counter_max, ErrorCode::out_of_range);
            const ReplicaId replica = who_is(who);
            if (in_.failed()) return {};
            budget_.removes -= length;
            runs.push_back({replica, counter, counter + length - 1});
            last_who = who;
            floor = counter + length + 1;  // adjacent runs would have been one
        }
        in_.require(taken == numbers, ErrorCode::malformed);
        // The author's own came first; put in one by one, each of the others would move them all.
        return set_of(std::move(runs));
    }
    CounterMarks read_marks() {
        CounterMarks marks;
        std::uint64_t last_who = 0;
        const std::size_t numbers = in_.array();
        in_.require(numbers % 3 == 0, ErrorCode::malformed);
        for (std::size_t left = numbers / 3; left > 0 && !in_.failed(); --left) {
            const std::uint64_t who = in_.u64();
            in_.require(who > last_who, ErrorCode::not_canonical);
            last_who = who;
            const ReplicaId replica = who_is(who);
            CounterMark mark;
            mark.counter = in_.u64(counter_max);
            mark.sum = in_.i64();
            in_.require(mark.counter > 0, ErrorCode::out_of_range);
            marks.emplace(replica, mark);
        }
        return marks;
    }
    ReplicaId who_is(std::uint64_t who) {
        if (who == 0) return author_;
        in_.require(who <= replicas_.size(), ErrorCode::out_of_range);
        if (in_.failed()) return {};
        used_[slot(who)] = true;
        return replicas_[slot(who)];
    }

    Reader in_;
    const ReplicaId& author_;
    std::uint64_t counter_;
    std::uint64_t end_;
    std::vector<ReplicaId> replicas_;
    std::vector<bool> used_;
    std::vector<KnownStep> steps_;
    std::uint64_t introduced_ = 0;
    Budget& budget_;
};

struct Header {
    Change change;
    std::vector<std::uint64_t> dots;  ///< of each section
};

Result<Header> decode_header(BytesView bytes, const Limits& limits) {
    Reader in(bytes, limits);
    Header header;
    in.array_of(6);
    in.require(in.u64() == change_format, ErrorCode::unknown_format);
    header.change.first = in.u64(counter_max);
    in.require(header.change.first > 0, ErrorCode::out_of_range);
    header.change.hlc = Hlc{in.u64()};
    if (in.peek() == Reader::Kind::map) {
        header.change.base = read_vector(in);
    } else {
        header.change.base = in.u64(counter_max);
    }
    std::uint64_t total = 0;
    for (std::size_t left = in.array(); left > 0 && !in.failed(); --left) {
        header.dots.push_back(in.u64(dots_max));
        in.require(header.dots.back() > 0, ErrorCode::malformed);
        total += header.dots.back();
        in.require(total <= dots_max, ErrorCode::too_large);
    }
    in.require(total > 0, ErrorCode::malformed);
    in.require(header.change.first + total - 1 <= counter_max, ErrorCode::out_of_range);
    if (in.peek() == Reader::Kind::nil) {
        in.nil();
    } else {
        header.change.message = std::string(in.text(message_text_max));
        in.require(!header.change.message.empty(), ErrorCode::not_canonical);
    }
    return in.finish(std::move(header));
}

/// The header's bytes, then each section's.
Result<std::vector<BytesView>> parts_of(BytesView bytes, const Limits& limits) {
    Reader in(bytes, limits);
    std::vector<BytesView> parts;
    for (std::size_t left = in.array(); left > 0 && !in.failed(); --left) {
        parts.push_back(in.binary(limits.bytes_max));
    }
    in.require(parts.size() >= 2, ErrorCode::malformed);
    return in.finish(std::move(parts));
}

}  // namespace

Bytes encode_change(const Change& change) {
    Writer header;
    header.array(6).u64(change_format).u64(change.first).u64(change.hlc.packed);
    if (const auto* vector = std::get_if<VersionVector>(&change.base)) {
        write_vector(header, *vector);
    } else {
        header.u64(std::get<std::uint64_t>(change.base));
    }
    header.array(change.sections.size());
    for (const Section& section : change.sections) header.u64(section.span());
    if (change.message.empty()) {
        header.nil();
    } else {
        header.text(change.message);
    }

    Writer out;
    out.array(1 + change.sections.size()).binary(header.view());
    std::uint64_t counter = change.first;
    for (const Section& section : change.sections) {
        out.binary(SectionWriter(section, change.replica, counter).bytes());
        counter += section.span();
    }
    return out.take();
}

Result<Change> decode_change(BytesView bytes, const ReplicaId& replica, const Limits& limits) {
    auto parts = parts_of(bytes, limits);
    if (!parts) return tl::unexpected(parts.error());
    auto header = decode_header((*parts)[0], limits);
    if (!header) return tl::unexpected(header.error());
    if (header->dots.size() != parts->size() - 1) {
        return fail(ErrorCode::malformed, "as many sections as the header counts");
    }
    Change change = std::move(header->change);
    change.replica = replica;
    std::uint64_t counter = change.first;
    Budget budget;
    for (std::size_t i = 0; i < header->dots.size(); ++i) {
        auto section =
            SectionReader((*parts)[i + 1], limits, change.replica, counter, header->dots[i], budget)
                .read();
        if (!section) return tl::unexpected(section.error());
        if (!change.sections.empty() && change.sections.back().document == section->document) {
            return fail(ErrorCode::not_canonical, "neighbouring sections differ in document");
        }
        counter += header->dots[i];
        change.sections.push_back(std::move(*section));
    }
    return change;
}

Result<Hash> chain(const Hash& previous, const ReplicaId& replica, BytesView change,
                   const Limits& limits) {
    auto parts = parts_of(change, limits);
    if (!parts) return tl::unexpected(parts.error());
    Sha256 link;
    link.update(previous.view()).update(replica.view());
    for (const BytesView part : *parts) link.update(hash_of(part).view());
    return cut(link.finish());
}

}  // namespace syncline::wire
