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

#include "syncline/document/packed_changes.hpp"

#include "syncline/codec/reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace syncline::wire {

namespace {

enum class Mode : std::uint64_t { same, beside, known, spelled };
enum Kind : std::uint64_t { integer, text, real, simple, binary, array, map };

constexpr std::uint64_t authors_max = 65'536;
constexpr std::uint64_t documents_max = 65'536;
constexpr std::uint64_t dots_an_op = dots_max / ops_max;
constexpr std::uint64_t path_bytes_an_op = paths_max / ops_max;

BytesView bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

void write_value(PackedWriter& out, const Value& value) {
    if (const auto* number = value.integer()) {
        const auto bits = static_cast<std::uint64_t>(*number);
        const std::uint64_t zigzag = (bits << 1) ^ (*number < 0 ? ~std::uint64_t{0} : 0);
        // The largest do not fit beside the kind.
        if (zigzag < (std::uint64_t{1} << 61)) {
            out.u64(zigzag << 3 | integer);
        } else {
            out.u64(3 << 3 | simple).u64(zigzag);
        }
    } else if (const auto* string = value.text()) {
        out.u64(string->size() << 3 | text).raw(bytes_of(*string));
    } else if (const auto* flag = value.boolean()) {
        out.u64((*flag ? 2u : 1u) << 3 | simple);
    } else if (const auto* fraction = value.real()) {
        std::array<std::byte, 8> bits{};
        std::memcpy(bits.data(), fraction, 8);
        out.u64(real).raw(bits);
    } else if (const auto* some = value.binary()) {
        out.u64(some->size() << 3 | binary).raw(*some);
    } else if (const auto* items = value.array()) {
        out.u64(items->size() << 3 | array);
        for (const Value& item : *items) write_value(out, item);
    } else if (const auto* members = value.map()) {
        out.u64(members->size() << 3 | map);
        for (const Value::Member& member : *members) {
            out.u64(member.key.size()).raw(bytes_of(member.key));
            write_value(out, member.value);
        }
    } else {
        out.u64(simple);
    }
}

std::size_t shared_prefix(std::string_view a, std::string_view b) {
    const std::size_t most = std::min({a.size(), b.size(), std::size_t{127}});
    std::size_t n = 0;
    while (n < most && a[n] == b[n]) ++n;
    return n;
}

}  // namespace

// Writing

namespace {

std::uint32_t mixed(std::uint64_t bits) {
    return static_cast<std::uint32_t>((bits * 0x9E3779B97F4A7C15ULL) >> 32);
}
std::uint32_t hash_of(std::uint32_t parent, const Step& step) {
    const std::uint64_t rest = std::uint64_t{parent} * 31 + static_cast<std::uint64_t>(step.type) +
                               step.element.counter * 0x9E3779B97F4A7C15ULL;
    return mixed(std::hash<std::string>()(step.key) ^ rest);
}
std::uint32_t hash_of(const DocumentKey& key) {
    const std::hash<std::string> hash;
    return mixed(hash(key.id) + 31 * hash(key.collection));
}
std::uint32_t hash_of(const ReplicaId& id) { return mixed(ReplicaIdHash()(id)); }

}  // namespace

std::uint32_t PackedContext::author_of(const ReplicaId& id) const {
    const std::uint32_t known =
        author_ids.find([&] { return hash_of(id); },
                        [&](std::uint32_t number) { return authors[number - 1].id == id; });
    return known == 0 ? static_cast<std::uint32_t>(authors.size()) : known - 1;
}

void PackedContext::add_author(const ReplicaId& id) {
    authors.push_back({id, 1, {}});
    author_ids.add([&](std::uint32_t number) { return hash_of(authors[number - 1].id); });
}

void PackedContext::clear() {
    // What a large change needed is not kept for small ones.
    constexpr std::size_t places_kept = 1'024;
    if (places.capacity() > places_kept) {
        *this = PackedContext();
        return;
    }
    authors.clear();
    author_ids.clear();
    documents.clear();
    places.resize(1);
    author = place = new_place = 0;
    stamp = {};
}

