// Packed changes (docs/encoding.md, "Packed changes").
//
//   packed  := format, change…
//   change  := head, [author], [gap], [stamp], [base], [message], [count], op…
//     head bit 0  another author than the change before: its number; a new one's id follows
//          bit 1  does not begin where its author's last one ended: by how much more
//          bit 2  not stamped one above the change before: stamp, as a step
//          bit 3  its author has seen more of others than at its last change: what, see below
//          bit 4  a message: length, bytes
//          bit 5  several ops: how many
//   base    := 2 · sequence number (base is one), or 2 · n + 1 and n times author, counter's step
//   op      := code + 16 · place mode + 64 · form, [place], [form's numbers], [payload]
//     mode    0 the place of the op before, 1 a new field beside the last new one and of its type,
//             2 a known place: its number, 3 a new place, spelled out
//     form    of removes: 0 none, 1 one own dot: distance, 2 one own run: distance, length - 2,
//             3 several: see write_removes
//             of a place in a sequence: 0 the beginning, 1 behind the author's last dot,
//             2 beside an own dot: 2 · distance + side, 3 beside another: dot with side
//   dot     := 2 · author's number + low bit, counter as a step from where that author's next
//              change would begin (the author's own: a distance back from the op)
//   value   := 8 · n + kind, bytes: see write_value

#include "packed_forms.hpp"
#include "packed_hashes.hpp"
#include "syncline/document/packed_changes.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace syncline::wire {

namespace {

std::size_t shared_prefix(std::string_view a, std::string_view b) {
    const std::size_t most = std::min({a.size(), b.size(), std::size_t{127}});
    std::size_t n = 0;
    while (n < most && a[n] == b[n]) ++n;
    return n;
}

}  // namespace

void ChangeWriter::clear() {
    known_.clear();
    children_.clear();
    document_keys_.clear();
    roots_.clear();
    last_document_ = 0;
}

std::uint32_t ChangeWriter::author(const ReplicaId& id) const {
    // Nearly always the change's own.
    if (known_.author < known_.authors.size() && known_.authors[known_.author].id == id)
        return known_.author;
    return known_.author_of(id);
}

void ChangeWriter::add(const Change& change) {
    std::size_t ops = 0;
    for (const Section& section : change.sections) ops += section.ops.size();
    write_head(change, ops == 1 ? 0 : several_ops);
    if (ops != 1) out_.number(NumberColumn::sizes, ops);
    for (const Section& section : change.sections) {
        for (const FieldOp& op : section.ops) add(section.document, op);
    }
    end();
}

void ChangeWriter::begin(const Change& change) { write_head(change, several_ops); }

void ChangeWriter::add(const DocumentKey& document, const FieldOp& op) {
    const std::uint64_t form = form_of(op.op);
    write_place(this->document(document), op, form);
    write_references(op.op, form);
    write_payload(op);
    counter_ += span(op.op);
}

void ChangeWriter::end() {
    known_.authors[known_.author].next = counter_;
    out_.end_change();
}

void ChangeWriter::write_head(const Change& change, std::uint64_t ops) {
    const std::uint32_t who = author(change.replica);
    const bool is_new = who == known_.authors.size();
    const bool other = is_new || who != known_.author;
    static const PackedContext::Author nobody;
    const PackedContext::Author& before = is_new ? nobody : known_.authors[who];
    const bool gap = change.first != before.next;
    const bool stamped = !(change.hlc == known_.stamp.next());
    const auto* base = std::get_if<VersionVector>(&change.base);
    const bool seen_more = base == nullptr || !(*base == before.base);
    out_.number(NumberColumn::heads, (other ? other_author : 0u) | (gap ? other_first : 0u) |
                                         (stamped ? other_stamp : 0u) |
                                         (seen_more ? other_base : 0u) |
                                         (change.message.empty() ? 0u : has_message) | ops);
    if (other) write_author(who, change.replica);
    if (gap) out_.step(NumberColumn::gaps, known_.authors[who].next, change.first);
    if (stamped) write_stamp(change.hlc);
    known_.author = who;
    known_.stamp = change.hlc;
    if (base == nullptr) {
        out_.number(NumberColumn::bases, std::get<std::uint64_t>(change.base) * 2);
    } else if (seen_more) {
        write_base(*base);
    }
    if (!change.message.empty()) write_name(change.message);
    counter_ = change.first;
}

