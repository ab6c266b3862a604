#include "storage/sqlite_relay_storage.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace syncline::relay {
namespace {

// Why the log is keyed by arrival and not by (space, sequence): a commit under load has a row for
// each of a thousand spaces. Measured with 1,000 spaces, 600 rows in each, 1,000 rows of 150 bytes
// a commit (SQLite 3.40, CPU a row and bytes written a commit, checkpoint included):
//
//     primary key (space, first), without rowid    21.2 µs   14.2 MB
//     rowid = space << 40 | first                  15.6 µs   11.7 MB
//     rowid by arrival, index (space, first)       11.6 µs    6.5 MB
//     the same, index by (arrival / 65536, space)   6.5 µs    1.1 MB
//     rowid by arrival, no index                    2.3 µs    0.4 MB   ← this one
//
// So the log is written in one place only. Where a space's rows are stands in memory for the newest
// (`tails_`) and in `runs` for all others: one row there names many rows of one space. When the
// tails grow past their bounds, the spaces with the oldest rows are written out, a few with each
// commit. `scan_from` tells a restart where the rows begin that runs may not name yet.
constexpr std::string_view schema = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE registrations(tenant TEXT NOT NULL, replica BLOB NOT NULL, nonce INTEGER NOT NULL,
    subject TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY(tenant, replica)) WITHOUT ROWID;
CREATE TABLE spaces(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL,
    epoch BLOB NOT NULL, fork INTEGER NOT NULL, regressed INTEGER NOT NULL,
    heads_at INTEGER NOT NULL, highest INTEGER NOT NULL, sum INTEGER NOT NULL,
    UNIQUE(tenant, name));
CREATE TABLE heads(space INTEGER NOT NULL, replica BLOB NOT NULL, counter INTEGER NOT NULL,
    hash BLOB NOT NULL, stamp INTEGER NOT NULL, sum INTEGER NOT NULL,
    PRIMARY KEY(space, replica)) WITHOUT ROWID;
CREATE TABLE log(id INTEGER PRIMARY KEY, space INTEGER NOT NULL, first INTEGER NOT NULL,
    count INTEGER NOT NULL, salt INTEGER NOT NULL, sum INTEGER NOT NULL, changes BLOB NOT NULL);
CREATE TABLE runs(space INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    places BLOB NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY(space, first)) WITHOUT ROWID;
INSERT INTO meta VALUES('format', 1), ('scan_from', 1);
)sql";

/// A commit pays for so many runs, so that none takes long.
constexpr std::size_t sealed_per_commit = 128;
constexpr std::size_t registrations_cached_max = 100'000;

/// The first 8 bytes of SHA-256 over numbers (little endian) and bytes with their length.
/// OpenSSL's, which uses the processor's instructions where there are any: six times as fast as
/// core's.
class Sum {
public:
    Sum() { ok_ = EVP_DigestInit_ex2(context(), algorithm(), nullptr) == 1; }
    Sum& number(std::uint64_t value) {
        std::array<std::byte, 8> bytes{};
        for (std::byte& byte : bytes) {
            byte = static_cast<std::byte>(value);
            value >>= 8;
        }
        return add(bytes);
    }
    Sum& bytes(BytesView view) { return number(view.size()).add(view); }
    Sum& text(std::string_view view) { return bytes(as_bytes(view)); }
    [[nodiscard]] std::uint64_t finish() {
        std::array<unsigned char, 32> digest{};
        ok_ = EVP_DigestFinal_ex(context(), digest.data(), nullptr) == 1 && ok_;
        // Without checksums nothing may be stored or sent.
        if (!ok_) std::abort();
        std::uint64_t value = 0;
        for (std::size_t i = 8; i > 0; --i) value = value << 8 | digest.at(i - 1);
        return value;
    }

private:
    Sum& add(BytesView view) {
        ok_ = EVP_DigestUpdate(context(), view.data(), view.size()) == 1 && ok_;
        return *this;
    }
    /// Looked up once: a look-up costs more than a short sum.
    static const EVP_MD* algorithm() {
        static const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> sha256(
            EVP_MD_fetch(nullptr, "SHA256", nullptr), &EVP_MD_free);
        return sha256.get();
    }
    static EVP_MD_CTX* context() {
        thread_local const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(
            EVP_MD_CTX_new(), &EVP_MD_CTX_free);
        return context.get();
    }
    bool ok_ = false;
};

