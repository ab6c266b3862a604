#pragma once

#include "support/arbitrary.hpp"
#include "syncline/document/schema.hpp"

/// Schemas by chance, over few keys, so that they meet.
namespace syncline::testing {

[[nodiscard]] Schema arbitrary_schema(Random& random);
/// As a later version of the app might declare it.
[[nodiscard]] Schema grown(Schema schema, Random& random);
/// A write to a document that may have such a schema.
[[nodiscard]] FieldOp arbitrary_write(Random& random);

}  // namespace syncline::testing
