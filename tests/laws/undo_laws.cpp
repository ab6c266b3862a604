#include "laws/checks.hpp"
#include "support/undoing.hpp"

#include <catch2/catch.hpp>

#include <array>

using namespace syncline;
using namespace syncline::testing;

namespace {

/// A history of several replicas that have all seen all of it: what undo starts from.
struct Start {
    std::vector<Copy> copies;

    explicit Start(Random& random, EditKinds kinds) {
        for (const ReplicaId& id : {alice, bob, carol}) copies.push_back({id, {}, {}, {}});
        std::vector<Change> made;
        for (std::size_t left = random.below(8); left > 0; --left) {
            Copy& copy = copies[random.below(copies.size())];
            Change change = some_change(copy, random, kinds);
            if (!change.sections.empty()) made.push_back(std::move(change));
            if (random.one_in(3)) sync(made);
        }
        sync(made);
    }
    void sync(const std::vector<Change>& made) {
        for (Copy& copy : copies) {
            for (const Change& change : made) {
                if (change.first == copy.seen.at(change.replica) + 1) copy.take(change);
            }
        }
    }
};

/// Some edits as one transaction.
Change edit_at(Desk& desk, Random& random, EditKinds kinds) {
    return desk.transact([&](auto edit) {
        for (std::size_t left = 1 + random.below(3); left > 0; --left) {
            for (FieldOp& op : RandomEdit(desk.root(), desk.copy.id, random, kinds)())
                edit(std::move(op));
        }
    });
}

EditKinds kinds_of(std::uint64_t seed) {
    EditKinds kinds;
    kinds.clashes = seed % 2 == 0;
    kinds.grow_only = false;  // what grows only is not undone: see the tests of the table
    return kinds;
}

template <typename Run>
void for_each_seed(std::uint64_t runs, Run run) {
    const std::uint64_t end = first_seed() + scaled(runs);
    for (std::uint64_t seed = first_seed(); seed < end; ++seed) {
        const std::string bad = run(seed);
        INFO("seed " << seed << ": " << bad);
        REQUIRE(bad.empty());
    }
}

/// A history whose authors undo and redo what they did, each with a manager of its own; with floor
/// entries, which nobody may have anything to undo from below of.
class UndoHistory {
public:
    History<OrMap> history;
    std::size_t undos = 0;  ///< and redos that had an effect

    explicit UndoHistory(Random& random, std::size_t ops_max = 20) {
        const bool has_floors = random.one_in(2);
        const std::size_t steps = 2 + random.below(2 * ops_max) + (has_floors ? ops_max : 0);
        const std::size_t chatter = 2 + random.below(4);
        // Each op a group of its own, or all between two undos one.
        const UndoManager::Options options{100, random.one_in(2) ? 0u : 500u};
        for (std::size_t i = 0; i < 3; ++i) managers_.emplace_back(options);
        for (std::size_t i = 0; i < steps && history.made.size() < ops_max; ++i) {
            const std::size_t at = random.below(3);
            const std::size_t op = history.some_audible(at, random);
            if (has_floors && random.one_in(4)) {
                floor_step(at, random);
            } else if (random.one_in(chatter) || op == history.made.size()) {
                if (random.one_in(3) ? !undo(at, random) : true) edit(at, random);
            } else {
                history.deliver(op, at);
                observe(at);
            }
        }
    }

private:
    /// Whatever came since it was asked last.
    void observe(std::size_t at) {
        for (std::size_t op = 0; op < history.made.size(); ++op) {
            const auto& update = history.made[op].update;
            const bool is_new = (history.seen[at] & ~observed_[at]) >> op & 1;
            if (is_new && !(update.at.dot.replica == replica(at)))
                managers_[at].observe(the_document, update.op, update.at);
        }
        observed_[at] |= history.seen[at];
    }
    void floor_step(std::size_t at, Random& random) {
        for (std::size_t who = 0; who < 3; ++who) {
            if (const OpMask awaited = history.awaited(); (awaited & ~undo_past_[who]) == 0)
                continue;
            if (!random.one_in(2)) return;
            managers_[who].clear();
            undo_past_[who] = ~OpMask{0};
        }
        history.floor_step(at, random);
        for (std::size_t who = 0; who < 3; ++who) observe(who);
    }
    /// An author's document, to which ops are appended.
    class Target : public UndoTarget {
    public:
        Target(History<OrMap>& history, std::size_t author, OpMask base)
            : history_(history),
              author_(author),
              base_(base),
              document_(*history.replicas[author]) {}
        [[nodiscard]] ReplicaId author() const override { return replica(author_); }
        Result<const Document*> read(const DocumentKey&) override { return &document_; }
        Result<Event> edit(const DocumentKey&, FieldOp op) override {
            if (history_.is_full()) return fail(ErrorCode::too_large, "a long history");
            const Event at = history_.make(author_, std::move(op)).update.at;
            history_.made.back().base &= base_;
            document_ = Document(*history_.replicas[author_]);
            return at;
        }

