/*
 * For the tests of lib/conf: files in a directory of their own, and what the
 * loader says about them. conf_dir_open() and conf_dir_close() are a checked
 * fixture.
 */
#ifndef TESTS_CONF_FILES_H
#define TESTS_CONF_FILES_H

#include <check.h>
#include <stddef.h>

#include "conf/conf.h"

/* A case of a table: the text of bk.conf and what becomes of it. */
struct conf_case {
	const char *text;
	const char *message; /* with the directory cut off: "bk.conf:3: ..."; NULL = accepted */
};

void conf_dir_open(void);
void conf_dir_close(void);

/* The path of a file in the directory; valid until the next call but three. */
const char *conf_path(const char *name);

/* Writes a file of mode 0644. */
void conf_write(const char *name, const char *text);
void conf_write_bytes(const char *name, const void *data, size_t len);

/* Copies a file of the source tree's etc/ into the directory. */
void conf_copy_etc(const char *name);

/* Loads bk.conf of the directory, which must succeed, without checking it. */
struct bk_conf *conf_load(const char *profile, const char *const *env);

/* Loads and checks bk.conf of the directory. The message, "" on success, with
   the directory cut off; the whole error in *err. Valid until the next call. */
const char *conf_message(const char *profile, const char *const *env, struct bk_error *err);

/* Writes the case's text as bk.conf and compares. */
void conf_expect(const struct conf_case *c);

#endif
