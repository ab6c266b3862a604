#include "syncline/sync/messages.hpp"

#include <algorithm>
#include <unordered_map>

namespace syncline::wire {

namespace {

enum class Kind : std::uint64_t {
    hello = 1,
    open = 2,
    push = 3,
    auth = 4,
    close = 5,
    // 6 repair is reserved.
    presence = 7,
    welcome = 32,
    opened = 33,
    changes = 34,
    accepted = 35,
    rejected = 36,
    go_away = 37,
    failure = 38,
    // 39 states is reserved.
    presence_news = 40,
};

// Writing. A field that has its default is left out, so the count has to be known first.

class FieldWriter {
public:
    FieldWriter& number(std::uint64_t field, std::uint64_t value) {
        if (value != 0) key(field).u64(value);
        return *this;
    }
    FieldWriter& text(std::uint64_t field, const std::string& value) {
        if (!value.empty()) key(field).text(value);
        return *this;
    }
    FieldWriter& binary(std::uint64_t field, BytesView value) {
        key(field).binary(value);
        return *this;
    }
    FieldWriter& bytes(std::uint64_t field, const Bytes& value) {
        return value.empty() ? *this : binary(field, value);
    }
    FieldWriter& vector(std::uint64_t field, const VersionVector& value) {
        if (!value.empty()) write_vector(key(field), value);
        return *this;
    }
    FieldWriter& head(std::uint64_t field, const ChainHead& value) {
        if (value.counter != 0) key(field).array(2).u64(value.counter).binary(value.hash.view());
        return *this;
    }
    FieldWriter& epoch(std::uint64_t field, const EpochId& value) {
        if (!value.is_nil()) key(field).binary(value.view());
        return *this;
    }
    FieldWriter& texts(std::uint64_t field, const std::optional<std::vector<std::string>>& value) {
        if (!value) return *this;
        key(field).array(value->size());
        for (const std::string& item : *value) body_.text(item);
        return *this;
    }
    Writer& key(std::uint64_t field) {
        ++count_;
        return body_.u64(field);
    }
    /// The fields alone: a map inside a message.
    Bytes record() {
        Writer out;
        out.map(count_).raw(body_.view());
        return out.take();
    }
    Bytes message(Kind kind) {
        Writer out;
        out.map(count_ + 1).u64(0).u64(static_cast<std::uint64_t>(kind));
        out.raw(body_.view());
        return out.take();
    }

private:
    std::size_t count_ = 0;
    Writer body_;
};

struct Encoder {
    Bytes operator()(const Hello& m) const {
        return FieldWriter()
            .number(1, m.version_min)
            .number(2, m.version_max)
            .binary(3, m.replica.view())
            .number(4, m.nonce)
            .text(5, m.token)
            .number(6, m.clock_ms)
            .number(7, m.capabilities)
            .text(8, m.agent)
            .message(Kind::hello);
    }
    Bytes operator()(const Open& m) const {
        return FieldWriter()
            .text(1, m.space)
            .epoch(2, m.epoch)
            .number(3, m.cursor)
            .number(4, m.salt)
            .vector(5, m.vector)
            .texts(6, m.filter)
            .message(Kind::open);
    }
    Bytes operator()(const Push& m) const {
        FieldWriter out;
        out.text(1, m.space).head(2, m.head);
        Writer& list = out.key(3).array(m.changes.size());
        for (const Bytes& change : m.changes) list.binary(change);
        return out.message(Kind::push);
    }
    Bytes operator()(const Auth& m) const {
        return FieldWriter().text(1, m.token).message(Kind::auth);
    }
    Bytes operator()(const Close& m) const {
        return FieldWriter().text(1, m.space).message(Kind::close);
    }
    Bytes operator()(const Presence& m) const {
        return FieldWriter()
            .text(1, m.space)
            .text(2, m.session)
            .bytes(3, m.value)
            .number(4, m.ttl_ms)
            .message(Kind::presence);
    }
    Bytes operator()(const Welcome& m) const {
        return FieldWriter()
            .number(1, m.version)
            .number(2, m.time_ms)
            .number(3, m.change_bytes_max)
            .number(4, m.push_bytes_max)
            .number(5, m.capabilities)
            .text(6, m.agent)
            .message(Kind::welcome);
    }
    Bytes operator()(const Opened& m) const {
        return FieldWriter()
            .text(1, m.space)
            .epoch(2, m.epoch)
            .number(3, m.fork)
            .number(4, m.head)
            .number(5, m.from)
            .head(6, m.own)
            .vector(7, m.vector)
            .number(8, static_cast<std::uint64_t>(m.access))
            .texts(9, m.filter)
            .message(Kind::opened);
    }
    Bytes operator()(const Changes& m) const {
        FieldWriter out;
        out.text(1, m.space);
        Writer& list = out.key(2).array(m.batches.size());
        for (const Batch& batch : m.batches) {
            list.array(3).u64(batch.first).u64(batch.salt).binary(batch.changes);
        }
        return out.message(Kind::changes);
    }
    Bytes operator()(const Accepted& m) const {
        return FieldWriter().text(1, m.space).head(2, m.head).message(Kind::accepted);
    }
    Bytes operator()(const Rejected& m) const {
        FieldWriter out;
        out.text(1, m.space).head(2, m.head);
        Writer& list = out.key(3).array(m.refusals.size());
        for (const Refusal& refusal : m.refusals) {
            list.array(3).u64(refusal.counter).u64(static_cast<std::uint64_t>(refusal.code));
            list.text(refusal.reason);
        }
        return out.message(Kind::rejected);
    }
    Bytes operator()(const GoAway& m) const {
        return FieldWriter().number(1, m.after_ms).message(Kind::go_away);
    }
    Bytes operator()(const Failure& m) const {
        return FieldWriter()
            .text(1, m.space)
            .number(2, static_cast<std::uint64_t>(m.code))
            .text(3, m.message)
            .number(4, m.retryable ? 1 : 0)
            .number(5, m.retry_after_ms)
            .head(6, m.head)
            .message(Kind::failure);
    }
    Bytes operator()(const PresenceNews& m) const {
        FieldWriter out;
        out.text(1, m.space).number(2, m.whole ? 1 : 0);
        if (m.entries.empty()) return out.message(Kind::presence_news);
        Writer& list = out.key(3).array(m.entries.size());
        for (const PresenceEntry& entry : m.entries) {
            list.raw(FieldWriter()
                         .binary(1, entry.replica.view())
                         .text(2, entry.session)
                         .text(3, entry.subject)
                         .number(4, entry.age_ms)
                         .bytes(5, entry.value)
                         .record());
        }
        return out.message(Kind::presence_news);
    }
};

// Reading.

ChainHead read_head(Reader& in) {
    ChainHead head;
    in.array_of(2);
    head.counter = in.u64(counter_max);
    in.require(head.counter > 0, ErrorCode::not_canonical);  // left out instead
    const BytesView hash = in.binary_of(16);
    if (!in.failed()) std::copy(hash.begin(), hash.end(), head.hash.bytes.begin());
    return head;
}
EpochId read_epoch(Reader& in) {
    EpochId epoch;
    const BytesView bytes = in.binary_of(16);
    if (!in.failed()) std::copy(bytes.begin(), bytes.end(), epoch.bytes.begin());
    return epoch;
}
std::string read_space(Reader& in) {
    std::string name(in.text(name_bytes_max));
    in.require(is_space_name(name), ErrorCode::malformed);
    return name;
}
std::vector<std::string> read_names(Reader& in) {
    std::vector<std::string> names;
    for (std::size_t left = in.array(); left > 0 && !in.failed(); --left) {
        names.emplace_back(in.text(name_bytes_max));
        in.require(is_document_name(names.back()), ErrorCode::malformed);
    }
    return names;
}
/// A later relay may allow more than this version sends: passed on or passed over, never a reason
/// to hang up.
constexpr std::size_t presence_entry_bytes_max = std::size_t{64} << 10;

ErrorCode read_code(Reader& in) { return static_cast<ErrorCode>(in.u64(0xFFFF)); }

/// Calls `use(field)` for each field behind the kind; `use` reads the value or skips it.
template <typename Use>
void each_field(Reader& in, std::size_t left, Use use) {
    std::uint64_t last = 0;
    for (; left > 0 && !in.failed(); --left) {
        const std::uint64_t field = in.u64();
        in.require(field > last, ErrorCode::not_canonical);
        last = field;
        if (!in.failed()) use(field);
    }
}

Hello read_hello(Reader& in, std::size_t left) {
    Hello m;
    m.version_min = m.version_max = 0;
    bool replica = false;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.version_min = in.u64(); break;
            case 2: m.version_max = in.u64(); break;
            case 3:
                m.replica = read_replica(in);
                replica = true;
                break;
            case 4: m.nonce = in.u64(counter_max); break;
            case 5: m.token = std::string(in.text(token_bytes_max)); break;
            case 6: m.clock_ms = in.u64(); break;
            case 7: m.capabilities = in.u64(); break;
            case 8: m.agent = std::string(in.text(name_bytes_max)); break;
            default: in.skip();
        }
    });
    in.require(replica && !m.replica.is_nil(), ErrorCode::malformed);
    return m;
}

