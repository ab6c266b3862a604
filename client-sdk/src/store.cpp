#include "syncline/client/store.hpp"

#include "lost_values.hpp"
#include "names.hpp"
#include "store_impl.hpp"
#include "system.hpp"

namespace syncline {

// ---- Transaction

MapEditor Transaction::document(std::string_view collection, std::string_view id) {
    return MapEditor(this, {std::string(collection), std::string(id)}, {});
}

Result<> Transaction::run(SpaceReplica::Editor& editor, const Schema* schema, UndoRecord* record,
                          const std::function<void(Transaction&)>& edit) {
    Transaction transaction(editor, schema);
    transaction.record_ = record;
    if (!edit) return syncline::fail(ErrorCode::invalid_argument, "a transaction needs a function");
    edit(transaction);
    if (transaction.error_) return tl::unexpected(*transaction.error_);
    return transaction.check_documents();
}

void Transaction::fail(Error error) {
    if (!error_) error_ = std::move(error);
}

const OrMap* Transaction::root(const DocumentKey& key) {
    if (error_) return nullptr;
    auto document = editor_.read(key);
    if (!document) {
        fail(document.error());
        return nullptr;
    }
    return &(*document)->root();
}

void Transaction::edit(const DocumentKey& key, FieldOp op) {
    if (error_) return;
    if (auto good = check_edit(key, op); !good) return fail(good.error());
    if (record_ != nullptr) {
        auto before = editor_.read(key);
        if (!before) return fail(before.error());
        record_->add(key, **before, op, editor_.next());
    }
    if (auto edited = editor_.edit(key, std::move(op)); !edited) fail(edited.error());
}

Result<> Transaction::check_edit(const DocumentKey& key, const FieldOp& op) {
    if (schema_ == nullptr || schema_->find(key.collection) == nullptr) return {};
    if (auto good = check_write(*schema_, key, op); !good) return good;
    if (lacked_before_.count(key) != 0) return {};
    auto document = editor_.read(key);
    if (!document) return tl::unexpected(document.error());
    lacked_before_.emplace(key, lacking(*schema_, key, **document));
    return {};
}

Result<> Transaction::check_documents() {
    for (const auto& [key, lacked] : lacked_before_) {
        auto document = editor_.read(key);
        if (!document) return tl::unexpected(document.error());
        if (auto good = check_required(*schema_, key, **document, lacked); !good) return good;
    }
    return {};
}

void Transaction::edit(const DocumentKey& key, Path path,
                       const std::function<Op(const OrMap&, const Path&)>& make) {
    const OrMap* map = root(key);
    if (map == nullptr) return;
    Op op = make(*map, path);
    edit(key, FieldOp{std::move(path), std::move(op)});
}

Path MapEditor::below(std::string_view key, Type type) const {
    Path path = path_;
    path.emplace_back(std::string(key), type);
    return path;
}

void MapEditor::set(std::string_view key, Value value) {
    tx_->edit(key_, below(key, Type::lww_register), [&](const OrMap& map, const Path& path) {
        return map.at<LwwRegister>(path).set(std::move(value));
    });
}

void MapEditor::set_multi_value(std::string_view key, Value value) {
    tx_->edit(key_, below(key, Type::mv_register), [&](const OrMap& map, const Path& path) {
        return map.at<MvRegister>(path).set(std::move(value));
    });
}

void MapEditor::clear(std::string_view key) { erase(key, Type::lww_register); }

MapEditor::Counter MapEditor::counter(std::string_view key) {
    return {tx_, key_, below(key, Type::pn_counter)};
}
MapEditor::Counter MapEditor::grow_only_counter(std::string_view key) {
    return {tx_, key_, below(key, Type::g_counter)};
}
MapEditor::Set MapEditor::set_of(std::string_view key) {
    return {tx_, key_, below(key, Type::or_set)};
}
MapEditor::Set MapEditor::remove_wins_set(std::string_view key) {
    return {tx_, key_, below(key, Type::rw_set)};
}
MapEditor::Set MapEditor::grow_only_set(std::string_view key) {
    return {tx_, key_, below(key, Type::g_set)};
}
MapEditor::Flag MapEditor::flag(std::string_view key) {
    return {tx_, key_, below(key, Type::ew_flag)};
}
MapEditor::Flag MapEditor::disable_wins_flag(std::string_view key) {
    return {tx_, key_, below(key, Type::dw_flag)};
}
MapEditor MapEditor::map(std::string_view key) { return {tx_, key_, below(key, Type::map)}; }

void MapEditor::Counter::add(std::int64_t amount) {
    if (path_.back().type == Type::g_counter && amount < 0)
        return tx_->fail({ErrorCode::out_of_range, "a grow-only counter takes no negative amount"});
    tx_->edit(key_, path_, [&](const OrMap&, const Path&) { return PnCounter().add(amount); });
}

void MapEditor::Set::insert(Value element) {
    tx_->edit(key_, path_, [&](const OrMap& map, const Path& path) {
        switch (path.back().type) {
            case Type::rw_set: return map.at<RwSet>(path).insert(std::move(element));
            case Type::g_set: return map.at<GSet>(path).insert(std::move(element));
            default: return map.at<OrSet>(path).insert(std::move(element));
        }
    });
}

void MapEditor::Set::erase(Value element) {
    if (path_.back().type == Type::g_set) {
        return tx_->fail({ErrorCode::invalid_argument, "a grow-only set has no erase"});
    }
    tx_->edit(key_, path_, [&](const OrMap& map, const Path& path) {
        return path.back().type == Type::rw_set ? map.at<RwSet>(path).erase(std::move(element))
                                                : map.at<OrSet>(path).erase(std::move(element));
    });
}

void MapEditor::Flag::enable() {
    tx_->edit(key_, path_, [&](const OrMap& map, const Path& path) {
        return path.back().type == Type::dw_flag ? map.at<DwFlag>(path).enable()
                                                 : map.at<EwFlag>(path).enable();
    });
}

void MapEditor::Flag::disable() {
    tx_->edit(key_, path_, [&](const OrMap& map, const Path& path) {
        return path.back().type == Type::dw_flag ? map.at<DwFlag>(path).disable()
                                                 : map.at<EwFlag>(path).disable();
    });
}

void MapEditor::create() {
    const OrMap* map = tx_->root(key_);
    if (map != nullptr) tx_->edit(key_, map->create(path_));
}

void MapEditor::erase(std::string_view key) {
    const OrMap* map = tx_->root(key_);
    if (map == nullptr) return;
    for (const Type type : types(map->at<OrMap>(path_), key)) erase(key, type);
}

void MapEditor::erase(std::string_view key, Type type) {
    const OrMap* map = tx_->root(key_);
    if (map == nullptr) return;
    for (FieldOp& op : map->clear(below(key, type), tx_->editor_.replica())) {
        tx_->edit(key_, std::move(op));
    }
}

void MapEditor::erase() {
    const OrMap* map = tx_->root(key_);
    if (map == nullptr) return;
    for (FieldOp& op : map->clear(path_, tx_->editor_.replica())) tx_->edit(key_, std::move(op));
}

Value MapEditor::view() const {
    const OrMap* map = tx_->root(key_);
    if (map == nullptr) return {};
    if (tx_->schema_ == nullptr) return syncline::view(map->at<OrMap>(path_));
    return view_with_defaults(*tx_->schema_, key_.collection, *map, path_);
}

Value MapEditor::written() const {
    const OrMap* map = tx_->root(key_);
    return map == nullptr ? Value() : syncline::view(map->at<OrMap>(path_));
}

// ---- Space

const std::string& Space::name() const { return handle_->name; }

Result<> Space::transact(const std::function<void(Transaction&)>& edit, std::string message) {
    auto done = run({}, edit, std::move(message));
    if (!done) return tl::unexpected(done.error());
    return {};
}

Result<Done> Space::transact_once(std::string_view request,
                                  const std::function<void(Transaction&)>& edit,
                                  std::string message) {
    if (request.empty()) return tl::unexpected(client::no_request_id());
    return run(request, edit, std::move(message));
}

Result<Done> Space::run(std::string_view request, const std::function<void(Transaction&)>& edit,
                        std::string message) {
    return handle_->store->transact(name(), request,
                                    [&](SpaceReplica::Editor& editor, const Schema* schema) {
                                        return Transaction::run(editor, schema, nullptr, edit);
                                    },
                                    std::move(message), {});
}

Result<std::optional<Value>> Space::get(const DocumentKey& key) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    auto document = opened->space.document(key);
    if (!document) return tl::unexpected(document.error());
    if (!(*document)->exists()) return std::optional<Value>();
    if (const auto& schema = opened->core.schema()) {
        return std::optional<Value>(view_with_defaults(*schema, key.collection, **document));
    }
    return std::optional<Value>(view((*document)->root()));
}

