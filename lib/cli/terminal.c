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
	return is_set(env->term) && strcmp(env->term, "dumb") != 0;
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

int bk_terminal_width(int fd, const char *columns)
{
	enum { DEFAULT = 80, MAX = 10000 };
	struct winsize size = {0};
	int64_t n;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	if (columns && bk_parse_u63(columns, &n) && n > 0 && n <= MAX)
		return (int)n;
	return DEFAULT;
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
