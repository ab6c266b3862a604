// Goes over a state once and puts what is in it into columns; then, when all replicas and their
// highest counters are known, tells dots from there. See docs/encoding.md, "States".

#include "real_bits.hpp"
#include "sequence_links.hpp"
#include "state_codec.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <type_traits>
#include <unordered_map>

namespace syncline::wire {

namespace {

/// Replicas by the number in which they are met, and the highest counter of each.
class AuthorTable {
public:
    std::uint64_t see(const Dot& dot) {
        if (authors_.empty() || !(authors_[last_].id == dot.replica)) {
            const auto [found, is_new] = numbers_.emplace(dot.replica, authors_.size());
            if (is_new) authors_.push_back({dot.replica, 0});
            last_ = found->second;
        }
        authors_[last_].top = std::max(authors_[last_].top, dot.counter);
        return last_;
    }
    [[nodiscard]] const std::vector<StateColumns::Author>& authors() const { return authors_; }
    /// By number, the place among all in the order of ids.
    [[nodiscard]] std::vector<std::uint64_t> ranks() const {
        std::vector<std::uint64_t> ranks(authors_.size());
        std::uint64_t rank = 0;
        for (const auto& [id, number] : numbers_) ranks[number] = rank++;
        return ranks;
    }

private:
    std::vector<StateColumns::Author> authors_;
    std::map<ReplicaId, std::size_t> numbers_;
    std::size_t last_ = 0;
};

bool is_one(const DotSet& dots) {
    return dots.runs().size() == 1 && dots.runs().front().first == dots.runs().front().last;
}
bool are_ones(const ElementDots& elements) {
    return std::all_of(elements.elements().begin(), elements.elements().end(),
                       [](const auto& element) { return is_one(element.second); });
}

// The common form of each type.
bool is_common(const OrMap& map) { return map.presence().empty(); }
bool is_common(const List& list) {
    return list.presence().empty() && list.elements().empty() && list.order().waiting() == 0;
}
bool is_common(const Text& text) {
    return text.presence().empty() && text.marks().empty() && text.order().waiting() == 0;
}
bool is_common(const OrSet& set) { return are_ones(set.elements()); }
bool is_common(const GSet& set) { return are_ones(set.elements()); }
bool is_common(const RwSet& set) { return set.erased().empty() && are_ones(set.inserted()); }
bool is_common(const CounterEntries& counter) {
    if (counter.entries().size() != 1) return false;
    const CounterEntries::Entry& entry = counter.entries().begin()->second;
    return entry.total.counter != 0 && entry.cancelled == CounterMark();
}
bool is_common(const PnCounter& counter) { return is_common(counter.entries()); }
bool is_common(const GCounter& counter) { return is_common(counter.entries()); }
bool is_common(const EwFlag& flag) { return is_one(flag.enables()); }
bool is_common(const DwFlag& flag) { return flag.disables().empty() && is_one(flag.enables()); }
bool is_common(const LwwRegister& reg) { return reg.values().entries().size() == 1; }
bool is_common(const MvRegister& reg) { return reg.dot_values().entries().size() == 1; }

/// Has the memory brought into the caches while others are worked on.
void fetch_ahead(const void* at, std::size_t size) {
    constexpr std::size_t line = 64;
    const char* const first = static_cast<const char*>(at);
    for (std::size_t offset = 0; offset < size; offset += line) __builtin_prefetch(first + offset);
}

class StateWriter {
public:
    /// Stamps are told from these milliseconds on.
    explicit StateWriter(std::uint64_t ms = 0) : ms_from_(ms), ms_highest_(ms) {}

    /// What stands in front of the map.
    void prelude(const DotSet& dots) {
        c_.has_prelude = true;
        write(dots);
    }
    void root(const OrMap& map) {
        c_.has_presence = !map.presence().empty();
        if (c_.has_presence) write(map.presence());
        const std::size_t count = map.fields().size();
        for (StateNumbers* column : {&c_.key_heads, &c_.integers}) column->reserve(count);
        stamped_.at.reserve(count);
        fields(map, Keys::unique);
    }
    std::uint64_t see(const Dot& dot) { return authors_.see(dot); }
    [[nodiscard]] const AuthorTable& authors() const { return authors_; }