Result<Document> Space::document(const DocumentKey& key) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    auto document = opened->space.document(key);
    if (!document) return tl::unexpected(document.error());
    return **document;
}

Result<std::vector<Value>> Space::conflicts(const DocumentKey& key, const Path& path) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    auto document = opened->space.document(key);
    if (!document) return tl::unexpected(document.error());
    if (path.empty() || path.back().type != Type::lww_register) return std::vector<Value>();
    return client::lost_values((*document)->root().at<LwwRegister>(path));
}

Result<std::optional<std::uint32_t>> Space::index(const ElementId& id) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    auto document = opened->space.document(id.document);
    if (!document) return tl::unexpected(document.error());
    const auto now = client::name_now(opened->space, id);
    if (!now) return std::optional<std::uint32_t>();
    return (*document)->root().at<List>(now->list).index(now->element);
}

Result<std::optional<std::uint32_t>> Space::position(const Cursor& cursor, Unit unit) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    auto document = opened->space.document(cursor.document);
    if (!document) return tl::unexpected(document.error());
    const auto now = client::name_now(opened->space, cursor);
    if (!now) return std::optional<std::uint32_t>();
    return (*document)->root().at<Text>(now->text).position(now->anchor, unit);
}

Result<SpaceReport> Space::report() const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    auto documents = opened->core.documents(handle_->name);
    if (!documents) return tl::unexpected(documents.error());
    return SpaceReport{opened->space.vector(), *documents};
}

