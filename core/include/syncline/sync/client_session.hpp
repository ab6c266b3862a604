#pragma once

#include "syncline/sync/presence_book.hpp"
#include "syncline/sync/space_replica.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace syncline {

/// What a session tells its owner, in order.
namespace client_event {
/// The relay knows us. `offset_ms` is its clock minus ours, as far as one exchange can tell.
struct Welcomed {
    std::int64_t offset_ms = 0;
};
/// The space's feed is open, or open again.
struct Opened {
    std::string space;
    Access access = Access::none;
};
struct Changed {
    std::string space;
    std::vector<DocumentChange> changes;
};
/// Own changes that the relay has on disk now (news, no more: the feed confirms them).
struct Accepted {
    std::string space;
    std::uint64_t counter = 0;
};
/// The cursor has reached the log's head as it was when the space was opened, and nothing own is
/// waiting for the feed.
struct InSync {
    std::string space;
};
struct Rejected {
    std::string space;
    std::vector<RejectedChange> changes;
};
/// A space cannot go on until its owner does something (a right, a version).
struct SpaceFailed {
    std::string space;
    Error error;
    bool retryable = false;
};
/// Who is where in a space has changed; the book tells.
struct PresenceChanged {
    std::string space;
};
}  // namespace client_event
using ClientEvent =
    std::variant<client_event::Welcomed, client_event::Opened, client_event::Changed,
                 client_event::Accepted, client_event::InSync, client_event::Rejected,
                 client_event::SpaceFailed, client_event::PresenceChanged>;

struct ClientEffects {
    std::vector<Bytes> send;
    std::vector<ClientEvent> events;
    /// What the store has to do, durably, about its replica id before it connects again. The
    /// session is over if it is not `keep`.
    enum class Identity : std::uint8_t {
        keep,
        /// Somebody has connected with this id and a newer nonce: perhaps a copy of this store, and
        /// what is pending here may be pending there. It may not be authored again before it is
        /// certain that nobody pushes it as it is. Raise the nonce above what copies have, and
        /// connect as one that leaves.
        claim,
        /// This id is another's, too, and what could be pushed under it is. Take a new one.
        replace,
    };
    Identity identity = Identity::keep;
    struct Ending {
        Error error;
        bool retryable = true;
        std::uint64_t retry_after_ms = 0;
    };
    std::optional<Ending> close;
};

/// The nonce of the `claims`-th claim in a row, above `nonce`, which is below it only by what
/// connections count. Who is far behind others that claim gets to them by steps that double.
[[nodiscard]] inline std::uint64_t claiming_nonce(std::uint64_t nonce, unsigned claims) {
    constexpr unsigned steps_double_until = 8;
    return ((nonce >> 32) + (std::uint64_t{1} << std::min(claims, steps_double_until))) << 32;
}

/// One connection, seen from a device (docs/protocol.md §5): hello, then every space: open, take
/// the feed in, push what is pending. No I/O and no clock of its own; a session is used for one
/// connection and thrown away. The spaces must outlive it.
/// Threads: one at a time, together with its spaces.
class ClientSession {
public:
    struct Options {
        ReplicaId replica;
        std::uint64_t nonce = 0;  ///< raised durably for this connection
        std::string token;
        std::string agent = "syncline";
        std::size_t push_bytes = std::size_t{256} << 10;  ///< in one message, about
        std::size_t pushes_max = 4;                       ///< unanswered, in one space
        std::uint64_t answer_ms = 30'000;  ///< without an answer for so long, the line is dead
        /// Push what is pending under this id, then ask for another one: after Identity::claim.
        bool leaving = false;
        PresenceBook* presence = nullptr;  ///< must outlive the session; null: not spoken
    };

    explicit ClientSession(Options options)
        : options_(std::move(options)), leaving_(options_.leaving) {}

