#include "board.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace syncline::board {

namespace {

constexpr const char* main_id = "main";

MapEditor main_document(Transaction& tx) { return tx.document("board", main_id); }
MapEditor item(Transaction& tx, const std::string& id) { return tx.document("items", id); }

std::string text_of(const Value* value) {
    const std::string* text = value == nullptr ? nullptr : value->text();
    return text == nullptr ? std::string() : *text;
}

std::vector<std::string> texts_of(const Value* value) {
    std::vector<std::string> texts;
    const Value::Array* array = value == nullptr ? nullptr : value->array();
    if (array == nullptr) return texts;
    for (const Value& element : *array) {
        if (element.text() != nullptr) texts.push_back(*element.text());
    }
    return texts;
}

std::vector<std::string> lost_titles(const Document& document, const std::string& shown) {
    const Node* field = document.root().find(FieldKey{"title", Type::lww_register});
    const LwwRegister* title = field == nullptr ? nullptr : field->as<LwwRegister>();
    std::vector<std::string> lost;
    if (title == nullptr) return lost;
    for (const DotValues::Entry& entry : title->conflicts()) {
        const std::string* text = entry.value.text();
        if (text != nullptr && *text != shown) lost.push_back(*text);
    }
    return lost;
}

Item item_of(const std::string& id, const Document& document) {
    const Value shown = view(document.root());
    Item item;
    item.id = id;
    item.title = text_of(shown.find("title"));
    item.other_titles = lost_titles(document, item.title);
    const Value* votes = shown.find("votes");
    if (votes != nullptr && votes->integer() != nullptr) item.votes = *votes->integer();
    item.tags = texts_of(shown.find("tags"));
    const Value* done = shown.find("done");
    item.done = done != nullptr && done->boolean() != nullptr && *done->boolean();
    item.notes = text_of(shown.find("notes"));
    return item;
}

/// The ids as the list holds them, read inside a transaction.
std::vector<std::string> listed(const ListEditor& order) {
    std::vector<std::string> ids;
    for (std::uint32_t at = 0; at < order.size(); ++at) {
        const Value value = order.value(at);
        ids.push_back(value.text() == nullptr ? std::string() : *value.text());
    }
    return ids;
}

std::optional<std::uint32_t> place_of(const std::vector<std::string>& ids, const std::string& id) {
    const auto found = std::find(ids.begin(), ids.end(), id);
    if (found == ids.end()) return std::nullopt;
    return static_cast<std::uint32_t>(found - ids.begin());
}

/// Takes an id out of the list wherever it is from `start` on; two devices may have put it in.
void erase_from(ListEditor order, const std::string& id, std::uint32_t start) {
    for (std::uint32_t at = order.size(); at-- > start;) {
        if (order.value(at) == Value(id)) order.erase(at);
    }
}

}  // namespace

Result<Board> read_board(const Space& space) {
    Board board;
    auto main = space.get({"board", main_id});
    if (!main) return tl::unexpected(main.error());
    std::vector<std::string> order;
    if (*main) {
        board.title = text_of((*main)->find("title"));
        order = texts_of((*main)->find("order"));
    }
    auto left = space.ids("items");
    if (!left) return tl::unexpected(left.error());
    order.insert(order.end(), left->begin(), left->end());
    for (const std::string& id : order) {
        const auto found = std::find(left->begin(), left->end(), id);
        if (found == left->end()) continue;
        left->erase(found);
        const auto document = space.document({"items", id});
        if (!document) return tl::unexpected(document.error());
        if (document->exists()) board.items.push_back(item_of(id, *document));
    }
    return board;
}

Result<std::string> find_item(const Board& board, const std::string& named) {
    for (const Item& item : board.items) {
        if (item.id == named) return named;
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(named.data(), named.data() + named.size(), number);
    const bool whole = error == std::errc() && end == named.data() + named.size();
    if (whole && number >= 1 && number <= board.items.size()) return board.items[number - 1].id;
    return fail(ErrorCode::not_found, "there is no item '" + named + "' on the board; see `list`");
}

void name_board(Transaction& tx, std::string_view title) {
    main_document(tx).set("title", Value(title));
}

void add_item(Transaction& tx, const std::string& id, std::string_view title) {
    item(tx, id).set("title", Value(title));
    main_document(tx).list("order").push(Value(id));
}

void remove_item(Transaction& tx, const std::string& id) {
    item(tx, id).erase();
    erase_from(main_document(tx).list("order"), id, 0);
}

void name_item(Transaction& tx, const std::string& id, std::string_view title) {
    item(tx, id).set("title", Value(title));
}

void vote(Transaction& tx, const std::string& id, std::int64_t amount) {
    item(tx, id).counter("votes").add(amount);
}

void add_tag(Transaction& tx, const std::string& id, std::string_view tag) {
    item(tx, id).set_of("tags").insert(Value(tag));
}

void remove_tag(Transaction& tx, const std::string& id, std::string_view tag) {
    item(tx, id).set_of("tags").erase(Value(tag));
}

void set_done(Transaction& tx, const std::string& id, bool done) {
    MapEditor::Flag flag = item(tx, id).flag("done");
    if (done) {
        flag.enable();
    } else {
        flag.disable();
    }
}

void add_note(Transaction& tx, const std::string& id, std::string_view line) {
    TextEditor notes = item(tx, id).text("notes");
    const std::string start = notes.size() > 0 ? "\n" : "";
    notes.insert(notes.size(), start + std::string(line));
}

void move_item(Transaction& tx, const Board& board, const std::string& id, std::size_t place) {
    // The list may hold ids that are not shown, so the place is told by the item shown behind it.
    std::vector<std::string> shown;
    for (const Item& other : board.items) {
        if (other.id != id) shown.push_back(other.id);
    }
    ListEditor order = main_document(tx).list("order");
    const auto from = place_of(listed(order), id);
    if (from) erase_from(order, id, *from + 1);
    std::vector<std::string> rest = listed(order);
    if (from) rest.erase(rest.begin() + *from);
    const auto next = place < shown.size() ? place_of(rest, shown[place]) : std::nullopt;
    const std::uint32_t to = next.value_or(static_cast<std::uint32_t>(rest.size()));
    if (from) {
        order.move(*from, to);
    } else {
        order.insert(to, Value(id));
    }
}

Value about_me(const std::string& name) {
    return Value(Value::Map{{"name", Value(name)}, {"item", Value()}});
}

void introduce(Transaction& tx, ReplicaId replica, std::string_view name) {
    tx.document("people", to_string(replica)).set("name", Value(name));
}

}  // namespace syncline::board
