#pragma once

#include "syncline/clock/causal_context.hpp"
#include "syncline/clock/dot_index.hpp"
#include "syncline/crdt/op.hpp"
#include "syncline/crdt/order_tree.hpp"

#include <algorithm>
#include <cassert>
#include <deque>
#include <map>
#include <vector>

namespace syncline {

/// The order of a list's or a text's elements: what both are made of.
///
/// Semantics  Elements form a tree (Fugue): each is a left or right child of the element that it
///            was put next to, and the sequence is the tree's in-order walk. Who inserts between
///            neighbours a and b puts a right child under a if a has none, else a left child under
///            b (and see place_behind() where erased ones stand between). What one author types in
///            one place therefore stays together, forwards and backwards, whatever others type
///            there at the same time (maximal non-interleaving for forward insertion where nothing
///            is erased; this is the plain variant, not FugueMax). Siblings on one side stand
///            in the order of their replicas, one replica's the later the nearer to the parent: it
///            has two there only if it saw erased what it had put there before.
/// State      A growing set of (dot, parent, side): an element, once there, keeps its place; what
///            can go away is its content (State::dead, id only). The floor alone takes places
///            back (prune()). Kept as runs: consecutive dots of one replica that stand together,
///            each the right child of the one before. An element whose parent has not come yet
///            waits aside and is not in the order.
/// Laws       The order is a function of the set, so any order of arrival gives one sequence.
/// Cost       O(log n) an insertion, erasure or look-up, n being runs, when siblings are few.
/// Source     Weidner, Kleppmann, The Art of the Fugue (2023), §4; runs: Nicolaescu et al., YATA
///            (2016).
/// Threads    A plain value.
template <typename Payload>
class Sequence {
public:
    /// What is to be seen of an element. A run has one of these.
    enum class State : std::uint8_t {
        dead,     ///< erased: only its place is left
        plain,    ///< the payload's content is shown
        special,  ///< shown, with its content kept elsewhere by the list
        hidden,   ///< content kept elsewhere and shown at another place (moved)
    };
    struct Run : OrderTree<Run>::Links {
        std::uint32_t author = 0;  ///< in authors()
        std::uint32_t length = 0;
        std::uint64_t first = 0;
        std::uint32_t parent_author = 0;
        Side side = Side::right;
        State state = State::dead;
        std::uint64_t parent = 0;  ///< counter; 0 is the beginning
        /// The runs that start as a child of an element in this one, by (parent, side); siblings
        /// from the farthest to the nearest, so that what a replica adds comes at the end.
        std::vector<Run*> children;
        Payload payload;  ///< empty unless State::plain

        [[nodiscard]] std::uint64_t last() const { return first + length - 1; }
        [[nodiscard]] bool attached() const { return this->leaf != nullptr; }
        [[nodiscard]] bool visible() const {
            return state == State::plain || state == State::special;
        }
        [[nodiscard]] Measure measure() const {
            Measure size = state == State::plain ? payload.measure() : Measure{};
            size.slots = length;
            size.visible = visible() ? length : 0;
            return size;
        }
    };
    /// An element: a run and an offset in it. No run is the beginning, before all elements.
    struct At {
        Run* run = nullptr;
        std::uint32_t offset = 0;
        explicit operator bool() const { return run != nullptr; }
        friend bool operator==(const At&, const At&) = default;
    };

    /// No sequence has more elements than this, erased ones included; what goes beyond has no
    /// effect. Two thousand full changes of nothing else come to it.
    static constexpr std::uint32_t slots_max = std::uint32_t{1} << 31;

