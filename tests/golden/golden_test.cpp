// Bytes that were written once and must be written for ever. The vectors are in vectors/*.txt, a
// line each (name, hexadecimal bytes), so that other implementations can read them too.
//
// SYNCLINE_REGENERATE_GOLDEN=1 writes the files anew. A change of an existing line is a change of
// the format and needs a new format number.
#include "support/arbitrary.hpp"
#include "syncline/document/change.hpp"
#include "syncline/document/digest.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>

using namespace syncline;
using namespace syncline::testing;

namespace {

using Vectors = std::map<std::string, std::string>;

const std::string directory = std::string(SYNCLINE_SOURCE_DIR) + "/tests/golden/vectors/";

Vectors read_vectors(const std::string& file) {
    std::ifstream in(directory + file);
    Vectors vectors;
    std::string line;
    while (std::getline(in, line)) {
        if (line.empty() || line.front() == '#') continue;
        std::istringstream words(line);
        std::string name;
        std::string hex;
        words >> name >> hex;
        vectors[name] = hex;
    }
    return vectors;
}

/// Compares `made` with the file, or writes it when asked to.
void check_vectors(const std::string& file, const std::string& about, const Vectors& made) {
    if (std::getenv("SYNCLINE_REGENERATE_GOLDEN") != nullptr) {
        std::ofstream out(directory + file);
        out << "# " << about << "\n";
        for (const auto& [name, hex] : made) out << name << ' ' << hex << '\n';
        REQUIRE(out.good());
    }
    const Vectors kept = read_vectors(file);
    REQUIRE_FALSE(kept.empty());
    for (const auto& [name, hex] : made) {
        CAPTURE(name);
        REQUIRE(kept.count(name) == 1);
        CHECK(kept.at(name) == hex);
    }
    for (const auto& [name, hex] : kept) {
        CAPTURE(name);
        CHECK(made.count(name) == 1);
    }
}

std::string value_hex(const Value& value) {
    wire::Writer out;
    wire::write_value(out, value);
    return to_hex(out.view());
}

Vectors values() {
    constexpr double inf = std::numeric_limits<double>::infinity();
    const std::vector<std::pair<std::string, Value>> named = {
        {"value.null", nullptr},
        {"value.false", false},
        {"value.true", true},
        {"value.integer_0", 0},
        {"value.integer_127", 127},
        {"value.integer_128", 128},
        {"value.integer_256", 256},
        {"value.integer_65536", 65'536},
        {"value.integer_max", std::numeric_limits<std::int64_t>::max()},
        {"value.integer_-1", -1},
        {"value.integer_-33", -33},
        {"value.integer_-129", -129},
        {"value.integer_min", std::numeric_limits<std::int64_t>::min()},
        {"value.real_1.0_is_integer_1", 1.0},
        {"value.real_-0.0_is_integer_0", -0.0},
        {"value.real_2^53_is_integer", 9007199254740992.0},
        {"value.real_2^53+2", 9007199254740994.0},
        {"value.real_2^60", 1152921504606846976.0},
        {"value.real_0.5", 0.5},
        {"value.real_-0.1", -0.1},
        {"value.real_nan", inf - inf},
        {"value.real_inf", inf},
        {"value.real_-inf", -inf},
        {"value.text_empty", ""},
        {"value.text_euro", "\xE2\x82\xAC"},
        {"value.text_32_bytes", std::string(32, 'x')},
        {"value.binary", from_hex("00ff")},
        {"value.array", Value::Array{1, "a", nullptr}},
        {"value.map", Value::Map{{"b", 1}, {"a", Value::Array{}}}},
    };
    Vectors made;
    for (const auto& [name, value] : named) {
        made[name] = value_hex(value);
        const Bytes bytes = from_hex(made[name]);
        wire::Reader in(bytes, {});
        CHECK(in.finish(wire::read_value(in)).value() == value);
    }
    return made;
}

constexpr std::uint64_t stamp = (std::uint64_t{1'700'000'000'000} << 16) | 3;

Change change_of(std::vector<FieldOp> ops) {
    Change change;
    change.replica = alice;
    change.first = 7;
    change.hlc = Hlc{stamp};
    change.base = std::uint64_t{41};
    change.sections.push_back({{"tasks", "t1"}, std::move(ops)});
    return change;
}

Op op_of(OpCode code, Value value = {}, DotSet removes = {}) {
    Op op;
    op.code = code;
    op.value = std::move(value);
    op.removes = std::move(removes);
    return op;
}

std::map<std::string, Change> changes() {
    const auto field = [](const char* key, Type type) { return Path{{key, type}}; };
    const FieldKey settings{"settings", Type::map};
    std::map<std::string, Change> made;
    made["change.register_set"] =
        change_of({{field("title", Type::lww_register), op_of(OpCode::set, "Buy milk")}});
    made["change.register_overwrite"] = change_of(
        {{field("title", Type::lww_register), op_of(OpCode::set, 1, {{alice, 5}, {bob, 3}})}});
    made["change.mv_register_set"] =
        change_of({{field("title", Type::mv_register), op_of(OpCode::set, nullptr)}});
    made["change.register_clear"] =
        change_of({{field("title", Type::lww_register), op_of(OpCode::clear, {}, {{bob, 3}})}});
    Op add = op_of(OpCode::add);
    add.amount = -2;
    made["change.counter_add"] = change_of({{field("votes", Type::pn_counter), add}});
    add.amount = 200;
    made["change.g_counter_add"] = change_of({{field("votes", Type::g_counter), add}});
    Op cancel = op_of(OpCode::cancel);
    cancel.cancels = {{bob, {3, -5}}, {carol, {1, 1'000}}};
    made["change.counter_cancel"] = change_of({{field("votes", Type::pn_counter), cancel}});
    made["change.set_insert"] =
        change_of({{field("tags", Type::or_set), op_of(OpCode::insert, "home")}});
    made["change.set_erase"] =
        change_of({{field("tags", Type::or_set), op_of(OpCode::erase, "home", {{bob, 3}})}});
    made["change.rw_set_erase"] =
        change_of({{field("tags", Type::rw_set), op_of(OpCode::erase, "home")}});
    made["change.g_set_insert"] =
        change_of({{field("tags", Type::g_set), op_of(OpCode::insert, Value::Array{1, 2})}});
    made["change.flag_enable"] = change_of({{field("done", Type::ew_flag), op_of(OpCode::enable)}});
    made["change.flag_disable"] =
        change_of({{field("done", Type::dw_flag), op_of(OpCode::disable, {}, {{alice, 6}})}});
    made["change.map_create"] = change_of({{{settings}, op_of(OpCode::create)}});
    made["change.document_clear"] =
        change_of({{{}, op_of(OpCode::clear, {}, {{alice, 1}, {alice, 2}, {alice, 3}, {bob, 3}})}});
    made["change.nested"] = change_of(
        {{{settings, settings, {"a", Type::ew_flag}}, op_of(OpCode::enable)},
         {{settings, {"b", Type::ew_flag}}, op_of(OpCode::enable)},
         {{settings, settings, {"a", Type::ew_flag}}, op_of(OpCode::disable, {}, {{alice, 7}})}});
    Change full = change_of({{field("title", Type::lww_register), op_of(OpCode::set, "a")}});
    full.message = "first";
    VersionVector vector;
    vector.raise(alice, 6);
    vector.raise(bob, 3);
    full.base = vector;
    full.sections.push_back({{"tasks", "t2"}, {{{}, op_of(OpCode::create)}}});
    made["change.two_documents_with_vector_and_message"] = full;
    return made;
}

/// A document with one field of each type, an empty map, residue and an early dot.
Document full_document() {
    OrMap map;
    std::uint64_t counter = 0;
    const auto apply = [&](const ReplicaId& who, const Path& path, const Op& op) {
        map.apply({path, op}, {{who, ++counter}, Hlc{stamp + counter}});
    };
    apply(alice, {{"map", Type::map}}, op_of(OpCode::create));
    apply(alice, {{"map", Type::map}, {"or_set", Type::or_set}}, op_of(OpCode::insert, "x"));
    apply(bob, {{"map", Type::map}, {"or_set", Type::or_set}}, op_of(OpCode::insert, "x"));
    apply(bob, {{"rw_set", Type::rw_set}}, op_of(OpCode::insert, 1));
    apply(alice, {{"rw_set", Type::rw_set}}, op_of(OpCode::erase, 1));
    apply(alice, {{"g_set", Type::g_set}}, op_of(OpCode::insert, true));
    Op add = op_of(OpCode::add);
    add.amount = -3;
    apply(alice, {{"pn_counter", Type::pn_counter}}, add);
    add.amount = 300;
    apply(bob, {{"g_counter", Type::g_counter}}, add);
    apply(bob, {{"g_counter", Type::g_counter}}, op_of(OpCode::cancel));
    apply(bob, {{"g_counter", Type::g_counter}}, add);
    apply(alice, {{"ew_flag", Type::ew_flag}}, op_of(OpCode::enable));
    apply(alice, {{"dw_flag", Type::dw_flag}}, op_of(OpCode::enable));
    apply(bob, {{"dw_flag", Type::dw_flag}}, op_of(OpCode::disable));
    apply(alice, {{"lww_register", Type::lww_register}}, op_of(OpCode::set, 0.5));
    apply(bob, {{"mv_register", Type::mv_register}}, op_of(OpCode::set, from_hex("c0de")));
    return Document(map, {{carol, 9}});
}

Document small_document() {
    OrMap map;
    map.apply({{{"title", Type::lww_register}}, op_of(OpCode::set, "Buy milk")},
              {{alice, 7}, Hlc{stamp}});
    map.apply({{{"votes", Type::pn_counter}},
               [] {
                   Op add;
                   add.code = OpCode::add;
                   add.amount = -2;
                   return add;
               }()},
              {{bob, 4}, Hlc{stamp}});
    return Document(map);
}

Vectors documents() {
    Vectors made;
    made["document.small"] = to_hex(wire::encode_document(small_document()));
    made["document.every_type"] = to_hex(wire::encode_document(full_document()));
    for (const auto& [name, hex] : made) {
        const Bytes bytes = from_hex(hex);
        CHECK(wire::encode_document(wire::decode_document(bytes, wire::state_limits()).value()) ==
              bytes);
    }
    VersionVector vector;
    vector.raise(alice, 7);
    CausalContext context(vector);
    context.insert(bob, {4, 4});
    context.insert(bob, {6, 8});
    const Bytes state = wire::encode_state(small_document().root(), context);
    made["state.small"] = to_hex(state);
    const auto back = wire::decode_state(state, wire::state_limits()).value();
    CHECK(wire::encode_state(back.first, back.second) == state);
    return made;
}

Vectors hashes() {
    Vectors made;
    const auto all = changes();
    const Bytes first = wire::encode_change(all.at("change.register_set"));
    const Bytes second =
        wire::encode_change(all.at("change.two_documents_with_vector_and_message"));
    const Hash one = wire::chain(Hash{}, alice, first, {}).value();
    made["chain.register_set_after_nothing"] = to_hex(one.view());
    made["chain.two_documents_after_that"] =
        to_hex(wire::chain(one, alice, second, {}).value().view());
    Digest digest;
    digest.add({"tasks", "t1"}, wire::encode_document(small_document()));
    made["digest.small_as_tasks_t1"] = to_hex(digest.value().view());
    digest.add({"tasks", "t2"}, wire::encode_document(full_document()));
    made["digest.and_every_type_as_tasks_t2"] = to_hex(digest.value().view());
    return made;
}

Vectors change_vectors() {
    Vectors made;
    for (const auto& [name, change] : changes()) {
        made[name] = to_hex(wire::encode_change(change));
        CHECK(wire::decode_change(from_hex(made[name]), alice, {}).value() == change);
    }
    return made;
}

}  // namespace

TEST_CASE("values keep their bytes", "[golden]") {
    check_vectors("values.txt", "Values (docs/encoding.md, section 2)", values());
}

TEST_CASE("changes keep their bytes", "[golden]") {
    check_vectors("changes.txt", "Changes of the replica a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0",
                  change_vectors());
}

TEST_CASE("states keep their bytes", "[golden]") {
    check_vectors("states.txt", "States of documents, and one with its context", documents());
}

TEST_CASE("chains and digests keep their hashes", "[golden]") {
    check_vectors("hashes.txt", "Links of a chain, and digests", hashes());
}

TEST_CASE("the examples in docs/encoding.md are golden vectors", "[golden]") {
    // A fenced block "``` golden NAME": each line begins with bytes and goes on with words after
    // two spaces.
    Vectors all;
    for (const char* file : {"values.txt", "changes.txt", "states.txt", "hashes.txt"}) {
        all.merge(read_vectors(file));
    }
    std::ifstream in(std::string(SYNCLINE_SOURCE_DIR) + "/docs/encoding.md");
    std::string line;
    std::string name;
    std::string hex;
    std::set<std::string> found;
    const std::string opening = "``` golden ";
    while (std::getline(in, line)) {
        if (line.rfind(opening, 0) == 0) {
            name = line.substr(opening.size());
            hex.clear();
        } else if (line == "```" && !name.empty()) {
            CAPTURE(name);
            REQUIRE(all.count(name) == 1);
            CHECK(all.at(name) == hex);
            found.insert(name);
            name.clear();
        } else if (!name.empty()) {
            const std::string bytes = line.substr(0, line.find("  "));
            for (const char c : bytes) {
                if (c != ' ') hex.push_back(c);
            }
        }
    }
    CHECK(found.size() >= 5);
}
