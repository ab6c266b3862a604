#include "support/arbitrary.hpp"

#include "syncline/document/json.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

namespace syncline::testing {

double test_scale() {
    const char* text = std::getenv("SYNCLINE_TEST_SCALE");
    const double scale = text == nullptr ? 1 : std::strtod(text, nullptr);
    return scale > 0 ? scale : 1;
}

std::uint64_t scaled(std::uint64_t runs) {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(runs) * test_scale());
    return std::max<std::uint64_t>(1, wanted);
}

std::uint64_t first_seed() {
    const char* text = std::getenv("SYNCLINE_TEST_SEED");
    return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

ReplicaId replica(std::size_t index) {
    ReplicaId id;
    id.bytes.fill(static_cast<std::byte>(0xA0 + index));
    return id;
}

std::string arbitrary_text(Random& random, std::size_t bytes_max) {
    static const std::vector<std::string> pieces = {"a",
                                                    "b",
                                                    "Z",
                                                    "0",
                                                    " ",
                                                    "$map",
                                                    "\x01",
                                                    "\xC3\xA9",
                                                    "\xE2\x82\xAC",
                                                    "\xED\x9F\xBF",
                                                    "\xF0\x9F\x98\x80",
                                                    "\""};
    std::string text;
    for (std::size_t left = random.below(6); left > 0; --left) {
        const std::string& piece = pieces[random.below(pieces.size())];
        if (text.size() + piece.size() <= bytes_max) text += piece;
    }
    if (random.one_in(40))
        text += std::string(std::min(bytes_max - text.size(), random.below(300)), 'x');
    return text;
}

Value arbitrary_value(Random& random, std::size_t depth) {
    switch (random.below(depth == 0 ? 9 : 11)) {
        case 0: return nullptr;
        case 1: return random.one_in(2);
        case 2: return static_cast<std::int64_t>(random.below(300)) - 150;
        case 3: {  // integers of every length
            const auto wide = static_cast<std::int64_t>(random() >> random.below(64));
            return random.one_in(2) ? Value(wide) : Value(-1 - wide);
        }
        case 4: {  // any bits a real can have
            const std::uint64_t bits = random();
            double real = 0;
            std::memcpy(&real, &bits, sizeof real);
            return real;
        }
        case 5: return static_cast<double>(random.below(1000)) / 8;
        case 6: {
            static constexpr double inf = std::numeric_limits<double>::infinity();
            const double special[] = {inf, -inf, inf - inf, -0.0, 9007199254740994.0, 1.2e18, -3e9};
            return special[random.below(std::size(special))];
        }
        case 7: return arbitrary_text(random, 1000);
        case 8: {
            Bytes bytes(random.below(random.one_in(20) ? 300 : 5));
            for (std::byte& b : bytes) b = static_cast<std::byte>(random() & 0xFF);
            return bytes;
        }
        case 9: {
            Value::Array items;
            for (std::size_t left = random.below(random.one_in(10) ? 20 : 4); left > 0; --left) {
                items.push_back(arbitrary_value(random, depth - 1));
            }
            return items;
        }
        default: {
            Value::Map members;
            for (std::size_t left = random.below(random.one_in(10) ? 20 : 4); left > 0; --left) {
                std::string key = arbitrary_text(random, 100);
                members.push_back({std::move(key), arbitrary_value(random, depth - 1)});
            }
            return members;
        }
    }
}

namespace {

const std::vector<Type> all_types = {Type::map,         Type::or_set,     Type::rw_set,
                                     Type::g_set,       Type::pn_counter, Type::g_counter,
                                     Type::ew_flag,     Type::dw_flag,    Type::lww_register,
                                     Type::mv_register, Type::list,       Type::text};

/// One that an op of `author` with the counter `below` may name.
Dot arbitrary_dot(Random& random, const ReplicaId& author, std::uint64_t below) {
    const ReplicaId who = random.one_in(2) ? author : replica(random.below(6));
    if (who == author && below > 1)
        return {author, below - 1 - (random() >> random.below(64)) % (below - 1)};
    return {who == author ? replica(7) : who, 1 + (random() >> random.below(64)) % counter_max};
}

/// A step down from a map or a list.
Step arbitrary_step(Random& random, Type from, bool is_last, const ReplicaId& author,
                    std::uint64_t below) {
    const Type containers[] = {Type::map, Type::map, Type::list};
    const Type type = is_last ? all_types[random.below(all_types.size())]
                              : containers[random.below(std::size(containers))];
    if (from == Type::list) return {arbitrary_dot(random, author, below), type};
    std::string key = random.one_in(3) ? arbitrary_text(random, wire::key_bytes_max)
                                       : std::string(1, static_cast<char>('a' + random.below(3)));
    return Step(FieldKey{std::move(key), type});
}

DotSet arbitrary_dots(Random& random, const ReplicaId& author, std::uint64_t below) {
    DotSet dots;
    for (std::size_t left = random.below(4); left > 0; --left) {
        const ReplicaId who = random.one_in(2) ? author : replica(random.below(6));
        const std::uint64_t bound = who == author ? below : counter_max;
        if (bound <= 1) continue;
        std::uint64_t counter =
            1 + random() % (random.one_in(2) ? std::min<std::uint64_t>(bound - 1, 20) : bound - 1);
        for (std::size_t run = 1 + random.below(random.one_in(3) ? 6 : 1); run > 0; --run) {
            if (counter < bound) dots.insert({who, counter++});
        }
    }
    return dots;
}

Op arbitrary_wire_op(Random& random, Type type, const ReplicaId& author, std::uint64_t counter) {
    Op op;
    do {
        op.code = static_cast<OpCode>(1 + random.below(12));
    } while (!accepts(type, op.code));
    const bool counts = op.code == OpCode::add || op.code == OpCode::cancel;
    const bool places = op.code == OpCode::place || op.code == OpCode::move;
    const bool sequence = type == Type::list || type == Type::text;
    const auto some_dot = [&] { return arbitrary_dot(random, author, counter); };
    const auto side = [&] { return random.one_in(2) ? Side::left : Side::right; };
    const auto anchor = [&] { return Anchor{random.one_in(4) ? Dot{} : some_dot(), side()}; };
    if (!counts && !places) op.removes = arbitrary_dots(random, author, counter);
    if (op.code == OpCode::set || op.code == OpCode::insert ||
        (op.code == OpCode::erase && !sequence)) {
        op.value = arbitrary_value(random);
    }
    if (op.code == OpCode::erase && type == Type::list && random.one_in(2)) op.element = some_dot();
    if (places && !random.one_in(4)) op.place = {some_dot(), side()};
    if (op.code == OpCode::move) op.element = some_dot();
    if (op.code == OpCode::mark)
        op.mark = Mark{arbitrary_text(random, 9), arbitrary_value(random), anchor(), anchor()};
    if (op.code == OpCode::place && type == Type::text) {
        op.inner = Type::text;
        op.value = "x" + arbitrary_text(random, 1'000);
    } else if (op.code == OpCode::place && random.one_in(3)) {
        const Type inner[] = {Type::map, Type::list, Type::text, Type::pn_counter, Type::g_counter};
        op.inner = inner[random.below(std::size(inner))];
    } else if (op.code == OpCode::place) {
        Value::Array values;
        for (std::size_t left = 1 + random.below(3); left > 0; --left)
            values.push_back(arbitrary_value(random, 2));
        op.value = std::move(values);
    }
    if (op.code == OpCode::add) {
        op.amount = static_cast<std::int64_t>(random() >> (11 + random.below(53)));
        if (type == Type::pn_counter && random.one_in(2)) op.amount = -op.amount;
    }
    if (op.code == OpCode::cancel) {
        for (std::size_t left = random.below(4); left > 0; --left) {
            const ReplicaId who = replica(random.below(6));
            if (who == author) continue;
            op.cancels[who] = {1 + random() % counter_max, static_cast<std::int64_t>(random())};
        }
    }
    return op;
}

}  // namespace

Change arbitrary_change(Random& random) {
    Change change;
    change.replica = replica(random.below(4));
    change.first = 1 + (random() >> random.below(64)) % (counter_max - 100);
    change.hlc = Hlc{random() >> random.below(64)};
    if (random.one_in(3)) {
        VersionVector vector;
        for (std::size_t left = random.below(4); left > 0; --left) {
            vector.raise(replica(random.below(6)), 1 + random() % counter_max);
        }
        change.base = vector;
    } else {
        change.base = (random() >> random.below(64)) & counter_max;
    }
    if (random.one_in(3)) change.message = arbitrary_text(random, wire::message_text_max);
    std::uint64_t counter = change.first;
    for (std::size_t left = 1 + random.below(3); left > 0; --left) {
        Section section;
        section.document = {std::string(1, static_cast<char>('k' + random.below(2))),
                            std::string(1, static_cast<char>('p' + random.below(3)))};
        if (!change.sections.empty() && change.sections.back().document == section.document) {
            continue;
        }
        std::vector<Path> paths;
        for (std::size_t ops = 1 + random.below(5); ops > 0; --ops) {
            Path path;
            if (!paths.empty() && random.one_in(2)) {
                path = paths[random.below(paths.size())];
            } else {
                for (std::size_t steps = random.below(random.one_in(9) ? 17 : 4); steps > 0;
                     --steps) {
                    const Type from = path.empty() ? Type::map : path.back().type;
                    path.push_back(
                        arbitrary_step(random, from, steps == 1, change.replica, counter));
                }
                paths.push_back(path);
            }
            const Type type = path.empty() ? Type::map : path.back().type;
            section.ops.push_back({path, arbitrary_wire_op(random, type, change.replica, counter)});
            counter += span(section.ops.back().op);
        }
        change.sections.push_back(std::move(section));
    }
    return change;
}

Bytes damaged(Bytes bytes, Random& random) {
    for (std::size_t left = 1 + random.below(3); left > 0; --left) {
        const std::size_t at = random.below(bytes.size() + 1);
        const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        switch (random.below(5)) {
            case 0: bytes.insert(place, static_cast<std::byte>(random() & 0xFF)); break;
            case 1:
                if (at < bytes.size()) bytes.erase(place);
                break;
            case 2:
                if (random.one_in(4)) bytes.resize(at);
                break;
            case 3:
                if (at < bytes.size()) *place = static_cast<std::byte>(random() & 0xFF);
                break;
            default:
                if (at < bytes.size()) *place ^= std::byte{1} << random.below(8);
        }
    }
    return bytes;
}

namespace {
/// `clear` of a type without such a mutator, as its map does it.
template <typename Store>
Op clear_of(const Store& store) {
    Op op;
    op.removes = store.live_dots();
    return op;
}
}  // namespace

std::vector<Op> Mutators<OrSet>::make(const OrSet& set, const ReplicaId&, std::size_t choice) {
    if (choice == 4) return {clear_of(set)};
    const Value element = choice % 2 == 0 ? Value("x") : Value(7);
    return {choice < 2 ? set.insert(element) : set.erase(element)};
}
std::vector<Op> Mutators<RwSet>::make(const RwSet& set, const ReplicaId&, std::size_t choice) {
    if (choice == 4) return {clear_of(set)};
    const Value element = choice % 2 == 0 ? Value("x") : Value(7);
    return {choice < 2 ? set.insert(element) : set.erase(element)};
}
std::vector<Op> Mutators<GSet>::make(const GSet& set, const ReplicaId&, std::size_t choice) {
    if (choice == 2) return {clear_of(set)};
    return {set.insert(choice == 0 ? Value("x") : Value(7))};
}
std::vector<Op> Mutators<PnCounter>::make(const PnCounter& counter, const ReplicaId& author,
                                          std::size_t choice) {
    if (choice == 3) return {counter.cancel(author)};
    static constexpr std::int64_t amounts[] = {1, -10, 0};
    return {counter.add(amounts[choice])};
}
std::vector<Op> Mutators<GCounter>::make(const GCounter& counter, const ReplicaId& author,
                                         std::size_t choice) {
    if (choice == 2) return {counter.cancel(author)};
    return {counter.add(choice == 0 ? 1 : 100)};
}
std::vector<Op> Mutators<EwFlag>::make(const EwFlag& flag, const ReplicaId&, std::size_t choice) {
    return {choice == 0 ? flag.enable() : choice == 1 ? flag.disable() : clear_of(flag)};
}
std::vector<Op> Mutators<DwFlag>::make(const DwFlag& flag, const ReplicaId&, std::size_t choice) {
    return {choice == 0 ? flag.enable() : choice == 1 ? flag.disable() : clear_of(flag)};
}
std::vector<Op> Mutators<LwwRegister>::make(const LwwRegister& reg, const ReplicaId&,
                                            std::size_t choice) {
    return {choice == 2 ? reg.clear() : reg.set(static_cast<int>(choice))};
}
std::vector<Op> Mutators<MvRegister>::make(const MvRegister& reg, const ReplicaId&,
                                           std::size_t choice) {
    return {choice == 2 ? reg.clear() : reg.set(static_cast<int>(choice))};
}

std::string describe(const FieldOp& op, const Event& at) {
    static constexpr const char* names[] = {"?",      "set",     "add",    "insert", "erase",
                                            "enable", "disable", "create", "clear",  "cancel",
                                            "place",  "move",    "mark"};
    const auto dot = [](const Dot& d) {
        if (d.counter == 0) return std::string("-");
        return std::string(
                   1, static_cast<char>('a' + std::to_integer<int>(d.replica.bytes[0]) - 0xA0)) +
               std::to_string(d.counter);
    };
    const auto side = [](Side s) { return s == Side::left ? "<" : ">"; };
    std::string text = dot(at.dot) + "@" + std::to_string(at.hlc.packed) + " ";
    for (const Step& step : op.path) {
        text += "/" + (step.is_element() ? dot(step.element) : step.key) + ":" +
                std::string(name_of(step.type));
    }
    text += " " + std::string(names[static_cast<std::size_t>(op.op.code)]);
    if (!op.op.value.is_null()) text += " " + to_json(op.op.value);
    if (op.op.code == OpCode::add) text += " " + std::to_string(op.op.amount);
    if (op.op.code == OpCode::place || op.op.code == OpCode::move) {
        if (op.op.inner != Type::lww_register) text += " " + std::string(name_of(op.op.inner));
        text += " at " + dot(op.op.place.parent) + side(op.op.place.side);
    }
    if (op.op.element.counter != 0) text += " of " + dot(op.op.element);
    if (op.op.mark) {
        text += " " + op.op.mark->name + "=" + to_json(op.op.mark->value) + " " +
                dot(op.op.mark->from.element) + side(op.op.mark->from.side) + ".." +
                dot(op.op.mark->to.element) + side(op.op.mark->to.side);
    }
    if (!op.op.removes.empty()) text += " removes";
    for (const Dot& removed : op.op.removes) text += " " + dot(removed);
    for (const auto& [who, mark] : op.op.cancels)
        text += " cancels " + dot({who, mark.counter}) + "=" + std::to_string(mark.sum);
    return text;
}

namespace {

/// `part` fifteenths of `whole`.
std::uint32_t portion(std::uint32_t whole, std::size_t part) {
    return static_cast<std::uint32_t>(whole * part / 15);
}

}  // namespace

std::vector<Op> Mutators<Text>::make(const Text& text, const ReplicaId&, std::size_t choice) {
    static const std::vector<std::string> pieces = {"a",
                                                    "b",
                                                    "c",
                                                    "de",
                                                    "fgh",
                                                    "\xC3\xA9",
                                                    "\xE2\x82\xAC-",
                                                    "\xF0\x9F\x98\x80",
                                                    "x\xF0\x9F\x98\x80y",
                                                    "0123456789"};
    static const std::vector<std::string> names = {"bold", "link"};
    static const std::vector<Value> values = {true, nullptr, "x"};
    const std::size_t kind = choice % 16;
    const std::uint32_t at = portion(text.size(), choice / 16 % 16);
    const std::size_t detail = choice / 256;
    const std::uint32_t left = text.size() - at;
    if (kind < 7) return {text.insert(at, pieces[detail % pieces.size()]).value()};
    if (kind == 7) return {text.create()};
    if (kind == 8) return {clear_of(text)};
    if (left == 0) return {};
    const std::uint32_t count = 1 + static_cast<std::uint32_t>(detail % std::min(left, 4u));
    if (kind < 13) return {text.erase(at, count).value()};
    return {
        text.mark(at, count, names[detail % 2], values[detail % 3], static_cast<Expand>(detail / 4))
            .value()};
}

std::vector<FieldOp> Mutators<List>::make(const List& list, const ReplicaId& author,
                                          std::size_t choice) {
    const std::size_t kind = choice % 16;
    const std::uint32_t size = list.size();
    const std::uint32_t at = portion(size, choice / 16 % 16);
    const std::size_t detail = choice / 256;
    const auto one = [](Op op) { return std::vector<FieldOp>{{{}, std::move(op)}}; };
    if (kind < 4) {
        std::vector<Value> values;
        for (std::size_t i = 0; i <= detail % 3; ++i)
            values.push_back(static_cast<int>(detail + i));
        return one(list.insert(at, std::move(values)).value());
    }
    if (kind == 4) {
        const Type inner[] = {Type::map, Type::list, Type::text, Type::pn_counter, Type::g_counter};
        return one(list.insert(at, inner[detail % 5]).value());
    }
    if (kind == 5) return one(list.create());
    if (kind == 6 && detail % 2 == 0) {
        std::vector<FieldOp> ops = {{{}, clear_of(list)}};
        for (const auto& [id, element] : list.elements()) {
            for (FieldOp& cancel : element.contents().cancels(author)) {
                cancel.path.front() = Step(id, cancel.path.front().type);
                ops.push_back(std::move(cancel));
            }
        }
        return ops;
    }
    if (size == 0) return {};
    const std::uint32_t index = std::min(at, size - 1);
    if (kind < 9) {
        const auto count = 1 + static_cast<std::uint32_t>(detail % std::min(size - index, 3u));
        return list.erase({}, index, count, author).value();
    }
    if (kind < 12) return one(list.move(index, portion(size - 1, detail)).value());
    if (kind < 14) return list.replace({}, index, static_cast<int>(detail), author).value();
    // Inside an element: in the container that is there, or in one that somebody else has made.
    const Dot id = *list.id(index);
    Type held = detail % 4 == 0 ? Type::text : Type::map;
    if (const OrMap* contents = list.contents(id); contents != nullptr)
        held = contents->fields().begin()->first.type();
    const OrMap none;
    const OrMap& contents = list.contents(id) == nullptr ? none : *list.contents(id);
    Path inside = {FieldKey{"", held}};
    std::vector<FieldOp> ops;
    if (held == Type::map) {
        inside.push_back(FieldKey{"k", detail % 2 == 0 ? Type::lww_register : Type::pn_counter});
        if (detail % 2 == 0) {
            ops.push_back({inside, contents.at<LwwRegister>(inside).set(static_cast<int>(detail))});
        } else {
            ops.push_back({inside, contents.at<PnCounter>(inside).add(1)});
        }
    } else if (held == Type::text) {
        for (Op& op : Mutators<Text>::make(contents.at<Text>(inside), author, detail * 16 + detail))
            ops.push_back({inside, std::move(op)});
    } else if (held == Type::list) {
        const List& inner = contents.at<List>(inside);
        const Op op = detail % 3 == 0 && inner.size() > 0 ? inner.move(0, inner.size() - 1).value()
                                                          : inner.insert(0, Type::map).value();
        ops.push_back({inside, op});
    } else if (held == Type::pn_counter) {
        ops.push_back({inside, contents.at<PnCounter>(inside).add(-2)});
    } else if (held == Type::g_counter) {
        ops.push_back({inside, contents.at<GCounter>(inside).add(3)});
    } else {
        ops.push_back({inside, contents.at<LwwRegister>(inside).set("again")});
    }
    for (FieldOp& op : ops) op.path.front() = Step(id, op.path.front().type);
    return ops;
}

namespace {

template <typename Store>
std::vector<FieldOp> at_path(const OrMap& map, const Path& path, const ReplicaId& author,
                             std::size_t choice) {
    std::vector<FieldOp> ops;
    using M = Mutators<Store>;
    for (auto& op : M::make(map.at<Store>(path), author, choice % M::choices)) {
        if constexpr (std::is_same_v<std::decay_t<decltype(op)>, Op>) {
            ops.push_back({path, std::move(op)});
        } else {
            Path whole = path;
            whole.insert(whole.end(), op.path.begin(), op.path.end());
            ops.push_back({std::move(whole), std::move(op.op)});
        }
    }
    return ops;
}

/// To a map in the list "k" in the map at `path`, if there is one.
Path into_list(const OrMap& map, Path path, std::size_t choice) {
    path.push_back({"k", Type::list});
    const List& list = map.at<List>(path);
    if (list.size() == 0) return {};
    const auto id = list.id(static_cast<std::uint32_t>(choice % list.size()));
    path.push_back({*id, Type::map});
    return map.find(path) == nullptr ? Path{} : path;
}

}  // namespace

std::vector<FieldOp> Mutators<OrMap>::make(const OrMap& map, const ReplicaId& author,
                                           std::size_t choice) {
    // The number is taken apart into a place, a type and a mutator of that type.
    static const FieldKey m{"m", Type::map};
    static const std::vector<Path> places = {{}, {m}, {m}, {m, m}};
    const std::size_t place = choice % 6;
    choice /= 6;
    const std::size_t what = choice % 24;
    choice /= 24;
    Path path = place < 4 ? places[place] : into_list(map, places[place - 4], choice);
    if (place == 5 && choice % 2 == 0) {
        if (Path deeper = into_list(map, path, choice); !deeper.empty()) path = deeper;
    }
    if (what == 10 || what == 11) return {map.create(path)};
    if (what == 12) return map.clear(path, author);
    const Type last = what < 10 ? all_types[what] : what < 20 ? Type::list : Type::text;
    if (last == Type::map) return map.clear({m}, author);
    path.push_back({"k", last});
    if (choice == 4) return map.clear(path, author);
    switch (last) {
        case Type::or_set: return at_path<OrSet>(map, path, author, choice);
        case Type::rw_set: return at_path<RwSet>(map, path, author, choice);
        case Type::g_set: return at_path<GSet>(map, path, author, choice);
        case Type::pn_counter: return at_path<PnCounter>(map, path, author, choice);
        case Type::g_counter: return at_path<GCounter>(map, path, author, choice);
        case Type::ew_flag: return at_path<EwFlag>(map, path, author, choice);
        case Type::dw_flag: return at_path<DwFlag>(map, path, author, choice);
        case Type::lww_register: return at_path<LwwRegister>(map, path, author, choice);
        case Type::list: return at_path<List>(map, path, author, choice);
        case Type::text: return at_path<Text>(map, path, author, choice);
        default: return at_path<MvRegister>(map, path, author, choice);
    }
}

}  // namespace syncline::testing
