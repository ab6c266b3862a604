// The tables of docs/semantics.md, a case a test.
#include "support/copies.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

namespace {

const Path counter_path = {{"votes", Type::pn_counter}};
const FieldKey settings{"settings", Type::map};
const Path title = {{"title", Type::lww_register}};
const Path inner_title = {settings, {"title", Type::lww_register}};

FieldOp at(const Path& path, Op op) { return {path, std::move(op)}; }

}  // namespace

// register

TEST_CASE("of two concurrent sets the later stamp is shown and the other is a conflict", "[lww]") {
    Copy<LwwRegister> here(alice), there(bob);
    here.does(here->set("a"), 1'000);
    there.does(there->set("b"), 2'000);
    meet(here, there);
    CHECK(*here->value() == Value("b"));
    REQUIRE(here->conflicts().size() == 1);
    CHECK(here->conflicts()[0].value == Value("a"));
}

TEST_CASE("with equal stamps the higher replica id wins", "[lww]") {
    Copy<LwwRegister> here(alice), there(bob);
    here.does(here->set("a"), 1'000);
    there.does(there->set("b"), 1'000);
    meet(here, there);
    CHECK(*here->value() == Value("b"));
}

TEST_CASE("an overwrite of a seen value wins even if its author's clock is far behind", "[lww]") {
    Copy<LwwRegister> here(alice), there(bob);
    here.does(here->set("from the future"), 1'000'000'000);
    there.hears(here);
    there.does(there->set("now"), 5);
    meet(here, there);
    CHECK(*here->value() == Value("now"));
    CHECK(here->conflicts().empty());
}

TEST_CASE("a set survives a concurrent clear", "[lww]") {
    Copy<LwwRegister> here(alice), there(bob);
    here.does(here->set("old"));
    there.hears(here);
    here.does(here->set("new"));
    there.does(there->clear());
    meet(here, there);
    CHECK(*here->value() == Value("new"));
    here.does(here->clear());
    CHECK(here->value() == nullptr);
    CHECK(here->empty());
}

TEST_CASE("of two sets in one transaction, with one stamp, the second stays", "[lww]") {
    Replicated<LwwRegister> reg;
    reg.update(alice, Hlc::at(1), reg->set("first"));
    reg.update(alice, Hlc::at(1), reg->set("second"));
    CHECK(*reg->value() == Value("second"));
    CHECK(reg->conflicts().empty());
}

// multi-value register

TEST_CASE("a multi-value register shows every concurrent value until one saw them all", "[mv]") {
    Copy<MvRegister> here(alice), there(bob);
    here.does(here->set("a"));
    there.does(there->set("b"));
    meet(here, there);
    REQUIRE(here->values().size() == 2);
    CHECK(here->values()[0].value == Value("a"));
    CHECK(here->values()[1].value == Value("b"));
    there.does(there->set("c"));
    meet(here, there);
    REQUIRE(here->values().size() == 1);
    here.does(here->clear());
    there.does(there->set("d"));
    meet(here, there);
    REQUIRE(here->values().size() == 1);
    CHECK(here->values()[0].value == Value("d"));
}

// counters

TEST_CASE("concurrent adds all count, each once", "[counter]") {
    Copy<PnCounter> here(alice), there(bob);
    here.does(here->add(2));
    there.does(there->add(-5)).does(there->add(1));
    meet(here, there);
    meet(here, there);
    CHECK(here->value() == -2);
}

TEST_CASE("a removed counter keeps the adds that its remover had not seen", "[counter]") {
    Copy<PnCounter> here(alice), there(bob);
    here.does(here->add(3));
    there.hears(here);
    here.does(here->add(10));
    there.does(there->cancel(bob));
    meet(here, there);
    CHECK(here->value() == 10);
    CHECK(here->live());
}

TEST_CASE("a counter that two remove is removed once", "[counter]") {
    Copy<PnCounter> here(alice), there(bob);
    here.does(here->add(3));
    there.hears(here);
    here.does(here->cancel(alice));
    there.does(there->cancel(bob));
    meet(here, there);
    CHECK(here->value() == 0);
    CHECK_FALSE(here->live());
    here.does(here->add(4));
    meet(here, there);
    CHECK(there->value() == 4);
}

TEST_CASE("an add of nothing makes a counter exist", "[counter]") {
    Copy<GCounter> here(alice);
    CHECK_FALSE(here->live());
    here.does(here->add(0));
    CHECK(here->live());
    CHECK(here->value() == 0);
}

TEST_CASE("a removal that comes before the adds it removes makes no debt", "[counter]") {
    // Deltas may come in any order; a grow-only counter once showed 2^64 - 5 in between.
    Copy<GCounter> here(alice), there(bob);
    here.does(here->add(5));
    there.hears(here);
    const auto before = there.state;
    there.does(there->cancel(bob));
    Replicated<GCounter> third;
    third.join(Replicated<GCounter>::delta(there.log.back(), before));
    CHECK(third->value() == 0);
    CHECK_FALSE(third->live());
    third.apply(here.log.front());
    CHECK(third->value() == 0);
}

TEST_CASE("an add that comes after a delta of a later add is not counted twice", "[counter]") {
    Copy<PnCounter> here(alice);
    here.does(here->add(5));
    const auto before = here.state;
    here.does(here->add(1));
    Replicated<PnCounter> there;
    there.join(Replicated<PnCounter>::delta(here.log[1], before));
    there.apply(here.log[0]);
    CHECK(there->value() == 6);
    CHECK(there == here.state);
}

TEST_CASE("a removal that comes after a delta of a later add leaves that add", "[counter]") {
    Copy<PnCounter> here(alice);
    here.does(here->add(5)).does(here->cancel(alice));
    const auto before = here.state;
    here.does(here->add(7));
    Replicated<PnCounter> there;
    there.join(Replicated<PnCounter>::delta(here.log[2], before));
    there.apply(here.log[0]);
    there.apply(here.log[1]);
    CHECK(there->value() == 7);
    CHECK(there == here.state);
}

TEST_CASE("two marks that lie about one add still join to one state", "[counter]") {
    const auto lying = [](std::int64_t total, std::int64_t cancelled) {
        CounterEntries entries;
        entries.insert(alice, {{4, total}, {2, cancelled}});
        return Replicated<PnCounter>(PnCounter(entries), {});
    };
    auto a = lying(10, -3);
    auto b = lying(-10, 9);
    auto ab = a;
    ab.join(b);
    b.join(a);
    CHECK(ab == b);
    a.join(ab);
    CHECK(a == ab);
}

TEST_CASE("sums wrap around alike everywhere instead of overflowing", "[counter]") {
    Copy<PnCounter> here(alice), there(bob);
    for (int i = 0; i < 1'100; ++i) here.does(here->add(PnCounter::amount_max));
    there.does(there->add(-1));
    meet(here, there);
    CHECK(here->value() < 0);
}

// flags

TEST_CASE("enable-wins: an enable beats a concurrent disable", "[flag]") {
    Copy<EwFlag> here(alice), there(bob);
    CHECK_FALSE(here->on());
    here.does(here->enable());
    there.hears(here);
    here.does(here->enable());
    there.does(there->disable());
    meet(here, there);
    CHECK(here->on());
    here.does(here->disable());
    meet(here, there);
    CHECK_FALSE(there->on());
    CHECK(there->empty());
}

TEST_CASE("disable-wins: a disable beats a concurrent enable until an enable saw it", "[flag]") {
    Copy<DwFlag> here(alice), there(bob);
    CHECK_FALSE(here->on());
    here.does(here->enable());
    there.does(there->disable());
    meet(here, there);
    CHECK_FALSE(here->on());
    there.does(there->enable());
    meet(here, there);
    CHECK(here->on());
}

TEST_CASE("disable-wins: the disable outlives the removal of its flag", "[flag]") {
    Copy<DwFlag> here(alice), there(bob), far(carol);
    here.does(here->disable());
    far.does(far->enable());
    Op clear;
    clear.removes = here->live_dots();
    here.does(clear);
    meet(here, there);
    meet(here, far);
    CHECK_FALSE(here->on());
}

// sets

TEST_CASE("add-wins: an insert beats a concurrent erase", "[set]") {
    Copy<OrSet> here(alice), there(bob);
    here.does(here->insert("x"));
    there.hears(here);
    here.does(here->insert("x"));
    there.does(there->erase("x"));
    meet(here, there);
    CHECK(here->contains("x"));
    there.does(there->erase("x"));
    meet(here, there);
    CHECK_FALSE(here->contains("x"));
    CHECK(here->empty());
}

TEST_CASE("add-wins: an erase does not reach an insertion that replaced the one it saw", "[set]") {
    Copy<OrSet> here(alice), there(bob);
    here.does(here->insert("x"));
    there.hears(here);
    here.does(here->erase("x"));
    there.does(there->erase("x")).does(there->insert("x"));
    meet(here, there);
    CHECK(here->contains("x"));
}

TEST_CASE("remove-wins: an erase beats a concurrent insert until an insert saw it", "[set]") {
    Copy<RwSet> here(alice), there(bob);
    here.does(here->insert("x"));
    there.does(there->erase("x"));
    meet(here, there);
    CHECK_FALSE(here->contains("x"));
    CHECK(here->elements().empty());
    here.does(here->insert("x"));
    meet(here, there);
    CHECK(there->contains("x"));
}

TEST_CASE("a grow-only set keeps every insert", "[set]") {
    Copy<GSet> here(alice), there(bob);
    here.does(here->insert("x"));
    there.does(there->insert("x")).does(there->insert("y"));
    meet(here, there);
    CHECK(here->size() == 2);
}

TEST_CASE("an op may come after a delta of the op that replaced it", "[set]") {
    // The delta names a dot as removed; when the dot's own op arrived it was dropped as a repeat,
    // and what that op itself replaced stayed for ever.
    Copy<LwwRegister> here(alice);
    here.does(here->set(1)).does(here->set(2));
    const auto before = here.state;
    here.does(here->set(3));
    Replicated<LwwRegister> there;
    there.apply(here.log[0]);
    there.join(Replicated<LwwRegister>::delta(here.log[2], before));
    CHECK_FALSE(there.apply(here.log[1]));
    CHECK(there == here.state);
    CHECK(there->conflicts().empty());
}

// map

TEST_CASE("two who create a map offline have one map with both contents", "[map]") {
    Copy<OrMap> here(alice), there(bob);
    here.does(here->create({settings}))
        .does(at(inner_title, here->at<LwwRegister>(inner_title).set("a")));
    const Path size = {settings, {"size", Type::pn_counter}};
    there.does(there->create({settings})).does(at(size, there->at<PnCounter>(size).add(4)));
    meet(here, there);
    CHECK(view(*here) == Value(Value::Map{{"settings", Value::Map{{"size", 4}, {"title", "a"}}}}));
}

TEST_CASE("an edit inside survives a concurrent removal, and the map around it", "[map]") {
    Copy<OrMap> here(alice), there(bob);
    const Path size = {settings, {"size", Type::lww_register}};
    here.does(here->create({settings}));
    here.does(at(inner_title, here->at<LwwRegister>(inner_title).set("old")));
    here.does(at(size, here->at<LwwRegister>(size).set(1)));
    there.hears(here);
    here.does(here->clear({settings}, alice));
    CHECK_FALSE(here->live());
    there.does(at(inner_title, there->at<LwwRegister>(inner_title).set("new")));
    meet(here, there);
    CHECK(view(*here) == Value(Value::Map{{"settings", Value::Map{{"title", "new"}}}}));
}

TEST_CASE("a counter in a removed map keeps the concurrent adds only", "[map]") {
    Copy<OrMap> here(alice), there(bob);
    const Path votes = {settings, {"votes", Type::pn_counter}};
    here.does(at(votes, here->at<PnCounter>(votes).add(3)));
    there.hears(here);
    there.does(at(votes, there->at<PnCounter>(votes).add(2)));
    here.does(here->clear({settings}, alice));
    CHECK_FALSE(here->live());
    meet(here, there);
    CHECK(here->at<PnCounter>(votes).value() == 2);
    here.does(here->clear({}, alice));
    meet(here, there);
    CHECK_FALSE(there->live());
    CHECK_FALSE(there->empty());  // the cancelled sums stay until the floor
}

TEST_CASE("an empty map exists while it was created and not removed", "[map]") {
    Copy<OrMap> here(alice), there(bob);
    CHECK_FALSE(here->live());
    here.does(here->create({settings}));
    CHECK(here->live());
    CHECK(view(*here) == Value(Value::Map{{"settings", Value::Map{}}}));
    there.hears(here);
    there.does(there->create({settings}));  // renews its presence
    here.does(here->clear({settings}, alice));
    meet(here, there);
    CHECK(here->find(settings) != nullptr);
    here.does(here->clear({settings}, alice));
    CHECK(here->empty());
    CHECK(here->clear({settings}, alice).empty());
}

TEST_CASE("clearing a document leaves what was written meanwhile", "[map]") {
    Copy<OrMap> here(alice), there(bob);
    const Path tags = {{"tags", Type::or_set}};
    here.does(at(title, here->at<LwwRegister>(title).set("t")));
    here.does(at(tags, here->at<OrSet>(tags).insert("old")));
    there.hears(here);
    there.does(at(tags, there->at<OrSet>(tags).insert("new")));
    here.does(here->clear({}, alice));
    meet(here, there);
    CHECK(view(*here) == Value(Value::Map{{"tags", Value::Array{"new"}}}));
}

TEST_CASE("types that clash under one key all live, and the first in their order is shown",
          "[map]") {
    Copy<OrMap> here(alice), there(bob), far(carol);
    const Path reg = {{"k", Type::lww_register}};
    const Path counter = {{"k", Type::pn_counter}};
    const Path inside = {{"k", Type::map}, {"x", Type::ew_flag}};
    here.does(at(reg, here->at<LwwRegister>(reg).set("text")));
    there.does(at(counter, there->at<PnCounter>(counter).add(1)));
    far.does(at(inside, far->at<EwFlag>(inside).enable()));
    meet(here, there);
    CHECK(view(*here) == Value(Value::Map{{"k", 1}}));
    meet(here, far);
    CHECK(view(*here) == Value(Value::Map{{"k", Value::Map{{"x", true}}}}));
    CHECK(types(*here, "k") == std::vector<Type>{Type::map, Type::pn_counter, Type::lww_register});
    here.does(here->clear({{"k", Type::map}}, alice));
    CHECK(view(*here) == Value(Value::Map{{"k", 1}}));
    CHECK(types(*here, "absent").empty());
}

TEST_CASE("an op for a map that is not there makes its way, a removal makes none", "[map]") {
    OrMap map;
    Op remove;
    remove.removes = {{bob, 1}};
    map.apply({{settings, settings, {"x", Type::or_set}}, remove}, {{alice, 1}, {}});
    CHECK(map.empty());
    remove.code = OpCode::erase;
    map.apply({{settings, {"x", Type::or_set}}, remove}, {{alice, 2}, {}});
    CHECK(map.empty());
    map.apply({{settings, {"x", Type::ew_flag}}, EwFlag().enable()}, {{alice, 3}, {}});
    CHECK(map.find(Path{settings, {"x", Type::ew_flag}}) != nullptr);
    CHECK(map.find(Path{{"x", Type::ew_flag}, settings}) == nullptr);
}

TEST_CASE("a delta of an op deep in a map joins where the maps around it are missing", "[map]") {
    const Path deep = {settings, settings, settings, {"votes", Type::g_counter}};
    Copy<OrMap> here(alice);
    here.does(at(deep, here->at<GCounter>(deep).add(2)));
    const auto before = here.state;
    here.does(at(deep, here->at<GCounter>(deep).add(3)));
    Replicated<OrMap> there;
    there.join(Replicated<OrMap>::delta(here.log[1], before));
    CHECK(there->at<GCounter>(deep).value() == 5);
    there.apply(here.log[0]);
    CHECK(there == here.state);
    // A removal's delta makes no empty maps either.
    const auto gone = Replicated<OrMap>::delta({{{alice, 3}, {}}, here->clear(deep, alice).front()},
                                               Replicated<OrMap>());
    CHECK(gone->empty());
}

TEST_CASE("a document of a hundred thousand fields is cleared in a moment", "[map]") {
    // Took half a minute while each field's dots were merged into those of all before it.
    OrMap map;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        LwwRegister reg;
        reg.apply(reg.set(1), {{replica(i % 3), 100'000 - i}, Hlc{}});
        map.insert({std::to_string(i), Type::lww_register}, Node(reg));
    }
    const auto ops = map.clear({}, alice);
    REQUIRE(ops.size() == 1);
    CHECK(ops[0].op.removes.size() == 100'000);
    map.apply(ops[0], {{alice, 200'000}, {}});
    CHECK(map.empty());
}
