// The canonical bytes of states (docs/encoding.md, "Document state").
//
//   document := [replicas, early, map]              replicas: ascending, each used
//   state    := [context, replicas, map]
//   map      := [presence, field...]                field := [key, type, store], ascending
//   dots     := [replica index, counter, ...]       ascending
//   register := [[replica index, counter, stamp, value]...]
//   set      := [[element, dots]...]                rw_set := [set, set]
//   flag     := dots                                dw_flag := [dots, dots]
//   counter  := [[replica index, counter, sum, cancelled counter, cancelled sum]...]
//   text     := [presence, marks, order, waiting, content]
//   mark     := [replica index, counter, stamp, name, value, from, to]
//   anchor   := [side] at an end, else [side, replica index, counter]
//   list     := [presence, elements, order, waiting, [value...]]
//   element  := [replica index, counter, [] or [slot's replica index, counter, stamp], map]
//   order, waiting: see sequence_codec.hpp

#include "sequence_codec.hpp"
#include "syncline/document/document.hpp"

#include <algorithm>
#include <set>

namespace syncline::wire {

namespace {

constexpr std::size_t content_bytes_max = std::size_t{256} << 20;  ///< the state's own bound

// Writing: first see which replicas are named, then write with their indices.

class Replicas {
public:
    void see(const DotSet& dots) {
        for (const DotRun& run : dots.runs()) see(run.replica);
    }
    void see(const ReplicaId& replica) {
        if (!sorted_.empty() && sorted_.back() == replica) return;  // nearly always
        sorted_.push_back(replica);
    }
    void see(const ElementDots& elements) {
        for (const auto& [element, dots] : elements.elements()) see(dots);
    }
    void see(const DotValues& values) {
        for (const auto& entry : values.entries()) see(entry.dot.replica);
    }
    void see(const CounterEntries& counter) {
        for (const auto& [replica, entry] : counter.entries()) see(replica);
    }
    void see(const OrMap& map) {
        see(map.presence());
        for (const auto& [field, node] : map.fields()) {
            node->visit([&](const auto& store) { see(store); });
        }
    }
    template <typename Payload>
    void see(const Sequence<Payload>& order) {
        order.for_each_by_dot([&](const auto& run) {
            see(order.authors()[run.author]);
            if (!run.attached()) see(order.parent(run).replica);
        });
    }
    void see(const Anchor& anchor) {
        if (anchor.element.counter != 0) see(anchor.element.replica);
    }
    void see(const Text& text) {
        see(text.presence());
        see(text.order());
        for (const auto& [dot, mark] : text.marks()) {
            see(dot.replica);
            see(mark.mark.from);
            see(mark.mark.to);
        }
    }
    void see(const List& list) {
        see(list.presence());
        see(list.order());
        for (const auto& [id, element] : list.elements()) {
            see(id.replica);
            if (element.slot.counter != 0) see(element.slot.replica);
            see(element.contents());
        }
    }
    void see(const OrSet& set) { see(set.elements()); }
    void see(const GSet& set) { see(set.elements()); }
    void see(const RwSet& set) {
        see(set.inserted());
        see(set.erased());
    }
    void see(const PnCounter& counter) { see(counter.entries()); }
    void see(const GCounter& counter) { see(counter.entries()); }
    void see(const EwFlag& flag) { see(flag.enables()); }
    void see(const DwFlag& flag) {
        see(flag.enables());
        see(flag.disables());
    }
    void see(const LwwRegister& reg) { see(reg.values()); }
    void see(const MvRegister& reg) { see(reg.dot_values()); }

    void write(Writer& out) {
        std::sort(sorted_.begin(), sorted_.end());
        sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
        out.array(sorted_.size());
        for (const ReplicaId& replica : sorted_) out.binary(replica.view());
    }
    [[nodiscard]] std::uint64_t index(const ReplicaId& replica) const {
        return static_cast<std::uint64_t>(
            std::lower_bound(sorted_.begin(), sorted_.end(), replica) - sorted_.begin());
    }

