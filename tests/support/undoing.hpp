#pragma once

#include "support/random_edits.hpp"
#include "syncline/document/json.hpp"
#include "syncline/document/undo.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace syncline::testing {

inline const DocumentKey the_document{"tasks", "t1"};

/// For messages: who did what where.
[[nodiscard]] inline std::string describe(const Change& change) {
    const auto dot_text = [](const Dot& dot) {
        return std::to_string(std::to_integer<int>(dot.replica.bytes[0]) - 0xA0) + "." +
               std::to_string(dot.counter);
    };
    std::string text;
    for_each_op(change, [&](const Section&, const FieldOp& op, const Event& at) {
        text += dot_text(at.dot) + " ";
        for (const Step& step : op.path) {
            text += "/" + (step.is_element() ? dot_text(step.element) : step.key) + ":" +
                    std::string(name_of(step.type));
        }
        text += " code " + std::to_string(static_cast<int>(op.op.code));
        text += " " + to_json(op.op.value) + " " + std::to_string(op.op.amount) + " removes";
        for (const DotRun& run : op.op.removes.runs())
            text += " " + dot_text({run.replica, run.first}) + "-" + std::to_string(run.last);
        if (op.op.place.parent.counter != 0)
            text += (op.op.place.side == Side::left ? " left of " : " right of ") +
                    dot_text(op.op.place.parent);
        if (op.op.element.counter != 0) text += " element " + dot_text(op.op.element);
        if (op.op.mark)
            text += " " + op.op.mark->name + " " + dot_text(op.op.mark->from.element) + " to " +
                    dot_text(op.op.mark->to.element);
        text += "\n";
    });
    return text;
}

/// A copy of a document whose user can undo.
struct Desk {
    Copy copy;
    UndoManager manager{UndoManager::Options{1000, 0}};

    explicit Desk(Copy of) : copy(std::move(of)) {}
    explicit Desk(const ReplicaId& id) : copy{id, {}, {}, {}} {}
    [[nodiscard]] const OrMap& root() const { return copy.document.root(); }

    /// A transaction: `use(edit)` calls `edit(op)` with each op, made from root().
    template <typename Use>
    Change transact(Use use, std::uint64_t now_ms = 0) {
        UndoRecord record;
        Copy::Draft draft = copy.draft();
        use([&](FieldOp op) {
            const Event at{Dot{copy.id, draft.next}, draft.change.hlc};
            record.add(the_document, copy.document, op, at);
            copy.apply(draft, std::move(op));
        });
        manager.record(std::move(record), now_ms);
        return std::move(draft.change);
    }
    Change transact(FieldOp op, std::uint64_t now_ms = 0) {
        return transact([&](auto edit) { edit(std::move(op)); }, now_ms);
    }
    Change transact(std::vector<FieldOp> ops, std::uint64_t now_ms = 0) {
        return transact(
            [&](auto edit) {
                for (FieldOp& op : ops) edit(std::move(op));
            },
            now_ms);
    }
    Change transact(const Path& path, Op op) { return transact(FieldOp{path, std::move(op)}); }

    /// Somebody else's.
    void take(const Change& change) {
        if (change.sections.empty()) return;
        for_each_op(change, [&](const Section& section, const FieldOp& op, const Event& at) {
            manager.observe(section.document, op, at);
        });
        copy.take(change);
    }

    Change undo() {
        return step([&](UndoTarget& target) { return manager.undo(target); });
    }
    Change redo() {
        return step([&](UndoTarget& target) { return manager.redo(target); });
    }

private:
    class Target : public UndoTarget {
    public:
        Target(Copy& of, Copy::Draft& draft) : copy_(of), draft_(draft) {}
        [[nodiscard]] ReplicaId author() const override { return copy_.id; }
        Result<const Document*> read(const DocumentKey&) override { return &copy_.document; }
        Result<Event> edit(const DocumentKey&, FieldOp op) override {
            return copy_.apply(draft_, std::move(op));
        }

    private:
        Copy& copy_;
        Copy::Draft& draft_;
    };
    template <typename Make>
    Change step(Make make) {
        Copy::Draft draft = copy.draft();
        Target target(copy, draft);
        auto made = make(target);
        if (made) manager.done(std::move(*made));
        return std::move(draft.change);
    }
};

/// What is there in a document, hidden fields and texts' properties included, by typed path.
enum class Conflicts : std::uint8_t { told, ignored };
inline void describe(const OrMap& map, const std::string& path, Conflicts conflicts,
                     std::vector<std::string>& lines);

inline void describe(const Node& node, const std::string& path, Conflicts conflicts,
                     std::vector<std::string>& lines) {
    if (!node.live()) return;
    std::string line = path + ":" + std::string(name_of(node.type())) + " ";
    if (const auto* map = node.as<OrMap>()) {
        lines.push_back(line);
        return describe(*map, path, conflicts, lines);
    }
    if (const auto* list = node.as<List>()) {
        std::string order;
        std::vector<std::string> inside;
        std::uint32_t index = 0;
        list->for_each([&](const Dot&, const Value* value, const OrMap* contents) {
            const std::string element = path + "/" + std::to_string(index++);
            if (value != nullptr) {
                inside.push_back(element + "/:register " + to_json(*value));
            } else {
                describe(*contents, element, conflicts, inside);
            }
        });
        lines.push_back(line);
        lines.insert(lines.end(), inside.begin(), inside.end());
        return;
    }
    if (const auto* text = node.as<Text>()) {
        for (const Text::Span& span : text->spans()) {
            Value::Map properties;
            for (const auto& [name, value] : span.properties) properties.push_back({name, value});
            line += "[" + span.text + to_json(properties) + "]";
        }
    } else if (const auto* reg = node.as<MvRegister>()) {
        std::vector<std::string> values;
        for (const auto& entry : reg->values()) values.push_back(to_json(entry.value));
        std::sort(values.begin(), values.end());
        for (const std::string& value : values) line += value + " ";
    } else {
        line += to_json(view(node));
        if (const auto* lww = node.as<LwwRegister>(); lww != nullptr) {
            std::vector<std::string> values;
            for (const auto& entry : lww->conflicts()) values.push_back(to_json(entry.value));
            std::sort(values.begin(), values.end());
            for (const std::string& value : values)
                if (conflicts == Conflicts::told) line += " not " + value;
        }
    }
    lines.push_back(line);
}

inline void describe(const OrMap& map, const std::string& path, Conflicts conflicts,
                     std::vector<std::string>& lines) {
    for (const auto& [field, node] : map.fields())
        describe(*node, path + "/" + std::string(field.key()), conflicts, lines);
}

[[nodiscard]] inline std::string describe(const OrMap& root,
                                          Conflicts conflicts = Conflicts::told) {
    std::vector<std::string> lines = {root.live() ? "there" : "not there"};
    describe(root, "", conflicts, lines);
    std::string all;
    for (const std::string& line : lines) all += line + "\n";
    return all;
}

}  // namespace syncline::testing
