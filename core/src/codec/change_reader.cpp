// Reads what change_writer.cpp writes; the form stands there.

#include "packed_forms.hpp"
#include "syncline/codec/reader.hpp"
#include "syncline/document/packed_changes.hpp"

#include <algorithm>
#include <cstring>

namespace syncline::wire {

namespace {

constexpr std::uint64_t authors_max = 65'536;
constexpr std::uint64_t documents_max = 65'536;
constexpr std::uint64_t dots_an_op = dots_max / ops_max;
constexpr std::uint64_t path_bytes_an_op = paths_max / ops_max;
/// Of a block of columns: eight bytes each.
constexpr std::uint64_t numbers_an_op = 64;
constexpr std::uint64_t numbers_max = std::uint64_t{1} << 26;
/// What the context may gain from bytes: in columns one of them can name hundreds of long keys.
constexpr std::uint64_t weight_few = 65'536;
constexpr std::uint64_t weight_a_byte = 2'048;

}  // namespace

void ChangeReader::open(BytesView bytes, const Limits& limits) {
    ops_max_ = limits.ops_max;
    in_ = ChangeSource(bytes, std::min(limits.ops_max * numbers_an_op, numbers_max));
    weight_max_ = known_.weight + weight_few + weight_a_byte * bytes.size();
    error_ = ErrorCode::malformed;
    require(bytes.size() <= limits.bytes_max, ErrorCode::too_large);
}

void ChangeReader::require(bool condition, ErrorCode code) {
    if (condition || in_.failed()) return;
    error_ = code;
    in_.fail();
}

Result<> ChangeReader::next(Change& change) {
    ops_spare_.clear();
    if (!change.sections.empty()) {
        ops_spare_ = std::move(change.sections.front().ops);
        ops_spare_.clear();
    }
    change.sections.clear();
    change.message.clear();
    read(change);
    if (in_.failed()) return fail(error_, "packed changes: " + std::string(name_of(error_)));
    return {};
}

std::uint32_t ChangeReader::read_author() {
    const std::uint64_t who = in_.number(NumberColumn::who);
    return author_with(who);
}

std::uint32_t ChangeReader::author_with(std::uint64_t who) {
    require(who <= known_.authors.size() && who < authors_max, ErrorCode::out_of_range);
    if (!in_.failed() && who == known_.authors.size()) {
        ReplicaId made;
        const BytesView id = in_.bytes(ByteColumn::ids, made.bytes.size());
        if (!in_.failed()) std::copy(id.begin(), id.end(), made.bytes.begin());
        require(known_.author_of(made) == known_.authors.size(), ErrorCode::not_canonical);
        known_.add_author(made);
    }
    return in_.failed() ? 0 : static_cast<std::uint32_t>(who);
}

void ChangeReader::read(Change& change) {
    removes_ = 0;
    paths_ = 0;
    in_.begin_change();
    const std::uint64_t head = in_.number(NumberColumn::heads, 63);
    if ((head & other_author) != 0) known_.author = read_author();
    require(known_.author < known_.authors.size(), ErrorCode::malformed);
    if (in_.failed()) return;
    change.replica = known_.authors[known_.author].id;
    change.first = known_.authors[known_.author].next;
    if ((head & other_first) != 0)
        change.first = in_.step(NumberColumn::gaps, change.first, counter_max);
    change.hlc = known_.stamp.next();
    if ((head & other_stamp) != 0) read_stamp(change);
    known_.stamp = change.hlc;
    if ((head & other_base) != 0) {
        read_base(change);
    } else {
        change.base = known_.authors[known_.author].base;
    }
    if ((head & has_message) != 0) change.message = read_name(message_text_max);
    const std::uint64_t ops =
        (head & several_ops) != 0 ? in_.number(NumberColumn::sizes, ops_max_) : 1;
    counter_ = change.first;
    for (std::uint64_t i = 0; i < ops && !in_.failed(); ++i) read_op(change);
    require(counter_ - change.first <= ops_max_ * dots_an_op && counter_ <= counter_max,
            ErrorCode::too_large);
    in_.end_change();
    if (!in_.failed()) known_.authors[known_.author].next = counter_;
}

void ChangeReader::read_stamp(Change& change) {
    const std::uint64_t step = in_.number(NumberColumn::stamps);
    if (step % 2 == 0) {
        require(step / 2 <= Hlc::ms_max - known_.stamp.ms(), ErrorCode::out_of_range);
        change.hlc = Hlc::at(known_.stamp.ms() + step / 2);
        return;
    }
    const std::uint64_t by = in_.number(NumberColumn::stamp_steps);
    require(step <= 3, ErrorCode::malformed);
    change.hlc = Hlc{step == 1 ? known_.stamp.packed + by : known_.stamp.packed - by};
}

void ChangeReader::read_base(Change& change) {
    const std::uint64_t form = in_.number(NumberColumn::bases);
    if (form % 2 == 0) {
        require(form / 2 <= counter_max, ErrorCode::out_of_range);
        change.base = form / 2;
        return;
    }
    VersionVector base = known_.authors[known_.author].base;
    for (std::uint64_t left = form / 2; left > 0 && !in_.failed(); --left) {
        const std::uint32_t who = read_author();
        if (in_.failed()) return;
        const std::uint64_t counter =
            in_.step(NumberColumn::bases, known_.authors[who].next, counter_max);
        base.raise(known_.authors[who].id, counter);
    }
    known_.set_base(known_.author, base);
    require(known_.weight <= weight_max_, ErrorCode::too_large);
    change.base = std::move(base);
}

Path ChangeReader::path_of(std::uint32_t place) {
    Path path;
    std::uint32_t depth = 0;
    for (std::uint32_t at = place; known_.places[at].parent != 0; at = known_.places[at].parent)
        ++depth;
    path.resize(depth);
    for (std::uint32_t at = place; depth > 0; at = known_.places[at].parent) {
        path[--depth] = known_.places[at].step;
        paths_ += known_.places[at].step.key.size() + sizeof(Step);
    }
    require(path.size() <= path_max, ErrorCode::too_deep);
    require(paths_ <= ops_max_ * path_bytes_an_op, ErrorCode::too_large);
    return path;
}

std::string ChangeReader::read_text(ByteColumn column, std::uint64_t size) {
    const BytesView bytes = in_.bytes(column, size);
    std::string text(as_text(bytes));
    require(is_utf8(text), ErrorCode::invalid_utf8);
    return text;
}

std::string ChangeReader::read_name(std::size_t max) {
    const std::uint64_t size = in_.number(NumberColumn::sizes);
    require(size <= max, ErrorCode::too_large);
    return read_text(ByteColumn::keys, size);
}

/// A key in terms of the last new one's.
std::string ChangeReader::read_key() {
    const std::string& last = known_.places[known_.new_place].step.key;
    const std::uint64_t shared = in_.number(NumberColumn::shared, last.size());
    const std::uint64_t size = in_.number(NumberColumn::sizes, key_bytes_max);
    require(shared + size <= key_bytes_max, ErrorCode::too_large);
    const BytesView rest = in_.bytes(ByteColumn::keys, size);
    if (in_.failed()) return {};
    std::string key = last.substr(0, static_cast<std::size_t>(shared));
    key.append(as_text(rest));
    require(is_utf8(key), ErrorCode::invalid_utf8);
    return key;
}

void ChangeReader::read_place(std::uint64_t mode) {
    switch (static_cast<PlaceMode>(mode)) {
        case PlaceMode::same: break;
        case PlaceMode::known: {
            const std::uint64_t place = in_.number(NumberColumn::places);
            require(place < known_.places.size(), ErrorCode::out_of_range);
            known_.place = in_.failed() ? 0 : static_cast<std::uint32_t>(place);
            break;
        }
        case PlaceMode::beside: {
            const PackedContext::Place last = known_.places[known_.new_place];
            require(known_.new_place != 0 && !last.step.is_element(), ErrorCode::malformed);
            known_.place =
                known_.add_place(last.parent, last.document, Step(read_key(), last.step.type));
            break;
        }
        case PlaceMode::spelled: read_new_place(); break;
    }
    require(known_.place != 0, ErrorCode::malformed);
    require(known_.weight <= weight_max_, ErrorCode::too_large);
}

void ChangeReader::read_new_place() {
    const std::uint64_t parent = in_.number(NumberColumn::places);
    std::uint64_t left = in_.number(NumberColumn::sizes, path_max + 1);
    require(parent < known_.places.size() && left > 0, ErrorCode::out_of_range);
    if (in_.failed()) return;
    auto at = static_cast<std::uint32_t>(parent);
    if (at == 0) {
        DocumentKey key;
        key.collection = read_name(name_bytes_max);
        key.id = read_name(name_bytes_max);
        require(known_.documents.size() < documents_max, ErrorCode::too_large);
        known_.add_document(std::move(key));
        at = known_.add_place(0, static_cast<std::uint32_t>(known_.documents.size() - 1), {});
        --left;
    }
    const std::uint32_t document = known_.places[at].document;
    for (; left > 0 && !in_.failed(); --left) {
        const std::uint64_t head = in_.number(NumberColumn::types);
        const auto type = type_of(head / 2);
        require(type.has_value(), ErrorCode::unknown_format);
        if (in_.failed()) return;
        const bool is_root = known_.places[at].parent == 0;
        const Type inside = is_root ? Type::map : known_.places[at].step.type;
        Step step;
        if (head % 2 == 1) {
            step = Step(read_dot().first, *type);
        } else {
            step = Step(read_key(), *type);
        }
        require(inside == (step.is_element() ? Type::list : Type::map), ErrorCode::malformed);
        at = known_.add_place(at, document, std::move(step));
    }
    known_.place = at;
}

std::pair<Dot, std::uint64_t> ChangeReader::read_dot() {
    const std::uint64_t head = in_.number(NumberColumn::dots_who);
    const std::uint32_t who = author_with(head / 2);
    if (in_.failed()) return {};
    Dot dot{known_.authors[who].id, 0};
    if (who == known_.author) {
        dot.counter = counter_ - in_.number(NumberColumn::distances, counter_ - 1);
        require(dot.counter < counter_, ErrorCode::out_of_range);
    } else {
        dot.counter = in_.step(NumberColumn::dots_at, known_.authors[who].next, counter_max);
    }
    return {in_.failed() ? Dot{} : dot, head % 2};
}

Anchor ChangeReader::read_anchor() {
    const std::uint64_t head = in_.number(NumberColumn::types, 3);
    Anchor anchor{{}, static_cast<Side>(head / 2)};
    if (head % 2 == 1) anchor.element = read_dot().first;
    return anchor;
}

void ChangeReader::read_op(Change& change) {
    const std::uint64_t head = in_.number(NumberColumn::ops, 255);
    read_place(head / 16 % 4);
    require(head % 16 >= 1 && head % 16 <= static_cast<std::uint64_t>(OpCode::mark),
            ErrorCode::out_of_range);
    if (in_.failed()) return;
    const DocumentKey& key = known_.documents[known_.places[known_.place].document];
    if (change.sections.empty() || !(change.sections.back().document == key))
        change.sections.push_back({key, std::exchange(ops_spare_, {})});
    FieldOp& made = change.sections.back().ops.emplace_back();
    made.path = path_of(known_.place);
    made.op.code = static_cast<OpCode>(head % 16);
    const Type type = made.path.empty() ? Type::map : made.path.back().type;
    require(accepts(type, made.op.code), ErrorCode::malformed);
    if (in_.failed()) return;
    read_references(made.op, head / 64);
    read_payload(type, made.op);
    counter_ += span(made.op);
}

void ChangeReader::read_references(Op& op, std::uint64_t form) {
    const ReplicaId own = known_.authors[known_.author].id;
    const auto back = [&](std::uint64_t distance) {
        require(distance > 0 && distance < counter_, ErrorCode::out_of_range);
        return in_.failed() ? Dot{} : Dot{own, counter_ - distance};
    };
    if (op.code == OpCode::place || op.code == OpCode::move) {
        if (form == 1) op.place = {back(1), Side::right};
        if (form == 2) {
            const std::uint64_t place = in_.number(NumberColumn::distances);
            op.place = {back(place / 2), static_cast<Side>(place % 2)};
        }
        if (form == 3) {
            const auto [parent, side] = read_dot();
            op.place = {parent, static_cast<Side>(side)};
        }
        return;
    }
    require(form == 0 || (op.code != OpCode::add && op.code != OpCode::cancel),
            ErrorCode::malformed);
    const auto add = [&](const Dot& first, std::uint64_t length) {
        removes_ += length;
        const bool is_own = first.replica == own;
        require(removes_ <= removes_max && first.counter > 0, ErrorCode::too_large);
        require(first.counter + length - 1 <= (is_own ? counter_ - 1 : counter_max),
                ErrorCode::out_of_range);
        if (!in_.failed())
            op.removes.insert(DotRun{first.replica, first.counter, first.counter + length - 1});
    };
    if (form == 1 || form == 2) {
        const Dot first = back(in_.number(NumberColumn::distances));
        add(first, form == 1 ? 1 : in_.number(NumberColumn::runs, removes_max) + 2);
    }
    if (form == 3) {
        for (std::uint64_t left = in_.number(NumberColumn::sizes, removes_max);
             left > 0 && !in_.failed(); --left) {
            const auto [first, is_run] = read_dot();
            add(first, is_run == 1 ? in_.number(NumberColumn::runs, removes_max) + 2 : 1);
        }
    }
}

void ChangeReader::read_payload(Type type, Op& op) {
    switch (op.code) {
        case OpCode::set:
        case OpCode::insert: op.value = read_value(0); break;
        case OpCode::erase:
            if (type == Type::list) {
                if (in_.number(NumberColumn::types, 1) == 1) op.element = read_dot().first;
            } else if (type != Type::text) {
                op.value = read_value(0);
            }
            break;
        case OpCode::add: {
            op.amount = in_.signed_number(NumberColumn::amounts);
            const auto bound = static_cast<std::int64_t>(counter_max);
            const std::int64_t least = type == Type::g_counter ? 0 : -bound;
            require(least <= op.amount && op.amount <= bound, ErrorCode::out_of_range);
            break;
        }
        case OpCode::cancel:
            for (std::uint64_t left = in_.number(NumberColumn::sizes, authors_max);
                 left > 0 && !in_.failed(); --left) {
                const Dot dot = read_dot().first;
                const std::int64_t sum = in_.signed_number(NumberColumn::amounts);
                // The author's own adds are implied by order, and others come once.
                require(!(dot.replica == known_.authors[known_.author].id) && dot.counter >= 1 &&
                            op.cancels.emplace(dot.replica, CounterMark{dot.counter, sum}).second,
                        ErrorCode::malformed);
            }
            break;
        case OpCode::place:
            if (type == Type::text) {
                op.inner = Type::text;
                op.value = read_text(ByteColumn::contents, in_.number(NumberColumn::sizes));
                require(!op.value.text()->empty(), ErrorCode::malformed);
            } else if (const std::uint64_t count = in_.number(NumberColumn::sizes, dots_max);
                       count > 0) {
                Value::Array values;
                for (std::uint64_t i = 0; i < count && !in_.failed(); ++i)
                    values.push_back(read_value(1));
                op.value = std::move(values);
            } else {
                const auto inner = type_of(in_.number(NumberColumn::types));
                require(inner && can_be_placed(*inner) && *inner != Type::lww_register,
                        ErrorCode::malformed);
                if (inner) op.inner = *inner;
            }
            break;
        case OpCode::move:
            op.element = read_dot().first;
            require(op.element.counter > 0, ErrorCode::malformed);
            break;
        case OpCode::mark: {
            Mark mark;
            mark.name = read_name(key_bytes_max);
            mark.value = read_value(0);
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

Value ChangeReader::read_value(std::size_t depth) {
    const auto [kind, n] = in_.value();
    require(depth <= value_depth_max, ErrorCode::too_deep);
    if (in_.failed()) return {};
    switch (kind) {
        case PackedKind::integer: return static_cast<std::int64_t>((n >> 1) ^ (0 - (n & 1)));
        case PackedKind::text: return read_text(ByteColumn::values, n);
        case PackedKind::real: {
            double number = 0;
            const BytesView bytes = in_.bytes(ByteColumn::values, 8);
            if (!in_.failed()) std::memcpy(&number, bytes.data(), 8);
            require(n == 0, ErrorCode::malformed);
            return number;
        }
        case PackedKind::simple:
            require(n <= simple_integer, ErrorCode::malformed);
            if (n == simple_null || in_.failed()) return {};
            if (n == simple_integer) return in_.signed_number(NumberColumn::integers);
            return n == simple_true;
        case PackedKind::binary: {
            const BytesView bytes = in_.bytes(ByteColumn::values, n);
            return Bytes(bytes.begin(), bytes.end());
        }
        case PackedKind::array: {
            Value::Array items;
            for (std::uint64_t i = 0; i < n && !in_.failed(); ++i)
                items.push_back(read_value(depth + 1));
            return items;
        }
        case PackedKind::map: {
            Value::Map members;
            for (std::uint64_t i = 0; i < n && !in_.failed(); ++i) {
                std::string key = read_text(ByteColumn::values, in_.number(NumberColumn::lengths));
                members.push_back({std::move(key), read_value(depth + 1)});
            }
            return members;
        }
        case PackedKind::negative: break;
    }
    require(false, ErrorCode::malformed);
    return {};
}

}  // namespace syncline::wire