Open read_open(Reader& in, std::size_t left) {
    Open m;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2: m.epoch = read_epoch(in); break;
            case 3: m.cursor = in.u64(counter_max); break;
            case 4: m.salt = in.u64(); break;
            case 5: m.vector = read_vector(in); break;
            case 6: m.filter = read_names(in); break;
            default: in.skip();
        }
    });
    in.require(!m.space.empty(), ErrorCode::malformed);
    return m;
}

Push read_push(Reader& in, std::size_t left, const Limits& limits) {
    Push m;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2: m.head = read_head(in); break;
            case 3:
                for (std::size_t count = in.array(); count > 0 && !in.failed(); --count) {
                    const BytesView change = in.binary(limits.bytes_max);
                    m.changes.emplace_back(change.begin(), change.end());
                }
                break;
            default: in.skip();
        }
    });
    in.require(!m.space.empty() && !m.changes.empty(), ErrorCode::malformed);
    return m;
}

Auth read_auth(Reader& in, std::size_t left) {
    Auth m;
    each_field(in, left, [&](std::uint64_t field) {
        if (field == 1) {
            m.token = std::string(in.text(token_bytes_max));
        } else {
            in.skip();
        }
    });
    return m;
}

Close read_close(Reader& in, std::size_t left) {
    Close m;
    each_field(in, left, [&](std::uint64_t field) {
        if (field == 1) {
            m.space = read_space(in);
        } else {
            in.skip();
        }
    });
    in.require(!m.space.empty(), ErrorCode::malformed);
    return m;
}

