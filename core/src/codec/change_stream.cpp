// Streams (docs/encoding.md, "Streams").
//
//   update := head, [format], change…
//     head     4 · number of the update + 2 if in columns + 1 if it begins anew: then the format

#include "syncline/document/change_stream.hpp"

namespace syncline::wire {

namespace {
constexpr std::uint64_t begins_anew = 1;
constexpr std::uint64_t in_columns = 2;
}  // namespace

void ChangeStreamWriter::begin(std::uint64_t dots) {
    anew_ = anew_ || writer_.weight() > stream_weight_max;
    if (anew_) writer_.clear();
    const bool columns = dots >= column_dots_min;
    ChangeSink& out = writer_.out();
    out.prefix(next_ * 4 + (columns ? in_columns : 0) + (anew_ ? begins_anew : 0));
    if (anew_) out.prefix(stream_format);
    out.lay_out(columns ? Layout::columns : Layout::rows);
    anew_ = false;
    ++next_;
}

Bytes ChangeStreamWriter::write(const Change& change) {
    begin(change.span());
    add(change);
    return end();
}

Bytes ChangeStreamWriter::write(const std::vector<Change>& changes) {
    std::uint64_t dots = 0;
    for (const Change& change : changes) dots += change.span();
    begin(dots);
    for (const Change& change : changes) add(change);
    return end();
}

Result<> ChangeStreamReader::open(BytesView update, const Limits& limits) {
    const bool was_read = is_whole_ && reader_.at_end();
    is_whole_ = false;
    reader_.open(update, limits);
    const std::uint64_t head = reader_.prefix();
    if (head % 2 == begins_anew) {
        const std::uint64_t format = reader_.prefix();
        reader_.require(format == stream_format, ErrorCode::unknown_format);
        reader_.clear();
    } else {
        reader_.require(was_read && head / 4 == next_, ErrorCode::gap);
        reader_.require(reader_.weight() <= stream_weight_max, ErrorCode::too_large);
    }
    if (reader_.failed())
        return fail(reader_.error(), "an update that does not follow: begin the stream anew");
    reader_.lay_out((head & in_columns) != 0 ? Layout::columns : Layout::rows);
    next_ = head / 4 + 1;
    is_whole_ = true;
    return {};
}

Result<> ChangeStreamReader::next(Change& change) {
    auto read = reader_.next(change);
    if (!read) is_whole_ = false;
    return read;
}

}  // namespace syncline::wire
