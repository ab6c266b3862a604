#include "syncline/sync/relay_engine.hpp"

#include "admission.hpp"

#include <algorithm>

namespace syncline {

/// A space's log as far as admission needs it. Everything here can be had from storage again.
struct RelayEngine::Space {
    SpaceKey key;
    SpaceRecord record;
    std::uint64_t head = 0;
    Hlc highest;
    std::unordered_map<ReplicaId, ReplicaHead, ReplicaIdHash> heads;
    std::set<ReplicaId> moved;  ///< heads that the stored ones do not know yet
    std::uint64_t rows_since_heads = 0;

    struct Pending {
        ReplicaId replica;
        Bytes change;
    };
    std::vector<Pending> pending;  ///< accepted in this batch, from head + 1 on

    [[nodiscard]] ReplicaHead head_of(const ReplicaId& replica) const {
        const auto found = heads.find(replica);
        return found == heads.end() ? ReplicaHead{replica, {}, {}} : found->second;
    }
    [[nodiscard]] VersionVector vector() const {
        VersionVector vector;
        for (const auto& [replica, end] : heads) vector.raise(replica, end.head.counter);
        return vector;
    }
    void advance(const ReplicaHead& end) {
        heads[end.replica] = end;
        moved.insert(end.replica);
        highest = std::max(highest, end.stamp);
    }
};

RelayEngine::RelayEngine(RelayStorage& storage, RandomSource random, Options options)
    : storage_(storage), random_(std::move(random)), options_(options) {}

RelayEngine::~RelayEngine() = default;

Result<std::vector<RelayReply>> RelayEngine::process(const std::vector<RelayRequest>& requests,
                                                     std::uint64_t now_ms) {
    Replies answers;
    Replies broadcasts;
    damaged_.clear();
    auto stored = write_phase(requests, now_ms, answers, broadcasts);
    if (!stored) {
        storage_.rollback();
        forget_touched();
        if (stored.error().code != ErrorCode::storage_full) return tl::unexpected(stored.error());
        // A full disk passes. Nothing of this batch happened; everybody may try again. Reading goes
        // on: a feed whose read is not answered would wait for ever.
        answers.clear();
        for (const RelayRequest& request : requests) {
            if (auto told = refuse(request, answers); !told) return tl::unexpected(told.error());
        }
        return answers;
    }

    // Durable. Broadcasts first: an `opened` of this batch tells a head that includes them.
    Replies replies = std::move(broadcasts);
    replies.insert(replies.end(), std::make_move_iterator(answers.begin()),
                   std::make_move_iterator(answers.end()));
    for (const RelayRequest& request : requests) {
        Result<> done;
        if (const auto* open = std::get_if<relay_request::Open>(&request)) {
            // An open that was answered in the write phase is a damaged one.
            if (damaged_.count(open->space) == 0) done = handle(*open, replies);
        } else if (const auto* read = std::get_if<relay_request::Read>(&request)) {
            done = handle(*read, replies);
        }
        if (!done) done = answer_damage(request, done.error(), replies);
        if (!done) return tl::unexpected(done.error());
    }
    damaged_.clear();
    if (spaces_.size() > options_.spaces_max) spaces_.clear();
    return replies;
}

/// A row whose checksum does not hold ends what needs it, and nothing else: the other spaces go on.
/// Any other error is handed back.
Result<> RelayEngine::answer_damage(const RelayRequest& request, const Error& error,
                                    Replies& answers) {
    if (error.code != ErrorCode::storage_corrupt) return tl::unexpected(error);
    ++statistics_.damaged;
    const auto answer = [&](ConnectionId connection, const SpaceKey& space,
                            std::size_t push_bytes = 0) {
        wire::Failure failure;
        failure.space = space.name;
        failure.code = ErrorCode::storage_corrupt;
        failure.message = "the relay's copy of this space is damaged";
        answers.push_back(relay_reply::Answer{connection, space, std::move(failure), push_bytes});
    };
    if (const auto* push = std::get_if<relay_request::Push>(&request)) {
        answer(push->connection, push->space, push->bytes);
    } else if (const auto* open = std::get_if<relay_request::Open>(&request)) {
        damaged_.insert(open->space);
        answer(open->connection, open->space);
    } else if (const auto* read = std::get_if<relay_request::Read>(&request)) {
        answer(read->connection, read->space);
    } else if (const auto* reg = std::get_if<relay_request::Register>(&request)) {
        answers.push_back(relay_reply::Registered{
            reg->connection,
            fail(ErrorCode::storage_corrupt, "the relay's record of this replica is damaged")});
    }
    return {};
}

/// What a request gets when the disk is full.
Result<> RelayEngine::refuse(const RelayRequest& request, Replies& answers) {
    const auto full = [](const std::string& space) {
        wire::Failure failure;
        failure.space = space;
        failure.code = ErrorCode::storage_full;
        failure.message = "the relay's disk is full";
        failure.retryable = true;
        failure.retry_after_ms = 5'000;
        return failure;
    };
    if (const auto* push = std::get_if<relay_request::Push>(&request)) {
        answers.push_back(relay_reply::Answer{push->connection, push->space, full(push->space.name),
                                              push->bytes});
    } else if (const auto* open = std::get_if<relay_request::Open>(&request)) {
        answers.push_back(
            relay_reply::Answer{open->connection, open->space, full(open->space.name)});
    } else if (const auto* reg = std::get_if<relay_request::Register>(&request)) {
        answers.push_back(relay_reply::Registered{
            reg->connection, fail(ErrorCode::storage_full, "the relay's disk is full")});
    } else if (const auto* read = std::get_if<relay_request::Read>(&request)) {
        return handle(*read, answers);
    }
    return {};
}

Result<> RelayEngine::write_phase(const std::vector<RelayRequest>& requests, std::uint64_t now_ms,
                                  Replies& answers, Replies& broadcasts) {
    const bool writes = std::any_of(requests.begin(), requests.end(), [](const auto& request) {
        return !std::holds_alternative<relay_request::Read>(request);
    });
    if (!writes) return {};
    if (auto begun = storage_.begin(); !begun) return begun;
    for (const RelayRequest& request : requests) {
        Result<> done;
        if (const auto* reg = std::get_if<relay_request::Register>(&request)) {
            done = handle(*reg, answers);
        } else if (const auto* push = std::get_if<relay_request::Push>(&request)) {
            done = handle(*push, now_ms, answers);
        } else if (const auto* open = std::get_if<relay_request::Open>(&request)) {
            done = prepare(*open);
        }
        if (!done) done = answer_damage(request, done.error(), answers);
        if (!done) return done;
    }
    if (auto rows = store_rows(broadcasts); !rows) return rows;
    if (auto committed = storage_.commit(); !committed) return committed;
    touched_.clear();
    ++statistics_.commits;
    return {};
}

void RelayEngine::forget_touched() {
    for (const SpaceKey& key : touched_) spaces_.erase(key);
    touched_.clear();
}

Result<RelayEngine::Space*> RelayEngine::load(const SpaceKey& key, bool create) {
    const auto found = spaces_.find(key);
    if (found != spaces_.end()) return found->second.get();

    auto record = storage_.find_space(key.tenant, key.name);
    if (!record) return tl::unexpected(record.error());
    if (!*record) {
        if (!create) return nullptr;
        EpochId epoch;
        random_(epoch.bytes.data(), epoch.bytes.size());
        auto created = storage_.create_space(key.tenant, key.name, epoch);
        if (!created) return tl::unexpected(created.error());
        *record = *created;
        touched_.insert(key);
    }
    auto space = std::make_unique<Space>();
    space->key = key;
    space->record = **record;
    space->head = space->record.heads_at;
    space->highest = space->record.highest;
    auto heads = storage_.heads(space->record.id);
    if (!heads) return tl::unexpected(heads.error());
    for (const ReplicaHead& head : *heads) space->heads[head.replica] = head;
    if (auto replayed = replay(*space); !replayed) return tl::unexpected(replayed.error());
    return spaces_.emplace(key, std::move(space)).first->second.get();
}

/// The stored heads may be some rows old; the log is not.
Result<> RelayEngine::replay(Space& space) {
    while (true) {
        auto rows = storage_.read(space.record.id, space.head, options_.history_bytes);
        if (!rows) return tl::unexpected(rows.error());
        if (rows->empty()) return {};
        for (const LogRow& row : *rows) {
            auto entries = wire::decode_batch(row.changes, wire::relay_frame_limits());
            if (!entries) return fail(ErrorCode::storage_corrupt, entries.error().message);
            for (const wire::BatchEntry& entry : *entries) {
                auto change = wire::decode_change(entry.change, entry.replica, wire::Limits{});
                if (!change) return fail(ErrorCode::storage_corrupt, change.error().message);
                ReplicaHead head = space.head_of(entry.replica);
                auto link =
                    wire::chain(head.head.hash, entry.replica, entry.change, wire::Limits{});
                if (!link) return fail(ErrorCode::storage_corrupt, link.error().message);
                space.advance({entry.replica, {change->last(), *link}, change->hlc});
            }
            space.head = row.last();
            ++space.rows_since_heads;
        }
    }
}

Result<> RelayEngine::handle(const relay_request::Register& request, Replies& replies) {
    auto known = storage_.registration(request.tenant, request.replica);
    if (!known) return tl::unexpected(known.error());
    Result<> outcome;
    if (*known && (*known)->subject != request.subject) {
        outcome = fail(ErrorCode::replica_taken, "this replica id belongs to another subject");
    } else if (*known && request.nonce <= (*known)->nonce) {
        ++statistics_.stale_nonces;
        outcome = fail(ErrorCode::stale_nonce,
                       "a connection with nonce " + std::to_string((*known)->nonce) +
                           " was seen; this one has " + std::to_string(request.nonce));
    } else if (auto put = storage_.put_registration(request.tenant, request.replica,
                                                    {request.nonce, request.subject});
               !put) {
        return put;
    }
    replies.push_back(relay_reply::Registered{request.connection, std::move(outcome)});
    return {};
}

Result<> RelayEngine::handle(const relay_request::Push& request, std::uint64_t now_ms,
                             Replies& replies) {
    const std::string& name = request.space.name;
    const auto answer = [&](wire::Message message) {
        replies.push_back(relay_reply::Answer{request.connection, request.space, std::move(message),
                                              request.bytes});
    };

    // The fence, read in the transaction that stores what it lets through.
    auto fence = storage_.registration(request.space.tenant, request.replica);
    if (!fence) return tl::unexpected(fence.error());
    if (!*fence || (*fence)->nonce != request.nonce) {
        answer(wire::Failure{name,
                             ErrorCode::stale_nonce,
                             "a newer connection of this replica writes now",
                             false,
                             0,
                             {}});
        return {};
    }

    auto loaded = load(request.space, true);
    if (!loaded) return tl::unexpected(loaded.error());
    Space& space = **loaded;
    const ReplicaHead before = space.head_of(request.replica);
    if (request.message.head.counter > before.head.counter) {
        answer(wire::Failure{name, ErrorCode::gap, "changes are missing before these", true, 0,
                             before.head});
        return {};
    }

    PushVerdict verdict =
        judge(request.message, before,
              {now_ms, options_.clock_bound_ms, space.highest, space.record.regressed,
               [&](const ReplicaId& replica) { return space.head_of(replica).head.counter; }});
    if (verdict.fork) {
        ++statistics_.forks;
        answer(wire::Failure{name, ErrorCode::fork,
                             "the relay has another change with one of these counters", false, 0,
                             before.head});
        return {};
    }
    statistics_.duplicates += verdict.duplicates;
    statistics_.changes_refused += verdict.refusals.size();
    for (PushVerdict::Admitted& admitted : verdict.admitted) {
        space.advance(admitted.head);
        space.pending.push_back({request.replica, std::move(admitted.change)});
        touched_.insert(request.space);
        ++statistics_.changes_accepted;
    }
    const ChainHead head = space.head_of(request.replica).head;
    if (verdict.unreadable && verdict.refusals.empty()) {
        wire::Failure failure;
        failure.space = name;
        failure.code = ErrorCode::unknown_format;
        failure.message = "this relay is older than the change; it stays with you until then";
        failure.retryable = true;
        failure.retry_after_ms = 60'000;
        failure.head = head;
        answer(std::move(failure));
    } else if (verdict.refusals.empty()) {
        answer(wire::Accepted{name, head});
    } else {
        answer(wire::Rejected{name, head, std::move(verdict.refusals)});
    }
    return {};
}

Result<> RelayEngine::store_rows(Replies& replies) {
    for (const SpaceKey& key : touched_) {
        Space& space = *spaces_.at(key);
        std::size_t next = 0;
        while (next < space.pending.size()) {
            std::vector<wire::BatchEntry> entries;
            std::size_t bytes = 0;
            while (next < space.pending.size() && bytes < options_.row_bytes) {
                const Space::Pending& pending = space.pending[next++];
                entries.push_back({pending.replica, pending.change});
                bytes += pending.change.size();
            }
            LogRow row;
            row.first = space.head + 1;
            row.count = entries.size();
            row.salt = random_u64(random_);
            row.changes = wire::encode_batch(entries);
            if (auto appended = storage_.append(space.record.id, row); !appended) return appended;
            statistics_.bytes_stored += row.changes.size();
            space.head = row.last();
            ++space.rows_since_heads;
            replies.push_back(relay_reply::Broadcast{
                key, row.first, row.last(),
                std::make_shared<const Bytes>(wire::encode(wire::Changes{
                    key.name, {wire::Batch{row.first, row.salt, std::move(row.changes)}}}))});
        }
        space.pending.clear();
        if (space.rows_since_heads >= options_.heads_every) {
            std::vector<ReplicaHead> moved;
            for (const ReplicaId& replica : space.moved) moved.push_back(space.heads.at(replica));
            if (auto put = storage_.put_heads(space.record.id, moved); !put) return put;
            space.record.heads_at = space.head;
            space.record.highest = space.highest;
            if (auto put = storage_.put_space(space.record); !put) return put;
            space.moved.clear();
            space.rows_since_heads = 0;
        }
    }
    return {};
}

Result<bool> RelayEngine::cursor_is_good(const Space& space, const wire::Open& message) {
    if (message.cursor == 0) return true;
    if (message.cursor > space.head) return false;
    auto salt = storage_.salt_at(space.record.id, message.cursor);
    if (!salt) return tl::unexpected(salt.error());
    return *salt && **salt == message.salt;
}

/// The part of an open that writes: the space comes into being, or starts a new epoch because the
/// caller saw batches that this storage does not hold, or an epoch that it has never heard of (it
/// went back to before that one, or before the space itself).
///
/// A reader who saw another epoch is believed as well: once it has taken the log that is left,
/// nobody may be left to tell, and changes that name what was lost would be refused for ever. (What
/// a lie loosens is bounded by Document::early_max, and only a writer can make use of it.) A reader
/// who saw nothing yet does not make a space.
Result<> RelayEngine::prepare(const relay_request::Open& request) {
    if (request.access != Access::write && request.message.epoch.is_nil()) return {};
    auto loaded = load(request.space, true);
    if (!loaded) return tl::unexpected(loaded.error());
    Space& space = **loaded;
    auto good = cursor_is_good(space, request.message);
    if (!good) return tl::unexpected(good.error());
    const bool same_epoch = request.message.epoch == space.record.epoch;
    const bool unheard_of =
        !same_epoch && !request.message.epoch.is_nil() && !space.record.regressed;
    if (!unheard_of && (*good || !same_epoch)) return {};
    random_(space.record.epoch.bytes.data(), space.record.epoch.bytes.size());
    space.record.fork = std::min(space.head, request.message.cursor);
    space.record.regressed = true;
    touched_.insert(request.space);
    ++statistics_.regressions;
    return storage_.put_space(space.record);
}

Result<> RelayEngine::handle(const relay_request::Open& request, Replies& replies) {
    auto loaded = load(request.space, false);
    if (!loaded) return tl::unexpected(loaded.error());
    if (*loaded == nullptr) {
        // Nobody has written here yet; the feed begins when somebody does.
        wire::Opened empty;
        empty.space = request.space.name;
        empty.access = request.access;
        replies.push_back(relay_reply::Opened{request.connection, request.space, std::move(empty)});
        return {};
    }
    Space& space = **loaded;
    auto good = cursor_is_good(space, request.message);
    if (!good) return tl::unexpected(good.error());
    wire::Opened opened;
    opened.space = request.space.name;
    opened.epoch = space.record.epoch;
    opened.fork = space.record.fork;
    opened.head = space.head;
    opened.from = *good ? request.message.cursor : 0;
    opened.own = space.head_of(request.replica).head;
    opened.vector = space.vector();
    opened.access = request.access;
    replies.push_back(relay_reply::Opened{request.connection, request.space, std::move(opened)});
    return {};
}

Result<> RelayEngine::handle(const relay_request::Read& request, Replies& replies) {
    auto loaded = load(request.space, false);
    if (!loaded) return tl::unexpected(loaded.error());
    relay_reply::History history{request.connection, request.space, request.after, request.after,
                                 nullptr};
    if (*loaded != nullptr) {
        auto rows = storage_.read((*loaded)->record.id, request.after, options_.history_bytes);
        if (!rows) return tl::unexpected(rows.error());
        wire::Changes message;
        message.space = request.space.name;
        for (LogRow& row : *rows) {
            history.last = row.last();
            message.batches.push_back({row.first, row.salt, std::move(row.changes)});
        }
        if (!message.batches.empty()) {
            history.frame = std::make_shared<const Bytes>(wire::encode(message));
        }
    }
    replies.push_back(std::move(history));
    return {};
}

}  // namespace syncline