    private:
        History<OrMap>& history_;
        std::size_t author_;
        OpMask base_;  ///< what was seen of all that may be undone
        Document document_;
    };

    void edit(std::size_t author, Random& random) {
        UndoRecord record;
        const auto ops = Mutators<OrMap>::make(*history.replicas[author], replica(author),
                                               random.below(Mutators<OrMap>::choices));
        history.begin_change();
        for (const FieldOp& op : ops) {
            if (history.is_full()) break;
            undo_past_[author] &= history.seen[author];
            const Document before(*history.replicas[author]);
            record.add(the_document, before, op, history.make(author, op).update.at);
        }
        history.end_change();
        managers_[author].record(std::move(record), 0);
    }
    bool undo(std::size_t author, Random& random) {
        UndoManager& manager = managers_[author];
        Target target(history, author, undo_past_[author]);
        history.begin_change();
        auto step =
            manager.can_redo() && random.one_in(2) ? manager.redo(target) : manager.undo(target);
        history.end_change();
        if (!step || step->ops() == 0) return false;
        manager.done(std::move(*step));
        ++undos;
        return true;
    }

    std::vector<UndoManager> managers_;
    std::array<OpMask, 3> observed_{};
    /// What the authors had seen of all that they may still undo.
    std::array<OpMask, 3> undo_past_{~OpMask{0}, ~OpMask{0}, ~OpMask{0}};
};

/// Places that wait for others, and marks without an end: what was named that had been dropped.
std::string lost_places(const OrMap& map) {
    std::string bad;
    const auto check = [&](const auto& order) {
        if (order.waiting() != 0) bad = "an element hangs on what was dropped";
    };
    for (const auto& [field, node] : map.fields()) {
        if (const auto* below = node->as<OrMap>()) bad += lost_places(*below);
        if (const auto* text = node->as<Text>()) {
            check(text->order());
            for (const auto& [dot, known] : text->marks()) {
                for (const Anchor& end : {known.mark.from, known.mark.to}) {
                    if (end.element.counter != 0 && !text->order().contains(end.element))
                        bad = "a mark ends at what was dropped";
                }
            }
        }
        if (const auto* list = node->as<List>()) {
            check(list->order());
            for (const auto& [id, inside] : list->elements()) bad += lost_places(inside.contents());
        }
    }
    return bad;
}

std::string text_of(const std::vector<Change>& changes) {
    std::string text;
    for (const Change& change : changes) text += describe(change) + "--\n";
    return text;
}
std::string difference(const std::string& what, const std::string& expected,
                       const std::string& actual) {
    return expected == actual ? std::string()
                              : what + "\nexpected\n" + expected + "but it is\n" + actual;
}

}  // namespace

TEST_CASE("undoing everything gives back what was there at first, redoing it what was there last",
          "[laws][undo]") {
    for_each_seed(2000, [](std::uint64_t seed) -> std::string {
        Random random(seed);
        const EditKinds kinds = kinds_of(seed);
        Start base(random, kinds);
        Desk desk(base.copies[0]);
        const std::string first = describe(desk.root());
        std::string story = first;
        for (std::size_t left = 1 + random.below(8); left > 0; --left) {
            const std::string before = describe(desk.root());
            const std::size_t depth_before = desk.manager.undo_depth();
            const Change made = edit_at(desk, random, kinds);
            const bool is_group = desk.manager.undo_depth() > depth_before;
            story += "made\n" + describe(made);
            const std::string after = describe(desk.root());
            if (!is_group || random.one_in(2)) continue;
            // There and back, some times.
            for (std::size_t times = 1 + random.below(2); times > 0; --times) {
                const std::size_t depth = desk.manager.undo_depth();
                const Change undone = desk.undo();
                story += "undo\n" + describe(undone);
                if (undone.sections.empty()) break;
                const bool is_one = desk.manager.undo_depth() + 1 == depth;
                if (is_one) {
                    auto bad =
                        difference("after\n" + describe(made) + "and its undo\n" + describe(undone),
                                   before, describe(desk.root()));
                    if (!bad.empty()) return bad;
                } else {
                    times = 1;  // the last one had no effect and is forgotten
                }
                const Change redone = desk.redo();
                story += "redo\n" + describe(redone);
                auto bad =
                    difference("after undo\n" + describe(undone) + "and redo\n" + describe(redone),
                               after, describe(desk.root()));
                if (!bad.empty()) return bad;
            }
        }
        const std::string last = describe(desk.root());
        for (std::size_t times = 1 + random.below(3); times > 0; --times) {
            while (desk.manager.can_undo()) story += "undo\n" + describe(desk.undo());
            if (auto bad = difference("all undone\n" + story, first, describe(desk.root()));
                !bad.empty())
                return bad;
            while (desk.manager.can_redo()) story += "redo\n" + describe(desk.redo());
            if (auto bad = difference("all redone\n" + story, last, describe(desk.root()));
                !bad.empty())
                return bad;
        }
        return {};
    });
}

