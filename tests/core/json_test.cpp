#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace syncline;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

ErrorCode code_of(std::string_view text) {
    const auto parsed = parse_json(text);
    REQUIRE_FALSE(parsed);
    return parsed.error().code;
}

}  // namespace

TEST_CASE("a value has one JSON text, which reads back as the value", "[json]") {
    struct Case {
        Value value;
        std::string text;
    };
    const std::vector<Case> cases = {
        {nullptr, "null"},
        {true, "true"},
        {-7, "-7"},
        {std::numeric_limits<std::int64_t>::max(), "9223372036854775807"},
        {std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
        {1.0, "1"},
        {-0.0, "0"},
        {0.1, "0.1"},
        {1e300, "1e+300"},
        {1152921504606846976.0, "1.152921504606847e+18"},
        {not_a_number, R"({"$number":"nan"})"},
        {inf, R"({"$number":"inf"})"},
        {-inf, R"({"$number":"-inf"})"},
        {"gr\xC3\xBC\xC3\x9F\"\\\n\x01", "\"gr\xC3\xBC\xC3\x9F\\\"\\\\\\n\\u0001\""},
        {Bytes{}, R"({"$bytes":""})"},
        {from_hex("00"), R"({"$bytes":"AA=="})"},
        {from_hex("fffe"), R"({"$bytes":"//4="})"},
        {from_hex("fffefd"), R"({"$bytes":"//79"})"},
        {Value::Array{1, Value::Array{}, "x"}, R"([1,[],"x"])"},
        {Value::Map{}, "{}"},
        {Value::Map{{"b", 1}, {"a", Value::Map{{"c", nullptr}}}}, R"({"a":{"c":null},"b":1})"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.text);
        CHECK(to_json(c.value) == c.text);
        const auto parsed = parse_json(c.text);
        REQUIRE(parsed);
        CHECK(*parsed == c.value);
    }
}

TEST_CASE("a map that looks like a special form is wrapped and comes back as a map", "[json]") {
    const std::vector<Value> values = {
        Value::Map{{"$bytes", "AA=="}},
        Value::Map{{"$bytes", from_hex("00")}},
        Value::Map{{"$number", "nan"}},
        Value::Map{{"$map", Value::Map{}}},
        Value::Map{{"$map", Value::Map{{"$map", Value::Map{{"$bytes", 1}}}}}},
        Value::Map{{"$map", from_hex("00")}, {"x", 1}},
        Value::Map{{"$a", 1}, {"$map", from_hex("00")}},
        Value::Map{{"$bytes", 1}, {"$number", from_hex("00")}},
        Value::Array{Value::Map{{"$map", not_a_number}}},
    };
    for (const Value& value : values) {
        const std::string text = to_json(value);
        CAPTURE(text);
        const auto parsed = parse_json(text);
        REQUIRE(parsed);
        CHECK(*parsed == value);
    }
    CHECK(to_json(values[0]) == R"({"$map":{"$bytes":"AA=="}})");
}

TEST_CASE("what is no JSON, or another form of a special one, is refused", "[json]") {
    for (const char* text : {"",
                             " ",
                             "{",
                             "[1,]",
                             "{\"a\"}",
                             "{\"a\":1,}",
                             "nul",
                             "01",
                             "1.",
                             "+1",
                             "'a'",
                             "[1] 2",
                             "\"\x01\"",
                             "\"\\ud800\"",
                             "\"\xC0\x80\"",
                             "// x",
                             "{\"a\":1,\"a\":2}",
                             R"({"$bytes":5})",
                             R"({"$bytes":"A"})",
                             R"({"$bytes":"AA="})",
                             R"({"$bytes":"AB=="})",
                             R"({"$bytes":"A==="})",
                             R"({"$bytes":"===="})",
                             R"({"$bytes":"AA==AA=="})",
                             R"({"$bytes":"A A="})",
                             R"({"$number":"NaN"})",
                             R"({"$number":1})",
                             R"({"$map":1})",
                             R"({"$map":{"$bytes":"AA=="},"x":1})"}) {
        CAPTURE(text);
        CHECK(code_of(text) == ErrorCode::malformed);
    }
}

TEST_CASE("a byte of zero ends no text", "[json]") {
    CHECK(code_of(std::string_view("1\0", 2)) == ErrorCode::malformed);
    CHECK(code_of(std::string_view("[1]\0 x", 6)) == ErrorCode::malformed);
    CHECK(code_of(std::string_view("\"a\0\"", 4)) == ErrorCode::malformed);
    CHECK(parse_json("\"\\u0000\"").value() == Value(std::string(1, '\0')));
}

TEST_CASE("an escape stands for its character, a pair of surrogates for one", "[json]") {
    CHECK(parse_json(R"("\"\\\/\b\f\n\r\t")").value() == Value("\"\\/\b\f\n\r\t"));
    CHECK(parse_json(R"("\u00fc\u20AC\ud83d\uDE00")").value() ==
          Value("\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80"));
    for (const char* text : {R"("\ud83d")", R"("\ude00")", R"("\ud83d\u0041")", R"("\ud83dA")",
                             R"("\u12")", R"("\u00g0")", R"("\u-123")", R"("\x")", R"("\)"}) {
        CAPTURE(text);
        CHECK(code_of(text) == ErrorCode::malformed);
    }
}

TEST_CASE("a number that neither an integer nor a real holds is refused", "[json]") {
    CHECK(code_of("9223372036854775808") == ErrorCode::out_of_range);
    CHECK(code_of("-9223372036854775809") == ErrorCode::out_of_range);
    CHECK(code_of("123456789012345678901234567890") == ErrorCode::out_of_range);
    CHECK(code_of("1e999") == ErrorCode::out_of_range);
    CHECK(*parse_json("9007199254740993") == Value(std::int64_t{9007199254740993}));
    CHECK(*parse_json("1e3") == Value(1000));
    CHECK(*parse_json("-0") == Value(0));
}

TEST_CASE("an error tells the byte where reading stopped", "[json]") {
    CHECK(parse_json("[1, x]").error().message == "no JSON at byte 4");
    CHECK(parse_json("{\"a\":1,\"a\":2}").error().message == "two members of one name at byte 13");
}

TEST_CASE("nesting has a limit, and a million brackets are no trouble", "[json]") {
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    };
    const auto deepest = parse_json(nested(wire::value_depth_max + 1));
    REQUIRE(deepest);
    CHECK(check(*deepest));
    CHECK(code_of(nested(wire::value_depth_max + 2)) == ErrorCode::too_deep);
    CHECK(code_of(std::string(1'000'000, '[')) == ErrorCode::too_deep);
    CHECK(parse_json(nested(40), 39));

    Value wrapped = 1;
    for (std::size_t i = 0; i < wire::value_depth_max; ++i) wrapped = Value::Map{{"$map", wrapped}};
    REQUIRE(check(wrapped));
    CHECK(parse_json(to_json(wrapped)).value() == wrapped);
    CHECK(code_of(to_json(Value::Map{{"$map", wrapped}})) == ErrorCode::too_deep);
}