std::uint64_t sum_of(std::uint64_t space, const LogRow& row) {
    return Sum()
        .number(space)
        .number(row.first)
        .number(row.count)
        .number(row.salt)
        .bytes(row.changes)
        .finish();
}

std::uint64_t sum_of(const SpaceRecord& record, std::string_view tenant, std::string_view name) {
    return Sum()
        .number(record.id)
        .text(tenant)
        .text(name)
        .bytes(record.epoch.view())
        .number(record.fork)
        .number(record.regressed ? 1 : 0)
        .number(record.heads_at)
        .number(record.highest.packed)
        .finish();
}

std::uint64_t sum_of(std::uint64_t space, const ReplicaHead& head) {
    return Sum()
        .number(space)
        .bytes(head.replica.view())
        .number(head.head.counter)
        .bytes(head.head.hash.view())
        .number(head.stamp.packed)
        .finish();
}

std::uint64_t sum_of(std::string_view tenant, const ReplicaId& replica,
                     const Registration& registration) {
    return Sum()
        .text(tenant)
        .bytes(replica.view())
        .number(registration.nonce)
        .text(registration.subject)
        .finish();
}

std::uint64_t sum_of_run(std::uint64_t space, std::uint64_t first, std::uint64_t last,
                         BytesView places) {
    return Sum().number(space).number(first).number(last).bytes(places).finish();
}

tl::unexpected<Error> corrupt(const std::string& what) {
    return fail(ErrorCode::storage_corrupt, "the relay's file is damaged: " + what);
}

/// False when the sizes differ.
template <std::size_t Size>
bool copy_into(std::array<std::byte, Size>& into, BytesView from) {
    if (from.size() != Size) return false;
    std::memcpy(into.data(), from.data(), Size);
    return true;
}

void put_varint(Bytes& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::byte>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::byte>(value));
}

/// The number at the front of `in`, which it is taken from; none when there is none.
std::optional<std::uint64_t> take_varint(BytesView& in) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
        const auto byte = std::to_integer<std::uint64_t>(in.front());
        in = in.subspan(1);
        value |= (byte & 0x7F) << shift;
        if (byte < 0x80) return value;
    }
    return std::nullopt;
}

std::string registration_key(const std::string& tenant, const ReplicaId& replica) {
    std::string key(as_text(replica.view()));  // of fixed length, so the tenant needs no separator
    key += tenant;
    return key;
}

}  // namespace

Result<std::unique_ptr<SqliteRelayStorage>> SqliteRelayStorage::open(const Options& options) {
    sqlite::Options file;
    file.path = options.path;
    file.vfs = options.vfs;
    file.synchronous = options.synchronous;
    file.exclusive = true;
    file.application_id = application_id;
    file.checkpoint_pages = options.checkpoint_pages;
    file.cache_kib = options.cache_kib;
    auto database = sqlite::Database::open(file);
    if (!database) {
        Error error = database.error();
        if (error.code == ErrorCode::storage_locked) {
            error.message =
                "another relay (or another program) has this file open: " + options.path;
        } else if (error.code == ErrorCode::storage_not_ours) {
            error.message = "this is no relay's file, and it was left as it is: " + options.path +
                            " (" + error.message + ")";
        } else if (error.code == ErrorCode::storage_readonly) {
            error.message = "the relay must be able to write here: " + options.path + " (" +
                            error.message + ")";
        }
        return tl::unexpected(std::move(error));
    }
    std::unique_ptr<SqliteRelayStorage> storage(
        new SqliteRelayStorage(std::move(*database), options));
    if (auto ready = storage->prepare_file(); !ready) return tl::unexpected(ready.error());
    if (options.quick_check) {
        if (auto sound = storage->database_.quick_check(); !sound)
            return tl::unexpected(sound.error());
    }
    if (auto loaded = storage->load_tails(); !loaded) return tl::unexpected(loaded.error());
    return storage;
}

