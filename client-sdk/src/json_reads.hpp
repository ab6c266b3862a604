#pragma once

#include "syncline/client/store.hpp"

#include <string>
#include <vector>

/// What a store tells, as JSON text, for callers in other languages: syncline/client/c_api.h says
/// what the texts look like, and wasm/js/engine.ts has them as types.
namespace syncline::client {

/// Error: not_found.
Result<std::string> document_json(const Space& space, const DocumentKey& key);
Result<std::string> document_as_of_json(const Space& space, const DocumentKey& key,
                                        std::uint64_t sequence);
Result<std::string> history_json(const Space& space, const DocumentKey& key);
/// All documents of a collection, as one object by id.
Result<std::string> collection_json(const Space& space, const std::string& collection);
/// Up to `limit` documents of a collection with ids behind `behind`: [[id,document],…].
Result<std::string> documents_json(const Space& space, const std::string& collection,
                                   const std::string& behind, std::uint64_t limit);
/// Up to `limit` documents of a collection with ids behind `behind`: {"count":n,"last":id,
/// "documents":[[id,document],…]}, the members in this order. A document with lists is
/// [id,document,lists], with what lists_json() says.
Result<std::string> page_json(const Space& space, const std::string& collection,
                              const std::string& behind, std::uint64_t limit);
/// The ids of the elements in the document's lists: [[path,ids],…] with each list that has an
/// element, those outside before those inside. A path is of keys and indexes; ids are in the list's
/// order, [[replica,first,last,first,last,…],…]: counters from first to last, of one replica. null
/// where there is no such list. Error: storage_*.
Result<std::string> lists_json(const Space& space, const DocumentKey& key);
/// The values that lost at {"doc":[collection,id],"path":[…]}, where the path leads to a register;
/// newest first. An empty list where there is none. Error: invalid_argument.
Result<std::string> conflicts_json(const Space& space, const Value& question);
/// {"clockOffsetMs":n,"cursor":n,"documents":n,"pending":n,"versionVector":{replica:n,…}}; the
/// offset is the relay's clock minus ours.
Result<std::string> report_json(const Space& space);
Result<std::string> ids_json(const Space& space, const std::string& collection);
Result<std::string> collections_json(const Space& space);
Result<std::string> spaces_json(const Store& store);
Result<std::string> digest_json(const Space& space);

/// What a page wants to know, and changes only when something happens.
std::string status_json(const SyncStatus& status);
/// All of it: also access, clock_offset_ms, connected_since_ms.
std::string full_status_json(const SyncStatus& status);
std::string changes_json(const SpaceChanges& changes);
std::string presence_json(const std::vector<Presence>& everybody);
std::string rejected_json(const std::vector<RejectedChange>& changes);

/// `text` as a JSON text.
std::string quoted(std::string_view text);

}  // namespace syncline::client
