// Faults that the simulator found in the sessions, each told without it.

#include "device.hpp"
#include "memory_relay_storage.hpp"
#include "syncline/sync/client_session.hpp"
#include "syncline/sync/relay_engine.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace syncline;
using namespace syncline::sim;

namespace {

ClientSession session_of(const ReplicaId& id) {
    ClientSession::Options options;
    options.replica = id;
    options.nonce = 1;
    return ClientSession(options);
}

void welcome(ClientSession& session, Device& device) {
    (void)session.add(*device.space, now_ms);
    (void)session.connected(now_ms);
    wire::Welcome message;
    message.time_ms = now_ms;
    (void)session.received(wire::encode(message), now_ms);
}

struct Relay {
    MemoryRelayStorage disk;
    std::uint64_t dice = 1;
    RelayEngine engine{disk,
                       [this](std::byte* into, std::size_t size) {
                           for (std::size_t i = 0; i < size; ++i) {
                               into[i] = static_cast<std::byte>(dice++);
                           }
                       },
                       RelayEngine::Options{}};
    const SpaceKey key{"", "s"};

    std::vector<RelayReply> process(const std::vector<RelayRequest>& requests) {
        auto replies = engine.process(requests, now_ms);
        REQUIRE(replies.has_value());
        return std::move(*replies);
    }
    void enter(const ReplicaId& id) {
        (void)process({relay_request::Register{1, "", id, 1, "somebody"}});
    }
    wire::Message push(const ReplicaId& id, const ChainHead& head, std::vector<Bytes> changes) {
        auto replies =
            process({relay_request::Push{1, key, id, 1, {"s", head, std::move(changes)}}});
        return std::get<relay_reply::Answer>(replies.back()).message;
    }
};

}  // namespace

