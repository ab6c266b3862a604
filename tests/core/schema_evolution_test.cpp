// How a schema may grow, and how apps of different versions live together.

#include "arbitrary_schema.hpp"
#include "schema_world.hpp"
#include "syncline/document/json.hpp"

#include <catch2/catch.hpp>

using namespace syncline;
using namespace syncline::testing;

TEST_CASE("a schema grows: each rule of evolution is named with its field", "[schema]") {
    struct Case {
        const char* from;
        const char* to;
        std::vector<SchemaFinding> findings;
    };
    const auto c_of = [](const std::string& fields) {
        return schema_of(R"({"collections":{"c":)" + fields + "}}");
    };
    using R = SchemaRule;
    const std::vector<Case> cases = {
        // Allowed.
        {R"({})", R"({"fields":{"x":{"type":"register"}}})", {}},
        {R"({"fields":{"x":{"type":"register","kind":"integer"}}})",
         R"({"fields":{"x":{"type":"register","kind":"real"}}})",
         {}},
        {R"({"fields":{"x":{"type":"or_set","kind":"text"}}})",
         R"({"fields":{"x":{"type":"or_set"}}})",
         {}},
        {R"({"fields":{"x":{"type":"register","required":true}}})",
         R"({"fields":{"x":{"type":"register","default":1}}})",
         {}},
        {R"({"closed":true,"fields":{"x":{"type":"register"}}})",
         R"({"fields":{"x":{"type":"register","default":1}}})",
         {}},
        {R"({"fields":{"x":{"type":"map"}}})",
         R"({"fields":{"x":{"type":"map","fields":{"y":{"type":"or_set"}}}}})",
         {}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"register","kind":"text"}}}})",
         R"({"fields":{"l":{"type":"list","default":[]}}})",
         {}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"map"}}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"map","fields":{"x":{"type":"text"}}}}}})",
         {}},
        // A map that is new may require what it wants.
        {R"({})",
         R"({"fields":{"x":{"type":"map","fields":{"y":{"type":"or_set","required":true}}}}})",
         {}},
        // Refused.
        {R"({"fields":{"x":{"type":"register"}}})",
         R"({})",
         {{"c.x", R::field_removed, "is not declared any more"}}},
        {R"({"fields":{"x":{"type":"register"}}})",
         R"({"fields":{"x":{"type":"mv_register"}}})",
         {{"c.x", R::type_changed, "was register, is mv_register; take another key"}}},
        {R"({"fields":{"x":{"type":"register","kind":"real"}}})",
         R"({"fields":{"x":{"type":"register","kind":"integer"}}})",
         {{"c.x", R::kind_narrowed, "was real, is integer"}}},
        {R"({"fields":{"x":{"type":"register"}}})",
         R"({"fields":{"x":{"type":"register","kind":["text","null"]}}})",
         {{"c.x", R::kind_narrowed, "was any, is null or text"}}},
        {R"({"fields":{"x":{"type":"register","kind":"text"}}})",
         R"({"fields":{"x":{"type":"register","kind":"binary"}}})",
         {{"c.x", R::kind_narrowed, "was text, is binary"}}},
        {R"({"fields":{"x":{"type":"register"}}})",
         R"({"fields":{"x":{"type":"register","required":true}}})",
         {{"c.x", R::made_required, "was optional"}}},
        {R"({})",
         R"({"fields":{"x":{"type":"register","required":true}}})",
         {{"c.x", R::made_required, "is new where documents may be without it"}}},
        {R"({"fields":{"m":{"type":"map"}}})",
         R"({"fields":{"m":{"type":"map","fields":{"x":{"type":"register","required":true}}}}})",
         {{"c.m.x", R::made_required, "is new where documents may be without it"}}},
        {R"({"fields":{"l":{"type":"list"}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"register"}}}})",
         {{"c.l[]", R::kind_narrowed, "were anything, are register"}}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"register"}}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"register","kind":"text"}}}})",
         {{"c.l[]", R::kind_narrowed, "was any, is text"}}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"map"}}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"map","fields":{"x":{"type":"text","required":true}}}}}})",
         {{"c.l[].x", R::made_required, "is new where documents may be without it"}}},
        {R"({"fields":{"l":{"type":"list","elements":{"type":"map"}}}})",
         R"({"fields":{"l":{"type":"list","elements":{"type":"text"}}}})",
         {{"c.l[]", R::type_changed, "was map, is text; take another key"}}},
        {R"({"fields":{"x":{"type":"register","default":1}}})",
         R"({"fields":{"x":{"type":"register","default":2}}})",
         {{"c.x", R::default_changed, "was 1, is 2"}}},
        {R"({"fields":{"x":{"type":"pn_counter","default":0}}})",
         R"({"fields":{"x":{"type":"pn_counter"}}})",
         {{"c.x", R::default_changed, "was 0, is none any more"}}},
        {R"({})", R"({"closed":true})", {{"c", R::made_closed, "was open"}}},
        {R"({"fields":{"m":{"type":"map"}}})",
         R"({"fields":{"m":{"type":"map","closed":true}}})",
         {{"c.m", R::made_closed, "was open"}}},
        {R"({"fields":{"m":{"type":"map","fields":{"x":{"type":"ew_flag"}}},"y":{"type":"map"}}})",
         R"({"fields":{"m":{"type":"map","fields":{"x":{"type":"dw_flag"}}}}})",
         {{"c.m.x", R::type_changed, "was ew_flag, is dw_flag; take another key"},
          {"c.y", R::field_removed, "is not declared any more"}}},
    };
    for (const Case& one : cases) {
        CAPTURE(one.from, one.to);
        const Schema from = c_of(one.from);
        const Schema to = c_of(one.to);
        CHECK(evolution_findings(from, to) == one.findings);
        const auto checked = check_evolution(from, to);
        CHECK(checked.has_value() == one.findings.empty());
        if (checked) continue;
        CHECK(checked.error().code == ErrorCode::schema_incompatible);
        for (const SchemaFinding& finding : one.findings) {
            CHECK(checked.error().message.find(finding.text()) != std::string::npos);
        }
    }
    CHECK(refusal(check_evolution(tasks_schema(), Schema()), ErrorCode::schema_incompatible) ==
          "notes: collection_removed: is not declared any more; "
          "tasks: collection_removed: is not declared any more");
    CHECK(check_evolution(Schema(), tasks_schema()));
}

