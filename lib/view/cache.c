/*
 * The files of the cache; see cache.h.
 */
#include "view/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/safe_dir.h"
#include "base/text.h"

#define MAGIC "bk-answer 1"
#define HEADER "%10s 1 %" SCNd64 " %zu %zu %64[0-9a-f]"

/* The header, the longest that is written. */
#define HEADER_BYTES 256

/* What a killed program left under a temporary name is nobody's after an hour. */
#define LEFTOVER_S 3600

void bk_answer_clear(struct bk_answer *answer)
{
	bk_free_str(&answer->notes);
	bk_free_str(&answer->body);
}

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

char *bk_cache_path(const char *runtime_dir, const char *cache_home, const char *home,
		    unsigned long uid)
{
	if (is_absolute(runtime_dir))
		return bk_asprintf("%s/bk", runtime_dir);
	if (is_absolute(cache_home))
		return bk_asprintf("%s/bk", cache_home);
	if (is_absolute(home))
		return bk_asprintf("%s/.cache/bk", home);
	return bk_asprintf("/run/user/%lu/bk", uid);
}

static enum bk_rc make_directory(const char *path, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;

	if (mkdir(path, S_IRWXU) == 0 || errno == EEXIST)
		return BK_OK;
	bk_escape_line(&shown, path);
	return bk_error_set(err, BK_E_IO, "cannot make directory %s: %s", bk_buf_cstr(&shown),
			    strerror(errno));
}

static enum bk_rc check_owner(int dir, const char *path, struct bk_error *err)
{
	BK_CLEAN(bk_buf_clear) struct bk_buf shown = BK_BUF_INIT;
	struct stat st;

	bk_escape_line(&shown, path);
	if (fstat(dir, &st))
		return bk_error_set(err, BK_E_IO, "cannot stat %s: %s", bk_buf_cstr(&shown),
				    strerror(errno));
	if (st.st_uid == geteuid())
		return BK_OK;
	return bk_error_set(err, BK_E_REFUSED, "directory %s: belongs to user %lu, not to you",
			    bk_buf_cstr(&shown), (unsigned long)st.st_uid);
}

enum bk_rc bk_cache_open(const char *path, struct bk_cache *ret, struct bk_error *err)
{
	const char *slash = strrchr(path, '/');
	BK_CLEAN(bk_free_str) char *parent = bk_strndup(path, (size_t)(slash - path));
	BK_CLEAN(bk_close_fd) int dir = -1;
	enum bk_rc rc;

	if ((*parent && (rc = make_directory(parent, err))) || (rc = make_directory(path, err)))
		return rc;
	if (bk_safe_dir_open(path, false, &dir, err)) {
		err->rc = BK_E_REFUSED;
		return err->rc;
	}
	if ((rc = check_owner(dir, path, err)))
		return rc;
	ret->path = bk_strdup(path);
	ret->dir = dir;
	dir = -1;
	return BK_OK;
}

void bk_cache_close(struct bk_cache *cache)
{
	bk_close_fd(&cache->dir);
	bk_free_str(&cache->path);
}

static void sum_up(const char *key, const struct bk_answer *answer, char ret[BK_SHA256_HEX])
{
	struct bk_sha256 sum;

	bk_sha256_init(&sum);
	bk_sha256_add(&sum, key, strlen(key) + 1);
	bk_sha256_add(&sum, &answer->as_of_us, sizeof(answer->as_of_us));
	bk_sha256_add(&sum, answer->notes, strlen(answer->notes) + 1);
	bk_sha256_add(&sum, answer->body, strlen(answer->body) + 1);
	bk_sha256_end(&sum, ret);
}

/* All of a file of ours, NULL where it is none or too large. */
static char *read_file(const struct bk_cache *cache, const char *key, size_t *ret_len)
{
	BK_CLEAN(bk_close_fd)
	int fd = openat(cache->dir, key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	BK_CLEAN(bk_free_str) char *text = NULL;
	struct stat st;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_size < 0 || (uintmax_t)st.st_size > BK_CACHE_BYTES + HEADER_BYTES)
		return NULL;
	text = bk_calloc((size_t)st.st_size + 1, 1);
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return NULL;
		len += (size_t)n;
	}
	*ret_len = len;
	return BK_TAKE(text);
}

