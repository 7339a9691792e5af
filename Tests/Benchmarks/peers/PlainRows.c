#define _GNU_SOURCE
#include "CBenchmarkPeers.h"

#include <errno.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "Measured.h"

enum { ACCOUNTS = 1000, OPENING_BALANCE = 1000000000 };
enum { BEGIN, COMMIT, INSERT, LOCK, DEBIT, CREDIT, POST, JOURNAL, STATEMENTS };

static const char *const schema =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE account (id INTEGER PRIMARY KEY, posted INTEGER NOT NULL CHECK (posted >= 0),"
    " pending INTEGER NOT NULL CHECK (pending BETWEEN 0 AND posted)) STRICT;"
    "CREATE TABLE transfer (id BLOB PRIMARY KEY, source INTEGER NOT NULL, target INTEGER NOT NULL,"
    " amount INTEGER NOT NULL CHECK (amount > 0), posted INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE journal (number INTEGER PRIMARY KEY, phase INTEGER NOT NULL, transfer BLOB NOT NULL,"
    " hash BLOB NOT NULL) STRICT;";

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [INSERT] = "INSERT INTO transfer VALUES (?1, ?2, ?3, ?4, 0)",
    [LOCK] = "UPDATE account SET pending = pending + ?2 WHERE id = ?1 AND posted - pending >= ?2",
    [DEBIT] = "UPDATE account SET pending = pending - ?2, posted = posted - ?2 WHERE id = ?1",
    [CREDIT] = "UPDATE account SET posted = posted + ?2 WHERE id = ?1",
    [POST] = "UPDATE transfer SET posted = 1 WHERE id = ?1 AND posted = 0",
    [JOURNAL] = "INSERT INTO journal (phase, transfer, hash) VALUES (?1, ?2, ?3)",
};

struct peers_rows {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS];
    uint64_t phase;
    uint8_t hash[32];
};

static int run(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    return code != SQLITE_DONE;
}

static int open_accounts(struct peers_rows *rows) {
    sqlite3_stmt *insert = NULL;
    int failed = sqlite3_exec(rows->database, "BEGIN", NULL, NULL, NULL) ||
                 sqlite3_prepare_v2(rows->database, "INSERT INTO account VALUES (?1, ?2, 0)", -1, &insert, NULL);
    for (int account = 0; !failed && account < ACCOUNTS; account++) {
        sqlite3_bind_int(insert, 1, account);
        sqlite3_bind_int64(insert, 2, OPENING_BALANCE);
        failed = run(insert);
    }
    sqlite3_finalize(insert);
    return failed || sqlite3_exec(rows->database, "COMMIT", NULL, NULL, NULL);
}

int32_t peers_rows_open(const char *path, peers_rows **out) {
    struct peers_rows *rows = calloc(1, sizeof *rows);
    *out = NULL;
    if (rows == NULL) return ENOMEM;
    int failed = sqlite3_open(path, &rows->database) || sqlite3_exec(rows->database, schema, NULL, NULL, NULL) ||
                 open_accounts(rows);
    for (int index = 0; !failed && index < STATEMENTS; index++)
        failed = sqlite3_prepare_v2(rows->database, texts[index], -1, &rows->statements[index], NULL);
    if (failed || sodium_init() < 0) {
        peers_rows_close(rows);
        return EIO;
    }
    *out = rows;
    return 0;
}

// Phases take turns: even ones lock, odd ones post what was locked just before.
static int perform(struct peers_rows *rows) {
    uint64_t transfer = rows->phase / 2;
    int posts = rows->phase % 2;
    int source = (int)(transfer % ACCOUNTS), target = (int)((transfer * 7 + 1) % ACCOUNTS), failed;
    sqlite3_int64 amount = 1 + (sqlite3_int64)(transfer % 1000);
    uint8_t id[16], link[sizeof rows->hash + sizeof id];
    crypto_generichash(id, sizeof id, (const uint8_t *)&transfer, sizeof transfer, NULL, 0);
    sqlite3_stmt **statements = rows->statements;
    if (posts) {
        sqlite3_bind_blob(statements[POST], 1, id, sizeof id, SQLITE_STATIC);
        sqlite3_bind_int(statements[DEBIT], 1, source);
        sqlite3_bind_int64(statements[DEBIT], 2, amount);
        sqlite3_bind_int(statements[CREDIT], 1, target);
        sqlite3_bind_int64(statements[CREDIT], 2, amount);
        failed = run(statements[POST]) || sqlite3_changes(rows->database) != 1 || run(statements[DEBIT]) ||
                 run(statements[CREDIT]);
    } else {
        sqlite3_bind_blob(statements[INSERT], 1, id, sizeof id, SQLITE_STATIC);
        sqlite3_bind_int(statements[INSERT], 2, source);
        sqlite3_bind_int(statements[INSERT], 3, target);
        sqlite3_bind_int64(statements[INSERT], 4, amount);
        sqlite3_bind_int(statements[LOCK], 1, source);
        sqlite3_bind_int64(statements[LOCK], 2, amount);
        failed = run(statements[INSERT]) || run(statements[LOCK]) || sqlite3_changes(rows->database) != 1;
    }
    memcpy(link, rows->hash, sizeof rows->hash);
    memcpy(link + sizeof rows->hash, id, sizeof id);
    crypto_generichash(rows->hash, sizeof rows->hash, link, sizeof link, NULL, 0);
    sqlite3_bind_int(statements[JOURNAL], 1, posts);
    sqlite3_bind_blob(statements[JOURNAL], 2, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_blob(statements[JOURNAL], 3, rows->hash, sizeof rows->hash, SQLITE_STATIC);
    rows->phase++;
    return failed || run(statements[JOURNAL]);
}

int32_t peers_rows_commit(peers_rows *rows, size_t group, size_t count, int64_t *nanoseconds) {
    for (size_t index = 0; index < count; index++) {
        int64_t begin = now_nanoseconds();
        int failed = run(rows->statements[BEGIN]);
        for (size_t phase = 0; !failed && phase < group; phase++) failed = perform(rows);
        if (failed || run(rows->statements[COMMIT])) return EIO;
        nanoseconds[index] = now_nanoseconds() - begin;
    }
    return 0;
}

void peers_rows_close(peers_rows *rows) {
    for (int index = 0; index < STATEMENTS; index++) sqlite3_finalize(rows->statements[index]);
    sqlite3_close(rows->database);
    free(rows);
}
