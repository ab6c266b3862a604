// The canonical bytes of changes (docs/encoding.md, "Change").
//
//   change  := [header, section...]     each as binary, so that each can be hashed as it is
//   header  := [format, first, stamp, base, [ops of each section...], message or nil]
//   base    := sequence number, or { replica: counter }
//   section := [collection, id, replicas, steps, ops]
//   steps   := [parent, key, type, ...]           in order of first use; 0 is the root
//   op      := [step, code] + removes + payload   which of the two, the code says
//   removes := [who * 2 + (1 if a run), counter, length if a run, ...]
//   marks   := [who, counter, sum, ...]
//
// `who` 0 is the author, whose counters are written as distances back from the op's own; n is the
// section's replicas[n - 1].

#include "syncline/document/change.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace syncline::wire {

namespace {

constexpr bool has_removes(OpCode code) { return code != OpCode::add && code != OpCode::cancel; }
constexpr bool has_value(OpCode code) {
    return code == OpCode::set || code == OpCode::insert || code == OpCode::erase;
}
constexpr std::size_t op_size(OpCode code) {
    return 2 + (has_removes(code) ? 1 : 0) +
           (has_value(code) || code == OpCode::add || code == OpCode::cancel ? 1 : 0);
}

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
            for (const Dot& dot : op.op.removes) see(dot.replica);
            for (const auto& [replica, mark] : op.op.cancels) see(replica);
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
            out_.u64(step->first.first).text(step->first.second.key);
            out_.u64(static_cast<std::uint64_t>(step->first.second.type));
        }
        out_.array(section_.ops.size());
        for (std::size_t i = 0; i < section_.ops.size(); ++i, ++counter_) {
            write_op(section_.ops[i].op, steps_[i]);
        }
        return out_.take();
    }