SqliteRelayStorage::~SqliteRelayStorage() { rollback(); }

Result<> SqliteRelayStorage::prepare_file() {
    const auto version = database_.user_version();
    if (!version) return tl::unexpected(version.error());
    if (*version > format) {
        return fail(ErrorCode::storage_newer,
                    "a newer relay wrote this file (format " + std::to_string(*version) +
                        ", this relay knows " + std::to_string(format) + "): " + database_.path());
    }
    if (*version < 0) return corrupt("format " + std::to_string(*version));
    if (*version == format) return {};
    auto transaction = database_.begin();
    if (!transaction) return tl::unexpected(transaction.error());
    if (auto made = database_.exec(schema); !made) return made;
    if (auto set = database_.set_user_version(format); !set) return set;
    return transaction->commit();
}

Result<> SqliteRelayStorage::load_tails() {
    std::uint64_t scan_from = 1;
    {
        auto meta = database_.prepare("SELECT value FROM meta WHERE key = 'scan_from'");
        if (!meta) return tl::unexpected(meta.error());
        const auto found = meta->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) return corrupt("no scan_from");
        scan_from = meta->column_uint64(0);
    }
    {
        auto end = database_.prepare("SELECT max(id) FROM log");
        if (!end) return tl::unexpected(end.error());
        const auto found = end->step();
        if (!found) return tl::unexpected(found.error());
        next_id_ = *found ? end->column_uint64(0) + 1 : 1;
    }
    std::unordered_map<std::uint64_t, std::uint64_t> sealed;
    auto rows = database_.prepare(
        "SELECT id, space, first, count, length(changes) FROM log WHERE id >= ?1 ORDER BY id");
    if (!rows) return tl::unexpected(rows.error());
    rows->bind(1, scan_from);
    while (true) {
        const auto more = rows->step();
        if (!more) return tl::unexpected(more.error());
        if (!*more) break;
        const Place place{rows->column_uint64(0), rows->column_uint64(2), rows->column_uint64(3),
                          static_cast<std::size_t>(rows->column_uint64(4))};
        const std::uint64_t space = rows->column_uint64(1);
        auto known = sealed.find(space);
        if (known == sealed.end()) {
            const auto to = sealed_to(space);
            if (!to) return tl::unexpected(to.error());
            known = sealed.emplace(space, *to).first;
        }
        if (place.first <= known->second) continue;
        Tail& tail = tails_[space];
        const std::uint64_t before =
            tail.places.empty() ? known->second : tail.places.back().last();
        if (place.first != before + 1 || place.count == 0) tail.damaged = true;
        if (tail.places.empty()) oldest_.emplace(place.id, space);
        tail.places.push_back(place);
        ++tail_rows_;
        tail_bytes_ += place.bytes;
    }
    return {};
}

Result<std::uint64_t> SqliteRelayStorage::sealed_to(std::uint64_t space) {
    auto run = database_.prepare(
        "SELECT first, last, places, sum FROM runs WHERE space = ?1 ORDER BY first DESC LIMIT 1");
    if (!run) return tl::unexpected(run.error());
    run->bind(1, space);
    const auto found = run->step();
    if (!found) return tl::unexpected(found.error());
    return *found ? run->column_uint64(1) : 0;
}

tl::unexpected<Error> SqliteRelayStorage::failed(Error error) {
    rollback();
    return tl::unexpected<Error>(std::move(error));
}

Result<> SqliteRelayStorage::begin() {
    auto transaction = database_.begin();
    if (!transaction) return tl::unexpected(transaction.error());
    transaction_.emplace(std::move(*transaction));
    return {};
}