TEST_CASE("schemas that grow and grow stay compatible, and what was allowed stays so", "[schema]") {
    std::size_t refused = 0;
    std::size_t allowed = 0;
    for (std::uint64_t run = 0; run < scaled(500); ++run) {
        const std::uint64_t seed = first_seed() + run;
        CAPTURE(seed);
        Random random(seed);
        const Schema first = arbitrary_schema(random);
        CAPTURE(first.to_json());
        REQUIRE(schema_of(first.to_json()) == first);
        REQUIRE(check_evolution(first, first));
        const Schema second = grown(first, random);
        const Schema third = grown(second, random);
        CAPTURE(third.to_json());
        REQUIRE(check_evolution(first, second));
        REQUIRE(check_evolution(second, third));
        REQUIRE(check_evolution(first, third));
        REQUIRE(schema_of(third.to_json()) == third);
        for (int i = 0; i < 40; ++i) {
            const FieldOp op = arbitrary_write(random);
            // A field that nobody had declared may be declared in another type meanwhile.
            const MapSchema* shape = first.find("tasks");
            const FieldSchema* field = nullptr;
            for (const Step& step : op.path) {
                if (!step.is_element()) {
                    field = shape == nullptr ? nullptr : shape->find(step.key);
                } else if (field != nullptr) {
                    field = field->elements ? &*field->elements : nullptr;
                }
                shape = field == nullptr ? nullptr : &field->shape;
            }
            const bool declared = shape != nullptr;
            if (!check_write(first, task, op)) {
                ++refused;
            } else if (declared) {
                ++allowed;
                REQUIRE(check_write(third, task, op));
            }
        }
    }
    CHECK(refused > 0);
    CHECK(allowed > 0);
}

