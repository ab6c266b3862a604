#pragma once

#include "syncline/client/store.hpp"

#include <string_view>
#include <vector>

/// Edits and handles as JSON, for callers in other languages. See syncline/client/c_api.h, which
/// says what the texts look like.
namespace syncline::client {

/// Checks the shape of a list of ops, without a document. Error: invalid_argument.
Result<> check_json_ops(const Value& ops);
/// Makes the edits of a list that check_json_ops() passed. The transaction fails at the first that
/// is wrong.
void apply_json_ops(Transaction& tx, const Value::Array& ops);

/// Takes a handle in a transaction that reads: of a point in a text or an element of a list,
/// whichever the path leads to. Error: invalid_argument, out_of_range.
Result<Value> take_handle(Transaction& tx, const Value& asked);
/// Where the handle is now, in the unit it was taken in; not_found when it is gone.
Result<std::uint32_t> resolve_handle(const Space& space, const Value& handle);

/// A text cut where its properties change, as a list of {"text", "properties"}.
Result<Value> spans_of(Transaction& tx, const Value& asked);

}  // namespace syncline::client
