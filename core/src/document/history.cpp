#include "syncline/document/history.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

bool concerns(const FieldOp& op, const Dot& first, const Path& path) {
    const std::size_t common = std::min(op.path.size(), path.size());
    if (!std::equal(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(common),
                    op.path.begin())) {
        return false;
    }
    if (op.path.size() >= path.size()) return true;
    const Dot& element = path[common].element;  // counter 0: a field's step
    switch (op.op.code) {
        case OpCode::clear: return true;
        case OpCode::erase:
            // By the values' dots, or by the element's name.
            return op.op.element.counter == 0 || op.op.element == element;
        case OpCode::move: return op.op.element == element;
        case OpCode::place:
            return first.replica == element.replica && first.counter <= element.counter &&
                   element.counter < first.counter + span(op.op);
        default: return false;
    }
}

std::optional<HistoryEntry> history_entry(const Change& change, const DocumentKey& document,
                                          const Path& path) {
    HistoryEntry entry;
    for_each_op(change, [&](const Section& section, const FieldOp& op, const Event& at) {
        if (section.document == document && concerns(op, at.dot, path))
            entry.edits.push_back({at.dot, op});
    });
    if (entry.edits.empty()) return std::nullopt;
    entry.author = change.replica;
    entry.first = change.first;
    entry.hlc = change.hlc;
    entry.message = change.message;
    return entry;
}

namespace {

std::string_view name_of(OpCode code) {
    switch (code) {
        case OpCode::set: return "set";
        case OpCode::add: return "add";
        case OpCode::insert: return "insert";
        case OpCode::erase: return "erase";
        case OpCode::enable: return "enable";
        case OpCode::disable: return "disable";
        case OpCode::create: return "create";
        case OpCode::clear: return "clear";
        case OpCode::cancel: return "cancel";
        case OpCode::place: return "place";
        case OpCode::move: return "move";
        case OpCode::mark: return "mark";
    }
    return "";
}

Value number(std::uint64_t value) { return Value(static_cast<std::int64_t>(value)); }

Value::Map sorted(Value::Map members) {
    std::sort(members.begin(), members.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    return members;
}

Value to_value(const Path& path) {
    Value::Array steps;
    for (const Step& step : path) {
        if (step.is_element()) {
            const std::string name =
                to_string(step.element.replica) + ":" + std::to_string(step.element.counter);
            steps.emplace_back(Value::Map{{"element", Value(name)}});
        } else {
            steps.emplace_back(step.key);
        }
    }
    return steps;
}

Value to_value(const HistoryEntry::Edit& edit) {
    const Op& op = edit.op.op;
    Value::Map members{{"field", to_value(edit.op.path)}, {"op", Value(name_of(op.code))}};
    const Type type = edit.op.path.empty() ? Type::map : edit.op.path.back().type;
    members.push_back({"type", Value(syncline::name_of(type))});
    if (op.code == OpCode::add) members.push_back({"amount", Value(op.amount)});
    if (!op.removes.empty()) members.push_back({"removes", number(op.removes.size())});
    if (op.mark) {
        members.push_back({"name", Value(op.mark->name)});
        members.push_back({"value", op.mark->value});
    }
    if (op.code == OpCode::place && op.inner != Type::lww_register && op.inner != Type::text)
        members.push_back({"new", Value(syncline::name_of(op.inner))});
    const bool has_value = op.code == OpCode::set || op.code == OpCode::insert ||
                           (op.code == OpCode::erase && !op.value.is_null()) ||
                           (op.code == OpCode::place && !op.value.is_null());
    if (has_value) members.push_back({"value", op.value});
    return sorted(std::move(members));
}

}  // namespace

Value to_value(const HistoryEntry& entry) {
    Value::Array edits;
    for (const HistoryEntry::Edit& edit : entry.edits) edits.push_back(to_value(edit));
    Value::Map members{{"author", Value(to_string(entry.author))},
                       {"edits", Value(std::move(edits))},
                       {"first", number(entry.first)}};
    if (!entry.message.empty()) members.push_back({"message", Value(entry.message)});
    if (entry.sequence) members.push_back({"sequence", number(*entry.sequence)});
    members.push_back({"stamp_ms", number(entry.hlc.ms())});
    return members;
}

std::vector<HistoryEntry> history(const Replica& replica, const Path& path) {
    std::vector<HistoryEntry> entries;
    replica.for_each_logged([&](const Change& change) {
        for (const Section& section : change.sections) {
            auto entry = history_entry(change, section.document, path);
            if (!entry) continue;
            entries.push_back(std::move(*entry));
            break;  // a replica has one document
        }
    });
    return entries;
}

Result<Document> as_of(const Replica& replica, const VersionVector& seen) {
    if (!replica.log_begin().empty())
        return fail(ErrorCode::not_found, "the log does not go back to the beginning");
    if (!replica.seen().covers(seen))
        return fail(ErrorCode::not_found, "a version that is not here yet");
    Document document;
    bool was_seen = true;
    replica.for_each_logged([&](const Change& change) {
        const std::uint64_t known = seen.at(change.replica);
        if (known < change.first) return;
        const auto* base = std::get_if<VersionVector>(&change.base);
        was_seen = was_seen && known >= change.last() && base != nullptr && seen.covers(*base);
        Event at{{change.replica, change.first}, change.hlc};
        for (const Section& section : change.sections) {
            document.apply(section.ops, at, nullptr);
            at.dot.counter += section.span();
        }
    });
    if (!was_seen) {
        return fail(ErrorCode::invalid_argument,
                    "a version that has a change without what its author had seen");
    }
    return document;
}

}  // namespace syncline
