/*
 * The signal handler and its flag; see signals.h. The flag is the one mutable
 * global of the program: a handler can reach nothing else.
 */
#include "cli/signals.h"

#include <stddef.h>

static volatile sig_atomic_t caught;

/* The default action is back from the first signal on, for both: whoever asks
   twice does not want to wait. signal() is safe here (POSIX 2.4.3). */
static void on_signal(int number)
{
	caught = number;
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
}

const volatile sig_atomic_t *bk_signals_install(bool quiet_pipe)
{
	struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll() must end */
	sigset_t ours;

	caught = 0;
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigprocmask(SIG_UNBLOCK, &ours, NULL);
	if (!quiet_pipe)
		(void)signal(SIGPIPE, SIG_IGN);
	return &caught;
}