    StateColumns finish() {
        finish_dots();
        finish_stretches();
        finish_stamps();
        finish_emptied();
        return std::move(c_);
    }
    /// Once it is finished.
    [[nodiscard]] std::uint64_t highest_ms() const { return ms_highest_; }

private:
    /// What keys a map's fields have: never seen before in the root, likely seen before in maps in
    /// it, none in elements of lists.
    enum class Keys : std::uint8_t { unique, repeated, none };

    void fields(const OrMap& map, Keys keys) {
        // Where the nodes lie has nothing to do with their order: those to come are fetched early.
        constexpr std::size_t ahead_by = 8;
        auto ahead = map.fields().begin();
        const auto fetch_next = [&] {
            if (ahead == map.fields().end()) return;
            fetch_ahead(ahead->second.get(), sizeof(Node));
            ++ahead;
        };
        for (std::size_t i = 0; i < ahead_by; ++i) fetch_next();
        for (const auto& [field, node] : map.fields()) {
            fetch_next();
            if (keys == Keys::unique) {
                new_key(field.key());
            } else if (keys == Keys::repeated) {
                const auto [known, is_new] =
                    known_keys_.emplace(field.key(), known_keys_.size() + 1);
                c_.refs.push_back(is_new ? 0 : known->second);
                if (is_new) new_key(field.key());
            }
            const auto type = static_cast<std::uint64_t>(field.type());
            node->visit([&](const auto& store) {
                const bool common = is_common(store);
                if (write_if_emptied(store)) return;
                c_.shapes.push_back(2 * (type - 1) + (common ? 0 : 1));
                write(store, common);
            });
        }
    }
    /// A text or list that came in one piece and is erased has a shape of its own.
    template <typename Store>
    bool write_if_emptied(const Store& store) {
        if constexpr (std::is_same_v<Store, Text> || std::is_same_v<Store, List>) {
            if (!is_common(store) || store.size() > 0) return false;
            const std::optional<DotRun> dots = only_stretch(store.order());
            if (!dots) return false;
            c_.shapes.push_back(std::is_same_v<Store, Text> ? emptied_text : emptied_list);
            emptied_.add(see({dots->replica, dots->last}), dots->last);
            emptied_firsts_.push_back(dots->first);
            return true;
        } else {
            return false;
        }
    }
    /// The one stretch of an order that begins at the beginning.
    template <typename Order>
    static std::optional<DotRun> only_stretch(const Order& order) {
        std::size_t stretches = 0;
        std::optional<DotRun> only;
        order.for_each_stretch([&](const auto& runs) {
            const auto& head = *runs.front();
            ++stretches;
            if (stretches == 1 && order.parent(head).counter == 0)
                only = DotRun{order.authors()[head.author], head.first, runs.back()->last()};
        });
        return stretches == 1 ? only : std::nullopt;
    }
    void new_key(std::string_view key) {
        const std::string_view last = last_key_;
        const std::size_t short_size = std::min(last.size(), key.size());
        const auto shared = static_cast<std::size_t>(
            std::mismatch(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(short_size),
                          key.begin())
                .first -
            last.begin());
        const bool is_next =
            last.size() == key.size() && shared + 1 == key.size() &&
            static_cast<unsigned char>(last.back()) + 1 == static_cast<unsigned char>(key.back());
        last_key_ = key;
        if (is_next) {
            c_.key_heads.push_back(0);
            return;
        }
        const std::string_view rest = key.substr(shared);
        c_.key_heads.push_back(1 + std::min<std::uint64_t>(shared, shared_max) + 8 * rest.size());
        if (shared >= shared_max) c_.key_shared.push_back(shared - shared_max);
        append(c_.keys, as_bytes(rest));
    }
    static void append(Bytes& to, BytesView bytes) {
        to.insert(to.end(), bytes.begin(), bytes.end());
    }
    void count(std::uint64_t number) { c_.counts.push_back(number); }

    /// Dots of a kind, with counters as they are and authors as they were met.
    struct Dots {
        StateNumbers who;
        Numbers at;
        void add(std::uint64_t author, std::uint64_t counter) {
            who.push_back(author);
            at.push_back(counter);
        }
    };
    void dot(const Dot& dot) { dots_.add(see(dot), dot.counter); }
    void stamped(const Dot& dot, Hlc hlc) {
        stamped_.add(see(dot), dot.counter);
        stamps_.push_back(hlc.packed);
    }
    void write(const DotSet& dots) {
        count(dots.runs().size());
        for (const DotRun& run : dots.runs()) {
            dot({run.replica, run.last});
            count(run.last - run.first);
        }
    }
    void one(const DotSet& dots) { dot(*dots.begin()); }