Result<> SqliteRelayStorage::commit() {
    if (!transaction_) return fail(ErrorCode::invalid_argument, "no transaction is open");
    Sealing sealing;
    if (tail_rows_ > options_.tail_rows_max || tail_bytes_ > options_.tail_bytes_max) {
        auto sealed = seal();
        if (!sealed) return failed(sealed.error());
        sealing = std::move(*sealed);
    }
    if (auto committed = transaction_->commit(); !committed) return failed(committed.error());
    transaction_.reset();
    appended_.clear();
    registered_.clear();
    for (const std::uint64_t space : sealing.spaces) {
        oldest_.erase(tails_.at(space).places.front().id);
        tails_.erase(space);
    }
    tail_rows_ -= sealing.rows;
    tail_bytes_ -= sealing.bytes;
    return {};
}

void SqliteRelayStorage::rollback() {
    if (transaction_) transaction_->rollback();
    transaction_.reset();
    for (auto space = appended_.rbegin(); space != appended_.rend(); ++space) {
        std::vector<Place>& places = tails_.at(*space).places;
        const Place place = places.back();
        places.pop_back();
        --tail_rows_;
        tail_bytes_ -= place.bytes;
        next_id_ = place.id;
        if (places.empty()) {
            oldest_.erase(place.id);
            tails_.erase(*space);
        }
    }
    appended_.clear();
    for (const std::string& key : registered_) registrations_.erase(key);
    registered_.clear();
}

/// Writes the places of some spaces' tails; memory keeps them until the commit holds.
Result<SqliteRelayStorage::Sealing> SqliteRelayStorage::seal() {
    Sealing sealing;
    auto insert = database_.prepare(
        "INSERT INTO runs(space, first, last, places, sum) VALUES(?1, ?2, ?3, ?4, ?5)");
    if (!insert) return tl::unexpected(insert.error());
    std::uint64_t scan_from = next_id_;
    auto next = oldest_.begin();
    for (; next != oldest_.end() && sealing.spaces.size() < sealed_per_commit; ++next) {
        if (tail_rows_ - sealing.rows <= options_.tail_rows_max &&
            tail_bytes_ - sealing.bytes <= options_.tail_bytes_max)
            break;
        const std::uint64_t space = next->second;
        const Tail& tail = tails_.at(space);
        if (tail.damaged) {  // stays where a look finds the damage
            scan_from = std::min(scan_from, next->first);
            continue;
        }
        Bytes packed;
        std::uint64_t id = 0;
        for (const Place& place : tail.places) {
            put_varint(packed, place.id - id);
            put_varint(packed, place.count);
            id = place.id;
            sealing.bytes += place.bytes;
        }
        const std::uint64_t first = tail.places.front().first;
        const std::uint64_t last = tail.places.back().last();
        insert->bind(1, space)
            .bind(2, first)
            .bind(3, last)
            .bind_view(4, BytesView(packed))
            .bind(5, sum_of_run(space, first, last, packed));
        if (auto done = insert->run(); !done) return tl::unexpected(done.error());
        sealing.rows += tail.places.size();
        sealing.spaces.push_back(space);
    }
    if (next != oldest_.end()) scan_from = std::min(scan_from, next->first);
    auto mark = database_.prepare("UPDATE meta SET value = ?1 WHERE key = 'scan_from'");
    if (!mark) return tl::unexpected(mark.error());
    if (auto done = mark->bind(1, scan_from).run(); !done) return tl::unexpected(done.error());
    return sealing;
}

Result<std::optional<Registration>> SqliteRelayStorage::registration(const std::string& tenant,
                                                                     const ReplicaId& replica) {
    const std::string key = registration_key(tenant, replica);
    if (const auto cached = registrations_.find(key); cached != registrations_.end())
        return cached->second;
    auto row = database_.prepare(
        "SELECT nonce, subject, sum FROM registrations WHERE tenant = ?1 AND replica = ?2");
    if (!row) return failed(row.error());
    row->bind(1, tenant).bind(2, replica.view());
    const auto found = row->step();
    if (!found) return failed(found.error());
    if (!*found) return std::nullopt;
    Registration registration{row->column_uint64(0), std::string(row->column_text(1))};
    if (sum_of(tenant, replica, registration) != row->column_uint64(2))
        return corrupt("the registration of " + to_string(replica));
    if (registrations_.size() >= registrations_cached_max) registrations_.clear();
    registrations_.emplace(key, registration);
    return registration;
}

