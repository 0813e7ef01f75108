/*
 * Single keys from the terminal, without an echo and without Enter, as a screen
 * needs them. Ctrl-C and Ctrl-Z stay signals.
 */
#ifndef BK_CLI_TYPING_H
#define BK_CLI_TYPING_H

#include <stdbool.h>
#include <termios.h>

struct bk_typing {
	bool on;
	struct termios before; /* of the terminal, while on */
};

/* Takes the terminal at standard input, if there is one and this process is in its
   foreground: one in the background would be stopped for it. May be called again. */
void bk_typing_begin(struct bk_typing *typing);

/* Gives it back as it was. */
void bk_typing_end(struct bk_typing *typing);

/* The next key, waiting up to `ms` for it; 0 = none, also when a signal came. Only
   while it is on. */
char bk_typing_wait(struct bk_typing *typing, int ms);

#endif
