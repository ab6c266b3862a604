// Goes over columns as state_writer.cpp went over the state, and builds it; everything is checked
// for shape, range and order as it goes by. See docs/encoding.md, "States".

#include "real_bits.hpp"
#include "sequence_links.hpp"
#include "state_codec.hpp"
#include "state_costs.hpp"
#include "syncline/codec/reader.hpp"

#include <algorithm>
#include <set>

namespace syncline::wire {

namespace {

/// What is left of a column. Beyond its end it gives 0 and fails.
class Column {
public:
    explicit Column(const StateNumbers& numbers) : numbers_(numbers) {}
    [[nodiscard]] bool at_end() const { return next_ == numbers_.size(); }
    bool take(std::uint64_t& number) {
        if (at_end()) return false;
        number = numbers_[next_++];
        return true;
    }

private:
    NumbersView numbers_;
    std::size_t next_ = 0;
};

class StateReader {
public:
    /// Stamps are told from `ms` on.
    StateReader(const StateColumns& columns, const Limits& limits, std::uint64_t ms = 0)
        : c_(columns),
          shapes_(c_.shapes),
          counts_(c_.counts),
          refs_(c_.refs),
          key_heads_(c_.key_heads),
          key_shared_(c_.key_shared),
          stamped_who_(c_.stamped_who),
          stamped_at_(c_.stamped_at),
          dot_who_(c_.dot_who),
          dot_at_(c_.dot_at),
          mark_who_(c_.mark_who),
          mark_at_(c_.mark_at),
          mark_sums_(c_.mark_sums),
          kinds_(c_.kinds),
          integers_(c_.integers),
          lengths_(c_.lengths),
          links_(c_.links),
          run_lengths_(c_.run_lengths),
          depths_(c_.depths),
          run_who_(c_.run_who),
          run_at_(c_.run_at),
          parents_who_(c_.parents_who),
          parents_at_(c_.parents_at),
          list_ms_(c_.list_ms),
          list_ticks_(c_.list_ticks),
          emptied_who_(c_.emptied_who),
          emptied_at_(c_.emptied_at),
          emptied_first_(c_.emptied_first),
          keys_(as_text(c_.keys)),
          values_(as_text(c_.values)),
          contents_(as_text(c_.contents)),
          named_(c_.authors.size(), false),
          emptied_ends_(c_.authors.size(), 1),
          numbers_left_(limits.values_max - numbers_in(c_)),
          list_ms_sum_(ms),
          ms_highest_(ms) {
        for (const auto& author : c_.authors) ends_.push_back(author.top + 1);
        read_stamps(ms);
    }

    Result<PlainState> read(StateKind kind) {
        PlainState made;
        if (kind == StateKind::document) {
            if (c_.has_prelude) made.early = some_dots();
        } else {
            read_context(made.context);
        }
        if (c_.has_presence) made.map.set_presence(some_dots());
        while (!shapes_.at_end() && !failed_) field(made.map, Keys::unique, 0, path_max);
        require_all_used();
        if (failed_) return fail(code_, std::string(name_of(code_)) + " (a state)");
        return made;
    }
    [[nodiscard]] std::uint64_t highest_ms() const { return ms_highest_; }

private:
    enum class Keys : std::uint8_t { unique, repeated, none };

    void require(bool condition, ErrorCode code) {
        if (condition || failed_) return;
        failed_ = true;
        code_ = code;
    }
    std::uint64_t next(Column& column, std::uint64_t max = ~std::uint64_t{0}) {
        std::uint64_t number = 0;
        require(column.take(number), ErrorCode::truncated);
        require(number <= max, ErrorCode::out_of_range);
        return failed_ ? 0 : number;
    }
    std::uint64_t count() { return next(counts_); }
    /// For what takes more memory than the numbers that tell it may.
    void charge(std::uint64_t numbers) {
        require(numbers <= numbers_left_, ErrorCode::too_large);
        if (!failed_) numbers_left_ -= numbers;
    }
    std::string_view take(std::string_view& bytes, std::uint64_t size) {
        require(size <= bytes.size(), ErrorCode::truncated);
        if (failed_) return {};
        const auto part = static_cast<std::size_t>(size);
        const std::string_view taken = bytes.substr(0, part);
        bytes.remove_prefix(part);
        return taken;
    }
    /// Each column to its end, each replica and its top.
    void require_all_used() {
        const auto at_end = [&](const auto&... columns) { return (columns.at_end() && ...); };
        require(at_end(shapes_, counts_, refs_, key_heads_, key_shared_, stamped_at_, dot_at_,
                       mark_at_, kinds_, integers_, lengths_, links_, run_lengths_, depths_,
                       run_at_, parents_who_, parents_at_, list_ms_, emptied_at_) &&
                    keys_.empty() && values_.empty() && contents_.empty(),
                ErrorCode::not_canonical);
        require(std::all_of(named_.begin(), named_.end(), [](bool named) { return named; }),
                ErrorCode::not_canonical);
    }

