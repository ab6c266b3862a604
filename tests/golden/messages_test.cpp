// Every message of the protocol once with all its fields, and once with none that can be left out.
#include "syncline/sync/messages.hpp"

#include "vectors.hpp"

#include <utility>
#include <vector>

using namespace syncline;
using namespace syncline::golden;
using testing::alice;
using testing::bob;

namespace {

ChainHead head() {
    ChainHead head;
    head.counter = 3;
    head.hash.bytes.fill(std::byte{0xE5});
    return head;
}

EpochId epoch() {
    EpochId epoch;
    epoch.bytes.fill(std::byte{0xEC});
    return epoch;
}

VersionVector vector() {
    VersionVector vector;
    vector.raise(alice, 7);
    vector.raise(bob, 300);
    return vector;
}

Bytes value() {
    wire::Writer out;
    wire::write_value(out, Value(Value::Map{{"at", 12}, {"name", "Ada"}}));
    return out.take();
}

const std::vector<std::pair<std::string, wire::Message>>& messages() {
    const std::vector<std::string> filter{"notes", "tasks"};
    const Bytes bytes = from_hex("c0ffee");
    static const std::vector<std::pair<std::string, wire::Message>> all = {
        {"hello", wire::Hello{1, 1, alice, 5, "token", 1'700'000'000'000,
                              wire::capability::presence, "agent"}},
        {"hello.least", wire::Hello{1, 1, alice, 1, "", 1, 0, ""}},
        {"open", wire::Open{"s", epoch(), 41, 77, vector(), filter}},
        {"open.least", wire::Open{"s", {}, 0, 0, {}, std::nullopt}},
        {"push", wire::Push{"s", head(), {bytes, bytes}}},
        {"auth", wire::Auth{"token"}},
        {"close", wire::Close{"s"}},
        {"presence", wire::Presence{"s", "tab 1", value(), 30'000}},
        {"presence.cleared", wire::Presence{"s", "", {}, 0}},
        {"welcome", wire::Welcome{1, 1'700'000'000'000, 1'048'576, 1'048'576,
                                  wire::capability::presence, "relay"}},
        {"opened", wire::Opened{"s", epoch(), 2, 41, 40, head(), vector(), Access::write, filter}},
        {"changes", wire::Changes{"s", {{1, 77, bytes}, {3, 78, bytes}}}},
        {"accepted", wire::Accepted{"s", head()}},
        {"rejected", wire::Rejected{"s", head(), {{4, ErrorCode::forbidden, "no"}}}},
        {"goaway", wire::GoAway{5'000}},
        {"failure", wire::Failure{"s", ErrorCode::gap, "gap", true, 1'000, head()}},
        {"failure.least", wire::Failure{"", ErrorCode::unauthorized, "", false, 0, {}}},
        {"presence_news",
         wire::PresenceNews{
             "s", true, {{alice, "tab 1", "ada", 2'500, value()}, {bob, "", "", 0, {}}}}},
        {"presence_news.least", wire::PresenceNews{"s", false, {}}},
    };
    return all;
}

}  // namespace

TEST_CASE("messages keep their bytes", "[golden]") {
    Vectors made;
    for (const auto& [name, message] : messages()) {
        CAPTURE(name);
        const Bytes bytes = wire::encode(message);
        made["message." + name] = to_hex(bytes);
        CHECK(wire::decode(bytes, wire::relay_frame_limits()).value() == message);
    }
    check_vectors("messages.txt", "Messages (docs/protocol.md, section 4)", made);
}

TEST_CASE("fields of a newer version are passed over, in a message and in its entries",
          "[golden]") {
    // {0: 40, 1: "s", 3: [{1: replica, 9: null}], 9: true}
    const Bytes bytes = from_hex(
        "84002801a1730391"
        "8201c410" +
        to_hex(alice.view()) +
        "09c0"
        "09c3");
    const auto message = wire::decode(bytes, wire::relay_frame_limits());
    REQUIRE(message);
    CHECK(*message == wire::Message(wire::PresenceNews{"s", false, {{alice, "", "", 0, {}}}}));
}
