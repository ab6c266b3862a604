/* The C interface as a C program uses it. Returns 0, or the line of what did not hold. */

#include "syncline/client/c_api.h"

#include <stdio.h>
#include <string.h>

#if !defined(__STDC_VERSION__) || __STDC_VERSION__ < 201112L
#error "C11 or later"
#endif

int syncline_api_in_c(const char* path);

#define HOLDS(condition)                   \
    do {                                   \
        if (!(condition)) return __LINE__; \
    } while (0)

struct told {
    int calls;
    char last[512];
};

static void note(const char* changes_json, void* context) {
    struct told* told = context;
    ++told->calls;
    strncpy(told->last, changes_json, sizeof told->last - 1);
}

static int equals(char* text, const char* expected) {
    const int same = text != NULL && strcmp(text, expected) == 0;
    syncline_string_free(text);
    return same;
}

static int failed_with(syncline_error** error, const char* name) {
    const int same = *error != NULL && strcmp(syncline_error_name(*error), name) == 0 &&
                     syncline_error_code(*error) != 0 && syncline_error_message(*error)[0] != '\0';
    syncline_error_free(*error);
    *error = NULL;
    return same;
}

/* What an app needs beside documents. */
static int syncline_twins_in_c(syncline_store* store) {
    syncline_error* error = NULL;
    const char* set = "[{\"op\":\"set\",\"doc\":[\"d\",\"1\"],\"path\":[\"k\"],\"value\":1}]";
    const char* more = "[{\"op\":\"create\",\"doc\":[\"d\",\"2\"]}]";
    struct told told = {0, {0}};
    syncline_subscription* status = syncline_observe_status(store, "twins", note, &told, &error);
    syncline_subscription* rejected =
        syncline_observe_rejected(store, "twins", note, &told, &error);
    HOLDS(status != NULL && rejected != NULL);
    HOLDS(syncline_transact_with_message(store, "twins", set, "why", &error));
    HOLDS(told.calls == 1 && strstr(told.last, "\"pending\":1}") != NULL);
    syncline_subscription_free(status);
    syncline_subscription_free(rejected);
    HOLDS(syncline_transact(store, "twins", more, &error));
    HOLDS(told.calls == 1);
    char* history = syncline_history(store, "twins", "d", "1", &error);
    HOLDS(history != NULL && strstr(history, "\"message\":\"why\"") != NULL);
    syncline_string_free(history);

    HOLDS(equals(syncline_documents(store, "twins", "d", NULL, 0, &error),
                 "[[\"1\",{\"k\":1}],[\"2\",{}]]"));
    HOLDS(equals(syncline_documents(store, "twins", "d", NULL, 1, &error), "[[\"1\",{\"k\":1}]]"));
    HOLDS(equals(syncline_documents(store, "twins", "d", "1", 1, &error), "[[\"2\",{}]]"));
    HOLDS(equals(syncline_documents(store, "twins", "none", NULL, 0, &error), "[]"));
    HOLDS(equals(syncline_collections(store, "twins", &error), "[\"d\"]"));
    HOLDS(equals(
        syncline_conflicts(store, "twins", "{\"doc\":[\"d\",\"1\"],\"path\":[\"k\"]}", &error),
        "[]"));
    HOLDS(syncline_conflicts(store, "twins", "{}", &error) == NULL);
    HOLDS(failed_with(&error, "invalid_argument"));
    char* spaces = syncline_spaces(store, &error);
    HOLDS(spaces != NULL && strstr(spaces, "\"twins\"") != NULL);
    syncline_string_free(spaces);
    char* replica = syncline_replica(store);
    HOLDS(replica != NULL && strlen(replica) == 36);
    syncline_string_free(replica);
    HOLDS(syncline_verify(store, &error) && syncline_checkpoint(store, &error));

    HOLDS(!syncline_connect_with(store, "{\"url\":\"nonsense\"}", &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_connect_with(store, "{\"url\":\"ws://127.0.0.1:1\",\"cafile\":\"\"}", &error));
    HOLDS(strcmp(syncline_error_message(error), "cafile: is no option") == 0);
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_connect_with(store, "{\"url\":\"ws://127.0.0.1:1\",\"backoff_max_ms\":-1}",
                                 &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(syncline_connect_with(store,
                                "{\"url\":\"ws://127.0.0.1:1\",\"backoff_max_ms\":5,"
                                "\"backoff_min_ms\":1,\"keep_alive_ms\":1500,\"token\":\"t\"}",
                                &error));
    syncline_disconnect(store);
    return 0;
}

/* NULL is an error like another. */
static int syncline_null_in_c(syncline_store* store) {
    syncline_error* error = NULL;
    syncline_store* other = NULL;
    uint32_t at = 0;
    HOLDS(!syncline_open(NULL, &other, &error) && failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_open("x", NULL, &error) && failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_transact(NULL, "s", "[]", &error) && failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_transact(store, NULL, "[]", &error) && failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_transact(store, "s", NULL, &error) && failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_transact_once(store, "s", NULL, "[]", NULL, &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_get(store, "s", NULL, "i", &error) && failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_get(store, "s", "c", NULL, NULL));
    HOLDS(!syncline_position(store, "s", NULL, &at, &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_observe(store, "s", NULL, NULL, NULL, &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_connect(store, NULL, NULL, &error) && failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_undo_undo(NULL, NULL, &error) && failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_undo_can_undo(NULL) && !syncline_undo_can_redo(NULL));
    syncline_undo_begin_group(NULL);
    syncline_undo_end_group(NULL);
    syncline_undo_clear(NULL);
    syncline_set_token(NULL, "t");
    syncline_disconnect(NULL);
    syncline_subscription_free(NULL);
    syncline_error_free(NULL);
    HOLDS(syncline_replica(NULL) == NULL);
    HOLDS(syncline_error_code(NULL) == 0 && syncline_error_name(NULL)[0] == '\0');
    HOLDS(syncline_error_message(NULL)[0] == '\0');
    return 0;
}

int syncline_api_in_c(const char* path) {
    syncline_store* store = NULL;
    syncline_store* second = NULL;
    syncline_error* error = NULL;
    HOLDS(syncline_open(path, &store, &error) == 1 && error == NULL);
    HOLDS(syncline_open(path, &second, &error) == 0 && second == NULL);
    HOLDS(failed_with(&error, "storage_locked"));

    struct told told = {0, {0}};
    syncline_subscription* subscription =
        syncline_observe(store, "team", "tasks", note, &told, &error);
    HOLDS(subscription != NULL);

    HOLDS(syncline_transact(
        store, "team",
        "[{\"op\":\"set\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"title\"],\"value\":\"Milk\"},"
        "{\"op\":\"add\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"votes\"],\"value\":2},"
        "{\"op\":\"insert\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"tags\"],\"value\":\"home\"},"
        "{\"op\":\"insert\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"tags\"],\"value\":\"shop\"},"
        "{\"op\":\"erase\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"tags\"],\"value\":\"shop\"},"
        "{\"op\":\"enable\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"done\"]},"
        "{\"op\":\"create\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"empty\"]},"
        "{\"op\":\"set\",\"doc\":[\"tasks\",\"t1\"],\"path\":[\"address\",\"city\"],"
        "\"value\":\"Oslo\"}]",
        &error));
    HOLDS(equals(syncline_get(store, "team", "tasks", "t1", &error),
                 "{\"address\":{\"city\":\"Oslo\"},\"done\":true,\"empty\":{},\"tags\":[\"home\"],"
                 "\"title\":\"Milk\",\"votes\":2}"));
    HOLDS(syncline_history(store, "team", "tasks", "t1", &error) == NULL);
    HOLDS(strcmp(syncline_error_name(error), "not_found") == 0);
    syncline_error_free(error);
    error = NULL;
    HOLDS(syncline_keep_history(store, 1000 * 3600, &error));
    {
        char* history = syncline_history(store, "team", "tasks", "t1", &error);
        HOLDS(history != NULL);
        HOLDS(strstr(history, "\"op\":\"set\"") != NULL);
        HOLDS(strstr(history, "\"amount\":2") != NULL);
        syncline_string_free(history);
    }
    HOLDS(equals(syncline_get_as_of(store, "team", "tasks", "t1", 0, &error), "{}"));
    HOLDS(syncline_get_as_of(store, "team", "tasks", "t1", 1, &error) == NULL);
    HOLDS(strcmp(syncline_error_name(error), "not_found") == 0);
    syncline_error_free(error);
    error = NULL;
    HOLDS(told.calls == 1);
    HOLDS(strcmp(told.last,
                 "{\"documents\":[{\"collection\":\"tasks\",\"id\":\"t1\",\"remote\":false}],"
                 "\"space\":\"team\"}") == 0);

    /* Lists and texts. */
    const char* const in_d1 = "\"doc\":[\"lists\",\"d1\"]";
    char json[2048];
    snprintf(json, sizeof json,
             "[{\"op\":\"list_push\",%s,\"path\":[\"l\"],\"values\":[\"a\",\"b\",\"c\"]},"
             "{\"op\":\"list_insert\",%s,\"path\":[\"l\"],\"index\":1,\"new\":\"map\"},"
             "{\"op\":\"set\",%s,\"path\":[\"l\",1,\"k\"],\"value\":1},"
             "{\"op\":\"list_push\",%s,\"path\":[\"l\",1,\"in\"],\"new\":\"list\"},"
             "{\"op\":\"list_push\",%s,\"path\":[\"l\",1,\"in\",0],\"value\":7},"
             "{\"op\":\"list_insert\",%s,\"path\":[\"l\"],\"index\":0,\"new\":\"counter\"},"
             "{\"op\":\"add\",%s,\"path\":[\"l\",0],\"value\":5},"
             "{\"op\":\"list_push\",%s,\"path\":[\"l\"],\"new\":\"text\"},"
             "{\"op\":\"text_insert\",%s,\"path\":[\"l\",5],\"index\":0,\"text\":\"t\"},"
             "{\"op\":\"list_erase\",%s,\"path\":[\"l\"],\"index\":3},"
             "{\"op\":\"list_set\",%s,\"path\":[\"l\"],\"index\":3,\"value\":\"C\"},"
             "{\"op\":\"list_move\",%s,\"path\":[\"l\"],\"index\":0,\"to\":4}]",
             in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1);
    HOLDS(syncline_transact(store, "team", json, &error));
    HOLDS(equals(syncline_get(store, "team", "lists", "d1", &error),
                 "{\"l\":[\"a\",{\"in\":[[7]],\"k\":1},\"C\",\"t\",5]}"));
    snprintf(json, sizeof json,
             "[{\"op\":\"delete\",%s,\"path\":[\"l\",1]},"
             "{\"op\":\"set\",%s,\"path\":[\"l\",0],\"value\":\"A\"},"
             "{\"op\":\"create_list\",%s,\"path\":[\"e\"]},"
             "{\"op\":\"create_text\",%s,\"path\":[\"f\"]},"
             "{\"op\":\"text_insert\",%s,\"path\":[\"t\"],\"index\":0,\"text\":\"a bold b\"},"
             "{\"op\":\"text_mark\",%s,\"path\":[\"t\"],\"index\":2,\"count\":4,"
             "\"name\":\"bold\",\"value\":true},"
             "{\"op\":\"text_splice\",%s,\"path\":[\"t\"],\"index\":0,\"count\":1,"
             "\"text\":\"\\ud83d\\ude00\"},"
             "{\"op\":\"text_erase\",%s,\"path\":[\"t\"],\"index\":8,\"count\":1,"
             "\"unit\":\"utf16\"},"
             "{\"op\":\"text_unmark\",%s,\"path\":[\"t\"],\"index\":2,\"count\":1,"
             "\"name\":\"bold\",\"expand\":\"none\"}]",
             in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1, in_d1);
    HOLDS(syncline_transact(store, "team", json, &error));
    HOLDS(equals(syncline_get(store, "team", "lists", "d1", &error),
                 "{\"e\":[],\"f\":\"\",\"l\":[\"A\",\"C\",\"t\",5],"
                 "\"t\":\"\xF0\x9F\x98\x80 bold \"}"));
    HOLDS(equals(
        syncline_spans(store, "team", "{\"doc\":[\"lists\",\"d1\"],\"path\":[\"t\"]}", &error),
        "[{\"properties\":{},\"text\":\"\xF0\x9F\x98\x80 b\"},"
        "{\"properties\":{\"bold\":true},\"text\":\"old\"},"
        "{\"properties\":{},\"text\":\" \"}]"));
    HOLDS(equals(
        syncline_spans(store, "team", "{\"doc\":[\"lists\",\"d1\"],\"path\":[\"no\"]}", &error),
        "[]"));
    char* cursor = syncline_handle(store, "team",
                                   "{\"doc\":[\"lists\",\"d1\"],\"path\":[\"t\"],\"index\":3,"
                                   "\"unit\":\"utf16\",\"side\":\"right\"}",
                                   &error);
    char* element = syncline_handle(
        store, "team", "{\"doc\":[\"lists\",\"d1\"],\"path\":[\"l\"],\"index\":1}", &error);
    HOLDS(cursor != NULL && element != NULL);
    HOLDS(syncline_handle(store, "team",
                          "{\"doc\":[\"lists\",\"d1\"],\"path\":[\"l\"],\"index\":4}",
                          &error) == NULL);
    HOLDS(failed_with(&error, "out_of_range"));
    snprintf(json, sizeof json,
             "[{\"op\":\"text_insert\",%s,\"path\":[\"t\"],\"index\":0,\"text\":\"ab\"},"
             "{\"op\":\"list_move\",%s,\"path\":[\"l\"],\"index\":1,\"to\":0}]",
             in_d1, in_d1);
    HOLDS(syncline_transact(store, "team", json, &error));
    uint32_t position = 99;
    HOLDS(syncline_position(store, "team", cursor, &position, &error) && position == 5);
    HOLDS(syncline_position(store, "team", element, &position, &error) && position == 0);
    HOLDS(syncline_transact(
        store, "team",
        "[{\"op\":\"list_erase\",\"doc\":[\"lists\",\"d1\"],\"path\":[\"l\"],\"index\":0}]",
        &error));
    HOLDS(!syncline_position(store, "team", element, &position, &error));
    HOLDS(failed_with(&error, "not_found"));
    HOLDS(!syncline_position(store, "team", "{\"doc\":[\"a\",\"b\"]}", &position, &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    syncline_string_free(cursor);
    syncline_string_free(element);
    HOLDS(!syncline_transact(
        store, "team",
        "[{\"op\":\"text_insert\",\"doc\":[\"lists\",\"d1\"],\"path\":[\"t\"],\"index\":99,"
        "\"text\":\"x\"}]",
        &error));
    HOLDS(failed_with(&error, "out_of_range"));
    HOLDS(!syncline_transact(store, "team",
                             "[{\"op\":\"list_push\",\"doc\":[\"lists\",\"d1\"],\"path\":[\"l\"]}]",
                             &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_transact(store, "team",
                             "[{\"op\":\"enable\",\"doc\":[\"lists\",\"d1\"],\"path\":"
                             "[\"l\",0]}]",
                             &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(syncline_transact(store, "team", "[{\"op\":\"delete\",\"doc\":[\"lists\",\"d1\"]}]",
                            &error));

    /* Undo and redo of what went through a handle, and of nothing else. */
    HOLDS(syncline_undo_new(store, "no space", 0, 0, &error) == NULL);
    HOLDS(failed_with(&error, "invalid_argument"));
    syncline_undo* undo = syncline_undo_new(store, "team", 0, 0, &error);
    HOLDS(undo != NULL && !syncline_undo_can_undo(undo) && !syncline_undo_can_redo(undo));
    int changed = 9;
    HOLDS(syncline_undo_undo(undo, &changed, &error) && changed == 0);
    HOLDS(!syncline_undo_transact(undo, "{}", &error) && failed_with(&error, "invalid_argument"));
    const char* const set_a =
        "[{\"op\":\"set\",\"doc\":[\"undo\",\"d\"],\"path\":[\"a\"],\"value\":1}]";
    const char* const set_b =
        "[{\"op\":\"set\",\"doc\":[\"undo\",\"d\"],\"path\":[\"b\"],\"value\":2}]";
    const char* const set_c =
        "[{\"op\":\"set\",\"doc\":[\"undo\",\"d\"],\"path\":[\"c\"],\"value\":3}]";
    HOLDS(syncline_undo_transact(undo, set_a, &error));
    syncline_undo_begin_group(undo);
    HOLDS(syncline_undo_transact(undo, set_a, &error));
    HOLDS(syncline_undo_transact(undo, set_b, &error));
    syncline_undo_end_group(undo);
    HOLDS(syncline_transact(store, "team", set_c, &error));
    HOLDS(syncline_undo_undo(undo, NULL, &error) && syncline_undo_can_redo(undo));
    HOLDS(equals(syncline_get(store, "team", "undo", "d", &error), "{\"a\":1,\"c\":3}"));
    HOLDS(syncline_undo_undo(undo, &changed, &error) && changed == 1);
    HOLDS(equals(syncline_get(store, "team", "undo", "d", &error), "{\"c\":3}"));
    HOLDS(!syncline_undo_can_undo(undo));
    HOLDS(syncline_undo_redo(undo, &changed, &error) && changed == 1);
    HOLDS(syncline_undo_redo(undo, &changed, &error) && changed == 1);
    HOLDS(syncline_undo_redo(undo, &changed, &error) && changed == 0);
    HOLDS(equals(syncline_get(store, "team", "undo", "d", &error), "{\"a\":1,\"b\":2,\"c\":3}"));
    syncline_undo_clear(undo);
    HOLDS(!syncline_undo_can_undo(undo));
    syncline_undo_free(undo);
    syncline_undo_free(NULL);
    HOLDS(
        syncline_transact(store, "team", "[{\"op\":\"delete\",\"doc\":[\"undo\",\"d\"]}]", &error));

    /* Nothing of a transaction that fails. */
    HOLDS(!syncline_transact(
        store, "team",
        "[{\"op\":\"set\",\"doc\":[\"tasks\",\"t2\"],\"path\":[\"title\"],\"value\":1},"
        "{\"op\":\"frobnicate\",\"doc\":[\"tasks\",\"t2\"],\"path\":[\"title\"],\"value\":1}]",
        &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_transact(store, "team", "[", &error) && failed_with(&error, "malformed"));
    HOLDS(!syncline_transact(store, "team", "{}", &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_transact(store, "no space", "[]", NULL));
    HOLDS(syncline_get(store, "team", "tasks", "t2", &error) == NULL);
    HOLDS(failed_with(&error, "not_found"));
    HOLDS(told.calls == 1);

    syncline_subscription_free(subscription);
    HOLDS(syncline_transact(store, "team", "[{\"op\":\"create\",\"doc\":[\"tasks\",\"t0\"]}]",
                            &error));
    HOLDS(told.calls == 1);
    HOLDS(equals(syncline_ids(store, "team", "tasks", &error), "[\"t0\",\"t1\"]"));
    HOLDS(syncline_transact(store, "team", "[{\"op\":\"delete\",\"doc\":[\"tasks\",\"t1\"]}]",
                            &error));
    HOLDS(equals(syncline_ids(store, "team", "tasks", &error), "[\"t0\"]"));
    HOLDS(equals(syncline_digest(store, "team", &error), "00000000000000000000000000000000"));

    HOLDS(syncline_schema(store, &error) == NULL && failed_with(&error, "not_found"));
    HOLDS(!syncline_set_schema(store, "{}", &error) && failed_with(&error, "malformed"));
    HOLDS(syncline_set_schema(store,
                              "{\"collections\":{\"tasks\":{\"fields\":{\"n\":{\"type\":"
                              "\"register\",\"kind\":\"integer\",\"default\":7}}}}}",
                              &error));
    HOLDS(equals(syncline_schema(store, &error),
                 "{\"collections\":{\"tasks\":{\"fields\":{\"n\":{\"default\":7,\"kind\":"
                 "\"integer\",\"type\":\"register\"}}}}}"));
    HOLDS(equals(syncline_get(store, "team", "tasks", "t0", &error), "{\"n\":7}"));
    HOLDS(!syncline_transact(
        store, "team",
        "[{\"op\":\"set\",\"doc\":[\"tasks\",\"t0\"],\"path\":[\"n\"],\"value\":\"x\"}]", &error));
    HOLDS(strcmp(syncline_error_message(error),
                 "tasks.n: kind_mismatch: is declared integer; the value is text") == 0);
    HOLDS(failed_with(&error, "schema_violation"));
    HOLDS(!syncline_set_schema(store, "{\"collections\":{}}", &error));
    HOLDS(failed_with(&error, "schema_incompatible"));
    HOLDS(syncline_set_schema(store, NULL, &error));
    HOLDS(equals(syncline_get(store, "team", "tasks", "t0", &error), "{}"));

    told.calls = 0;
    subscription = syncline_presence_observe(store, "team", note, &told, &error);
    HOLDS(subscription != NULL);
    HOLDS(equals(syncline_presence_get(store, "team", &error), "[]"));
    HOLDS(syncline_presence_set(store, "team", "tab", "{\"at\":1}", 0, &error));
    HOLDS(told.calls == 1);
    char* everybody = syncline_presence_get(store, "team", &error);
    HOLDS(everybody != NULL && strstr(everybody, "\"own\":true") != NULL);
    HOLDS(strstr(everybody, "\"session\":\"tab\",\"subject\":\"\",\"value\":{\"at\":1}}]") != NULL);
    syncline_string_free(everybody);
    HOLDS(!syncline_presence_set(store, "team", "tab", "1", 1, &error));
    HOLDS(failed_with(&error, "out_of_range"));
    HOLDS(!syncline_presence_set(store, "team", "tab", "{", 0, &error));
    HOLDS(failed_with(&error, "malformed"));
    HOLDS(syncline_presence_clear(store, "team", "tab", &error));
    HOLDS(told.calls == 2);
    syncline_subscription_free(subscription);

    /* Done once, however often it is asked. */
    {
        const char* add =
            "[{\"op\":\"add\",\"doc\":[\"tasks\",\"t\"],\"path\":[\"n\"],\"value\":1}]";
        syncline_undo* stack = syncline_undo_new(store, "once", 0, 0, &error);
        int before = 7;
        int stepped = 7;
        HOLDS(syncline_transact_once(store, "once", "r1", add, &before, &error) && before == 0);
        HOLDS(syncline_transact_once(store, "once", "r1", add, &before, &error) && before == 1);
        HOLDS(!syncline_transact_once(store, "once", "", add, NULL, &error));
        HOLDS(failed_with(&error, "invalid_argument"));
        HOLDS(syncline_undo_transact_once(stack, "r2", add, &before, &error) && before == 0);
        HOLDS(syncline_undo_transact_once(stack, "r2", add, NULL, &error));
        HOLDS(syncline_undo_undo_once(stack, "r3", &stepped, &error) && stepped == 1);
        HOLDS(syncline_undo_undo_once(stack, "r3", &stepped, &error) && stepped == 1);
        HOLDS(equals(syncline_get(store, "once", "tasks", "t", &error), "{\"n\":1}"));
        HOLDS(syncline_undo_redo_once(stack, "r4", &stepped, &error) && stepped == 1);
        HOLDS(equals(syncline_get(store, "once", "tasks", "t", &error), "{\"n\":2}"));
        syncline_undo_free(stack);
    }

    HOLDS(!syncline_connect(store, "nonsense", NULL, &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_wait_in_sync(store, "team", 1, &error) && failed_with(&error, "timed_out"));
    HOLDS(equals(syncline_status(store, "team", &error),
                 "{\"accepted\":0,\"access\":\"none\",\"clock_offset_ms\":0,"
                 "\"connected_since_ms\":0,\"connection\":\"offline\",\"cursor\":0,"
                 "\"in_sync\":false,\"last_error\":null,\"pending\":17}"));
    HOLDS(syncline_twins_in_c(store) == 0);
    HOLDS(syncline_null_in_c(store) == 0);
    syncline_set_token(store, "token");
    syncline_set_token(store, NULL);
    syncline_disconnect(store);
    syncline_close(store);
    syncline_close(NULL);
    return 0;
}
