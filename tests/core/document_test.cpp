#include "syncline/document/document.hpp"

#include "support/arbitrary.hpp"
#include "syncline/document/digest.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

const Path tags = {{"tags", Type::rw_set}};
const Path title = {{"title", Type::lww_register}};

VersionVector seen_of(std::initializer_list<Dot> dots) {
    VersionVector vector;
    for (const Dot& dot : dots) vector.raise(dot.replica, dot.counter);
    return vector;
}

}  // namespace

TEST_CASE("names of documents and spaces have their alphabets", "[document]") {
    CHECK(is_document_name("t\xC3\xA4sk 1"));
    CHECK(is_document_name(std::string(128, 'x')));
    for (const std::string& bad :
         {std::string(), std::string(129, 'x'), std::string("a\nb"), std::string("\x7F"),
          std::string("\xFF"), std::string(1, '\0')}) {
        CHECK_FALSE(is_document_name(bad));
    }
    CHECK(is_space_name("Team_42:a.b-c"));
    for (const char* bad : {"", "a b", "a/b", "\xC3\xA4"}) CHECK_FALSE(is_space_name(bad));
}

TEST_CASE("a removal that comes before its add is remembered until the add comes", "[document]") {
    Document document;
    FieldOp set{title, LwwRegister().set("a")};
    FieldOp overwrite{title, LwwRegister().set("b")};
    overwrite.op.removes = {{alice, 1}};
    const VersionVector nothing;
    document.apply(overwrite, {{bob, 1}, Hlc::at(2)}, &nothing);
    CHECK(document.early() == DotSet{{alice, 1}});
    const Bytes stored = wire::encode_document(document);
    document = wire::decode_document(stored, wire::state_limits()).value();
    const VersionVector seen = seen_of({{bob, 1}});
    document.apply(set, {{alice, 1}, Hlc::at(1)}, &seen);
    CHECK(document.early().empty());
    CHECK(document.root().at<LwwRegister>(title).conflicts().empty());
    CHECK(*document.root().at<LwwRegister>(title).value() == Value("b"));
}

TEST_CASE("an author's own earlier dots, and those of the past, are never early", "[document]") {
    Document document;
    FieldOp overwrite{title, LwwRegister().set("b")};
    overwrite.op.removes = {{alice, 1}, {bob, 1}};
    const VersionVector seen = seen_of({{bob, 1}});
    document.apply(overwrite, {{alice, 2}, {}}, &seen);
    CHECK(document.early().empty());
    document.apply(overwrite, {{carol, 1}, {}}, nullptr);
    CHECK(document.early().empty());
}

TEST_CASE("an erase that comes late still takes away the erase that it had seen", "[document]") {
    // Alice erased, bob erased again having seen that, carol inserted having seen bob. After the
    // relay was restored carol's change came before bob's, and alice's erase stayed in force.
    const RwSet empty;
    const FieldOp alices{tags, empty.erase("x")};
    FieldOp bobs{tags, empty.erase("x")};
    bobs.op.removes = {{alice, 1}};
    FieldOp carols{tags, empty.insert("x")};
    carols.op.removes = {{bob, 1}};

    Document document;
    VersionVector seen;
    document.apply(alices, {{alice, 1}, Hlc::at(1)}, &seen);
    seen.raise(alice, 1);
    document.apply(carols, {{carol, 1}, Hlc::at(3)}, &seen);
    seen.raise(carol, 1);
    CHECK_FALSE(document.root().at<RwSet>(tags).contains("x"));
    document.apply(bobs, {{bob, 1}, Hlc::at(2)}, &seen);
    CHECK(document.root().at<RwSet>(tags).contains("x"));
    CHECK(document.early().empty());
}

TEST_CASE("an add to a counter counts though a hostile removal named its dot", "[document]") {
    const Path votes = {{"votes", Type::pn_counter}};
    FieldOp hostile{{}, {}};
    hostile.op.removes = {{alice, 1}};
    Document document;
    const VersionVector nothing;
    document.apply(hostile, {{bob, 1}, {}}, &nothing);
    document.apply({votes, PnCounter().add(3)}, {{alice, 1}, {}}, &nothing);
    CHECK(document.root().at<PnCounter>(votes).value() == 3);
    CHECK(document.early().empty());
}

