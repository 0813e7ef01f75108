/*
 * Configuration files for tests; see conf_files.h.
 */
#include "conf_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static char dir[256];

void conf_dir_open(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir, sizeof(dir), "%s/bk-conf.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

void conf_dir_close(void)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			ck_assert_int_eq(remove(conf_path(entry->d_name)), 0);
	(void)closedir(d);
	ck_assert_int_eq(rmdir(dir), 0);
}

const char *conf_path(const char *name)
{
	static char paths[4][512];
	static size_t next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

void conf_write_bytes(const char *name, const void *data, size_t len)
{
	const char *path = conf_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, 0644), 0);
	ck_assert_int_eq(close(fd), 0);
}

void conf_write(const char *name, const char *text)
{
	conf_write_bytes(name, text, strlen(text));
}

/* A checkout may be writable by the group, which the loader refuses. */
void conf_copy_etc(const char *name)
{
	static char data[1 << 16];
	const char *top = getenv("BK_SRC");
	char path[512];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/etc/%s", top ? top : ".", name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	len = fread(data, 1, sizeof(data), file);
	ck_assert_uint_lt(len, sizeof(data));
	ck_assert_int_eq(fclose(file), 0);
	conf_write_bytes(name, data, len);
}

struct bk_conf *conf_load(const char *profile, const char *const *env)
{
	struct bk_conf_args args = {conf_path("bk.conf"), profile, env};
	struct bk_conf *conf = NULL;
	struct bk_error err = {0};

	ck_assert_msg(bk_conf_load(&args, &conf, &err) == BK_OK, "%s", err.message);
	return conf;
}

const char *conf_message(const char *profile, const char *const *env, struct bk_error *err)
{
	static char text[sizeof(err->message)];
	struct bk_conf_args args = {conf_path("bk.conf"), profile, env};
	struct bk_conf *conf = NULL;
	size_t len = strlen(dir);
	size_t n = 0;
	enum bk_rc rc;

	*err = (struct bk_error){0};
	rc = bk_conf_load(&args, &conf, err);
	ck_assert_msg((rc == BK_OK) == (conf != NULL), "%s", err->message);
	if (rc == BK_OK)
		rc = bk_conf_check(conf, err);
	bk_conf_free(conf);
	ck_assert_int_eq(rc, rc == BK_OK ? BK_OK : BK_E_CONFIG);
	ck_assert_int_eq(err->rc, rc);
	for (const char *p = err->message; *p; p++) {
		if (strncmp(p, dir, len) == 0 && p[len] == '/')
			p += len + 1;
		text[n++] = *p;
	}
	text[n] = '\0';
	return text;
}

void conf_expect(const struct conf_case *c)
{
	struct bk_error err;
	const char *message;

	conf_write("bk.conf", c->text);
	message = conf_message(NULL, NULL, &err);
	ck_assert_msg(strcmp(message, c->message ? c->message : "") == 0,
		      "of:\n%s\nexpected: %s\nfound:    %s", c->text,
		      c->message ? c->message : "(accepted)", message);
}
