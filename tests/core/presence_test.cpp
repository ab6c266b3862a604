// Presence without I/O: the relay's hub with a transport made of queues, and a device's book.

#include "support/arbitrary.hpp"
#include "syncline/sync/presence_book.hpp"
#include "syncline/sync/relay_hub.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

using namespace syncline;
using testing::alice;
using testing::bob;
using testing::carol;

namespace {

constexpr std::uint64_t begin_ms = 1'800'000'000'000;

Bytes encoded(const Value& value) {
    wire::Writer out;
    wire::write_value(out, value);
    return out.take();
}

/// A hub whose sockets are lists, and whose engine answers at once and stores nothing. A token is
/// "subject" or "subject@tenant"; what it may do is in `access`.
class Relay : public RelayOutput {
public:
    explicit Relay(RelaySession::Limits limits = {}) : hub_(*this, gatekeeper(), limits) {}

    std::uint64_t now_ms = begin_ms;
    std::map<std::string, Access> access;  ///< by subject; write if there is none
    std::map<ConnectionId, std::size_t> queued;

    void connect(ConnectionId id, const ReplicaId& replica, const std::string& token,
                 std::uint64_t capabilities = wire::capability::presence) {
        hub_.connected(id);
        wire::Hello hello;
        hello.replica = replica;
        hello.nonce = id;
        hello.token = token;
        hello.capabilities = capabilities;
        receive(id, hello);
    }
    void open(ConnectionId id, const std::string& space = "s") {
        wire::Open open;
        open.space = space;
        receive(id, open);
    }
    void receive(ConnectionId id, const wire::Message& message) {
        hub_.received(id, wire::encode(message), now_ms);
        answer();
    }
    void say(ConnectionId id, const std::string& session, const Value& value,
             std::uint64_t ttl_ms = 30'000, const std::string& space = "s") {
        receive(id, wire::Presence{space, session, encoded(value), ttl_ms});
    }
    void clear(ConnectionId id, const std::string& session) {
        receive(id, wire::Presence{"s", session, {}, 0});
    }
    void disconnect(ConnectionId id) { hub_.disconnected(id); }
    void drained(ConnectionId id) {
        hub_.drained(id);
        answer();
    }
    /// Time passes, with what a relay does meanwhile.
    void pass(std::uint64_t ms) {
        for (const std::uint64_t until = now_ms + ms; now_ms < until;) {
            now_ms += 100;
            hub_.tick(now_ms);
            hub_.tell_presence(now_ms);
        }
    }
    /// What the connection was told of presence since it was asked last.
    std::vector<wire::PresenceNews> told(ConnectionId id) {
        std::vector<wire::PresenceNews> news;
        for (const wire::Message& message : std::exchange(sent_[id], {})) {
            if (const auto* one = std::get_if<wire::PresenceNews>(&message)) news.push_back(*one);
        }
        return news;
    }
    /// The only entry of the only news.
    wire::PresenceEntry told_one(ConnectionId id) {
        const auto news = told(id);
        REQUIRE(news.size() == 1);
        REQUIRE(news[0].entries.size() == 1);
        return news[0].entries[0];
    }
    const PresenceBoard& board() { return hub_.presence(); }

private:
    Gatekeeper gatekeeper() {
        return [this](const std::string& token, std::uint64_t) -> Result<Grant> {
            const auto at = token.find('@');
            Grant grant;
            grant.subject = token.substr(0, at);
            if (at != std::string::npos) grant.tenant = token.substr(at + 1);
            grant.access = [this, subject = grant.subject](const std::string&) {
                const auto found = access.find(subject);
                return found == access.end() ? Access::write : found->second;
            };
            return grant;
        };
    }
    void answer() {
        while (!requests_.empty()) {
            std::vector<RelayReply> replies;
            for (const RelayRequest& request : std::exchange(requests_, {})) {
                if (const auto* hello = std::get_if<relay_request::Register>(&request)) {
                    replies.emplace_back(relay_reply::Registered{hello->connection, {}});
                } else if (const auto* open = std::get_if<relay_request::Open>(&request)) {
                    wire::Opened opened;
                    opened.space = open->space.name;
                    replies.emplace_back(
                        relay_reply::Opened{open->connection, open->space, opened});
                }
            }
            hub_.deliver(replies, now_ms);
        }
    }

