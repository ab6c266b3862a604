#include "reference.hpp"

#include <algorithm>

namespace syncline::sim {

void Reference::add(const Change& change) {
    for_each_op(change, [&](const Section& section, const FieldOp& op, const Event& at) {
        for (const Dot& dot : op.op.removes) removed_.insert(dot);
        ops_[section.document].push_back({op, at});
    });
}

std::vector<DocumentKey> Reference::documents() const {
    std::vector<DocumentKey> keys;
    for (const auto& [key, ops] : ops_) keys.push_back(key);
    return keys;
}

struct Reference::Field {
    // By the ops that are still in force.
    std::set<Value> inserted, erased;
    std::size_t enables = 0, disables = 0, presence = 0;
    struct Written {
        Hlc hlc;
        Dot dot;
        Value value;
    };
    std::vector<Written> values;
    // Counters: by author, every add and how far it was cancelled.
    std::map<ReplicaId, std::map<std::uint64_t, std::int64_t>> adds;
    std::map<ReplicaId, std::uint64_t> cancelled;
    std::map<FieldKey, Field> below;

    [[nodiscard]] std::int64_t total(bool* live) const {
        std::uint64_t sum = 0;
        for (const auto& [author, amounts] : adds) {
            const auto cut = cancelled.find(author);
            for (const auto& [counter, amount] : amounts) {
                if (cut != cancelled.end() && counter <= cut->second) continue;
                sum += static_cast<std::uint64_t>(amount);
                *live = true;
            }
        }
        return static_cast<std::int64_t>(sum);
    }

    [[nodiscard]] bool show(Type type, Value& into) const {
        bool live = false;
        switch (type) {
            case Type::map: {
                Value::Map members;
                live = presence > 0;
                for (const auto& [field, node] : below) {
                    Value value;
                    if (!node.show(field.type, value)) continue;
                    live = true;
                    if (!members.empty() && members.back().key == field.key) continue;
                    members.push_back({field.key, std::move(value)});
                }
                into = Value(std::move(members));
                return live;
            }
            case Type::or_set:
            case Type::g_set:
            case Type::rw_set: {
                Value::Array in;
                for (const Value& value : inserted) {
                    if (erased.count(value) == 0) in.push_back(value);
                }
                into = Value(std::move(in));
                return !inserted.empty();
            }
            case Type::pn_counter:
            case Type::g_counter: into = total(&live); return live;
            case Type::ew_flag: into = enables > 0; return enables > 0;
            case Type::dw_flag: into = enables > 0 && disables == 0; return enables > 0;
            case Type::lww_register: {
                const auto best = std::max_element(
                    values.begin(), values.end(), [](const Written& a, const Written& b) {
                        return a.hlc == b.hlc ? a.dot < b.dot : a.hlc < b.hlc;
                    });
                if (best != values.end()) into = best->value;
                return best != values.end();
            }
            case Type::mv_register: {
                std::vector<Written> sorted = values;
                std::sort(sorted.begin(), sorted.end(),
                          [](const Written& a, const Written& b) { return a.dot < b.dot; });
                Value::Array all;
                for (const Written& written : sorted) all.push_back(written.value);
                into = Value(std::move(all));
                return !values.empty();
            }
            case Type::list:
            case Type::text: return false;
        }
        return false;
    }
};

Value Reference::view(const DocumentKey& key) const {
    const auto found = ops_.find(key);
    if (found == ops_.end()) return {};
    Field root;
    for (const Added& added : found->second) {
        Field* field = &root;
        for (const Step& step : added.op.path) field = &field->below[step.field()];
        const Op& op = added.op.op;
        const Dot& dot = added.at.dot;
        // Counters know no dots: what is cancelled is said by author and counter.
        if (op.code == OpCode::add) field->adds[dot.replica][dot.counter] = op.amount;
        if (op.code == OpCode::cancel) {
            for (const auto& [replica, mark] : op.cancels) {
                std::uint64_t& cut = field->cancelled[replica];
                cut = std::max(cut, mark.counter);
            }
            std::uint64_t& own = field->cancelled[dot.replica];
            own = std::max(own, dot.counter);
        }
        if (removed_.count(dot) != 0) continue;
        switch (op.code) {
            case OpCode::set: field->values.push_back({added.at.hlc, dot, op.value}); break;
            case OpCode::insert: field->inserted.insert(op.value); break;
            case OpCode::erase:
                // Only where erasures win do they stay.
                if (added.op.path.back().type == Type::rw_set) field->erased.insert(op.value);
                break;
            case OpCode::enable: ++field->enables; break;
            case OpCode::disable: ++field->disables; break;
            case OpCode::create: ++field->presence; break;
            default: break;
        }
    }
    Value shown;
    return root.show(Type::map, shown) ? shown : Value();
}

}  // namespace syncline::sim