TEST_CASE("a clock set back does not put a retry off for years", "[sim][regression]") {
    Device device(alice);
    ClientSession session = session_of(alice);
    welcome(session, device);
    (void)session.received(wire::encode(opened(0, 0)), now_ms);
    wire::Failure failure;
    failure.space = "s";
    failure.code = ErrorCode::storage_full;
    failure.retryable = true;
    failure.retry_after_ms = 5'000;
    (void)session.received(wire::encode(failure), now_ms);
    CHECK(session.tick(now_ms - year_ms).send.empty());
    CHECK(session.tick(now_ms - year_ms + 6'000).send.size() == 1);
}

TEST_CASE("clocks that were set after the welcome are compared again", "[sim][regression]") {
    Device device(alice);
    ClientSession session = session_of(alice);
    welcome(session, device);
    (void)session.received(wire::encode(opened(0, 0)), now_ms);
    // The device's clock jumps a year ahead; the offset told by welcome is worth nothing now.
    REQUIRE(device.set("x", now_ms + year_ms).has_value());
    (void)session.changed("s", now_ms + year_ms);
    wire::Rejected refusal{"s", {}, {{1, ErrorCode::clock_ahead, "far ahead"}}};
    const auto effects = session.received(wire::encode(refusal), now_ms + year_ms);
    REQUIRE(effects.close.has_value());
    CHECK(effects.close->retryable);
    CHECK(effects.identity == ClientEffects::Identity::keep);
    CHECK(device.space->pending() == 1);
}

TEST_CASE("an id is left when nothing is being pushed that a copy may hold", "[sim][regression]") {
    // One id, two spaces, an edit waiting in each. In `s` the chains have parted.
    using Identity = ClientEffects::Identity;
    Device parted(alice);
    Device other(alice, "t");
    REQUIRE(parted.set("x"));
    REQUIRE(other.set("y"));
    ClientSession session = session_of(alice);
    (void)session.add(*other.space, now_ms);
    welcome(session, parted);
    wire::Opened of_other = opened(0, 0);
    of_other.space = "t";
    // What waits in `t` may wait in a copy, too, and goes out first.
    CHECK(session.received(wire::encode(opened(0, 0, {9, Hash{}})), now_ms).identity ==
          Identity::keep);
    SECTION("the other space takes it") {
        const auto pushing = session.received(wire::encode(of_other), now_ms);
        CHECK(pushing.identity == Identity::keep);
        CHECK(pushing.send.size() == 1);
    }
    // Was: it was waited for, and `s` stood still for ever.
    SECTION("the other space may not be written") {
        of_other.access = Access::read;
        CHECK(session.received(wire::encode(of_other), now_ms).identity == Identity::replace);
    }
    SECTION("the other space is refused") {
        wire::Failure failure;
        failure.space = "t";
        failure.code = ErrorCode::forbidden;
        CHECK(session.received(wire::encode(failure), now_ms).identity == Identity::replace);
    }
}

TEST_CASE("a transaction that cannot begin leaves nothing in sight", "[sim][regression]") {
    Device device(alice);
    REQUIRE(device.set("first").has_value());
    device.storage->faults().fail_at(1, ErrorCode::storage_failed);
    CHECK_FALSE(device.set("second").has_value());
    CHECK(device.shown() == "first");
}

TEST_CASE("a refusal leaves in sight what was accepted before it", "[sim][regression]") {
    Device device(alice);
    REQUIRE(device.set("accepted").has_value());
    REQUIRE(device.set("refused").has_value());
    // The relay has stored the first; the feed has not brought it yet.
    const auto gone =
        device.space->rejected({"s", device.head_at(1), {{2, ErrorCode::forbidden, "no"}}});
    REQUIRE(gone.has_value());
    CHECK(gone->size() == 1);
    CHECK(device.shown() == "accepted");
    CHECK(device.space->pending() == 1);
}

TEST_CASE("a relay restored to before a space was made takes what names lost dots",
          "[sim][regression]") {
    Device author(alice);
    REQUIRE(author.set("lost").has_value());
    Device device(bob);
    REQUIRE(device.space->opened(opened(1, 0), bob, now_ms).has_value());
    REQUIRE(device.space->feed(batch(1, alice, author.changes()), bob, now_ms).has_value());
    REQUIRE(device.set("over what is lost").has_value());
    Relay relay;  // empty
    relay.enter(bob);
    (void)relay.process(
        {relay_request::Open{1, relay.key, bob, Access::write, device.space->open_message()}});
    CHECK(relay.engine.statistics().regressions == 1);
    CHECK(std::holds_alternative<wire::Accepted>(relay.push(bob, {}, device.changes())));
}

TEST_CASE("a full disk leaves reads alone", "[sim][regression]") {
    Device author(alice);
    REQUIRE(author.set("x").has_value());
    Relay relay;
    relay.enter(alice);
    REQUIRE(std::holds_alternative<wire::Accepted>(relay.push(alice, {}, author.changes())));
    REQUIRE(author.set("y").has_value());
    relay.disk.faults().fail_at(3, ErrorCode::storage_full);
    const auto replies = relay.process(
        {relay_request::Read{2, relay.key, 0},
         relay_request::Push{1, relay.key, alice, 1, {"s", author.head_at(1), author.changes(2)}}});
    REQUIRE(replies.size() == 2);
    const auto* history = std::get_if<relay_reply::History>(&replies.front());
    REQUIRE(history != nullptr);
    CHECK(history->last == 1);
    const auto& answer = std::get<relay_reply::Answer>(replies.back()).message;
    CHECK(std::get<wire::Failure>(answer).code == ErrorCode::storage_full);
}

TEST_CASE("a copy made while an identity is being settled is noticed", "[sim][regression]") {
    // Both copies hold the new id already; the other one has settled and written.
    Device device(alice);
    REQUIRE(device.set("x").has_value());
    const auto standing = device.space->opened(opened(1, 0, {1, Hash{}}), alice_anew, now_ms);
    REQUIRE(standing.has_value());
    CHECK(*standing == SpaceReplica::Standing::conflict);
}

TEST_CASE("no edit is made under an id whose dots the other copy has written",
          "[sim][regression]") {
    Device device(alice);
    REQUIRE(device.set("before the copy was made").has_value());
    Device copy(alice);
    REQUIRE(copy.set("before the copy was made").has_value());
    REQUIRE(copy.set("by the copy").has_value());
    REQUIRE(device.space->opened(opened(3, 0), alice_anew, now_ms).has_value());
    REQUIRE(device.space->feed(batch(1, alice, copy.changes()), alice_anew, now_ms).has_value());
    // The log is not read to its end, and yet:
    CHECK(device.space->state().replica == alice_anew);
    CHECK(device.set("over the copy's").has_value());
    CHECK(device.shown() == "over the copy's");
}

TEST_CASE("nothing is pushed before the log is read again", "[sim][regression]") {
    Device author(bob);
    REQUIRE(author.set("x").has_value());
    Device device(alice);
    REQUIRE(device.space->opened(opened(1, 0), alice, now_ms).has_value());
    REQUIRE(device.space->feed(batch(1, bob, author.changes()), alice, now_ms).has_value());
    REQUIRE(device.set("y", now_ms + year_ms).has_value());
    ClientSession session = session_of(alice);
    welcome(session, device);
    wire::Opened restored = opened(1, 0);
    restored.epoch.bytes[0] = std::byte{8};
    CHECK(session.received(wire::encode(restored), now_ms).send.empty());
    REQUIRE(device.space->staging());
    const auto effects = session.received(wire::encode(batch(1, bob, author.changes())), now_ms);
    CHECK_FALSE(device.space->staging());
    REQUIRE(effects.send.size() == 1);
    const auto push = wire::decode(effects.send.front(), wire::Limits{});
    REQUIRE(std::holds_alternative<wire::Push>(*push));
    const auto change =
        wire::decode_change(std::get<wire::Push>(*push).changes.front(), alice, wire::Limits{});
    CHECK(change->hlc.ms() <= now_ms + 1);
}

TEST_CASE("a reader's word about a lost space is taken", "[sim][regression]") {
    // Two devices that might only read were the last who knew that the relay had lost the space.
    // They took the empty log over; when they might write again, what named the lost dots was
    // refused for ever.
    Relay relay;
    relay_request::Open open;
    open.connection = 1;
    open.space = relay.key;
    open.access = Access::read;
    open.message.space = relay.key.name;
    SECTION("one who has seen nothing does not make it") {
        (void)relay.process({open});
        CHECK(relay.disk.space("", "s") == nullptr);
    }
    SECTION("one who has seen another timeline does") {
        open.message.epoch.bytes[0] = std::byte{1};
        open.message.cursor = 5;
        (void)relay.process({open});
        REQUIRE(relay.disk.space("", "s") != nullptr);
        CHECK(relay.disk.space("", "s")->record.regressed);
    }
}