/// A replica's number; a new one's id follows.
void ChangeWriter::write_author(std::uint32_t who, const ReplicaId& id) {
    out_.number(NumberColumn::who, who);
    if (who < known_.authors.size()) return;
    out_.bytes(ByteColumn::ids, id.view());
    known_.add_author(id);
}

void ChangeWriter::write_stamp(Hlc stamp) {
    // Most steps are whole milliseconds that begin with counter 0.
    const Hlc last = known_.stamp;
    if (stamp.counter() == 0 && stamp.ms() >= last.ms()) {
        out_.number(NumberColumn::stamps, (stamp.ms() - last.ms()) * 2);
        return;
    }
    const bool back = stamp < last;
    const std::uint64_t step = stamp.packed - last.packed;
    out_.number(NumberColumn::stamps, back ? 3 : 1);
    out_.number(NumberColumn::stamp_steps, back ? 0 - step : step);
}

void ChangeWriter::write_base(const VersionVector& base) {
    // A replica never forgets, so what it has seen only grows.
    const std::uint32_t own = known_.author;
    const VersionVector before = known_.authors[own].base;
    std::uint64_t raised = 0;
    for (const auto& [id, counter] : base) raised += counter > before.at(id) ? 1 : 0;
    out_.number(NumberColumn::bases, raised * 2 + 1);
    for (const auto& [id, counter] : base) {
        if (counter <= before.at(id)) continue;
        const std::uint32_t who = author(id);
        write_author(who, id);
        out_.step(NumberColumn::bases, known_.authors[who].next, counter);
    }
    known_.set_base(own, base);
}

std::uint64_t ChangeWriter::form_of(const Op& op) const {
    const ReplicaId& own = known_.authors[known_.author].id;
    if (op.code == OpCode::place || op.code == OpCode::move) {
        const Dot& parent = op.place.parent;
        if (parent.counter == 0) return 0;
        if (!(parent.replica == own)) return 3;
        return parent.counter + 1 == counter_ && op.place.side == Side::right ? 1 : 2;
    }
    const auto& runs = op.removes.runs();
    if (runs.empty()) return 0;
    if (runs.size() > 1 || !(runs.front().replica == own)) return 3;
    return runs.front().size() == 1 ? 1 : 2;
}

std::uint32_t ChangeWriter::document(const DocumentKey& key) {
    if (last_document_ < known_.documents.size() && known_.documents[last_document_] == key)
        return last_document_;
    const auto& documents = known_.documents;
    const std::uint32_t known =
        document_keys_.find([&] { return hash_of(key); },
                            [&](std::uint32_t number) { return documents[number - 1] == key; });
    if (known != 0) return known - 1;
    known_.add_document(key);
    roots_.push_back(0);
    document_keys_.add([&](std::uint32_t number) { return hash_of(documents[number - 1]); });
    return static_cast<std::uint32_t>(documents.size() - 1);
}

std::uint32_t ChangeWriter::child(std::uint32_t parent, const Step& step) const {
    return children_.find([&] { return hash_of(parent, step); },
                          [&](std::uint32_t number) {
                              const PackedContext::Place& place = known_.places[number];
                              return place.parent == parent && place.step == step;
                          });
}

bool ChangeWriter::is_last_place(std::uint32_t document, const Path& path) const {
    const auto& places = known_.places;
    std::uint32_t at = known_.place;
    if (at == 0 || document != last_document_) return false;
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
        if (places[at].parent == 0 || !(places[at].step == *step)) return false;
        at = places[at].parent;
    }
    return places[at].parent == 0;
}