    void send(ConnectionId to, std::shared_ptr<const Bytes> frame) override {
        sent_[to].push_back(wire::decode(*frame, wire::relay_frame_limits()).value());
    }
    void send(const std::vector<ConnectionId>& to, std::shared_ptr<const Bytes> frame) override {
        for (const ConnectionId one : to) send(one, frame);
    }
    std::size_t queued_bytes(ConnectionId connection) override { return queued[connection]; }
    void promote(ConnectionId) override {}
    void close(ConnectionId connection, std::uint16_t, const std::string&) override {
        closed.push_back(connection);
    }
    void submit(RelayRequest request) override { requests_.push_back(std::move(request)); }

    std::map<ConnectionId, std::vector<wire::Message>> sent_;
    std::vector<RelayRequest> requests_;
    RelayHub hub_;

public:
    std::vector<ConnectionId> closed;
};

/// Alice over connection 1 and Bob over 2, both in the space "s", neither having said anything.
struct Two : Relay {
    explicit Two(RelaySession::Limits limits = {}) : Relay(limits) {
        connect(1, alice, "alice");
        connect(2, bob, "bob");
        open(1);
        open(2);
        for (const ConnectionId id : {1U, 2U}) {
            const auto first = told(id);
            REQUIRE(first.size() == 1);
            CHECK(first[0].whole);
            CHECK(first[0].entries.empty());
        }
    }
};

}  // namespace

// ---- The relay

TEST_CASE("a relay passes presence on to who has the space open, and says whose it is",
          "[presence]") {
    Two relay;
    relay.connect(3, carol, "carol");
    relay.open(3, "elsewhere");
    (void)relay.told(3);
    relay.say(1, "tab", Value("here"));
    const auto entry = relay.told_one(2);
    CHECK(entry.replica == alice);
    CHECK(entry.subject == "alice");
    CHECK(entry.session == "tab");
    CHECK(entry.value == encoded(Value("here")));
    CHECK(relay.told(1).empty());  // its own
    CHECK(relay.told(3).empty());
    CHECK(relay.board().entries() == 1);
}

TEST_CASE("the right to read is enough to be seen, and is needed to see", "[presence]") {
    Relay relay;
    relay.access["reader"] = Access::read;
    relay.access["stranger"] = Access::none;
    relay.connect(1, alice, "reader");
    relay.connect(2, bob, "bob");
    relay.connect(3, carol, "stranger");
    for (const ConnectionId id : {1U, 2U, 3U}) relay.open(id);
    (void)relay.told(2);
    relay.say(1, "", Value(1));
    CHECK(relay.told_one(2).subject == "reader");
    relay.say(3, "", Value(1));
    relay.pass(200);
    CHECK(relay.told(2).empty());
    CHECK(relay.told(3).empty());
}

TEST_CASE("tenants do not see each other", "[presence]") {
    Relay relay;
    relay.connect(1, alice, "alice@one");
    relay.connect(2, bob, "bob@two");
    relay.open(1);
    relay.open(2);
    (void)relay.told(2);
    relay.say(1, "", Value(1));
    relay.pass(200);
    CHECK(relay.told(2).empty());
}

