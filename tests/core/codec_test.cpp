#include "support/arbitrary.hpp"
#include "syncline/codec/reader.hpp"
#include "syncline/codec/sha256.hpp"
#include "syncline/codec/writer.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace syncline;
using namespace syncline::testing;
using wire::Reader;
using wire::Writer;

namespace {

std::string sha256_hex(std::string_view text) {
    return to_hex(Sha256().update(as_bytes(text)).finish());
}

/// The code with which reading one value of any shape fails; none when it does not.
std::optional<ErrorCode> read_code(std::string_view hex, wire::Limits limits = {}) {
    const Bytes bytes = from_hex(hex);
    Reader in(bytes, limits);
    const auto value = in.finish(wire::read_value(in));
    if (value) return std::nullopt;
    return value.error().code;
}

}  // namespace

TEST_CASE("SHA-256 gives NIST's digests", "[codec]") {
    // FIPS 180-4 examples and the long messages of the SHA validation system.
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(
        sha256_hex("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmno"
                   "pqklmnopqrlmnopqrsmnopqrstnopqrstu") ==
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    CHECK(sha256_hex(std::string(1'000'000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("SHA-256 does not depend on how its input is cut", "[codec]") {
    Random random(7);
    std::string text;
    for (std::size_t size = 0; size < 200; ++size) {
        const std::string whole = sha256_hex(text);
        Sha256 pieces;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t take = std::min(text.size() - at, 1 + random.below(70));
            pieces.update(as_bytes(text).subspan(at, take));
            at += take;
        }
        CHECK(to_hex(pieces.finish()) == whole);
        text.push_back(static_cast<char>(random() & 0x7F));
    }
    CHECK(to_hex(hash_of(as_bytes("abc")).view()) == "ba7816bf8f01cfea414140de5dae2223");
}

TEST_CASE("the writer takes the shortest form at every boundary", "[codec]") {
    struct Case {
        std::int64_t number;
        std::string hex;
    };
    for (const Case& c : std::vector<Case>{{0, "00"},
                                           {127, "7f"},
                                           {128, "cc80"},
                                           {255, "ccff"},
                                           {256, "cd0100"},
                                           {65'535, "cdffff"},
                                           {65'536, "ce00010000"},
                                           {4'294'967'295, "ceffffffff"},
                                           {4'294'967'296, "cf0000000100000000"},
                                           {-1, "ff"},
                                           {-32, "e0"},
                                           {-33, "d0df"},
                                           {-128, "d080"},
                                           {-129, "d1ff7f"},
                                           {-32'768, "d18000"},
                                           {-32'769, "d2ffff7fff"},
                                           {-2'147'483'648LL, "d280000000"},
                                           {-2'147'483'649LL, "d3ffffffff7fffffff"}}) {
        CAPTURE(c.number);
        CHECK(to_hex(Writer().i64(c.number).view()) == c.hex);
        const Bytes bytes = from_hex(c.hex);
        Reader in(bytes, {});
        CHECK(in.finish(in.i64()).value() == c.number);
    }
    for (const std::size_t size : {0U, 31U, 32U, 255U, 256U, 65'535U, 65'536U}) {
        CAPTURE(size);
        const std::string text(size, 'x');
        const Bytes as_text_bytes = Writer().text(text).take();
        const Bytes as_binary = Writer().binary(as_bytes(text)).take();
        Reader in(as_text_bytes, {});
        CHECK(in.finish(std::string(in.text(size))).value() == text);
        Reader binary(as_binary, {});
        CHECK(binary.finish(binary.binary(size).size()).value() == size);
        Reader too_long(as_text_bytes, {});
        if (size > 0) {
            CHECK(too_long.finish(too_long.text(size - 1)).error().code == ErrorCode::too_large);
        }
    }
}

TEST_CASE("a real keeps being a real, however integral it is", "[codec]") {
    // msgpack-c's own packer makes an integer of it: another value, with other bytes.
    for (const double real : {1152921504606846976.0, 18446744073709551616.0, -9223372036854775808.0,
                              1e300, 0.5, std::numeric_limits<double>::denorm_min()}) {
        CAPTURE(real);
        const Bytes bytes = Writer().real(real).take();
        CHECK(bytes.size() == 9);
        CHECK(bytes.front() == std::byte{0xCB});
        Reader in(bytes, {});
        CHECK(in.finish(wire::read_value(in)).value() == Value(real));
    }
}

TEST_CASE("every form but the shortest is refused", "[codec]") {
    for (const char* hex : {"cc7f",
                            "cd00ff",
                            "ce0000ffff",
                            "cf00000000ffffffff",  // unsigned in more bytes
                            "d0ff",
                            "d1ff80",
                            "d2ffff8000",
                            "d3ffffffff80000000",  // negative in more bytes
                            "d005",
                            "d10005",
                            "d200000005",
                            "d30000000000000005",  // signed, though not negative
                            "d30000000100000000",  // … even where the size is right
                            "ca3f000000",          // float32
                            "cb3ff0000000000000",
                            "cb8000000000000000",  // 1.0 is 1, -0.0 is 0
                            "cb4340000000000000",
                            "cbc340000000000000",  // ±2^53 are integers
                            "cb7ff8000000000001",
                            "cbfff8000000000000",  // another NaN
                            "d90161",
                            "da000161",
                            "db0000000161",  // text
                            "c5000161",
                            "c60000000161",  // binary
                            "dc000101",
                            "dd0000000101",
                            "de0001a16101",
                            "df00000001a16101",  // containers
                            "82a16201a16102",
                            "82a16101a16102"}) {  // members unsorted, repeated
        CAPTURE(hex);
        CHECK(read_code(hex) == ErrorCode::not_canonical);
    }
    // 2^53 + 2 is the first real above; NaN and the infinities have one form each.
    for (const char* hex : {"cb4340000000000001", "cb7ff8000000000000", "cb7ff0000000000000",
                            "cbfff0000000000000", "cb3fe0000000000000"}) {
        CAPTURE(hex);
        CHECK_FALSE(read_code(hex));
    }
}

TEST_CASE("what is no value here is refused with the rule it breaks", "[codec]") {
    CHECK(read_code("") == ErrorCode::truncated);
    CHECK(read_code("c1") == ErrorCode::malformed);
    CHECK(read_code("d40100") == ErrorCode::malformed);  // ext
    CHECK(read_code("c7000100") == ErrorCode::malformed);
    CHECK(read_code("cfffffffffffffffff") == ErrorCode::out_of_range);  // above int64
    CHECK(read_code("8101c0") == ErrorCode::malformed);                 // a key that is no text
    CHECK(read_code("c0c0") == ErrorCode::trailing_bytes);
    for (const char* bad : {"a180", "a1ff", "a2c080", "a2c1bf", "a3e08080", "a3eda080",
                            "a4f0808080", "a4f4908080", "a4f8808080", "a2c3c3", "a1c3", "a2e282"}) {
        CAPTURE(bad);
        CHECK(read_code(bad) == ErrorCode::invalid_utf8);
    }
}

TEST_CASE("five bytes that announce four thousand million values cost nothing", "[codec]") {
    for (const char* bomb :
         {"ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "ddffffffffc0", "dfffffffffa0"}) {
        CAPTURE(bomb);
        CHECK(read_code(bomb) == ErrorCode::truncated);
    }
}

TEST_CASE("depth, count and size are bounded", "[codec]") {
    const auto nested = [](std::size_t levels) {
        std::string hex;
        for (std::size_t i = 1; i < levels; ++i) hex += "91";
        return hex + "90";
    };
    CHECK_FALSE(read_code(nested(wire::value_depth_max + 1)));
    CHECK(read_code(nested(wire::value_depth_max + 2)) == ErrorCode::too_deep);
    CHECK(read_code(nested(500'000)) == ErrorCode::too_deep);
    CHECK(read_code("93010203", {1000, 4, 24}) == std::nullopt);
    CHECK(read_code("93010203", {1000, 3, 24}) == ErrorCode::too_large);
    CHECK(read_code("93010203", {4, 100, 24}) == std::nullopt);
    CHECK(read_code("93010203", {3, 100, 24}) == ErrorCode::too_large);
}

TEST_CASE("a value cut at any byte is truncated, and one byte more is trailing", "[codec]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(300); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        Writer out;
        wire::write_value(out, arbitrary_value(random));
        Bytes bytes = out.take();
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            Reader in(BytesView(bytes).first(size), {});
            const auto cut = in.finish(wire::read_value(in));
            REQUIRE_FALSE(cut);
            REQUIRE(cut.error().code == ErrorCode::truncated);
        }
        bytes.push_back(std::byte{0});
        Reader in(bytes, {});
        REQUIRE(in.finish(wire::read_value(in)).error().code == ErrorCode::trailing_bytes);
    }
}

TEST_CASE("a value comes back from its bytes, and other bytes are another value or none",
          "[codec]") {
    for (std::uint64_t seed = first_seed(); seed < first_seed() + scaled(20'000); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Value value = arbitrary_value(random);
        REQUIRE(check(value));
        Writer out;
        wire::write_value(out, value);
        const Bytes bytes = out.take();
        Reader in(bytes, {});
        const auto back = in.finish(wire::read_value(in));
        REQUIRE(back);
        REQUIRE(*back == value);

        const Bytes other = damaged(bytes, random);
        Reader damaged_in(other, {});
        const auto read = damaged_in.finish(wire::read_value(damaged_in));
        if (!read) continue;
        Writer again;
        wire::write_value(again, *read);
        REQUIRE(again.take() == other);
        REQUIRE((*read == value) == (other == bytes));
    }
}

TEST_CASE("the first failure sticks and later reads give nothing", "[codec]") {
    const Bytes bytes = from_hex("93a161c00105");
    Reader in(bytes, {});
    CHECK(in.failed());  // trailing byte
    CHECK(in.array() == 0);
    CHECK(in.text(10).empty());
    CHECK(in.u64() == 0);
    CHECK(in.peek() == Reader::Kind::none);
    CHECK(in.finish(1).error().code == ErrorCode::trailing_bytes);

    const Bytes good = from_hex("93a161c001");
    Reader wrong_kind(good, {});
    wrong_kind.map();
    wrong_kind.array();
    CHECK(wrong_kind.finish(1).error().code == ErrorCode::malformed);
    Reader skips(good, {});
    skips.skip();
    CHECK(skips.finish(1));
    Reader beyond(good, {});
    beyond.skip();
    beyond.skip();
    CHECK(beyond.failed());
}

TEST_CASE("a number has one form: 1.0 is 1, -0.0 is 0, and 2^53 is where reals begin", "[value]") {
    CHECK(Value(1.0) == Value(1));
    CHECK(Value(-0.0) == Value(0));
    CHECK(Value(-0.0).integer() != nullptr);
    constexpr double two53 = 9007199254740992.0;
    CHECK(*Value(two53).integer() == std::int64_t{1} << 53);
    CHECK(*Value(-two53).integer() == -(std::int64_t{1} << 53));
    CHECK(*Value(two53 - 1).integer() == (std::int64_t{1} << 53) - 1);
    CHECK(Value(two53 + 2).real() != nullptr);
    CHECK(Value((std::int64_t{1} << 53) + 1).integer() != nullptr);
    CHECK_FALSE(Value(two53 + 2) == Value((std::int64_t{1} << 53) + 2));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(Value(nan) == Value(-nan));
    CHECK(Value(1e308) < Value(nan));
}

TEST_CASE("any integer is a value, and no pointer but a text's", "[value]") {
    CHECK(Value(std::string("milk").size()) == Value(4));
    CHECK(Value(std::uint8_t{200}) == Value(200));
    CHECK(Value(-5L) == Value(std::int64_t{-5}));
    CHECK(Value(~0ULL) == Value(18446744073709551615.0));
    char letters[] = "milk";
    char* const text = letters;
    CHECK(Value(text) == Value("milk"));
    // Was: the boolean true.
    STATIC_REQUIRE_FALSE(std::is_constructible_v<Value, const int*>);
    STATIC_REQUIRE_FALSE(std::is_constructible_v<Value, void*>);
}

TEST_CASE("values have a total order that agrees with equality", "[value]") {
    Random random(first_seed());
    std::vector<Value> values;
    for (std::size_t i = 0; i < 150; ++i) values.push_back(arbitrary_value(random, 2));
    for (const Value& a : values) {
        for (const Value& b : values) {
            const int order = Value::compare(a, b);
            REQUIRE((order == 0) == (a == b));
            REQUIRE((order < 0) == (Value::compare(b, a) > 0));
            for (std::size_t i = 0; i < 20; ++i) {
                const Value& c = values[random.below(values.size())];
                if (order <= 0 && Value::compare(b, c) <= 0) REQUIRE(Value::compare(a, c) <= 0);
            }
        }
    }
}

TEST_CASE("a map sorts its members, and of two with one key the later stays", "[value]") {
    const Value map = Value::Map{{"b", 1}, {"a", 2}, {"b", 3}};
    REQUIRE(map.map()->size() == 2);
    CHECK(*map.find("a") == Value(2));
    CHECK(*map.find("b") == Value(3));
    CHECK(map.find("c") == nullptr);
    CHECK(Value::Map{{"x", 1}, {"x", 2}}.size() == 2);
    CHECK(Value(Value::Map{{"x", 1}, {"x", 2}}) == Value(Value::Map{{"x", 2}}));
}

TEST_CASE("what may enter a document is checked before it does", "[value]") {
    CHECK(check(Value("fine")));
    CHECK(check(Value("\xC0\x80")).error().code == ErrorCode::invalid_utf8);
    CHECK(check(Value(Value::Map{{"\xFF", 1}})).error().code == ErrorCode::invalid_utf8);
    CHECK(check(Value(std::string(1 << 20, 'x'))).error().code == ErrorCode::too_large);
    Value deep = 1;
    for (std::size_t i = 0; i < wire::value_depth_max; ++i) deep = Value::Array{deep};
    CHECK(check(deep));
    CHECK(check(Value(Value::Array{deep})).error().code == ErrorCode::too_deep);
}

TEST_CASE("a replica id has one text", "[names]") {
    const std::string text = "00112233-4455-6677-8899-aabbccddeeff";
    const auto id = parse_replica_id(text);
    REQUIRE(id);
    CHECK(to_string(*id) == text);
    CHECK(parse_replica_id("00112233-4455-6677-8899-AABBCCDDEEFF") == id);
    for (const char* bad :
         {"", "00112233445566778899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeef",
          "00112233-4455-6677-8899-aabbccddeeffa", "0011223g-4455-6677-8899-aabbccddeeff",
          "0011223-34455-6677-8899-aabbccddeeff"}) {
        CHECK_FALSE(parse_replica_id(bad));
    }
    CHECK(from_hex("abc").empty());
    CHECK(from_hex("zz").empty());
}
