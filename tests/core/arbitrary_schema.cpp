#include "arbitrary_schema.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace syncline::testing {

namespace {

const std::vector<std::string> keys = {"a", "b", "c", "d", "e", "f"};

ValueKinds arbitrary_kinds(Random& random) {
    if (random.one_in(3)) return {};
    ValueKinds kinds = ValueKinds::none();
    do {
        kinds.add(static_cast<ValueKind>(random.below(8)));
    } while (random.one_in(2));
    return kinds;
}

bool has_values(Type type) {
    return accepts(type, OpCode::set) || (accepts(type, OpCode::insert) && type != Type::map);
}

FieldSchema arbitrary_field(Random& random, std::size_t depth);

MapSchema arbitrary_shape(Random& random, std::size_t depth) {
    MapSchema shape;
    shape.closed = random.one_in(3);
    for (const std::string& key : keys) {
        if (random.one_in(2)) continue;
        shape.fields.push_back(arbitrary_field(random, depth));
        shape.fields.back().key = key;
    }
    return shape;
}

FieldSchema arbitrary_field(Random& random, std::size_t depth) {
    FieldSchema field;
    std::optional<Type> type;
    while (!type || (*type == Type::map && depth == 0)) type = type_of(random.below(16));
    field.type = *type;
    if (has_values(field.type)) field.kinds = arbitrary_kinds(random);
    field.required = random.one_in(4);
    if (field.type == Type::map) field.shape = arbitrary_shape(random, depth - 1);
    if (field.type == Type::list && depth > 0 && !random.one_in(3)) {
        FieldSchema elements = arbitrary_field(random, depth - 1);
        elements.required = false;
        elements.fallback.reset();
        if (can_be_placed(elements.type) || elements.type == Type::lww_register) {
            field.elements = std::move(elements);
        }
    }
    const Value value = arbitrary_value(random, 1);
    if (accepts(field.type, OpCode::set) && !field.required && field.kinds.holds(value)) {
        field.fallback = value;
    }
    return field;
}

void grow(MapSchema& shape, Random& random, std::size_t depth) {
    if (random.one_in(3)) shape.closed = false;
    for (FieldSchema& field : shape.fields) {
        if (has_values(field.type) && random.one_in(3)) {
            field.kinds.add(static_cast<ValueKind>(random.below(8)));
        }
        if (random.one_in(3)) field.required = false;
        if (!field.fallback && !field.required && accepts(field.type, OpCode::set) &&
            field.kinds.any() && random.one_in(3)) {
            field.fallback = arbitrary_value(random, 1);
        }
        if (field.type == Type::map && depth > 0) grow(field.shape, random, depth - 1);
        if (field.elements && random.one_in(4)) field.elements = {};
        if (field.elements && field.elements->type == Type::map && depth > 0) {
            grow(field.elements->shape, random, depth - 1);
        }
    }
    const std::string& key = keys[random.below(keys.size())];
    if (shape.find(key) == nullptr) {
        FieldSchema field = arbitrary_field(random, depth);
        field.key = key;
        field.required = false;
        const auto at = std::find_if(shape.fields.begin(), shape.fields.end(),
                                     [&](const FieldSchema& other) { return key < other.key; });
        shape.fields.insert(at, std::move(field));
    }
}

}  // namespace

Schema arbitrary_schema(Random& random) {
    Schema schema;
    for (const char* name : {"tasks", "notes"}) {
        if (!random.one_in(4)) schema.collections.emplace(name, arbitrary_shape(random, 2));
    }
    return schema;
}

Schema grown(Schema schema, Random& random) {
    for (auto& [name, shape] : schema.collections) grow(shape, random, 2);
    if (random.one_in(3)) schema.collections.try_emplace("lists", arbitrary_shape(random, 1));
    return schema;
}

FieldOp arbitrary_write(Random& random) {
    FieldOp op;
    for (std::size_t depth = 1 + random.below(3); depth > 0; --depth) {
        std::optional<Type> type = random.one_in(2) ? Type::map : Type::list;
        if (depth == 1) {
            do type = type_of(random.below(16));
            while (!type);
        }
        const bool in_list = !op.path.empty() && op.path.back().type == Type::list;
        op.path.push_back(in_list ? Step(Dot{alice, 1}, *type)
                                  : Step(keys[random.below(keys.size())], *type));
    }
    do op.op.code = static_cast<OpCode>(1 + random.below(12));
    while (!accepts(op.path.back().type, op.op.code));
    op.op.value = arbitrary_value(random, 1);
    if (op.op.code == OpCode::place && op.path.back().type == Type::list) {
        do op.op.inner = type_of(random.below(16)).value_or(Type::or_set);
        while (!can_be_placed(op.op.inner) && op.op.inner != Type::lww_register);
        op.op.value = Value(Value::Array{op.op.value});
    }
    return op;
}

}  // namespace syncline::testing
