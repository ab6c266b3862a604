#include "store_core.hpp"

#include "syncline/sync/client_session.hpp"

#include <algorithm>

namespace syncline::client {

StoreCore::~StoreCore() = default;

Result<std::unique_ptr<StoreCore>> StoreCore::open(Options options) {
    sqlite::Options file;
    file.path = options.path;
    file.vfs = options.vfs;
    file.synchronous = options.synchronous;
    file.application_id = store_application_id;
    auto database = sqlite::Database::open(file);
    if (!database) return tl::unexpected(database.error());
    std::unique_ptr<StoreCore> store(new StoreCore(std::move(options), std::move(*database)));
    if (auto loaded = store->load(); !loaded) return tl::unexpected(loaded.error());
    return store;
}

Result<> StoreCore::load() {
    auto version = database_.user_version();
    if (!version) return tl::unexpected(version.error());
    if (*version > store_version) {
        return fail(ErrorCode::storage_newer, options_.path + " was written by a newer version (" +
                                                  "format " + std::to_string(*version) +
                                                  ", this one knows " +
                                                  std::to_string(store_version) + ")");
    }
    if (*version == 0) {
        // A new file. The version is set in the same transaction, so a crash leaves nothing behind.
        auto transaction = database_.begin();
        if (!transaction) return tl::unexpected(transaction.error());
        if (auto created = create_schema(database_); !created) return created;
        if (auto set = database_.set_user_version(store_version); !set) return set;
        replica_ = options_.new_replica_id();
        if (auto put = put_replica(replica_); !put) return put;
        return transaction->commit();
    }
    if (*version < store_version) {
        auto transaction = database_.begin();
        if (!transaction) return tl::unexpected(transaction.error());
        if (auto upgraded = upgrade_schema(database_, *version); !upgraded) return upgraded;
        if (auto set = database_.set_user_version(store_version); !set) return set;
        if (auto done = transaction->commit(); !done) return done;
    }
    auto rows = database_.prepare("SELECT key, value, checksum FROM meta");
    if (!rows) return tl::unexpected(rows.error());
    while (true) {
        auto found = rows->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) break;
        const std::string_view key = rows->column_text(0);
        const bool is_number = rows->column_type(1) == sqlite::ColumnType::integer;
        RowSum sum;
        sum.text(key);
        if (is_number) {
            sum.number(rows->column_int64(1));
        } else {
            sum.bytes(rows->column_blob(1));
        }
        if (sum.value() != rows->column_int64(2)) {
            return fail(ErrorCode::storage_corrupt, "the checksum of the store's own row " +
                                                        std::string(key) + " does not hold");
        }
        if (key == "replica") {
            const BytesView bytes = rows->column_blob(1);
            if (bytes.size() != replica_.bytes.size()) break;
            std::copy(bytes.begin(), bytes.end(), replica_.bytes.begin());
        } else if (key == "nonce") {
            nonce_ = rows->column_uint64(1);
        } else if (key == "spaces") {
            spaces_made_ = rows->column_int64(1);
        } else if (key == "history_ms") {
            options_.space.history_ms = rows->column_uint64(1);
        } else if (key == "clock_offset_ms") {
            clock_offset_ms_ = rows->column_int64(1);
        } else if (key == "last_error") {
            last_error_ = Error{last_error_ ? last_error_->code : ErrorCode::connection_lost,
                                std::string(rows->column_text(1))};
        } else if (key == "last_code") {
            last_error_ = Error{static_cast<ErrorCode>(rows->column_int64(1)),
                                last_error_ ? last_error_->message : std::string()};
        } else if (key == "schema") {
            auto schema = Schema::parse(rows->column_text(1));
            if (!schema) {
                // Its checksum holds, so somebody meant it: with words that we do not know yet.
                return fail(ErrorCode::storage_newer, options_.path +
                                                          " holds a schema of a newer version (" +
                                                          schema.error().message + ")");
            }
            stored_schema_ = schema_ = std::make_shared<const Schema>(std::move(*schema));
        }
    }
    if (replica_.is_nil()) return fail(ErrorCode::storage_corrupt, "the store has no replica id");
    return requests_.prune(options_.now_ms());
}

namespace {
constexpr const char* put_meta_sql =
    "INSERT INTO meta (key, value, checksum) VALUES (?1, ?2, ?3) "
    "ON CONFLICT DO UPDATE SET value = excluded.value, checksum = excluded.checksum";
}  // namespace

Result<> StoreCore::put_meta(const char* key, std::int64_t value) {
    auto row = database_.prepare(put_meta_sql);
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, key).bind(2, value).bind(3, RowSum().text(key).number(value).value()).run();
}

Result<> StoreCore::put_meta(const char* key, std::string_view text) {
    auto row = database_.prepare(put_meta_sql);
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, key).bind(2, text).bind(3, RowSum().text(key).text(text).value()).run();
}

