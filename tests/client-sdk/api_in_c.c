/* The C interface as a C program uses it. Returns 0, or the line of what did not hold. */

#include "syncline/client/c_api.h"

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
    HOLDS(told.calls == 1);
    HOLDS(strcmp(told.last,
                 "{\"documents\":[{\"collection\":\"tasks\",\"id\":\"t1\",\"remote\":false}],"
                 "\"space\":\"team\"}") == 0);

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

    HOLDS(!syncline_connect(store, "nonsense", NULL, &error));
    HOLDS(failed_with(&error, "invalid_argument"));
    HOLDS(!syncline_wait_in_sync(store, "team", 1, &error) && failed_with(&error, "timed_out"));
    HOLDS(equals(syncline_status(store, "team", &error),
                 "{\"accepted\":0,\"connection\":\"offline\",\"cursor\":0,\"in_sync\":false,"
                 "\"last_error\":null,\"pending\":3}"));
    syncline_disconnect(store);
    syncline_close(store);
    syncline_close(NULL);
    return 0;
}