Result<std::vector<HistoryEntry>> Space::history(const DocumentKey& key, const Path& path) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    return opened->space.history(key, path);
}

Result<Document> Space::as_of(const DocumentKey& key, std::uint64_t sequence) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    return opened->space.as_of(key, sequence);
}

Result<> Space::each(const std::string& collection,
                     const std::function<bool(const std::string&, Value)>& visit,
                     const std::string& behind) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    const Schema* schema = opened->core.schema().get();
    const client::StoreImpl::Inside inside(*handle_->store);
    const auto show = [&](const std::string& id, const Document& document) {
        return visit(id, schema == nullptr ? view(document.root())
                                           : view_with_defaults(*schema, collection, document));
    };
    return opened->space.each(collection, show, behind);
}

Result<std::vector<std::string>> Space::ids(const std::string& collection) const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    return opened->space.ids(collection);
}

Result<std::vector<std::string>> Space::collections() const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    return opened->space.collections();
}

Result<Hash> Space::digest() const {
    auto opened = handle_->store->locked(handle_->name);
    if (!opened) return tl::unexpected(opened.error());
    return opened->space.digest();
}

Subscription Space::observe(std::function<void(const SpaceChanges&)> observer,
                            std::string collection) {
    return handle_->store->observe(
        {handle_->name, std::move(collection), std::move(observer), nullptr, nullptr, nullptr, {}});
}

Subscription Space::observe_rejected(
    std::function<void(const std::vector<RejectedChange>&)> observer) {
    return handle_->store->observe(
        {handle_->name, {}, nullptr, std::move(observer), nullptr, nullptr, {}});
}

Result<> Space::set_presence(const std::string& session, Value value,
                             std::chrono::milliseconds ttl) {
    const auto ttl_ms = ttl.count() < 0 ? 0 : static_cast<std::uint64_t>(ttl.count());
    return handle_->store->set_presence(handle_->name, session, std::move(value), ttl_ms);
}