    // Stores.

    void write(const ElementDots& elements, bool ones) {
        count(elements.elements().size());
        for (const auto& [element, dots] : elements.elements()) {
            value(element);
            ones ? one(dots) : write(dots);
        }
    }
    void write(const OrSet& set, bool common) { write(set.elements(), common); }
    void write(const GSet& set, bool common) { write(set.elements(), common); }
    void write(const RwSet& set, bool common) {
        write(set.inserted(), common);
        if (!common) write(set.erased(), false);
    }
    void write(const EwFlag& flag, bool common) {
        common ? one(flag.enables()) : write(flag.enables());
    }
    void write(const DwFlag& flag, bool common) {
        if (common) return one(flag.enables());
        write(flag.enables());
        write(flag.disables());
    }
    void write(const DotValues& values, bool common) {
        if (!common) count(values.entries().size());
        for (const auto& entry : values.entries()) {
            stamped(entry.dot, entry.hlc);
            value(entry.value);
        }
    }
    void write(const LwwRegister& reg, bool common) { write(reg.values(), common); }
    void write(const MvRegister& reg, bool common) { write(reg.dot_values(), common); }
    void write(const CounterEntries& counter, bool common) {
        if (!common) count(counter.entries().size());
        for (const auto& [replica, entry] : counter.entries()) {
            const bool has_total = entry.total.counter != 0;
            const bool has_cancelled = entry.cancelled.counter != 0;
            if (!common) count((has_total ? 1U : 0U) + (has_cancelled ? 2U : 0U));
            if (has_total) mark(replica, entry.total);
            if (has_cancelled) mark(replica, entry.cancelled);
        }
    }
    void mark(const ReplicaId& replica, const CounterMark& mark) {
        marks_.add(see({replica, mark.counter}), mark.counter);
        c_.mark_sums.push_back(zigzag(static_cast<std::uint64_t>(mark.sum)));
    }
    void write(const PnCounter& counter, bool common) { write(counter.entries(), common); }
    void write(const GCounter& counter, bool common) { write(counter.entries(), common); }
    void write(const OrMap& map, bool common) {
        if (!common) write(map.presence());
        count(map.fields().size());
        fields(map, Keys::repeated);
    }

    void write(const Text& text, bool common) {
        if (!common) {
            write(text.presence());
            count(text.marks().size());
            for (const auto& [at, mark] : text.marks()) {
                stamped(at, mark.hlc);
                value(mark.mark.name);
                value(mark.mark.value);
                anchor(mark.mark.from);
                anchor(mark.mark.to);
            }
        }
        order(text.order(), common);
        text.order().for_each_stretch([&](const auto& runs) {
            for (const auto* run : runs) append(c_.contents, as_bytes(run->payload.utf8()));
        });
    }
    void anchor(const Anchor& anchor) {
        const bool at_end = anchor.element.counter == 0;
        count(static_cast<std::uint64_t>(anchor.side) + (at_end ? 0 : 2));
        if (!at_end) dot(anchor.element);
    }
    void write(const List& list, bool common) {
        if (!common) {
            write(list.presence());
            count(list.elements().size());
            for (const auto& [id, element] : list.elements()) {
                const OrMap& contents = element.contents();
                const bool moved = element.slot.counter != 0;
                const bool present = !contents.presence().empty();
                count((moved ? 1U : 0U) + (present ? 2U : 0U) + 4 * contents.fields().size());
                dot(id);
                if (moved) stamped(element.slot, element.moved);
                if (present) write(contents.presence());
                fields(contents, Keys::none);
            }
        }
        std::vector<Stretch> plain = order(list.order(), common);
        std::erase_if(plain, [](const Stretch& stretch) { return !stretch.plain; });
        std::sort(plain.begin(), plain.end(),
                  [](const Stretch& a, const Stretch& b) { return a.first < b.first; });
        for (const Stretch& stretch : plain) list_stamps_.push_back(stretch.stamp.packed);
        list.order().for_each_stretch([&](const auto& runs) {
            for (const auto* run : runs) {
                for (const Value& one : run->payload.values()) value(one);
            }
        });
    }