    // Stamps and dots.

    void read_stamps(std::uint64_t ms) {
        stamps_.resize(c_.stamped_at.size());
        if (stamps_.empty()) return;
        // The first step may be one of no time as well.
        const std::size_t steps = NumbersView(c_.stamped_ms).count_if(is_step);
        if (steps == (is_step(c_.stamped_ms[0]) ? 1U : 0U) && are_equal(c_.stamped_ticks)) {
            std::fill(stamps_.begin(), stamps_.end(),
                      stamp(c_.stamped_ms[0], c_.stamped_ticks[0], ms));
            return;
        }
        std::size_t i = 0;
        for (const std::uint32_t at : stamp_order(c_)) {
            stamps_[at] = stamp(c_.stamped_ms[i], c_.stamped_ticks[i], ms);
            ++i;
        }
    }
    static bool is_step(std::uint64_t number) { return number != 0; }
    Hlc stamp(std::uint64_t step, std::uint64_t tick, std::uint64_t& ms) {
        ms += unzigzag(step);
        require(ms <= Hlc::ms_max && tick <= 0xFFFF, ErrorCode::out_of_range);
        ms_highest_ = std::max(ms_highest_, ms);
        return Hlc{ms << 16 | tick};
    }

    std::size_t author(Column& who) {
        if (c_.authors.size() == 1) return 0;
        const std::uint64_t number = next(who);
        require(number < c_.authors.size(), ErrorCode::out_of_range);
        return failed_ ? 0 : static_cast<std::size_t>(number);
    }
    /// The counter so far below the author's top.
    std::uint64_t below(std::size_t author, std::uint64_t distance) {
        require(author < c_.authors.size() && distance < c_.authors[author].top,
                ErrorCode::out_of_range);
        if (failed_) return 1;
        if (distance == 0) named_[author] = true;
        return c_.authors[author].top - distance;
    }
    /// One that need not be in the context: a delta names places it does not bring.
    Dot unseen_dot(Column& who, Column& at) {
        const std::size_t of = author(who);
        const std::uint64_t counter = below(of, next(at));
        return failed_ ? Dot{{}, 1} : Dot{c_.authors[of].id, counter};
    }
    Dot seen(const Dot& dot) {
        require(context_ == nullptr || context_->contains(dot), ErrorCode::out_of_range);
        return dot;
    }
    Dot dot() { return seen(unseen_dot(dot_who_, dot_at_)); }
    Dot stamped_dot() { return seen(unseen_dot(stamped_who_, stamped_at_)); }
    Hlc next_stamp() { return failed_ ? Hlc{} : stamps_[stamps_used_++]; }

    DotSet dots() {
        std::uint64_t runs = count();
        DotSet made;
        for (; runs > 0 && !failed_; --runs) {
            const Dot last = unseen_dot(dot_who_, dot_at_);
            const std::uint64_t before = count();
            require(before < last.counter, ErrorCode::out_of_range);
            if (failed_) break;
            const DotRun run{last.replica, last.counter - before, last.counter};
            require(context_ == nullptr || context_->seen(run).size() == run.size(),
                    ErrorCode::out_of_range);
            // Ascending, and not touching: the set has one run more.
            const auto& before_it = made.runs();
            require(before_it.empty() || before_it.back().replica < run.replica ||
                        (before_it.back().replica == run.replica &&
                         before_it.back().last + 1 < run.first),
                    ErrorCode::not_canonical);
            if (!failed_) made.insert(run);
        }
        return made;
    }
    DotSet some_dots() {
        DotSet some = dots();
        require(!some.empty(), ErrorCode::not_canonical);
        return some;
    }
    DotSet one_dot() { return DotSet{dot()}; }
    static bool is_one(const DotSet& dots) { return dots.size() == 1; }