Bytes ChangePacker::take() {
    Bytes packed = out_.take();
    out_ = PackedWriter(bytes_expected);
    out_.u64(packed_format);
    known_.clear();
    children_.clear();
    document_keys_.clear();
    roots_.clear();
    last_document_ = 0;
    changes_ = 0;
    return packed;
}

std::uint32_t ChangePacker::author(const ReplicaId& id) const {
    // Nearly always the change's own.
    if (known_.author < known_.authors.size() && known_.authors[known_.author].id == id)
        return known_.author;
    return known_.author_of(id);
}

void ChangePacker::add(const Change& change) {
    ++changes_;
    // Every replica that the change names gets its number first, so that numbers are known.
    const std::uint32_t who = author(change.replica);
    const bool is_new = who == known_.authors.size();
    const bool other = is_new || who != known_.author;
    if (is_new) known_.add_author(change.replica);
    PackedContext::Author& author = known_.authors[who];
    const bool gap = change.first != author.next;
    const bool stamped = !(change.hlc == known_.stamp.next());
    const auto* base = std::get_if<VersionVector>(&change.base);
    const bool seen_more = base == nullptr || !(*base == author.base);
    std::size_t ops = 0;
    for (const Section& section : change.sections) ops += section.ops.size();

    out_.u64((other ? 1u : 0u) | (gap ? 2u : 0u) | (stamped ? 4u : 0u) | (seen_more ? 8u : 0u) |
             (change.message.empty() ? 0u : 16u) | (ops == 1 ? 0u : 32u));
    if (other) out_.u64(who);
    if (is_new) out_.raw(change.replica.view());
    if (gap) out_.step(author.next, change.first);
    if (stamped) {
        // Most steps are whole milliseconds that begin with counter 0.
        const std::uint64_t ms = change.hlc.ms() - known_.stamp.ms();
        if (change.hlc.counter() == 0 && change.hlc.ms() >= known_.stamp.ms()) {
            out_.u64(ms * 2);
        } else {
            const std::uint64_t step = change.hlc.packed - known_.stamp.packed;
            const bool back = change.hlc < known_.stamp;
            out_.u64((back ? 2u : 0u) + 1u).u64(back ? 0 - step : step);
        }
    }
    known_.author = who;
    known_.stamp = change.hlc;
    if (seen_more) {
        if (base == nullptr) {
            out_.u64(std::get<std::uint64_t>(change.base) * 2);
        } else {
            write_base(*base);
        }
    }
    if (!change.message.empty()) out_.u64(change.message.size()).raw(bytes_of(change.message));
    if (ops != 1) out_.u64(ops);

    counter_ = change.first;
    for (const Section& section : change.sections) {
        const std::uint32_t document = this->document(section.document);
        for (const FieldOp& op : section.ops) {
            const std::uint64_t form = form_of(op.op);
            write_place(document, op, form);
            write_payload(op, form);
            counter_ += span(op.op);
        }
    }
    known_.authors[who].next = counter_;
}

void ChangePacker::write_base(const VersionVector& base) {
    // A replica never forgets, so what it has seen only grows.
    const std::uint32_t own = known_.author;
    const VersionVector before = std::move(known_.authors[own].base);
    std::uint64_t raised = 0;
    for (const auto& [id, counter] : base) raised += counter > before.at(id) ? 1 : 0;
    out_.u64(raised * 2 + 1);
    for (const auto& [id, counter] : base) {
        if (counter <= before.at(id)) continue;
        const std::uint32_t who = author(id);
        out_.u64(who);
        if (who == known_.authors.size()) {
            out_.raw(id.view());
            known_.add_author(id);
        }
        out_.step(known_.authors[who].next, counter);
    }
    known_.authors[own].base = base;
}