TEST_CASE("undo takes back its own groups alone, whatever others did at the same time",
          "[laws][undo]") {
    for_each_seed(3000, [](std::uint64_t seed) -> std::string {
        Random random(seed);
        EditKinds kinds = kinds_of(seed);
        // Of a multi-value register's value that is there beside what was cleared it cannot be told
        // whether it was set after the clear.
        (seed % 3 == 0 ? kinds.clears : kinds.multi_value) = false;
        Start base(random, kinds);
        Desk desk(base.copies[0]);
        Copy others = base.copies[1];

        std::vector<Change> mine;
        std::vector<Change> theirs;
        std::vector<std::size_t> depths;  // of the undo stack, after each of mine
        for (std::size_t left = 1 + random.below(4); left > 0; --left) {
            mine.push_back(edit_at(desk, random, kinds));
            depths.push_back(desk.manager.undo_depth());
        }
        for (std::size_t left = 1 + random.below(4); left > 0; --left)
            theirs.push_back(some_change(others, random, kinds));
        for (const Change& change : theirs) desk.take(change);

        const std::size_t kept = random.below(mine.size() + 1);
        const std::size_t depth = kept == 0 ? 0 : depths[kept - 1];
        std::vector<Change> undos;
        while (desk.manager.undo_depth() > depth) undos.push_back(desk.undo());
        if (desk.manager.undo_depth() < depth) return {};  // it went on to a group with an effect

        Copy expected = base.copies[2];
        for (std::size_t i = 0; i < kept; ++i) {
            if (!mine[i].sections.empty()) expected.take(mine[i]);
        }
        for (const Change& change : theirs) {
            if (!change.sections.empty()) expected.take(change);
        }
        if (auto bad = difference("mine\n" + text_of(mine) + "theirs\n" + text_of(theirs) +
                                      "undone\n" + text_of(undos),
                                  describe(expected.document.root(), Conflicts::ignored),
                                  describe(desk.root(), Conflicts::ignored));
            !bad.empty())
            return bad;

        // It is an edit like any other: everybody ends with the same.
        for (const auto* changes : {&mine, &undos}) {
            for (const Change& change : *changes) {
                if (!change.sections.empty()) others.take(change);
            }
        }
        if (!(others.document == desk.copy.document)) return "an undo diverged";
        return {};
    });
}

TEST_CASE("undo and redo leave the view as it was, while others edit", "[laws][undo]") {
    for_each_seed(2000, [](std::uint64_t seed) -> std::string {
        Random random(seed);
        const EditKinds kinds = kinds_of(seed);
        Start base(random, kinds);
        Desk desk(base.copies[0]);
        std::vector<Copy> others = {base.copies[1], base.copies[2]};
        std::vector<Change> made;
        for (std::size_t left = 3 + random.below(20); left > 0; --left) {
            if (random.one_in(3)) {
                Copy& other = others[random.below(others.size())];
                Change change = some_change(other, random, kinds, 2);
                if (!change.sections.empty()) made.push_back(std::move(change));
            } else if (random.one_in(2)) {
                Change change = edit_at(desk, random, kinds);
                if (!change.sections.empty()) made.push_back(std::move(change));
            } else if (random.one_in(2)) {
                for (const Change& change : made) {
                    for (Copy& other : others) {
                        if (other.is_ready_for(change) && random.one_in(2)) other.take(change);
                    }
                    if (desk.copy.is_ready_for(change) && random.one_in(2)) desk.take(change);
                }
            } else {
                const std::string before = describe(desk.root(), Conflicts::ignored);
                Change undone = desk.undo();
                std::string story = "undone\n" + describe(undone);
                if (undone.sections.empty()) continue;
                made.push_back(std::move(undone));
                if (random.one_in(4)) continue;  // leave it undone
                const std::size_t depth = desk.manager.redo_depth();
                Change redone = desk.redo();
                const bool is_one = desk.manager.redo_depth() + 1 == depth;
                story += "redone\n" + describe(redone);
                if (!redone.sections.empty()) made.push_back(std::move(redone));
                if (!is_one) continue;  // there was nothing to redo, so it went on to another
                auto bad = difference(story, before, describe(desk.root(), Conflicts::ignored));
                if (!bad.empty()) return bad;
            }
        }
        return {};
    });
}

TEST_CASE("histories with undos and redos keep the laws", "[laws][undo]") {
    std::size_t undos = 0;
    std::size_t floors = 0;
    for_each_seed(10'000, [&](std::uint64_t seed) -> std::string {
        Random random(seed);
        const UndoHistory made(random);
        undos += made.undos;
        floors += made.history.floors.size();
        if (auto bad = history_violation(made.history, random, Meaning::other); !bad.empty())
            return bad + made.history.describe();
        auto states = made.history.replicas;
        states.push_back(made.history.fed(made.history.all(), random));
        if (auto bad = lost_places(*states.back()); !bad.empty())
            return bad + made.history.describe();
        return encoding_violation(states);
    });
    CHECK(undos > scaled(10'000));
    CHECK(floors > scaled(500));
}
