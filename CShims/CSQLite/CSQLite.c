#define _GNU_SOURCE
#include "CSQLite.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert(CSQLITE_ROW == SQLITE_ROW && CSQLITE_DONE == SQLITE_DONE && CSQLITE_FULL == SQLITE_FULL, "codes");
_Static_assert(CSQLITE_BUSY == SQLITE_BUSY && CSQLITE_READONLY == SQLITE_READONLY, "codes");
_Static_assert(CSQLITE_CORRUPT == SQLITE_CORRUPT && CSQLITE_NOTADB == SQLITE_NOTADB, "codes");
_Static_assert(CSQLITE_IOERR == SQLITE_IOERR && CSQLITE_CANTOPEN == SQLITE_CANTOPEN, "codes");
_Static_assert(CSQLITE_PERM == SQLITE_PERM && CSQLITE_LOCKED == SQLITE_LOCKED && CSQLITE_NOMEM == SQLITE_NOMEM,
               "codes");
_Static_assert(CSQLITE_CONSTRAINT == SQLITE_CONSTRAINT && CSQLITE_AUTH == SQLITE_AUTH, "codes");

struct csqlite_database {
    sqlite3 *handle;
    int32_t log_pages;
};

static sqlite3_stmt *raw(csqlite_statement *statement) { return (sqlite3_stmt *)statement; }

// Takes the place of SQLite's automatic checkpoint, whose failures nobody would hear of.
static int count_log_pages(void *context, sqlite3 *handle, const char *name, int pages) {
    (void)handle;
    (void)name;
    ((csqlite_database *)context)->log_pages = pages;
    return SQLITE_OK;
}

int32_t csqlite_create_file(const char *path) {
    int descriptor = open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0) return errno;
    close(descriptor);
    return 0;
}

int32_t csqlite_open(const char *path, int32_t creates, csqlite_database **out) {
    *out = NULL;
    // One connection, used by one thread at a time, in a program that counts its memory itself.
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    csqlite_database *database = calloc(1, sizeof *database);
    if (!database) return SQLITE_NOMEM;
    // SQLite would let everybody read what it creates. A failure is its to find, and to name.
    if (creates) (void)csqlite_create_file(path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    if (creates) flags |= SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2(path, &database->handle, flags, NULL);
    if (!database->handle) {
        free(database);
        return code;
    }
    sqlite3_wal_hook(database->handle, count_log_pages, database);
    *out = database;
    return code;
}

void csqlite_close(csqlite_database *database) {
    // A connection with statements left would call the hook no more, but could outlive the struct.
    sqlite3_wal_hook(database->handle, NULL, NULL);
    sqlite3_close_v2(database->handle);
    free(database);
}

int32_t csqlite_is_read_only(csqlite_database *database) {
    return sqlite3_db_readonly(database->handle, "main") == 1;
}

int32_t csqlite_execute(csqlite_database *database, const char *sql) {
    return sqlite3_exec(database->handle, sql, NULL, NULL, NULL);
}

size_t csqlite_message(csqlite_database *database, uint8_t *out, size_t capacity) {
    const char *message = sqlite3_errmsg(database->handle);
    size_t count = strlen(message);
    if (count > capacity) count = capacity;
    memcpy(out, message, count);
    return count;
}

int32_t csqlite_log_pages(csqlite_database *database) { return database->log_pages; }

int32_t csqlite_checkpoint(csqlite_database *database) {
    int code = sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (code == SQLITE_OK) database->log_pages = 0;
    return code;
}

int32_t csqlite_prepare(csqlite_database *database, const char *sql, csqlite_statement **out) {
    return sqlite3_prepare_v3(
        database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, (sqlite3_stmt **)(void *)out, NULL);
}

void csqlite_finalize(csqlite_statement *statement) { sqlite3_finalize(raw(statement)); }
int32_t csqlite_step(csqlite_statement *statement) { return sqlite3_step(raw(statement)); }
int32_t csqlite_reset(csqlite_statement *statement) { return sqlite3_reset(raw(statement)); }

int32_t csqlite_bind_integer(csqlite_statement *statement, int32_t index, int64_t value) {
    return sqlite3_bind_int64(raw(statement), index, value);
}

int32_t csqlite_bind_bytes(csqlite_statement *statement, int32_t index, const uint8_t *bytes, size_t count) {
    // An empty blob, not NULL, where there are no bytes.
    if (count == 0) return sqlite3_bind_zeroblob(raw(statement), index, 0);
    return sqlite3_bind_blob64(raw(statement), index, bytes, count, SQLITE_TRANSIENT);
}

int32_t csqlite_bind_text(csqlite_statement *statement, int32_t index, const char *text) {
    return sqlite3_bind_text(raw(statement), index, text, -1, SQLITE_TRANSIENT);
}

int64_t csqlite_column_integer(csqlite_statement *statement, int32_t index) {
    return sqlite3_column_int64(raw(statement), index);
}

size_t csqlite_column_count(csqlite_statement *statement, int32_t index) {
    return (size_t)sqlite3_column_bytes(raw(statement), index);
}

void csqlite_column_copy(csqlite_statement *statement, int32_t index, uint8_t *out, size_t count) {
    const void *bytes = sqlite3_column_blob(raw(statement), index);
    if (bytes && count > 0) memcpy(out, bytes, count);
}

void csqlite_remove_file(const char *path) { unlink(path); }

int32_t csqlite_move_file(const char *path, const char *target) { return rename(path, target) == 0 ? 0 : errno; }

static int32_t flush(const char *path, int flags) {
    int descriptor = open(path, flags | O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    int32_t result = fsync(descriptor) == 0 ? 0 : errno;
    close(descriptor);
    return result;
}

int32_t csqlite_flush_file(const char *path) {
    int32_t result = flush(path, 0);
    if (result != 0) return result;
    char *copy = strdup(path);
    if (!copy) return ENOMEM;
    result = flush(dirname(copy), O_DIRECTORY);
    free(copy);
    return result;
}