TEST_CASE("a log whose changes came back in another order makes the same document", "[document]") {
    // Each author's ops in their order, but nobody waits for what he had seen of the others.
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(2'000); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const auto history = History<OrMap>::arbitrary(random);
        Document restored;
        VersionVector seen;
        std::vector<std::size_t> next(3, 0);
        std::vector<std::vector<std::size_t>> by_author(3);
        for (std::size_t i = 0; i < history.made.size(); ++i) {
            for (std::size_t who = 0; who < 3; ++who) {
                if (history.made[i].update.at.dot.replica == replica(who))
                    by_author[who].push_back(i);
            }
        }
        for (std::size_t left = history.made.size(); left > 0;) {
            const std::size_t who = random.below(3);
            if (next[who] == by_author[who].size()) continue;
            const auto& update = history.made[by_author[who][next[who]++]].update;
            restored.apply(update.op, update.at, &seen);
            seen.raise(update.at.dot.replica, update.at.dot.counter + span(update.op.op) - 1);
            --left;
        }
        REQUIRE(restored.early().empty());
        const auto whole = history.fed(history.all(), random);
        REQUIRE(wire::encode_document(restored) == wire::encode_document(Document(*whole)));
    }
}

TEST_CASE("replicas that fold one log store the same bytes", "[document]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(500); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const auto history = History<OrMap>::arbitrary(random, 30);
        Document relay;
        Document device;
        VersionVector seen;
        for (std::size_t i = 0; i < history.made.size(); ++i) {
            const auto& update = history.made[i].update;
            relay.apply(update.op, update.at, &seen);
            seen.raise(update.at.dot.replica, update.at.dot.counter + span(update.op.op) - 1);
            device.apply(update.op, update.at, nullptr);
            // The device stores and loads the document after each op.
            const Bytes bytes = wire::encode_document(device);
            const auto back = wire::decode_document(bytes, wire::state_limits());
            REQUIRE(back);
            device = *back;
            REQUIRE(wire::encode_document(device) == bytes);
        }
        REQUIRE(wire::encode_document(relay) == wire::encode_document(device));
    }
}

TEST_CASE("a section applied at once is its ops applied one by one", "[document]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(3'000); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const auto history = History<OrMap>::arbitrary(random);
        const Document start(*history.fed(history.all(), random));
        // A real continuation by one author, and ops that nobody sensible makes.
        auto author = history.fed(history.all(), random);
        const std::uint64_t counter = author.context().next(alice);
        std::vector<FieldOp> ops;
        for (int i = 0; i < 6; ++i) {
            const std::size_t choice = random.below(Mutators<OrMap>::choices);
            for (const auto& op : Mutators<OrMap>::make(*author, alice, choice)) {
                author.update(alice, Hlc::at(9), op);
                ops.push_back(op);
            }
        }
        if (random.one_in(2)) {
            for (FieldOp& op : ops) {
                if (random.one_in(3)) op.op.removes.insert({bob, 1 + random.below(9)});
            }
        }
        const Event first{{alice, counter}, Hlc::at(9)};
        VersionVector seen;
        seen.raise(bob, 3);
        for (const VersionVector* known : {static_cast<const VersionVector*>(nullptr),
                                           static_cast<const VersionVector*>(&seen)}) {
            Document one_by_one = start;
            Event at = first;
            for (const FieldOp& op : ops) {
                one_by_one.apply(op, at, known);
                at.dot.counter += span(op.op);
            }
            Document at_once = start;
            at_once.apply(ops, first, known);
            REQUIRE(wire::encode_document(at_once) == wire::encode_document(one_by_one));
        }
    }
}

TEST_CASE("thousands of clears of a large document are one look at it", "[document]") {
    // One by one this change of half a megabyte took an hour.
    OrMap map;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        LwwRegister reg;
        reg.apply(reg.set(1), {{alice, i + 1}, Hlc{}});
        map.insert({std::to_string(i), Type::lww_register}, Node(reg));
    }
    Document document(map);
    std::vector<FieldOp> clears(wire::ops_max);
    for (std::size_t i = 0; i < clears.size(); ++i) clears[i].op.removes = {{bob, i + 1}};
    clears.back().op.removes = {{alice, 7}};
    document.apply(clears, {{carol, 1}, {}}, nullptr);
    CHECK(document.root().fields().size() == 19'999);
}