Result<> SqliteRelayStorage::put_registration(const std::string& tenant, const ReplicaId& replica,
                                              const Registration& registration) {
    auto row = database_.prepare(
        "INSERT INTO registrations(tenant, replica, nonce, subject, sum) VALUES(?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT(tenant, replica) DO UPDATE SET nonce = ?3, subject = ?4, sum = ?5");
    if (!row) return failed(row.error());
    row->bind(1, tenant)
        .bind(2, replica.view())
        .bind(3, registration.nonce)
        .bind(4, registration.subject)
        .bind(5, sum_of(tenant, replica, registration));
    if (auto done = row->run(); !done) return failed(done.error());
    std::string key = registration_key(tenant, replica);
    registrations_[key] = registration;
    registered_.push_back(std::move(key));
    return {};
}

Result<std::optional<SpaceRecord>> SqliteRelayStorage::find_space(const std::string& tenant,
                                                                  const std::string& name) {
    auto row = database_.prepare(
        "SELECT id, epoch, fork, regressed, heads_at, highest, sum FROM spaces"
        " WHERE tenant = ?1 AND name = ?2");
    if (!row) return failed(row.error());
    row->bind(1, tenant).bind(2, name);
    const auto found = row->step();
    if (!found) return failed(found.error());
    if (!*found) return std::nullopt;
    SpaceRecord record;
    record.id = row->column_uint64(0);
    const bool sized = copy_into(record.epoch.bytes, row->column_blob(1));
    record.fork = row->column_uint64(2);
    record.regressed = row->column_int64(3) != 0;
    record.heads_at = row->column_uint64(4);
    record.highest.packed = row->column_uint64(5);
    if (!sized || sum_of(record, tenant, name) != row->column_uint64(6))
        return corrupt("space " + name);
    return record;
}

Result<SpaceRecord> SqliteRelayStorage::create_space(const std::string& tenant,
                                                     const std::string& name,
                                                     const EpochId& epoch) {
    SpaceRecord record;
    record.epoch = epoch;
    {
        auto highest = database_.prepare("SELECT max(id) FROM spaces");
        if (!highest) return failed(highest.error());
        const auto found = highest->step();
        if (!found) return failed(found.error());
        record.id = highest->column_uint64(0) + 1;
    }
    auto row = database_.prepare(
        "INSERT INTO spaces(id, tenant, name, epoch, fork, regressed, heads_at, highest, sum)"
        " VALUES(?1, ?2, ?3, ?4, 0, 0, 0, 0, ?5)");
    if (!row) return failed(row.error());
    row->bind(1, record.id)
        .bind(2, tenant)
        .bind(3, name)
        .bind(4, record.epoch.view())
        .bind(5, sum_of(record, tenant, name));
    if (auto done = row->run(); !done) return failed(done.error());
    return record;
}

Result<> SqliteRelayStorage::put_space(const SpaceRecord& record) {
    std::string tenant;
    std::string name;
    {
        auto names = database_.prepare("SELECT tenant, name FROM spaces WHERE id = ?1");
        if (!names) return failed(names.error());
        names->bind(1, record.id);
        const auto found = names->step();
        if (!found) return failed(found.error());
        if (!*found)
            return failed(corrupt("space " + std::to_string(record.id) + " is gone").value());
        tenant = names->column_text(0);
        name = names->column_text(1);
    }
    auto row = database_.prepare(
        "UPDATE spaces SET epoch = ?2, fork = ?3, regressed = ?4, heads_at = ?5, highest = ?6,"
        " sum = ?7 WHERE id = ?1");
    if (!row) return failed(row.error());
    row->bind(1, record.id)
        .bind(2, record.epoch.view())
        .bind(3, record.fork)
        .bind(4, record.regressed ? 1 : 0)
        .bind(5, record.heads_at)
        .bind(6, record.highest.packed)
        .bind(7, sum_of(record, tenant, name));
    if (auto done = row->run(); !done) return failed(done.error());
    return {};
}

