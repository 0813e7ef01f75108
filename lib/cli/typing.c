/*
 * Single keys; see typing.h.
 */
#include "cli/typing.h"

#include <poll.h>
#include <unistd.h>

void bk_typing_begin(struct bk_typing *typing)
{
	struct termios now;

	if (typing->on || tcgetpgrp(STDIN_FILENO) != getpgrp() || tcgetattr(STDIN_FILENO, &now))
		return;
	typing->before = now;
	now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	now.c_cc[VMIN] = 0; /* a read never waits */
	now.c_cc[VTIME] = 0;
	typing->on = tcsetattr(STDIN_FILENO, TCSADRAIN, &now) == 0;
}

/* What was typed and not read is no command for the shell. */
void bk_typing_end(struct bk_typing *typing)
{
	if (!typing->on)
		return;
	typing->on = false;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &typing->before);
}

char bk_typing_wait(struct bk_typing *typing, int ms)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	char key = '\0';

	if (!typing->on || poll(&fd, 1, ms) <= 0)
		return '\0';
	/* Readable and nothing to read: the terminal has gone. */
	if (read(STDIN_FILENO, &key, 1) == 0)
		typing->on = false;
	return key;
}