/// A value in its own encoding, as it is passed on. The relay has looked into it: whoever gets it
/// need not fear it.
Bytes read_encoded_value(Reader& in, std::size_t bytes_max, const Limits& limits) {
    const BytesView bytes = in.binary(bytes_max);
    if (in.failed()) return {};
    Reader inside(bytes, limits);
    if (const auto value = inside.finish(read_value(inside)); !value) {
        in.fail_with(value.error().code);
    } else if (const auto fit = check(*value); !fit) {
        in.fail_with(fit.error().code);
    }
    return {bytes.begin(), bytes.end()};
}

Presence read_presence(Reader& in, std::size_t left, const Limits& limits) {
    Presence m;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2: m.session = std::string(in.text(presence_session_bytes_max)); break;
            case 3: m.value = read_encoded_value(in, presence_value_bytes_max, limits); break;
            case 4: m.ttl_ms = in.u64(); break;
            default: in.skip();
        }
    });
    in.require(!m.space.empty(), ErrorCode::malformed);
    return m;
}

Welcome read_welcome(Reader& in, std::size_t left) {
    Welcome m;
    m.version = 0;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.version = in.u64(); break;
            case 2: m.time_ms = in.u64(Hlc::ms_max); break;
            case 3: m.change_bytes_max = in.u64(); break;
            case 4: m.push_bytes_max = in.u64(); break;
            case 5: m.capabilities = in.u64(); break;
            case 6: m.agent = std::string(in.text(name_bytes_max)); break;
            default: in.skip();
        }
    });
    return m;
}

