// States in columns: large enough that every form of a column is met.
#include "support/arbitrary.hpp"
#include "syncline/document/document.hpp"
#include "syncline/document/packed_changes.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace syncline;
using namespace syncline::testing;

namespace {

ReplicaId author(std::uint64_t n) {
    ReplicaId id;
    id.bytes.fill(static_cast<std::byte>(0xA0 + n));
    return id;
}

std::string text_of(Random& random, std::size_t size) {
    const std::string letters = random.below(2) == 0 ? "aaaabcd e" : "\x01xyz0123456789!?-_";
    std::string text;
    for (; size > 0; --size) text += letters[random.below(letters.size())];
    return text;
}

/// Mostly alike, sometimes far away.
std::uint64_t skewed(Random& random, std::uint64_t most, std::uint64_t bound) {
    return random.below(20) == 0 ? random.below(bound) : random.below(most);
}

Value some_value(Random& random) {
    switch (random.below(12)) {
        case 0: return text_of(random, skewed(random, 20, 300));
        case 1: return random.below(2) == 0;
        case 2: return nullptr;
        case 3: return 0.5 + static_cast<double>(random.below(7));
        case 4: return std::numeric_limits<std::int64_t>::min();
        case 5: return Value::Map{{"k", Value::Array{1, nullptr}}, {"m", from_hex("00ff")}};
        default: return static_cast<std::int64_t>(skewed(random, 300, 1'000'000'000)) - 100;
    }
}

/// Many fields of a few kinds, with one form of column or another.
Document large(Random& random) {
    OrMap map;
    const std::uint64_t authors = 1 + random.below(3);
    const std::uint64_t stamps = 1 + random.below(2) * random.below(1'000'000);
    const bool rows = random.below(2) == 0;
    const bool ordered = random.below(2) == 0;
    const Value same = some_value(random);
    const bool alike = random.below(2) == 0;
    const std::uint64_t count = 1 + random.below(700);
    std::uint64_t counter = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::string name = "k" + std::to_string(ordered ? i : random.below(100'000));
        Path path{{name, Type::lww_register}};
        if (rows) path = {{name, Type::map}, {"c" + std::to_string(i % 3), Type::lww_register}};
        Op op;
        op.code = OpCode::set;
        op.value = alike ? same : some_value(random);
        counter += 1 + (ordered ? 0 : random.below(4));
        const Hlc hlc{(1'700'000'000'000ULL << 16) + counter * stamps};
        map.apply({path, op}, {{author(random.below(authors)), counter}, hlc});
    }
    const Path notes{{"notes", Type::text}};
    for (std::uint64_t edits = random.below(60); edits > 0; --edits) {
        const Text& text = map.at<Text>(notes);
        const std::uint32_t size = text.size();
        const auto at = static_cast<std::uint32_t>(random.below(size + 1));
        auto op =
            size > 0 && random.below(4) == 0
                ? text.erase(at == size ? 0 : at, 1 + static_cast<std::uint32_t>(random.below(9)))
                : text.insert(at, text_of(random, 1 + random.below(30)));
        if (!op) continue;
        const Event event{{author(random.below(authors)), ++counter}, Hlc{}};
        map.apply({notes, *op}, event);
        counter += span(*op);
    }
    return Document(map);
}

CausalContext everything() {
    VersionVector vector;
    for (std::uint64_t n = 0; n < 4; ++n) vector.raise(author(n), 1'000'000);
    return CausalContext(vector);
}

}  // namespace

TEST_CASE("large states are read back, from their only bytes", "[core][state]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(200); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Document document = large(random);
        const Bytes bytes = wire::encode_document(document);
        const auto back = wire::decode_document(bytes, wire::state_limits());
        REQUIRE(back);
        REQUIRE(*back == document);
        REQUIRE(wire::encode_document(*back) == bytes);

        const Bytes state = wire::encode_state(document.root(), everything());
        const auto read = wire::decode_state(state, wire::state_limits());
        REQUIRE(read);
        REQUIRE(read->first == document.root());
        REQUIRE(read->second == everything());
        REQUIRE(wire::encode_state(read->first, read->second) == state);
    }
}

TEST_CASE("a damaged large state is refused or is another state", "[core][state]") {
    std::uint64_t refused = 0;
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(1'000); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Bytes sound = wire::encode_document(large(random));
        for (int i = 0; i < 5; ++i) {
            const Bytes bytes = damaged(sound, random);
            const auto read = wire::decode_document(bytes, wire::state_limits());
            if (!read) ++refused;
            if (read && wire::is_newest_form(bytes)) REQUIRE(wire::encode_document(*read) == bytes);
        }
    }
    CHECK(refused > scaled(1'000));
}

TEST_CASE("no prefix of a state is a state", "[core][state]") {
    Random random(1);
    const Bytes bytes = wire::encode_document(large(random));
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        const auto read = wire::decode_document(BytesView(bytes).first(size), wire::state_limits());
        REQUIRE_FALSE(read);
    }
}

TEST_CASE("columns that promise more than there are cost nothing", "[core][state]") {
    // form, no replicas, no flags, then so many shapes: as runs of 256, in a few bytes.
    const std::string second_form = "0100";
    for (const char* rest : {"00"
                             "ffffffffffffffff01",
                             "00"
                             "ffffff1f"
                             "02",
                             "10"
                             "00"
                             "ffffffff0f"
                             "02ff",
                             "20"
                             "00"
                             "ffffff0f02"}) {
        CAPTURE(rest);
        REQUIRE_FALSE(wire::decode_document(from_hex(second_form + rest), wire::state_limits()));
    }
    // The third form: kind, replicas, fields and flags in a byte; 1b has three fields or more, 7b
    // flags behind it, 63 no fields and flags, 09 three replicas or more.
    for (const char* hex : {"1bffffffffffffffffff01", "1bffffff1f02", "6310ffffffff0f02ff",
                            "6320ffffff0f02", "09ffffffffffffffffff01", "09ffffff1f"}) {
        CAPTURE(hex);
        REQUIRE_FALSE(wire::decode_document(from_hex(hex), wire::state_limits()));
    }
    wire::Limits few;
    few.values_max = 100;
    Random random(3);
    const Bytes bytes = wire::encode_document(large(random));
    CHECK(wire::decode_document(bytes, few).error().code == ErrorCode::too_large);
    few = wire::state_limits();
    few.bytes_max = bytes.size() - 1;
    CHECK(wire::decode_document(bytes, few).error().code == ErrorCode::too_large);
}

TEST_CASE("a run of numbers has one at least", "[codec]") {
    // Was: a length of 2^64 was one of none, after which the run before it was looked for.
    for (const char* hex :
         {"1cfd0102ffffffffffffffffffff1f000000",
          // a run of none between two of one number
          "1e01000000000000000000000000000000027b027e38ffffffffffffffffffff1fe0970302"
          "90c31f0002fd110200fc11303001"}) {
        CAPTURE(hex);
        CHECK_FALSE(wire::decode_state(from_hex(hex), wire::state_limits()));
        CHECK_FALSE(wire::decode_document(from_hex(hex), wire::state_limits()));
    }
    CHECK_FALSE(
        wire::unpack(from_hex("0201800402ffffffffffffffffffff1f000000"), wire::state_limits()));
}

TEST_CASE("what is alike takes next to no bytes", "[core][state]") {
    // 1,000 registers of one change: 10 bits for the dot and 20 for the value, and the keys count.
    Random random(1);
    OrMap map;
    std::vector<std::uint64_t> order(1'000);
    for (std::uint64_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
    for (std::uint64_t i = 0; i < order.size(); ++i) {
        Op op;
        op.code = OpCode::set;
        op.value = static_cast<std::int64_t>(random.below(1'000'000));
        map.apply({{{"k" + std::to_string(order[i]), Type::lww_register}}, op},
                  {{alice, i + 1}, Hlc{1'700'000'000'000ULL << 16}});
    }
    const Bytes bytes = wire::encode_document(Document(map));
    CHECK(bytes.size() < 1'000 * 30 / 8 + 700);
    const auto back = wire::decode_document(bytes, wire::state_limits());
    REQUIRE(back);
    CHECK(back->root() == map);
}

TEST_CASE("an emptied text takes its id and eight bytes", "[core][state]") {
    const Path path{{"t", Type::text}};
    OrMap map;
    map.apply({path, *Text().insert(0, std::string(6'000, 'a'))}, {{alice, 1}, Hlc{}});
    map.apply({path, *map.at<Text>(path).erase(0, 6'000)}, {{alice, 6'001}, Hlc{}});
    VersionVector seen;
    seen.raise(alice, 6'001);
    const Bytes bytes = wire::encode_state(map, CausalContext(seen));
    CHECK(bytes.size() == 24);
    const auto back = wire::decode_state(bytes, wire::state_limits());
    REQUIRE(back);
    CHECK(back->first == map);

    SECTION("and has no other spelling") {
        // The same as a text of one stretch: counts and links in place of a shape.
        const Bytes other = from_hex("4e" + to_hex(alice.view()) + "f12e" + "04" + "0101" + "09" +
                                     "0108" + "ef2e" + "e15d" + "74" + "00");
        CHECK(wire::decode_state(other, wire::state_limits()).error().code ==
              ErrorCode::not_canonical);
    }
}

TEST_CASE("emptied texts and lists are read back, wherever they are", "[core][state]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(300); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        OrMap map;
        std::uint64_t counter = 0;
        const std::uint64_t fields = 1 + random.below(12);
        for (std::uint64_t i = 0; i < fields; ++i) {
            const ReplicaId who = author(random.below(3));
            const bool is_text = random.below(2) == 0;
            Path path{{"f" + std::to_string(i), is_text ? Type::text : Type::list}};
            if (random.below(3) == 0) path.insert(path.begin(), Step("m", Type::map));
            const auto size = static_cast<std::uint32_t>(1 + random.below(40));
            Op op = is_text ? *Text().insert(0, std::string(size, 'x'))
                            : *List().insert(0, Value::Array(size, 1));
            counter += random.below(3);
            const std::uint64_t first = counter + 1;
            map.apply({path, op}, {{who, first}, Hlc{first << 16}});
            counter += size;
            Op erase;
            erase.code = OpCode::erase;
            const std::uint64_t left = random.below(3) == 0 ? random.below(size) : 0;
            if (left < size) erase.removes.insert(DotRun{who, first, first + size - 1 - left});
            map.apply({path, erase}, {{who, ++counter}, Hlc{}});
        }
        const Document document(map);
        const Bytes bytes = wire::encode_document(document);
        const auto back = wire::decode_document(bytes, wire::state_limits());
        REQUIRE(back);
        REQUIRE(*back == document);
        const Bytes state = wire::encode_state(map, everything());
        const auto read = wire::decode_state(state, wire::state_limits());
        REQUIRE(read);
        REQUIRE(read->first == map);
    }
}

TEST_CASE("a list written at random places takes some two bytes an element", "[core][state]") {
    Random random(1);
    const Path path{{"l", Type::list}};
    OrMap map;
    constexpr std::uint64_t count = 2'000;
    for (std::uint64_t i = 0; i < count; ++i) {
        const List& list = map.at<List>(path);
        const auto at = static_cast<std::uint32_t>(random.below(list.size() + 1));
        map.apply({path, *list.insert(at, {true})}, {{alice, i + 1}, Hlc{(1'000 + i) << 16}});
    }
    const Bytes bytes = wire::encode_document(Document(map));
    CHECK(bytes.size() < count * 27 / 10);  // one of the order, one of the link, and 12 bits: a dot
    const auto back = wire::decode_document(bytes, wire::state_limits());
    REQUIRE(back);
    CHECK(back->root() == map);
}

TEST_CASE("a task takes less than it did", "[core][state]") {
    OrMap map;
    const auto set = [&](const char* key, Value value, std::uint64_t counter) {
        Op op;
        op.code = OpCode::set;
        op.value = std::move(value);
        map.apply({{{key, Type::lww_register}}, op},
                  {{alice, counter}, Hlc{1'700'000'000'000ULL << 16}});
    };
    set("done", false, 1'000'003);
    set("title", "Buy milk", 1'000'001);
    set("votes", 3, 1'000'002);
    CHECK(wire::encode_document(Document(map)).size() <= 75);  // 106 in the first form
}