    void read_context(CausalContext& context) {
        if (!c_.has_prelude) {
            VersionVector vector;
            for (const auto& author : c_.authors) vector.raise(author.id, author.top);
            context = CausalContext(std::move(vector));
            named_.assign(named_.size(), true);
            return;
        }
        const DotSet all = dots();
        context.insert(all);
        // What has no gaps and names all there is would have had no words.
        const bool covers_tops =
            context.exceptions().empty() && context.vector().size() == c_.authors.size() &&
            std::all_of(c_.authors.begin(), c_.authors.end(), [&](const auto& author) {
                return context.vector().at(author.id) == author.top;
            });
        require(!covers_tops, ErrorCode::not_canonical);
        context_ = &context;
    }

    // Fields. Recursion is bounded by path_max; elements of a list at its end have contents, too.

    void field(OrMap& map, Keys keys, std::size_t depth, std::size_t depth_max) {
        FieldKey field;
        const std::uint64_t shape = next(shapes_);
        const bool emptied = !is_second() && (shape == emptied_text || shape == emptied_list);
        const auto type = emptied ? std::optional(shape == emptied_text ? Type::text : Type::list)
                                  : type_of(shape / 2 + 1);
        require(type.has_value(), ErrorCode::unknown_format);
        require(depth < depth_max, ErrorCode::too_deep);
        if (keys == Keys::unique) {
            field.key = new_key();
        } else if (keys == Keys::repeated) {
            field.key = repeated_key();
        }
        if (failed_) return;
        field.type = *type;
        require(map.fields().empty() || map.fields().back().first < FieldName::Like(field),
                ErrorCode::not_canonical);
        const bool common = shape % 2 == 0;
        Node node = emptied ? emptied_store(*type) : store(*type, common, depth + 1);
        require(!node.empty(), ErrorCode::not_canonical);
        if (!failed_) map.insert(field, std::move(node));
    }
    const std::string& new_key() {
        const std::uint64_t head = next(key_heads_);
        if (head == 0) {
            const bool can_rise = !key_.empty() && static_cast<unsigned char>(key_.back()) < 0xFF;
            require(can_rise, ErrorCode::not_canonical);
            if (can_rise)
                key_.back() = static_cast<char>(static_cast<unsigned char>(key_.back()) + 1);
        } else {
            std::uint64_t shared = (head - 1) % 8;
            if (shared == shared_max) {
                const std::uint64_t more = next(key_shared_, key_bytes_max);
                shared += more;
            }
            const std::string_view rest = take(keys_, (head - 1) / 8);
            require(shared <= key_.size() && shared + rest.size() <= key_bytes_max,
                    ErrorCode::too_large);
            if (failed_) return key_;
            const bool shares_more = !rest.empty() && shared < key_.size() &&
                                     rest.front() == key_[static_cast<std::size_t>(shared)];
            const bool is_next = rest.size() == 1 && shared + 1 == key_.size() &&
                                 static_cast<unsigned char>(key_.back()) + 1 ==
                                     static_cast<unsigned char>(rest.front());
            require(!shares_more && !is_next, ErrorCode::not_canonical);
            key_.resize(static_cast<std::size_t>(shared));
            key_ += rest;
        }
        require(is_utf8(key_), ErrorCode::invalid_utf8);
        return key_;
    }
    std::string repeated_key() {
        const std::uint64_t ref = c_.refs.empty() ? 0 : next(refs_, known_keys_.size());
        if (failed_) return {};
        if (ref > 0) return known_keys_[static_cast<std::size_t>(ref - 1)];
        const std::string& key = new_key();
        require(known_.insert(key).second, ErrorCode::not_canonical);
        known_keys_.push_back(key);
        return key;
    }