void ChangeWriter::write_place(std::uint32_t document, const FieldOp& op, std::uint64_t form) {
    const auto head = [&](PlaceMode mode) {
        out_.number(NumberColumn::ops, static_cast<std::uint64_t>(op.op.code) +
                                           static_cast<std::uint64_t>(mode) * 16 + form * 64);
    };
    if (is_last_place(document, op.path)) return head(PlaceMode::same);
    last_document_ = document;

    // As far as the path is known; a document that is not has number 0.
    std::uint32_t at = roots_[document];
    std::size_t depth = 0;
    for (; at != 0 && depth < op.path.size(); ++depth) {
        const std::uint32_t below = child(at, op.path[depth]);
        if (below == 0) break;
        at = below;
    }
    const std::size_t left = op.path.size() - depth + (at == 0 ? 1 : 0);
    const PackedContext::Place& last_new = known_.places[known_.new_place];
    if (left == 0) {
        head(PlaceMode::known);
        out_.number(NumberColumn::places, at);
    } else if (left == 1 && at != 0 && at == last_new.parent && !op.path.back().is_element() &&
               !last_new.step.is_element() && op.path.back().type == last_new.step.type) {
        head(PlaceMode::beside);
        write_key(op.path.back().key);
        at = add_place(at, document, op.path.back());
    } else {
        head(PlaceMode::spelled);
        out_.number(NumberColumn::places, at).number(NumberColumn::sizes, left);
        if (at == 0) {
            const DocumentKey& key = known_.documents[document];
            write_name(key.collection);
            write_name(key.id);
            at = add_place(0, document, {});
            roots_[document] = at;
        }
        for (; depth < op.path.size(); ++depth) {
            const Step& step = op.path[depth];
            out_.number(NumberColumn::types,
                        static_cast<std::uint64_t>(step.type) * 2 + (step.is_element() ? 1 : 0));
            if (step.is_element()) {
                write_dot(step.element, 0);
            } else {
                write_key(step.key);
            }
            at = add_place(at, document, step);
        }
    }
    known_.place = at;
}

std::uint32_t ChangeWriter::add_place(std::uint32_t parent, std::uint32_t document,
                                      const Step& step) {
    const std::uint32_t number = known_.add_place(parent, document, step);
    children_.add([&](std::uint32_t place) {
        return hash_of(known_.places[place].parent, known_.places[place].step);
    });
    return number;
}

void ChangeWriter::write_name(std::string_view name) {
    out_.number(NumberColumn::sizes, name.size()).bytes(ByteColumn::keys, as_bytes(name));
}

/// A key in terms of the last new one's.
void ChangeWriter::write_key(const std::string& key) {
    const std::size_t shared = shared_prefix(known_.places[known_.new_place].step.key, key);
    out_.number(NumberColumn::shared, shared);
    write_name(std::string_view(key).substr(shared));
}

void ChangeWriter::write_dot(const Dot& dot, std::uint64_t low_bit) {
    const std::uint32_t who = author(dot.replica);
    out_.number(NumberColumn::dots_who, std::uint64_t{who} * 2 + low_bit);
    if (who == known_.authors.size()) {
        out_.bytes(ByteColumn::ids, dot.replica.view());
        known_.add_author(dot.replica);
    }
    if (who == known_.author) {
        out_.number(NumberColumn::distances, counter_ - dot.counter);
    } else {
        out_.step(NumberColumn::dots_at, known_.authors[who].next, dot.counter);
    }
}

void ChangeWriter::write_anchor(const Anchor& anchor) {
    const auto side = static_cast<std::uint64_t>(anchor.side);
    out_.number(NumberColumn::types, side * 2 + (anchor.element.counter == 0 ? 0 : 1));
    if (anchor.element.counter != 0) write_dot(anchor.element, 0);
}

/// What it takes away, or where it places.
void ChangeWriter::write_references(const Op& op, std::uint64_t form) {
    if (op.code == OpCode::place || op.code == OpCode::move) {
        const Place& place = op.place;
        const auto side = static_cast<std::uint64_t>(place.side);
        if (form == 2)
            out_.number(NumberColumn::distances, (counter_ - place.parent.counter) * 2 + side);
        if (form == 3) write_dot(place.parent, side);
    } else if (form == 1 || form == 2) {
        const DotRun& run = op.removes.runs().front();
        out_.number(NumberColumn::distances, counter_ - run.first);
        if (form == 2) out_.number(NumberColumn::runs, run.size() - 2);
    } else if (form == 3) {
        out_.number(NumberColumn::sizes, op.removes.runs().size());
        for (const DotRun& run : op.removes.runs()) {
            write_dot({run.replica, run.first}, run.size() > 1 ? 1 : 0);
            if (run.size() > 1) out_.number(NumberColumn::runs, run.size() - 2);
        }
    }
}

