/*
 * Directories that nobody else can play tricks in: opened without following a link, then
 * looked at through the descriptor. What is in them is reached by openat() only.
 */
#ifndef BK_BASE_SAFE_DIR_H
#define BK_BASE_SAFE_DIR_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

/* Opens it for writing into: it must belong to root or to us, and no group and nobody
   else may write it. With `reading` it may belong to anybody. BK_E_IO, naming it. */
enum bk_rc bk_safe_dir_open(const char *path, bool reading, int *ret_fd,
			    struct bk_error *err) BK_NODISCARD;

/* The same of a directory in another one, made with mode 0750 where it is missing and
   `make`; then the outer one is synced. */
enum bk_rc bk_safe_dir_open_in(int dir, const char *name, bool make, bool reading, int *ret_fd,
			       struct bk_error *err) BK_NODISCARD;

/* The rules one by one, for who says it in other words. Whether a directory belongs to
   root or to us; and who else could exchange what is ours in it: with `sticky` a sticky
   bit keeps them from it. */
bool bk_dir_is_ours(const struct stat *st);
enum bk_dir_writers { BK_WRITERS_NONE, BK_WRITERS_GROUP, BK_WRITERS_EVERYBODY };
enum bk_dir_writers bk_dir_writers(const struct stat *st, bool sticky);

/* The directory and the name of a path, to be freed. False where it names a directory:
   then only what is set is to be freed. */
bool bk_path_split(const char *path, char **ret_directory, char **ret_name);

/*
 * Makes a file of a new name in it, which begins with a dot and the prefix, for our eyes
 * only; `access` is O_WRONLY or O_RDWR. *ret_name is to be freed. -1 and errno where that
 * fails, and NULL in *ret_name.
 */
int bk_temporary_open(int dir, const char *prefix, int access, char **ret_name);

#endif