    [[nodiscard]] bool is_second() const { return c_.form == StateForm::second; }
    Node emptied_store(Type type) {
        charge(sequence_charge);
        const std::size_t of = author(emptied_who_);
        const std::uint64_t last = below(of, next(emptied_at_));
        const std::uint64_t step = unzigzag(next(emptied_first_));
        if (failed_) return Node(type);
        const std::uint64_t first = emptied_ends_[of] + step;
        require(first >= 1 && first <= last, ErrorCode::out_of_range);
        require(last - first < Sequence<TextPayload>::slots_max, ErrorCode::too_large);
        if (failed_) return Node(type);
        emptied_ends_[of] = last + 1;
        const DotRun dots{c_.authors[of].id, first, last};
        require(context_ == nullptr || context_->seen(dots).size() == dots.size(),
                ErrorCode::out_of_range);
        const auto length = static_cast<std::uint32_t>(last - first + 1);
        const auto filled = [&](auto order) {
            const bool is_in =
                order.insert({dots.replica, first}, length, {}, decltype(order)::State::dead, {});
            require(is_in, ErrorCode::not_canonical);
            return order;
        };
        if (type == Type::text) return Node(Text({}, filled(Text::Order()), {}));
        return Node(List({}, filled(List::Order()), {}));
    }
    /// Whether it has a shape of its own, so that the common one is another spelling.
    [[nodiscard]] bool has_emptied_shape(bool common, const std::vector<Stretch>& stretches) const {
        return !is_second() && common && stretches.size() == 1 && !stretches.front().plain &&
               stretches.front().place.parent.counter == 0;
    }

    Node store(Type type, bool common, std::size_t depth) {
        switch (type) {
            case Type::map: return Node(map(common, depth));
            case Type::list: return Node(list(common, depth));
            case Type::text: return Node(text(common));
            case Type::or_set: return Node(OrSet(elements_in(common)));
            case Type::g_set: return Node(GSet(elements_in(common)));
            case Type::rw_set: {
                ElementDots inserted = elements(common);
                ElementDots erased = common ? ElementDots() : elements(false);
                require(common || !erased.empty() || !are_ones(inserted), ErrorCode::not_canonical);
                return Node(RwSet(std::move(inserted), std::move(erased)));
            }
            case Type::pn_counter: return Node(PnCounter(counter(common)));
            case Type::g_counter: return Node(GCounter(counter(common)));
            case Type::ew_flag: {
                DotSet enables = common ? one_dot() : dots();
                require(common || !is_one(enables), ErrorCode::not_canonical);
                return Node(EwFlag(std::move(enables)));
            }
            case Type::dw_flag: {
                DotSet enables = common ? one_dot() : dots();
                DotSet disables = common ? DotSet() : dots();
                require(common || !disables.empty() || !is_one(enables), ErrorCode::not_canonical);
                return Node(DwFlag(std::move(enables), std::move(disables)));
            }
            case Type::lww_register: return Node(LwwRegister(values(common)));
            case Type::mv_register: return Node(MvRegister(values(common)));
        }
        return Node(type);
    }
    OrMap map(bool common, std::size_t depth) {
        OrMap made;
        if (!common) made.set_presence(some_dots());
        for (std::uint64_t left = count(); left > 0 && !failed_; --left)
            field(made, Keys::repeated, depth, path_max);
        return made;
    }

