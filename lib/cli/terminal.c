/*
 * Standard descriptors and terminals; see terminal.h.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/number.h"

static bool is_set(const char *value)
{
	return value && *value;
}

bool bk_color_wanted(const char *option, bool is_terminal, const struct bk_color_env *env)
{
	if (option && strcmp(option, "auto") != 0)
		return strcmp(option, "always") == 0;
	if (is_set(env->no_color))
		return false;
	if (is_set(env->clicolor_force) && strcmp(env->clicolor_force, "0") != 0)
		return true;
	if (!is_terminal || (env->clicolor && strcmp(env->clicolor, "0") == 0))
		return false;
	return bk_terminal_can_move(env->term);
}

struct bk_color_env bk_color_env(void)
{
	return (struct bk_color_env){
		.no_color = getenv("NO_COLOR"),
		.clicolor = getenv("CLICOLOR"),
		.clicolor_force = getenv("CLICOLOR_FORCE"),
		.term = getenv("TERM"),
	};
}

/* The variable, else the default. */
static int size_of(const char *variable, int otherwise)
{
	enum { MAX = 10000 };
	int64_t n;

	if (variable && bk_parse_u63(variable, &n) && n > 0 && n <= MAX)
		return (int)n;
	return otherwise;
}

int bk_terminal_width(int fd, const char *columns)
{
	enum { DEFAULT = 80 };
	struct winsize size = {0};

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return size_of(columns, DEFAULT);
}

int bk_terminal_height(int fd, const char *lines)
{
	enum { DEFAULT = 24 };
	struct winsize size = {0};

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
		return size.ws_row;
	return size_of(lines, DEFAULT);
}

bool bk_terminal_can_move(const char *term)
{
	return is_set(term) && strcmp(term, "dumb") != 0;
}

void bk_reserve_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		int ignored;

		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		/* The lowest free number is fd. Read only: what is written there would
		   be lost, so it fails. */
		ignored = open("/dev/null", O_RDONLY);
		(void)ignored;
	}
}
