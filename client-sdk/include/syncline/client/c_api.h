#ifndef SYNCLINE_CLIENT_C_API_H
#define SYNCLINE_CLIENT_C_API_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Syncline for C and everything that calls C. Documents, ops and changes travel as JSON text
 * (UTF-8); see syncline/document/json.hpp for binary and special numbers.
 *
 *     syncline_store* store = NULL;
 *     syncline_error* error = NULL;
 *     if (!syncline_open("tasks.db", &store, &error)) {
 *         fprintf(stderr, "%s\n", syncline_error_message(error));
 *         syncline_error_free(error);
 *         return 1;
 *     }
 *     syncline_transact(store, "team-42",
 *         "[{\"op\":\"set\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"title\"],\"value\":\"Milk\"}]",
 *         &error);
 *     char* json = syncline_get(store, "team-42", "tasks", "t1", &error);
 *     syncline_string_free(json);
 *     syncline_close(store);
 *
 * Errors   A function that can fail takes `error`, which may be NULL. On failure it returns 0 or
 *          NULL and, if `error` is not NULL, makes an error there that the caller frees; otherwise
 *          it leaves *error alone, so begin with NULL there.
 * NULL     Where a string, a handle or a function has to be given and is NULL, the call fails with
 *          invalid_argument; one that cannot fail does nothing and returns 0. What may be NULL is
 *          said at the function.
 * Memory   A char* that a function returns is the caller's: syncline_string_free. A const char* is
 *          not, and lives as long as what it was taken from. Text that is given is copied.
 * Threads  Every function may be called from any thread, any number at once.
 * Handles  syncline_close, syncline_undo_free, syncline_subscription_free and syncline_error_free
 *          are the last call for their handle: no other call with it may be under way, and none may
 *          follow. That is not checked; a freed handle is undefined behaviour, as of free().
 * Callbacks  No lock is held: a callback may call everything here but syncline_close, also to
 *          transact or disconnect. It runs on the thread that made the change or, for what the
 *          relay sent, on the store's own, which sends and receives nothing until it returns. It
 *          must not leave by longjmp or by an exception.
 *
 * docs/tutorial-cpp.md has a program in C. What C++ has and this has not: a function that is asked
 * for tokens (syncline_set_token instead), the history of one field, the fields that an observer is
 * told of, Document with its dots.
 */

typedef struct syncline_store syncline_store;
typedef struct syncline_subscription syncline_subscription;
typedef struct syncline_undo syncline_undo;
typedef struct syncline_error syncline_error;

/** The number and the stable name of what went wrong (syncline/result.hpp), and a sentence; 0 and
 * "" for NULL. */
int syncline_error_code(const syncline_error* error);
const char* syncline_error_name(const syncline_error* error);
const char* syncline_error_message(const syncline_error* error);
/** Frees an error; NULL is fine. */
void syncline_error_free(syncline_error* error);
/** Frees a string that a function here returned; NULL is fine. */
void syncline_string_free(char* text);

/** Opens the store at `path`, or creates it. 1, or 0 with an error: storage_locked (open already,
 *  here or in another process), storage_not_ours, storage_newer, storage_corrupt, storage_readonly,
 *  storage_failed; the message names the path. */
int syncline_open(const char* path, syncline_store** store, syncline_error** error);
/** Disconnects and closes. NULL is fine. Its subscriptions end and still have to be freed. */
void syncline_close(syncline_store* store);
/** The names of all spaces in the file, as a JSON array. */
char* syncline_spaces(syncline_store* store, syncline_error** error);
/** This device's id, as history and presence name it. NULL for NULL. */
char* syncline_replica(syncline_store* store);
/** Reads the whole file; 0 with storage_corrupt and the first finding. See Store::verify. */
int syncline_verify(syncline_store* store, syncline_error** error);
/** Brings all that was committed into the one file, for whoever copies it. See Store::checkpoint.
 */
int syncline_checkpoint(syncline_store* store, syncline_error** error);

/** Declares the documents (docs/schema.md): from now on transactions are checked, and documents are
 *  read with their defaults; also after the store is opened again. NULL forgets the schema.
 *  0 with malformed, naming the place, or with schema_incompatible, naming field and rule. */