    static bool are_ones(const ElementDots& elements) {
        return std::all_of(elements.elements().begin(), elements.elements().end(),
                           [](const auto& element) { return is_one(element.second); });
    }
    ElementDots elements(bool ones) {
        ElementDots made;
        const Value* last = nullptr;
        for (std::uint64_t left = count(); left > 0 && !failed_; --left) {
            Value element = value(0);
            require(last == nullptr || *last < element, ErrorCode::not_canonical);
            DotSet dots = ones ? one_dot() : some_dots();
            if (failed_) break;
            made.insert(std::move(element), std::move(dots));
            last = &made.elements().back().first;
        }
        return made;
    }
    ElementDots elements_in(bool common) {
        ElementDots made = elements(common);
        require(common || !are_ones(made), ErrorCode::not_canonical);
        return made;
    }
    DotValues values(bool common) {
        DotValues made;
        const std::uint64_t entries = common ? 1 : count();
        require(common || entries != 1, ErrorCode::not_canonical);
        for (std::uint64_t left = entries; left > 0 && !failed_; --left) {
            const Dot at = stamped_dot();
            require(made.empty() || made.entries().back().dot < at, ErrorCode::not_canonical);
            const Hlc hlc = next_stamp();
            made.insert({at, hlc, value(0)});
        }
        return made;
    }
    CounterEntries counter(bool common) {
        CounterEntries made;
        const ReplicaId* last = nullptr;
        const std::uint64_t entries = common ? 1 : count();
        for (std::uint64_t left = entries; left > 0 && !failed_; --left) {
            const std::uint64_t parts = common ? 1 : count();
            require(parts >= 1 && parts <= 3, ErrorCode::malformed);
            require(common || entries > 1 || parts != 1, ErrorCode::not_canonical);
            CounterEntries::Entry entry;
            std::size_t of = 0;
            if (parts % 2 != 0) entry.total = mark(of);
            const std::size_t of_total = of;
            if (parts >= 2) entry.cancelled = mark(of);
            require(parts != 3 || of == of_total, ErrorCode::not_canonical);
            if (failed_) break;
            const ReplicaId& replica = c_.authors[of].id;
            require(last == nullptr || *last < replica, ErrorCode::not_canonical);
            made.insert(replica, entry);
            last = &c_.authors[of].id;
        }
        return made;
    }
    CounterMark mark(std::size_t& of) {
        of = author(mark_who_);
        CounterMark made;
        made.counter = below(of, next(mark_at_));
        made.sum = static_cast<std::int64_t>(unzigzag(next(mark_sums_)));
        return made;
    }

    // Values. Recursion is bounded by value_depth_max.

    Value value(std::size_t depth) {
        require(depth <= value_depth_max, ErrorCode::too_deep);
        const auto kind = static_cast<ValueKind>(next(kinds_, kind_max));
        if (failed_) return {};
        switch (kind) {
            case ValueKind::natural:
            case ValueKind::negative: {
                const std::uint64_t bits = next(integers_, ~std::uint64_t{0} >> 1);
                return static_cast<std::int64_t>(kind == ValueKind::natural ? bits : ~bits);
            }
            case ValueKind::text: return utf8(next(lengths_));
            case ValueKind::binary: {
                const BytesView bytes = as_bytes(take(values_, next(lengths_)));
                return Bytes(bytes.begin(), bytes.end());
            }
            case ValueKind::array: {
                Value::Array items;
                for (std::uint64_t left = next(lengths_); left > 0 && !failed_; --left)
                    items.push_back(value(depth + 1));
                return items;
            }
            case ValueKind::map: {
                Value::Map members;
                for (std::uint64_t left = next(lengths_); left > 0 && !failed_; --left) {
                    require(next(kinds_) == static_cast<std::uint64_t>(ValueKind::text),
                            ErrorCode::malformed);
                    std::string key = utf8(next(lengths_));
                    require(members.empty() || members.back().key < key, ErrorCode::not_canonical);
                    members.push_back({std::move(key), value(depth + 1)});
                }
                return members;
            }
            case ValueKind::real: return real();
            case ValueKind::null: return {};
            case ValueKind::no: return false;
            case ValueKind::yes: return true;
        }
        return {};
    }
    std::string utf8(std::uint64_t size) {
        const std::string_view text = take(values_, size);
        require(is_utf8(text), ErrorCode::invalid_utf8);
        return std::string(text);
    }
    Value real() {
        const std::string_view bytes = take(values_, 8);
        std::uint64_t bits = 0;
        for (std::size_t i = bytes.size(); i-- > 0;)
            bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
        Value made(real_of(bits));
        // One that is an integer, or another NaN, has become another value.
        require(made.real() != nullptr && bits_of(*made.real()) == bits, ErrorCode::not_canonical);
        return made;
    }

    // Sequences.