std::uint64_t ChangePacker::form_of(const Op& op) const {
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

std::uint32_t ChangePacker::document(const DocumentKey& key) {
    if (last_document_ < known_.documents.size() && known_.documents[last_document_] == key)
        return last_document_;
    const auto& documents = known_.documents;
    const std::uint32_t known =
        document_keys_.find([&] { return hash_of(key); },
                            [&](std::uint32_t number) { return documents[number - 1] == key; });
    if (known != 0) return known - 1;
    known_.documents.push_back(key);
    roots_.push_back(0);
    document_keys_.add([&](std::uint32_t number) { return hash_of(documents[number - 1]); });
    return static_cast<std::uint32_t>(documents.size() - 1);
}

std::uint32_t ChangePacker::child(std::uint32_t parent, const Step& step) const {
    return children_.find([&] { return hash_of(parent, step); },
                          [&](std::uint32_t number) {
                              const PackedContext::Place& place = known_.places[number];
                              return place.parent == parent && place.step == step;
                          });
}

bool ChangePacker::is_last_place(std::uint32_t document, const Path& path) const {
    const auto& places = known_.places;
    std::uint32_t at = known_.place;
    if (at == 0 || document != last_document_) return false;
    for (auto step = path.rbegin(); step != path.rend(); ++step) {
        if (places[at].parent == 0 || !(places[at].step == *step)) return false;
        at = places[at].parent;
    }
    return places[at].parent == 0;
}

void ChangePacker::write_place(std::uint32_t document, const FieldOp& op, std::uint64_t form) {
    const auto head = [&](Mode mode) {
        out_.u64(static_cast<std::uint64_t>(op.op.code) + static_cast<std::uint64_t>(mode) * 16 +
                 form * 64);
    };
    if (is_last_place(document, op.path)) return head(Mode::same);
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
        head(Mode::known);
        out_.u64(at);
    } else if (left == 1 && at != 0 && at == last_new.parent && !op.path.back().is_element() &&
               !last_new.step.is_element() && op.path.back().type == last_new.step.type) {
        head(Mode::beside);
        write_key(op.path.back().key);
        at = add_place(at, document, op.path.back());
    } else {
        head(Mode::spelled);
        out_.u64(at).u64(left);
        if (at == 0) {
            const DocumentKey& key = known_.documents[document];
            out_.u64(key.collection.size()).raw(bytes_of(key.collection));
            out_.u64(key.id.size()).raw(bytes_of(key.id));
            at = add_place(0, document, {});
            roots_[document] = at;
        }
        for (; depth < op.path.size(); ++depth) {
            const Step& step = op.path[depth];
            out_.u64(static_cast<std::uint64_t>(step.type) * 2 + (step.is_element() ? 1 : 0));
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

std::uint32_t ChangePacker::add_place(std::uint32_t parent, std::uint32_t document,
                                      const Step& step) {
    const auto number = static_cast<std::uint32_t>(known_.places.size());
    if (parent != 0) known_.new_place = number;
    known_.places.push_back({parent, document, step});
    children_.add([&](std::uint32_t place) {
        return hash_of(known_.places[place].parent, known_.places[place].step);
    });
    return number;
}

/// A key in terms of the last new one's.
void ChangePacker::write_key(const std::string& key) {
    const std::size_t shared = shared_prefix(known_.places[known_.new_place].step.key, key);
    out_.u64(shared).u64(key.size() - shared).raw(bytes_of(key).subspan(shared));
}

void ChangePacker::write_dot(const Dot& dot, std::uint64_t low_bit) {
    const std::uint32_t who = author(dot.replica);
    out_.u64(std::uint64_t{who} * 2 + low_bit);
    if (who == known_.authors.size()) {
        out_.raw(dot.replica.view());
        known_.add_author(dot.replica);
    }
    if (who == known_.author) {
        out_.u64(counter_ - dot.counter);
    } else {
        out_.step(known_.authors[who].next, dot.counter);
    }
}

void ChangePacker::write_anchor(const Anchor& anchor) {
    const auto side = static_cast<std::uint64_t>(anchor.side);
    out_.u64(side * 2 + (anchor.element.counter == 0 ? 0 : 1));
    if (anchor.element.counter != 0) write_dot(anchor.element, 0);
}

void ChangePacker::write_payload(const FieldOp& made, std::uint64_t form) {
    const Op& op = made.op;
    const Type type = made.path.empty() ? Type::map : made.path.back().type;
    if (op.code == OpCode::place || op.code == OpCode::move) {
        const Place& place = op.place;
        if (form == 2)
            out_.u64((counter_ - place.parent.counter) * 2 +
                     static_cast<std::uint64_t>(place.side));
        if (form == 3) write_dot(place.parent, static_cast<std::uint64_t>(place.side));
    } else if (form == 1 || form == 2) {
        const DotRun& run = op.removes.runs().front();
        out_.u64(counter_ - run.first);
        if (form == 2) out_.u64(run.size() - 2);
    } else if (form == 3) {
        out_.u64(op.removes.runs().size());
        for (const DotRun& run : op.removes.runs()) {
            write_dot({run.replica, run.first}, run.size() > 1 ? 1 : 0);
            if (run.size() > 1) out_.u64(run.size() - 2);
        }
    }
    switch (op.code) {
        case OpCode::set:
        case OpCode::insert: write_value(out_, op.value); break;
        case OpCode::erase:
            if (type == Type::list) {
                out_.u64(op.element.counter == 0 ? 0 : 1);
                if (op.element.counter != 0) write_dot(op.element, 0);
            } else if (type != Type::text) {
                write_value(out_, op.value);
            }
            break;
        case OpCode::add: out_.i64(op.amount); break;
        case OpCode::cancel:
            out_.u64(op.cancels.size());
            for (const auto& [replica, mark] : op.cancels) {
                write_dot({replica, mark.counter}, 0);
                out_.i64(mark.sum);
            }
            break;
        case OpCode::place:
            if (const std::string* text = op.value.text(); type == Type::text && text != nullptr) {
                out_.u64(text->size()).raw(bytes_of(*text));
            } else if (const auto* values = op.value.array();
                       op.inner == Type::lww_register && values != nullptr) {
                out_.u64(values->size());
                for (const Value& value : *values) write_value(out_, value);
            } else {
                out_.u64(0).u64(static_cast<std::uint64_t>(op.inner));
            }
            break;
        case OpCode::move: write_dot(op.element, 0); break;
        case OpCode::mark:
            out_.u64(op.mark->name.size()).raw(bytes_of(op.mark->name));
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

Bytes pack(const std::vector<Change>& changes) {
    ChangePacker packer;
    for (const Change& change : changes) packer.add(change);
    return packer.take();
}

// Reading

void ChangeUnpacker::open(BytesView bytes, const Limits& limits) {
    in_ = PackedReader(bytes);
    ops_max_ = limits.ops_max;
    error_ = ErrorCode::malformed;
    known_.clear();
    require(bytes.size() <= limits.bytes_max, ErrorCode::too_large);
    require(in_.u64() == packed_format, ErrorCode::unknown_format);
}

void ChangeUnpacker::require(bool condition, ErrorCode code) {
    if (condition || in_.failed()) return;
    error_ = code;
    in_.fail();
}

Result<Change> ChangeUnpacker::next() {
    Change change;
    if (auto good = next(change); !good) return tl::unexpected(good.error());
    return change;
}

Result<> ChangeUnpacker::next(Change& change) {
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

std::uint32_t ChangeUnpacker::read_author() {
    const std::uint64_t who = in_.u64();
    return author_with(who);
}

std::uint32_t ChangeUnpacker::author_with(std::uint64_t who) {
    require(who <= known_.authors.size() && who < authors_max, ErrorCode::out_of_range);
    if (!in_.failed() && who == known_.authors.size()) {
        ReplicaId made;
        const BytesView id = in_.raw(made.bytes.size());
        if (!in_.failed()) std::copy(id.begin(), id.end(), made.bytes.begin());
        require(known_.author_of(made) == known_.authors.size(), ErrorCode::not_canonical);
        known_.add_author(made);
    }
    return in_.failed() ? 0 : static_cast<std::uint32_t>(who);
}

void ChangeUnpacker::read(Change& change) {
    removes_ = 0;
    paths_ = 0;
    const std::uint64_t head = in_.u64(63);
    if ((head & 1) != 0) known_.author = read_author();
    require(known_.author < known_.authors.size(), ErrorCode::malformed);
    if (in_.failed()) return;
    change.replica = known_.authors[known_.author].id;
    change.first = known_.authors[known_.author].next;
    if ((head & 2) != 0) change.first = in_.step(change.first, counter_max);
    change.hlc = known_.stamp.next();
    if ((head & 4) != 0) {
        const std::uint64_t step = in_.u64();
        if (step % 2 == 0) {
            require(step / 2 <= Hlc::ms_max - known_.stamp.ms(), ErrorCode::out_of_range);
            change.hlc = Hlc::at(known_.stamp.ms() + step / 2);
        } else {
            const std::uint64_t by = in_.u64();
            require(step <= 3, ErrorCode::malformed);
            change.hlc = Hlc{step == 1 ? known_.stamp.packed + by : known_.stamp.packed - by};
        }
    }
    known_.stamp = change.hlc;
    if ((head & 8) != 0) {
        read_base(change);
    } else {
        change.base = known_.authors[known_.author].base;
    }
    if ((head & 16) != 0) change.message = read_text(message_text_max);
    const std::uint64_t ops = (head & 32) != 0 ? in_.u64(ops_max_) : 1;
    counter_ = change.first;
    for (std::uint64_t i = 0; i < ops && !in_.failed(); ++i) read_op(change);
    require(counter_ - change.first <= ops_max_ * dots_an_op && counter_ <= counter_max,
            ErrorCode::too_large);
    if (!in_.failed()) known_.authors[known_.author].next = counter_;
}

void ChangeUnpacker::read_base(Change& change) {
    const std::uint64_t form = in_.u64();
    if (form % 2 == 0) {
        require(form / 2 <= counter_max, ErrorCode::out_of_range);
        change.base = form / 2;
        return;
    }
    VersionVector base = known_.authors[known_.author].base;
    for (std::uint64_t left = form / 2; left > 0 && !in_.failed(); --left) {
        const std::uint32_t who = read_author();
        if (in_.failed()) return;
        const std::uint64_t counter = in_.step(known_.authors[who].next, counter_max);
        base.raise(known_.authors[who].id, counter);
    }
    known_.authors[known_.author].base = base;
    change.base = std::move(base);
}

Path ChangeUnpacker::path_of(std::uint32_t place) {
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

std::string ChangeUnpacker::read_text(std::size_t max) {
    const std::uint64_t size = in_.u64();
    require(size <= max, ErrorCode::too_large);
    const BytesView bytes = in_.raw(static_cast<std::size_t>(in_.failed() ? 0 : size));
    std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    require(is_utf8(text), ErrorCode::invalid_utf8);
    return text;
}

/// A key in terms of the last new one's.
std::string ChangeUnpacker::read_key() {
    const std::string& last = known_.places[known_.new_place].step.key;
    const std::uint64_t shared = in_.u64(last.size());
    const std::uint64_t size = in_.u64(key_bytes_max);
    require(shared + size <= key_bytes_max, ErrorCode::too_large);
    const BytesView rest = in_.raw(static_cast<std::size_t>(in_.failed() ? 0 : size));
    if (in_.failed()) return {};
    std::string key = last.substr(0, static_cast<std::size_t>(shared));
    key.append(reinterpret_cast<const char*>(rest.data()), rest.size());
    require(is_utf8(key), ErrorCode::invalid_utf8);
    return key;
}

std::uint32_t ChangeUnpacker::add_place(std::uint32_t parent, std::uint32_t document, Step step) {
    known_.places.push_back({parent, document, std::move(step)});
    const auto number = static_cast<std::uint32_t>(known_.places.size() - 1);
    if (parent != 0) known_.new_place = number;
    return number;
}

void ChangeUnpacker::read_place(std::uint64_t mode) {
    switch (static_cast<Mode>(mode)) {
        case Mode::same: break;
        case Mode::known: {
            const std::uint64_t place = in_.u64();
            require(place < known_.places.size(), ErrorCode::out_of_range);
            known_.place = in_.failed() ? 0 : static_cast<std::uint32_t>(place);
            break;
        }
        case Mode::beside: {
            const PackedContext::Place last = known_.places[known_.new_place];
            require(known_.new_place != 0 && !last.step.is_element(), ErrorCode::malformed);
            known_.place = add_place(last.parent, last.document, Step(read_key(), last.step.type));
            break;
        }
        case Mode::spelled: read_new_place(); break;
    }
    require(known_.place != 0, ErrorCode::malformed);
}

void ChangeUnpacker::read_new_place() {
    const std::uint64_t parent = in_.u64();
    std::uint64_t left = in_.u64(path_max + 1);
    require(parent < known_.places.size() && left > 0, ErrorCode::out_of_range);
    if (in_.failed()) return;
    auto at = static_cast<std::uint32_t>(parent);
    if (at == 0) {
        DocumentKey key;
        key.collection = read_text(name_bytes_max);
        key.id = read_text(name_bytes_max);
        require(known_.documents.size() < documents_max, ErrorCode::too_large);
        known_.documents.push_back(std::move(key));
        at = add_place(0, static_cast<std::uint32_t>(known_.documents.size() - 1), {});
        --left;
    }
    const std::uint32_t document = known_.places[at].document;
    for (; left > 0 && !in_.failed(); --left) {
        const std::uint64_t head = in_.u64();
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
        at = add_place(at, document, std::move(step));
    }
    known_.place = at;
}

std::pair<Dot, std::uint64_t> ChangeUnpacker::read_dot() {
    const std::uint64_t head = in_.u64();
    const std::uint32_t who = author_with(head / 2);
    if (in_.failed()) return {};
    Dot dot{known_.authors[who].id, 0};
    if (who == known_.author) {
        dot.counter = counter_ - in_.u64(counter_ - 1);
        require(dot.counter < counter_, ErrorCode::out_of_range);
    } else {
        dot.counter = in_.step(known_.authors[who].next, counter_max);
    }
    return {in_.failed() ? Dot{} : dot, head % 2};
}

Anchor ChangeUnpacker::read_anchor() {
    const std::uint64_t head = in_.u64(3);
    Anchor anchor{{}, static_cast<Side>(head / 2)};
    if (head % 2 == 1) anchor.element = read_dot().first;
    return anchor;
}

void ChangeUnpacker::read_op(Change& change) {
    const std::uint64_t head = in_.u64(255);
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

void ChangeUnpacker::read_references(Op& op, std::uint64_t form) {
    const ReplicaId own = known_.authors[known_.author].id;
    const auto back = [&](std::uint64_t distance) {
        require(distance > 0 && distance < counter_, ErrorCode::out_of_range);
        return in_.failed() ? Dot{} : Dot{own, counter_ - distance};
    };
    if (op.code == OpCode::place || op.code == OpCode::move) {
        if (form == 1) op.place = {back(1), Side::right};
        if (form == 2) {
            const std::uint64_t place = in_.u64();
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
        const Dot first = back(in_.u64());
        add(first, form == 1 ? 1 : in_.u64(removes_max) + 2);
    }
    if (form == 3) {
        for (std::uint64_t left = in_.u64(removes_max); left > 0 && !in_.failed(); --left) {
            const auto [first, is_run] = read_dot();
            add(first, is_run == 1 ? in_.u64(removes_max) + 2 : 1);
        }
    }
}

void ChangeUnpacker::read_payload(Type type, Op& op) {
    switch (op.code) {
        case OpCode::set:
        case OpCode::insert: op.value = read_value(0); break;
        case OpCode::erase:
            if (type == Type::list) {
                if (in_.u64(1) == 1) op.element = read_dot().first;
            } else if (type != Type::text) {
                op.value = read_value(0);
            }
            break;
        case OpCode::add: {
            op.amount = in_.i64();
            const auto bound = static_cast<std::int64_t>(counter_max);
            const std::int64_t least = type == Type::g_counter ? 0 : -bound;
            require(least <= op.amount && op.amount <= bound, ErrorCode::out_of_range);
            break;
        }
        case OpCode::cancel:
            for (std::uint64_t left = in_.u64(authors_max); left > 0 && !in_.failed(); --left) {
                const Dot dot = read_dot().first;
                const std::int64_t sum = in_.i64();
                // The author's own adds are implied by order, and others come once.
                require(!(dot.replica == known_.authors[known_.author].id) && dot.counter >= 1 &&
                            op.cancels.emplace(dot.replica, CounterMark{dot.counter, sum}).second,
                        ErrorCode::malformed);
            }
            break;
        case OpCode::place:
            if (type == Type::text) {
                op.inner = Type::text;
                op.value = read_text(in_.left());
                require(!op.value.text()->empty(), ErrorCode::malformed);
            } else if (const std::uint64_t count = in_.u64(dots_max); count > 0) {
                Value::Array values;
                for (std::uint64_t i = 0; i < count && !in_.failed(); ++i)
                    values.push_back(read_value(1));
                op.value = std::move(values);
            } else {
                const auto inner = type_of(in_.u64());
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
            mark.name = read_text(key_bytes_max);
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

Value ChangeUnpacker::read_value(std::size_t depth) {
    const std::uint64_t head = in_.u64();
    const std::uint64_t n = head >> 3;
    require(depth <= value_depth_max, ErrorCode::too_deep);
    if (in_.failed()) return {};
    switch (static_cast<Kind>(head & 7)) {
        case integer: return static_cast<std::int64_t>((n >> 1) ^ (0 - (n & 1)));
        case text: {
            const BytesView bytes = in_.raw(static_cast<std::size_t>(n));
            std::string string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            require(is_utf8(string), ErrorCode::invalid_utf8);
            return string;
        }
        case real: {
            double number = 0;
            const BytesView bytes = in_.raw(8);
            if (!in_.failed()) std::memcpy(&number, bytes.data(), 8);
            require(n == 0, ErrorCode::malformed);
            return number;
        }
        case simple:
            require(n <= 3, ErrorCode::malformed);
            if (n == 0 || n > 3) return {};
            if (n == 3) return in_.i64();
            return n == 2;
        case binary: {
            const BytesView bytes = in_.raw(static_cast<std::size_t>(n));
            return Bytes(bytes.begin(), bytes.end());
        }
        case array: {
            Value::Array items;
            for (std::uint64_t i = 0; i < n && !in_.failed(); ++i)
                items.push_back(read_value(depth + 1));
            return items;
        }
        case map: {
            Value::Map members;
            for (std::uint64_t i = 0; i < n && !in_.failed(); ++i) {
                std::string key = read_text(in_.left());
                members.push_back({std::move(key), read_value(depth + 1)});
            }
            return members;
        }
    }
    require(false, ErrorCode::malformed);
    return {};
}

Result<std::vector<Change>> unpack(BytesView bytes, const Limits& limits) {
    ChangeUnpacker unpacker(bytes, limits);
    std::vector<Change> changes;
    while (!unpacker.at_end()) {
        auto change = unpacker.next();
        if (!change) return tl::unexpected(change.error());
        changes.push_back(std::move(*change));
    }
    return changes;
}

}  // namespace syncline::wire
