/*
 * An archive of records in a directory: a directory for each month, in it compressed CSV
 * files, which are written once and never touched again, and a manifest that lists them.
 *
 *     2026-11/manifest.csv
 *     2026-11/executions-4711-1.csv.gz
 *
 * A file counts from the moment when its line in the manifest is on the disk. Whatever
 * ends the writing before leaves a file that nobody reads, and the records are where they
 * were. When it ends behind that moment but before the records are gone, they come into
 * the archive a second time: who reads it knows them by their number.
 *
 *     BK_CLEAN(bk_archive_clean) struct bk_archive *archive = NULL;
 *     if ((rc = bk_archive_begin("/var/lib/bk/archive", "4711-1", &archive, err))) ...
 *     while (...) rc = bk_archive_add(archive, "executions", &record, err);
 *     rc = bk_archive_commit(archive, err);
 *
 * Every error is BK_E_IO.
 */
#ifndef BK_BASE_ARCHIVE_H
#define BK_BASE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"

struct bk_archive_record {
	const char *month; /* "2026-11" */
	const char *id;
	const char *at;           /* texts that sort as the instants do */
	const char *const *names; /* the first line of each file */
	const char *const *cells; /* NULL = NULL */
	size_t count;
};

struct bk_archive;

/* `stamp` becomes a part of the files' names. */
enum bk_rc bk_archive_begin(const char *dir, const char *stamp, struct bk_archive **ret,
			    struct bk_error *err) BK_NODISCARD;

/* Records of one kind and month come one after the other, by time. */
enum bk_rc bk_archive_add(struct bk_archive *archive, const char *kind,
			  const struct bk_archive_record *record,
			  struct bk_error *err) BK_NODISCARD;

/* Reads every file again and compares it with what was written, and then enters them into
   the manifests: all of it is on the disk when this is BK_OK. */
enum bk_rc bk_archive_commit(struct bk_archive *archive, struct bk_error *err) BK_NODISCARD;

/* For BK_CLEAN. What was not committed is removed again. */
void bk_archive_clean(struct bk_archive **archive);

/* A file of the archive as its manifest has it. */
struct bk_archive_file {
	char *name;
	int64_t bytes;
	int64_t rows;
	char *first_id, *last_id;
	char *first_at, *last_at;
	char *sha256;
};

/* The names of a file's columns and the cells of a record; valid during the call only. */
typedef enum bk_rc (*bk_archive_fn)(void *arg, const char *const *names, const char *const *cells,
				    size_t count, struct bk_error *err);

/* The months, newest first; free each and the list. */
enum bk_rc bk_archive_months(const char *dir, char ***ret, size_t *ret_count,
			     struct bk_error *err) BK_NODISCARD;

/* Each record of that kind and month, file by file in the order in which they were written,
   of those files that `wanted` (NULL = all) says yes to. A file that is not as its manifest
   says is an error, told behind its records. */
enum bk_rc bk_archive_read(const char *dir, const char *month, const char *kind,
			   bool (*wanted)(void *arg, const struct bk_archive_file *file),
			   bk_archive_fn fn, void *arg, struct bk_error *err) BK_NODISCARD;

/* Of one file in the directory of its month: reads it and compares. `fn` may be NULL. */
enum bk_rc bk_archive_check_file(int month, const struct bk_archive_file *file, bk_archive_fn fn,
				 void *arg, struct bk_error *err) BK_NODISCARD;

/* Takes a line of a manifest, whose cells *ret points into. False where it is none, or not as
   long as it was written: the checksum at its end says so. */
bool bk_archive_line(const char *const *cells, size_t count, struct bk_archive_file *ret);

#define BK_ARCHIVE_MANIFEST "manifest.csv"

/* The columns of a manifest, in their order. */
extern const char *const bk_archive_columns[];
#define BK_ARCHIVE_COLUMNS 8

void bk_archive_file_clear(struct bk_archive_file *file);

#endif