    struct ReadOrder {
        std::vector<Stretch> stretches;
        std::size_t attached = 0;
    };
    ReadOrder order(bool common) {
        ReadOrder made;
        const std::uint64_t attached = count();
        const std::uint64_t waiting = common ? 0 : count();
        require(attached <= c_.links.size() && waiting <= c_.links.size() - attached,
                ErrorCode::truncated);
        if (failed_) return made;
        charge(sequence_charge + (attached + waiting) * stretch_charge);
        if (failed_) return made;
        made.attached = static_cast<std::size_t>(attached);
        made.stretches.resize(made.attached + static_cast<std::size_t>(waiting));
        std::vector<LinkTo> links(made.stretches.size());
        std::uint64_t slots = 0;
        for (std::size_t i = 0; i < links.size(); ++i) {
            Stretch& stretch = made.stretches[i];
            const std::uint64_t link = next(links_);
            links[i].link = static_cast<Link>(link / 2);
            stretch.plain = link % 2 != 0;
            stretch.length = static_cast<std::uint32_t>(
                                 next(run_lengths_, Sequence<TextPayload>::slots_max - 1)) +
                             1;
            slots += stretch.length;
            if (links[i].link <= Link::left) links[i].depth = next(depths_);
            require(i < attached || links[i].link == Link::given, ErrorCode::not_canonical);
        }
        require(slots <= Sequence<TextPayload>::slots_max, ErrorCode::too_large);
        find_parents(links, made.attached);
        for (std::size_t i = 0; i < links.size() && !failed_; ++i)
            place(made.stretches, i, links[i]);
        for (std::size_t i = 0; i < made.attached && !failed_; ++i) {
            if (links[i].link == Link::left)
                made.stretches[i].place = {made.stretches[links[i].parent].first, Side::left};
        }
        if (failed_) return made;
        const std::vector<LinkTo> only = links_of(made.stretches, made.attached);
        require(std::equal(only.begin(), only.end(), links.begin(),
                           [](const LinkTo& a, const LinkTo& b) {
                               return a.link == b.link && a.depth == b.depth;
                           }),
                ErrorCode::not_canonical);
        return made;
    }
    /// Which stretches the links lead to.
    void find_parents(std::vector<LinkTo>& links, std::size_t attached) {
        OpenStretches beginnings;
        for (std::size_t i = attached; i-- > 0;) {
            if (links[i].link == Link::left)
                links[i].parent = parent(beginnings.take(links[i].depth, false));
            beginnings.push(i);
        }
        OpenStretches ends;
        for (std::size_t i = 0; i < attached; ++i) {
            if (links[i].link == Link::own || links[i].link == Link::right)
                links[i].parent = parent(ends.take(links[i].depth, links[i].link == Link::own));
            ends.push(i);
        }
    }
    std::size_t parent(std::size_t index) {
        require(index != OpenStretches::none, ErrorCode::out_of_range);
        return failed_ ? 0 : index;
    }
    void place(std::vector<Stretch>& all, std::size_t i, const LinkTo& link) {
        Stretch& stretch = all[i];
        std::size_t of = 0;
        if (link.link == Link::own) {
            const Stretch& before = all[link.parent];
            of = authors_of_[link.parent - i + authors_of_.size()];
            stretch.first = {before.first.replica, before.last().counter + 1};
        } else {
            of = author(run_who_);
            const std::uint64_t step = unzigzag(next(run_at_));
            if (failed_ || of >= ends_.size()) return require(false, ErrorCode::out_of_range);
            stretch.first = {c_.authors[of].id, ends_[of] + step};
        }
        authors_of_.push_back(of);
        const std::uint64_t top = c_.authors[of].top;
        const std::uint64_t first = stretch.first.counter;
        require(first >= 1 && first <= top && stretch.length - 1 <= top - first,
                ErrorCode::out_of_range);
        if (failed_) return;
        const DotRun dots{stretch.first.replica, first, stretch.last().counter};
        require(context_ == nullptr || context_->seen(dots).size() == stretch.length,
                ErrorCode::out_of_range);
        if (dots.last == top) named_[of] = true;
        ends_[of] = dots.last + 1;
        if (link.link == Link::own || link.link == Link::right) {
            stretch.place = {all[link.parent].last(), Side::right};
        } else if (link.link == Link::given) {
            const std::uint64_t parent = next(parents_who_);
            const std::uint64_t counter = first + unzigzag(next(parents_at_));
            require(parent / 2 < c_.authors.size(), ErrorCode::out_of_range);
            if (failed_) return;
            const auto of_parent = static_cast<std::size_t>(parent / 2);
            const auto& author = c_.authors[of_parent];
            require(counter >= 1 && counter <= author.top, ErrorCode::out_of_range);
            if (failed_) return;
            (void)below(of_parent, author.top - counter);
            stretch.place = {{author.id, counter}, static_cast<Side>(parent % 2)};
        }
    }

