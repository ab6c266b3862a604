#include "state_columns.hpp"

#include "byte_column.hpp"
#include "sequence_links.hpp"
#include "syncline/crdt/type.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace syncline::wire {

namespace {

/// Which columns there are.
enum Flag : std::uint64_t {
    stamped_flag = 1 << 0,
    values_flag = 1 << 1,
    dots_flag = 1 << 2,
    marks_flag = 1 << 3,
    counts_flag = 1 << 4,
    stretches_flag = 1 << 5,
    presence_flag = 1 << 6,
    prelude_flag = 1 << 7,
    refs_flag = 1 << 8,
    list_stamps_flag = 1 << 9,
    flags_end = 1 << 10,
};

std::uint64_t count_if(NumbersView numbers, bool (*good)(std::uint64_t)) {
    return numbers.count_if(good);
}
bool is_known(std::uint64_t ref) { return ref != 0; }
bool shares_more(std::uint64_t head) { return head != 0 && (head - 1) % 8 == shared_max; }
bool is_integer(std::uint64_t kind) { return kind <= 1; }
bool is_real(std::uint64_t kind) { return kind == 6; }
bool has_length(std::uint64_t kind) { return kind >= 2 && kind <= 5; }
bool has_depth(std::uint64_t link) { return link / 2 <= 2; }
bool has_first(std::uint64_t link) { return link / 2 != 0; }
bool has_parent(std::uint64_t link) { return link / 2 == 3; }
/// Whether some field may have no new key: one met before, or that of an element in a list, which
/// is then not of the common form.
bool has_fewer_keys(std::uint64_t flags, NumbersView shapes) {
    constexpr std::uint64_t list_shape = 2 * (static_cast<std::uint64_t>(Type::list) - 1) + 1;
    return (flags & refs_flag) != 0 ||
           count_if(shapes, [](std::uint64_t shape) { return shape == list_shape; }) > 0;
}
static_assert(static_cast<int>(ValueKind::negative) == 1 && static_cast<int>(ValueKind::text) == 2);
static_assert(static_cast<int>(ValueKind::map) == 5 && static_cast<int>(ValueKind::real) == 6);
static_assert(static_cast<int>(Link::own) == 0 && static_cast<int>(Link::left) == 2);
static_assert(static_cast<int>(Link::given) == 3);

// The first byte of the third form: 3 + kind + 2 · replicas + 8 · fields + 32 · flags, where few
// replicas and fields and common flags are told by what fits, and others stand behind.
constexpr std::uint64_t head_base = 3;
constexpr std::uint64_t head_end = head_base + 128;
constexpr std::uint64_t few_max = 3;  ///< this many or more: the rest stands behind
/// Nothing, registers, a sequence.
constexpr std::array<std::uint64_t, 3> common_flags = {0, stamped_flag | values_flag,
                                                       counts_flag | stretches_flag};

bool is_emptied(std::uint64_t shape) { return shape >= emptied_text; }

class ColumnWriter {
public:
    ColumnWriter(PackedWriter& out, const StateColumns& columns) : c_(columns), out_(out) {}

