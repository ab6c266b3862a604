#include "state_columns.hpp"

#include "byte_column.hpp"
#include "sequence_links.hpp"
#include "syncline/crdt/type.hpp"

#include <algorithm>
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

std::uint64_t count_if(const Numbers& numbers, bool (*good)(std::uint64_t)) {
    return static_cast<std::uint64_t>(std::count_if(numbers.begin(), numbers.end(), good));
}
bool shares_more(std::uint64_t head) { return head != 0 && (head - 1) % 8 == shared_max; }
bool is_integer(std::uint64_t kind) { return kind <= 1; }
bool is_real(std::uint64_t kind) { return kind == 6; }
bool has_length(std::uint64_t kind) { return kind >= 2 && kind <= 5; }
bool has_depth(std::uint64_t link) { return link / 2 <= 2; }
bool has_first(std::uint64_t link) { return link / 2 != 0; }
bool has_parent(std::uint64_t link) { return link / 2 == 3; }
/// Whether some field may have no new key: one met before, or that of an element in a list, which
/// is then not of the common form.
bool has_fewer_keys(std::uint64_t flags, const Numbers& shapes) {
    constexpr std::uint64_t list_shape = 2 * (static_cast<std::uint64_t>(Type::list) - 1) + 1;
    return (flags & refs_flag) != 0 ||
           std::find(shapes.begin(), shapes.end(), list_shape) != shapes.end();
}
static_assert(static_cast<int>(ValueKind::negative) == 1 && static_cast<int>(ValueKind::text) == 2);
static_assert(static_cast<int>(ValueKind::map) == 5 && static_cast<int>(ValueKind::real) == 6);
static_assert(static_cast<int>(Link::own) == 0 && static_cast<int>(Link::left) == 2);
static_assert(static_cast<int>(Link::given) == 3);

class ColumnWriter {
public:
    explicit ColumnWriter(const StateColumns& columns) : c_(columns) {}

    Bytes write(StateForm form) {
        out_.u64(static_cast<std::uint64_t>(form)).u64(c_.authors.size());
        for (const auto& author : c_.authors) out_.raw(author.id.view()).u64(author.top);
        const std::uint64_t flags = this->flags();
        out_.u64(flags);
        counted(c_.shapes);
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
        write_bytes(out_, c_.keys);
        write_bytes(out_, c_.values);
        if ((flags & stretches_flag) != 0) {
            out_.u64(c_.contents.size());
            write_bytes(out_, c_.contents);
        }
        return out_.take();
    }

private:
    [[nodiscard]] std::uint64_t flags() const {
        const auto flag = [](bool is_set, Flag value) {
            return is_set ? static_cast<std::uint64_t>(value) : 0;
        };
        const bool some_known = std::any_of(c_.refs.begin(), c_.refs.end(), is_known);
        return flag(!c_.stamped_at.empty(), stamped_flag) | flag(!c_.kinds.empty(), values_flag) |
               flag(!c_.dot_at.empty(), dots_flag) | flag(!c_.mark_at.empty(), marks_flag) |
               flag(!c_.counts.empty(), counts_flag) | flag(!c_.links.empty(), stretches_flag) |
               flag(c_.has_presence, presence_flag) | flag(c_.has_prelude, prelude_flag) |
               flag(some_known, refs_flag) | flag(!c_.list_ms.empty(), list_stamps_flag);
    }
    static bool is_known(std::uint64_t ref) { return ref != 0; }

    void keys(std::uint64_t flags) {
        if ((flags & refs_flag) != 0) counted(c_.refs);
        if (has_fewer_keys(flags, c_.shapes)) out_.u64(c_.key_heads.size());
        numbers(c_.key_heads).numbers(c_.key_shared);
    }
    ColumnWriter& numbers(const Numbers& numbers) {
        write_numbers(out_, numbers);
        return *this;
    }
    void counted(const Numbers& numbers) {
        out_.u64(numbers.size());
        write_numbers(out_, numbers);
    }
    void who(const Numbers& numbers) {
        if (c_.authors.size() > 1) write_numbers(out_, numbers);
    }

    const StateColumns& c_;
    PackedWriter out_;
};

class ColumnReader {
public:
    ColumnReader(BytesView bytes, const Limits& limits)
        : in_(bytes), numbers_left_(limits.values_max) {}

    Result<StateColumns> read(StateForm form) {
        require(in_.u64() == static_cast<std::uint64_t>(form), ErrorCode::malformed);
        authors();
        flags_ = in_.u64();
        require(flags_ < flags_end, ErrorCode::malformed);
        c_.has_presence = has(presence_flag);
        c_.has_prelude = has(prelude_flag);
        c_.shapes = numbers(in_.u64());
        if (has(counts_flag)) c_.counts = counted();
        if (has(refs_flag)) c_.refs = counted();
        require(!has(refs_flag) || std::any_of(c_.refs.begin(), c_.refs.end(),
                                               [](std::uint64_t ref) { return ref != 0; }),
                ErrorCode::not_canonical);
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
        if (!failed()) bytes();
        if (in_.failed() && !failed_)
            code_ = in_.at_end() ? ErrorCode::truncated : ErrorCode::malformed;
        require(in_.at_end(), ErrorCode::trailing_bytes);
        if (failed()) return fail(code_, std::string(name_of(code_)) + " (a state's columns)");
        return std::move(c_);
    }

private:
    [[nodiscard]] bool has(Flag flag) const { return (flags_ & flag) != 0; }
    [[nodiscard]] bool failed() const { return failed_ || in_.failed(); }
    void require(bool condition, ErrorCode code) {
        if (condition || failed()) return;
        failed_ = true;
        code_ = code;
    }

    void authors() {
        const std::uint64_t count = in_.u64();
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
        Numbers read = read_numbers(in_, count);
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
        for (const std::uint64_t head : c_.key_heads) add(head == 0 ? 0 : (head - 1) / 8);
        c_.keys = read_bytes(in_, sum);
        sum = 0;
        std::size_t next = 0;
        for (const std::uint64_t kind : c_.kinds) {
            if (is_real(kind)) add(8);
            if (!has_length(kind)) continue;
            const std::uint64_t length = c_.lengths[next++];
            if (kind <= static_cast<std::uint64_t>(ValueKind::binary)) add(length);
        }
        c_.values = read_bytes(in_, sum);
        if (has(stretches_flag)) c_.contents = read_bytes(in_, in_.u64());
    }

    StateColumns c_;
    PackedReader in_;
    std::uint64_t flags_ = 0;
    std::uint64_t numbers_left_;
    bool failed_ = false;
    ErrorCode code_ = ErrorCode::malformed;
};

}  // namespace

Bytes write_columns(StateForm form, const StateColumns& columns) {
    return ColumnWriter(columns).write(form);
}

Result<StateColumns> read_columns(StateForm form, BytesView bytes, const Limits& limits) {
    if (bytes.size() > limits.bytes_max)
        return fail(ErrorCode::too_large, "a state of more bytes than allowed");
    return ColumnReader(bytes, limits).read(form);
}

std::vector<std::uint32_t> stamp_order(const StateColumns& columns) {
    const Numbers& who = columns.stamped_who;
    const Numbers& at = columns.stamped_at;
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