    /// The connection is up.
    [[nodiscard]] ClientEffects connected(std::uint64_t now_ms);
    [[nodiscard]] ClientEffects received(BytesView frame, std::uint64_t now_ms);
    /// Call every second or so, and when tick_in_ms() says.
    [[nodiscard]] ClientEffects tick(std::uint64_t now_ms);
    /// How long until tick() has something to do, a second at most.
    [[nodiscard]] std::uint64_t tick_in_ms(std::uint64_t now_ms) const;

    /// Adds a space; it is opened as soon as the relay has welcomed us.
    [[nodiscard]] ClientEffects add(SpaceReplica& space, std::uint64_t now_ms);
    /// The space has a new local change.
    [[nodiscard]] ClientEffects changed(const std::string& space, std::uint64_t now_ms);
    /// The book has something new of our own.
    [[nodiscard]] ClientEffects presence_changed(std::uint64_t now_ms);
    /// A fresh token for the same subject. Spaces that the old one did not open, or opened for
    /// reading only, are tried again.
    [[nodiscard]] ClientEffects renew(std::string token);

    [[nodiscard]] bool welcomed() const { return welcomed_; }
    [[nodiscard]] bool knows(const std::string& space) const { return lines_.count(space) != 0; }

private:
    struct Line {
        SpaceReplica* space = nullptr;
        bool open = false;
        bool asked = false;  ///< open is on its way
        /// The relay's end of the own chain is not on ours: somebody else writes under this id.
        bool parted = false;
        Access access = Access::none;
        ChainHead sent;  ///< pushed up to here
        std::size_t unanswered = 0;
        std::uint64_t head = 0;  ///< of the log at opening
        bool in_sync = false;
        bool told_forbidden = false;       ///< told already
        bool forbidden = false;            ///< the relay has said so
        unsigned token = 0;                ///< which of ours it was opened with
        std::uint64_t retry_after_ms = 0;  ///< 0: not waiting
        std::uint64_t retry_from_ms = 0;
    };

    void on(const wire::Welcome& message, std::uint64_t now_ms, ClientEffects& effects);
    void on(const wire::Opened& message, std::uint64_t now_ms, ClientEffects& effects);
    void on(const wire::Changes& message, std::uint64_t now_ms, ClientEffects& effects);
    void on(const wire::Accepted& message, std::uint64_t now_ms, ClientEffects& effects);
    void on(const wire::Rejected& message, std::uint64_t now_ms, ClientEffects& effects);
    void on(const wire::Failure& message, std::uint64_t now_ms, ClientEffects& effects);
    void on(const wire::PresenceNews& message, std::uint64_t now_ms, ClientEffects& effects);
    void send_token(ClientEffects& effects);
    void send_presence(std::uint64_t now_ms, ClientEffects& effects);
    void open(Line& line, ClientEffects& effects);
    void push(Line& line, ClientEffects& effects);
    void progress(Line& line, ClientEffects& effects);
    void end(Error error, bool retryable, ClientEffects& effects);
    void end(ClientEffects::Identity identity, ClientEffects& effects);
    void part(Line& line);
    [[nodiscard]] bool may_leave() const;
    [[nodiscard]] bool waiting() const;
    [[nodiscard]] std::uint64_t corrected(std::uint64_t now_ms) const {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(now_ms) + offset_ms_);
    }
    Line* find(const std::string& space);

    Options options_;
    std::map<std::string, Line> lines_;
    bool leaving_ = false;  ///< this replica id, once what is pending is pushed
    bool welcomed_ = false;
    bool over_ = false;
    bool renewed_ = false;              ///< since hello, before the relay could take it
    unsigned tokens_ = 0;               ///< sent after hello's
    PresenceBook* presence_ = nullptr;  ///< once the relay has said that it speaks it
    std::int64_t offset_ms_ = 0;
    std::uint64_t hello_ms_ = 0;
    std::uint64_t heard_ms_ = 0;
};

}  // namespace syncline