    [[nodiscard]] std::size_t size() const { return sorted_.size(); }

private:
    std::vector<ReplicaId> sorted_;
};

class StoreWriter {
public:
    StoreWriter(Writer& out, const Replicas& replicas) : out_(out), replicas_(replicas) {}

    void write(const DotSet& dots) {
        out_.array(dots.size() * 2);
        for (const Dot& dot : dots) out_.u64(replicas_.index(dot.replica)).u64(dot.counter);
    }
    void write(const ElementDots& elements) {
        out_.array(elements.elements().size());
        for (const auto& [element, dots] : elements.elements()) {
            out_.array(2);
            write_value(out_, element);
            write(dots);
        }
    }
    void write(const DotValues& values) {
        out_.array(values.entries().size());
        for (const auto& entry : values.entries()) {
            out_.array(4).u64(replicas_.index(entry.dot.replica)).u64(entry.dot.counter);
            out_.u64(entry.hlc.packed);
            write_value(out_, entry.value);
        }
    }
    void write(const CounterEntries& counter) {
        out_.array(counter.entries().size());
        for (const auto& [replica, entry] : counter.entries()) {
            out_.array(5).u64(replicas_.index(replica));
            out_.u64(entry.total.counter).i64(entry.total.sum);
            out_.u64(entry.cancelled.counter).i64(entry.cancelled.sum);
        }
    }
    void write(const OrMap& map) {
        out_.array(1 + map.fields().size());
        write(map.presence());
        for (const auto& [field, node] : map.fields()) {
            out_.array(3).text(field.key).u64(static_cast<std::uint64_t>(field.type));
            node->visit([&](const auto& store) { write(store); });
        }
    }
    void write(const Text& text) {
        out_.array(5);
        write(text.presence());
        out_.array(text.marks().size());
        for (const auto& [dot, mark] : text.marks()) {
            out_.array(7).u64(replicas_.index(dot.replica)).u64(dot.counter).u64(mark.hlc.packed);
            out_.text(mark.mark.name);
            write_value(out_, mark.mark.value);
            write(mark.mark.from);
            write(mark.mark.to);
        }
        write_order(text.order(), false);
        std::string content;
        text.order().for_each_stretch([&](const auto& runs) {
            for (const auto* run : runs) content += run->payload.utf8();
        });
        out_.text(content);
    }
    void write(const Anchor& anchor) {
        const bool at_end = anchor.element.counter == 0;
        out_.array(at_end ? 1 : 3).u64(static_cast<std::uint64_t>(anchor.side));
        if (!at_end) out_.u64(replicas_.index(anchor.element.replica)).u64(anchor.element.counter);
    }
    void write(const List& list) {
        out_.array(5);
        write(list.presence());
        out_.array(list.elements().size());
        for (const auto& [id, element] : list.elements()) {
            out_.array(4).u64(replicas_.index(id.replica)).u64(id.counter);
            const Dot& slot = element.slot;
            out_.array(slot.counter == 0 ? 0 : 3);
            if (slot.counter != 0)
                out_.u64(replicas_.index(slot.replica)).u64(slot.counter).u64(element.moved.packed);
            write(element.contents());
        }
        write_order(list.order(), true);
        std::vector<const Value*> values;
        list.order().for_each_stretch([&](const auto& runs) {
            for (const auto* run : runs) {
                for (const Value& value : run->payload.values()) values.push_back(&value);
            }
        });
        out_.array(values.size());
        for (const Value* value : values) write_value(out_, *value);
    }
    template <typename Payload>
    void write_order(const Sequence<Payload>& order, bool stamped) {
        const std::vector<Stretch> all = stretches_of(order);
        std::size_t attached = all.size();
        if (order.waiting() > 0) {
            attached = 0;
            while (order.find(all[attached].first).run->attached()) ++attached;
        }
        const auto index = [&](const ReplicaId& id) { return replicas_.index(id); };
        const bool several = replicas_.size() > 1;
        PackedWriter in_order;
        write_stretches(in_order, all, 0, attached, several, stamped, index);
        PackedWriter waiting;
        write_stretches(waiting, all, attached, all.size(), several, stamped, index);
        out_.binary(in_order.view()).binary(waiting.view());
    }
    void write(const OrSet& set) { write(set.elements()); }
    void write(const GSet& set) { write(set.elements()); }
    void write(const RwSet& set) {
        out_.array(2);
        write(set.inserted());
        write(set.erased());
    }
    void write(const PnCounter& counter) { write(counter.entries()); }
    void write(const GCounter& counter) { write(counter.entries()); }
    void write(const EwFlag& flag) { write(flag.enables()); }
    void write(const DwFlag& flag) {
        out_.array(2);
        write(flag.enables());
        write(flag.disables());
    }
    void write(const LwwRegister& reg) { write(reg.values()); }
    void write(const MvRegister& reg) { write(reg.dot_values()); }

private:
    Writer& out_;
    const Replicas& replicas_;
};

// Reading: the same shapes, each checked for order, range and use as it goes by.

class StoreReader {
public:
    /// `context`, if any, is what every dot of the stores must be in: a dot that its own context
    /// lacks would be given to two events.
    explicit StoreReader(Reader& in, const CausalContext* context = nullptr)
        : in_(in), context_(context) {
        for (std::size_t left = in.array(); left > 0 && !in.failed(); --left) {
            const ReplicaId replica = read_replica(in);
            in.require(replicas_.empty() || replicas_.back() < replica, ErrorCode::not_canonical);
            replicas_.push_back(replica);
        }
        used_.assign(replicas_.size(), false);
    }