    void write_authors(StateKind kind) {
        const std::uint64_t count = c_.authors.size();
        head(kind, count);
        if (count >= few_max) out_.u64(count - few_max);
        for (const auto& author : c_.authors) out_.raw(author.id.view()).u64(author.top);
    }
    void write_tops_below(const Seen& seen) {
        Numbers tops;
        auto author = c_.authors.begin();
        for (const auto& [id, counter] : seen) {
            const bool is_named = author != c_.authors.end() && author->id == id;
            tops.push_back(is_named ? 1 + counter - author->top : 0);
            if (is_named) ++author;
        }
        numbers(tops);
        head(StateKind::document, 0);
    }
    void write_columns() {
        const std::uint64_t flags = this->flags();
        if (class_of(flags) == common_flags.size()) out_.u64(flags);
        if (c_.shapes.size() >= few_max) out_.u64(c_.shapes.size() - few_max);
        numbers(c_.shapes);
        if ((flags & counts_flag) != 0) counted(c_.counts);
        keys(flags);
        if ((flags & stamped_flag) != 0) {
            out_.u64(c_.stamped_at.size());
            who(c_.stamped_who);
            numbers(c_.stamped_at).numbers(c_.stamped_ms).numbers(c_.stamped_ticks);
        }
        if ((flags & dots_flag) != 0) {
            out_.u64(c_.dot_at.size());
            who(c_.dot_who);
            numbers(c_.dot_at);
        }
        if ((flags & marks_flag) != 0) {
            out_.u64(c_.mark_at.size());
            who(c_.mark_who);
            numbers(c_.mark_at).numbers(c_.mark_sums);
        }
        if ((flags & values_flag) != 0) {
            counted(c_.kinds);
            numbers(c_.integers).numbers(c_.lengths);
        }
        if ((flags & stretches_flag) != 0) {
            counted(c_.links);
            numbers(c_.run_lengths).numbers(c_.depths);
            who(c_.run_who);
            numbers(c_.run_at).numbers(c_.parents_who).numbers(c_.parents_at);
        }
        if ((flags & list_stamps_flag) != 0) {
            counted(c_.list_ms);
            numbers(c_.list_ticks);
        }
        who(c_.emptied_who);
        numbers(c_.emptied_at).numbers(c_.emptied_first);
        write_bytes(out_, c_.keys);
        write_bytes(out_, c_.values);
        if ((flags & stretches_flag) != 0) {
            out_.u64(c_.contents.size());
            write_bytes(out_, c_.contents);
        }
    }

private:
    void head(StateKind kind, std::uint64_t authors) {
        const std::uint64_t fields = c_.shapes.size();
        out_.byte(static_cast<std::byte>(head_base + static_cast<std::uint64_t>(kind) +
                                         2 * std::min(authors, few_max) +
                                         8 * std::min(fields, few_max) + 32 * class_of(flags())));
    }
    static std::uint64_t class_of(std::uint64_t flags) {
        return static_cast<std::uint64_t>(
            std::find(common_flags.begin(), common_flags.end(), flags) - common_flags.begin());
    }
    [[nodiscard]] std::uint64_t flags() const {
        const auto flag = [](bool is_set, Flag value) {
            return is_set ? static_cast<std::uint64_t>(value) : 0;
        };
        const bool some_known = count_if(c_.refs, is_known) > 0;
        return flag(!c_.stamped_at.empty(), stamped_flag) | flag(!c_.kinds.empty(), values_flag) |
               flag(!c_.dot_at.empty(), dots_flag) | flag(!c_.mark_at.empty(), marks_flag) |
               flag(!c_.counts.empty(), counts_flag) | flag(!c_.links.empty(), stretches_flag) |
               flag(c_.has_presence, presence_flag) | flag(c_.has_prelude, prelude_flag) |
               flag(some_known, refs_flag) | flag(!c_.list_ms.empty(), list_stamps_flag);
    }

    void keys(std::uint64_t flags) {
        if ((flags & refs_flag) != 0) counted(c_.refs);
        if (has_fewer_keys(flags, c_.shapes)) out_.u64(c_.key_heads.size());
        numbers(c_.key_heads).numbers(c_.key_shared);
    }
    ColumnWriter& numbers(NumbersView numbers) {
        write_state_numbers(out_, numbers);
        return *this;
    }
    void counted(NumbersView numbers) {
        out_.u64(numbers.size());
        write_state_numbers(out_, numbers);
    }
    void who(NumbersView numbers) {
        if (c_.authors.size() > 1) write_state_numbers(out_, numbers);
    }

    const StateColumns& c_;
    PackedWriter& out_;
};

class ColumnReader {
public:
    ColumnReader(BytesView bytes, const Limits& limits)
        : in_(bytes), numbers_left_(limits.values_max) {}

