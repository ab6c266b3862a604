#include "script.hpp"

namespace syncline::tour {

std::vector<FieldStory> stories() {
    using M = MapEditor;
    const auto nothing = [](M&) {};
    std::vector<FieldStory> all;
    all.push_back({"note", "register", [](M& m) { m.set("note", "not been there"); },
                   [](M& m) { m.set("note", "fjords!"); }, [](M& m) { m.set("note", "rain"); },
                   [](M& m) { m.set("note", "go in June"); },
                   "the latest stamp wins; the others stay readable as conflicts"});
    all.push_back({"visits", "counter", [](M& m) { m.counter("visits").add(1); },
                   [](M& m) { m.counter("visits").add(2); },
                   [](M& m) { m.counter("visits").add(-1); },
                   [](M& m) { m.counter("visits").add(10); }, "every add counts once: 1+2-1+10"});
    all.push_back({"reads", "grow-only counter", nothing,
                   [](M& m) { m.grow_only_counter("reads").add(5); },
                   [](M& m) { m.grow_only_counter("reads").add(7); },
                   [](M& m) { m.grow_only_counter("reads").add(1); }, "the sum"});
    all.push_back({"tags", "set, add wins", [](M& m) { m.set_of("tags").insert("cold"); },
                   [](M& m) { m.set_of("tags").erase("cold"); },
                   [](M& m) {
                       m.set_of("tags").erase("cold");
                       m.set_of("tags").insert("cold");
                   },
                   [](M& m) { m.set_of("tags").insert("ski"); },
                   "the phone added `cold` again, which the laptop's erase had not seen"});
    all.push_back({"closed", "set, remove wins",
                   [](M& m) { m.remove_wins_set("closed").insert("museum"); },
                   [](M& m) { m.remove_wins_set("closed").erase("museum"); },
                   [](M& m) { m.remove_wins_set("closed").insert("museum"); },
                   [](M& m) { m.remove_wins_set("closed").insert("ferry"); },
                   "of insert and erase at once the erase wins"});
    all.push_back({"seen_by", "grow-only set", nothing,
                   [](M& m) { m.grow_only_set("seen_by").insert("Anna"); },
                   [](M& m) { m.grow_only_set("seen_by").insert("Ben"); },
                   [](M& m) { m.grow_only_set("seen_by").insert("Clara"); }, "the union"});
    all.push_back({"starred", "flag, enable wins", [](M& m) { m.flag("starred").enable(); },
                   [](M& m) { m.flag("starred").disable(); },
                   [](M& m) { m.flag("starred").enable(); }, nothing,
                   "of enable and disable at once the enable wins"});
    all.push_back({"shared", "flag, disable wins",
                   [](M& m) { m.disable_wins_flag("shared").enable(); },
                   [](M& m) { m.disable_wins_flag("shared").disable(); },
                   [](M& m) { m.disable_wins_flag("shared").enable(); }, nothing,
                   "of enable and disable at once the disable wins"});
    all.push_back({"slogan", "multi-value register", nothing,
                   [](M& m) { m.set_multi_value("slogan", "powered by nature"); },
                   [](M& m) { m.set_multi_value("slogan", "bring wool"); }, nothing,
                   "nobody decides for the reader: both are shown"});
    all.push_back({"trip", "map", nothing,
                   [](M& m) {
                       M trip = m.map("trip");
                       trip.set("when", "June");
                   },
                   [](M& m) {
                       M trip = m.map("trip");
                       trip.set("where", "Bergen");
                   },
                   [](M& m) {
                       M trip = m.map("trip");
                       trip.counter("people").add(3);
                   },
                   "three maps made apart under one key are one map"});
    all.push_back({"flight", "map, removed",
                   [](M& m) {
                       M flight = m.map("flight");
                       flight.set("number", "SK 4011");
                       flight.set("seat", "12A");
                   },
                   [](M& m) { m.erase("flight"); },
                   [](M& m) {
                       M flight = m.map("flight");
                       flight.set("seat", "1F");
                   },
                   nothing, "a removal takes what it had seen; the new seat it had not"});
    all.push_back({"diary", "text", [](M& m) { m.text("diary").insert(0, "We went."); },
                   [](M& m) { m.text("diary").insert(7, " to Bergen"); },
                   [](M& m) { m.text("diary").insert(7, " by train"); },
                   [](M& m) { m.text("diary").splice(3, 4, "sailed"); },
                   "each keeps what it typed, in one piece; what was cut is cut"});
    all.push_back({"packing", "list",
                   [](M& m) {
                       m.list("packing").insert_all(0, {Value("tent"), Value("boots")});
                   },
                   [](M& m) { m.list("packing").move(1, 0); },
                   [](M& m) {
                       m.list("packing").insert(1, "map");
                       m.list("packing").push("wool");
                   },
                   [](M& m) { m.list("packing").erase(0); },
                   "a move, two insertions and a removal, all of them"});
    return all;
}

}  // namespace syncline::tour
