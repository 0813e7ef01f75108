/*
 * Opening and reading a configuration file safely. The file is code, since it
 * decides which rows are changed; so what is checked is the file that was
 * opened, not the one that a path named a moment before.
 */
#ifndef BK_CONF_FILE_H
#define BK_CONF_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define BK_FILE_MAX ((size_t)1 << 20)

struct bk_file {
	char *data; /* NUL-terminated; NULL when the file was missing and may be */
	size_t len;
	bool world_readable;
};

/*
 * Refuses what is no regular file, belongs to neither root nor the effective
 * user, may be written by group or others, or is larger than BK_FILE_MAX. Never
 * waits, whatever the path names. Symbolic links are followed. With `may_lack`
 * a path that does not exist gives BK_OK and data == NULL. BK_E_CONFIG.
 */
enum bk_rc bk_file_read(const char *path, bool may_lack, struct bk_file *ret,
			struct bk_error *err) BK_NODISCARD;
void bk_file_clear(struct bk_file *file);

#endif