    /// `form` is what the first byte says.
    Result<StateColumns> read(StateForm form, StateKind kind) {
        c_.form = form;
        if (form == StateForm::second) {
            require(in_.u64() == 1 + static_cast<std::uint64_t>(kind), ErrorCode::malformed);
            authors(in_.u64());
            flags_ = in_.u64();
        } else {
            head(kind);
            authors(few_or_more(few_authors_));
            flags_ = flags();
        }
        return columns();
    }
    Result<StateColumns> read_below(const Seen& seen) {
        const Numbers tops = numbers(seen.size());
        for (std::size_t i = 0; i < tops.size(); ++i) {
            const auto& [id, counter] = seen[i];
            require(tops[i] <= counter, ErrorCode::out_of_range);
            if (tops[i] > 0) c_.authors.push_back({id, counter + 1 - tops[i]});
        }
        head(StateKind::document);
        require(few_authors_ == 0, ErrorCode::malformed);
        flags_ = flags();
        return columns();
    }

private:
    /// What follows the replicas and the flags.
    Result<StateColumns> columns() {
        require(flags_ < flags_end, ErrorCode::malformed);
        c_.has_presence = has(presence_flag);
        c_.has_prelude = has(prelude_flag);
        c_.shapes = numbers(is_second() ? in_.u64() : few_or_more(few_fields_));
        if (has(counts_flag)) c_.counts = counted();
        if (has(refs_flag)) c_.refs = counted();
        require(!has(refs_flag) || count_if(c_.refs, is_known) > 0, ErrorCode::not_canonical);
        const bool has_fewer = has_fewer_keys(flags_, c_.shapes);
        c_.key_heads = numbers(has_fewer ? in_.u64() : c_.shapes.size());
        c_.key_shared = numbers(count_if(c_.key_heads, shares_more));
        if (has(stamped_flag)) {
            const std::uint64_t count = some();
            c_.stamped_who = who(count);
            c_.stamped_at = numbers(count);
            c_.stamped_ms = numbers(count);
            c_.stamped_ticks = numbers(count);
        }
        if (has(dots_flag)) {
            const std::uint64_t count = some();
            c_.dot_who = who(count);
            c_.dot_at = numbers(count);
        }
        if (has(marks_flag)) {
            const std::uint64_t count = some();
            c_.mark_who = who(count);
            c_.mark_at = numbers(count);
            c_.mark_sums = numbers(count);
        }
        if (has(values_flag)) {
            c_.kinds = counted(kind_max);
            c_.integers = numbers(count_if(c_.kinds, is_integer));
            c_.lengths = numbers(count_if(c_.kinds, has_length));
        }
        if (has(stretches_flag)) {
            c_.links = counted(2 * link_max + 1);
            c_.run_lengths = numbers(c_.links.size());
            c_.depths = numbers(count_if(c_.links, has_depth));
            const std::uint64_t firsts = count_if(c_.links, has_first);
            c_.run_who = who(firsts);
            c_.run_at = numbers(firsts);
            const std::uint64_t parents = count_if(c_.links, has_parent);
            c_.parents_who = numbers(parents);
            c_.parents_at = numbers(parents);
        }
        if (has(list_stamps_flag)) {
            c_.list_ms = counted();
            c_.list_ticks = numbers(c_.list_ms.size());
        }
        if (const std::uint64_t emptied = is_second() ? 0 : count_if(c_.shapes, is_emptied)) {
            c_.emptied_who = who(emptied);
            c_.emptied_at = numbers(emptied);
            c_.emptied_first = numbers(emptied);
        }
        if (!failed()) bytes();
        if (in_.failed() && !failed_)
            code_ = in_.at_end() ? ErrorCode::truncated : ErrorCode::malformed;
        require(in_.at_end(), ErrorCode::trailing_bytes);
        if (failed()) return fail(code_, std::string(name_of(code_)) + " (a state's columns)");
        return std::move(c_);
    }

    [[nodiscard]] bool is_second() const { return c_.form == StateForm::second; }
    void head(StateKind kind) {
        const std::uint64_t byte = in_.byte();
        const std::uint64_t head = byte - head_base;
        require(byte >= head_base && byte < head_end, ErrorCode::malformed);
        require(head % 2 == static_cast<std::uint64_t>(kind), ErrorCode::malformed);
        few_authors_ = head / 2 % 4;
        few_fields_ = head / 8 % 4;
        flags_class_ = head / 32;
    }
    std::uint64_t few_or_more(std::uint64_t few) {
        const std::uint64_t more = few < few_max ? 0 : in_.u64();
        require(more <= ~std::uint64_t{0} - few_max, ErrorCode::too_large);
        return failed() ? 0 : few + more;
    }
    std::uint64_t flags() {
        if (flags_class_ < common_flags.size())
            return common_flags[static_cast<std::size_t>(flags_class_)];
        const std::uint64_t flags = in_.u64();
        require(std::find(common_flags.begin(), common_flags.end(), flags) == common_flags.end(),
                ErrorCode::not_canonical);
        return flags;
    }
    [[nodiscard]] bool has(Flag flag) const { return (flags_ & flag) != 0; }
    [[nodiscard]] bool failed() const { return failed_ || in_.failed(); }
    void require(bool condition, ErrorCode code) {
        if (condition || failed()) return;
        failed_ = true;
        code_ = code;
    }