void Space::clear_presence(const std::string& session) {
    handle_->store->clear_presence(handle_->name, session);
}

std::vector<Presence> Space::presence() const { return handle_->store->presence(handle_->name); }

Subscription Space::observe_presence(std::function<void(const std::vector<Presence>&)> observer) {
    return handle_->store->observe(
        {handle_->name, {}, nullptr, nullptr, std::move(observer), nullptr, {}});
}

Subscription Space::observe_status(std::function<void(const SyncStatus&)> observer) {
    return handle_->store->observe(
        {handle_->name, {}, nullptr, nullptr, nullptr, std::move(observer), {}});
}

SyncStatus Space::status() const { return handle_->store->status(handle_->name); }

Result<> Space::wait_in_sync(std::chrono::milliseconds timeout) const {
    return handle_->store->wait_in_sync(handle_->name, timeout);
}

// ---- Store

Result<Store> Store::open(const std::string& path, StoreOptions options) {
    client::StoreCore::Options core;
    core.path = path;
    core.vfs = std::move(options.vfs);
    core.now_ms = options.now_ms ? std::move(options.now_ms) : client::system_now_ms;
    core.random = options.random ? std::move(options.random) : client::system_random;
    core.new_replica_id = client::random_replica_id;
    const auto now_ms = core.now_ms;
    const RandomSource random = core.random;
    auto opened = client::StoreCore::open(std::move(core));
    if (!opened) return tl::unexpected(opened.error());
    // The last owner may be an observer on the network thread, which cannot join itself.
    const auto destroy = [](client::StoreImpl* store) {
        if (store->on_network_thread()) {
            client::run_elsewhere([store] { delete store; });
        } else {
            delete store;
        }
    };
    return Store(std::shared_ptr<client::StoreImpl>(
        new client::StoreImpl(std::move(*opened), now_ms, random), destroy));
}

Result<Space> Store::space(const std::string& name) {
    if (auto opened = impl_->locked(name); !opened) return tl::unexpected(opened.error());
    impl_->notify(name);
    return Space(std::make_shared<client::SpaceHandle>(client::SpaceHandle{impl_, name}));
}

Result<std::vector<std::string>> Store::spaces() const {
    auto core = impl_->locked();
    if (!core) return tl::unexpected(core.error());
    auto all = (*core)->spaces();
    if (!all) return tl::unexpected(all.error());
    std::vector<std::string> names;
    for (const SpaceReplica* space : *all) names.push_back(space->state().name);
    return names;
}

Result<> Store::set_schema(const Schema& schema) {
    auto core = impl_->locked();
    if (!core) return tl::unexpected(core.error());
    return (*core)->set_schema(schema);
}

Result<> Store::drop_schema() {
    auto core = impl_->locked();
    if (!core) return tl::unexpected(core.error());
    return (*core)->drop_schema();
}

std::optional<Schema> Store::schema() const {
    const std::shared_ptr<const Schema> schema = impl_->schema();
    return schema == nullptr ? std::nullopt : std::optional(*schema);
}

Result<> Store::keep_history(std::chrono::milliseconds time) {
    if (time.count() < 0)
        return fail(ErrorCode::invalid_argument, "history is kept for a time of 0 or more");
    auto core = impl_->locked();
    if (!core) return tl::unexpected(core.error());
    return (*core)->keep_history(static_cast<std::uint64_t>(time.count()));
}

Result<> Store::verify() const {
    auto core = impl_->locked();
    if (!core) return tl::unexpected(core.error());
    return (*core)->verify();
}

Result<> Store::checkpoint() {
    auto core = impl_->locked();
    if (!core) return tl::unexpected(core.error());
    return (*core)->database().checkpoint(sqlite::Checkpoint::truncate);
}

Result<> Store::connect(ConnectOptions options) { return impl_->connect(std::move(options)); }

void Store::set_token(std::string token) { impl_->set_token(std::move(token)); }

void Store::disconnect() { impl_->disconnect(); }

ReplicaId Store::replica() const { return impl_->replica(); }

}  // namespace syncline