    // Sequences: what finish() needs to know of a stretch.
    struct Piece {
        std::uint64_t who = 0;
        std::uint64_t first = 0;
        std::uint32_t length = 0;
        bool own = false;
    };
    template <typename Payload>
    std::vector<Stretch> order(const Sequence<Payload>& order, bool common) {
        std::vector<Stretch> all = stretches_of(order);
        const std::size_t attached = attached_of(order, all);
        count(attached);
        if (!common) count(all.size() - attached);
        const std::vector<LinkTo> links = links_of(all, attached);
        for (std::size_t i = 0; i < all.size(); ++i) {
            const Stretch& stretch = all[i];
            const Link link = links[i].link;
            c_.links.push_back(2 * static_cast<std::uint64_t>(link) + (stretch.plain ? 1 : 0));
            c_.run_lengths.push_back(stretch.length - 1);
            if (link <= Link::left) c_.depths.push_back(links[i].depth);
            const std::uint64_t who = see(stretch.last());
            pieces_.push_back({who, stretch.first.counter, stretch.length, link == Link::own});
            if (link == Link::given) {
                const Place& place = stretch.place;
                c_.parents_who.push_back(2 * see(place.parent) +
                                         static_cast<std::uint64_t>(place.side));
                c_.parents_at.push_back(zigzag(place.parent.counter - stretch.first.counter));
            }
        }
        return all;
    }

    // Values.

    void value(const Value& value) {
        if (const auto* integer = value.integer()) {
            const auto bits = static_cast<std::uint64_t>(*integer);
            const bool negative = *integer < 0;
            kind(negative ? ValueKind::negative : ValueKind::natural);
            c_.integers.push_back(negative ? ~bits : bits);
        } else if (const auto* text = value.text()) {
            sized(ValueKind::text, as_bytes(*text));
        } else if (const auto* boolean = value.boolean()) {
            kind(*boolean ? ValueKind::yes : ValueKind::no);
        } else if (value.is_null()) {
            kind(ValueKind::null);
        } else if (const auto* real = value.real()) {
            kind(ValueKind::real);
            std::uint64_t bits = bits_of(*real);
            for (int i = 0; i < 8; ++i, bits >>= 8)
                c_.values.push_back(static_cast<std::byte>(bits & 0xFF));
        } else if (const auto* binary = value.binary()) {
            sized(ValueKind::binary, *binary);
        } else if (const auto* array = value.array()) {
            kind(ValueKind::array);
            c_.lengths.push_back(array->size());
            for (const Value& item : *array) this->value(item);
        } else if (const auto* map = value.map()) {
            kind(ValueKind::map);
            c_.lengths.push_back(map->size());
            for (const auto& [key, item] : *map) {
                sized(ValueKind::text, as_bytes(key));
                this->value(item);
            }
        }
    }
    void kind(ValueKind kind) { c_.kinds.push_back(static_cast<std::uint64_t>(kind)); }
    void sized(ValueKind of, BytesView bytes) {
        kind(of);
        c_.lengths.push_back(bytes.size());
        append(c_.values, bytes);
    }

    // Authors by rank, counters from the tops.

