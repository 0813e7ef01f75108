/*
 * Compressed files by zlib; see gzip.h.
 */
#include "base/gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/mem.h"

enum { CHUNK = 32768, GZIP_WINDOW = 15 + 16 /* zlib: with the head and tail of gzip */ };

struct bk_gzip_writer {
	int fd;
	z_stream z;
	int64_t bytes;
	struct bk_sha256 sha;
	unsigned char out[CHUNK];
};

struct bk_gzip_writer *bk_gzip_writer_new(int fd)
{
	struct bk_gzip_writer *w = bk_calloc(1, sizeof(*w));
	int rc;

	w->fd = fd;
	bk_sha256_init(&w->sha);
	rc = deflateInit2(&w->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			  Z_DEFAULT_STRATEGY);
	/* It can fail for lack of memory only, as bk_calloc() does. */
	BK_ASSERT(rc == Z_OK);
	return w;
}

void bk_gzip_writer_free(struct bk_gzip_writer *w)
{
	if (!w)
		return;
	(void)deflateEnd(&w->z);
	free(w);
}

static enum bk_rc push(struct bk_gzip_writer *w, int flush, struct bk_error *err)
{
	int state;

	do {
		size_t n;
		enum bk_rc rc;

		w->z.next_out = w->out;
		w->z.avail_out = CHUNK;
		state = deflate(&w->z, flush);
		BK_ASSERT(state != Z_STREAM_ERROR);
		n = CHUNK - w->z.avail_out;
		bk_sha256_add(&w->sha, w->out, n);
		w->bytes += (int64_t)n;
		if ((rc = bk_write_all(w->fd, w->out, n, err)))
			return rc;
	} while (w->z.avail_out == 0 || (flush == Z_FINISH && state != Z_STREAM_END));
	return BK_OK;
}

enum bk_rc bk_gzip_write(struct bk_gzip_writer *w, const void *data, size_t len,
			 struct bk_error *err)
{
	const unsigned char *p = data;
	enum bk_rc rc = BK_OK;

	/* zlib counts in unsigned int. */
	while (len && !rc) {
		size_t n = len < CHUNK ? len : CHUNK;

		w->z.next_in = (unsigned char *)p;
		w->z.avail_in = (unsigned)n;
		rc = push(w, Z_NO_FLUSH, err);
		p += n;
		len -= n;
	}
	return rc;
}

enum bk_rc bk_gzip_finish(struct bk_gzip_writer *w, struct bk_gzip_sum *ret, struct bk_error *err)
{
	enum bk_rc rc = push(w, Z_FINISH, err);

	if (rc)
		return rc;
	ret->bytes = w->bytes;
	bk_sha256_end(&w->sha, ret->sha256);
	return BK_OK;
}

struct reading {
	z_stream z;
	bool ended;
	bk_gzip_fn fn;
	void *arg;
	char out[CHUNK];
};

static enum bk_rc inflate_chunk(struct reading *r, unsigned char *in, size_t len,
				struct bk_error *err)
{
	enum bk_rc rc = BK_OK;

	r->z.next_in = in;
	r->z.avail_in = (unsigned)len;
	while (r->z.avail_in && !rc) {
		int state;

		if (r->ended)
			return bk_error_set(err, BK_E_IO, "has something behind its end");
		do {
			r->z.next_out = (unsigned char *)r->out;
			r->z.avail_out = CHUNK;
			state = inflate(&r->z, Z_NO_FLUSH);
			if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
				return bk_error_set(err, BK_E_IO, "is damaged: %s",
						    r->z.msg ? r->z.msg : "no gzip data");
			r->ended = state == Z_STREAM_END;
			rc = r->fn(r->arg, r->out, CHUNK - r->z.avail_out, err);
		} while (!rc && !r->ended && r->z.avail_out == 0);
	}
	return rc;
}

static enum bk_rc read_chunks(struct reading *r, int fd, struct bk_gzip_sum *ret,
			      struct bk_error *err)
{
	unsigned char in[CHUNK];
	struct bk_sha256 sha;
	int64_t bytes = 0;

	bk_sha256_init(&sha);
	for (;;) {
		ssize_t n = read(fd, in, sizeof(in));
		enum bk_rc rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bk_error_set(err, BK_E_IO, "cannot read: %s", strerror(errno));
		if (n == 0)
			break;
		bk_sha256_add(&sha, in, (size_t)n);
		bytes += n;
		if ((rc = inflate_chunk(r, in, (size_t)n, err)))
			return rc;
	}
	if (!r->ended)
		return bk_error_set(err, BK_E_IO, "is cut short");
	ret->bytes = bytes;
	bk_sha256_end(&sha, ret->sha256);
	return BK_OK;
}

enum bk_rc bk_gzip_read(int fd, bk_gzip_fn fn, void *arg, struct bk_gzip_sum *ret,
			struct bk_error *err)
{
	struct reading *r = bk_calloc(1, sizeof(*r));
	int state = inflateInit2(&r->z, GZIP_WINDOW);
	enum bk_rc rc;

	BK_ASSERT(state == Z_OK);
	r->fn = fn;
	r->arg = arg;
	rc = read_chunks(r, fd, ret, err);
	(void)inflateEnd(&r->z);
	free(r);
	return rc;
}