Result<> StoreCore::put_replica(const ReplicaId& replica) {
    auto row = database_.prepare(put_meta_sql);
    if (!row) return tl::unexpected(row.error());
    return row->bind(1, "replica")
        .bind(2, replica.view())
        .bind(3, RowSum().text("replica").bytes(replica.view()).value())
        .run();
}

Result<SpaceReplica*> StoreCore::open_space(const std::string& name, std::int64_t id) {
    OpenSpace opened;
    opened.storage = std::make_unique<SqliteSpaceStorage>(database_, id);
    SpaceReplica::Options options = options_.space;
    // 52 bits: names travel as JSON numbers.
    if (options_.random) options.names_from = random_u64(options_.random) >> 12;
    auto replica = SpaceReplica::open(*opened.storage, options);
    if (!replica) return tl::unexpected(replica.error());
    const SpaceState& state = (*replica)->state();
    if (!(state.own == state.pruned)) {
        auto newest = opened.storage->own_change_ending(state.own.counter);
        if (!newest) return tl::unexpected(newest.error());
        if (!*newest || !((*newest)->hash == state.own.hash)) {
            return fail(ErrorCode::storage_corrupt, "the newest own change is missing");
        }
    }
    opened.replica = std::move(*replica);
    return spaces_.emplace(name, std::move(opened)).first->second.replica.get();
}

Result<SpaceReplica*> StoreCore::space(const std::string& name) {
    const auto open = spaces_.find(name);
    if (open != spaces_.end()) return open->second.replica.get();
    if (!is_space_name(name)) {
        return fail(ErrorCode::invalid_argument,
                    "a space's name is 1 to 128 of A-Z a-z 0-9 . _ : -");
    }
    auto find = database_.prepare("SELECT id FROM spaces WHERE name = ?1");
    if (!find) return tl::unexpected(find.error());
    auto found = find->bind(1, std::string_view(name)).step();
    if (!found) return tl::unexpected(found.error());
    if (*found) {
        const std::int64_t id = find->column_int64(0);
        find->reset();
        return open_space(name, id);
    }
    find->reset();
    return create_space(name);
}

/// Only when every row is sound and none is missing: a damaged one must not come back empty.
Result<SpaceReplica*> StoreCore::create_space(const std::string& name) {
    std::vector<std::int64_t> ids;
    {
        auto rows = database_.prepare("SELECT id FROM spaces");
        if (!rows) return tl::unexpected(rows.error());
        while (true) {
            auto found = rows->step();
            if (!found) return tl::unexpected(found.error());
            if (!*found) break;
            ids.push_back(rows->column_int64(0));
        }
    }
    for (const std::int64_t id : ids) {
        if (auto sound = SqliteSpaceStorage(database_, id).load(); !sound) {
            return tl::unexpected(sound.error());
        }
    }
    if (static_cast<std::int64_t>(ids.size()) != spaces_made_) {
        return fail(ErrorCode::storage_corrupt, "a space's row is missing");
    }
    const std::int64_t id = spaces_made_ + 1;
    SpaceState fresh;
    fresh.name = name;
    fresh.replica = replica_;
    auto transaction = database_.begin();
    if (!transaction) return tl::unexpected(transaction.error());
    if (auto created = SqliteSpaceStorage(database_, id).create(fresh); !created) {
        return tl::unexpected(created.error());
    }
    if (auto put = put_meta("spaces", id); !put) return tl::unexpected(put.error());
    if (auto done = transaction->commit(); !done) return tl::unexpected(done.error());
    spaces_made_ = id;
    return open_space(name, id);
}

Result<std::vector<SpaceReplica*>> StoreCore::spaces() {
    std::vector<std::string> names;
    {
        auto rows = database_.prepare("SELECT name FROM spaces ORDER BY name");
        if (!rows) return tl::unexpected(rows.error());
        while (true) {
            auto found = rows->step();
            if (!found) return tl::unexpected(found.error());
            if (!*found) break;
            names.emplace_back(rows->column_text(0));
        }
    }
    std::vector<SpaceReplica*> all;
    for (const std::string& name : names) {
        auto opened = space(name);
        if (!opened) return tl::unexpected(opened.error());
        all.push_back(*opened);
    }
    return all;
}

Result<SpaceReplica::Committed> StoreCore::transact(
    const std::string& name, std::string_view request, std::string message,
    const std::function<Result<>(SpaceReplica::Editor&)>& edit) {
    auto opened = space(name);
    if (!opened) return tl::unexpected(opened.error());
    std::optional<SqliteSpaceStorage::Requested> requested;
    if (!request.empty()) {
        requested.emplace(*spaces_.at(name).storage, requests_, request, options_.now_ms());
    }
    return (*opened)->transact(now_ms(), std::move(message), edit);
}

Result<std::uint64_t> StoreCore::documents(const std::string& name) {
    const OpenSpace& opened = spaces_.at(name);
    return opened.storage->count_documents(opened.replica->state().generation);
}