// ---- Other apps

TEST_CASE("replicas with different schemas that grew from one come to equal digests", "[schema]") {
    std::size_t unknown_fields = 0;
    for (std::uint64_t run = 0; run < scaled(200); ++run) {
        const std::uint64_t seed = first_seed() + run;
        CAPTURE(seed);
        Random random(seed);
        std::vector<Schema> schemas = {arbitrary_schema(random)};
        schemas.push_back(grown(schemas[0], random));
        schemas.push_back(Schema());
        // Each writes what its own schema allows, offline.
        using Replica = Replicated<OrMap>;
        std::vector<Replica> replicas(3);
        std::vector<Replica::Update> sent;
        for (int i = 0; i < 60; ++i) {
            const std::size_t at = random.below(3);
            FieldOp op = arbitrary_write(random);
            // Those name what is there; this test makes them without looking.
            if (op.op.code == OpCode::cancel || op.op.code == OpCode::clear) continue;
            if (op.op.code >= OpCode::place || op.path.back().type == Type::list) continue;
            if (op.path.back().is_element()) continue;
            if (!check_write(schemas[at], task, op)) continue;
            sent.push_back(replicas[at].update(replica(at), Hlc::at(random.below(100)), op));
        }
        // What comes from elsewhere is taken in, whatever the own schema says of it.
        for (std::size_t at = 0; at < 3; ++at) {
            for (const auto& update : sent) {
                if (!check_write(schemas[at], task, update.op)) ++unknown_fields;
                replicas[at].apply(update);
            }
        }
        std::vector<Hash> digests;
        for (std::size_t at = 0; at < 3; ++at) {
            const Document document(*replicas[at]);
            (void)view_with_defaults(schemas[at], "tasks", document);
            (void)lacking(schemas[at], task, document);
            Digest digest;
            digest.add(task, wire::encode_document(document));
            digests.push_back(digest.value());
        }
        REQUIRE(digests[0] == digests[1]);
        REQUIRE(digests[0] == digests[2]);
    }
    CHECK(unknown_fields > 0);
}

TEST_CASE("what a newer app wrote survives an edit by an older one", "[schema]") {
    const Schema& older = tasks_schema();
    Schema newer = older;
    newer.collections["tasks"].fields.push_back({});
    FieldSchema& added = newer.collections["tasks"].fields.back();
    added.key = "zone";
    added.type = Type::map;
    REQUIRE(check_evolution(older, newer));

    Editing editing;
    editing.set({{"title", Type::lww_register}}, "a");
    const Path zone = {{"zone", Type::map}, {"name", Type::lww_register}};
    editing.set(zone, "north");
    const Path colour = {{"address", Type::map}, {"colour", Type::lww_register}};
    editing.set(colour, "red");  // its address was not closed
    // To disk and back, at the older app, which edits and shows it.
    const Bytes stored = wire::encode_document(editing.document);
    Editing old;
    old.author = bob;
    old.document = wire::decode_document(stored, wire::state_limits()).value();
    const FieldOp edit{
        {{"title", Type::lww_register}},
        old.document.root().at<LwwRegister>({{"title", Type::lww_register}}).set("b")};
    REQUIRE(check_write(older, task, edit));
    old.apply(edit);
    REQUIRE(check_required(older, task, old.document, lacking(older, task, editing.document)));
    CHECK(*old.seen_with(older).find("zone")->find("name") == Value("north"));
    CHECK(*old.seen_with(older).find("address")->find("colour") == Value("red"));
    CHECK(*old.document.root().at<LwwRegister>(zone).value() == Value("north"));
    CHECK(*old.document.root().at<LwwRegister>(colour).value() == Value("red"));
}
