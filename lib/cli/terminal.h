/*
 * What the output goes to: whether it is a terminal, may have colour, and how
 * wide it is.
 */
#ifndef BK_CLI_TERMINAL_H
#define BK_CLI_TERMINAL_H

#include <stdbool.h>

/* The variables that decide about colour; NULL = unset. */
struct bk_color_env {
	const char *no_color;
	const char *clicolor;
	const char *clicolor_force;
	const char *term;
};

/*
 * Whether a stream gets colour. `option` is the word of --color or NULL and
 * beats the environment; NO_COLOR beats CLICOLOR_FORCE, which beats CLICOLOR
 * and the want of a terminal.
 */
bool bk_color_wanted(const char *option, bool is_terminal, const struct bk_color_env *env);

/* The variables of this process. */
struct bk_color_env bk_color_env(void);

/* Columns of the terminal at `fd`, else of `columns` (the variable COLUMNS,
   may be NULL), else 80. */
int bk_terminal_width(int fd, const char *columns);

/* Lines of the terminal at `fd`, else of `lines` (the variable LINES, may be
   NULL), else 24. */
int bk_terminal_height(int fd, const char *lines);

/* Whether a terminal with that TERM (NULL = unset) can move its cursor. */
bool bk_terminal_can_move(const char *term);

/* Opens /dev/null on each of the descriptors 0 to 2 that is closed, so that no
   file or connection ever gets such a number; writing to it is an error. */
void bk_reserve_descriptors(void);

#endif