    Sequence() = default;
    Sequence(const Sequence& other) { copy(other); }
    Sequence(Sequence&& other) noexcept { swap(other); }
    Sequence& operator=(const Sequence& other) {
        if (this != &other) *this = Sequence(other);
        return *this;
    }
    Sequence& operator=(Sequence&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Sequence() = default;

    // ---- Queries

    [[nodiscard]] bool empty() const { return index_.empty(); }
    [[nodiscard]] Measure measure() const { return order_.measure(); }
    [[nodiscard]] const std::vector<ReplicaId>& authors() const { return index_.authors(); }
    [[nodiscard]] Dot dot(const At& at) const {
        return {authors()[at.run->author], at.run->first + at.offset};
    }
    [[nodiscard]] DotRun dots(const Run& run) const {
        return {authors()[run.author], run.first, run.last()};
    }
    [[nodiscard]] Dot parent(const Run& run) const {
        if (run.parent == 0) return {};
        return {authors()[run.parent_author], run.parent};
    }
    /// The element with this dot; none when it is not known. O(log n).
    [[nodiscard]] At find(const Dot& dot) const {
        Run* run = index_.find(dot);
        if (run == nullptr) return {};
        return {run, static_cast<std::uint32_t>(dot.counter - run->first)};
    }
    [[nodiscard]] bool contains(const Dot& dot) const { return static_cast<bool>(find(dot)); }

    /// In the sequence's order; waiting runs are not in it.
    [[nodiscard]] Run* front() const { return order_.front(); }
    [[nodiscard]] Run* back() const { return order_.back(); }
    [[nodiscard]] static Run* next(const Run& run) { return Tree::next(run); }
    [[nodiscard]] static Run* previous(const Run& run) { return Tree::previous(run); }

    /// The run in which the `n`-th unit (of `unit`, from 0) lies and where it starts; none at the
    /// end. O(log n).
    struct Found {
        Run* run = nullptr;
        Measure before;  ///< everything in front of the run
    };
    [[nodiscard]] Found locate(std::uint32_t Measure::*unit, std::uint32_t n) const {
        const auto found = order_.locate(unit, n);
        return {found.item, found.before};
    }
    /// Everything in front of `run`. O(log n).
    [[nodiscard]] Measure before(const Run& run) const { return order_.before(run); }

    /// Where to put an element right behind `left` (none: at the very beginning), if that is
    /// visible: between the visible elements around it. The parent is one of these two, or none if
    /// nothing is visible: an erased element is named by those alone who have not seen that it was
    /// erased, which is what lets the floor drop it (docs/adr/0005-floor.md).
    /// O(log n), and the erased runs between the two.
    [[nodiscard]] Place place_behind(const At& left) const {
        if (!left) return place_among_dead(left);
        if (left.offset + 1 < left.run->length)
            return {dot({left.run, left.offset + 1}), Side::left};
        if (right_children(*left.run, left.run->last()) == left.run->children.end())
            return {dot(left), Side::right};
        Run* behind = next(*left.run);
        if (behind->visible()) return {dot({behind, 0}), Side::left};
        return place_among_dead(left);
    }
    /// Where to put an element behind an erased one which its author may name all the same, since
    /// he erased it himself: for who brings back what stood there. Between the two there is nothing
    /// but erased elements that may not be named; `may_name(dots)` gives the first counter of some
    /// erased dots that may, as an optional.
    /// O(log n), and the erased runs up to the next that may be named.
    template <typename MayName>
    [[nodiscard]] Place place_behind_erased(const At& left, MayName may_name) const {
        if (left.run->visible()) return place_behind(left);
        At behind{left.run, left.offset + 1};
        for (; behind; behind = {next(*behind.run), 0}) {
            if (behind.run->visible()) break;
            DotRun dead = dots(*behind.run);
            dead.first += behind.offset;
            if (dead.first > dead.last) continue;
            if (const auto named = may_name(dead)) {
                behind.offset = static_cast<std::uint32_t>(*named - behind.run->first);
                break;
            }
        }
        if (!behind || right_ends_before(left, behind)) return {dot(left), Side::right};
        return {dot(behind), Side::left};
    }

    /// Calls `use(runs)` for the longest stretches of runs that are one but for how they came about
    /// (those that are not plain count as alike), first the sequence in order, then what waits, by
    /// dot: equal sets of elements give equal stretches. `runs` is a vector of const Run*.
    template <typename Use>
    void for_each_stretch(Use use) const {
        std::vector<const Run*> stretch;
        const auto add = [&](const Run* run) {
            if (!stretch.empty() && !goes_on(*stretch.back(), *run)) {
                use(std::as_const(stretch));
                stretch.clear();
            }
            stretch.push_back(run);
        };
        for (const Run* run = front(); run != nullptr; run = next(*run)) add(run);
        const auto finish = [&] {
            if (!stretch.empty()) use(std::as_const(stretch));
            stretch.clear();
        };
        finish();
        if (waiting_runs_ == 0) return;
        index_.for_each([&](const Run* run) {
            if (!run->attached()) add(run);
        });
        finish();
    }

    /// How many runs wait for a parent.
    [[nodiscard]] std::size_t waiting() const { return waiting_runs_; }
    /// All runs, attached or not, by dot.
    template <typename Use>
    void for_each_by_dot(Use use) const {
        index_.for_each([&](const Run* run) { use(*run); });
    }
    [[nodiscard]] std::size_t runs() const { return index_.size(); }
    /// The runs with a dot in `dots`, cut to them: use(run, first offset, length).
    template <typename Use>
    void for_each_in(const DotRun& dots, Use use) const {
        for (std::uint64_t counter = dots.first; counter <= dots.last;) {
            Run* run = index_.find_or_next({dots.replica, counter});
            if (run == nullptr || run->first > dots.last) return;
            const std::uint64_t from = std::max(counter, run->first);
            const std::uint64_t to = std::min(dots.last, run->last());
            counter = to + 1;  // before the callback: it may split the run
            use(At{run, static_cast<std::uint32_t>(from - run->first)},
                static_cast<std::uint32_t>(to - from + 1));
        }
    }

    /// Those of these dots that no element has. O(log n) and what it returns.
    [[nodiscard]] DotSet unknown(const DotRun& dots) const {
        DotSet none;
        for (std::uint64_t counter = dots.first; counter <= dots.last;) {
            const Run* run = index_.find_or_next({dots.replica, counter});
            const bool is_known = run != nullptr && run->first <= counter;
            if (!is_known) {
                const std::uint64_t end =
                    run == nullptr ? dots.last : std::min(dots.last, run->first - 1);
                none.insert(DotRun{dots.replica, counter, end});
                counter = end + 1;
            } else {
                counter = run->last() + 1;
            }
        }
        return none;
    }

    // ---- Changes

    /// Where the element stands that has the dot `first + offset` in a run placed at `place`.
    [[nodiscard]] static Place place_in(const Dot& first, std::uint64_t offset,
                                        const Place& place) {
        if (offset == 0) return place;
        return {{first.replica, first.counter + offset - 1}, Side::right};
    }
    /// Whether a run of elements is put beside one of its own.
    [[nodiscard]] static bool is_inside(const DotRun& dots, const Place& place) {
        return place.parent.replica == dots.replica && place.parent.counter >= dots.first &&
               place.parent.counter <= dots.last;
    }

    /// Adds elements with the dots first, first + 1, …; the first at `place`, the others each the
    /// right child of the one before. None of them may be known. False, and nothing done, for a
    /// place that names one of them, or when there would be more than slots_max elements.
    bool insert(const Dot& first, std::uint32_t length, const Place& place, State state,
                Payload payload) {
        if (length == 0 || length > slots_max - slots_) return false;
        if (is_inside({first.replica, first.counter, first.counter + length - 1}, place))
            return false;
        if (length > longest(state)) {
            const std::uint32_t half = length / 2;
            Payload tail;
            if (state == State::plain) tail = payload.cut(half, length);
            insert(first, half, place, state, std::move(payload));
            return insert({first.replica, first.counter + half}, length - half,
                          place_in(first, half, place), state, std::move(tail));
        }
        slots_ += length;
        if (extend(first, length, place, state, payload)) {
            if (!waiting_.empty()) adopt(first, length);
            return true;
        }
        Run* run = add_run();
        run->author = index_.intern(first.replica);
        run->first = first.counter;
        run->length = length;
        run->state = state;
        run->payload = std::move(payload);
        const bool is_root = place.parent.counter == 0;
        run->parent_author = is_root ? 0 : index_.intern(place.parent.replica);
        run->parent = place.parent.counter;
        run->side = is_root ? Side::right : place.side;
        index_.insert(run);
        connect(run);
        if (!waiting_.empty()) adopt(first, length);
        return true;
    }

    /// Changes what is seen of `length` elements from `at` on, all in its run. The payload goes
    /// when the state is no longer plain; `take` gets it first.
    template <typename Take>
    void set_state(At at, std::uint32_t length, State state, Take take) {
        if (at.run->state == state) return;
        Run* run = isolate(at, length);
        const Measure old = run->measure();
        if (run->state == State::plain) {
            take(*run);
            run->payload = Payload();
        }
        run->state = state;
        if (run->attached()) order_.change(*run, run->measure() - old);
        if (state == State::dead) merge_dead(run);
    }
    void kill(At at, std::uint32_t length) {
        set_state(at, length, State::dead, [](const Run&) {});
    }
    /// Makes elements plain with this content, whatever they were.
    void revive(At at, std::uint32_t length, Payload payload) {
        Run* run = isolate(at, length);
        const Measure old = run->measure();
        run->state = State::plain;
        run->payload = std::move(payload);
        if (run->attached()) order_.change(*run, run->measure() - old);
    }

    /// The places of erased elements that are in the order, in ascending order.
    void collect_dead(std::vector<DotRun>& into) const {
        index_.for_each([&](const Run* run) {
            if (run->state == State::dead && run->attached()) into.push_back(dots(*run));
        });
    }
    /// Takes out for good what it can of `dead`, as far as that is erased and not in `kept`: first
    /// elements without children but such, then the links of chains, whose child goes to the one
    /// above (see is_link()). The order of all others stays, and so does the place where any new
    /// child of theirs goes. What is left are fewer runs of dead elements than three times all
    /// others. Nobody may name an element of `dead` that is erased as a parent any more.
    /// A function of the set of elements. O(n log n), n being runs here.
    void prune(const DotSet& dead, const DotSet& kept) {
        const std::vector<Run*> tried = dead_runs(dead);
        // Children mostly have later dots. What goes is not used again before the end.
        for (auto run = tried.rbegin(); run != tried.rend(); ++run) {
            for (Run* leaf = *run; leaf != nullptr;) leaf = prune_end(leaf, dead, kept);
        }
        for (Run* run : tried) {
            if (run->attached()) merge_chain(run);
        }
        for (Run* run : dead_runs(dead)) {
            if (is_link(*run, dead, kept)) unlink(run);
        }
    }

    /// Least upper bound: all places of both; of plain content what both show, and what only one
    /// shows and the other has never seen (see DotSet::join). Elements in `apart` are the caller's:
    /// their places come as dead ones, and what is here of them stays. O(n + m).
    void join(const Sequence& other, const CausalContext& mine, const CausalContext& theirs,
              const DotSet& apart = {}) {
        DotSet gone;
        index_.for_each([&](const Run* run) {
            if (run->state != State::plain) return;
            const DotSet known = theirs.seen(dots(*run));
            DotSet lost = known;
            for (const DotRun& seen : known.runs()) {
                other.for_each_in(seen, [&](const At& at, std::uint32_t length) {
                    if (at.run->state != State::plain) return;
                    const Dot first = other.dot(at);
                    lost.erase(DotRun{first.replica, first.counter, first.counter + length - 1});
                });
            }
            lost.erase_all(apart);
            gone.insert_all(lost);
        });
        for (const DotRun& run : gone.runs()) {
            for_each_in(run, [&](At at, std::uint32_t length) {
                if (at.run->state == State::plain) kill(at, length);
            });
        }
        other.for_each_by_dot([&](const Run& run) {
            const DotRun theirs_of = other.dots(run);
            DotSet shown;
            if (run.state == State::plain) {
                shown.insert(theirs_of);
                shown.erase_all(mine.seen(theirs_of));
                shown.erase_all(apart);
            }
            const Place place{other.parent(run), run.side};
            const Dot first{theirs_of.replica, theirs_of.first};
            const DotSet news = unknown(theirs_of);
            for (const DotRun& piece : news.runs()) {
                DotSet dead;
                dead.insert(piece);
                dead.erase_all(shown);
                DotSet plain;
                plain.insert(piece);
                plain.erase_all(dead);
                const auto add = [&](const DotRun& part, State state) {
                    const auto offset = static_cast<std::uint32_t>(part.first - first.counter);
                    const auto length = static_cast<std::uint32_t>(part.size());
                    Payload payload;
                    if (state == State::plain) payload = run.payload.part(offset, length);
                    insert({part.replica, part.first}, length, place_in(first, offset, place),
                           state, std::move(payload));
                };
                for (const DotRun& part : dead.runs()) add(part, State::dead);
                for (const DotRun& part : plain.runs()) add(part, State::plain);
            }
        });
    }

    void swap(Sequence& other) noexcept {
        std::swap(runs_, other.runs_);
        std::swap(free_, other.free_);
        order_.swap(other.order_);
        index_.swap(other.index_);
        std::swap(root_children_, other.root_children_);
        std::swap(waiting_, other.waiting_);
        std::swap(waiting_runs_, other.waiting_runs_);
        std::swap(slots_, other.slots_);
    }

private:
    using Tree = OrderTree<Run>;
    /// Long content would make every look inside it long; where there is none, nobody looks.
    static constexpr std::uint32_t plain_max = 1024;
    [[nodiscard]] static constexpr std::uint32_t longest(State state) {
        return state == State::plain ? plain_max : std::uint32_t{1} << 30;
    }

    /// Whether one of two siblings stands nearer to their parent. The replicas' order is that of
    /// the sequence; of one replica's the later is nearer: its author saw the earlier one erased,
    /// and put this one right beside a visible element.
    [[nodiscard]] bool is_nearer(Side side, std::uint32_t author_a, std::uint64_t a,
                                 std::uint32_t author_b, std::uint64_t b) const {
        if (author_a == author_b) return a > b;
        return (authors()[author_a] < authors()[author_b]) == (side == Side::right);
    }
    /// The order of a run's children.
    [[nodiscard]] bool child_less(const Run* a, const Run* b) const {
        if (a->parent != b->parent) return a->parent < b->parent;
        if (a->side != b->side) return a->side < b->side;
        return is_nearer(a->side, b->author, b->first, a->author, a->first);
    }

    Run* add_run() {
        if (free_.empty()) {
            runs_.emplace_back();
            return &runs_.back();
        }
        Run* run = free_.back();
        free_.pop_back();
        *run = Run();
        return run;
    }

    /// What typing does nearly always: the run that ends in the parent grows.
    bool extend(const Dot& first, std::uint32_t length, const Place& place, State state,
                Payload& payload) {
        if (place.side != Side::right || place.parent.counter + 1 != first.counter ||
            !(place.parent.replica == first.replica))
            return false;
        Run* run = index_.find(place.parent);
        if (run == nullptr || run->last() != place.parent.counter || run->state != state ||
            run->length + length > longest(state) || !run->payload.can_append(payload))
            return false;
        if (right_children(*run, run->last()) != run->children.end()) return false;
        const Measure old = run->measure();
        if (state == State::plain) run->payload.append(std::move(payload));
        run->length += length;
        if (run->attached()) order_.change(*run, run->measure() - old);
        return true;
    }

    /// Links a new run with its parent, or puts it among the waiting.
    void connect(Run* run) {
        if (run->parent == 0) {
            link(root_children_, run);
            attach_all(run);
            return;
        }
        const At parent = find({authors()[run->parent_author], run->parent});
        if (!parent) {
            waiting_[{authors()[run->parent_author], run->parent}].push_back(run);
            ++waiting_runs_;
            return;
        }
        link(parent.run->children, run);
        if (parent.run->attached()) {
            attach_all(run);
        } else {
            ++waiting_runs_;
        }
    }
    void link(std::vector<Run*>& children, Run* run) {
        const auto less = [this](const Run* a, const Run* b) { return child_less(a, b); };
        children.insert(std::upper_bound(children.begin(), children.end(), run, less), run);
    }
    /// What waited for one of these dots finds its parent.
    void adopt(const Dot& first, std::uint32_t length) {
        std::vector<Run*> orphans;
        auto at = waiting_.lower_bound(first);
        while (at != waiting_.end() && at->first.replica == first.replica &&
               at->first.counter < first.counter + length) {
            orphans.insert(orphans.end(), at->second.begin(), at->second.end());
            at = waiting_.erase(at);
        }
        for (Run* orphan : orphans) {
            const At parent = find({authors()[orphan->parent_author], orphan->parent});
            link(parent.run->children, orphan);
            if (!parent.run->attached()) continue;
            --waiting_runs_;
            attach_all(orphan);
        }
    }
    /// Attaches a run and all that hangs below it.
    void attach_all(Run* root) {
        attach(root);
        if (root->children.empty()) return;
        std::vector<Run*> todo = {root};
        while (!todo.empty()) {
            // attach() may split the run, which moves some of its children to the new half.
            const std::vector<Run*> children = todo.back()->children;
            todo.pop_back();
            // The nearest first: attach() looks at those that stand between a run and its parent.
            for (auto child = children.rbegin(); child != children.rend(); ++child) {
                if ((*child)->attached()) continue;
                attach(*child);
                --waiting_runs_;
                todo.push_back(*child);
            }
        }
    }

    /// Puts a run into the order, beside the sibling that is next nearer to the parent.
    void attach(Run* run) {
        if (run->parent == 0) {
            Run* nearer = nearer_sibling(root_children_, run);
            if (nearer == nullptr) return order_.insert_front(run);
            return insert_behind(last_below({nearer, 0}), run);
        }
        At parent = find({authors()[run->parent_author], run->parent});
        if (run->side == Side::right) {
            insert_behind(right_neighbour(parent, run), run);
            return;
        }
        if (parent.offset > 0) parent = {split(parent.run, parent.offset), 0};
        Run* nearer = nearer_sibling(parent.run->children, run);
        order_.insert_before(nearer == nullptr ? *parent.run : *first_below(nearer), run);
    }
    [[nodiscard]] static bool are_siblings(const Run& a, const Run& b) {
        return a.parent == b.parent && a.side == b.side;
    }
    [[nodiscard]] auto place_of(const std::vector<Run*>& siblings, const Run* run) const {
        return std::lower_bound(siblings.begin(), siblings.end(), run,
                                [this](const Run* a, const Run* b) { return child_less(a, b); });
    }
    /// The children of elements from `counter` on, left ones of that element itself left out.
    [[nodiscard]] static auto right_children(const Run& run, std::uint64_t counter) {
        return std::lower_bound(run.children.begin(), run.children.end(), counter,
                                [](const Run* child, std::uint64_t parent) {
                                    return child->parent < parent ||
                                           (child->parent == parent && child->side == Side::left);
                                });
    }
    /// None for the nearest.
    [[nodiscard]] Run* nearer_sibling(const std::vector<Run*>& siblings, const Run* run) const {
        const auto nearer = std::next(place_of(siblings, run));
        if (nearer == siblings.end() || !are_siblings(**nearer, *run)) return nullptr;
        assert((*nearer)->attached());
        return *nearer;
    }
    /// The element behind which a right child `run` of `parent` goes.
    [[nodiscard]] At right_neighbour(const At& parent, const Run* run) const {
        const Run& above = *parent.run;
        Run* nearer = nearer_sibling(above.children, run);
        const std::uint64_t next = above.first + parent.offset + 1;
        // The parent's run's own next element is a sibling too, though no run starts with it.
        const auto is_between = [&] {
            return is_nearer(Side::right, above.author, next, run->author, run->first) &&
                   (nearer == nullptr ||
                    is_nearer(Side::right, nearer->author, nearer->first, above.author, next));
        };
        if (next <= above.last() && is_between())
            return last_below({parent.run, parent.offset + 1});
        return nearer == nullptr ? parent : last_below({nearer, 0});
    }
    /// From `first` on, the first of its siblings that is in the order: the farthest.
    template <typename Children>
    [[nodiscard]] static Run* farthest(Children first, Children end) {
        const auto found = std::find_if(first, end, [](const Run* run) { return run->attached(); });
        return found == end || !are_siblings(**found, **first) ? nullptr : *found;
    }
    /// The last of the right children of the element `counter` of a run, or, if it has none, of
    /// the next in the run that has: right children inside a run stand behind what follows their
    /// parent in it, and all that is below that; others would have cut the run.
    [[nodiscard]] static Run* last_child(const Run& run, std::uint64_t counter) {
        return farthest(right_children(run, counter), run.children.end());
    }
    /// The last element of the subtree under `at`.
    [[nodiscard]] static At last_below(At at) {
        while (Run* child = last_child(*at.run, at.run->first + at.offset)) at = {child, 0};
        return {at.run, at.run->length - 1};
    }
    /// The run that begins the subtree of a run's first element.
    [[nodiscard]] static Run* first_below(Run* run) {
        for (;;) {
            Run* child = farthest(run->children.cbegin(), right_children(*run, run->first));
            if (child == nullptr) return run;
            run = child;
        }
    }
    void insert_behind(At left, Run* run) {
        if (left.offset + 1 < left.run->length) split(left.run, left.offset + 1);
        order_.insert_behind(*left.run, run);
    }

    /// The `n`-th visible element; none at the end.
    [[nodiscard]] At shown(std::uint32_t n) const {
        const auto found = order_.locate(&Measure::visible, n);
        if (found.item == nullptr) return {};
        return {found.item, n - found.before.visible};
    }
    /// Where an element goes between two visible ones with erased ones between them: under the one
    /// in front, if all that hangs on its right is erased. Else the next one hangs there, and all
    /// that hangs on the left of that stands between the two.
    [[nodiscard]] Place place_among_dead(const At& left) const {
        const std::uint32_t shown_before =
            left ? order_.before(*left.run).visible + left.offset + 1 : 0;
        const At front = shown_before == 0 ? At{} : shown(shown_before - 1);
        const At behind = shown(shown_before);
        if (front && (!behind || right_ends_before(front, behind)))
            return {dot(front), Side::right};
        return behind ? Place{dot(behind), Side::left} : Place{};
    }
    /// Whether all that hangs on the right of `front` stands before `behind`.
    [[nodiscard]] bool right_ends_before(const At& front, const At& behind) const {
        const std::uint32_t end = order_.before(*behind.run).slots + behind.offset;
        for (At at = front;;) {
            // Down to the last, as in last_below().
            if (order_.before(*at.run).slots + at.run->length > end) return false;
            Run* child = last_child(*at.run, at.run->first + at.offset);
            if (child == nullptr) return true;
            at = {child, 0};
        }
    }

    /// The last of these runs that begins at or below `dot`, if it reaches `first`.
    [[nodiscard]] static const DotRun* reaching(const DotSet& dots, const Dot& dot,
                                                std::uint64_t first) {
        const auto runs = dots.runs();
        auto above =
            std::upper_bound(runs.begin(), runs.end(), dot, [](const Dot& d, const DotRun& run) {
                return d < Dot{run.replica, run.first};
            });
        if (above == runs.begin()) return nullptr;
        const DotRun& run = *std::prev(above);
        return run.replica == dot.replica && run.last >= first ? &run : nullptr;
    }
    /// How many elements of a dead run stay: up to the last that has a child or is not to go.
    [[nodiscard]] std::uint32_t kept_of(const Run& run, const DotSet& dead,
                                        const DotSet& kept) const {
        const Dot last{authors()[run.author], run.last()};
        const DotRun* going = reaching(dead, last, run.last());
        if (going == nullptr) return run.length;
        std::uint64_t end = std::max(run.first, going->first);  // the first that may go
        if (const DotRun* pinned = reaching(kept, last, run.first))
            end = std::max(end, std::min(pinned->last, run.last()) + 1);
        if (!run.children.empty()) end = std::max(end, run.children.back()->parent + 1);
        return static_cast<std::uint32_t>(end - run.first);
    }
    /// Prunes one run. Returns the one it hung on, if nothing is left of it.
    Run* prune_end(Run* run, const DotSet& dead, const DotSet& kept) {
        if (run->state != State::dead || !run->attached()) return nullptr;
        const std::uint32_t length = kept_of(*run, dead, kept);
        const Measure old = run->measure();
        slots_ -= run->length - length;
        if (length > 0) {
            run->length = length;
            order_.change(*run, run->measure() - old);
            return nullptr;
        }
        Run* parent = parent_of(*run);
        std::vector<Run*>& siblings = parent == nullptr ? root_children_ : parent->children;
        siblings.erase(position_in(siblings, run));
        take_out(run);
        return parent;
    }
    /// Puts the dead neighbours together that continue one another: runs are cut as edits came,
    /// and what goes must not depend on that.
    void merge_chain(Run* run) {
        for (Run* left = previous(*run); left != nullptr && continues(*left, *run);
             left = previous(*run))
            run = merge(left, run);
        for (Run* right = next(*run); right != nullptr && continues(*run, *right);
             right = next(*run))
            merge(run, right);
    }
    /// Whether a dead run only links an erased element, whose one child on that side it is, with
    /// one child at its end. Nobody puts anything under either any more; so that may as well be a
    /// child of the one above: whose neighbour it is stays the same. (Of several children the order
    /// could not stay on another side.)
    [[nodiscard]] bool is_link(const Run& run, const DotSet& dead, const DotSet& kept) const {
        if (run.parent == 0 || run.children.size() != 1) return false;
        const Dot last{authors()[run.author], run.last()};
        const DotRun* going = reaching(dead, last, run.last());
        if (going == nullptr || going->first > run.first) return false;
        if (reaching(kept, last, run.first) != nullptr) return false;
        if (run.children.front()->parent != run.last()) return false;
        const Run& above = *parent_of(run);
        const Dot parent = this->parent(run);
        if (above.state != State::dead || reaching(dead, parent, parent.counter) == nullptr)
            return false;
        if (run.side == Side::right && run.parent != above.last()) return false;
        const auto here = place_of(above.children, &run);
        return (here == above.children.begin() || !are_siblings(**std::prev(here), run)) &&
               (std::next(here) == above.children.end() || !are_siblings(**std::next(here), run));
    }
    void unlink(Run* run) {
        slots_ -= run->length;
        std::vector<Run*>& siblings = parent_of(*run)->children;
        Run* child = run->children.front();
        child->parent_author = run->parent_author;
        child->parent = run->parent;
        child->side = run->side;
        *position_in(siblings, run) = child;
        take_out(run);
    }
    /// Null for one that hangs on nothing.
    [[nodiscard]] Run* parent_of(const Run& run) const {
        return run.parent == 0 ? nullptr : index_.find(parent(run));
    }
    [[nodiscard]] auto position_in(std::vector<Run*>& siblings, const Run* run) const {
        return siblings.begin() + (place_of(siblings, run) - siblings.cbegin());
    }
    /// A run that nothing hangs on, and that hangs on nothing any more.
    void take_out(Run* run) {
        order_.remove(*run);
        index_.erase(run);
        run->children = {};
        free_.push_back(run);
    }
    /// The runs of erased elements some of which are in `dots`, by dot.
    [[nodiscard]] std::vector<Run*> dead_runs(const DotSet& dots) const {
        std::vector<Run*> runs;
        const auto add = [&](Run* run) {
            if (run->state == State::dead && run->attached()) runs.push_back(run);
        };
        if (index_.size() <= dots.runs().size()) {
            index_.for_each(add);
        } else {
            for (const DotRun& run : dots.runs())
                for_each_in(run, [&](const At& at, std::uint32_t) { add(at.run); });
        }
        return runs;
    }

    /// Cuts a run in two; returns the second, which is the first one's right child.
    Run* split(Run* run, std::uint32_t at) {
        Run* tail = add_run();
        tail->author = run->author;
        tail->first = run->first + at;
        tail->length = run->length - at;
        tail->parent_author = run->author;
        tail->parent = tail->first - 1;
        tail->side = Side::right;
        tail->state = run->state;
        const Measure old = run->measure();
        if (run->state == State::plain) tail->payload = run->payload.cut(at, run->length);
        run->length = at;
        const auto moved = std::lower_bound(
            run->children.begin(), run->children.end(), tail->first,
            [](const Run* child, std::uint64_t first) { return child->parent < first; });
        tail->children.assign(moved, run->children.end());
        run->children.erase(moved, run->children.end());
        link(run->children, tail);
        index_.insert(tail);
        if (run->attached()) {
            order_.change(*run, run->measure() - old);
            order_.insert_behind(*run, tail);
        } else {
            ++waiting_runs_;
        }
        return tail;
    }
    /// The run that holds exactly these elements.
    Run* isolate(At at, std::uint32_t length) {
        if (at.offset > 0) at = {split(at.run, at.offset), 0};
        if (length < at.run->length) split(at.run, length);
        return at.run;
    }

    /// Whether `b`, which stands behind `a`, could be the rest of it.
    [[nodiscard]] static bool goes_on(const Run& a, const Run& b) {
        return (a.state == State::plain) == (b.state == State::plain) && a.author == b.author &&
               a.last() + 1 == b.first && b.parent == a.last() && b.parent_author == a.author &&
               b.side == Side::right && a.payload.can_append(b.payload);
    }
    [[nodiscard]] static bool continues(const Run& a, const Run& b) {
        return a.state == State::dead && b.state == State::dead && goes_on(a, b) &&
               a.length + b.length <= longest(State::dead);
    }
    /// Id-only neighbours become one run again.
    void merge_dead(Run* run) {
        if (!run->attached()) return;
        if (Run* left = previous(*run); left != nullptr && continues(*left, *run))
            run = merge(left, run);
        if (Run* right = next(*run); right != nullptr && continues(*run, *right)) merge(run, right);
    }
    Run* merge(Run* a, Run* b) {
        a->children.erase(place_of(a->children, b));
        a->children.insert(a->children.end(), b->children.begin(), b->children.end());
        const Measure size = b->measure();
        order_.remove(*b);
        index_.erase(b);
        a->length += b->length;
        order_.change(*a, size);
        b->children = {};
        free_.push_back(b);
        return a;
    }

    void copy(const Sequence& other) {
        std::map<const Run*, Run*> twins;
        index_.copy_authors(other.index_);
        const auto twin = [&](const Run* run) {
            Run* made = add_run();
            made->author = run->author;
            made->length = run->length;
            made->first = run->first;
            made->parent_author = run->parent_author;
            made->side = run->side;
            made->state = run->state;
            made->parent = run->parent;
            made->payload = run->payload;
            twins.emplace(run, made);
            return made;
        };
        for (const Run* run = other.front(); run != nullptr; run = next(*run))
            order_.push_back(twin(run));
        other.for_each_by_dot([&](const Run& run) {
            index_.push_back(run.attached() ? twins.at(&run) : twin(&run));
        });
        const auto twins_of = [&](const std::vector<Run*>& runs) {
            std::vector<Run*> made;
            made.reserve(runs.size());
            for (const Run* run : runs) made.push_back(twins.at(run));
            return made;
        };
        for (const auto& [run, made] : twins) made->children = twins_of(run->children);
        root_children_ = twins_of(other.root_children_);
        for (const auto& [parent, runs] : other.waiting_) waiting_[parent] = twins_of(runs);
        waiting_runs_ = other.waiting_runs_;
        slots_ = other.slots_;
    }

    std::deque<Run> runs_;
    std::vector<Run*> free_;
    Tree order_;
    DotIndex<Run> index_;
    std::vector<Run*> root_children_;
    std::map<Dot, std::vector<Run*>> waiting_;  ///< by the parent they wait for
    std::size_t waiting_runs_ = 0;              ///< runs not in the order, those below others too
    std::uint32_t slots_ = 0;                   ///< elements, waiting ones too
};

}  // namespace syncline
