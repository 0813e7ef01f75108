/*
 * Points at which the fault suite ends or freezes the process: before a pipeline is sent, after it
 * is flushed and before its answer is read, after the answer is read. They exist in a test build
 * only (make HOOKS=yes); elsewhere the call is nothing.
 *
 *     BK_TEST_KILL_AT=N   SIGKILL at the N-th point of the process, from 1
 *     BK_TEST_STOP_AT=N   SIGSTOP there; whoever sends SIGCONT lets it go on
 */
#ifndef BK_DB_HOOK_H
#define BK_DB_HOOK_H

#ifdef BK_TEST_HOOKS
void bk_db_hook(void);
#else
static inline void bk_db_hook(void)
{
}
#endif

#endif
