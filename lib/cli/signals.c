/*
 * The signal handlers and their flags; see signals.h. The flags are the only
 * mutable globals of the program: a handler can reach nothing else.
 */
#include "cli/signals.h"

#include <stddef.h>

static volatile sig_atomic_t caught;
static volatile sig_atomic_t question;
static volatile sig_atomic_t stop;

/* The default action is back from the first signal on, for both: whoever asks
   twice does not want to wait. signal() is safe here (POSIX 2.4.3). */
static void on_signal(int number)
{
	caught = number;
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
}

static void on_question(int number)
{
	(void)number;
	question = 1;
}

/* Two of them before anybody looks are one. */
static bool take(volatile sig_atomic_t *flag)
{
	if (!*flag)
		return false;
	*flag = 0;
	return true;
}

bool bk_signals_take_question(void)
{
	return take(&question);
}

static void on_stop(int number)
{
	stop = number;
}

/* What is ignored stays so: by a shell without job control, or by nohup. */
void bk_signals_catch_stop(bool catch)
{
	static const int numbers[] = {SIGTSTP, SIGQUIT, SIGHUP};
	struct sigaction now;
	struct sigaction wanted = {.sa_handler = catch ? on_stop : SIG_DFL, .sa_flags = SA_RESTART};

	(void)sigemptyset(&wanted.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &wanted, NULL);
}

int bk_signals_take_stop(void)
{
	int number = stop;

	stop = 0;
	return number;
}

const volatile sig_atomic_t *bk_signals_install(bool quiet_pipe)
{
	struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: poll() must end */
	/* SA_RESTART keeps a write to a slow pipe from failing; poll() and nanosleep(),
	   where the time is spent, end all the same. */
	struct sigaction ask = {.sa_handler = on_question, .sa_flags = SA_RESTART};
	sigset_t ours;

	caught = 0;
	question = 0;
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigemptyset(&ask.sa_mask);
	(void)sigaction(SIGUSR1, &ask, NULL);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGINT);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGUSR1);
	(void)sigprocmask(SIG_UNBLOCK, &ours, NULL);
	if (!quiet_pipe)
		(void)signal(SIGPIPE, SIG_IGN);
	return &caught;
}