    void require_all_used() {
        const bool all = std::all_of(used_.begin(), used_.end(), [](bool used) { return used; });
        in_.require(all, ErrorCode::not_canonical);
    }

    DotSet dots() {
        DotSet dots;
        Dot last;
        const std::size_t count = in_.array();
        in_.require(count % 2 == 0, ErrorCode::malformed);
        for (std::size_t left = count / 2; left > 0 && !in_.failed(); --left) {
            const Dot next = dot();
            in_.require(dots.empty() || last < next, ErrorCode::not_canonical);
            dots.insert(next);
            last = next;
        }
        return dots;
    }
    DotSet some_dots() {
        DotSet some = dots();
        in_.require(!some.empty(), ErrorCode::not_canonical);
        return some;
    }
    ElementDots elements() {
        ElementDots elements;
        const Value* last = nullptr;
        for (std::size_t left = in_.array(); left > 0 && !in_.failed(); --left) {
            in_.array_of(2);
            Value element = read_value(in_);
            in_.require(last == nullptr || *last < element, ErrorCode::not_canonical);
            elements.insert(std::move(element), some_dots());
            last = &elements.elements().back().first;
        }
        return elements;
    }
    DotValues values() {
        DotValues values;
        for (std::size_t left = in_.array(); left > 0 && !in_.failed(); --left) {
            in_.array_of(4);
            const Dot at = dot();
            in_.require(values.empty() || values.entries().back().dot < at,
                        ErrorCode::not_canonical);
            const Hlc hlc{in_.u64()};
            values.insert({at, hlc, read_value(in_)});
        }
        return values;
    }
    CounterEntries counter() {
        CounterEntries counter;
        const ReplicaId* last = nullptr;
        for (std::size_t left = in_.array(); left > 0 && !in_.failed(); --left) {
            in_.array_of(5);
            const ReplicaId at = replica();
            in_.require(last == nullptr || *last < at, ErrorCode::not_canonical);
            CounterEntries::Entry entry;
            entry.total = mark();
            entry.cancelled = mark();
            in_.require(entry.total.counter + entry.cancelled.counter > 0,
                        ErrorCode::not_canonical);
            counter.insert(at, entry);
            last = &counter.entries().rbegin()->first;
        }
        return counter;
    }
    // Recursion is bounded by path_max. Elements of a list at its end have contents, too.
    OrMap map(std::size_t depth, std::size_t depth_max = path_max) {
        OrMap map;
        in_.require(depth <= path_max + 1, ErrorCode::too_deep);
        const std::size_t count = in_.array();
        in_.require(count >= 1, ErrorCode::malformed);
        map.set_presence(dots());
        for (std::size_t left = count; left > 1 && !in_.failed(); --left) {
            in_.array_of(3);
            FieldKey field;
            field.key = std::string(in_.text(key_bytes_max));
            const auto type = type_of(in_.u64());
            in_.require(type.has_value(), ErrorCode::unknown_format);
            if (in_.failed()) return map;
            field.type = *type;
            in_.require(depth < depth_max, ErrorCode::too_deep);
            in_.require(map.fields().empty() || map.fields().back().first < field,
                        ErrorCode::not_canonical);
            Node node = store(*type, depth + 1);
            in_.require(!node.empty(), ErrorCode::not_canonical);
            if (!in_.failed()) map.insert(std::move(field), std::move(node));
        }
        return map;
    }

private:
    Node store(Type type, std::size_t depth) {
        switch (type) {
            case Type::map: return Node(map(depth));
            case Type::list: return Node(list(depth));
            case Type::text: return Node(text());
            case Type::or_set: return Node(OrSet(elements()));
            case Type::g_set: return Node(GSet(elements()));
            case Type::rw_set: {
                in_.array_of(2);
                ElementDots inserted = elements();
                return Node(RwSet(std::move(inserted), elements()));
            }
            case Type::pn_counter: return Node(PnCounter(counter()));
            case Type::g_counter: return Node(GCounter(counter()));
            case Type::ew_flag: return Node(EwFlag(dots()));
            case Type::dw_flag: {
                in_.array_of(2);
                DotSet enables = dots();
                return Node(DwFlag(std::move(enables), dots()));
            }
            case Type::lww_register: return Node(LwwRegister(values()));
            case Type::mv_register: return Node(MvRegister(values()));
        }
        return Node(type);
    }
    Anchor anchor() {
        Anchor made;
        const std::size_t size = in_.array();
        in_.require(size == 1 || size == 3, ErrorCode::malformed);
        made.side = static_cast<Side>(in_.u64(1));
        if (size == 3) made.element = unseen_dot();
        return made;
    }
    Text text() {
        in_.array_of(5);
        DotSet presence = dots();
        Text::Marks marks;
        for (std::size_t left = in_.array(); left > 0 && !in_.failed(); --left) {
            in_.array_of(7);
            const Dot at = dot();
            in_.require(marks.empty() || marks.rbegin()->first < at, ErrorCode::not_canonical);
            Text::StampedMark made;
            made.hlc = Hlc{in_.u64()};
            made.mark.name = std::string(in_.text(key_bytes_max));
            made.mark.value = read_value(in_);
            made.mark.from = anchor();
            made.mark.to = anchor();
            marks.emplace_hint(marks.end(), at, std::move(made));
        }
        auto [attached, waiting] = stretches(false);
        const std::string_view content = in_.text(content_bytes_max);
        in_.require(code_points(content) == plain_elements(attached) + plain_elements(waiting),
                    ErrorCode::not_canonical);
        if (in_.failed()) return {};
        std::size_t next = 0;
        Text::Order order;
        const bool good = build_order(
            order, std::move(attached), std::move(waiting), [&](const Stretch& stretch) {
                const std::size_t from = next;
                for (std::uint32_t i = 0; i < stretch.length; ++i) {
                    do ++next;
                    while (next < content.size() && (content[next] & 0xC0) == 0x80);
                }
                return TextPayload(std::string(content.substr(from, next - from)));
            });
        in_.require(good, ErrorCode::not_canonical);
        if (in_.failed()) return {};
        return Text(std::move(presence), std::move(order), std::move(marks));
    }
    List list(std::size_t depth) {
        in_.array_of(5);
        DotSet presence = dots();
        List::Elements elements;
        for (std::size_t left = in_.array(); left > 0 && !in_.failed(); --left) {
            in_.array_of(4);
            const Dot id = unseen_dot();
            in_.require(elements.empty() || elements.rbegin()->first < id,
                        ErrorCode::not_canonical);
            ListElement made;
            const std::size_t moved = in_.array();
            in_.require(moved == 0 || moved == 3, ErrorCode::malformed);
            if (moved == 3) {
                made.slot = unseen_dot();
                made.moved = Hlc{in_.u64()};
            }
            made.contents() = map(depth, path_max + 1);
            in_.require(moved == 3 || !made.contents().empty(), ErrorCode::not_canonical);
            elements.emplace_hint(elements.end(), id, std::move(made));
        }
        auto [attached, waiting] = stretches(true);
        std::vector<Value> values;
        for (std::size_t left = in_.array(); left > 0 && !in_.failed(); --left)
            values.push_back(read_value(in_));
        in_.require(values.size() == plain_elements(attached) + plain_elements(waiting),
                    ErrorCode::not_canonical);
        if (in_.failed()) return {};
        auto next = values.begin();
        List::Order order;
        const bool good = build_order(
            order, std::move(attached), std::move(waiting), [&](const Stretch& stretch) {
                const auto from = next;
                next += static_cast<std::ptrdiff_t>(stretch.length);
                return ListPayload(stretch.stamp,
                                   {std::make_move_iterator(from), std::make_move_iterator(next)});
            });
        in_.require(good && stand_apart(elements, order), ErrorCode::not_canonical);
        if (in_.failed()) return {};
        List made(std::move(presence), std::move(order), elements);
        in_.require(made.elements() == elements, ErrorCode::not_canonical);
        return made;
    }
    /// Whether these elements are what a list keeps apart: no plain values, and each at a place of
    /// its own if it was moved.
    static bool stand_apart(const List::Elements& elements, const List::Order& order) {
        std::set<Dot> slots;
        return std::all_of(elements.begin(), elements.end(), [&](const auto& entry) {
            const auto& [id, element] = entry;
            const auto is_plain = [](const List::Order::At& at) {
                return at && at.run->state == List::Order::State::plain;
            };
            if (is_plain(order.find(id))) return false;
            if (element.slot.counter == 0) return true;
            const auto slot = order.find(element.slot);
            return slot && !is_plain(slot) && slots.insert(element.slot).second;
        });
    }
    /// The order's stretches and those that wait.
    std::pair<std::vector<Stretch>, std::vector<Stretch>> stretches(bool stamped) {
        std::uint64_t slots = 0;
        const auto column = [&] {
            PackedReader in(in_.binary(content_bytes_max));
            auto read = read_stretches(in, replicas_.size() > 1, stamped, slots,
                                       [&](std::uint64_t number) { return replica(number); });
            in_.require(!in.failed(), ErrorCode::malformed);
            for (const Stretch& stretch : read) {
                if (in_.failed() || context_ == nullptr) break;
                const DotRun dots{stretch.first.replica, stretch.first.counter,
                                  stretch.first.counter + stretch.length - 1};
                in_.require(context_->seen(dots).size() == stretch.length, ErrorCode::out_of_range);
            }
            return read;
        };
        auto attached = column();
        return {std::move(attached), column()};
    }
    ReplicaId replica() { return replica(in_.u64()); }
    ReplicaId replica(std::uint64_t number) {
        in_.require(number < replicas_.size(), ErrorCode::out_of_range);
        if (in_.failed()) return {};
        const auto index = static_cast<std::size_t>(number);
        used_[index] = true;
        return replicas_[index];
    }
    /// One that need not be in the context: a delta names places it does not bring.
    Dot unseen_dot() {
        Dot dot;
        dot.replica = replica();
        dot.counter = in_.u64(counter_max);
        in_.require(dot.counter > 0, ErrorCode::out_of_range);
        return dot;
    }
    Dot dot() {
        const Dot dot = unseen_dot();
        in_.require(context_ == nullptr || context_->contains(dot), ErrorCode::out_of_range);
        return dot;
    }
    CounterMark mark() {
        CounterMark mark;
        mark.counter = in_.u64(counter_max);
        mark.sum = in_.i64();
        in_.require(mark.counter > 0 || mark.sum == 0, ErrorCode::not_canonical);
        return mark;
    }

