// Bytes that were written once and must be written for ever. The vectors are in vectors/*.txt, a
// line each (name, hexadecimal bytes), so that other implementations can read them too.
//
// first_states.txt and second_states.txt are of forms that are only read, so that nothing can write
// them anew.
//
// SYNCLINE_REGENERATE_GOLDEN=1 writes the files anew. A change of an existing line is a change of
// the format and needs a new format number.
#include "support/arbitrary.hpp"
#include "syncline/document/change.hpp"
#include "syncline/document/change_stream.hpp"
#include "syncline/document/digest.hpp"
#include "syncline/document/exchange.hpp"
#include "syncline/document/json.hpp"
#include "vectors.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>

using namespace syncline;
using namespace syncline::testing;
using namespace syncline::golden;

namespace {

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

Op place_of(Place place, Value value, Type inner = Type::lww_register) {
    Op op = op_of(OpCode::place, std::move(value));
    op.place = place;
    op.inner = inner;
    return op;
}

/// Ops on lists and texts.
void sequence_changes(std::map<std::string, Change>& made) {
    const Path notes{{"notes", Type::text}};
    const Path items{{"items", Type::list}};
    made["change.text_place"] =
        change_of({{notes, place_of({}, "2 \xE2\x82\xAC", Type::text)},
                   {notes, place_of({{alice, 9}, Side::right}, "!", Type::text)},
                   {notes, place_of({{bob, 3}, Side::left}, "a", Type::text)}});
    made["change.text_erase"] = change_of(
        {{notes, op_of(OpCode::erase, {}, {{alice, 5}, {alice, 6}, {bob, 2}, {bob, 3}})}});
    Op mark = op_of(OpCode::mark, {}, {{alice, 4}});
    mark.mark = Mark{"bold", true, {{bob, 2}, Side::right}, {{}, Side::left}};
    made["change.text_mark"] = change_of({{notes, mark}});
    made["change.list_place"] =
        change_of({{items, place_of({}, Value::Array{1, "two"})},
                   {items, place_of({{alice, 8}, Side::right}, {}, Type::map)},
                   {{items[0], {Dot{alice, 9}, Type::map}, {"title", Type::lww_register}},
                    op_of(OpCode::set, "Buy milk")}});
    Op move = op_of(OpCode::move);
    move.place = {{bob, 3}, Side::left};
    move.element = {alice, 5};
    made["change.list_move"] = change_of({{items, move}});
    made["change.list_erase"] =
        change_of({{items, op_of(OpCode::erase, {}, {{alice, 5}, {alice, 6}})}});
    Op inside = op_of(OpCode::erase, {}, {{bob, 4}});
    inside.element = {alice, 6};
    made["change.list_erase_what_is_in_an_element"] = change_of({{items, inside}});
    made["change.list_replace"] = change_of(
        {{{items[0], {Dot{bob, 2}, Type::lww_register}}, op_of(OpCode::set, nullptr, {{bob, 2}})}});
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
    sequence_changes(made);
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

/// The texts and lists of the vectors, by ops that name what they are about.
Document sequence_document() {
    OrMap map;
    std::uint64_t stamps = stamp;
    const auto apply = [&](const Dot& first, const Path& path, const Op& op) {
        map.apply({path, op}, {first, Hlc{++stamps}});
    };
    const Path notes{{"notes", Type::text}};
    apply({alice, 1}, notes, place_of({}, "Hello world"));
    apply({bob, 1}, notes, place_of({{alice, 5}, Side::right}, ", \xE2\x82\xAC"));
    apply({bob, 4}, notes, place_of({{alice, 1}, Side::left}, ">"));
    apply({alice, 12}, notes, op_of(OpCode::erase, {}, {{alice, 2}, {alice, 3}, {bob, 1}}));
    Op mark = op_of(OpCode::mark);
    mark.mark = Mark{"bold", true, {{alice, 4}, Side::right}, {{}, Side::left}};
    apply({bob, 5}, notes, mark);

    const Path items{{"items", Type::list}};
    apply({alice, 13}, items, place_of({}, Value::Array{1, 2, 3, 4}));
    apply({bob, 6}, items, place_of({{alice, 14}, Side::right}, Value::Array{"x"}));
    apply({bob, 7}, {items[0], {Dot{alice, 13}, Type::lww_register}},
          op_of(OpCode::set, "one", {{alice, 13}}));
    apply({bob, 8}, items, place_of({{alice, 16}, Side::right}, {}, Type::map));
    apply({bob, 9}, {items[0], {Dot{bob, 8}, Type::map}, {"title", Type::lww_register}},
          op_of(OpCode::set, "Buy milk"));
    Op move = op_of(OpCode::move);
    move.place = {{alice, 13}, Side::left};
    move.element = {alice, 15};
    apply({alice, 17}, items, move);

    apply({alice, 18}, {{"plain", Type::text}}, place_of({}, "abc"));
    return Document(map);
}

/// Maps of one kind in a map, and enough of each to have the columns in every form.
Document rows_document() {
    OrMap map;
    for (std::uint64_t i = 0; i < 12; ++i) {
        const std::string row = "row-" + std::to_string(100 + i * i * i);
        const auto set = [&](const char* key, std::uint64_t n, Value value) {
            map.apply({{{row, Type::map}, {key, Type::lww_register}},
                       op_of(OpCode::set, std::move(value))},
                      {{i % 3 == 0 ? bob : alice, 100 + (i * 5) % 12 * 3 + n},
                       Hlc{stamp + i * i * 70'000}});
        };
        set("done", 0, i % 2 == 0);
        set("note", 1, "the " + std::to_string(i) + ". of the notes in these rows");
        set("size", 2, static_cast<std::int64_t>(i * i * 1'001) - 2'000);
    }
    map.apply({{{"all", Type::lww_register}},
               op_of(OpCode::set, Value::Map{{"a", Value::Array{nullptr, -0.5, from_hex("00ff")}},
                                             {"b", std::numeric_limits<std::int64_t>::min()}})},
              {{carol, 1}, Hlc{}});
    return Document(map);
}

CausalContext all_up_to(const std::map<ReplicaId, std::uint64_t>& counters) {
    VersionVector vector;
    for (const auto& [replica, counter] : counters) vector.raise(replica, counter);
    return CausalContext(vector);
}

/// Texts and lists that were emptied, next to one that has more than one stretch.
Document emptied_document() {
    OrMap map;
    const auto apply = [&](const Dot& first, const Path& path, const Op& op) {
        map.apply({path, op}, {first, Hlc{stamp}});
    };
    const Path draft{{"draft", Type::text}};
    apply({alice, 1}, draft, place_of({}, std::string(6'000, 'a')));
    Op erase = op_of(OpCode::erase);
    erase.removes.insert(DotRun{alice, 1, 6'000});
    apply({alice, 6'001}, draft, erase);
    const Path items{{"items", Type::list}};
    apply({alice, 6'002}, items, place_of({}, Value::Array{1, 2}));
    apply({bob, 1}, items, op_of(OpCode::erase, {}, {{alice, 6'002}, {alice, 6'003}}));
    const Path notes{{"notes", Type::text}};
    apply({bob, 2}, notes, place_of({}, "abc"));
    apply({bob, 5}, notes, op_of(OpCode::erase, {}, {{bob, 2}}));
    return Document(map);
}

std::map<std::string, Document> documents() {
    return {{"document.small", small_document()},
            {"document.emptied", emptied_document()},
            {"document.every_type", full_document()},
            {"document.sequences", sequence_document()},
            {"document.rows", rows_document()}};
}
std::map<std::string, std::pair<OrMap, CausalContext>> states() {
    CausalContext gaps = all_up_to({{alice, 7}});
    gaps.insert(bob, {4, 4});
    gaps.insert(bob, {6, 8});
    OrMap delta;
    delta.apply({{{"notes", Type::text}}, place_of({{bob, 4}, Side::left}, "waits")},
                {{alice, 7}, Hlc{stamp}});
    CausalContext of_delta;
    of_delta.insert(alice, {7, 11});
    return {{"state.small", {small_document().root(), gaps}},
            {"state.whole", {sequence_document().root(), all_up_to({{alice, 20}, {bob, 9}})}},
            {"state.delta", {delta, of_delta}}};
}

Vectors state_vectors() {
    Vectors made;
    for (const auto& [name, document] : documents()) {
        CAPTURE(name);
        const Bytes bytes = wire::encode_document(document);
        made[name] = to_hex(bytes);
        CHECK(wire::is_newest_form(bytes));
        const auto back = wire::decode_document(bytes, wire::state_limits());
        REQUIRE(back);
        CHECK(*back == document);
        CHECK(wire::encode_document(*back) == bytes);
    }
    for (const auto& [name, state] : states()) {
        CAPTURE(name);
        const Bytes bytes = wire::encode_state(state.first, state.second);
        made[name] = to_hex(bytes);
        const auto back = wire::decode_state(bytes, wire::state_limits());
        REQUIRE(back);
        CHECK(*back == state);
        CHECK(wire::encode_state(back->first, back->second) == bytes);
    }
    return made;
}

/// The messages by which bob gets alice's fields, and alice the one that bob overwrote.
Vectors exchange_vectors() {
    Vectors made;
    const auto exchange = [&](const std::string& name, Replica& asking, Replica& asked) {
        ExchangeAsker asker;
        ExchangeAnswerer answerer;
        const Bytes question = asker.ask(asking);
        const Bytes answer = answerer.answer(asked, question).value();
        const Bytes closing = asker.take(asking, answer).value();
        REQUIRE(answerer.take(asked, closing));
        CHECK(asking.save() == asked.save());
        made[name + ".1_question"] = to_hex(question);
        made[name + ".2_answer"] = to_hex(answer);
        made[name + ".3_closing"] = to_hex(closing);
    };
    const Path title{{"title", Type::lww_register}};
    constexpr std::uint64_t now_ms = 1'700'000'000'000;
    Replica a(alice);
    a.change(now_ms, [&](Replica::Edit& edit) {
        REQUIRE(edit.set(title, "Buy milk"));
        REQUIRE(edit.insert({{"notes", Type::text}}, 0, "two litres"));
        REQUIRE(edit.insert({{"tags", Type::or_set}}, "home"));
    });
    Replica b(bob);
    exchange("exchange.first", b, a);
    b.change(now_ms + 1, [&](Replica::Edit& edit) { REQUIRE(edit.set(title, "Buy bread")); });
    a.change(now_ms + 2, [&](Replica::Edit& edit) {
        REQUIRE(edit.erase({{"tags", Type::or_set}}, "home"));
        REQUIRE(edit.add({{"votes", Type::pn_counter}}, 1));
    });
    exchange("exchange.second", a, b);
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
        CAPTURE(name);
        CHECK(wire::decode_change(from_hex(made[name]), alice, {}).value() == change);
    }
    return made;
}

/// Enough of everything for columns with codes: numbers, names and a text.
Change long_change() {
    std::vector<FieldOp> ops;
    for (std::uint64_t i = 0; i < 1'100; ++i) {
        const std::uint64_t n = i * i * i % 1'009;
        ops.push_back({{{"key " + std::to_string(n % 50), Type::lww_register}},
                       op_of(OpCode::set, static_cast<std::int64_t>(n) - 500)});
    }
    std::string text;
    for (int i = 0; i < 20; ++i) text += "one after the other, ";
    ops.push_back({{{"notes", Type::text}}, place_of({}, text, Type::text)});
    return change_of(std::move(ops));
}

/// Packs by name, and what they hold. Packing is free to change, so that these are read for ever
/// and new ones are added.
struct Packs {
    std::vector<Change> all;
    std::map<std::string, std::vector<Change>> alone;  ///< each read by itself
    std::vector<Change> streamed;                      ///< one an update, in the order of names
};
Packs packs() {
    Packs packs;
    for (auto& [name, change] : changes()) packs.all.push_back(change);
    packs.alone["packed.rows"] = packs.all;
    packs.alone["packed.columns"] = packs.all;
    packs.alone["packed.columns_long"] = {long_change()};
    packs.streamed = packs.all;
    packs.streamed.push_back(long_change());
    packs.streamed.insert(packs.streamed.end(), packs.all.begin(), packs.all.end());
    return packs;
}
std::string stream_name(std::size_t update) {
    const std::string number = std::to_string(update);
    return "stream.update_" + std::string(3 - number.size(), '0') + number;
}
Vectors pack_vectors(const Packs& packs) {
    Vectors made;
    for (const auto& [name, held] : packs.alone) {
        wire::ChangePacker packer(name == "packed.rows" ? wire::Layout::rows
                                                        : wire::Layout::columns);
        for (const Change& change : held) packer.add(change);
        made[name] = to_hex(packer.take());
    }
    wire::ChangeStreamWriter stream;
    for (std::size_t i = 0; i < packs.streamed.size(); ++i) {
        if (i == 40) stream.begin_anew();
        made[stream_name(i)] = to_hex(stream.write(packs.streamed[i]));
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
    check_vectors("states.txt", "Documents, and states with their contexts", state_vectors());
}

TEST_CASE("packed changes and streams are read for ever", "[golden]") {
    const Packs expected = packs();
    Vectors kept = read_vectors("packed.txt");
    if (is_regenerating()) {
        kept.merge(pack_vectors(expected));  // none is written anew
        write_vectors("packed.txt", "Packed changes, and the updates of one stream", kept);
    }
    for (const auto& [name, changes] : expected.alone) {
        CAPTURE(name);
        const auto read = wire::unpack(from_hex(kept[name]), wire::Limits{});
        REQUIRE(read);
        CHECK(*read == changes);
    }
    wire::ChangeStreamReader stream;
    for (std::size_t i = 0; i < expected.streamed.size(); ++i) {
        CAPTURE(i);
        const Bytes update = from_hex(kept[stream_name(i)]);
        REQUIRE(stream.open(update, wire::Limits{}));
        Change change;
        REQUIRE(stream.next(change));
        CHECK(change == expected.streamed[i]);
        CHECK(stream.at_end());
    }
}

TEST_CASE("states of older forms are read for ever, and written in the newest", "[golden]") {
    const std::string form = GENERATE("first", "second");
    const Vectors kept = read_vectors(form + "_states.txt");
    CHECK(kept.size() >= 7);
    for (const auto& [name, hex] : kept) {
        CAPTURE(name);
        REQUIRE(name.rfind(form + ".", 0) == 0);
        const std::string of = name.substr(form.size() + 1);
        const Bytes bytes = from_hex(hex);
        if (documents().count(of) != 0) {
            CHECK_FALSE(wire::is_newest_form(bytes));
            const auto read = wire::decode_document(bytes, wire::state_limits());
            REQUIRE(read);
            CHECK(*read == documents().at(of));
        } else {
            REQUIRE(states().count(of) == 1);
            const auto read = wire::decode_state(bytes, wire::state_limits());
            REQUIRE(read);
            CHECK(*read == states().at(of));
        }
    }
}

TEST_CASE("exchanges keep their bytes", "[golden]") {
    check_vectors("exchanges.txt", "The messages of two exchanges", exchange_vectors());
}

TEST_CASE("chains and digests keep their hashes", "[golden]") {
    check_vectors("hashes.txt", "Links of a chain, and digests", hashes());
}

TEST_CASE("the examples in docs/encoding.md are golden vectors", "[golden]") {
    // A fenced block "``` golden NAME": each line begins with bytes and goes on with words after
    // two spaces.
    Vectors all;
    for (const char* file : {"values.txt", "changes.txt", "states.txt", "first_states.txt",
                             "second_states.txt", "exchanges.txt", "hashes.txt"}) {
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