private:
    using Steps = std::map<std::pair<std::uint64_t, FieldKey>, std::uint64_t>;

    void see(const ReplicaId& replica) {
        if (!(replica == author_)) who_.emplace(replica, 0);
    }
    std::uint64_t step_of(const Path& path) {
        std::uint64_t at = 0;
        for (const FieldKey& field : path) {
            const auto [step, is_new] = index_.emplace(std::pair(at, field), index_.size() + 1);
            if (is_new) step_list_.push_back(step);
            at = step->second;
        }
        return at;
    }
    void write_op(const Op& op, std::uint64_t step) {
        out_.array(op_size(op.code)).u64(step).u64(static_cast<std::uint64_t>(op.code));
        if (has_removes(op.code)) write_runs(op.removes);
        if (has_value(op.code)) write_value(out_, op.value);
        if (op.code == OpCode::add) out_.i64(op.amount);
        if (op.code == OpCode::cancel) {
            out_.array(op.cancels.size() * 3);
            for (const auto& [replica, mark] : op.cancels) {
                out_.u64(who_.at(replica)).u64(mark.counter).i64(mark.sum);
            }
        }
    }
    void write_runs(const DotSet& dots) {
        // The author's own first, then the others in table order, which is replica order.
        std::vector<Run> own;
        std::vector<Run> others;
        for (const Dot& dot : dots) {
            const bool is_own = dot.replica == author_;
            std::vector<Run>& runs = is_own ? own : others;
            const std::uint64_t who = is_own ? 0 : who_.at(dot.replica);
            if (!runs.empty() && runs.back().who == who &&
                runs.back().first + runs.back().length == dot.counter) {
                ++runs.back().length;
            } else {
                runs.push_back({who, dot.counter, 1});
            }
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

/// What a change may still take in memory beyond its bytes, over all of its sections.
struct Budget {
    std::uint64_t removes = removes_max;
    std::uint64_t paths = paths_max;
};

class SectionReader {
public:
    SectionReader(BytesView bytes, const Limits& limits, const ReplicaId& author,
                  std::uint64_t first, std::uint64_t ops, Budget& budget)
        : in_(bytes, limits), author_(author), counter_(first), ops_(ops), budget_(budget) {}

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
        in_.require(count == ops_, ErrorCode::malformed);
        for (std::size_t left = count; left > 0 && !in_.failed(); --left, ++counter_) {
            section.ops.push_back(read_op());
        }
        const bool all_used =
            std::all_of(used_.begin(), used_.end(), [](bool used) { return used; });
        in_.require(all_used && introduced_ == steps_.size(), ErrorCode::not_canonical);
        return in_.finish(std::move(section));
    }

private:
    struct Step {
        std::uint64_t parent = 0;
        FieldKey field;
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
        std::set<std::pair<std::uint64_t, FieldKey>> known;
        const std::size_t numbers = in_.array();
        in_.require(numbers % 3 == 0, ErrorCode::malformed);
        for (std::size_t left = numbers / 3; left > 0 && !in_.failed(); --left) {
            Step step;
            step.parent = in_.u64(steps_.size());
            step.field.key = std::string(in_.text(key_bytes_max));
            const auto type = type_of(in_.u64());
            in_.require(type.has_value(), ErrorCode::unknown_format);
            if (in_.failed()) return;
            step.field.type = *type;
            if (step.parent > 0) {
                const Step& parent = steps_[slot(step.parent)];
                in_.require(parent.field.type == Type::map, ErrorCode::malformed);
                step.depth = parent.depth + 1;
            }
            in_.require(step.depth < path_max, ErrorCode::too_deep);
            in_.require(known.emplace(step.parent, step.field).second, ErrorCode::not_canonical);
            steps_.push_back(std::move(step));
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
            const FieldKey& field = steps_[slot(*at)].field;
            const std::size_t cost = field.key.size() + 48;
            in_.require(cost <= budget_.paths, ErrorCode::too_large);
            if (in_.failed()) break;
            budget_.paths -= cost;
            path.push_back(field);
        }
        return path;
    }
    FieldOp read_op() {
        FieldOp made;
        const std::size_t size = in_.array();
        const std::uint64_t step = in_.u64(steps_.size());
        const std::uint64_t number = in_.u64(static_cast<std::uint64_t>(OpCode::cancel));
        in_.require(number >= 1, ErrorCode::out_of_range);
        if (in_.failed()) return made;
        made.path = path_of(step);
        Op& op = made.op;
        op.code = static_cast<OpCode>(number);
        const Type type = made.path.empty() ? Type::map : made.path.back().type;
        in_.require(accepts(type, op.code) && size == op_size(op.code), ErrorCode::malformed);
        if (has_removes(op.code)) op.removes = read_runs();
        if (has_value(op.code)) op.value = read_value(in_);
        if (op.code == OpCode::add) {
            op.amount = in_.i64();
            const auto bound = static_cast<std::int64_t>(counter_max);
            const std::int64_t least = type == Type::g_counter ? 0 : -bound;
            in_.require(least <= op.amount && op.amount <= bound, ErrorCode::out_of_range);
        }
        if (op.code == OpCode::cancel) op.cancels = read_marks();
        return made;
    }
    DotSet read_runs() {
        std::vector<Dot> dots;
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
            for (std::uint64_t i = 0; i < length; ++i) dots.push_back(Dot{replica, counter + i});
            last_who = who;
            floor = counter + length + 1;  // adjacent runs would have been one
        }
        in_.require(taken == numbers, ErrorCode::malformed);
        return DotSet(std::move(dots));  // sorts: the author's own came first
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
    std::uint64_t ops_;
    std::vector<ReplicaId> replicas_;
    std::vector<bool> used_;
    std::vector<Step> steps_;
    std::uint64_t introduced_ = 0;
    Budget& budget_;
};

struct Header {
    Change change;
    std::vector<std::uint64_t> ops;
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
        header.ops.push_back(in.u64(ops_max));
        in.require(header.ops.back() > 0, ErrorCode::malformed);
        total += header.ops.back();
        in.require(total <= ops_max, ErrorCode::too_large);
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
    for (const Section& section : change.sections) header.u64(section.ops.size());
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
        counter += section.ops.size();
    }
    return out.take();
}

Result<Change> decode_change(BytesView bytes, const ReplicaId& replica, const Limits& limits) {
    auto parts = parts_of(bytes, limits);
    if (!parts) return tl::unexpected(parts.error());
    auto header = decode_header((*parts)[0], limits);
    if (!header) return tl::unexpected(header.error());
    if (header->ops.size() != parts->size() - 1) {
        return fail(ErrorCode::malformed, "as many sections as the header counts");
    }
    Change change = std::move(header->change);
    change.replica = replica;
    std::uint64_t counter = change.first;
    Budget budget;
    for (std::size_t i = 0; i < header->ops.size(); ++i) {
        auto section =
            SectionReader((*parts)[i + 1], limits, change.replica, counter, header->ops[i], budget)
                .read();
        if (!section) return tl::unexpected(section.error());
        if (!change.sections.empty() && change.sections.back().document == section->document) {
            return fail(ErrorCode::not_canonical, "neighbouring sections differ in document");
        }
        counter += header->ops[i];
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