int syncline_set_schema(syncline_store* store, const char* schema_json, syncline_error** error);
/** The schema in use, as JSON. NULL with the error not_found if there is none. */
char* syncline_schema(syncline_store* store, syncline_error** error);

/**
 * Runs a list of ops as one atomic change: durable when this returns 1, nothing of it when 0.
 *
 *     [{"op": "set", "doc": ["tasks", "t1"], "path": ["address", "city"], "value": "Oslo"}, ...]
 *
 *     set              value     a register, last writer wins
 *     set_multi_value  value     a register that shows every concurrent value
 *     add              value     a counter; the value is an integer
 *     insert, erase    value     an element of an add-wins set
 *     insert_remove_wins, erase_remove_wins, insert_grow_only  value
 *     enable, disable            a flag, enable wins
 *     delete                     what is at the path, of every type; without a path the document
 *     create                     the map at the path, or the document, even while it is empty
 *     create_list, create_text   likewise
 *
 *     list_insert  index, and one of: value, values (a list), new (map, list, text or counter)
 *
 *     list_push    the same without an index: behind all
 *
 *     list_set     index, value            in place of what is in the element
 *
 *     list_erase   index, count            1 if there is no count
 *
 *     list_move    index, to               so that it is at `to` afterwards
 *
 *     text_insert  index, text
 *     text_erase   index, count
 *     text_splice  index, count, text      in place of the range
 *     text_mark    index, count, name, value, expand
 *     text_unmark  index, count, name, expand
 *
 * `path` is a list of keys, and of numbers for the elements of a list: ["steps", 0, "title"] is the
 * field of a map in a list. An element itself takes set, add, delete and the ops on lists and
 * texts. Indexes are as they are when the op's turn comes. In texts they count what "unit" says:
 * "code_point" (if it is not there), "utf16" or "byte". "expand" tells whether a property grows
 * with what is typed at its ends: "after" (if it is not there), "before", "both" or "none". The
 * space is made if it is not there.
 */
int syncline_transact(syncline_store* store, const char* space, const char* ops_json,
                      syncline_error** error);
/** The same with a message for people, which the history tells: "moved to Oslo". */
int syncline_transact_with_message(syncline_store* store, const char* space, const char* ops_json,
                                   const char* message, syncline_error** error);

/** syncline_transact, done once however often it is asked with this id (1 to 128 bytes), also by
 *  another process after this one died. `*before`, unless `before` is NULL, is 1 when an earlier
 *  call had done it. Ids are kept for a day; what fails is not noted. See Space::transact_once. */
int syncline_transact_once(syncline_store* store, const char* space, const char* request,
                           const char* ops_json, int* before, syncline_error** error);

/**
 * Undo and redo of what one origin in the app does in a space: a view, a window, a user. An undo
 * takes back what was transacted through this handle and nothing that anybody else did meanwhile
 * (docs/undo.md). In memory only: gone with the handle.
 *
 * `depth_max` groups are kept (0: 100), and what follows within `merge_ms` is one group (0: each
 * transaction is). NULL on an error. Free it before syncline_close: until then the store's file
 * stays open.
 */
syncline_undo* syncline_undo_new(syncline_store* store, const char* space, uint32_t depth_max,
                                 uint32_t merge_ms, syncline_error** error);
/** Frees it. NULL is fine. The last call for the handle. */
void syncline_undo_free(syncline_undo* undo);
/** syncline_transact, to be undone. */
int syncline_undo_transact(syncline_undo* undo, const char* ops_json, syncline_error** error);
/** Takes back the last group that still has an effect, or the last undo, as one atomic change.
 *  `*changed`, unless `changed` is NULL, is 0 when nothing was left. Returns 0 on an error, with
 *  nothing changed: schema_violation and too_large, as of a transaction, or the storage's. */
int syncline_undo_undo(syncline_undo* undo, int* changed, syncline_error** error);
int syncline_undo_redo(syncline_undo* undo, int* changed, syncline_error** error);
/** The same, each done once for a request's id: see syncline_transact_once. A step that was done
 *  before has `*changed` 1. */
int syncline_undo_transact_once(syncline_undo* undo, const char* request, const char* ops_json,
                                int* before, syncline_error** error);