Opened read_opened(Reader& in, std::size_t left) {
    Opened m;
    m.access = Access::none;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2: m.epoch = read_epoch(in); break;
            case 3: m.fork = in.u64(counter_max); break;
            case 4: m.head = in.u64(counter_max); break;
            case 5: m.from = in.u64(counter_max); break;
            case 6: m.own = read_head(in); break;
            case 7: m.vector = read_vector(in); break;
            case 8: m.access = static_cast<Access>(in.u64(2)); break;
            case 9: m.filter = read_names(in); break;
            default: in.skip();
        }
    });
    in.require(!m.space.empty() && m.from <= m.head, ErrorCode::malformed);
    return m;
}

Changes read_changes(Reader& in, std::size_t left, const Limits& limits) {
    Changes m;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2:
                for (std::size_t count = in.array(); count > 0 && !in.failed(); --count) {
                    Batch& batch = m.batches.emplace_back();
                    in.array_of(3);
                    batch.first = in.u64(counter_max);
                    batch.salt = in.u64();
                    const BytesView changes = in.binary(limits.bytes_max);
                    batch.changes.assign(changes.begin(), changes.end());
                }
                break;
            default: in.skip();
        }
    });
    in.require(!m.space.empty(), ErrorCode::malformed);
    return m;
}

Accepted read_accepted(Reader& in, std::size_t left) {
    Accepted m;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2: m.head = read_head(in); break;
            default: in.skip();
        }
    });
    in.require(!m.space.empty(), ErrorCode::malformed);
    return m;
}

Rejected read_rejected(Reader& in, std::size_t left) {
    Rejected m;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2: m.head = read_head(in); break;
            case 3:
                for (std::size_t count = in.array(); count > 0 && !in.failed(); --count) {
                    Refusal& refusal = m.refusals.emplace_back();
                    in.array_of(3);
                    refusal.counter = in.u64(counter_max);
                    refusal.code = read_code(in);
                    refusal.reason = std::string(in.text(message_text_max));
                }
                break;
            default: in.skip();
        }
    });
    in.require(!m.space.empty(), ErrorCode::malformed);
    return m;
}

GoAway read_go_away(Reader& in, std::size_t left) {
    GoAway m;
    each_field(in, left, [&](std::uint64_t field) {
        if (field == 1) {
            m.after_ms = in.u64(Hlc::ms_max);
        } else {
            in.skip();
        }
    });
    return m;
}

Failure read_failure(Reader& in, std::size_t left) {
    Failure m;
    m.code = ErrorCode{};  // left out means 0, as everywhere
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2: m.code = read_code(in); break;
            case 3: m.message = std::string(in.text(message_text_max)); break;
            case 4: m.retryable = in.u64(1) != 0; break;
            case 5: m.retry_after_ms = in.u64(Hlc::ms_max); break;
            case 6: m.head = read_head(in); break;
            default: in.skip();
        }
    });
    return m;
}

PresenceEntry read_presence_entry(Reader& in) {
    PresenceEntry entry;
    bool replica = false;
    each_field(in, in.map(), [&](std::uint64_t field) {
        switch (field) {
            case 1:
                entry.replica = read_replica(in);
                replica = true;
                break;
            case 2: entry.session = std::string(in.text(message_text_max)); break;
            case 3: entry.subject = std::string(in.text(message_text_max)); break;
            case 4: entry.age_ms = in.u64(Hlc::ms_max); break;
            case 5: {
                const BytesView value = in.binary(presence_entry_bytes_max);
                entry.value.assign(value.begin(), value.end());
                break;
            }
            default: in.skip();
        }
    });
    in.require(replica, ErrorCode::malformed);
    return entry;
}

