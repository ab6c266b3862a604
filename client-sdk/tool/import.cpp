// import: records from JSON or CSV into documents.

#include "common.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <unistd.h>

namespace syncline::tool {

namespace {

struct Record {
    std::size_t line = 0;  ///< in the file, counted from 1
    Value value;
};

std::size_t line_at(std::string_view text, std::size_t byte) {
    return 1 + static_cast<std::size_t>(std::count(
                   text.begin(),
                   text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size())), '\n'));
}

Error in_line(std::size_t line, const Error& error) {
    return {error.code, "line " + std::to_string(line) + ": " + error.message};
}

/// Where each element of a JSON array begins: its records then fail with a line of their own.
/// Only brackets and strings matter for that; parse_json judges the rest.
Result<std::vector<Record>> records_of_array(std::string_view text, std::size_t begin) {
    std::vector<Record> records;
    std::size_t depth = 0;
    bool in_string = false;
    bool closed = false;
    std::size_t start = begin + 1;
    std::size_t line = line_at(text, start);
    std::size_t start_line = line;
    bool anything = false;
    const auto take = [&](std::size_t end) -> Result<> {
        auto value = parse_json(text.substr(start, end - start));
        if (!value) return tl::unexpected(in_line(start_line, value.error()));
        records.push_back({start_line, std::move(*value)});
        return {};
    };
    for (std::size_t at = begin + 1; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\n') ++line;
        if (closed) {
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
                return tl::unexpected(
                    in_line(line, {ErrorCode::trailing_bytes, "something follows the array"}));
            }
            continue;
        }
        if (in_string) {
            if (c == '\\') {
                ++at;
            } else if (c == '"') {
                in_string = false;
            }
            continue;
        }
        const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
        if (!space && !anything && c != ']') {
            anything = true;
            start = at;
            start_line = line;
        }
        if (c == '"') in_string = true;
        if (c == '{' || c == '[') ++depth;
        if (depth == 0 && (c == ',' || c == ']')) {
            if (anything || c == ',' || !records.empty()) {
                if (auto taken = take(at); !taken) return tl::unexpected(taken.error());
            }
            anything = false;
            start = at + 1;
            start_line = line;
            closed = c == ']';
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    if (!closed) {
        return tl::unexpected(in_line(line, {ErrorCode::truncated, "the array does not end"}));
    }
    return records;
}

Result<std::vector<Record>> records_of_lines(std::string_view text) {
    std::vector<Record> records;
    std::size_t line = 0;
    for (std::size_t at = 0; at < text.size();) {
        ++line;
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view row = text.substr(at, end - at);
        at = end + 1;
        if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        auto value = parse_json(row);
        if (!value) return tl::unexpected(in_line(line, value.error()));
        records.push_back({line, std::move(*value)});
    }
    return records;
}

/// RFC 4180, with the names in the first line. Values are text.
Result<std::vector<Record>> records_of_csv(std::string_view text) {
    std::vector<Record> records;
    std::vector<std::string> names;
    std::vector<std::string> cells(1);
    std::size_t line = 1;
    std::size_t record_line = 1;
    bool quoted = false;
    bool was_quoted = false;
    const auto finish = [&]() -> Result<> {
        const bool blank = cells.size() == 1 && cells[0].empty() && !was_quoted;
        if (names.empty() && !blank) {
            names = cells;
        } else if (!blank) {
            if (cells.size() != names.size()) {
                return tl::unexpected(
                    in_line(record_line, {ErrorCode::malformed, std::to_string(cells.size()) +
                                                                    " fields, the first line has " +
                                                                    std::to_string(names.size())}));
            }
            Value::Map members;
            for (std::size_t i = 0; i < names.size(); ++i) {
                if (!wire::is_utf8(cells[i])) {
                    return tl::unexpected(
                        in_line(record_line, {ErrorCode::invalid_utf8, "not UTF-8"}));
                }
                members.push_back({names[i], Value(cells[i])});
            }
            records.push_back({record_line, Value(std::move(members))});
        }
        cells.assign(1, {});
        was_quoted = false;
        return {};
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\n') ++line;
        if (quoted) {
            if (c != '"') {
                cells.back().push_back(c);
            } else if (at + 1 < text.size() && text[at + 1] == '"') {
                cells.back().push_back('"');
                ++at;
            } else {
                quoted = false;
            }
        } else if (c == '"' && cells.back().empty()) {
            quoted = was_quoted = true;
        } else if (c == ',') {
            cells.emplace_back();
        } else if (c == '\n') {
            if (auto done = finish(); !done) return tl::unexpected(done.error());
            record_line = line;
        } else if (c != '\r') {
            cells.back().push_back(c);
        }
    }
    if (quoted) {
        return tl::unexpected(
            in_line(record_line, {ErrorCode::truncated, "a quoted field does not end"}));
    }
    if (auto done = finish(); !done) return tl::unexpected(done.error());
    return records;
}

Result<std::vector<Record>> read_records(const std::string& file) {
    auto text = read_all(file);
    if (!text) return tl::unexpected(text.error());
    if (file.size() > 4 && file.compare(file.size() - 4, 4, ".csv") == 0) {
        return records_of_csv(*text);
    }
    const std::size_t begin = text->find_first_not_of(" \t\r\n");
    if (begin == std::string::npos) return std::vector<Record>();
    return (*text)[begin] == '[' ? records_of_array(*text, begin) : records_of_lines(*text);
}

/// The id of a record: text, or a whole number written out.
Result<std::string> id_of(const Record& record, const std::string& field) {
    const Value* id = record.value.find(field);
    if (record.value.map() == nullptr) {
        return tl::unexpected(in_line(record.line, {ErrorCode::malformed, "not an object"}));
    }
    std::string text;
    if (id != nullptr && id->text() != nullptr) text = *id->text();
    if (id != nullptr && id->integer() != nullptr) text = std::to_string(*id->integer());
    if (!is_document_name(text)) {
        return tl::unexpected(in_line(
            record.line, {ErrorCode::malformed, "member '" + field +
                                                    "' has to be text or a whole number, 1 to 128 "
                                                    "bytes"}));
    }
    return text;
}

/// Sets what differs, so that a second run changes nothing. Objects become maps, all else
/// registers.
void set_members(MapEditor map, const Value& now, const Value::Map& members,
                 const std::string& skip) {
    for (const Value::Member& member : members) {
        if (member.key == skip) continue;
        const Value* old = now.find(member.key);
        if (const Value::Map* inner = member.value.map()) {
            MapEditor below = map.map(member.key);
            if (inner->empty() && old == nullptr) below.create();
            set_members(below, old == nullptr ? Value() : *old, *inner, {});
        } else if (old == nullptr || !(*old == member.value)) {
            map.set(member.key, member.value);
        }
    }
}

class Progress {
public:
    explicit Progress(std::size_t total) : total_(total), shown_(isatty(STDERR_FILENO) == 1) {}
    ~Progress() {
        if (shown_ && last_ > 0) std::cerr << '\n';
    }
    void at(std::size_t done) {
        const std::size_t percent = total_ == 0 ? 100 : done * 100 / total_;
        if (!shown_ || percent == last_) return;
        last_ = percent;
        std::cerr << "\rimport: " << done << " of " << total_ << " (" << percent << " %)"
                  << std::flush;
    }

private:
    std::size_t total_;
    std::size_t last_ = 0;
    bool shown_;
};

}  // namespace

