// Exchanges: what a reply says of changes, and what it means to who takes it in.

#include "syncline/document/exchange.hpp"

#include "carry.hpp"
#include "clock/set_of_runs.hpp"
#include "codec/exchange_codec.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <type_traits>

namespace syncline {

namespace {

using wire::ExchangeDelta;

/// The values of a register, or null for other stores.
struct ValuesOf {
    const DotValues* operator()(const LwwRegister& reg) const { return &reg.values(); }
    const DotValues* operator()(const MvRegister& reg) const { return &reg.dot_values(); }
    template <typename Other>
    const DotValues* operator()(const Other&) const {
        return nullptr;
    }
};

/// What the changes above a version did, in two steps, because what comes in between ends the log.
class DeltaMaker {
public:
    explicit DeltaMaker(VersionVector above) : above_(std::move(above)) {}

    Result<> collect(const Replica& me) {
        return me.for_each_change_since(above_, [this](const Change& change) {
            for_each_op(change,
                        [&](const Section&, const FieldOp& op, const Event& at) { add(op, at); });
        });
    }
    /// With registers and counters as they are now.
    ExchangeDelta finish(const Replica& me) {
        for (auto& [path, removed] : registers_) {
            const Node* node = me.root().find(path);
            if (node == nullptr) {
                removes_.insert(removes_.end(), removed.begin(), removed.end());
            } else {
                put(path, *node->visit(ValuesOf()));
            }
        }
        for (const Path& path : counters_) {
            if (const Node* node = me.root().find(path)) carry_counter(*node, path, map_);
        }
        return {me.seen(), std::move(map_), known_removes()};
    }

private:
    void add(const FieldOp& op, const Event& at) {
        const auto& removes = op.op.removes.runs();
        if (is_told_whole(op.path)) {
            auto& removed = registers_[op.path];
            removed.insert(removed.end(), removes.begin(), removes.end());
            return;
        }
        removes_.insert(removes_.end(), removes.begin(), removes.end());
        if (op.op.code == OpCode::add || op.op.code == OpCode::cancel) {
            counters_.insert(op.path);
        } else {
            map_.apply(op, at);
        }
    }
    static bool is_told_whole(const Path& path) {
        if (path.empty()) return false;
        const Type type = path.back().type;
        return (type == Type::lww_register || type == Type::mv_register) &&
               std::none_of(path.begin(), path.end(),
                            [](const Step& step) { return step.is_element(); });
    }
    void put(const Path& path, const DotValues& values) {
        FieldOp set{path, {}};
        set.op.code = OpCode::set;
        for (const auto& entry : values.entries()) {
            set.op.value = entry.value;
            map_.apply(set, {entry.dot, entry.hlc});
        }
    }
    /// Those that the other one may have: all else it has not seen.
    [[nodiscard]] DotSet known_removes() {
        std::vector<DotRun> known;
        for (DotRun run : removes_) {
            run.last = std::min(run.last, above_.at(run.replica));
            if (run.first <= run.last) known.push_back(run);
        }
        return set_of(std::move(known));
    }

    VersionVector above_;
    OrMap map_;
    std::vector<DotRun> removes_;
    std::map<Path, std::vector<DotRun>> registers_;  ///< and what was taken out of them
    std::set<Path> counters_;
};

/// Adds the dots of the registers that came, and of those at the same places here what their
/// sender had seen and has no more.
void see_registers(const OrMap& theirs, const OrMap* mine, const VersionVector& seen,
                   CausalContext& context) {
    for (const auto& [field, node] : theirs.fields()) {
        const Node* own = mine == nullptr ? nullptr : mine->find(field);
        if (const OrMap* map = node->as<OrMap>()) {
            see_registers(*map, own == nullptr ? nullptr : own->as<OrMap>(), seen, context);
            continue;
        }
        const DotValues* values = node->visit(ValuesOf());
        if (values == nullptr) continue;
        for (const auto& entry : values->entries()) context.insert(entry.dot);
        if (own == nullptr) continue;
        for (const auto& entry : own->visit(ValuesOf())->entries()) {
            if (seen.covers(entry.dot)) context.insert(entry.dot);
        }
    }
}

/// Takes in a reply by one that knows that `told` is here.
Result<> take_in(Replica& me, ExchangeDelta delta, const VersionVector& told) {
    if (!me.seen().covers(told)) return fail(ErrorCode::gap, "what was seen is here no more");
    CausalContext context;
    for (const auto& [replica, counter] : delta.seen) {
        const std::uint64_t had = told.at(replica);
        if (counter > had) context.insert(replica, {had + 1, counter});
    }
    context.insert(delta.removes);
    see_registers(delta.map, &me.root(), delta.seen, context);
    return me.join(std::move(delta.map), context);
}

tl::unexpected<Error> not_open() {
    return fail(ErrorCode::unexpected_message, "a reply without an exchange");
}

}  // namespace

Bytes ExchangeAsker::ask(const Replica& me) {
    told_ = me.seen();
    is_open_ = true;
    return wire::write_question(told_, known_);
}

Result<Bytes> ExchangeAsker::take(Replica& me, BytesView answer, const wire::Limits& limits) {
    if (!is_open_) return not_open();
    ExchangeKnown known = known_;
    auto delta = wire::read_reply(answer, limits, known);
    if (!delta) return tl::unexpected(delta.error());
    DeltaMaker closing(delta->seen);
    if (auto collected = closing.collect(me); !collected) return tl::unexpected(collected.error());
    if (auto taken = take_in(me, std::move(*delta), told_); !taken)
        return tl::unexpected(taken.error());
    is_open_ = false;
    return wire::write_reply(closing.finish(me), known);
}

Result<Bytes> ExchangeAnswerer::answer(const Replica& me, BytesView question,
                                       const wire::Limits& limits) {
    is_open_ = false;
    if (auto read = wire::read_question(question, limits, known_); !read)
        return tl::unexpected(read.error());
    DeltaMaker delta(known_.seen);
    if (auto collected = delta.collect(me); !collected) return tl::unexpected(collected.error());
    told_ = me.seen();
    is_open_ = true;
    return wire::write_reply(delta.finish(me), known_);
}

Result<> ExchangeAnswerer::take(Replica& me, BytesView closing, const wire::Limits& limits) {
    if (!is_open_) return not_open();
    auto delta = wire::read_reply(closing, limits, known_);
    if (!delta) return tl::unexpected(delta.error());
    is_open_ = false;
    return take_in(me, std::move(*delta), told_);
}

}  // namespace syncline
