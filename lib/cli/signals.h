/*
 * What a signal means to a tool: SIGINT and SIGTERM ask it to stop, and a
 * second one ends it at once. SIGUSR1 asks how far it is.
 */
#ifndef BK_CLI_SIGNALS_H
#define BK_CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/*
 * Installs the handlers, also where the caller had the signals ignored or
 * blocked: a job in the background must stop when it is told to. SIGPIPE is
 * ignored, so that a reader that went away is an error of write(2), or left
 * alone with `quiet_pipe`. Returns the flag: 0 until a signal came, then its
 * number.
 */
const volatile sig_atomic_t *bk_signals_install(bool quiet_pipe);

/* True when SIGUSR1 came since the last call. */
bool bk_signals_take_question(void);

/* Whether what would stop or end the process at once (SIGTSTP, Ctrl-Z; SIGQUIT; SIGHUP) is
   left to the caller, who has the terminal in a state of his own; not so at first. */
void bk_signals_catch_stop(bool catch);

/* The number of the last one that came since the last call; 0 = none. */
int bk_signals_take_stop(void);

#endif