/* Whether the text is what bk_cache_put wrote for that key. */
static bool parse(const char *text, size_t len, const char *key, struct bk_answer *ret)
{
	const char *rest = memchr(text, '\n', len);
	char magic[11], want[BK_SHA256_HEX], sum[BK_SHA256_HEX];
	size_t notes, body;

	if (!rest || rest - text >= HEADER_BYTES ||
	    sscanf(text, HEADER, magic, &ret->as_of_us, &notes, &body, want) != 5 ||
	    strncmp(text, MAGIC " ", sizeof(MAGIC)) != 0)
		return false;
	rest++;
	len -= (size_t)(rest - text);
	if (notes > len || body != len - notes || memchr(rest, '\0', len))
		return false;
	ret->notes = bk_strndup(rest, notes);
	ret->body = bk_strndup(rest + notes, body);
	sum_up(key, ret, sum);
	return strcmp(sum, want) == 0;
}

bool bk_cache_get(const struct bk_cache *cache, const char *key, struct bk_answer *ret)
{
	size_t len = 0;
	BK_CLEAN(bk_free_str) char *text = read_file(cache, key, &len);
	BK_CLEAN(bk_answer_clear) struct bk_answer answer = {.as_of_us = 0};

	if (!text || !parse(text, len, key, &answer))
		return false;
	*ret = answer;
	answer = (struct bk_answer){.as_of_us = 0};
	return true;
}

static bool is_entry(const char *name)
{
	return strlen(name) == BK_SHA256_HEX - 1 &&
	       strspn(name, "0123456789abcdef") == BK_SHA256_HEX - 1;
}

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/* Looks at every file once: the number of answers, and the oldest of them. */
static size_t look_round(DIR *dir, char oldest[BK_SHA256_HEX])
{
	struct timespec oldest_at = {0, 0};
	struct timespec now;
	size_t count = 0;
	struct dirent *file;
	struct stat st;

	clock_gettime(CLOCK_REALTIME, &now);
	rewinddir(dir);
	while ((file = readdir(dir))) {
		if (fstatat(dirfd(dir), file->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (file->d_name[0] == '.' && strstr(file->d_name, ".tmp") &&
		    st.st_mtim.tv_sec < now.tv_sec - LEFTOVER_S)
			(void)unlinkat(dirfd(dir), file->d_name, 0);
		if (!is_entry(file->d_name))
			continue;
		if (!count++ || is_older(&st.st_mtim, &oldest_at)) {
			oldest_at = st.st_mtim;
			memcpy(oldest, file->d_name, BK_SHA256_HEX);
		}
	}
	return count;
}

/* Several may do so at once: then one finds the oldest gone already. */
static void remove_oldest(const struct bk_cache *cache)
{
	int fd = openat(cache->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	char oldest[BK_SHA256_HEX];

	if (!dir) {
		bk_close_fd(&fd);
		return;
	}
	while (look_round(dir, oldest) > BK_CACHE_ENTRIES)
		if (unlinkat(cache->dir, oldest, 0) && errno != ENOENT)
			break;
	(void)closedir(dir);
}

enum bk_rc bk_cache_put(const struct bk_cache *cache, const char *key,
			const struct bk_answer *answer, struct bk_error *err)
{
	size_t notes = strlen(answer->notes);
	size_t body = strlen(answer->body);
	BK_CLEAN(bk_free_str) char *path = bk_asprintf("%s/%s", cache->path, key);
	BK_CLEAN(bk_buf_clear) struct bk_buf text = BK_BUF_INIT;
	char sum[BK_SHA256_HEX];
	enum bk_rc rc;

	if (notes + body > BK_CACHE_BYTES)
		return BK_OK;
	sum_up(key, answer, sum);
	bk_buf_fmt(&text, MAGIC " %" PRId64 " %zu %zu %s\n%s%s", answer->as_of_us, notes, body, sum,
		   answer->notes, answer->body);
	rc = bk_atomic_put(path, S_IRUSR | S_IWUSR, false, text.data, text.len, err);
	remove_oldest(cache);
	return rc;
}

bool bk_cache_lock(const struct bk_cache *cache, const char *key, int *ret_fd)
{
	/* Sixteen files for all keys: they need never be removed, which could not be done
	   without a race. Two keys that share one wait for each other. */
	const char name[] = {'l', 'o', 'c', 'k', '-', key[0], '\0'};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	BK_CLEAN(bk_close_fd)
	int fd = openat(cache->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			S_IRUSR | S_IWUSR);

	if (fd >= 0 && fcntl(fd, F_SETLK, &lock) && (errno == EAGAIN || errno == EACCES))
		return false;
	*ret_fd = fd;
	fd = -1;
	return true;
}