int syncline_undo_undo_once(syncline_undo* undo, const char* request, int* changed,
                            syncline_error** error);
int syncline_undo_redo_once(syncline_undo* undo, const char* request, int* changed,
                            syncline_error** error);
/** Whether there is something that can be tried; others may have overtaken all of it. */
int syncline_undo_can_undo(const syncline_undo* undo);
int syncline_undo_can_redo(const syncline_undo* undo);
/** What is transacted between them is one group, whenever it is. They nest. */
void syncline_undo_begin_group(syncline_undo* undo);
void syncline_undo_end_group(syncline_undo* undo);
/** Forgets everything. */
void syncline_undo_clear(syncline_undo* undo);

/** The document as a JSON object, with the schema's defaults. NULL with the error not_found if
 * there is none. */
char* syncline_get(syncline_store* store, const char* space, const char* collection, const char* id,
                   syncline_error** error);
/** Keeps what the relay delivers for so many milliseconds from now on, in all spaces and also after
 *  the store is opened again; 0 ends it and drops what was kept. See Store::keep_history. */
int syncline_keep_history(syncline_store* store, uint64_t milliseconds, syncline_error** error);
/** Who changed the document, when and how, as a JSON array, oldest first, pending changes last; see
 *  syncline/document/history.hpp for an entry. NULL with the error not_found if none is kept. */
char* syncline_history(syncline_store* store, const char* space, const char* collection,
                       const char* id, syncline_error** error);
/** The document as it was when the relay's log had reached `sequence`, as a JSON object; {} if it
 * was not there. NULL with the error not_found outside of what is kept. */
char* syncline_get_as_of(syncline_store* store, const char* space, const char* collection,
                         const char* id, uint64_t sequence, syncline_error** error);
/** The text at a path, cut where its properties change:
 * [{"properties":{"bold":true},"text":"…"},…]. The question is {"doc":[collection, id],"path":[…]};
 * no text there is an empty list. */
char* syncline_spans(syncline_store* store, const char* space, const char* question_json,
                     syncline_error** error);

/** A handle that stays with what it was taken at, whatever is edited around it: with the element at
 *  `index` of a list, or with the point at `index` in a text. There, "side":"left" (if it is not
 *  there) keeps it with the character behind the point, "right" with the one in front.
 *
 *      {"doc": ["notes", "n1"], "path": ["body"], "index": 12, "side": "left", "unit": "utf16"}
 *
 *  The handle is JSON text, to be given back as it is. It is good while the store is open; kept for
 *  longer, unless the relay refused the change that inserted what it is at, or this device took a
 *  new identity before that change was synced. */
char* syncline_handle(syncline_store* store, const char* space, const char* question_json,
                      syncline_error** error);
/** Where the handle is now, in the unit it was taken in. 0 with the error not_found while the
 * element is erased. */
int syncline_position(syncline_store* store, const char* space, const char* handle_json,
                      uint32_t* position, syncline_error** error);

/** The ids of a collection's documents as a JSON array of text, ascending. */
char* syncline_ids(syncline_store* store, const char* space, const char* collection,
                   syncline_error** error);
/** A collection's documents as syncline_get gives them: [[id, {…}], …], ids ascending; those behind
 *  the id `behind` (NULL: from the first), `limit` at most (0: all). */
char* syncline_documents(syncline_store* store, const char* space, const char* collection,
                         const char* behind, uint64_t limit, syncline_error** error);
/** The names of the collections that have a document, as a JSON array, ascending. */
char* syncline_collections(syncline_store* store, const char* space, syncline_error** error);
/** The values that lost to the one shown, of the register at {"doc":[collection, id],"path":[…]},
 * as a JSON array, newest first; empty when there are none, or no register. */
char* syncline_conflicts(syncline_store* store, const char* space, const char* question_json,
                         syncline_error** error);
/** The digest of the confirmed state, in hexadecimal; equal on replicas in sync. */
char* syncline_digest(syncline_store* store, const char* space, syncline_error** error);

/** Called after each change: {"space":…,"documents":[{"collection":…,"id":…,"remote":bool},…]}.
 *  `changes_json` is the library's and lives until the call returns. Two calls may overlap, of two
 *  threads. See Callbacks above. */