void ChangeWriter::write_payload(const FieldOp& made) {
    const Op& op = made.op;
    const Type type = made.path.empty() ? Type::map : made.path.back().type;
    switch (op.code) {
        case OpCode::set:
        case OpCode::insert: write_value(op.value); break;
        case OpCode::erase:
            if (type == Type::list) {
                out_.number(NumberColumn::types, op.element.counter == 0 ? 0 : 1);
                if (op.element.counter != 0) write_dot(op.element, 0);
            } else if (type != Type::text) {
                write_value(op.value);
            }
            break;
        case OpCode::add: out_.signed_number(NumberColumn::amounts, op.amount); break;
        case OpCode::cancel:
            out_.number(NumberColumn::sizes, op.cancels.size());
            for (const auto& [replica, mark] : op.cancels) {
                write_dot({replica, mark.counter}, 0);
                out_.signed_number(NumberColumn::amounts, mark.sum);
            }
            break;
        case OpCode::place:
            if (const std::string* text = op.value.text(); type == Type::text && text != nullptr) {
                out_.number(NumberColumn::sizes, text->size());
                out_.bytes(ByteColumn::contents, as_bytes(*text));
            } else if (const auto* values = op.value.array();
                       op.inner == Type::lww_register && values != nullptr) {
                out_.number(NumberColumn::sizes, values->size());
                for (const Value& value : *values) write_value(value);
            } else {
                out_.number(NumberColumn::sizes, 0);
                out_.number(NumberColumn::types, static_cast<std::uint64_t>(op.inner));
            }
            break;
        case OpCode::move: write_dot(op.element, 0); break;
        case OpCode::mark:
            write_name(op.mark->name);
            write_value(op.mark->value);
            write_anchor(op.mark->from);
            write_anchor(op.mark->to);
            break;
        case OpCode::enable:
        case OpCode::disable:
        case OpCode::create:
        case OpCode::clear: break;
    }
}

void ChangeWriter::write_value(const Value& value) {
    if (const auto* number = value.integer()) {
        const auto bits = static_cast<std::uint64_t>(*number);
        const std::uint64_t zigzag = (bits << 1) ^ (*number < 0 ? ~std::uint64_t{0} : 0);
        // The largest do not fit beside the kind.
        if (zigzag < (std::uint64_t{1} << 61)) {
            out_.value(PackedKind::integer, zigzag);
        } else {
            out_.value(PackedKind::simple, simple_integer).number(NumberColumn::integers, zigzag);
        }
    } else if (const auto* string = value.text()) {
        out_.value(PackedKind::text, string->size()).bytes(ByteColumn::values, as_bytes(*string));
    } else if (const auto* flag = value.boolean()) {
        out_.value(PackedKind::simple, *flag ? simple_true : simple_false);
    } else if (const auto* fraction = value.real()) {
        std::array<std::byte, 8> bits{};
        std::memcpy(bits.data(), fraction, 8);
        out_.value(PackedKind::real, 0).bytes(ByteColumn::values, bits);
    } else if (const auto* some = value.binary()) {
        out_.value(PackedKind::binary, some->size()).bytes(ByteColumn::values, *some);
    } else if (const auto* items = value.array()) {
        out_.value(PackedKind::array, items->size());
        for (const Value& item : *items) write_value(item);
    } else if (const auto* members = value.map()) {
        out_.value(PackedKind::map, members->size());
        for (const Value::Member& member : *members) {
            out_.number(NumberColumn::lengths, member.key.size());
            out_.bytes(ByteColumn::values, as_bytes(member.key));
            write_value(member.value);
        }
    } else {
        out_.value(PackedKind::simple, simple_null);
    }
}

}  // namespace syncline::wire
