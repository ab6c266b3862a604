#pragma once

#include "support/arbitrary.hpp"
#include "syncline/document/digest.hpp"
#include "syncline/document/schema.hpp"

#include <string>
#include <string_view>

/// What the tests of schemas talk about: an app of tasks, and a replica that edits one.
namespace syncline::testing {

inline const DocumentKey task{"tasks", "t1"};

/// The schema that a text gives; the test ends where it gives none.
[[nodiscard]] Schema schema_of(std::string_view json);
/// An app's: tasks with a field of most types, and notes, which are closed.
[[nodiscard]] const Schema& tasks_schema();
/// A schema with one collection `c` of these fields; `more` stands behind them.
[[nodiscard]] Schema with_fields(const std::string& fields, const std::string& more = {});

/// One replica of one document, which it edits without asking a schema.
struct Editing {
    ReplicaId author = alice;
    Document document;
    std::uint64_t next = 1;
    Hlc stamp = Hlc::at(1);

    void apply(const FieldOp& op);
    void set(const Path& path, Value value);
    void clear(const Path& path);
    [[nodiscard]] Value seen_with(const Schema& schema) const;
    [[nodiscard]] Hash digest() const;
};

[[nodiscard]] FieldOp op_of(Path path, OpCode code, Value value = {});
/// A write of a register of the root.
[[nodiscard]] FieldOp setting(const std::string& key, Value value);

/// The text of the error, after its code was looked at; "no refusal" without one.
[[nodiscard]] std::string refusal(const Result<>& result,
                                  ErrorCode code = ErrorCode::schema_violation);
/// What the tasks' schema says to a write.
[[nodiscard]] std::string write(const FieldOp& op, const std::string& collection = "tasks");

}  // namespace syncline::testing
