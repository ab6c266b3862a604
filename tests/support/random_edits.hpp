#pragma once

#include "support/arbitrary.hpp"
#include "syncline/document/change.hpp"
#include "syncline/document/document.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// Edits of nested documents, as apps make them: from what a document shows, by its mutators.
/// The same from one seed with every compiler: no call has two arguments that ask for a number.
namespace syncline::testing {

/// What an edit may be.
struct EditKinds {
    bool clears = true;       ///< of fields and of the document
    bool moves = true;        ///< in lists
    bool clashes = true;      ///< several types under one key
    bool grow_only = true;    ///< g_set, g_counter
    bool multi_value = true;  ///< mv_register
};

class RandomEdit {
public:
    RandomEdit(const OrMap& root, const ReplicaId& author, Random& random, EditKinds kinds = {})
        : root_(root), author_(author), random_(random), kinds_(kinds) {}

    /// The ops of one mutator call, all made from `root`; none when nothing came to mind.
    std::vector<FieldOp> operator()() { return in_map({}, root_, 0); }

private:
    using Ops = std::vector<FieldOp>;

    static Ops one(const Path& path, Op op) { return {{path, std::move(op)}}; }
    static Ops one(const Path& path, Result<Op> op) {
        if (!op) return {};
        return one(path, std::move(*op));
    }
    Type some_type(const std::string& key) {
        static const std::vector<Type> all = {
            Type::map,        Type::map,        Type::list,    Type::list,    Type::list,
            Type::text,       Type::text,       Type::text,    Type::or_set,  Type::rw_set,
            Type::g_set,      Type::g_counter,  Type::ew_flag, Type::dw_flag, Type::lww_register,
            Type::pn_counter, Type::mv_register};
        // Without clashes a key's type is told by its name.
        const std::size_t n = kinds_.clashes
                                  ? random_.below(all.size())
                                  : static_cast<std::size_t>(key.front() - 'a') % all.size();
        const Type type = all[n];
        if (!kinds_.grow_only && (type == Type::g_set || type == Type::g_counter))
            return Type::or_set;
        if (!kinds_.multi_value && type == Type::mv_register) return Type::lww_register;
        return type;
    }
    Value some_value() {
        if (random_.one_in(8)) return Value(Value::Array{1, "x"});
        if (random_.one_in(2)) return Value(static_cast<int>(random_.below(5)));
        return Value(some_text());
    }
    std::string some_text() {
        static const std::vector<std::string> pieces = {
            "a", "b", "cd", " ", "\xC3\xA9", "\xF0\x9F\x98\x80", "hello ", "xyz"};
        std::string text;
        for (std::size_t left = 1 + random_.below(3); left > 0; --left)
            text += pieces[random_.below(pieces.size())];
        return text;
    }
    std::uint32_t below(std::size_t n) { return static_cast<std::uint32_t>(random_.below(n)); }

