// What Store uses of SQLite. Functions return SQLite's extended result code unless said otherwise.
#ifndef CSQLITE_H
#define CSQLITE_H
#include <stddef.h>
#include <stdint.h>

#ifdef __clang__
#pragma clang assume_nonnull begin
#endif

#define CSQLITE_OK 0
#define CSQLITE_PERM 3
#define CSQLITE_BUSY 5
#define CSQLITE_LOCKED 6
#define CSQLITE_NOMEM 7
#define CSQLITE_READONLY 8
#define CSQLITE_IOERR 10
#define CSQLITE_CORRUPT 11
#define CSQLITE_FULL 13
#define CSQLITE_CANTOPEN 14
#define CSQLITE_CONSTRAINT 19
#define CSQLITE_AUTH 23
#define CSQLITE_NOTADB 26
#define CSQLITE_ROW 100
#define CSQLITE_DONE 101

typedef struct csqlite_database csqlite_database;
typedef struct csqlite_statement csqlite_statement;

/// Opens the database at `path`, a C string; `creates` makes one where there is none.
/// `*out` is set whatever the result, unless memory ran out, so that the message can be read.
int32_t csqlite_open(const char *path, int32_t creates, csqlite_database *_Nullable *_Nonnull out);

/// Closes the database once its statements are gone.
void csqlite_close(csqlite_database *database);

/// 1 where the file could only be opened for reading, else 0.
int32_t csqlite_is_read_only(csqlite_database *database);

/// Runs statements that return nothing; `sql` is a C string.
int32_t csqlite_execute(csqlite_database *database, const char *sql);

/// Copies the last message into `out`, of `capacity` bytes; returns its length.
size_t csqlite_message(csqlite_database *database, uint8_t *out, size_t capacity);

/// Pages in the write-ahead log after the last commit.
int32_t csqlite_log_pages(csqlite_database *database);

/// Moves the write-ahead log into the database file and flushes both.
int32_t csqlite_checkpoint(csqlite_database *database);

/// Prepares one statement; `sql` is a C string.
int32_t csqlite_prepare(csqlite_database *database, const char *sql, csqlite_statement *_Nullable *_Nonnull out);
void csqlite_finalize(csqlite_statement *statement);
int32_t csqlite_step(csqlite_statement *statement);
int32_t csqlite_reset(csqlite_statement *statement);

/// Parameters count from 1; bytes are copied.
int32_t csqlite_bind_integer(csqlite_statement *statement, int32_t index, int64_t value);
int32_t csqlite_bind_bytes(
    csqlite_statement *statement, int32_t index, const uint8_t *_Nullable bytes, size_t count);
int32_t csqlite_bind_text(csqlite_statement *statement, int32_t index, const char *text);

/// Columns count from 0.
int64_t csqlite_column_integer(csqlite_statement *statement, int32_t index);
size_t csqlite_column_count(csqlite_statement *statement, int32_t index);
void csqlite_column_copy(csqlite_statement *statement, int32_t index, uint8_t *out, size_t count);

/// Removes the file at `path`, a C string, if it is there.
void csqlite_remove_file(const char *path);

/// Gives the file at `path` another name; returns 0, or the error number.
int32_t csqlite_move_file(const char *path, const char *target);

/// Creates the empty file `path`, of mode 0600, where nothing is yet; returns 0, or the error number.
int32_t csqlite_create_file(const char *path);

/// Flushes the file at `path` and the folder it is in; returns 0, or the error number.
int32_t csqlite_flush_file(const char *path);

#ifdef __clang__
#pragma clang assume_nonnull end
#endif
#endif