    void authors(std::uint64_t count) {
        for (std::uint64_t left = count; left > 0 && !failed(); --left) {
            StateColumns::Author author;
            const BytesView id = in_.raw(author.id.bytes.size());
            std::copy(id.begin(), id.end(), author.id.bytes.begin());
            author.top = in_.u64();
            require(author.top > 0 && author.top <= counter_max, ErrorCode::out_of_range);
            require(c_.authors.empty() || c_.authors.back().id < author.id,
                    ErrorCode::not_canonical);
            if (!failed()) c_.authors.push_back(author);
        }
    }
    Numbers numbers(std::uint64_t count, std::uint64_t max = ~std::uint64_t{0}) {
        require(count <= numbers_left_, ErrorCode::too_large);
        if (failed()) return {};
        numbers_left_ -= count;
        Numbers read = is_second() ? read_numbers(in_, count) : read_state_numbers(in_, count);
        if (max != ~std::uint64_t{0}) {
            const bool good =
                std::all_of(read.begin(), read.end(), [&](std::uint64_t n) { return n <= max; });
            require(good, ErrorCode::malformed);
        }
        return read;
    }
    /// The size of a column that would not be there without numbers.
    std::uint64_t some() {
        const std::uint64_t count = in_.u64();
        require(count > 0, ErrorCode::not_canonical);
        return count;
    }
    Numbers counted(std::uint64_t max = ~std::uint64_t{0}) { return numbers(some(), max); }
    Numbers who(std::uint64_t count) {
        if (c_.authors.size() == 1) return {};
        require(!c_.authors.empty() || count == 0, ErrorCode::out_of_range);
        return count == 0 || failed() ? Numbers() : numbers(count, c_.authors.size() - 1);
    }
    void bytes() {
        constexpr std::uint64_t too_many = std::uint64_t{1} << 40;
        std::uint64_t sum = 0;
        const auto add = [&](std::uint64_t size) {
            require(size < too_many && sum < too_many, ErrorCode::too_large);
            sum += failed() ? 0 : size;
        };
        NumbersView(c_.key_heads).for_each([&](std::uint64_t head) {
            add(head == 0 ? 0 : (head - 1) / 8);
        });
        c_.keys = read_bytes(in_, sum);
        sum = 0;
        std::size_t next = 0;
        NumbersView(c_.kinds).for_each([&](std::uint64_t kind) {
            if (is_real(kind)) add(8);
            if (!has_length(kind)) return;
            const std::uint64_t length = c_.lengths[next++];
            if (kind <= static_cast<std::uint64_t>(ValueKind::binary)) add(length);
        });
        c_.values = read_bytes(in_, sum);
        if (has(stretches_flag)) c_.contents = read_bytes(in_, in_.u64());
    }

    StateColumns c_;
    PackedReader in_;
    std::uint64_t few_authors_ = 0;
    std::uint64_t few_fields_ = 0;
    std::uint64_t flags_class_ = 0;
    std::uint64_t flags_ = 0;
    std::uint64_t numbers_left_;
    bool failed_ = false;
    ErrorCode code_ = ErrorCode::malformed;
};

}  // namespace

StateForm form_of(BytesView state) {
    const std::uint64_t byte = state.empty() ? 0 : std::to_integer<std::uint64_t>(state.front());
    if (byte == 1 || byte == 2) return StateForm::second;
    return byte >= head_base && byte < head_end ? StateForm::third : StateForm::first;
}

Bytes write_columns(StateKind kind, const StateColumns& columns) {
    PackedWriter out;
    ColumnWriter writer(out, columns);
    writer.write_authors(kind);
    writer.write_columns();
    return out.take();
}

void write_columns_below(PackedWriter& out, const Seen& seen, const StateColumns& columns) {
    ColumnWriter writer(out, columns);
    writer.write_tops_below(seen);
    writer.write_columns();
}

Result<StateColumns> read_columns(StateKind kind, BytesView bytes, const Limits& limits) {
    if (bytes.size() > limits.bytes_max)
        return fail(ErrorCode::too_large, "a state of more bytes than allowed");
    return ColumnReader(bytes, limits).read(form_of(bytes), kind);
}

Result<StateColumns> read_columns_below(const Seen& seen, BytesView bytes, const Limits& limits) {
    return ColumnReader(bytes, limits).read_below(seen);
}

std::vector<std::uint32_t> stamp_order(const StateColumns& columns) {
    const StateNumbers& who = columns.stamped_who;
    const StateNumbers& at = columns.stamped_at;
    std::vector<std::uint32_t> order(at.size());
    std::iota(order.begin(), order.end(), 0U);
    const auto author = [&](std::uint32_t i) { return who.empty() ? 0 : who[i]; };
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        if (author(a) != author(b)) return author(a) < author(b);
        return at[a] > at[b];
    });
    return order;
}

}  // namespace syncline::wire