    Text text(bool common) {
        DotSet presence = common ? DotSet() : dots();
        Text::Marks marks;
        for (std::uint64_t left = common ? 0 : count(); left > 0 && !failed_; --left) {
            const Dot at = stamped_dot();
            require(marks.empty() || marks.rbegin()->first < at, ErrorCode::not_canonical);
            Text::StampedMark made;
            made.hlc = next_stamp();
            require(next(kinds_) == static_cast<std::uint64_t>(ValueKind::text),
                    ErrorCode::malformed);
            made.mark.name = utf8(next(lengths_));
            require(made.mark.name.size() <= key_bytes_max, ErrorCode::too_large);
            made.mark.value = value(0);
            made.mark.from = anchor();
            made.mark.to = anchor();
            marks.emplace_hint(marks.end(), at, std::move(made));
        }
        const ReadOrder read = order(common);
        const bool had_reason =
            !presence.empty() || !marks.empty() || read.attached < read.stretches.size();
        require(common || had_reason, ErrorCode::not_canonical);
        require(!has_emptied_shape(common, read.stretches), ErrorCode::not_canonical);
        std::vector<TextPayload> contents(read.stretches.size());
        for (std::size_t i = 0; i < contents.size() && !failed_; ++i) {
            if (!read.stretches[i].plain) continue;
            const std::uint64_t length = read.stretches[i].length;
            require(length <= contents_.size(), ErrorCode::truncated);
            if (failed_) break;
            const std::string_view content = take_code_points(contents_, length);
            require(is_utf8(content), ErrorCode::invalid_utf8);
            require(code_points(content) == length, ErrorCode::truncated);
            contents[i] = TextPayload(std::string(content));
        }
        if (failed_) return {};
        Text::Order made;
        require(build_order(made, read.stretches, read.attached, std::move(contents)),
                ErrorCode::not_canonical);
        if (failed_) return {};
        return Text(std::move(presence), std::move(made), std::move(marks));
    }
    Anchor anchor() {
        Anchor made;
        const std::uint64_t form = next(counts_, 3);
        made.side = static_cast<Side>(form % 2);
        if (form >= 2) made.element = unseen_dot(dot_who_, dot_at_);
        return made;
    }
    List list(bool common, std::size_t depth) {
        DotSet presence = common ? DotSet() : dots();
        List::Elements elements;
        for (std::uint64_t left = common ? 0 : count(); left > 0 && !failed_; --left) {
            const std::uint64_t head = count();
            const Dot id = unseen_dot(dot_who_, dot_at_);
            charge(element_charge);
            require(elements.empty() || elements.rbegin()->first < id, ErrorCode::not_canonical);
            ListElement made;
            if (head % 2 != 0) {
                made.slot = unseen_dot(stamped_who_, stamped_at_);
                made.moved = next_stamp();
            }
            require(depth <= path_max + 1, ErrorCode::too_deep);
            if (head % 4 >= 2) made.contents().set_presence(some_dots());
            for (std::uint64_t fields = head / 4; fields > 0 && !failed_; --fields)
                field(made.contents(), Keys::none, depth, path_max + 1);
            require(head % 2 != 0 || !made.contents().empty(), ErrorCode::not_canonical);
            elements.emplace_hint(elements.end(), id, std::move(made));
        }
        ReadOrder read = order(common);
        const bool had_reason =
            !presence.empty() || !elements.empty() || read.attached < read.stretches.size();
        require(common || had_reason, ErrorCode::not_canonical);
        require(!has_emptied_shape(common, read.stretches), ErrorCode::not_canonical);
        read_list_stamps(read.stretches);
        std::vector<ListPayload> contents(read.stretches.size());
        for (std::size_t i = 0; i < contents.size() && !failed_; ++i) {
            if (!read.stretches[i].plain) continue;
            std::vector<Value> some;
            for (std::uint32_t n = 0; n < read.stretches[i].length && !failed_; ++n)
                some.push_back(value(0));
            contents[i] = ListPayload(read.stretches[i].stamp, std::move(some));
        }
        if (failed_) return {};
        List::Order made_order;
        require(build_order(made_order, read.stretches, read.attached, std::move(contents)) &&
                    stand_apart(elements, made_order),
                ErrorCode::not_canonical);
        if (failed_) return {};
        List made(std::move(presence), std::move(made_order), elements);
        require(made.elements() == elements, ErrorCode::not_canonical);
        return made;
    }

