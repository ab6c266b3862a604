#include "show.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace syncline::board {

namespace {

std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // code points
    }));
}

std::string padded(std::string text, std::size_t width) {
    const std::size_t has = width_of(text);
    if (has < width) text.append(width - has, ' ');
    return text;
}

std::string votes(std::int64_t count) {
    return std::to_string(count) + (count == 1 ? " vote" : " votes");
}

/// Others may write what they want, and a terminal obeys control characters: none of them leaves.
std::string plain(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const auto next = static_cast<unsigned char>(at + 1 < text.size() ? text[at + 1] : 0);
        if (byte < 0x20 || byte == 0x7F) {
            out += ' ';
        } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {  // U+0080 to U+009F
            out += ' ';
            ++at;
        } else {
            out += text[at];
        }
    }
    return out;
}

std::string title_of(const Item& item) {
    return item.title.empty() ? "Untitled" : plain(item.title);
}

void add_lines(std::string& out, const std::string& notes) {
    for (std::size_t at = 0; at < notes.size();) {
        const std::size_t end = std::min(notes.find('\n', at), notes.size());
        out += "        " + plain(std::string_view(notes).substr(at, end - at)) + "\n";
        at = end + 1;
    }
}

}  // namespace

std::string show(const Board& board) {
    std::size_t widest = 0;
    for (const Item& item : board.items) widest = std::max(widest, width_of(title_of(item)));
    widest = std::min<std::size_t>(widest, 48);

    std::string out = (board.title.empty() ? "Untitled board" : plain(board.title)) + "\n\n";
    if (board.items.empty()) out += "Nothing here yet.\n";
    for (std::size_t at = 0; at < board.items.size(); ++at) {
        const Item& item = board.items[at];
        const std::string number = std::to_string(at + 1);
        out += std::string(number.size() < 2 ? 1 : 0, ' ') + number;
        out += item.done ? ". [x] " : ". [ ] ";
        out += padded(title_of(item), widest) + "  " + padded(votes(item.votes), 9);
        for (const std::string& tag : item.tags) out += " #" + plain(tag);
        while (out.back() == ' ') out.pop_back();
        out += "\n";
        for (const std::string& title : item.other_titles) {
            out += "        also called at the same time: " + plain(title) + "\n";
        }
        add_lines(out, item.notes);
    }
    return out;
}

std::string show(const std::vector<Presence>& people) {
    std::set<std::string> names;  // a person may have several windows
    for (const Presence& person : people) {
        const Value* name = person.value.find("name");
        if (name != nullptr && name->text() != nullptr) names.insert(plain(*name->text()));
    }
    std::string out;
    for (const std::string& name : names) out += (out.empty() ? "Here: " : ", ") + name;
    return out.empty() ? out : out + "\n";
}

std::string show(const SyncStatus& status) {
    const std::string waiting = status.pending == 0
                                    ? ""
                                    : ", " + std::to_string(status.pending) +
                                          (status.pending == 1 ? " change waits" : " changes wait");
    if (status.in_sync) return "up to date";
    switch (status.connection) {
        case SyncStatus::Connection::offline: return "offline" + waiting;
        case SyncStatus::Connection::connecting: return "no connection, trying again" + waiting;
        case SyncStatus::Connection::connected: return "catching up" + waiting;
    }
    return "";
}

}  // namespace syncline::board
