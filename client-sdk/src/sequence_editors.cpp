// The editors of lists and texts, and the handles to what is in them.

#include "names.hpp"
#include "syncline/client/store.hpp"

namespace syncline {

namespace {
Path with(Path path, Step step) {
    path.push_back(std::move(step));
    return path;
}
}  // namespace

ListEditor MapEditor::list(std::string_view key) { return {tx_, key_, below(key, Type::list)}; }
TextEditor MapEditor::text(std::string_view key) { return {tx_, key_, below(key, Type::text)}; }

ListEditor Transaction::list(const ElementId& id) {
    if (const auto now = client::name_now(editor_, id)) return {this, now->document, now->list};
    fail({ErrorCode::not_found, "the list is gone: the relay refused what it was in"});
    return {this, id.document, id.list};
}

TextEditor Transaction::text(const Cursor& cursor) {
    if (const auto path = client::name_now(editor_, cursor.text, cursor.names))
        return {this, cursor.document, *path};
    fail({ErrorCode::not_found, "the text is gone: the relay refused what it was in"});
    return {this, cursor.document, cursor.text};
}

// ---- Lists

const List* ListEditor::read() const {
    const OrMap* root = tx_->root(key_);
    return root == nullptr ? nullptr : &root->at<List>(path_);
}

void ListEditor::edit(Result<Op> op) {
    if (!op) return tx_->fail(op.error());
    tx_->edit(key_, FieldOp{path_, std::move(*op)});
}

void ListEditor::edit(Result<std::vector<FieldOp>> ops) {
    if (!ops) return tx_->fail(ops.error());
    for (FieldOp& op : *ops) tx_->edit(key_, std::move(op));
}

void ListEditor::insert(std::uint32_t index, Value value) {
    std::vector<Value> values;
    values.push_back(std::move(value));
    insert_all(index, std::move(values));
}

void ListEditor::insert_all(std::uint32_t index, std::vector<Value> values) {
    const List* list = read();
    if (list == nullptr || (values.empty() && index <= list->size())) return;
    edit(list->insert(index, std::move(values)));
}

void ListEditor::push(Value value) { insert(size(), std::move(value)); }

Path ListEditor::insert(std::uint32_t index, Type container) {
    if (const List* list = read()) edit(list->insert(index, container));
    return inside(index, container);
}

Path ListEditor::inside(std::uint32_t index, Type type) {
    const List* list = read();
    const auto id = list == nullptr ? std::nullopt : list->id(index);
    if (id) return with(path_, Step(*id, type));
    if (list != nullptr) {
        tx_->fail({ErrorCode::out_of_range, "index " + std::to_string(index) + " in a list of " +
                                                std::to_string(list->size())});
    }
    return path_;  // nothing is done with it: the transaction has failed
}

MapEditor ListEditor::insert_map(std::uint32_t index) {
    return {tx_, key_, insert(index, Type::map)};
}
ListEditor ListEditor::insert_list(std::uint32_t index) {
    return {tx_, key_, insert(index, Type::list)};
}
TextEditor ListEditor::insert_text(std::uint32_t index) {
    return {tx_, key_, insert(index, Type::text)};
}
MapEditor::Counter ListEditor::insert_counter(std::uint32_t index) {
    return {tx_, key_, insert(index, Type::pn_counter)};
}

MapEditor ListEditor::map(std::uint32_t index) { return {tx_, key_, inside(index, Type::map)}; }
ListEditor ListEditor::list(std::uint32_t index) { return {tx_, key_, inside(index, Type::list)}; }
TextEditor ListEditor::text(std::uint32_t index) { return {tx_, key_, inside(index, Type::text)}; }
MapEditor::Counter ListEditor::counter(std::uint32_t index) {
    return {tx_, key_, inside(index, Type::pn_counter)};
}

void ListEditor::set(std::uint32_t index, Value value) {
    if (const List* list = read())
        edit(list->replace(path_, index, std::move(value), tx_->editor_.replica()));
}

void ListEditor::erase(std::uint32_t index, std::uint32_t count) {
    if (const List* list = read()) edit(list->erase(path_, index, count, tx_->editor_.replica()));
}

void ListEditor::move(std::uint32_t from, std::uint32_t to) {
    const List* list = read();
    if (list == nullptr || (from == to && from < list->size())) return;
    edit(list->move(from, to));
}

bool ListEditor::exists() const {
    const List* list = read();
    return list != nullptr && list->live();
}

std::uint32_t ListEditor::size() const {
    const List* list = read();
    return list == nullptr ? 0 : list->size();
}

Value ListEditor::value(std::uint32_t index) const {
    const List* list = read();
    const auto id = list == nullptr ? std::nullopt : list->id(index);
    if (!id) return {};
    if (const Value* plain = list->value(*id)) return *plain;
    return view_element(*list->contents(*id));
}

Value ListEditor::view() const {
    const OrMap* root = tx_->root(key_);
    const Node* node = root == nullptr ? nullptr : root->find(path_);
    return node == nullptr ? Value(Value::Array()) : syncline::view(*node);
}

std::optional<ElementId> ListEditor::id(std::uint32_t index) const {
    const List* list = read();
    const auto element = list == nullptr ? std::nullopt : list->id(index);
    if (!element) return std::nullopt;
    return ElementId{key_, path_, *element, tx_->editor_.names()};
}

std::optional<std::uint32_t> ListEditor::index(const ElementId& id) const {
    const List* list = read();
    const auto now = client::name_now(tx_->editor_, id);
    if (list == nullptr || !now || !(now->document == key_ && now->list == path_))
        return std::nullopt;
    return list->index(now->element);
}

void ListEditor::create() {
    if (const List* list = read()) edit(list->create());
}

void ListEditor::erase() {
    if (const OrMap* root = tx_->root(key_)) edit(root->clear(path_, tx_->editor_.replica()));
}

// ---- Texts

const Text* TextEditor::read() const {
    const OrMap* root = tx_->root(key_);
    return root == nullptr ? nullptr : &root->at<Text>(path_);
}

void TextEditor::edit(Result<Op> op) {
    if (!op) return tx_->fail(op.error());
    tx_->edit(key_, FieldOp{path_, std::move(*op)});
}

void TextEditor::insert(std::uint32_t at, std::string_view utf8, Unit unit) {
    const Text* text = read();
    if (text == nullptr || (utf8.empty() && at <= text->size(unit))) return;
    edit(text->insert(at, utf8, unit));
}

void TextEditor::erase(std::uint32_t from, std::uint32_t count, Unit unit) {
    const Text* text = read();
    if (text == nullptr || (count == 0 && from <= text->size(unit))) return;
    edit(text->erase(from, count, unit));
}

void TextEditor::splice(std::uint32_t from, std::uint32_t count, std::string_view utf8, Unit unit) {
    erase(from, count, unit);
    insert(from, utf8, unit);
}

void TextEditor::mark(std::uint32_t from, std::uint32_t count, std::string name, Value value,
                      Expand expand, Unit unit) {
    if (const Text* text = read())
        edit(text->mark(from, count, std::move(name), std::move(value), expand, unit));
}

void TextEditor::unmark(std::uint32_t from, std::uint32_t count, std::string name, Expand expand,
                        Unit unit) {
    mark(from, count, std::move(name), Value(), expand, unit);
}

bool TextEditor::exists() const {
    const Text* text = read();
    return text != nullptr && text->live();
}

std::uint32_t TextEditor::size(Unit unit) const {
    const Text* text = read();
    return text == nullptr ? 0 : text->size(unit);
}

std::string TextEditor::str() const {
    const Text* text = read();
    return text == nullptr ? std::string() : text->str();
}

std::string TextEditor::str(std::uint32_t from, std::uint32_t count, Unit unit) const {
    const Text* text = read();
    return text == nullptr ? std::string() : text->str(from, count, unit);
}

std::vector<Text::Span> TextEditor::spans() const {
    const Text* text = read();
    return text == nullptr ? std::vector<Text::Span>() : text->spans();
}

Cursor TextEditor::cursor(std::uint32_t at, Side side, Unit unit) const {
    Cursor cursor{key_, path_, {}, tx_->editor_.names()};
    if (const Text* text = read()) cursor.anchor = text->anchor(at, side, unit);
    return cursor;
}

std::optional<std::uint32_t> TextEditor::position(const Cursor& cursor, Unit unit) const {
    const Text* text = read();
    const auto now = client::name_now(tx_->editor_, cursor);
    if (text == nullptr || !now || !(now->document == key_ && now->text == path_))
        return std::nullopt;
    return text->position(now->anchor, unit);
}

void TextEditor::create() {
    if (const Text* text = read()) edit(text->create());
}

void TextEditor::erase() {
    const OrMap* root = tx_->root(key_);
    if (root == nullptr) return;
    for (FieldOp& op : root->clear(path_, tx_->editor_.replica())) tx_->edit(key_, std::move(op));
}

}  // namespace syncline