TEST_CASE("a damaged state is refused or is another state, never the same", "[document]") {
    std::uint64_t refused = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(5'000); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const auto history = History<OrMap>::arbitrary(random);
        const auto& state = history.replicas[0];
        const Bytes bytes = damaged(wire::encode_document(Document(*state)), random);
        if (const auto read = wire::decode_document(bytes, wire::state_limits())) {
            REQUIRE(wire::encode_document(*read) == bytes);
        } else {
            ++refused;
        }
        const Bytes alone = damaged(wire::encode_state(*state, state.context()), random);
        if (const auto read = wire::decode_state(alone, wire::state_limits())) {
            REQUIRE(wire::encode_state(read->first, read->second) == alone);
        }
    }
    CHECK(refused > scaled(1'000));
}

TEST_CASE("a state whose dots are not in its own context is refused", "[document]") {
    // Its next event would take a dot that is in use.
    OrMap map;
    map.apply({{{"f", Type::ew_flag}}, EwFlag().enable()}, {{alice, 3}, {}});
    CausalContext context;
    context.insert(alice, {1, 2});
    const Bytes bytes = wire::encode_state(map, context);
    CHECK(wire::decode_state(bytes, wire::state_limits()).error().code == ErrorCode::out_of_range);
    context.insert(Dot{alice, 3});
    CHECK(wire::decode_state(wire::encode_state(map, context), wire::state_limits()));
}

TEST_CASE("a state nests as deep as a change can, and no deeper", "[document]") {
    const auto nested = [](std::size_t maps) {
        Path path(maps, FieldKey{"m", Type::map});
        path.push_back({"x", Type::ew_flag});
        OrMap map;
        map.apply({path, EwFlag().enable()}, {{alice, 1}, {}});
        return wire::encode_document(Document(map));
    };
    CHECK(wire::decode_document(nested(wire::path_max - 1), wire::state_limits()));
    CHECK(wire::decode_document(nested(wire::path_max), wire::state_limits()).error().code ==
          ErrorCode::too_deep);
}

TEST_CASE("an empty document has no bytes, and no bytes are an empty document", "[document]") {
    CHECK(wire::encode_document(Document()).empty());
    CHECK(wire::decode_document({}, wire::state_limits()).value().empty());
    CHECK(wire::decode_document(from_hex("9390909190"), wire::state_limits()).error().code ==
          ErrorCode::not_canonical);
}

TEST_CASE("a digest is a sum: any order, and a document can be taken out again", "[digest]") {
    const DocumentKey t1{"tasks", "t1"};
    const DocumentKey t2{"tasks", "t2"};
    const Bytes a = from_hex("01");
    const Bytes b = from_hex("02");
    Digest one;
    one.add(t1, a);
    one.add(t2, b);
    Digest other;
    other.add(t2, b);
    other.add(t1, a);
    CHECK(one == other);
    CHECK_FALSE(one.value() == Hash{});
    one.remove(t1, a);
    Digest only;
    only.add(t2, b);
    CHECK(one == only);
    one.remove(t2, b);
    CHECK(one.value() == Hash{});
    one.add(t1, {});
    CHECK(one == Digest());
}

TEST_CASE("a digest tells which document has which state", "[digest]") {
    const auto of = [](const DocumentKey& key, std::string_view state) {
        Digest digest;
        digest.add(key, as_bytes(state));
        return digest;
    };
    CHECK_FALSE(of({"a", "bc"}, "s") == of({"ab", "c"}, "s"));
    CHECK_FALSE(of({"a", "b"}, "s") == of({"a", "b"}, "t"));
    // The summand of one document is the hash that docs/encoding.md names.
    wire::Writer out;
    out.array(3).text("a").text("b").binary(as_bytes("s"));
    CHECK(of({"a", "b"}, "s").value() == hash_of(out.view()));
}

TEST_CASE("a digest carries and borrows over all of its 128 bits", "[digest]") {
    Hash ones;
    ones.bytes.fill(std::byte{0xFF});
    Hash one;
    one.bytes[0] = std::byte{1};
    Digest sum = Digest::from(ones);
    sum.add(Digest::from(one));
    CHECK(sum.value() == Hash{});
    Digest low;
    for (std::size_t i = 0; i < 8; ++i) ones.bytes[8 + i] = std::byte{0};
    low = Digest::from(ones);
    low.add(Digest::from(one));
    CHECK(to_hex(low.value().view()) == "00000000000000000100000000000000");
    // Adding and removing a thousand documents in another order comes back to where it was.
    Random random(first_seed());
    Digest digest = low;
    std::vector<std::pair<DocumentKey, Bytes>> documents;
    for (int i = 0; i < 1'000; ++i) {
        Bytes state(1 + random.below(20));
        for (std::byte& b : state) b = static_cast<std::byte>(random() & 0xFF);
        documents.push_back({{"c", std::to_string(i)}, state});
    }
    for (const auto& [key, state] : documents) digest.add(key, state);
    for (auto at = documents.rbegin(); at != documents.rend(); ++at) {
        digest.remove(at->first, at->second);
    }
    CHECK(digest == low);
}