typedef void (*syncline_observer)(const char* changes_json, void* context);
/** Observes a space, or one collection of it unless that is NULL. `context` has to outlive the
 *  subscription and a call that is under way when it is freed. */
syncline_subscription* syncline_observe(syncline_store* store, const char* space,
                                        const char* collection, syncline_observer observer,
                                        void* context, syncline_error** error);
/** Calls `observer` when the relay refused own changes for ever: they are out of the documents.
 *  [{"code":name,"reason":…,"message":…,"documents":[{"collection":…,"id":…,"edits":[…]},…]},…];
 *  an edit is told as in syncline_history. */
syncline_subscription* syncline_observe_rejected(syncline_store* store, const char* space,
                                                 syncline_observer observer, void* context,
                                                 syncline_error** error);
/** Calls `observer` with what syncline_status says, after each change of it; calls do not overlap,
 *  and the last one tells what is so now. */
syncline_subscription* syncline_observe_status(syncline_store* store, const char* space,
                                               syncline_observer observer, void* context,
                                               syncline_error** error);
/** Ends the calls. One that is under way on another thread may still finish. NULL is fine. */
void syncline_subscription_free(syncline_subscription* subscription);

/** Tells everybody who has the space open where this session is: a cursor, a name, whatever they
 * may see, at most 4 KiB. `session` is the app's name for one of its windows ("" is one, too). Kept
 * up until it is cleared, and never stored. When this device is lost, the others see it go after
 *  `ttl_ms` (1,000 to 120,000; 0: 30,000) at the latest. See Space::set_presence. */
int syncline_presence_set(syncline_store* store, const char* space, const char* session,
                          const char* value_json, uint32_t ttl_ms, syncline_error** error);
int syncline_presence_clear(syncline_store* store, const char* space, const char* session,
                            syncline_error** error);
/** Who is in the space now: [{"age_ms":n,"own":bool,"replica":id,"session":…,"subject":…,
 *  "value":…},…]. `own` are this store's sessions; of the others, the relay vouches for `replica`
 * and for `subject`, whom their token names. */
char* syncline_presence_get(syncline_store* store, const char* space, syncline_error** error);
/** Calls `observer` with that list after each change of it; calls do not overlap. */
syncline_subscription* syncline_presence_observe(syncline_store* store, const char* space,
                                                 syncline_observer observer, void* context,
                                                 syncline_error** error);

/** Keeps the store's spaces in sync with a relay from now on: ws://host:port or wss://host.
 *  `token` may be NULL, and be set by syncline_set_token. Returns at once. */
int syncline_connect(syncline_store* store, const char* url, const char* token,
                     syncline_error** error);
/** The same with all that can be said, as JSON; only "url" has to be there:
 *
 *      {"url": "wss://relay.example", "token": "…", "ca_file": "/etc/app/ca.pem",
 *       "backoff_min_ms": 500, "backoff_max_ms": 60000, "keep_alive_ms": 30000}
 *
 *  `ca_file` has certificates to trust beside the system's. Waiting between attempts grows from the
 *  one bound to the other. Any other member is invalid_argument. See ConnectOptions. */
int syncline_connect_with(syncline_store* store, const char* options_json, syncline_error** error);
/** The token to use from now on, at any time: a live connection is renewed with it, and one that
 *  ended with an expired token is made again at once. Until then the status tells token_expired. */
void syncline_set_token(syncline_store* store, const char* token);
void syncline_disconnect(syncline_store* store);
/** Waits until the space is in sync; 0 with timed_out, or with the error that prevents it. */
int syncline_wait_in_sync(syncline_store* store, const char* space, uint32_t timeout_ms,
                          syncline_error** error);
/** How the space stands: {"access":"none"|"read"|"write","accepted":n,"clock_offset_ms":n,
 *  "connected_since_ms":n,"connection":"offline"|"connecting"|"connected","cursor":n,
 *  "in_sync":bool,"last_error":null|{"code":name,"final":bool,"message":…},"pending":n}; a final
 *  error stays until the app does something about it. See SyncStatus. */
char* syncline_status(syncline_store* store, const char* space, syncline_error** error);

#ifdef __cplusplus
}
#endif

#endif