    void finish_dots() {
        const std::vector<std::uint64_t> ranks = authors_.ranks();
        const auto& authors = authors_.authors();
        c_.authors.resize(authors.size());
        for (std::size_t i = 0; i < authors.size(); ++i)
            c_.authors[static_cast<std::size_t>(ranks[i])] = authors[i];
        const auto rank = [&](std::uint64_t met) { return ranks[static_cast<std::size_t>(met)]; };
        const auto finish = [&](Dots& dots, StateNumbers& who, StateNumbers& at) {
            for (std::size_t i = 0; i < dots.at.size(); ++i)
                dots.at[i] = authors[static_cast<std::size_t>(dots.who[i])].top - dots.at[i];
            dots.who.transform(rank);
            who = std::move(dots.who);
            at = std::move(dots.at);
        };
        finish(dots_, c_.dot_who, c_.dot_at);
        finish(stamped_, c_.stamped_who, c_.stamped_at);
        finish(marks_, c_.mark_who, c_.mark_at);
        finish(emptied_, c_.emptied_who, c_.emptied_at);
        c_.parents_who.transform([&](std::uint64_t who) { return 2 * rank(who / 2) + who % 2; });
        for (Piece& piece : pieces_) piece.who = ranks[static_cast<std::size_t>(piece.who)];
    }
    void finish_stretches() {
        std::vector<std::uint64_t> ends;
        for (const auto& author : c_.authors) ends.push_back(author.top + 1);
        for (const Piece& piece : pieces_) {
            std::uint64_t& end = ends[static_cast<std::size_t>(piece.who)];
            if (!piece.own) {
                c_.run_who.push_back(piece.who);
                c_.run_at.push_back(zigzag(piece.first - end));
            }
            end = piece.first + piece.length;
        }
        std::uint64_t ms = ms_from_;
        for (const std::uint64_t stamp : list_stamps_)
            add_stamp(stamp, ms, c_.list_ms, c_.list_ticks);
    }
    void finish_stamps() {
        std::uint64_t ms = ms_from_;
        const auto add = [&](std::uint64_t stamp) {
            add_stamp(stamp, ms, c_.stamped_ms, c_.stamped_ticks);
        };
        if (are_equal(stamps_)) {
            NumbersView(stamps_).for_each(add);
        } else {
            for (const std::uint32_t i : stamp_order(c_)) add(stamps_[i]);
        }
    }
    void finish_emptied() {
        std::vector<std::uint64_t> ends(c_.authors.size(), 1);
        for (std::size_t i = 0; i < c_.emptied_at.size(); ++i) {
            const auto author = static_cast<std::size_t>(c_.emptied_who[i]);
            c_.emptied_first.push_back(zigzag(emptied_firsts_[i] - ends[author]));
            ends[author] = c_.authors[author].top - c_.emptied_at[i] + 1;
        }
    }
    void add_stamp(std::uint64_t stamp, std::uint64_t& ms, StateNumbers& all_ms,
                   StateNumbers& all_ticks) {
        const Hlc hlc{stamp};
        all_ms.push_back(zigzag(hlc.ms() - ms));
        all_ticks.push_back(hlc.counter());
        ms = hlc.ms();
        ms_highest_ = std::max(ms_highest_, ms);
    }

    std::uint64_t ms_from_;
    std::uint64_t ms_highest_;
    StateColumns c_;
    AuthorTable authors_;
    std::unordered_map<std::string_view, std::uint64_t> known_keys_;
    std::string_view last_key_;
    Dots dots_;
    Dots stamped_;
    Dots marks_;
    Dots emptied_;  ///< the last dots of emptied texts and lists
    std::vector<std::uint64_t> emptied_firsts_;
    std::vector<Piece> pieces_;
    StateNumbers stamps_;                     ///< of stamped dots, as they come
    std::vector<std::uint64_t> list_stamps_;  ///< of lists' plain stretches
};

/// Whether the context is all dots up to the highest of each replica that is named at all.
bool is_all_below_tops(const CausalContext& context, const AuthorTable& authors) {
    if (!context.exceptions().empty() || context.vector().size() != authors.authors().size())
        return false;
    const auto& all = authors.authors();
    return std::all_of(all.begin(), all.end(), [&](const StateColumns::Author& author) {
        return context.vector().at(author.id) == author.top;
    });
}

}  // namespace

DotSet dots_of(const CausalContext& context) {
    DotSet dots;
    for (const auto& [replica, counter] : context.vector())
        dots.insert(DotRun{replica, 1, counter});
    for (const auto& [replica, runs] : context.exceptions()) {
        for (const auto& run : runs) dots.insert(DotRun{replica, run.first, run.last});
    }
    return dots;
}

Bytes write_document_state(const OrMap& map, const DotSet& early) {
    StateWriter writer;
    if (!early.empty()) writer.prelude(early);
    writer.root(map);
    return write_columns(StateKind::document, writer.finish());
}

Bytes write_state_with_context(const OrMap& map, const CausalContext& context) {
    // A whole replica's context needs no words; any other stands in front.
    StateWriter writer;
    for (const auto& [replica, counter] : context.vector()) writer.see({replica, counter});
    writer.root(map);
    if (is_all_below_tops(context, writer.authors()))
        return write_columns(StateKind::with_context, writer.finish());
    StateWriter spelled_out;
    spelled_out.prelude(dots_of(context));
    spelled_out.root(map);
    return write_columns(StateKind::with_context, spelled_out.finish());
}

void write_delta(PackedWriter& out, const Seen& seen, const OrMap& map, const DotSet& removes,
                 std::uint64_t& ms) {
    StateWriter writer(ms);
    if (!removes.empty()) writer.prelude(removes);
    writer.root(map);
    write_columns_below(out, seen, writer.finish());
    ms = writer.highest_ms();
}

}  // namespace syncline::wire