int import_all(const Context& context, const std::string& collection, const std::string& file,
               const ImportOptions& options) {
    // Everything is read and judged before anything is written.
    auto records = read_records(file);
    if (!records) return report({records.error().code, file + ": " + records.error().message});
    std::vector<std::string> ids;
    ids.reserve(records->size());
    for (const Record& record : *records) {
        auto id = id_of(record, options.id_field);
        if (!id) return report({id.error().code, file + ": " + id.error().message});
        ids.push_back(std::move(*id));
    }

    auto opened = open(context);
    if (!opened) return report(opened.error());
    Progress progress(records->size());
    const auto batch = static_cast<std::size_t>(options.batch);
    std::size_t size = batch;
    for (std::size_t at = 0; at < records->size();) {
        const std::size_t end = std::min(records->size(), at + size);
        std::size_t last = at;  // what an error is about
        auto done = opened->space.transact([&](Transaction& tx) {
            for (std::size_t i = at; i < end && !tx.failed(); ++i) {
                last = i;
                MapEditor root = tx.document(collection, ids[i]);
                const Value now = root.written();
                const Value::Map& members = *(*records)[i].value.map();
                if (members.size() == 1 && now.map() != nullptr && now.map()->empty()) {
                    root.create();  // nothing but its id
                }
                set_members(root, now, members, options.id_field);
            }
            if (!tx.failed()) last = at;  // then it is about all of them
        });
        if (!done && done.error().code == ErrorCode::too_large && size > 1) {
            size = std::max<std::size_t>(1, size / 2);  // long records: fewer in one change
            continue;
        }
        if (!done) {
            return report({done.error().code, file + ": line " +
                                                  std::to_string((*records)[last].line) + ": " +
                                                  done.error().message});
        }
        at = end;
        size = batch;
        progress.at(at);
    }
    std::cerr << "imported " << records->size() << " records into " << collection << '\n';
    return exit_done;
}

}  // namespace syncline::tool