Result<std::vector<ReplicaHead>> SqliteRelayStorage::heads(std::uint64_t space) {
    auto row = database_.prepare(
        "SELECT replica, counter, hash, stamp, sum FROM heads WHERE space = ?1 ORDER BY replica");
    if (!row) return failed(row.error());
    row->bind(1, space);
    std::vector<ReplicaHead> heads;
    while (true) {
        const auto more = row->step();
        if (!more) return failed(more.error());
        if (!*more) return heads;
        ReplicaHead head;
        const bool sized = copy_into(head.replica.bytes, row->column_blob(0)) &&
                           copy_into(head.head.hash.bytes, row->column_blob(2));
        head.head.counter = row->column_uint64(1);
        head.stamp.packed = row->column_uint64(3);
        if (!sized || sum_of(space, head) != row->column_uint64(4))
            return corrupt("a head of space " + std::to_string(space));
        heads.push_back(head);
    }
}

Result<> SqliteRelayStorage::put_heads(std::uint64_t space, const std::vector<ReplicaHead>& heads) {
    auto row = database_.prepare(
        "INSERT INTO heads(space, replica, counter, hash, stamp, sum)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT(space, replica) DO UPDATE SET counter = ?3, hash = ?4, stamp = ?5, sum = ?6");
    if (!row) return failed(row.error());
    for (const ReplicaHead& head : heads) {
        row->bind(1, space)
            .bind(2, head.replica.view())
            .bind(3, head.head.counter)
            .bind(4, head.head.hash.view())
            .bind(5, head.stamp.packed)
            .bind(6, sum_of(space, head));
        if (auto done = row->run(); !done) return failed(done.error());
    }
    return {};
}

