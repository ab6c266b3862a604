#include "support/arbitrary.hpp"

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

const std::vector<Type> all_types = {
    Type::map,       Type::or_set,  Type::rw_set,  Type::g_set,        Type::pn_counter,
    Type::g_counter, Type::ew_flag, Type::dw_flag, Type::lww_register, Type::mv_register};

FieldKey arbitrary_field(Random& random, bool is_last) {
    std::string key = random.one_in(3) ? arbitrary_text(random, wire::key_bytes_max)
                                       : std::string(1, static_cast<char>('a' + random.below(3)));
    return {std::move(key), is_last ? all_types[random.below(all_types.size())] : Type::map};
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
        op.code = static_cast<OpCode>(1 + random.below(9));
    } while (!accepts(type, op.code));
    const bool counts = op.code == OpCode::add || op.code == OpCode::cancel;
    if (!counts) op.removes = arbitrary_dots(random, author, counter);
    if (op.code == OpCode::set || op.code == OpCode::insert || op.code == OpCode::erase) {
        op.value = arbitrary_value(random);
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
        for (std::size_t ops = 1 + random.below(5); ops > 0; --ops, ++counter) {
            Path path;
            if (!paths.empty() && random.one_in(2)) {
                path = paths[random.below(paths.size())];
            } else {
                for (std::size_t steps = random.below(random.one_in(9) ? 17 : 4); steps > 0;
                     --steps) {
                    path.push_back(arbitrary_field(random, steps == 1));
                }
                paths.push_back(path);
            }
            const Type type = path.empty() ? Type::map : path.back().type;
            section.ops.push_back({path, arbitrary_wire_op(random, type, change.replica, counter)});
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

namespace {

template <typename Store>
std::vector<FieldOp> at_path(const OrMap& map, const Path& path, const ReplicaId& author,
                             std::size_t choice) {
    std::vector<FieldOp> ops;
    using M = Mutators<Store>;
    for (Op& op : M::make(map.at<Store>(path), author, choice % M::choices)) {
        ops.push_back({path, std::move(op)});
    }
    return ops;
}

}  // namespace

std::vector<FieldOp> Mutators<OrMap>::make(const OrMap& map, const ReplicaId& author,
                                           std::size_t choice) {
    // The number is taken apart into a place, a type and a mutator of that type.
    static const FieldKey m{"m", Type::map};
    static const std::vector<Path> places = {{}, {m}, {m}, {m, m}};
    Path path = places[choice % 4];
    choice /= 4;
    const std::size_t what = choice % 20;
    choice /= 20;
    if (what == 10 || what == 11) return {map.create(path)};
    if (what >= 18) return map.clear(path, author);
    const Type last = all_types[what % 10];
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
        default: return at_path<MvRegister>(map, path, author, choice);
    }
}

}  // namespace syncline::testing