    /// In the order of dots; in the second form, of the list.
    void read_list_stamps(std::vector<Stretch>& stretches) {
        std::vector<Stretch*> plain;
        for (Stretch& stretch : stretches) {
            if (stretch.plain) plain.push_back(&stretch);
        }
        if (!is_second()) {
            std::sort(plain.begin(), plain.end(),
                      [](const Stretch* a, const Stretch* b) { return a->first < b->first; });
        }
        for (Stretch* stretch : plain) {
            const std::uint64_t step = next(list_ms_);
            stretch->stamp = stamp(step, next(list_ticks_), list_ms_sum_);
            if (failed_) return;
        }
    }

    const StateColumns& c_;
    Column shapes_, counts_, refs_, key_heads_, key_shared_;
    Column stamped_who_, stamped_at_, dot_who_, dot_at_, mark_who_, mark_at_, mark_sums_;
    Column kinds_, integers_, lengths_;
    Column links_, run_lengths_, depths_, run_who_, run_at_, parents_who_, parents_at_;
    Column list_ms_, list_ticks_, emptied_who_, emptied_at_, emptied_first_;
    std::string_view keys_, values_, contents_;

    std::vector<bool> named_;                  ///< of each author, whether its top was named
    std::vector<std::uint64_t> emptied_ends_;  ///< of each, one above its last emptied sequence
    std::uint64_t numbers_left_;               ///< of Limits::values_max
    std::uint64_t list_ms_sum_;
    std::uint64_t ms_highest_;
    std::vector<std::uint64_t> ends_;      ///< of each author, where its last stretch ended
    std::vector<std::size_t> authors_of_;  ///< of all stretches so far
    std::vector<Hlc> stamps_;              ///< of stamped dots, as they come
    std::size_t stamps_used_ = 0;
    std::string key_;
    std::vector<std::string> known_keys_;
    std::set<std::string> known_;
    const CausalContext* context_ = nullptr;  ///< what every dot of the stores must be in
    bool failed_ = false;
    ErrorCode code_ = ErrorCode::malformed;
};

}  // namespace

Result<PlainState> read_state(StateKind kind, BytesView bytes, const Limits& limits) {
    auto columns = read_columns(kind, bytes, limits);
    if (!columns) return tl::unexpected(columns.error());
    return StateReader(*columns, limits).read(kind);
}

Result<PlainState> read_delta(const Seen& seen, BytesView bytes, const Limits& limits,
                              std::uint64_t& ms) {
    auto columns = read_columns_below(seen, bytes, limits);
    if (!columns) return tl::unexpected(columns.error());
    StateReader reader(*columns, limits, ms);
    auto read = reader.read(StateKind::document);
    ms = reader.highest_ms();
    return read;
}

std::string_view take_code_points(std::string_view& content, std::uint64_t count) {
    std::size_t next = 0;
    for (; count > 0 && next < content.size(); --count) {
        do ++next;
        while (next < content.size() && (content[next] & 0xC0) == 0x80);
    }
    const std::string_view taken = content.substr(0, next);
    content.remove_prefix(next);
    return taken;
}

bool stand_apart(const List::Elements& elements, const List::Order& order) {
    std::set<Dot> slots;
    return std::all_of(elements.begin(), elements.end(), [&](const auto& entry) {
        const auto& [id, element] = entry;
        const auto is_plain = [](const List::Order::At& at) {
            return at && at.run->state == List::Order::State::plain;
        };
        if (is_plain(order.find(id))) return false;
        if (element.slot.counter == 0) return true;
        const auto slot = order.find(element.slot);
        return slot && !is_plain(slot) && slots.insert(element.slot).second;
    });
}

}  // namespace syncline::wire
