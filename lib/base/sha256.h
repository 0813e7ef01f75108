/*
 * SHA-256 (FIPS 180-4) of a file, for what lies outside the database.
 */
#ifndef BK_BASE_SHA256_H
#define BK_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bk_sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
};

#define BK_SHA256_HEX 65 /* with the NUL */

void bk_sha256_init(struct bk_sha256 *s);
void bk_sha256_add(struct bk_sha256 *s, const void *data, size_t len);
void bk_sha256_end(struct bk_sha256 *s, char ret_hex[BK_SHA256_HEX]);

/* Of all that the descriptor has, from its beginning; *ret_bytes is how much that is.
   BK_E_IO. */
enum bk_rc bk_sha256_file(int fd, char ret_hex[BK_SHA256_HEX], int64_t *ret_bytes,
			  struct bk_error *err) BK_NODISCARD;

#endif
