/*
 * SHA-256 (FIPS 180-4), for the checksums of archived files, where no database is at
 * hand to compute them.
 *
 *     struct bk_sha256 sha;
 *     bk_sha256_init(&sha);
 *     bk_sha256_add(&sha, data, len);
 *     bk_sha256_hex(&sha, text);
 */
#ifndef BK_BASE_SHA256_H
#define BK_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define BK_SHA256_HEX 65 /* characters of the text, NUL included */

struct bk_sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
};

void bk_sha256_init(struct bk_sha256 *sha);
void bk_sha256_add(struct bk_sha256 *sha, const void *data, size_t len);
/* Ends it: 64 hexadecimal digits, small letters. */
void bk_sha256_hex(struct bk_sha256 *sha, char ret[BK_SHA256_HEX]);

#endif