    Reader& in_;
    const CausalContext* context_;
    std::vector<ReplicaId> replicas_;
    std::vector<bool> used_;
};

}  // namespace

ReplicaId read_replica(Reader& in) {
    ReplicaId replica;
    const BytesView bytes = in.binary_of(16);
    if (!in.failed()) std::copy(bytes.begin(), bytes.end(), replica.bytes.begin());
    return replica;
}

void write_vector(Writer& out, const VersionVector& vector) {
    out.map(vector.size());
    for (const auto& [replica, counter] : vector) out.binary(replica.view()).u64(counter);
}

VersionVector read_vector(Reader& in) {
    VersionVector vector;
    ReplicaId last;
    for (std::size_t left = in.map(); left > 0 && !in.failed(); --left) {
        const ReplicaId replica = read_replica(in);
        in.require(vector.empty() || last < replica, ErrorCode::not_canonical);
        const std::uint64_t counter = in.u64(counter_max);
        in.require(counter > 0, ErrorCode::not_canonical);
        vector.raise(replica, counter);
        last = replica;
    }
    return vector;
}

Bytes encode_document(const Document& document) {
    if (document.empty()) return {};
    Writer out;
    Replicas replicas;
    replicas.see(document.early());
    replicas.see(document.root());
    out.array(3);
    replicas.write(out);
    StoreWriter stores(out, replicas);
    stores.write(document.early());
    stores.write(document.root());
    return out.take();
}

Result<Document> decode_document(BytesView bytes, const Limits& limits) {
    if (bytes.empty()) return Document();
    Reader in(bytes, limits);
    in.array_of(3);
    StoreReader stores(in);
    DotSet early = stores.dots();
    OrMap root = stores.map(0);
    stores.require_all_used();
    Document document(std::move(root), std::move(early));
    in.require(!document.empty(), ErrorCode::not_canonical);
    return in.finish(std::move(document));
}

Bytes encode_state(const OrMap& map, const CausalContext& context) {
    Writer out;
    out.array(4);
    write_vector(out, context.vector());
    out.map(context.exceptions().size());
    for (const auto& [replica, runs] : context.exceptions()) {
        out.binary(replica.view()).array(runs.size() * 2);
        for (const auto& run : runs) out.u64(run.first).u64(run.last);
    }
    Replicas replicas;
    replicas.see(map);
    replicas.write(out);
    StoreWriter(out, replicas).write(map);
    return out.take();
}

Result<std::pair<OrMap, CausalContext>> decode_state(BytesView bytes, const Limits& limits) {
    Reader in(bytes, limits);
    in.array_of(4);
    CausalContext context(read_vector(in));
    ReplicaId last;
    for (std::size_t left = in.map(), first = left; left > 0 && !in.failed(); --left) {
        const ReplicaId replica = read_replica(in);
        in.require(left == first || last < replica, ErrorCode::not_canonical);
        last = replica;
        const std::size_t numbers = in.array();
        in.require(numbers % 2 == 0 && numbers > 0, ErrorCode::malformed);
        std::uint64_t floor = context.vector().at(replica) + 1;
        for (std::size_t runs = numbers / 2; runs > 0 && !in.failed(); --runs) {
            const CausalContext::Run run{in.u64(counter_max), in.u64(counter_max)};
            in.require(floor < run.first && run.first <= run.last, ErrorCode::not_canonical);
            if (in.failed()) break;
            context.insert(replica, run);
            floor = run.last + 1;
        }
    }
    StoreReader stores(in, &context);
    OrMap map = stores.map(0);
    stores.require_all_used();
    return in.finish(std::pair(std::move(map), std::move(context)));
}

}  // namespace syncline::wire
