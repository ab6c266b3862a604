// What a state takes in memory, beside the numbers it is told by: a few bytes tell many of them.
#include "codec/state_costs.hpp"
#include "support/arbitrary.hpp"
#include "syncline/document/document.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace syncline;
using namespace syncline::testing;

namespace {

/// Bytes of live allocations; always 0 under a sanitizer, and where nobody says.
std::size_t allocated() {
#ifdef __GLIBC__
    const auto heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
#else
    return 0;
#endif
}

constexpr unsigned count = 4'096;

/// Most of these are the one before with its last byte raised by one, which takes no bytes.
std::string key_of(unsigned i) {
    return {static_cast<char>(' ' + i / 64), static_cast<char>(' ' + i % 64)};
}

template <typename Sequence>
Sequence erased(std::uint64_t first, std::uint32_t length) {
    Sequence order;
    order.insert({alice, first}, length, {}, Sequence::State::dead, {});
    return order;
}
Text emptied_text() { return Text({}, erased<Text::Order>(1, 1), {}); }
List emptied_list() { return List({}, erased<List::Order>(1, 1), {}); }

template <typename Store>
OrMap many(Type type, const Store& store) {
    OrMap map;
    for (unsigned i = 0; i < count; ++i) map.insert(FieldKey{key_of(i), type}, Node(store));
    return map;
}
OrMap many(Type type, const Op& op) {
    OrMap map;
    for (unsigned i = 0; i < count; ++i) map.apply({{{key_of(i), type}}, op}, {{alice, 1}, Hlc{1}});
    return map;
}
OrMap one(Type type, Node store) {
    OrMap map;
    map.insert(FieldKey{"one", type}, std::move(store));
    return map;
}
Op op_of(OpCode code) {
    Op op;
    op.code = code;
    op.amount = code == OpCode::add ? 1 : 0;
    return op;
}

/// A list with elements that are kept apart, in each of which there is `store`.
List elements_with(Type type, const Node& store) {
    List::Elements elements;
    for (std::uint64_t i = 0; i < count; ++i) {
        ListElement element;
        element.contents().insert(FieldKey{"", type}, store);
        elements[{alice, i + 1}] = std::move(element);
    }
    return List({}, erased<List::Order>(1, count), std::move(elements));
}
/// Each its own stretch: the dots descend.
Text stretches() {
    Text::Order order;
    for (std::uint64_t at = std::uint64_t{2} * count; at > 0; at -= 2)
        order.insert({alice, at}, 1,
                     at == 2 * count ? Place{} : Place{{alice, at + 2}, Side::right},
                     Text::Order::State::dead, {});
    return Text({}, std::move(order), {});
}

struct Case {
    const char* what;
    OrMap map;
};
std::vector<Case> cases() {
    OrMap empty;
    empty.set_presence(DotSet{Dot{alice, 1}});
    DotSet gaps;
    for (std::uint64_t i = 0; i < count; ++i) gaps.insert(Dot{alice, 2 * i + 1});
    std::vector<Case> all;
    all.push_back({"emptied texts", many(Type::text, emptied_text())});
    all.push_back({"emptied lists", many(Type::list, emptied_list())});
    all.push_back({"texts of a letter", many(Type::text, *Text().insert(0, "a"))});
    all.push_back({"created texts", many(Type::text, Text().create())});
    all.push_back({"lists of a null", many(Type::list, *List().insert(0, {Value()}))});
    all.push_back({"created lists", many(Type::list, List().create())});
    all.push_back({"registers", many(Type::lww_register, op_of(OpCode::set))});
    all.push_back({"multi-value registers", many(Type::mv_register, op_of(OpCode::set))});
    all.push_back({"counters", many(Type::pn_counter, op_of(OpCode::add))});
    all.push_back({"growing counters", many(Type::g_counter, op_of(OpCode::add))});
    all.push_back({"add-wins sets", many(Type::or_set, op_of(OpCode::insert))});
    all.push_back({"grow-only sets", many(Type::g_set, op_of(OpCode::insert))});
    all.push_back({"remove-wins sets", many(Type::rw_set, op_of(OpCode::insert))});
    all.push_back({"enable-wins flags", many(Type::ew_flag, op_of(OpCode::enable))});
    all.push_back({"disable-wins flags", many(Type::dw_flag, op_of(OpCode::enable))});
    all.push_back({"created maps", many(Type::map, empty)});
    all.push_back({"a list of nulls",
                   one(Type::list, Node([] {
                           List::Order order;
                           order.insert({alice, 1}, 64 * count, {}, List::Order::State::plain,
                                        ListPayload(Hlc{1}, Value::Array(64 * count)));
                           return List({}, std::move(order), {});
                       }()))});
    all.push_back({"a text of stretches", one(Type::text, Node(stretches()))});
    all.push_back(
        {"elements with flags",
         one(Type::list, Node(elements_with(Type::ew_flag, Node(EwFlag(DotSet{Dot{alice, 1}})))))});
    all.push_back({"elements with texts",
                   one(Type::list, Node(elements_with(Type::text, Node(emptied_text()))))});
    all.push_back({"a flag with gaps", one(Type::ew_flag, Node(EwFlag(gaps)))});
    return all;
}

/// The fewest numbers with which a reader takes this.
std::size_t numbers_of(const Bytes& bytes) {
    wire::Limits limits = wire::state_limits();
    std::size_t refused = 0;
    std::size_t taken = limits.values_max;
    while (taken - refused > 1) {
        limits.values_max = refused + (taken - refused) / 2;
        const auto read = wire::decode_document(bytes, limits);
        if (!read) CHECK(read.error().code == ErrorCode::too_large);
        (read ? taken : refused) = limits.values_max;
    }
    return taken;
}

}  // namespace

TEST_CASE("what a state takes is bounded by its numbers", "[core][state]") {
    for (const auto& [what, map] : cases()) {
        CAPTURE(what);
        const Bytes bytes = wire::encode_document(Document(map));
        const std::size_t before = allocated();
        const auto read = wire::decode_document(bytes, wire::state_limits());
        const std::size_t held = allocated() - before;
        REQUIRE(read);
        CHECK(read->root() == map);
        const std::size_t numbers = numbers_of(bytes);
        CAPTURE(bytes.size(), numbers, held);
        CHECK(held <= numbers * wire::number_bytes_max + 4'096);
    }
}

TEST_CASE("a few bytes that tell many texts are refused", "[core][state]") {
    // Was: each took 3,000 bytes and counted as the four numbers that tell it. 290 bytes, 12 MB.
    const Bytes bytes = wire::encode_document(Document(many(Type::text, emptied_text())));
    CHECK(bytes.size() < 512);
    wire::Limits limits;
    limits.values_max = std::size_t{4} * count + 64;
    const auto read = wire::decode_document(bytes, limits);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::too_large);
    limits.values_max = std::size_t{64} * count;
    CHECK(wire::decode_document(bytes, limits));
}