TEST_CASE("a newcomer is told who is there, and for how long", "[presence]") {
    Two relay;
    relay.say(1, "a", Value(1));
    relay.pass(5'000);
    relay.say(1, "b", Value(2));
    relay.connect(3, carol, "carol");
    relay.open(3);
    const auto news = relay.told(3);
    REQUIRE(news.size() == 1);
    CHECK(news[0].whole);
    REQUIRE(news[0].entries.size() == 2);
    CHECK(news[0].entries[0].session == "a");
    CHECK(news[0].entries[0].age_ms == 5'000);
    CHECK(news[0].entries[1].age_ms == 0);
}

TEST_CASE("the others are told when somebody goes", "[presence]") {
    Two relay;
    relay.say(1, "tab", Value(1), 10'000);
    (void)relay.told_one(2);
    SECTION("by saying so") { relay.clear(1, "tab"); }
    SECTION("by closing the space") { relay.receive(1, wire::Close{"s"}); }
    SECTION("by losing the connection") { relay.disconnect(1); }
    SECTION("by losing the right") {
        relay.access["alice"] = Access::none;
        relay.receive(1, wire::Auth{"alice"});
        (void)relay.told(1);
        relay.say(2, "", Value(2));  // and hears no more
        relay.pass(100);
        CHECK(relay.told(1).empty());
        const auto news = relay.told(2);
        REQUIRE(news.size() == 1);
        CHECK(news[0].entries.at(0).value.empty());
        return;
    }
    SECTION("by silence") {
        relay.pass(9'000);
        relay.say(1, "tab", Value(1), 10'000);  // a renewal that changes nothing is not told
        relay.pass(9'900);
        CHECK(relay.told(2).empty());
    }
    relay.pass(100);
    const auto gone = relay.told_one(2);
    CHECK(gone.replica == alice);
    CHECK(gone.session == "tab");
    CHECK(gone.value.empty());
    CHECK(relay.board().entries() == 0);
    relay.pass(60'000);
    CHECK(relay.told(2).empty());
}

TEST_CASE("a relay's clock that is set back keeps nobody there", "[presence]") {
    Two relay;
    relay.say(1, "tab", Value(1), 10'000);
    (void)relay.told(2);
    relay.now_ms -= 3'600'000;
    relay.pass(10'100);
    CHECK(relay.told_one(2).value.empty());
}

TEST_CASE("a peer that has not announced presence gets none", "[presence]") {
    Relay relay;
    relay.connect(1, alice, "alice");
    relay.connect(2, bob, "bob", 0);
    relay.open(1);
    relay.open(2);
    relay.say(1, "", Value(1));
    relay.open(2);
    relay.disconnect(1);
    relay.pass(1'000);
    CHECK(relay.told(2).empty());
}

TEST_CASE("of many words in a row the latest is told", "[presence]") {
    Two relay;
    for (int i = 0; i <= 20; ++i) {
        relay.say(1, "tab", Value(i));
        relay.now_ms += 1;
    }
    CHECK(relay.told_one(2).value == encoded(Value(0)));  // at once
    relay.pass(100);
    CHECK(relay.told_one(2).value == encoded(Value(20)));
    // Who comes and goes between two tellings was never there.
    relay.pass(100);
    relay.say(1, "tab", Value(21));
    (void)relay.told_one(2);
    relay.say(1, "other", Value(1));
    relay.clear(1, "other");
    relay.pass(1'000);
    CHECK(relay.told(2).empty());
}

TEST_CASE("a connection that floods is told of as often as its credit allows", "[presence]") {
    Two relay;
    std::size_t told = 0;
    for (int round = 0; round < 100; ++round) {  // 10 s of 16 sessions that move all the time
        for (int session = 0; session < 16; ++session) {
            relay.say(1, std::to_string(session), Value(round * 100 + session));
        }
        relay.pass(100);
        for (const auto& news : relay.told(2)) told += news.entries.size();
    }
    CHECK(told > 300);
    CHECK(told < 400);  // 60 at once, and 30 a second
    relay.pass(1'000);  // all end with their latest
    std::map<std::string, Bytes> last;
    relay.connect(3, carol, "carol");
    relay.open(3);
    const auto whole = relay.told(3).at(0);
    for (const auto& entry : whole.entries) last[entry.session] = entry.value;
    CHECK(last.at("15") == encoded(Value(9'915)));
}

TEST_CASE("a slow consumer gets no presence, and all of it once it has caught up", "[presence]") {
    Two relay;
    relay.say(1, "a", Value(1));
    relay.say(1, "gone", Value(1));
    relay.pass(100);
    (void)relay.told(2);
    relay.queued[2] = RelaySession::Limits{}.queue_bytes_max + 1;
    relay.say(1, "a", Value(2));
    relay.clear(1, "gone");
    relay.pass(500);
    CHECK(relay.told(2).empty());
    relay.queued[2] = 0;
    relay.drained(2);
    const auto news = relay.told(2);
    REQUIRE(news.size() == 1);
    CHECK(news[0].whole);
    REQUIRE(news[0].entries.size() == 1);
    CHECK(news[0].entries[0].value == encoded(Value(2)));
    relay.drained(2);
    CHECK(relay.told(2).empty());
}

TEST_CASE("what a relay remembers is bounded, by connection and by space", "[presence]") {
    const PresenceBoard::Limits limits;
    Two relay;
    SECTION("sessions of one connection") {
        for (std::size_t i = 0; i < 2 * limits.entries_per_connection; ++i)
            relay.say(1, std::to_string(i), Value(1));
        CHECK(relay.board().entries() == limits.entries_per_connection);
        CHECK(relay.board().dropped() == limits.entries_per_connection);
    }
    SECTION("bytes of one connection") {
        for (int i = 0; i < 64; ++i)
            relay.say(1, std::to_string(i), Value(std::string(4'000, 'x')));
        CHECK(relay.board().entries() < limits.bytes_per_connection / 4'000);
        CHECK(relay.board().dropped() > 0);
    }
    SECTION("sessions of one space") {
        for (ConnectionId id = 10; id < 50; ++id) {
            ReplicaId replica = alice;
            replica.bytes[0] = static_cast<std::byte>(id);
            relay.connect(id, replica, "x");
            relay.open(id);
            for (int i = 0; i < 40; ++i) relay.say(id, std::to_string(i), Value(1));
        }
        CHECK(relay.board().entries() == limits.entries_per_space);
        for (ConnectionId id = 10; id < 50; ++id) relay.disconnect(id);
        relay.pass(1'000);
    }
    relay.disconnect(1);
    relay.pass(1'000);
    CHECK(relay.board().entries() == 0);
    relay.say(2, "", Value(1));
    CHECK(relay.board().entries() == 1);
}

TEST_CASE("a replica that is back is not lost with its old connection", "[presence]") {
    Two relay;
    relay.say(1, "tab", Value(1));
    (void)relay.told(2);
    relay.connect(3, alice, "alice");
    relay.open(3);
    relay.say(3, "tab", Value(1));
    relay.say(1, "tab", Value("late"));
    relay.disconnect(1);  // noticed a while later
    relay.pass(1'000);
    CHECK(relay.told(2).empty());
    relay.disconnect(3);
    relay.pass(100);
    CHECK(relay.told_one(2).value.empty());
}

TEST_CASE("a presence that is no value, or too large, is refused", "[presence]") {
    Two relay;
    SECTION("broken") { relay.receive(1, wire::Presence{"s", "", Bytes(1, std::byte{0xC1}), 1}); }
    SECTION("two values") { relay.receive(1, wire::Presence{"s", "", Bytes(2, std::byte{1}), 1}); }
    SECTION("large") { relay.say(1, "", Value(std::string(5'000, 'x'))); }
    CHECK(relay.closed == std::vector<ConnectionId>{1});
    CHECK(relay.board().received() == 0);
}

// ---- The device

namespace {

wire::PresenceEntry bobs(const std::string& session, const Value& value) {
    return {bob, session, "bob", 0, encoded(value)};
}

}  // namespace

TEST_CASE("a book refuses what a relay would", "[presence]") {
    PresenceBook book;
    const auto code = [](const Result<bool>& result) { return result.error().code; };
    CHECK(code(book.set("s", std::string(65, 'x'), Value(1), 30'000, 0)) ==
          ErrorCode::invalid_argument);
    CHECK(code(book.set("s", "\xFF", Value(1), 30'000, 0)) == ErrorCode::invalid_argument);
    CHECK(code(book.set("s", "", Value(1), 999, 0)) == ErrorCode::out_of_range);
    CHECK(code(book.set("s", "", Value(1), 120'001, 0)) == ErrorCode::out_of_range);
    CHECK(code(book.set("s", "", Value(std::string(4'096, 'x')), 30'000, 0)) ==
          ErrorCode::too_large);
    CHECK(code(book.set("s", "", Value("\xFF"), 30'000, 0)) == ErrorCode::invalid_utf8);
    for (std::size_t i = 0; i < PresenceBook::sessions_max; ++i)
        CHECK(book.set("s", std::to_string(i), Value(1), 30'000, 0));
    CHECK(code(book.set("s", "more", Value(1), 30'000, 0)) == ErrorCode::out_of_range);
    CHECK(book.set("s", "0", Value(2), 30'000, 0));
    CHECK_FALSE(book.set("s", "0", Value(2), 30'000, 0).value());  // nothing new
}

TEST_CASE("own presence is sent when the space is open, thinned out, and renewed in time",
          "[presence]") {
    PresenceBook book;
    std::uint64_t now = begin_ms;
    REQUIRE(book.set("s", "tab", Value(1), 10'000, now));
    CHECK(book.take_due(now).empty());
    CHECK_FALSE(book.due_in(now));
    book.opened("s");
    CHECK(book.due_in(now) == 0U);
    REQUIRE(book.take_due(now).size() == 1);
    CHECK(book.due_in(now) == 5'000U);
    now += 10;
    REQUIRE(book.set("s", "tab", Value(2), 10'000, now));
    REQUIRE(book.set("s", "tab", Value(3), 10'000, now));
    CHECK(book.take_due(now).empty());
    CHECK(book.due_in(now) == 40U);
    now += 40;
    const auto second = book.take_due(now);
    REQUIRE(second.size() == 1);
    CHECK(second[0] == wire::Presence{"s", "tab", encoded(Value(3)), 10'000});
    now += 5'000;
    CHECK(book.take_due(now) == second);  // the renewal

    // A connection later, without anything new.
    CHECK(book.disconnected().empty());
    CHECK(book.take_due(now).empty());
    book.opened("s");
    CHECK(book.take_due(now) == second);
    now += 100;
    CHECK(book.clear("s", "tab"));
    CHECK_FALSE(book.clear("s", "tab"));
    CHECK(book.list("s", alice, now).empty());
    CHECK(book.take_due(now) == std::vector<wire::Presence>{{"s", "tab", {}, 0}});
    CHECK_FALSE(book.due_in(now));

    // Cleared before it was ever sent, or while nobody was connected: nothing to tell.
    REQUIRE(book.set("s", "tab", Value(1), 10'000, now));
    CHECK(book.clear("s", "tab"));
    CHECK(book.take_due(now).empty());
    // A wall clock that is set back does not end the renewals.
    REQUIRE(book.set("s", "tab", Value(1), 10'000, now));
    (void)book.take_due(now);
    now -= 3'600'000;
    CHECK(book.take_due(now).empty());
    CHECK(book.take_due(now + 5'000).size() == 1);
}

TEST_CASE("a book shows own sessions always, and others while there is a connection",
          "[presence]") {
    PresenceBook book;
    REQUIRE(book.set("s", "tab", Value(1), 10'000, begin_ms));
    book.opened("s");
    CHECK(book.take({"s", false, {bobs("x", Value(2)), bobs("y", Value(3))}}, alice, begin_ms));
    // What an earlier connection of our own said is not somebody else.
    CHECK_FALSE(book.take({"s", false, {{alice, "tab", "a", 0, encoded(Value(0))}}}, alice, 0));
    const auto all = book.list("s", alice, begin_ms + 500);
    REQUIRE(all.size() == 3);
    CHECK(all[0] == Presence{alice, "", "tab", Value(1), 500, true});
    CHECK(all[1] == Presence{bob, "bob", "x", Value(2), 500, false});
    CHECK(all[2].session == "y");
    CHECK(book.list("t", alice, begin_ms).empty());

    SECTION("one goes") {
        CHECK(book.take({"s", false, {{bob, "x", "bob", 0, {}}}}, alice, begin_ms));
        CHECK_FALSE(book.take({"s", false, {{bob, "x", "bob", 0, {}}}}, alice, begin_ms));
        CHECK(book.list("s", alice, begin_ms).size() == 2);
    }
    SECTION("the whole is told") {
        CHECK(book.take({"s", true, {bobs("y", Value(4))}}, alice, begin_ms));
        const auto now = book.list("s", alice, begin_ms);
        REQUIRE(now.size() == 2);
        CHECK(now[1].value == Value(4));
    }
    SECTION("the connection is lost") {
        CHECK(book.disconnected() == std::vector<std::string>{"s"});
        CHECK(book.disconnected().empty());
        CHECK(book.list("s", alice, begin_ms).size() == 1);
    }
    SECTION("the right is lost") {
        CHECK(book.left("s"));
        CHECK(book.list("s", alice, begin_ms).size() == 1);
    }
}

TEST_CASE("a relay cannot fill a device's memory with presence", "[presence]") {
    PresenceBook book;
    book.opened("s");
    const Value large(std::string(60'000, 'x'));
    for (int i = 0; i < 300; ++i)
        (void)book.take({"s", false, {bobs(std::to_string(i), large)}}, alice, 0);
    CHECK(book.list("s", alice, 0).size() < 150);
    (void)book.take({"s", true, {}}, alice, 0);
    for (int i = 0; i < 5'000; ++i)
        (void)book.take({"s", false, {bobs(std::to_string(i), Value(1))}}, alice, 0);
    CHECK(book.list("s", alice, 0).size() == PresenceBook::others_max);
    // What does not decode is of a later version, and passed over.
    CHECK_FALSE(book.take({"s", false, {{bob, "0", "", 0, Bytes(1, std::byte{0xC1})}}}, alice, 0));
}
