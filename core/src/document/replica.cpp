#include "syncline/document/replica.hpp"

#include "carry.hpp"
#include "clock/set_of_runs.hpp"
#include "syncline/document/op_check.hpp"
#include "syncline/document/undo.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

namespace syncline {

namespace {
constexpr std::size_t piece_bytes = 16'384;
/// As many ops of a change in the making are kept spelled out; they stay in the caches.
constexpr std::size_t ops_kept = 256;

/// The highest stamp in a state: what is written next has to be above it.
struct Latest {
    Hlc hlc;
    void see(Hlc other) { hlc = std::max(hlc, other); }
    void operator()(const OrMap& map) {
        for (const auto& [field, node] : map.fields()) node->visit(*this);
    }
    void operator()(const List& list) {
        for (const auto* run = list.order().front(); run != nullptr; run = List::Order::next(*run))
            see(run->payload.hlc());
        for (const auto& [id, element] : list.elements()) {
            see(element.moved);
            (*this)(element.contents());
        }
    }
    void operator()(const Text& text) {
        for (const auto& [dot, mark] : text.marks()) see(mark.hlc);
    }
    void operator()(const DotValues& values) {
        for (const auto& entry : values.entries()) see(entry.hlc);
    }
    void operator()(const LwwRegister& reg) { (*this)(reg.values()); }
    void operator()(const MvRegister& reg) { (*this)(reg.dot_values()); }
    template <typename Unstamped>
    void operator()(const Unstamped&) {}
};

/// Adds a counter's entries to the one at `path`, by ops that come to them.
void carry(const CounterEntries& entries, const Path& path, OrMap& to) {
    FieldOp cancel{path, {}};
    cancel.op.code = OpCode::cancel;
    for (const auto& [replica, entry] : entries.entries()) {
        if (entry.total.counter != 0) {
            FieldOp add{path, {}};
            add.op.code = OpCode::add;
            add.op.amount = entry.total.sum;
            to.apply(add, {{replica, entry.total.counter}, Hlc{}});
        }
        if (entry.cancelled.counter != 0) cancel.op.cancels.emplace(replica, entry.cancelled);
    }
    // By an author who has no adds, or they would be cancelled too.
    if (!cancel.op.cancels.empty()) to.apply(cancel, {{ReplicaId{}, 1}, Hlc{}});
}

}  // namespace

void carry_counter(const Node& node, const Path& path, OrMap& to) {
    node.visit([&](const auto& store) {
        if constexpr (requires { CounterEntries(store.entries()); })
            carry(store.entries(), path, to);
    });
}

namespace {

tl::unexpected<Error> not_in_log() {
    return fail(ErrorCode::not_found, "the log does not go back that far");
}

bool names_only_its_past(const Change& change, const VersionVector& base) {
    bool good = true;
    for_each_op(change, [&](const Section&, const FieldOp& op, const Event& at) {
        for_each_reference(op, [&](const DotRun& dots) {
            const std::uint64_t known =
                dots.replica == change.replica ? at.dot.counter - 1 : base.at(dots.replica);
            good = good && dots.last <= known;
        });
    });
    return good;
}

}  // namespace

Event Replica::Edit::next() const { return {{replica_.id_, replica_.next_}, replica_.change_.hlc}; }

Result<> Replica::Edit::apply(FieldOp op) {
    if (auto good = check(op); !good) return good;
    Replica& me = replica_;
    const Event at = next();
    if (record_ != nullptr) record_->add({}, me.document_, op, at);
    me.document_.apply(op, at, nullptr);
    me.keep(std::move(op));
    return {};
}

template <typename T>
Result<> Replica::Edit::renew(Type type, FieldOp op) {
    const auto is_element = [](const Step& step) { return step.is_element(); };
    const bool is_field = !op.path.empty() && op.path.back().type == type &&
                          std::none_of(op.path.begin(), op.path.end(), is_element);
    if (!is_field || record_ != nullptr) {
        op.op.removes = root().at<T>(op.path).renewed(op.op);
        return apply(std::move(op));
    }
    if (auto good = check(op); !good) return good;
    replica_.document_.renew(op, next());
    replica_.keep(std::move(op));
    return {};
}

Result<> Replica::Edit::set(Path path, Value value) {
    return renew<LwwRegister>(Type::lww_register,
                              {std::move(path), LwwRegister().set(std::move(value))});
}
Result<> Replica::Edit::add(Path path, std::int64_t amount) {
    return apply({std::move(path), PnCounter().add(amount)});
}
Result<> Replica::Edit::insert(Path path, Value element) {
    return renew<OrSet>(Type::or_set, {std::move(path), OrSet().insert(std::move(element))});
}
Result<> Replica::Edit::erase(Path path, Value element) {
    return renew<OrSet>(Type::or_set, {std::move(path), OrSet().erase(std::move(element))});
}
Result<> Replica::Edit::insert(Path path, std::uint32_t at, std::string_view utf8, Unit unit) {
    auto op = root().at<Text>(path).insert(at, utf8, unit);
    if (!op) return tl::unexpected(op.error());
    return apply({std::move(path), std::move(*op)});
}
Result<> Replica::Edit::erase(Path path, std::uint32_t from, std::uint32_t count, Unit unit) {
    auto op = root().at<Text>(path).erase(from, count, unit);
    if (!op) return tl::unexpected(op.error());
    if (op->removes.empty()) return {};
    return apply({std::move(path), std::move(*op)});
}

void Replica::begin(std::uint64_t now_ms) {
    change_.replica = id_;
    // What the last change needed is used again, unless it was long and somebody asked for it.
    if (!change_.sections.empty() && change_.sections.front().ops.capacity() <= ops_kept) {
        ops_spare_ = std::move(change_.sections.front().ops);
        ops_spare_.clear();
    }
    change_.sections.clear();
    long_.reset();  // of an edit that threw
    last_is_packed_ = false;
    change_.first = next_ = seen_.at(id_) + 1;
    change_.hlc = clock_.tick(now_ms);
    change_.base = others_;
}

void Replica::keep(FieldOp op) {
    next_ += span(op.op);
    if (change_.sections.empty()) change_.sections.push_back({{}, std::exchange(ops_spare_, {})});
    std::vector<FieldOp>& ops = change_.sections.back().ops;
    if (ops.size() == ops_kept) pack_kept();
    ops.push_back(std::move(op));
}

void Replica::pack_kept() {
    if (!long_) long_.emplace(change_);
    Section& kept = change_.sections.front();
    long_->add(kept.document, kept.ops);
    kept.ops.clear();
}

void Replica::commit() {
    if (change_.sections.empty()) return;
    seen_.raise(id_, next_ - 1);
    if (!long_) return log(change_);
    // A long change is a piece of the log of its own.
    pack_kept();
    ops_spare_ = std::move(change_.sections.front().ops);
    change_.sections.clear();
    close_piece();
    VersionVector last;
    last.raise(id_, next_ - 1);
    log_.push_back({long_->take(), std::move(last)});
    long_.reset();
    last_is_packed_ = true;
}

const Change& Replica::last_made() {
    if (std::exchange(last_is_packed_, false)) {
        wire::ChangeUnpacker unpacker(log_.back().packed, wire::state_limits());
        [[maybe_unused]] const auto read = unpacker.next(change_);
        assert(read);  // the log holds what packing made
    }
    return change_;
}

void Replica::log(const Change& change) {
    open_.add(change);
    open_last_.raise(change.replica, change.last());
    if (open_.size() < piece_bytes) return;
    close_piece();
}

void Replica::close_piece() {
    if (open_.changes() == 0) return;
    log_.push_back({open_.take(), std::exchange(open_last_, {})});
}

Result<> Replica::take(const Change& change) {
    const auto is_new = fold(change);
    if (!is_new) return tl::unexpected(is_new.error());
    if (*is_new) log(change);
    return {};
}

Result<bool> Replica::fold(const Change& change) {
    const std::uint64_t have = seen_.at(change.replica);
    const std::uint64_t last = change.last();
    if (last <= have) return false;
    const auto* base = std::get_if<VersionVector>(&change.base);
    if (change.first != have + 1 || base == nullptr || !seen_.covers(*base))
        return fail(ErrorCode::gap, "a change whose author had seen more than is here");
    if (!names_only_its_past(change, *base))
        return fail(ErrorCode::unknown_reference,
                    "a change that names what its author cannot know");
    Event at{{change.replica, change.first}, change.hlc};
    for (const Section& section : change.sections) {
        document_.apply(section.ops, at, nullptr);
        at.dot.counter += section.span();
    }
    seen_.raise(change.replica, last);
    others_.raise(change.replica, last);
    clock_.observe(change.hlc);
    return true;
}

Result<> Replica::take(BytesView packed, const wire::Limits& limits) {
    if (packed.size() >= piece_bytes) return take_piece(packed, limits);
    unpacker_.open(packed, limits);
    while (!unpacker_.at_end()) {
        if (auto read = unpacker_.next(taken_); !read) return read;
        if (auto taken = take(taken_); !taken) return taken;
    }
    return {};
}

Result<> Replica::take(wire::ChangeStreamReader& stream, BytesView update,
                       const wire::Limits& limits) {
    if (auto opened = stream.open(update, limits); !opened) return opened;
    while (!stream.at_end()) {
        if (auto read = stream.next(taken_); !read) return read;
        if (auto taken = take(taken_); !taken) return taken;
    }
    return {};
}

Result<> Replica::take_piece(BytesView packed, const wire::Limits& limits) {
    const VersionVector before = seen_;
    const auto fold_all = [&]() -> Result<bool> {
        bool all_new = true;
        wire::ChangeUnpacker unpacker(packed, limits);
        Change change;
        while (!unpacker.at_end()) {
            if (auto read = unpacker.next(change); !read) return tl::unexpected(read.error());
            auto is_new = fold(change);
            if (!is_new) return is_new;
            all_new = all_new && *is_new;
        }
        return all_new;
    };
    const Result<bool> all_new = fold_all();
    if (all_new && *all_new) {
        close_piece();
        VersionVector last;
        for (const auto& [replica, counter] : seen_) {
            if (counter > before.at(replica)) last.raise(replica, counter);
        }
        log_.push_back({Bytes(packed.begin(), packed.end()), std::move(last)});
        return {};
    }
    // Of the others, what became known goes into the log change by change.
    VersionVector logged = before;
    wire::ChangeUnpacker unpacker(packed, limits);
    while (!unpacker.at_end()) {
        const auto change = unpacker.next();
        if (!change || change->last() > seen_.at(change->replica)) break;
        if (change->last() <= logged.at(change->replica)) continue;
        logged.raise(change->replica, change->last());
        log(*change);
    }
    if (!all_new) return tl::unexpected(all_new.error());
    return {};
}

template <typename Use>
Result<> Replica::for_each_since(const VersionVector& seen, Use use) const {
    if (!seen.covers(log_from_)) return not_in_log();
    const auto each = [&](BytesView packed, const VersionVector& last) {
        if (seen.covers(last)) return;
        wire::ChangeUnpacker unpacker(packed, wire::state_limits());
        Change change;
        while (!unpacker.at_end()) {
            if (!unpacker.next(change))
                return;  // the log holds what was read before: there is none
            if (change.last() > seen.at(change.replica)) use(change);
        }
    };
    for (const Piece& piece : log_) each(piece.packed, piece.last);
    each(open_.view(), open_last_);
    return {};
}

Result<> Replica::for_each_change_since(const VersionVector& seen,
                                        const std::function<void(const Change&)>& use) const {
    return for_each_since(seen, use);
}

std::uint64_t Replica::dots_since(const VersionVector& seen) const {
    std::uint64_t dots = 0;
    for (const auto& [replica, counter] : seen_) {
        const std::uint64_t known = seen.at(replica);
        if (counter > known) dots += counter - known;
    }
    return dots;
}

Result<Bytes> Replica::changes_since(const VersionVector& seen) const {
    const bool many = dots_since(seen) >= wire::column_dots_min;
    wire::ChangePacker out(many ? wire::Layout::columns : wire::Layout::rows);
    if (auto done = for_each_since(seen, [&](const Change& change) { out.add(change); }); !done)
        return tl::unexpected(done.error());
    return out.take();
}

Result<Bytes> Replica::changes_since(const VersionVector& seen,
                                     wire::ChangeStreamWriter& stream) const {
    if (!seen.covers(log_from_)) return not_in_log();
    stream.begin(dots_since(seen));
    if (auto done = for_each_since(seen, [&](const Change& change) { stream.add(change); }); !done)
        return tl::unexpected(done.error());
    return stream.end();
}

void Replica::for_each_logged(const std::function<void(const Change&)>& use) const {
    const auto each = [&](BytesView packed) {
        wire::ChangeUnpacker unpacker(packed, wire::state_limits());
        while (!unpacker.at_end()) {
            const auto change = unpacker.next();
            if (!change) return;  // the log holds what packing made: there is none
            use(*change);
        }
    };
    for (const Piece& piece : log_) each(piece.packed);
    each(open_.view());
}

Result<Bytes> Replica::delta_since(const VersionVector& seen) const {
    // Ops on nothing leave what they add. What they take away is in the context and not in the
    // state, which removes it; counters are carried whole.
    OrMap delta;
    std::set<Path> counters;
    std::vector<DotRun> dots;
    const auto add = [&](const Change& change) {
        dots.emplace_back(change.replica, change.first, change.last());
        for_each_op(change, [&](const Section&, const FieldOp& op, const Event& at) {
            const DotSet& removes = op.op.removes;
            dots.insert(dots.end(), removes.runs().begin(), removes.runs().end());
            if (op.op.code == OpCode::add || op.op.code == OpCode::cancel) {
                counters.insert(op.path);
            } else {
                delta.apply(op, at);
            }
        });
    };
    if (auto done = for_each_since(seen, add); !done) return tl::unexpected(done.error());
    for (const Path& path : counters) {
        if (const Node* node = root().find(path)) carry_counter(*node, path, delta);
    }
    CausalContext context;
    context.insert(set_of(std::move(dots)));
    return wire::encode_state(delta, context);
}

void Replica::forget_log() {
    close_piece();
    log_.clear();
    log_from_ = seen_;
}

Bytes Replica::save() const { return wire::encode_state(document_.root(), CausalContext(seen_)); }

Result<> Replica::join(BytesView state, const wire::Limits& limits) {
    auto decoded = wire::decode_state(state, limits);
    if (!decoded) return tl::unexpected(decoded.error());
    return join(std::move(decoded->first), decoded->second);
}

Result<> Replica::join(OrMap map, const CausalContext& context) {
    CausalContext both(seen_);
    both.join(context);
    if (!both.exceptions().empty())
        return fail(ErrorCode::gap, "a delta of what came after more than is here");
    // Who has seen all that a state has seen has all that it has; what it says else is a lie.
    if (both.vector() == seen_) return {};
    Latest latest;
    latest(map);
    clock_.observe(latest.hlc);
    if (seen_.empty() && root().empty()) {
        document_ = Document(std::move(map));
    } else {
        document_.join(map, CausalContext(seen_), context);
    }
    seen_ = both.vector();
    for (const auto& [replica, counter] : seen_) {
        if (!(replica == id_)) others_.raise(replica, counter);
    }
    forget_log();
    return {};
}

}  // namespace syncline