Result<> SqliteRelayStorage::append(std::uint64_t space, const LogRow& row) {
    auto insert = database_.prepare(
        "INSERT INTO log(id, space, first, count, salt, sum, changes)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    if (!insert) return failed(insert.error());
    insert->bind(1, next_id_)
        .bind(2, space)
        .bind(3, row.first)
        .bind(4, row.count)
        .bind(5, row.salt)
        .bind(6, sum_of(space, row))
        .bind_view(7, BytesView(row.changes));
    if (auto done = insert->run(); !done) return failed(done.error());
    Tail& tail = tails_[space];
    if (tail.places.empty()) oldest_.emplace(next_id_, space);
    tail.places.push_back({next_id_, row.first, row.count, row.changes.size()});
    ++next_id_;
    ++tail_rows_;
    tail_bytes_ += row.changes.size();
    appended_.push_back(space);
    return {};
}

Result<LogRow> SqliteRelayStorage::row_at(std::uint64_t space, const Place& place) {
    auto row =
        database_.prepare("SELECT space, first, count, salt, sum, changes FROM log WHERE id = ?1");
    if (!row) return tl::unexpected(row.error());
    row->bind(1, place.id);
    const auto found = row->step();
    if (!found) return tl::unexpected(found.error());
    const auto where = [&] {
        return "log row " + std::to_string(place.id) + " (space " + std::to_string(space) +
               ", from " + std::to_string(place.first) + ")";
    };
    if (!*found) return corrupt(where() + " is missing");
    const BytesView changes = row->column_blob(5);
    LogRow got{row->column_uint64(1), row->column_uint64(2), row->column_uint64(3),
               Bytes(changes.begin(), changes.end())};
    if (row->column_uint64(0) != space || got.first != place.first || got.count != place.count ||
        sum_of(space, got) != row->column_uint64(4))
        return corrupt(where() + " does not match its checksum");
    return got;
}

/// Reads a row of `runs` (first, last, places, sum).
Result<SqliteRelayStorage::Run> SqliteRelayStorage::run_at(const sqlite::Statement& row,
                                                           std::uint64_t space) const {
    Run run{row.column_uint64(0), row.column_uint64(1), {}};
    BytesView packed = row.column_blob(2);
    const auto bad = [&] {
        return corrupt("a run of space " + std::to_string(space) + " from " +
                       std::to_string(run.first));
    };
    if (sum_of_run(space, run.first, run.last, packed) != row.column_uint64(3)) return bad();
    Place place{0, run.first, 0, 0};
    while (!packed.empty()) {
        const auto step = take_varint(packed);
        const auto count = take_varint(packed);
        if (!step || !count || *count == 0) return bad();
        place.first += place.count;
        place.id += *step;
        place.count = *count;
        run.places.push_back(place);
    }
    if (run.places.empty() || run.places.back().last() != run.last) return bad();
    return run;
}

Result<std::vector<LogRow>> SqliteRelayStorage::read(std::uint64_t space, std::uint64_t after,
                                                     std::size_t bytes_max) {
    std::vector<LogRow> rows;
    std::size_t bytes = 0;
    std::uint64_t expected = after + 1;
    // False when enough has been read.
    const auto take = [&](const std::vector<Place>& places) -> Result<bool> {
        auto place = std::lower_bound(places.begin(), places.end(), expected,
                                      [](const Place& p, std::uint64_t n) { return p.first < n; });
        for (; place != places.end(); ++place) {
            if (place->first != expected)
                return corrupt("rows of space " + std::to_string(space) + " are missing from " +
                               std::to_string(expected));
            auto row = row_at(space, *place);
            if (!row) return tl::unexpected(row.error());
            bytes += row->changes.size();
            expected = row->last() + 1;
            rows.push_back(std::move(*row));
            if (bytes > bytes_max) return false;
        }
        return true;
    };

    const auto tail = tails_.find(space);
    if (tail != tails_.end() && tail->second.damaged)
        return corrupt("rows of space " + std::to_string(space) + " are missing");
    if (tail == tails_.end() || tail->second.places.front().first > expected) {
        auto run = database_.prepare(
            "SELECT first, last, places, sum FROM runs WHERE space = ?1 AND first >= coalesce("
            "(SELECT max(first) FROM runs WHERE space = ?1 AND first <= ?2), 0) ORDER BY first");
        if (!run) return failed(run.error());
        run->bind(1, space).bind(2, expected);
        while (true) {
            const auto more = run->step();
            if (!more) return failed(more.error());
            if (!*more) break;
            const auto places = run_at(*run, space);
            if (!places) return tl::unexpected(places.error());
            const auto on = take(places->places);
            if (!on) return tl::unexpected(on.error());
            if (!*on) return rows;
        }
    }
    if (tail != tails_.end()) {
        const auto on = take(tail->second.places);
        if (!on) return tl::unexpected(on.error());
    }
    return rows;
}

Result<std::optional<std::uint64_t>> SqliteRelayStorage::salt_at(std::uint64_t space,
                                                                 std::uint64_t last) {
    const auto salt_in =
        [&](const std::vector<Place>& places) -> Result<std::optional<std::uint64_t>> {
        const auto place =
            std::lower_bound(places.begin(), places.end(), last,
                             [](const Place& p, std::uint64_t n) { return p.last() < n; });
        if (place == places.end() || place->last() != last) return std::nullopt;
        const auto row = row_at(space, *place);
        if (!row) return tl::unexpected(row.error());
        return row->salt;
    };
    const auto tail = tails_.find(space);
    if (tail != tails_.end()) {
        if (tail->second.damaged)
            return corrupt("rows of space " + std::to_string(space) + " are missing");
        if (tail->second.places.front().first <= last) return salt_in(tail->second.places);
    }
    auto run = database_.prepare(
        "SELECT first, last, places, sum FROM runs WHERE space = ?1 AND first <= ?2"
        " ORDER BY first DESC LIMIT 1");
    if (!run) return failed(run.error());
    run->bind(1, space).bind(2, last);
    const auto found = run->step();
    if (!found) return failed(found.error());
    if (!*found) return std::nullopt;
    const auto places = run_at(*run, space);
    if (!places) return tl::unexpected(places.error());
    return salt_in(places->places);
}

Result<> SqliteRelayStorage::backup_to(const std::string& path) {
    return database_.backup_to(path);
}

}  // namespace syncline::relay