    Ops in_map(const Path& path, const OrMap& map, std::size_t depth) {
        if (random_.one_in(12)) return {root_.create(path)};
        if (kinds_.clears && random_.one_in(depth == 0 ? 40 : 12))
            return root_.clear(path, author_);
        FieldKey field;
        if (!map.fields().empty() && random_.one_in(2)) {
            std::size_t n = random_.below(map.fields().size());
            for (const auto& [key, node] : map.fields()) {
                if (n-- == 0) field = key;
            }
        } else {
            field.key =
                std::string(1, static_cast<char>('a' + random_.below(kinds_.clashes ? 3 : 12)));
            field.type = some_type(field.key);
        }
        Path deeper = path;
        deeper.push_back(field);
        return in_field(deeper, depth + 1);
    }
    Ops in_field(const Path& path, std::size_t depth) {
        const Type type = path.back().type;
        if (kinds_.clears && random_.one_in(15)) return root_.clear(path, author_);
        switch (type) {
            case Type::map:
                if (depth > 3) return {root_.create(path)};
                return in_map(path, root_.at<OrMap>(path), depth);
            case Type::list: return in_list(path, root_.at<List>(path), depth);
            case Type::text: return in_text(path, root_.at<Text>(path));
            case Type::or_set: {
                const auto& set = root_.at<OrSet>(path);
                const Value element(static_cast<int>(random_.below(3)));
                return one(path, random_.one_in(2) ? set.insert(element) : set.erase(element));
            }
            case Type::rw_set: {
                const auto& set = root_.at<RwSet>(path);
                const Value element(static_cast<int>(random_.below(3)));
                return one(path, random_.one_in(2) ? set.insert(element) : set.erase(element));
            }
            case Type::g_set:
                return one(path, root_.at<GSet>(path).insert(static_cast<int>(random_.below(3))));
            case Type::pn_counter:
                return one(path, root_.at<PnCounter>(path).add(
                                     static_cast<std::int64_t>(random_.below(20)) - 10));
            case Type::g_counter: return one(path, root_.at<GCounter>(path).add(random_.below(5)));
            case Type::ew_flag: {
                const auto& flag = root_.at<EwFlag>(path);
                return one(path, random_.one_in(2) ? flag.enable() : flag.disable());
            }
            case Type::dw_flag: {
                const auto& flag = root_.at<DwFlag>(path);
                return one(path, random_.one_in(2) ? flag.enable() : flag.disable());
            }
            case Type::lww_register: {
                const auto& reg = root_.at<LwwRegister>(path);
                // An element's value has no node of its own while it is as it was inserted.
                if (path.back().is_element()) return in_value(path);
                const bool clears = kinds_.clears && random_.one_in(6);
                return one(path, clears ? reg.clear() : reg.set(some_value()));
            }
            case Type::mv_register: {
                const auto& reg = root_.at<MvRegister>(path);
                return one(
                    path, kinds_.clears && random_.one_in(6) ? reg.clear() : reg.set(some_value()));
            }
        }
        return {};
    }
    /// An element's value is replaced by the list.
    Ops in_value(const Path& path) {
        Path list = path;
        list.pop_back();
        const auto& in = root_.at<List>(list);
        const auto index = in.index(path.back().element);
        if (!index) return {};
        auto ops = in.replace(list, *index, some_value(), author_);
        return ops ? std::move(*ops) : Ops{};
    }
    Ops in_list(const Path& path, const List& list, std::size_t depth) {
        const std::uint32_t size = list.size();
        if (size == 0 || random_.one_in(4)) {
            if (random_.one_in(10)) return one(path, list.create());
            if (depth < 3 && random_.one_in(3)) {
                static const std::vector<Type> containers = {Type::map, Type::list, Type::text,
                                                             Type::pn_counter};
                const Type container = containers[random_.below(4)];
                return one(path, list.insert(below(size + 1u), container));
            }
            std::vector<Value> values;
            for (std::size_t left = 1 + random_.below(4); left > 0; --left)
                values.push_back(some_value());
            return one(path, list.insert(below(size + 1u), std::move(values)));
        }
        const std::uint32_t index = below(size);
        switch (random_.below(kinds_.moves ? 6 : 4)) {
            case 0: {
                auto ops = list.erase(path, index, 1 + below(std::min(size - index, 4u)), author_);
                return ops ? std::move(*ops) : Ops{};
            }
            case 1: {
                auto ops = list.replace(path, index, some_value(), author_);
                return ops ? std::move(*ops) : Ops{};
            }
            case 2:
            case 3: {
                const Dot id = *list.id(index);
                const OrMap* contents = list.contents(id);
                Type type = Type::lww_register;
                if (contents != nullptr && !contents->fields().empty()) {
                    std::size_t n = random_.below(contents->fields().size());
                    for (const auto& [field, node] : contents->fields()) {
                        if (n-- == 0) type = field.type();
                    }
                }
                if (kinds_.clashes && random_.one_in(10)) type = some_type("a");
                Path deeper = path;
                deeper.push_back(Step(id, type));
                return in_field(deeper, depth + 1);
            }
            default: return one(path, list.move(index, below(size)));
        }
    }
    Ops in_text(const Path& path, const Text& text) {
        const std::uint32_t size = text.size();
        if (size == 0 || random_.one_in(3)) {
            if (random_.one_in(10)) return one(path, text.create());
            const std::string typed = some_text();
            return one(path, text.insert(below(size + 1u), typed));
        }
        const std::uint32_t from = below(size);
        const std::uint32_t count = 1 + below(std::min(size - from, 6u));
        if (random_.one_in(2)) return one(path, text.erase(from, count));
        static const std::vector<std::string> names = {"bold", "link", "size"};
        static const std::vector<Expand> expands = {Expand::none, Expand::before, Expand::after,
                                                    Expand::both};
        const Value value = random_.one_in(3)   ? Value()
                            : random_.one_in(2) ? Value(true)
                                                : Value(static_cast<int>(random_.below(3)));
        const Expand expand = expands[random_.below(4)];
        return one(path, text.mark(from, count, names[random_.below(3)], value, expand));
    }

    const OrMap& root_;
    const ReplicaId& author_;
    Random& random_;
    EditKinds kinds_;
};

/// One replica of one document.
struct Copy {
    ReplicaId id;
    Document document;
    VersionVector seen;
    HlcClock clock;

    /// A change in the making: ops take effect at once.
    struct Draft {
        Change change;
        std::uint64_t next = 1;
    };
    [[nodiscard]] Draft draft(std::uint64_t now_ms = 0) {
        Draft made;
        made.change.replica = id;
        made.change.first = made.next = seen.at(id) + 1;
        made.change.hlc = clock.tick(now_ms);
        made.change.base = seen;
        return made;
    }
    Event apply(Draft& draft, FieldOp op) {
        const Event at{Dot{id, draft.next}, draft.change.hlc};
        document.apply(op, at, nullptr);
        draft.next += span(op.op);
        if (draft.change.sections.empty())
            draft.change.sections.push_back({DocumentKey{"tasks", "t1"}, {}});
        draft.change.sections.front().ops.push_back(std::move(op));
        seen.raise(id, draft.next - 1);
        return at;
    }
    /// The past of this change is here, or the caller does not care.
    void take(const Change& change, const VersionVector* log = nullptr) {
        Event at{Dot{change.replica, change.first}, change.hlc};
        for (const Section& section : change.sections) {
            document.apply(section.ops, at, log);
            at.dot.counter += section.span();
        }
        note(change);
    }
    void note(const Change& change) {
        clock.observe(change.hlc);
        seen.raise(change.replica, change.last());
    }
    [[nodiscard]] bool is_ready_for(const Change& change) const {
        return change.first == seen.at(change.replica) + 1 &&
               seen.covers(std::get<VersionVector>(change.base));
    }
};

/// Makes a change of some edits on a copy. It may come out without ops.
inline Change some_change(Copy& copy, Random& random, EditKinds kinds = {},
                          std::size_t edits_max = 4) {
    Copy::Draft draft = copy.draft();
    for (std::size_t left = 1 + random.below(edits_max); left > 0; --left) {
        for (FieldOp& op : RandomEdit(copy.document.root(), copy.id, random, kinds)())
            copy.apply(draft, std::move(op));
    }
    return std::move(draft.change);
}

}  // namespace syncline::testing
