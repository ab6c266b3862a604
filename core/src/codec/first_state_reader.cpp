// The first form of states: MessagePack, as it was written until states had columns. It is read for
// ever, since stores hold it, and written no more (docs/encoding.md, "The first form").
//
//   document := [replicas, early, map]              replicas: ascending, each used
//   state    := [vector, exceptions, replicas, map]
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
//   order    := column of stretches, in the sequence's order
//   waiting  := column of stretches that wait for a parent, by dot
//   stretch  := head, [replica], first, [place], [stamp]
//     head    := (length - 1) * 8 + place kind * 2 + (1 if it has content)
//     replica := only if the sequence has several: index in the document's replicas
//     first   := the first dot's counter, as a step from the end of the stretch before
//     place   := kind given: replica index * 2 + side, parent's counter as a step from first
//     stamp   := lists, with content: as a step from the one before

#include "sequence_links.hpp"
#include "state_codec.hpp"
#include "syncline/codec/packed.hpp"
#include "syncline/codec/reader.hpp"

#include <algorithm>

namespace syncline::wire {

namespace {

constexpr std::size_t content_bytes_max = std::size_t{256} << 20;  ///< the state's own bound

enum class PlaceKind : std::uint8_t {
    behind = 0,  ///< right child of the element in front
    before = 1,  ///< left child of the element that begins the next stretch
    given = 2,   ///< any other parent
    root = 3,    ///< no parent
};

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
            in_.require(map.fields().empty() || map.fields().back().first < FieldName::Like(field),
                        ErrorCode::not_canonical);
            Node node = store(*type, depth + 1);
            in_.require(!node.empty(), ErrorCode::not_canonical);
            if (!in_.failed()) map.insert(field, std::move(node));
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
        const ReadOrder read = read_order(false);
        std::string_view content = in_.text(content_bytes_max);
        in_.require(code_points(content) == plain_elements(read.stretches),
                    ErrorCode::not_canonical);
        if (in_.failed()) return {};
        std::vector<TextPayload> contents(read.stretches.size());
        for (std::size_t i = 0; i < contents.size(); ++i) {
            const Stretch& stretch = read.stretches[i];
            if (!stretch.plain) continue;
            contents[i] = TextPayload(std::string(take_code_points(content, stretch.length)));
        }
        Text::Order order;
        in_.require(build_order(order, read.stretches, read.attached, std::move(contents)),
                    ErrorCode::not_canonical);
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
            const auto& fields = made.contents().fields();
            in_.require(std::all_of(fields.begin(), fields.end(),
                                    [](const auto& entry) { return entry.first.key().empty(); }),
                        ErrorCode::malformed);
            in_.require(moved == 3 || !made.contents().empty(), ErrorCode::not_canonical);
            elements.emplace_hint(elements.end(), id, std::move(made));
        }
        const ReadOrder read = read_order(true);
        std::vector<Value> values;
        for (std::size_t left = in_.array(); left > 0 && !in_.failed(); --left)
            values.push_back(read_value(in_));
        in_.require(values.size() == plain_elements(read.stretches), ErrorCode::not_canonical);
        if (in_.failed()) return {};
        std::vector<ListPayload> contents(read.stretches.size());
        auto next = values.begin();
        for (std::size_t i = 0; i < contents.size(); ++i) {
            const Stretch& stretch = read.stretches[i];
            if (!stretch.plain) continue;
            const auto from = next;
            next += static_cast<std::ptrdiff_t>(stretch.length);
            contents[i] = ListPayload(
                stretch.stamp, {std::make_move_iterator(from), std::make_move_iterator(next)});
        }
        List::Order order;
        in_.require(build_order(order, read.stretches, read.attached, std::move(contents)) &&
                        stand_apart(elements, order),
                    ErrorCode::not_canonical);
        if (in_.failed()) return {};
        List made(std::move(presence), std::move(order), elements);
        in_.require(made.elements() == elements, ErrorCode::not_canonical);
        return made;
    }
    /// The order's stretches, and those that wait.
    struct ReadOrder {
        std::vector<Stretch> stretches;
        std::size_t attached = 0;
    };
    ReadOrder read_order(bool stamped) {
        ReadOrder read;
        std::vector<PlaceKind> kinds;
        std::uint64_t slots = 0;
        read_stretches(stamped, slots, read.stretches, kinds);
        read.attached = read.stretches.size();
        read_stretches(stamped, slots, read.stretches, kinds);
        for (std::size_t i = 0; i < kinds.size() && !in_.failed(); ++i) {
            Stretch& stretch = read.stretches[i];
            if (kinds[i] == PlaceKind::behind) {
                in_.require(i > 0, ErrorCode::not_canonical);
                if (i > 0) stretch.place = {read.stretches[i - 1].last(), Side::right};
            } else if (kinds[i] == PlaceKind::before) {
                in_.require(i + 1 < read.attached, ErrorCode::not_canonical);
                if (i + 1 < read.attached)
                    stretch.place = {read.stretches[i + 1].first, Side::left};
            }
            in_.require(i < read.attached || kinds[i] == PlaceKind::given,
                        ErrorCode::not_canonical);
        }
        for (std::size_t i = 0; i < read.attached && !in_.failed(); ++i)
            in_.require(kind_of(read, i) == kinds[i], ErrorCode::not_canonical);
        return read;
    }
    static PlaceKind kind_of(const ReadOrder& read, std::size_t i) {
        const Place& place = read.stretches[i].place;
        if (place.parent.counter == 0) return PlaceKind::root;
        if (place.side == Side::right && i > 0 && read.stretches[i - 1].last() == place.parent)
            return PlaceKind::behind;
        if (place.side == Side::left && i + 1 < read.attached &&
            read.stretches[i + 1].first == place.parent)
            return PlaceKind::before;
        return PlaceKind::given;
    }
    void read_stretches(bool stamped, std::uint64_t& slots, std::vector<Stretch>& all,
                        std::vector<PlaceKind>& kinds) {
        constexpr std::uint64_t slots_max = Sequence<TextPayload>::slots_max;
        PackedReader in(in_.binary(content_bytes_max));
        std::uint64_t end = 0;
        std::uint64_t stamp = 0;
        while (!in.at_end() && !in.failed() && !in_.failed()) {
            Stretch made;
            const std::uint64_t head = in.u64(slots_max * 8);
            made.length = static_cast<std::uint32_t>(head / 8 + 1);
            made.plain = head % 2 != 0;
            kinds.push_back(static_cast<PlaceKind>(head / 2 % 4));
            made.first.replica = replica(replicas_.size() > 1 ? in.u64() : 0);
            made.first.counter = in.step(end, counter_max);
            end = made.first.counter + made.length;
            slots += made.length;
            if (slots > slots_max || end - 1 > counter_max) in.fail();
            if (kinds.back() == PlaceKind::given) {
                const std::uint64_t parent = in.u64();
                made.place.parent.replica = replica(parent / 2);
                made.place.side = static_cast<Side>(parent % 2);
                made.place.parent.counter = in.step(made.first.counter, counter_max);
            }
            if (stamped && made.plain) {
                stamp += static_cast<std::uint64_t>(in.i64());
                made.stamp = Hlc{stamp};
            }
            if (in.failed() || in_.failed()) break;
            const DotRun dots{made.first.replica, made.first.counter, made.last().counter};
            in_.require(context_ == nullptr || context_->seen(dots).size() == made.length,
                        ErrorCode::out_of_range);
            all.push_back(made);
        }
        in_.require(!in.failed(), ErrorCode::malformed);
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

Result<Document> read_first_document(BytesView bytes, const Limits& limits) {
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

Result<std::pair<OrMap, CausalContext>> read_first_state(BytesView bytes, const Limits& limits) {
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
