/*
 * One compressed file, written once and read from its beginning; the only home of zlib.
 * Both sides count the bytes of the file and their checksum.
 *
 *     struct bk_gzip_writer *w = bk_gzip_writer_new(fd);
 *     bk_gzip_write(w, data, len, err) ...
 *     bk_gzip_finish(w, &sum, err)
 *     bk_gzip_writer_free(w);
 *
 * Every error is BK_E_IO; the name of the file is the caller's to put in front.
 */
#ifndef BK_BASE_GZIP_H
#define BK_BASE_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sha256.h"

/* Of the compressed bytes. */
struct bk_gzip_sum {
	int64_t bytes;
	char sha256[BK_SHA256_HEX];
};

struct bk_gzip_writer;

/* The descriptor stays the caller's. */
struct bk_gzip_writer *bk_gzip_writer_new(int fd);
void bk_gzip_writer_free(struct bk_gzip_writer *writer);
enum bk_rc bk_gzip_write(struct bk_gzip_writer *writer, const void *data, size_t len,
			 struct bk_error *err) BK_NODISCARD;
/* Writes what is left. Nothing is synced. */
enum bk_rc bk_gzip_finish(struct bk_gzip_writer *writer, struct bk_gzip_sum *ret,
			  struct bk_error *err) BK_NODISCARD;

/* Hands over the text piece by piece; it must be one whole member and nothing behind it.
   A return of `fn` other than BK_OK ends the reading with it. */
typedef enum bk_rc (*bk_gzip_fn)(void *arg, const char *data, size_t len, struct bk_error *err);
enum bk_rc bk_gzip_read(int fd, bk_gzip_fn fn, void *arg, struct bk_gzip_sum *ret,
			struct bk_error *err) BK_NODISCARD;

#endif
