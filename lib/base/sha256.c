/*
 * SHA-256; see sha256.h. Not for secrets: nothing here runs in constant time.
 */
#include "base/sha256.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t turn(uint32_t x, int by)
{
	return x >> by | x << (32 - by);
}

static void fill_schedule(uint32_t w[64], const unsigned char *block)
{
	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | (uint32_t)block[4 * i + 3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10;

		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
}

static void take_block(struct bk_sha256 *s, const unsigned char *block)
{
	uint32_t w[64];
	uint32_t v[8];

	fill_schedule(w, block);
	memcpy(v, s->state, sizeof(v));
	for (int i = 0; i < 64; i++) {
		uint32_t e = turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25);
		uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint32_t one = v[7] + e + choice + round_constants[i] + w[i];
		uint32_t a = turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22);
		uint32_t most = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);

		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += one;
		v[0] = one + a + most;
	}
	for (int i = 0; i < 8; i++)
		s->state[i] += v[i];
}

void bk_sha256_init(struct bk_sha256 *s)
{
	*s = (struct bk_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void bk_sha256_add(struct bk_sha256 *s, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len) {
		size_t at = s->bytes % sizeof(s->block);
		size_t n = sizeof(s->block) - at < len ? sizeof(s->block) - at : len;

		memcpy(s->block + at, p, n);
		s->bytes += n;
		p += n;
		len -= n;
		if (at + n == sizeof(s->block))
			take_block(s, s->block);
	}
}

void bk_sha256_end(struct bk_sha256 *s, char ret_hex[BK_SHA256_HEX])
{
	static const unsigned char pad[64] = {0x80};
	uint64_t bits = s->bytes * 8;
	size_t at = s->bytes % sizeof(s->block);
	unsigned char length[8];

	bk_sha256_add(s, pad, at < 56 ? 56 - at : 120 - at);
	for (int i = 0; i < 8; i++)
		length[i] = (unsigned char)(bits >> (56 - 8 * i));
	bk_sha256_add(s, length, sizeof(length));
	for (int i = 0; i < 8; i++)
		(void)snprintf(ret_hex + 8 * (size_t)i, 9, "%08x", s->state[i]);
}

enum bk_rc bk_sha256_file(int fd, char ret_hex[BK_SHA256_HEX], int64_t *ret_bytes,
			  struct bk_error *err)
{
	unsigned char block[65536];
	struct bk_sha256 s;
	ssize_t n = 1;

	bk_sha256_init(&s);
	if (lseek(fd, 0, SEEK_SET) != 0)
		n = -1;
	while (n > 0 || (n < 0 && errno == EINTR)) {
		n = read(fd, block, sizeof(block));
		if (n > 0)
			bk_sha256_add(&s, block, (size_t)n);
	}
	if (n < 0)
		return bk_error_set(err, BK_E_IO, "cannot read the file: %s", strerror(errno));
	*ret_bytes = (int64_t)s.bytes;
	bk_sha256_end(&s, ret_hex);
	return BK_OK;
}