Result<> StoreCore::verify() {
    if (auto sound = database_.quick_check(); !sound) return sound;
    if (auto sound = verify_rows(database_); !sound) return sound;
    auto all = spaces();
    if (!all) return tl::unexpected(all.error());
    if (static_cast<std::int64_t>(all->size()) != spaces_made_) {
        return fail(ErrorCode::storage_corrupt, "a space's row is missing");
    }
    for (SpaceReplica* space : *all) {
        SqliteSpaceStorage& storage = *spaces_.at(space->state().name).storage;
        const auto state = storage.load();
        if (!state) return tl::unexpected(state.error());
        if (auto vector = storage.vector(state->generation); !vector) {
            return tl::unexpected(vector.error());
        }
        if (auto digest = space->digest(); !digest) return tl::unexpected(digest.error());
        auto own = storage.own_changes(0, ~std::size_t{0}, false);
        if (!own) return tl::unexpected(own.error());
        const std::uint64_t first = own->empty() ? state->own.counter + 1 : own->front().first;
        if (first != state->pruned.counter + 1) {
            return fail(ErrorCode::storage_corrupt, "the oldest own change is missing");
        }
    }
    return {};
}

Result<std::uint64_t> StoreCore::next_nonce() {
    if (auto put = put_meta("nonce", static_cast<std::int64_t>(nonce_ + 1)); !put) {
        return tl::unexpected(put.error());
    }
    return ++nonce_;
}

Result<> StoreCore::claim_identity(unsigned claims) {
    const std::uint64_t claimed = claiming_nonce(nonce_, claims);
    if (auto put = put_meta("nonce", static_cast<std::int64_t>(claimed)); !put) return put;
    nonce_ = claimed;
    return {};
}

Result<> StoreCore::take_new_identity() {
    const ReplicaId fresh = options_.new_replica_id();
    auto transaction = database_.begin();
    if (!transaction) return tl::unexpected(transaction.error());
    if (auto put = put_replica(fresh); !put) return put;
    if (auto put = put_meta("nonce", 0); !put) return put;
    if (auto committed = transaction->commit(); !committed) return committed;
    replica_ = fresh;
    nonce_ = 0;
    return {};
}

Result<> StoreCore::set_clock_offset_ms(std::int64_t offset) {
    if (offset == clock_offset_ms_) return {};
    // A second more or less is not worth a write to the disk.
    if (std::abs(offset - clock_offset_ms_) >= 1'000) {
        if (auto put = put_meta("clock_offset_ms", offset); !put) return put;
    }
    clock_offset_ms_ = offset;
    return {};
}

void StoreCore::set_last_error(std::optional<Error> error) {
    if (error == last_error_) return;
    last_error_ = std::move(error);
    if (!last_error_) {
        (void)database_.exec("DELETE FROM meta WHERE key IN ('last_error', 'last_code')");
        return;
    }
    if (!put_meta("last_error", std::string_view(last_error_->message))) return;
    (void)put_meta("last_code", static_cast<std::int64_t>(last_error_->code));
}

Result<> StoreCore::set_schema(const Schema& schema) {
    // Only what can be read again may enter the file; reading also puts fields in order.
    const std::string text = schema.to_json();
    auto read = Schema::parse(text);
    if (!read) return tl::unexpected(read.error());
    auto set = std::make_shared<const Schema>(std::move(*read));
    const bool older = stored_schema_ != nullptr && set->version < stored_schema_->version;
    if (stored_schema_ != nullptr) {
        auto follows =
            older ? check_evolution(*set, *stored_schema_) : check_evolution(*stored_schema_, *set);
        if (!follows) return follows;
    }
    if (!older && (stored_schema_ == nullptr || !(*stored_schema_ == *set))) {
        if (auto put = put_meta("schema", std::string_view(text)); !put) return put;
        stored_schema_ = set;
    }
    schema_ = std::move(set);
    return {};
}

Result<> StoreCore::drop_schema() {
    if (auto gone = database_.exec("DELETE FROM meta WHERE key = 'schema'"); !gone) return gone;
    schema_ = stored_schema_ = nullptr;
    return {};
}

Result<> StoreCore::keep_history(std::uint64_t ms) {
    if (ms == history_ms()) return {};
    auto all = spaces();
    if (!all) return tl::unexpected(all.error());
    // First the setting: a space that was not reached follows it when it is opened again.
    if (auto put = put_meta("history_ms", static_cast<std::int64_t>(ms)); !put) return put;
    options_.space.history_ms = ms;
    for (SpaceReplica* space : *all) {
        if (auto kept = space->keep_history(ms); !kept) return kept;
    }
    return {};
}

std::uint64_t StoreCore::now_ms() const {
    const auto now = static_cast<std::int64_t>(options_.now_ms()) + clock_offset_ms_;
    return now < 0 ? 0 : static_cast<std::uint64_t>(now);
}

}  // namespace syncline::client