PresenceNews read_presence_news(Reader& in, std::size_t left) {
    PresenceNews m;
    each_field(in, left, [&](std::uint64_t field) {
        switch (field) {
            case 1: m.space = read_space(in); break;
            case 2: m.whole = in.u64(1) != 0; break;
            case 3:
                for (std::size_t count = in.array(); count > 0 && !in.failed(); --count) {
                    m.entries.push_back(read_presence_entry(in));
                }
                break;
            default: in.skip();
        }
    });
    in.require(!m.space.empty(), ErrorCode::malformed);
    return m;
}

Message read_message(Reader& in, const Limits& limits) {
    const std::size_t fields = in.map();
    in.require(fields >= 1 && in.u64() == 0, ErrorCode::malformed);
    const auto kind = static_cast<Kind>(in.u64());
    if (in.failed()) return GoAway{};
    const std::size_t left = fields - 1;
    switch (kind) {
        case Kind::hello: return read_hello(in, left);
        case Kind::open: return read_open(in, left);
        case Kind::push: return read_push(in, left, limits);
        case Kind::auth: return read_auth(in, left);
        case Kind::close: return read_close(in, left);
        case Kind::presence: return read_presence(in, left, limits);
        case Kind::welcome: return read_welcome(in, left);
        case Kind::opened: return read_opened(in, left);
        case Kind::changes: return read_changes(in, left, limits);
        case Kind::accepted: return read_accepted(in, left);
        case Kind::rejected: return read_rejected(in, left);
        case Kind::go_away: return read_go_away(in, left);
        case Kind::failure: return read_failure(in, left);
        case Kind::presence_news: return read_presence_news(in, left);
    }
    in.fail_with(ErrorCode::unknown_message);
    return GoAway{};
}

}  // namespace

Bytes encode(const Message& message) { return std::visit(Encoder{}, message); }

Result<Message> decode(BytesView frame, const Limits& limits) {
    Reader in(frame, limits);
    Message message = read_message(in, limits);
    return in.finish(std::move(message));
}

Bytes encode_batch(const std::vector<BatchEntry>& entries) {
    std::unordered_map<ReplicaId, std::uint64_t, ReplicaIdHash> who;
    std::vector<ReplicaId> replicas;
    for (const BatchEntry& entry : entries) {
        if (who.emplace(entry.replica, replicas.size()).second) replicas.push_back(entry.replica);
    }
    Writer out;
    out.array(1 + entries.size() * 2).array(replicas.size());
    for (const ReplicaId& replica : replicas) out.binary(replica.view());
    for (const BatchEntry& entry : entries) out.u64(who.at(entry.replica)).binary(entry.change);
    return out.take();
}

Result<std::vector<BatchEntry>> decode_batch(BytesView bytes, const Limits& limits) {
    Reader in(bytes, limits);
    std::vector<BatchEntry> entries;
    std::vector<ReplicaId> replicas;
    const std::size_t count = in.array();
    in.require(count % 2 == 1 && count > 1, ErrorCode::malformed);
    for (std::size_t left = in.array(); left > 0 && !in.failed(); --left) {
        replicas.push_back(read_replica(in));
    }
    std::uint64_t introduced = 0;
    for (std::size_t left = count / 2; left > 0 && !in.failed(); --left) {
        const std::uint64_t who = in.u64();
        in.require(who < replicas.size() && who <= introduced, ErrorCode::out_of_range);
        introduced += who == introduced ? 1 : 0;
        const BytesView change = in.binary(limits.bytes_max);
        if (!in.failed()) entries.push_back({replicas[static_cast<std::size_t>(who)], change});
    }
    in.require(introduced == replicas.size(), ErrorCode::not_canonical);
    return in.finish(std::move(entries));
}

}  // namespace syncline::wire
